//! Changes of recipes, in SQLite's dialect: one, or several in one transaction.

use accounts::Authority;
use ids::RecipeId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::authority::require_writer;
use super::recipe_row::RecipeRow;
use super::recipe_state::{editor, find_to_edit, time_of_change};
use super::recipes::current;
use super::{Sqlite, bin, columns, execute, image_rows, quota, ratings, revisions};
use crate::edits::Outcomes;
use crate::recipe_commands::{Change, NewContent, visibility_columns};
use crate::recipes::patched;
use crate::revisions_kept::Replaced;
use crate::{Atomicity, Context, Edit, EditOutcome, EditTerms, RecipeEdit, StoreError, StoredRecipe};
use ::recipes::time::to_microseconds;
use ::recipes::{Quotas, ServerFields};

impl Sqlite {
    pub(crate) async fn change_recipe(
        &self,
        change: Change,
        context: Context,
    ) -> Result<Edit<StoredRecipe>, StoreError> {
        let now = to_microseconds(context.now);
        self.write_for(context, move |db, authority| change_in(db, authority, change, now)).await
    }

    pub async fn delete_recipe(
        &self,
        id: RecipeId,
        terms: EditTerms,
        context: Context,
    ) -> Result<Edit<()>, StoreError> {
        self.write_for(context, move |db, authority| delete_in(db, authority, id, &terms)).await
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
            require_writer(authority)?;
            execute(db, "SAVEPOINT edits", [])?;
            let mut outcomes = Outcomes::new(edits.len(), atomicity);
            for edit in edits {
                let outcome = outcomes.check_room().and_then(|()| edit.write(db, authority, now));
                if outcomes.push(outcome)? {
                    execute(db, "ROLLBACK TO edits", [])?;
                    break;
                }
            }
            execute(db, "RELEASE edits", [])?;
            Ok(outcomes.finish())
        })
        .await
    }
}

/// A change whose document is written, which is done on the caller's thread.
enum Prepared {
    Create { row: RecipeRow, quotas: Quotas },
    Change(Change),
    Bin { id: RecipeId, terms: EditTerms },
    Delete { id: RecipeId, terms: EditTerms },
}

impl Prepared {
    fn new(edit: RecipeEdit, now: Timestamp) -> Self {
        match edit {
            RecipeEdit::Create(new) => Self::Create { quotas: new.quotas, row: RecipeRow::new(new, now) },
            RecipeEdit::Replace(command) => Self::Change(Change::replace(*command)),
            RecipeEdit::Patch(command) => Self::Change(Change::patch(command)),
            RecipeEdit::Bin { id, terms } => Self::Bin { id, terms },
            RecipeEdit::Delete { id, terms } => Self::Delete { id, terms },
        }
    }

    fn write(
        self,
        db: &Connection,
        authority: Authority,
        now: Timestamp,
    ) -> Result<Edit<Option<StoredRecipe>>, StoreError> {
        match self {
            Self::Create { row, quotas } => {
                row.insert(db, if authority.is_admin() { Quotas::OFF } else { quotas })?;
                Ok(Edit::Done(Some(row.stored(columns::recipe_id(db.last_insert_rowid())?))))
            }
            Self::Change(change) => Ok(change_in(db, authority, change, now)?.map(Some)),
            Self::Bin { id, terms } => Ok(bin::bin_in(db, authority, now, id, &terms)?.map(|()| None)),
            Self::Delete { id, terms } => Ok(delete_in(db, authority, id, &terms)?.map(|()| None)),
        }
    }
}

fn change_in(
    db: &Connection,
    authority: Authority,
    change: Change,
    now: Timestamp,
) -> Result<Edit<StoredRecipe>, StoreError> {
    let Change { id, content: new, terms, quotas, revisions_kept } = change;
    let editor = editor(authority)?;
    let Some((fields, state)) = find_to_edit(db, id)? else { return Ok(Edit::NotFound) };
    if let Err(refusal) = state.check_edit(editor, &terms, fields.updated_at) {
        return Ok(Edit::refused(refusal, current(db, id)?));
    }
    let (document, visibility) = match new {
        NewContent::Whole(document, visibility) => (document, visibility),
        NewContent::Patch(patch) => match patched(&patch, &current(db, id)?)? {
            Ok(patched) => patched,
            Err(errors) => return Ok(Edit::Invalid(errors)),
        },
        NewContent::Of(revision) => match revisions::content(db, id, revision, authority)? {
            Some(former) => former,
            None => return Ok(Edit::NoSuchRevision),
        },
    };
    if let Err(refusal) = state.check_visibility(editor, visibility) {
        return Ok(Edit::refused(refusal, current(db, id)?));
    }
    let (document, moves) = image_rows::carried(db, id, &fields, document)?;
    let before = fields.revision;
    let updated_at = time_of_change(fields.updated_at, now);
    let fields = ServerFields { revision: before.saturating_add(1), updated_at, ..fields };
    let text = document.finish(&fields);
    if !authority.is_admin() {
        quota::check_replacement(db, id, &text, quotas)?;
    }
    image_rows::apply(db, id, &moves)?;
    let (length, by) = (text.len(), authority.user());
    revisions::keep(db, Replaced { id, revision: before, kept: revisions_kept, length, by })?;
    let (private, members) = visibility_columns(visibility);
    execute(
        db,
        "UPDATE recipes SET document = ?3, private = ?4, members = ?5, revision = ?6, updated_at = ?7
         WHERE id = ?1 AND revision = ?2",
        params![id.get(), before, text, private, members, fields.revision, updated_at.as_microsecond(),],
    )?;
    let ratings = ratings::of_recipe(db, id)?;
    let revision = fields.revision;
    Ok(Edit::Done(StoredRecipe { id, revision, updated_at, text: text.into(), ratings }))
}

fn delete_in(
    db: &Connection,
    authority: Authority,
    id: RecipeId,
    terms: &EditTerms,
) -> Result<Edit<()>, StoreError> {
    let Some((fields, state)) = find_to_edit(db, id)? else { return Ok(Edit::NotFound) };
    if let Err(refusal) = state.check_edit(editor(authority)?, terms, fields.updated_at) {
        return Ok(Edit::refused(refusal, current(db, id)?));
    }
    execute(db, "DELETE FROM recipes WHERE id = ?1 AND revision = ?2", params![id.get(), fields.revision])?;
    Ok(Edit::Done(()))
}
