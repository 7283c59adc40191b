//! Shopping lists, in PostgreSQL's dialect.

use ids::{ShoppingItemId, UserId};

use super::columns::Columns;
use super::favourites::user;
use super::households::{of, of_or_new};
use super::{Postgres, at};
use crate::shopping::{Addition, OpenItem, addition};
use crate::{
    ChangeShoppingItem, Context, ItemEdit, Listed, MAX_SHOPPING_ITEMS, NewShoppingLines, ShoppingItem,
    StoreError,
};
use ::recipes::time::to_microseconds;

impl Postgres {
    pub async fn shopping_list(&self, user: UserId) -> Result<Vec<ShoppingItem>, StoreError> {
        self.read(move |db| async move {
            let sql = "SELECT id, text, version, ticked_at FROM shopping_items
                       WHERE household_id = (SELECT household_id FROM household_members WHERE user_id = $1)
                       ORDER BY ticked_at IS NOT NULL, ticked_at DESC, position, id";
            db.list(sql, &[&user.get()], item_in).await
        })
        .await
    }

    pub async fn add_to_shopping_list(
        &self,
        new: NewShoppingLines,
        context: Context,
    ) -> Result<Listed, StoreError> {
        let (new, context) = (&new, &context);
        self.write_recipes_for(context, move |db, authority| async move {
            let user = user(authority)?;
            let id = of(&db, user).await?.unwrap_or(new.new);
            let household = id.as_bytes().as_slice();
            let sql = "SELECT sources FROM shopping_items WHERE household_id = $1 AND sources IS NOT NULL";
            let known =
                db.list(sql, &[&household], |columns: &mut Columns<'_>| columns.get::<String>()).await?;
            let wanted = new.wanted(&known);
            if wanted.is_empty() {
                return Ok(if new.lines.is_empty() { Listed::Done } else { Listed::Before });
            }
            let sql =
                "SELECT id, text, sources FROM shopping_items WHERE household_id = $1 AND ticked_at IS NULL
                       ORDER BY position, id";
            let read = |columns: &mut Columns<'_>| {
                let item = ShoppingItemId::from_bytes(columns.bytes()?);
                Ok(OpenItem { id: item, text: columns.get()?, sources: columns.get()? })
            };
            let open = db.list(sql, &[&household], read).await?;
            let Some(Addition { changed, added }) = addition(open, &wanted) else {
                return Ok(Listed::TooMany);
            };
            let sql = "SELECT count(*) FROM shopping_items WHERE household_id = $1";
            let count = db.number(sql, &[&household]).await?;
            let more = i64::try_from(added.len()).unwrap_or(i64::MAX);
            if count.saturating_add(more) > i64::from(MAX_SHOPPING_ITEMS) {
                return Ok(Listed::TooMany);
            }
            of_or_new(&db, user, new.new, context).await?;
            for OpenItem { id: item, text, sources } in changed {
                let sql = "UPDATE shopping_items SET text = $2, sources = $3,
                           version = version + CASE WHEN text = $2 THEN 0 ELSE 1 END WHERE id = $1";
                db.execute(sql, &[&item.as_bytes().as_slice(), &text, &sources]).await?;
            }
            for OpenItem { id: item, text, sources } in added {
                let sql = "INSERT INTO shopping_items (id, household_id, position, text, version, sources)
                           SELECT $1, $2, coalesce(max(position), 0) + 1, $3, 1, $4
                           FROM shopping_items WHERE household_id = $2";
                db.execute(sql, &[&item.as_bytes().as_slice(), &household, &text, &sources]).await?;
            }
            Ok(Listed::Done)
        })
        .await
    }

    pub async fn change_shopping_item(
        &self,
        change: ChangeShoppingItem,
        context: Context,
    ) -> Result<ItemEdit, StoreError> {
        let now = to_microseconds(context.now);
        let change = &change;
        self.write_recipes_for(&context, move |db, authority| async move {
            let Some(household) = of(&db, user(authority)?).await? else { return Ok(ItemEdit::NotFound) };
            let sql =
                "SELECT id, text, version, ticked_at FROM shopping_items WHERE id = $1 AND household_id = $2";
            let keys = (change.id.as_bytes().as_slice(), household.as_bytes().as_slice());
            let item = db.find(sql, &[&keys.0, &keys.1], item_in).await?;
            let Some(item) = item else { return Ok(ItemEdit::NotFound) };
            let edit = change.clone().apply(item, now);
            if let ItemEdit::Done(ShoppingItem { id, text, version, ticked_at }) = &edit {
                let sql = "UPDATE shopping_items SET text = $2, version = $3, ticked_at = $4 WHERE id = $1";
                let id = id.as_bytes().as_slice();
                db.execute(sql, &[&id, text, version, &ticked_at.map(at)]).await?;
            }
            Ok(edit)
        })
        .await
    }

    pub async fn remove_shopping_item(
        &self,
        id: ShoppingItemId,
        context: Context,
    ) -> Result<bool, StoreError> {
        self.write_recipes_for(&context, move |db, authority| async move {
            let Some(household) = of(&db, user(authority)?).await? else { return Ok(false) };
            let sql = "DELETE FROM shopping_items WHERE id = $1 AND household_id = $2";
            let keys = (id.as_bytes().as_slice(), household.as_bytes().as_slice());
            Ok(db.execute(sql, &[&keys.0, &keys.1]).await? == 1)
        })
        .await
    }

    pub async fn clear_shopping_list(&self, only_ticked: bool, context: Context) -> Result<(), StoreError> {
        self.write_recipes_for(&context, move |db, authority| async move {
            let Some(household) = of(&db, user(authority)?).await? else { return Ok(()) };
            let sql =
                "DELETE FROM shopping_items WHERE household_id = $1 AND (NOT $2 OR ticked_at IS NOT NULL)";
            db.execute(sql, &[&household.as_bytes().as_slice(), &only_ticked]).await.map(drop)
        })
        .await
    }
}

fn item_in(columns: &mut Columns<'_>) -> Result<ShoppingItem, StoreError> {
    let id = ShoppingItemId::from_bytes(columns.bytes()?);
    let (text, version) = (columns.get()?, columns.get()?);
    Ok(ShoppingItem { id, text, version, ticked_at: columns.optional_time()? })
}
