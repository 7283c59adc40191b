//! Imports, in PostgreSQL's dialect.

use accounts::Authority;
use jiff::Timestamp;

use super::columns::{recipe_id_in, text_in};
use super::connection::Db;
use super::failure::Failure;
use super::recipe_row::RecipeRow;
use super::recipes::{editor, find_to_edit, time_of_change};
use super::{Postgres, at, quota};
use crate::imports::{ImportBatch, ImportOutcome, OnConflict, RecipeImport};
use crate::{Context, ImportRefusal, Precondition, StoreError, Viewer};
use ::recipes::time::to_microseconds;
use ::recipes::{ContentJson, ServerFields, Usage, Visibility};
use ids::RecipeId;

impl Postgres {
    pub async fn import_recipes(
        &self,
        batch: ImportBatch,
        context: Context,
    ) -> Result<Vec<ImportOutcome>, StoreError> {
        let (batch, context) = (&batch, &context);
        self.write_recipes_for(context, move |db, authority| async move {
            let import = Import { db, authority, batch, now: to_microseconds(context.now) };
            let mut outcomes = Vec::with_capacity(batch.recipes.len());
            for (index, recipe) in batch.recipes.iter().enumerate() {
                let outcome = import.import(recipe).await?;
                outcomes.push(batch.check(index, outcome)?);
            }
            Ok(outcomes)
        })
        .await
    }
}

struct Import<'a> {
    db: Db,
    authority: Authority,
    batch: &'a ImportBatch,
    now: Timestamp,
}

impl Import<'_> {
    async fn import(&self, recipe: &RecipeImport) -> Result<ImportOutcome, Failure> {
        match (self.find(recipe).await?, self.batch.on_conflict) {
            (None, _) => self.insert(recipe, true).await,
            (Some((_, Seen::Hidden)), _) | (Some(_), OnConflict::Copy) => self.insert(recipe, false).await,
            (Some((id, Seen::Visible)), OnConflict::Skip) => Ok(ImportOutcome::AlreadyThere(id)),
            (Some((id, Seen::Visible)), OnConflict::Update) => self.update(id, recipe).await,
        }
    }

    /// The recipe that is there already, and whether the actor can see it.
    async fn find(&self, recipe: &RecipeImport) -> Result<Option<(RecipeId, Seen)>, Failure> {
        let id = match recipe.history.uid {
            Some(uid) => {
                let sql = "SELECT id FROM recipes WHERE uid = $1";
                self.db.find(sql, &[&uid.to_string()], recipe_id_in).await?
            }
            None => recipe.same,
        };
        let Some(id) = id else { return Ok(None) };
        let viewer = match self.authority {
            Authority::Operator | Authority::Admin(_) => Viewer::Admin,
            Authority::User(user) => Viewer::User(user),
        };
        let state = find_to_edit(&self.db, id).await?.map(|(_, state)| state);
        Ok(state.map(|state| (id, if state.may_view(viewer) { Seen::Visible } else { Seen::Hidden })))
    }

    async fn insert(&self, recipe: &RecipeImport, keeps_uid: bool) -> Result<ImportOutcome, Failure> {
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
        if let Some(owner) = fields.owner.filter(|_| !self.authority.is_admin()) {
            let more = Usage { recipes: 1, bytes: row.text.len() as u64 };
            if let Err(why) = quota::check(&self.db, owner, more, self.batch.quotas).await {
                return refused(why);
            }
        }
        row.insert(&self.db).await.map(ImportOutcome::Added)
    }

    async fn update(&self, id: RecipeId, recipe: &RecipeImport) -> Result<ImportOutcome, Failure> {
        let Some((before, state)) = find_to_edit(&self.db, id).await? else {
            return self.insert(recipe, true).await;
        };
        let (editor, content) = (editor(self.authority), recipe.draft.content());
        let allowed = state
            .check_edit(editor, &Precondition::None)
            .and_then(|()| state.check_visibility(editor, content.visibility));
        if allowed.is_err() {
            return Ok(ImportOutcome::Refused(ImportRefusal::NotTheOwner(id)));
        }
        let document = ContentJson::new(content);
        let stored =
            self.db.find("SELECT document FROM recipes WHERE id = $1", &[&id.get()], text_in).await?;
        if stored.as_deref() == Some(document.clone().finish(&before).as_str()) {
            return Ok(ImportOutcome::AlreadyThere(id));
        }
        let updated_at = time_of_change(before.updated_at, self.now);
        let fields = ServerFields { revision: before.revision.saturating_add(1), updated_at, ..before };
        let text = document.finish(&fields);
        if !self.authority.is_admin()
            && let Err(why) = quota::check_replacement(&self.db, id, &text, self.batch.quotas).await
        {
            return refused(why);
        }
        let sql =
            "UPDATE recipes SET document = $2, private = $3, revision = $4, updated_at = $5 WHERE id = $1";
        let private = content.visibility == Visibility::Private;
        self.db.execute(sql, &[&id.get(), &text, &private, &fields.revision, &at(updated_at)]).await?;
        Ok(ImportOutcome::Updated(id))
    }
}

#[derive(Clone, Copy)]
enum Seen {
    Visible,
    /// Private to another user: for the actor it does not exist.
    Hidden,
}

fn refused(why: Failure) -> Result<ImportOutcome, Failure> {
    match why {
        Failure::Store(StoreError::QuotaExceeded { usage, quotas }) => {
            Ok(ImportOutcome::Refused(ImportRefusal::QuotaExceeded { usage, quotas }))
        }
        why => Err(why),
    }
}
