//! Hands recipes over, in PostgreSQL's dialect.

use accounts::audit::Event;
use ids::{RecipeId, UserId};
use jiff::Timestamp;

use super::connection::Db;
use super::failure::Failure;
use super::parameters::Parameter;
use super::recipe_state::{server_fields_in, time_of_change};
use super::shares::end_shares;
use super::user_row::by_id;
use super::{Postgres, at, audit, authority};
use crate::transfer::STEP;
use crate::{Context, StoreError, Transfer, Transferred};
use ::recipes::time::to_microseconds;
use ::recipes::{ContentJson, ServerFields};

impl Postgres {
    pub async fn transfer_recipes(
        &self,
        transfer: Transfer,
        context: Context,
    ) -> Result<Transferred, StoreError> {
        let Transfer { from, to, is_first } = transfer;
        let now = to_microseconds(context.now);
        let context = &context;
        self.write_recipes_for(context, move |db, authority| async move {
            authority::require_admin(authority)?;
            for user in [Some(from), to].into_iter().flatten() {
                if by_id(&db, user).await?.is_none() {
                    return Ok(Transferred::NoSuchUser);
                }
            }
            let sql = "SELECT owner_id, private, members, revision, uid, created_at, updated_at, id, document FROM recipes
                       WHERE owner_id = $1 AND ($2 OR NOT private OR members) LIMIT $3";
            let recipes =
                OwnedRecipe::list(&db, sql, &[&from.get(), &to.is_some(), &i64::from(STEP)]).await?;
            let moved = recipes.len();
            for recipe in recipes {
                recipe.give_to(&db, to, now).await?;
            }
            if is_first && moved > 0 {
                audit::record(&db, Event::RecipesTransferred, Some(from), context).await?;
            }
            Ok(Transferred::moved(moved))
        })
        .await
    }
}

/// A recipe that gets another owner. Its text names the owner, so it is written anew.
pub(super) struct OwnedRecipe {
    fields: ServerFields,
    id: RecipeId,
    text: String,
}

impl OwnedRecipe {
    /// From the columns of [`server_fields_in`] and `id, document`.
    pub(super) async fn list(db: &Db, sql: &str, values: &[&dyn Parameter]) -> Result<Vec<Self>, Failure> {
        db.list(sql, values, |columns| {
            let (fields, _) = server_fields_in(columns)?;
            Ok(Self { fields, id: columns.recipe_id()?, text: columns.get()? })
        })
        .await
    }

    pub(super) async fn give_to(self, db: &Db, owner: Option<UserId>, now: Timestamp) -> Result<(), Failure> {
        let Self { fields, id, text } = self;
        let document = ContentJson::from_stored(text, &fields).ok_or_else(|| {
            StoreError::Corrupt(format!("the text of recipe {id} does not fit its columns"))
        })?;
        let fields = ServerFields {
            owner,
            revision: fields.revision.saturating_add(1),
            updated_at: time_of_change(fields.updated_at, now),
            ..fields
        };
        let sql =
            "UPDATE recipes SET owner_id = $2, document = $3, revision = $4, updated_at = $5 WHERE id = $1";
        let (owner, updated_at) = (owner.map(UserId::get), at(fields.updated_at));
        let text = document.finish(&fields);
        db.execute(sql, &[&id.get(), &owner, &text, &fields.revision, &updated_at]).await?;
        // Its new owner may not know of them.
        end_shares(db, id).await
    }
}
