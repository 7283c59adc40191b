//! Changes of recipes, in SQLite's dialect: one, or several in one transaction.

use accounts::Authority;
use ids::RecipeId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::recipes::{RecipeRow, server_fields_in, time_of_change};
use super::{Sqlite, columns, execute, find, quota};
use crate::{
    Atomicity, Context, Edit, EditOutcome, Editor, Precondition, RecipeEdit, ReplaceRecipe, StoreError,
    StoredRecipe,
};
use ::recipes::time::to_microseconds;
use ::recipes::{ContentJson, Quotas, RecipeState, ServerFields, Visibility};

impl Sqlite {
    pub async fn replace_recipe(
        &self,
        command: ReplaceRecipe,
        context: Context,
    ) -> Result<Edit<StoredRecipe>, StoreError> {
        let (replacement, now) = (Replacement::new(command), to_microseconds(context.now));
        self.write_for(context, move |db, authority| replacement.write(db, authority, now)).await
    }

    pub async fn delete_recipe(
        &self,
        id: RecipeId,
        precondition: Precondition,
        context: Context,
    ) -> Result<Edit<()>, StoreError> {
        self.write_for(context, move |db, authority| delete(db, authority, id, &precondition)).await
    }

    pub async fn edit_recipes(
        &self,
        edits: Vec<RecipeEdit>,
        atomicity: Atomicity,
        context: Context,
    ) -> Result<Vec<EditOutcome>, StoreError> {
        let now = to_microseconds(context.now);
        let edits: Vec<_> = edits.into_iter().map(|edit| Prepared::new(edit, now)).collect();
        self.write_for(context, move |db, authority| {
            execute(db, "SAVEPOINT edits", [])?;
            let mut outcomes = Vec::with_capacity(edits.len());
            for edit in edits {
                let outcome = match edit.write(db, authority, now) {
                    Err(why @ StoreError::QuotaExceeded { .. }) => Err(why),
                    outcome => Ok(outcome?),
                };
                let is_end = atomicity.is_ended_by(&outcome);
                outcomes.push(outcome);
                if is_end {
                    execute(db, "ROLLBACK TO edits", [])?;
                    break;
                }
            }
            execute(db, "RELEASE edits", [])?;
            Ok(outcomes)
        })
        .await
    }
}

/// A change whose document is written, which is done on the caller's thread.
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

    fn write(self, db: &Connection, authority: Authority, now: Timestamp) -> EditOutcome {
        match self {
            Self::Create { row, quotas } => {
                row.insert(db, if authority.is_admin() { Quotas::OFF } else { quotas })?;
                Ok(Edit::Done(Some(row.stored(columns::recipe_id(db.last_insert_rowid())?))))
            }
            Self::Replace(replacement) => Ok(replacement.write(db, authority, now)?.map(Some)),
            Self::Delete { id, precondition } => Ok(delete(db, authority, id, &precondition)?.map(|()| None)),
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

    fn write(
        self,
        db: &Connection,
        authority: Authority,
        now: Timestamp,
    ) -> Result<Edit<StoredRecipe>, StoreError> {
        let Self { id, document, visibility, precondition, quotas } = self;
        let editor = editor(authority);
        let Some((fields, state)) = find_to_edit(db, id)? else { return Ok(Edit::NotFound) };
        let allowed =
            state.check_edit(editor, &precondition).and_then(|()| state.check_visibility(editor, visibility));
        if let Err(refusal) = allowed {
            return Ok(Edit::from(Err(refusal)));
        }
        let before = fields.revision;
        let updated_at = time_of_change(fields.updated_at, now);
        let fields = ServerFields { revision: before.saturating_add(1), updated_at, ..fields };
        let text = document.finish(&fields);
        if !authority.is_admin() {
            quota::check_replacement(db, id, &text, quotas)?;
        }
        execute(
            db,
            "UPDATE recipes SET document = ?3, private = ?4, revision = ?5, updated_at = ?6
             WHERE id = ?1 AND revision = ?2",
            params![
                id.get(),
                before,
                text,
                visibility == Visibility::Private,
                fields.revision,
                updated_at.as_microsecond(),
            ],
        )?;
        Ok(Edit::Done(StoredRecipe { id, revision: fields.revision, updated_at, text: text.into() }))
    }
}

fn delete(
    db: &Connection,
    authority: Authority,
    id: RecipeId,
    precondition: &Precondition,
) -> Result<Edit<()>, StoreError> {
    let Some((fields, state)) = find_to_edit(db, id)? else { return Ok(Edit::NotFound) };
    let allowed = state.check_edit(editor(authority), precondition);
    if allowed.is_ok() {
        let sql = "DELETE FROM recipes WHERE id = ?1 AND revision = ?2";
        execute(db, sql, params![id.get(), fields.revision])?;
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
fn find_to_edit(db: &Connection, id: RecipeId) -> Result<Option<(ServerFields, RecipeState)>, StoreError> {
    let sql = "SELECT owner_id, private, revision, uid, created_at, updated_at FROM recipes WHERE id = ?1";
    find(db, sql, [id.get()], server_fields_in)
}
