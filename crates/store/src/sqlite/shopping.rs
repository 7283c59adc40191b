//! Shopping lists, in SQLite's dialect.

use ids::{HouseholdId, ShoppingItemId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::Columns;
use super::favourites::user;
use super::households::{of, of_or_new};
use super::{Sqlite, execute, find, find_value, list};
use crate::shopping::{Addition, OpenItem, addition};
use crate::{
    ChangeShoppingItem, Context, ItemEdit, Listed, MAX_SHOPPING_ITEMS, NewShoppingLines, ShoppingItem,
    StoreError,
};
use ::recipes::time::to_microseconds;

impl Sqlite {
    pub async fn shopping_list(&self, user: UserId) -> Result<Vec<ShoppingItem>, StoreError> {
        self.read_at_length(move |db| {
            let sql = "SELECT id, text, version, ticked_at FROM shopping_items
                       WHERE household_id = (SELECT household_id FROM household_members WHERE user_id = ?1)
                       ORDER BY ticked_at IS NOT NULL, ticked_at DESC, position, id";
            list(db, sql, [user.get()], item_in)
        })
        .await
    }

    pub async fn add_to_shopping_list(
        &self,
        new: NewShoppingLines,
        context: Context,
    ) -> Result<Listed, StoreError> {
        self.write_for(context, move |db, authority| {
            let user = user(authority)?;
            let id = of(db, user)?.unwrap_or(new.new);
            let sql = "SELECT sources FROM shopping_items WHERE household_id = ?1 AND sources IS NOT NULL";
            let known = list(db, sql, [id.as_bytes()], |columns| Ok(columns.text()?.to_owned()))?;
            let wanted = new.wanted(&known);
            if wanted.is_empty() {
                return Ok(if new.lines.is_empty() { Listed::Done } else { Listed::Before });
            }
            let sql =
                "SELECT id, text, sources FROM shopping_items WHERE household_id = ?1 AND ticked_at IS NULL
                       ORDER BY position, id";
            let open = list(db, sql, [id.as_bytes()], |columns| {
                let item = ShoppingItemId::from_bytes(columns.get()?);
                Ok(OpenItem { id: item, text: columns.get()?, sources: columns.get()? })
            })?;
            let Some(Addition { changed, added }) = addition(open, &wanted) else {
                return Ok(Listed::TooMany);
            };
            let sql = "SELECT count(*) FROM shopping_items WHERE household_id = ?1";
            let count: u32 = find_value(db, sql, [id.as_bytes()])?.unwrap_or(0);
            let more = u32::try_from(added.len()).unwrap_or(u32::MAX);
            if count.saturating_add(more) > MAX_SHOPPING_ITEMS {
                return Ok(Listed::TooMany);
            }
            of_or_new(db, user, new.new, &context)?;
            for OpenItem { id: item, text, sources } in changed {
                let sql =
                    "UPDATE shopping_items SET text = ?2, sources = ?3, version = version + (text <> ?2)
                           WHERE id = ?1";
                execute(db, sql, params![item.as_bytes(), text, sources])?;
            }
            for OpenItem { id: item, text, sources } in added {
                let sql = "INSERT INTO shopping_items (id, household_id, position, text, version, sources)
                           SELECT ?1, ?2, coalesce(max(position), 0) + 1, ?3, 1, ?4
                           FROM shopping_items WHERE household_id = ?2";
                execute(db, sql, params![item.as_bytes(), id.as_bytes(), text, sources])?;
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
        self.write_for(context, move |db, authority| {
            let Some(household) = of(db, user(authority)?)? else { return Ok(ItemEdit::NotFound) };
            let Some(item) = item(db, household, change.id)? else { return Ok(ItemEdit::NotFound) };
            let edit = change.apply(item, now);
            if let ItemEdit::Done(ShoppingItem { id, text, version, ticked_at }) = &edit {
                let sql = "UPDATE shopping_items SET text = ?2, version = ?3, ticked_at = ?4 WHERE id = ?1";
                let ticked_at = ticked_at.map(Timestamp::as_microsecond);
                execute(db, sql, params![id.as_bytes(), text, version, ticked_at])?;
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
        self.write_for(context, move |db, authority| {
            let Some(household) = of(db, user(authority)?)? else { return Ok(false) };
            let sql = "DELETE FROM shopping_items WHERE id = ?1 AND household_id = ?2";
            Ok(execute(db, sql, params![id.as_bytes(), household.as_bytes()])? == 1)
        })
        .await
    }

    pub async fn clear_shopping_list(&self, only_ticked: bool, context: Context) -> Result<(), StoreError> {
        self.write_for(context, move |db, authority| {
            let Some(household) = of(db, user(authority)?)? else { return Ok(()) };
            let sql =
                "DELETE FROM shopping_items WHERE household_id = ?1 AND (NOT ?2 OR ticked_at IS NOT NULL)";
            execute(db, sql, params![household.as_bytes(), only_ticked]).map(drop)
        })
        .await
    }
}

fn item(
    db: &Connection,
    household: HouseholdId,
    id: ShoppingItemId,
) -> Result<Option<ShoppingItem>, StoreError> {
    let sql = "SELECT id, text, version, ticked_at FROM shopping_items WHERE id = ?1 AND household_id = ?2";
    find(db, sql, params![id.as_bytes(), household.as_bytes()], item_in)
}

fn item_in(columns: &mut Columns<'_>) -> Result<ShoppingItem, StoreError> {
    let id = ShoppingItemId::from_bytes(columns.get()?);
    let (text, version) = (columns.get()?, columns.get()?);
    Ok(ShoppingItem { id, text, version, ticked_at: columns.optional_time()? })
}
