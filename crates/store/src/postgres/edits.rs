//! Changes of recipes, in PostgreSQL's dialect: one, or several in one transaction.

use accounts::Authority;
use ids::RecipeId;
use jiff::Timestamp;

use super::authority::require_writer;
use super::connection::Db;
use super::failure::Failure;
use super::recipe_row::{RecipeColumns, RecipeRow, id_and_uid_in, insert_recipes};
use super::recipe_state::{editor, find_to_edit, time_of_change};
use super::recipes::current;
use super::{Postgres, at, bin, image_rows, quota, ratings, revisions};
use crate::edits::Outcomes;
use crate::recipe_commands::{Change, NewContent, visibility_columns};
use crate::recipes::patched;
use crate::revisions_kept::Replaced;
use crate::{Atomicity, Context, Edit, EditOutcome, EditTerms, RecipeEdit, StoreError, StoredRecipe};
use ::recipes::time::to_microseconds;
use ::recipes::{Quotas, ServerFields, Usage};

impl Postgres {
    pub(crate) async fn change_recipe(
        &self,
        change: Change,
        context: Context,
    ) -> Result<Edit<StoredRecipe>, StoreError> {
        let (change, now) = (&change, to_microseconds(context.now));
        self.write_recipes_for(&context, move |db, authority| async move {
            change_in(&db, authority, change, now).await
        })
        .await
    }

    pub async fn delete_recipe(
        &self,
        id: RecipeId,
        terms: EditTerms,
        context: Context,
    ) -> Result<Edit<()>, StoreError> {
        let terms = &terms;
        self.write_recipes_for(&context, move |db, authority| async move {
            delete_in(&db, authority, id, terms).await
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
            require_writer(authority)?;
            db.batch("SAVEPOINT edits").await?;
            let mut outcomes = Outcomes::new(edits.len(), atomicity);
            for edit in edits {
                let outcome = match outcomes.check_room() {
                    Ok(()) => match edit.write(&db, authority, now).await {
                        // The transaction is to be tried again.
                        Err(Failure::Conflict) => return Err(Failure::Conflict),
                        Err(Failure::Store(why)) => Err(why),
                        Ok(edit) => Ok(edit),
                    },
                    Err(why) => Err(why),
                };
                if outcomes.push(outcome)? {
                    db.batch("ROLLBACK TO SAVEPOINT edits").await?;
                    break;
                }
            }
            Ok(outcomes.finish())
        })
        .await
    }
}

/// A change whose document is written. The transaction may be tried again.
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

    async fn write(
        &self,
        db: &Db,
        authority: Authority,
        now: Timestamp,
    ) -> Result<Edit<Option<StoredRecipe>>, Failure> {
        match self {
            Self::Create { row, quotas } => {
                let quotas = if authority.is_admin() { Quotas::OFF } else { *quotas };
                Ok(Edit::Done(Some(create_in(db, row, quotas).await?)))
            }
            Self::Change(change) => Ok(change_in(db, authority, change, now).await?.map(Some)),
            Self::Bin { id, terms } => Ok(bin::bin_in(db, authority, now, *id, terms).await?.map(|()| None)),
            Self::Delete { id, terms } => Ok(delete_in(db, authority, *id, terms).await?.map(|()| None)),
        }
    }
}

async fn create_in(db: &Db, row: &RecipeRow, quotas: Quotas) -> Result<StoredRecipe, Failure> {
    if let Some(owner) = row.fields.owner {
        let more = Usage { recipes: 1, bytes: row.text.len() as u64 };
        quota::check(db, owner, more, quotas).await?;
    }
    let sql = insert_recipes!("RETURNING id, uid");
    let ids = db.list(sql, &RecipeColumns::of(&[row]).params(), id_and_uid_in).await?;
    let (_, id) = ids.first().ok_or_else(|| StoreError::Bug("an INSERT returned no id".to_owned()))?;
    Ok(row.clone().stored(*id))
}

async fn change_in(
    db: &Db,
    authority: Authority,
    change: &Change,
    now: Timestamp,
) -> Result<Edit<StoredRecipe>, Failure> {
    let Change { id, content: new, terms, quotas, revisions_kept } = change;
    let (id, editor) = (*id, editor(authority)?);
    let Some((fields, state)) = find_to_edit(db, id).await? else { return Ok(Edit::NotFound) };
    if let Err(refusal) = state.check_edit(editor, terms, fields.updated_at) {
        return Ok(Edit::refused(refusal, current(db, id).await?));
    }
    let (document, visibility) = match new {
        NewContent::Whole(document, visibility) => (document.clone(), *visibility),
        NewContent::Patch(patch) => match patched(patch, &current(db, id).await?)? {
            Ok(patched) => patched,
            Err(errors) => return Ok(Edit::Invalid(errors)),
        },
        NewContent::Of(revision) => match revisions::content(db, id, *revision, authority).await? {
            Some(former) => former,
            None => return Ok(Edit::NoSuchRevision),
        },
    };
    if let Err(refusal) = state.check_visibility(editor, visibility) {
        return Ok(Edit::refused(refusal, current(db, id).await?));
    }
    let (document, moves) = image_rows::carried(db, id, &fields, document).await?;
    let before = fields.revision;
    let updated_at = time_of_change(fields.updated_at, now);
    let fields = ServerFields { revision: before.saturating_add(1), updated_at, ..fields };
    let text = document.finish(&fields);
    if !authority.is_admin() {
        quota::check_replacement(db, id, &text, *quotas).await?;
    }
    image_rows::apply(db, id, &moves).await?;
    let (length, by) = (text.len(), authority.user());
    let replaced = Replaced { id, revision: before, kept: *revisions_kept, length, by };
    revisions::keep(db, replaced).await?;
    let sql = "UPDATE recipes SET document = $3, private = $4, members = $5, revision = $6, updated_at = $7
               WHERE id = $1 AND revision = $2";
    let ((private, members), updated) = (visibility_columns(visibility), at(updated_at));
    db.execute(sql, &[&id.get(), &before, &text, &private, &members, &fields.revision, &updated]).await?;
    let ratings = ratings::of_recipe(db, id).await?;
    let revision = fields.revision;
    Ok(Edit::Done(StoredRecipe { id, revision, updated_at, text: text.into(), ratings }))
}

async fn delete_in(
    db: &Db,
    authority: Authority,
    id: RecipeId,
    terms: &EditTerms,
) -> Result<Edit<()>, Failure> {
    let Some((fields, state)) = find_to_edit(db, id).await? else { return Ok(Edit::NotFound) };
    if let Err(refusal) = state.check_edit(editor(authority)?, terms, fields.updated_at) {
        return Ok(Edit::refused(refusal, current(db, id).await?));
    }
    let sql = "DELETE FROM recipes WHERE id = $1 AND revision = $2";
    db.execute(sql, &[&id.get(), &fields.revision]).await?;
    Ok(Edit::Done(()))
}
