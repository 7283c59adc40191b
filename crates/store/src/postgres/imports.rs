//! Imports, in PostgreSQL's dialect.

use std::collections::{HashMap, HashSet};

use accounts::Authority;
use jiff::Timestamp;

use super::authority::require_writer;
use super::columns::{Columns, text_in};
use super::connection::Db;
use super::failure::Failure;
use super::recipe_row::{RecipeColumns, RecipeRow, id_and_uid_in, insert_recipes};
use super::recipe_state::{editor, find_to_edit, server_fields_in, time_of_change, viewer};
use super::{Postgres, at, image_rows, quota, revisions};
use crate::imports::{ImportBatch, ImportOutcome, OnConflict, RecipeImport};
use crate::recipe_commands::visibility_columns;
use crate::revisions_kept::Replaced;
use crate::{Context, ImportRefusal, Precondition, StoreError};
use ::recipes::time::to_microseconds;
use ::recipes::{ContentJson, EditTerms, RecipeState, ServerFields, Usage};
use ids::{RecipeId, Uid};

/// Rows and bytes of one statement, which may take two seconds at most.
const ROWS: usize = 256;
const BYTES: usize = 1 << 20;

impl Postgres {
    pub async fn import_recipes(
        &self,
        batch: ImportBatch,
        context: Context,
    ) -> Result<Vec<ImportOutcome>, StoreError> {
        let (batch, context) = (&batch, &context);
        self.write_recipes_for(context, move |db, authority| async move {
            require_writer(authority)?;
            let now = to_microseconds(context.now);
            let there = Found::of(&db, batch).await?;
            let import = Import { db, authority, batch, now, there, usage: None };
            import.run().await
        })
        .await
    }
}

/// The recipes that are there, by uid and by id.
#[derive(Default)]
struct Found {
    by_uid: HashMap<Uid, RecipeId>,
    states: HashMap<RecipeId, RecipeState>,
    /// The uids of recipes in the bins of others. If one were taken, that recipe could not be restored.
    binned: HashSet<Uid>,
}

impl Found {
    async fn of(db: &Db, batch: &ImportBatch) -> Result<Self, Failure> {
        let uids: Vec<_> =
            batch.recipes.iter().filter_map(|it| it.history.uid).map(|uid| uid.to_string()).collect();
        let ids: Vec<_> = batch.recipes.iter().filter_map(|it| it.same).map(RecipeId::get).collect();
        if uids.is_empty() && ids.is_empty() {
            return Ok(Self::default());
        }
        let sql = "SELECT owner_id, private, members, revision, uid, created_at, updated_at, id FROM recipes
                   WHERE uid = ANY ($1) OR id = ANY ($2)";
        let read = |columns: &mut Columns<'_>| {
            let (fields, state) = server_fields_in(columns)?;
            Ok((fields.uid, columns.recipe_id()?, state))
        };
        let mut found = Self::default();
        for (uid, id, state) in db.list(sql, &[&uids, &ids], read).await? {
            found.by_uid.insert(uid, id);
            found.states.insert(id, state);
        }
        if let Some(owner) = batch.owner {
            let sql = "SELECT uid FROM bin WHERE uid = ANY ($1) AND owner_id IS DISTINCT FROM $2";
            let binned = db.list(sql, &[&uids, &owner.get()], text_in).await?;
            found.binned = binned.iter().filter_map(|uid| Uid::parse(uid)).collect();
        }
        Ok(found)
    }

    fn find(&self, recipe: &RecipeImport) -> Option<(RecipeId, RecipeState)> {
        let id = match recipe.history.uid {
            Some(uid) => self.by_uid.get(&uid).copied(),
            None => recipe.same,
        }?;
        self.states.get(&id).map(|state| (id, *state))
    }
}

struct Import<'a> {
    db: Db,
    authority: Authority,
    batch: &'a ImportBatch,
    now: Timestamp,
    there: Found,
    /// Of the owner, with the rows that wait. `None`: it must be read.
    usage: Option<Usage>,
}

/// Rows that wait for their statement, each with the position of its recipe.
#[derive(Default)]
struct Waiting {
    rows: Vec<(usize, RecipeRow)>,
    bytes: usize,
}

impl Waiting {
    fn has(&self, uid: Uid) -> bool {
        self.rows.iter().any(|(_, row)| row.fields.uid == uid)
    }
}

impl Import<'_> {
    async fn run(mut self) -> Result<Vec<ImportOutcome>, Failure> {
        let batch = self.batch;
        let mut outcomes: Vec<Option<ImportOutcome>> = vec![None; batch.recipes.len()];
        let mut waiting = Waiting::default();
        for (index, recipe) in batch.recipes.iter().enumerate() {
            if recipe.history.uid.is_some_and(|uid| waiting.has(uid)) {
                self.insert(&mut waiting, &mut outcomes).await?;
            }
            let outcome = match (self.find(recipe), batch.on_conflict) {
                (None, _) => {
                    let keeps_uid = !recipe.history.uid.is_some_and(|uid| self.there.binned.contains(&uid));
                    self.prepare(index, recipe, keeps_uid, &mut waiting).await?
                }
                (Some((_, Seen::Hidden)), _) | (Some(_), OnConflict::Copy) => {
                    self.prepare(index, recipe, false, &mut waiting).await?
                }
                (Some((id, Seen::Visible)), OnConflict::Skip) => Some(ImportOutcome::AlreadyThere(id)),
                (Some((id, Seen::Visible)), OnConflict::Update) => {
                    // The quota is compared with the usage in the database.
                    self.insert(&mut waiting, &mut outcomes).await?;
                    self.usage = None;
                    Some(self.update(id, recipe).await?)
                }
            };
            if let (Some(outcome), Some(place)) = (outcome, outcomes.get_mut(index)) {
                *place = Some(batch.check(index, outcome)?);
            }
            if waiting.rows.len() >= ROWS || waiting.bytes >= BYTES {
                self.insert(&mut waiting, &mut outcomes).await?;
            }
        }
        self.insert(&mut waiting, &mut outcomes).await?;
        let missing = || StoreError::Bug("an INSERT returned no id".to_owned());
        Ok(outcomes.into_iter().map(|outcome| outcome.ok_or_else(missing)).collect::<Result<_, _>>()?)
    }

    /// The recipe that is there already, and whether the actor can see it.
    fn find(&self, recipe: &RecipeImport) -> Option<(RecipeId, Seen)> {
        let viewer = viewer(self.authority);
        let (id, state) = self.there.find(recipe)?;
        Some((id, if state.may_view(viewer) { Seen::Visible } else { Seen::Hidden }))
    }

    /// Makes the row of a new recipe, unless the owner has too many.
    async fn prepare(
        &mut self,
        index: usize,
        recipe: &RecipeImport,
        keeps_uid: bool,
        waiting: &mut Waiting,
    ) -> Result<Option<ImportOutcome>, Failure> {
        let content = recipe.draft.content();
        let other_uid = if keeps_uid { None } else { Some(recipe.uid) };
        let fields = ServerFields {
            owner: self.batch.owner,
            ..recipe.history.server_fields(other_uid, recipe.uid, self.now)
        };
        let text = ContentJson::new(content).finish(&fields);
        if let Some(owner) = fields.owner.filter(|_| !self.authority.is_admin()) {
            let usage = match self.usage {
                Some(usage) => usage,
                None => quota::usage(&self.db, owner).await?,
            };
            let more = Usage { recipes: 1, bytes: text.len() as u64 };
            let quotas = self.batch.quotas;
            if !quotas.allow(usage, more) {
                return Ok(Some(ImportOutcome::Refused(ImportRefusal::QuotaExceeded { usage, quotas })));
            }
            self.usage = Some(usage.plus(more));
        }
        waiting.bytes += text.len();
        waiting.rows.push((index, RecipeRow { fields, visibility: content.visibility, text }));
        Ok(None)
    }

    /// Inserts the rows that wait. Their ids are in the order of the rows.
    async fn insert(
        &mut self,
        waiting: &mut Waiting,
        outcomes: &mut [Option<ImportOutcome>],
    ) -> Result<(), Failure> {
        let Waiting { rows, .. } = std::mem::take(waiting);
        if rows.is_empty() {
            return Ok(());
        }
        let all: Vec<_> = rows.iter().map(|(_, row)| row).collect();
        let sql = insert_recipes!("ON CONFLICT (uid) DO NOTHING RETURNING id, uid");
        let added: HashMap<_, _> =
            self.db.list(sql, &RecipeColumns::of(&all).params(), id_and_uid_in).await?.into_iter().collect();
        for (index, RecipeRow { fields, visibility, .. }) in &rows {
            // Another import has added the same recipe after this one has looked.
            let id = *added.get(&fields.uid).ok_or(Failure::Conflict)?;
            if let Some(outcome) = outcomes.get_mut(*index) {
                *outcome = Some(ImportOutcome::Added(id));
            }
            let (owner, revision) = (fields.owner, fields.revision);
            self.there.by_uid.insert(fields.uid, id);
            self.there.states.insert(id, RecipeState { owner, visibility: *visibility, revision });
        }
        Ok(())
    }

    async fn update(&self, id: RecipeId, recipe: &RecipeImport) -> Result<ImportOutcome, Failure> {
        let missing = || StoreError::Bug("a recipe of this transaction is not there".to_owned());
        let (before, state) = find_to_edit(&self.db, id).await?.ok_or_else(missing)?;
        let (editor, content) = (editor(self.authority)?, recipe.draft.content());
        let terms = EditTerms { precondition: Precondition::None, ownerless: self.batch.ownerless };
        let allowed = state
            .check_edit(editor, &terms, before.updated_at)
            .and_then(|()| state.check_visibility(editor, content.visibility));
        if allowed.is_err() {
            return Ok(ImportOutcome::Refused(ImportRefusal::NotTheOwner(id)));
        }
        let (document, moves) = image_rows::carried(&self.db, id, &before, ContentJson::new(content)).await?;
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
        image_rows::apply(&self.db, id, &moves).await?;
        let replaced = Replaced {
            id,
            revision: before.revision,
            kept: self.batch.revisions_kept,
            length: text.len(),
            by: self.authority.user(),
        };
        revisions::keep(&self.db, replaced).await?;
        let sql = "UPDATE recipes SET document = $2, private = $3, members = $4, revision = $5, updated_at = $6 WHERE id = $1";
        let (private, members) = visibility_columns(content.visibility);
        let (revision, updated) = (fields.revision, at(updated_at));
        self.db.execute(sql, &[&id.get(), &text, &private, &members, &revision, &updated]).await?;
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
