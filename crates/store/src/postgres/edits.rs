//! Changes of recipes, in PostgreSQL's dialect: one, or several in one transaction.

use accounts::Authority;
use ids::RecipeId;
use jiff::Timestamp;

use super::connection::Db;
use super::failure::Failure;
use super::recipe_row::RecipeRow;
use super::recipes::{server_fields_in, time_of_change};
use super::{Postgres, at, quota};
use crate::{
    Atomicity, Context, Edit, EditOutcome, Editor, Precondition, RecipeEdit, ReplaceRecipe, StoreError,
    StoredRecipe,
};
use ::recipes::time::to_microseconds;
use ::recipes::{ContentJson, Quotas, RecipeState, ServerFields, Visibility};

impl Postgres {
    pub async fn replace_recipe(
        &self,
        command: ReplaceRecipe,
        context: Context,
    ) -> Result<Edit<StoredRecipe>, StoreError> {
        let (replacement, now) = (&Replacement::new(command), to_microseconds(context.now));
        self.write_recipes_for(&context, move |db, authority| async move {
            replacement.write(&db, authority, now).await
        })
        .await
    }

    pub async fn delete_recipe(
        &self,
        id: RecipeId,
        precondition: Precondition,
        context: Context,
    ) -> Result<Edit<()>, StoreError> {
        let precondition = &precondition;
        self.write_recipes_for(&context, move |db, authority| async move {
            delete(&db, authority, id, precondition).await
        })
        .await
    }

    pub async fn edit_recipes(
        &self,
        edits: Vec<RecipeEdit>,
        atomicity: Atomicity,
        context: Context,
    ) -> Result<Vec<EditOutcome>, StoreError> {
        let now = to_microseconds(context.now);
        let edits: &Vec<_> = &edits.into_iter().map(|edit| Prepared::new(edit, now)).collect();
        self.write_recipes_for(&context, move |db, authority| async move {
            db.batch("SAVEPOINT edits").await?;
            let mut outcomes = Vec::with_capacity(edits.len());
            for edit in edits {
                let outcome = match edit.write(&db, authority, now).await {
                    Err(Failure::Store(why @ StoreError::QuotaExceeded { .. })) => Err(why),
                    outcome => Ok(outcome?),
                };
                let is_end = atomicity.is_ended_by(&outcome);
                outcomes.push(outcome);
                if is_end {
                    db.batch("ROLLBACK TO SAVEPOINT edits").await?;
                    break;
                }
            }
            Ok(outcomes)
        })
        .await
    }
}

/// A change whose document is written. The transaction may be tried again.
enum Prepared {
    Create { row: RecipeRow, quotas: Quotas },
    Replace(Replacement),
    Delete { id: RecipeId, precondition: Precondition },
}

impl Prepared {
    fn new(edit: RecipeEdit, now: Timestamp) -> Self {
        match edit {
            RecipeEdit::Create(new) => Self::Create { quotas: new.quotas, row: RecipeRow::new(new, now) },
            RecipeEdit::Replace(command) => Self::Replace(Replacement::new(command)),
            RecipeEdit::Delete { id, precondition } => Self::Delete { id, precondition },
        }
    }

    async fn write(
        &self,
        db: &Db,
        authority: Authority,
        now: Timestamp,
    ) -> Result<Edit<Option<StoredRecipe>>, Failure> {
        match self {
            Self::Create { row, quotas } => {
                if !authority.is_admin() {
                    quota::check_new(db, row, *quotas).await?;
                }
                let id = row.insert(db).await?;
                Ok(Edit::Done(Some(row.clone().stored(id))))
            }
            Self::Replace(replacement) => Ok(replacement.write(db, authority, now).await?.map(Some)),
            Self::Delete { id, precondition } => {
                Ok(delete(db, authority, *id, precondition).await?.map(|()| None))
            }
        }
    }
}

struct Replacement {
    id: RecipeId,
    document: ContentJson,
    visibility: Visibility,
    precondition: Precondition,
    quotas: Quotas,
}

impl Replacement {
    fn new(command: ReplaceRecipe) -> Self {
        let ReplaceRecipe { id, draft, precondition, quotas } = command;
        let content = draft.content();
        Self { id, document: ContentJson::new(content), visibility: content.visibility, precondition, quotas }
    }

    async fn write(
        &self,
        db: &Db,
        authority: Authority,
        now: Timestamp,
    ) -> Result<Edit<StoredRecipe>, Failure> {
        let Self { id, document, visibility, precondition, quotas } = self;
        let (id, editor) = (*id, editor(authority));
        let Some((fields, state)) = find_to_edit(db, id).await? else { return Ok(Edit::NotFound) };
        let allowed =
            state.check_edit(editor, precondition).and_then(|()| state.check_visibility(editor, *visibility));
        if let Err(refusal) = allowed {
            return Ok(Edit::from(Err(refusal)));
        }
        let before = fields.revision;
        let updated_at = time_of_change(fields.updated_at, now);
        let fields = ServerFields { revision: before.saturating_add(1), updated_at, ..fields };
        let text = document.clone().finish(&fields);
        if !authority.is_admin() {
            quota::check_replacement(db, id, &text, *quotas).await?;
        }
        let sql = "UPDATE recipes SET document = $3, private = $4, revision = $5, updated_at = $6
                   WHERE id = $1 AND revision = $2";
        let private = *visibility == Visibility::Private;
        db.execute(sql, &[&id.get(), &before, &text, &private, &fields.revision, &at(updated_at)]).await?;
        Ok(Edit::Done(StoredRecipe { id, revision: fields.revision, updated_at, text: text.into() }))
    }
}

async fn delete(
    db: &Db,
    authority: Authority,
    id: RecipeId,
    precondition: &Precondition,
) -> Result<Edit<()>, Failure> {
    let Some((fields, state)) = find_to_edit(db, id).await? else { return Ok(Edit::NotFound) };
    let allowed = state.check_edit(editor(authority), precondition);
    if allowed.is_ok() {
        let sql = "DELETE FROM recipes WHERE id = $1 AND revision = $2";
        db.execute(sql, &[&id.get(), &fields.revision]).await?;
    }
    Ok(allowed.into())
}

fn editor(authority: Authority) -> Editor {
    match authority {
        Authority::Operator | Authority::Admin(_) => Editor::Admin,
        Authority::User(user) => Editor::User(user),
    }
}

/// What a change must know of a recipe.
async fn find_to_edit(db: &Db, id: RecipeId) -> Result<Option<(ServerFields, RecipeState)>, Failure> {
    let sql = "SELECT owner_id, private, revision, uid, created_at, updated_at FROM recipes WHERE id = $1";
    db.find(sql, &[&id.get()], server_fields_in).await
}
