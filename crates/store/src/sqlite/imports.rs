//! Imports, in SQLite's dialect.

use accounts::Authority;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::authority::require_writer;
use super::recipe_row::RecipeRow;
use super::recipe_state::{editor, find_to_edit, time_of_change, viewer};
use super::{Sqlite, cached, columns, execute, find_value, image_rows, quota, revisions};
use crate::imports::{ImportBatch, ImportOutcome, OnConflict, RecipeImport};
use crate::recipe_commands::visibility_columns;
use crate::revisions_kept::Replaced;
use crate::{Context, ImportRefusal, Precondition, StoreError};
use ::recipes::time::to_microseconds;
use ::recipes::{ContentJson, EditTerms, Quotas, ServerFields};
use ids::RecipeId;

impl Sqlite {
    pub async fn import_recipes(
        &self,
        batch: ImportBatch,
        context: Context,
    ) -> Result<Vec<ImportOutcome>, StoreError> {
        let now = to_microseconds(context.now);
        self.write_for(context, move |db, authority| {
            require_writer(authority)?;
            let mut outcomes = Vec::with_capacity(batch.recipes.len());
            for (index, recipe) in batch.recipes.iter().enumerate() {
                let outcome = Import { db, authority, batch: &batch, now }.import(recipe)?;
                outcomes.push(batch.check(index, outcome)?);
            }
            Ok(outcomes)
        })
        .await
    }
}

struct Import<'a> {
    db: &'a Connection,
    authority: Authority,
    batch: &'a ImportBatch,
    now: Timestamp,
}

impl Import<'_> {
    fn import(&self, recipe: &RecipeImport) -> Result<ImportOutcome, StoreError> {
        match (self.find(recipe)?, self.batch.on_conflict) {
            (None, _) => self.insert(recipe, !self.is_in_another_bin(recipe)?),
            (Some((_, Seen::Hidden)), _) | (Some(_), OnConflict::Copy) => self.insert(recipe, false),
            (Some((id, Seen::Visible)), OnConflict::Skip) => Ok(ImportOutcome::AlreadyThere(id)),
            (Some((id, Seen::Visible)), OnConflict::Update) => self.update(id, recipe),
        }
    }

    /// The recipe that is there already, and whether the actor can see it.
    fn find(&self, recipe: &RecipeImport) -> Result<Option<(RecipeId, Seen)>, StoreError> {
        let id = match recipe.history.uid {
            Some(uid) => find_value(self.db, "SELECT id FROM recipes WHERE uid = ?1", [uid.to_string()])?
                .map(columns::recipe_id)
                .transpose()?,
            None => recipe.same,
        };
        let Some(id) = id else { return Ok(None) };
        let viewer = viewer(self.authority);
        let state = find_to_edit(self.db, id)?.map(|(_, state)| state);
        Ok(state.map(|state| (id, if state.may_view(viewer) { Seen::Visible } else { Seen::Hidden })))
    }

    /// Whether the recipe is in another user's bin. If its uid were taken, it could not be restored.
    fn is_in_another_bin(&self, recipe: &RecipeImport) -> Result<bool, StoreError> {
        let (Some(uid), Some(owner)) = (recipe.history.uid, self.batch.owner) else { return Ok(false) };
        let sql = "SELECT 1 FROM bin WHERE uid = ?1 AND owner_id IS NOT ?2";
        Ok(cached(self.db, sql)?.exists(params![uid.to_string(), owner.get()])?)
    }

    fn insert(&self, recipe: &RecipeImport, keeps_uid: bool) -> Result<ImportOutcome, StoreError> {
        let content = recipe.draft.content();
        let fields = ServerFields {
            owner: self.batch.owner,
            ..recipe.history.server_fields(
                if keeps_uid { None } else { Some(recipe.uid) },
                recipe.uid,
                self.now,
            )
        };
        let text = ContentJson::new(content).finish(&fields);
        let row = RecipeRow { fields, visibility: content.visibility, text };
        let quotas = if self.authority.is_admin() { Quotas::OFF } else { self.batch.quotas };
        match row.insert(self.db, quotas) {
            Ok(()) => Ok(ImportOutcome::Added(columns::recipe_id(self.db.last_insert_rowid())?)),
            Err(why) => refused(why),
        }
    }

    fn update(&self, id: RecipeId, recipe: &RecipeImport) -> Result<ImportOutcome, StoreError> {
        let Some((before, state)) = find_to_edit(self.db, id)? else { return self.insert(recipe, true) };
        let (editor, content) = (editor(self.authority)?, recipe.draft.content());
        let terms = EditTerms { precondition: Precondition::None, ownerless: self.batch.ownerless };
        let allowed = state
            .check_edit(editor, &terms, before.updated_at)
            .and_then(|()| state.check_visibility(editor, content.visibility));
        if allowed.is_err() {
            return Ok(ImportOutcome::Refused(ImportRefusal::NotTheOwner(id)));
        }
        let (document, moves) = image_rows::carried(self.db, id, &before, ContentJson::new(content))?;
        let stored: Option<String> =
            find_value(self.db, "SELECT document FROM recipes WHERE id = ?1", [id.get()])?;
        if stored.as_deref() == Some(document.clone().finish(&before).as_str()) {
            return Ok(ImportOutcome::AlreadyThere(id));
        }
        let updated_at = time_of_change(before.updated_at, self.now);
        let fields = ServerFields { revision: before.revision.saturating_add(1), updated_at, ..before };
        let text = document.finish(&fields);
        if !self.authority.is_admin()
            && let Err(why) = quota::check_replacement(self.db, id, &text, self.batch.quotas)
        {
            return refused(why);
        }
        image_rows::apply(self.db, id, &moves)?;
        let replaced = Replaced {
            id,
            revision: before.revision,
            kept: self.batch.revisions_kept,
            length: text.len(),
            by: self.authority.user(),
        };
        revisions::keep(self.db, replaced)?;
        let (private, members) = visibility_columns(content.visibility);
        execute(
            self.db,
            "UPDATE recipes SET document = ?2, private = ?3, members = ?4, revision = ?5, updated_at = ?6 WHERE id = ?1",
            params![id.get(), text, private, members, fields.revision, updated_at.as_microsecond(),],
        )?;
        Ok(ImportOutcome::Updated(id))
    }
}

#[derive(Clone, Copy)]
enum Seen {
    Visible,
    /// Private to another user: for the actor it does not exist.
    Hidden,
}

fn refused(why: StoreError) -> Result<ImportOutcome, StoreError> {
    match why {
        StoreError::QuotaExceeded { usage, quotas } => {
            Ok(ImportOutcome::Refused(ImportRefusal::QuotaExceeded { usage, quotas }))
        }
        why => Err(why),
    }
}
