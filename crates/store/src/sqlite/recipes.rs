//! Recipes, in SQLite's dialect.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Rows, params};

use super::columns::{self, Columns};
use super::{Sqlite, cached, execute, find, find_value, list};
use crate::{
    DEFAULT_PAGE_SIZE, Edit, Editor, Imported, Listing, NewRecipe, Page, Precondition, RecipeTexts,
    ReplaceRecipe, StoreError, StoredRecipe, Usage, Viewer,
};
use ::recipes::time::to_microseconds;
use ::recipes::{ContentJson, ImportedHistory, RecipeState, ServerFields, Visibility};
use ids::{RecipeId, Uid, UserId};

/// A page ends early behind this much text: 1,000 recipes may have 256 MiB, and one request must not
/// make us hold them.
const PAGE_BYTES: usize = 4 << 20;

/// As [`PAGE_BYTES`], for an export, which is sent page by page: each client makes us hold one or two of them.
const EXPORT_BYTES: usize = 256 << 10;

/// Writes.
impl Sqlite {
    pub async fn create_recipe(&self, new: NewRecipe, now: Timestamp) -> Result<StoredRecipe, StoreError> {
        let now = to_microseconds(now);
        let fields =
            ServerFields { owner: new.owner, uid: new.uid, revision: 1, created_at: now, updated_at: now };
        let row = RecipeRow { fields, visibility: new.visibility, text: new.document.finish(&fields) };
        let (id, row) = self.insert_recipe(row).await?;
        Ok(row.stored(columns::recipe_id(id)?))
    }

    pub async fn import_recipe(
        &self,
        new: NewRecipe,
        history: ImportedHistory,
        now: Timestamp,
    ) -> Result<Imported, StoreError> {
        let created_at = to_microseconds(history.created_at.unwrap_or(now));
        let fields = ServerFields {
            owner: new.owner,
            uid: history.uid.unwrap_or(new.uid),
            revision: history.revision.unwrap_or(1),
            created_at,
            updated_at: history.updated_at.map_or(created_at, |at| to_microseconds(at).max(created_at)),
        };
        let row = RecipeRow { fields, visibility: new.visibility, text: new.document.finish(&fields) };
        self.write(move |db| {
            let there = find_value(db, "SELECT id FROM recipes WHERE uid = ?1", [fields.uid.to_string()])?;
            if let Some(there) = there {
                return Ok(Imported::AlreadyThere(columns::recipe_id(there)?));
            }
            row.insert(db)?;
            Ok(Imported::Added(row.stored(columns::recipe_id(db.last_insert_rowid())?)))
        })
        .await
    }

    pub async fn replace_recipe(
        &self,
        command: ReplaceRecipe,
        now: Timestamp,
    ) -> Result<Edit<StoredRecipe>, StoreError> {
        let now = to_microseconds(now);
        let ReplaceRecipe { id, editor, draft, precondition } = command;
        let (document, visibility) = (ContentJson::new(draft.content()), draft.content().visibility);
        self.write(move |db| {
            let Some((fields, state)) = find_to_edit(db, id)? else { return Ok(Edit::NotFound) };
            let allowed = state
                .check_edit(editor, &precondition)
                .and_then(|()| state.check_visibility(editor, visibility));
            if let Err(refusal) = allowed {
                return Ok(Edit::from(Err(refusal)));
            }
            let before = fields.revision;
            let updated_at = time_of_change(fields.updated_at, now);
            let fields = ServerFields { revision: before.saturating_add(1), updated_at, ..fields };
            let text = document.finish(&fields);
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
        })
        .await
    }

    pub async fn delete_recipe(
        &self,
        id: RecipeId,
        editor: Editor,
        precondition: Precondition,
    ) -> Result<Edit<()>, StoreError> {
        self.write(move |db| {
            let Some((fields, state)) = find_to_edit(db, id)? else { return Ok(Edit::NotFound) };
            let allowed = state.check_edit(editor, &precondition);
            if allowed.is_ok() {
                let sql = "DELETE FROM recipes WHERE id = ?1 AND revision = ?2";
                execute(db, sql, params![id.get(), fields.revision])?;
            }
            Ok(allowed.into())
        })
        .await
    }
}

/// Reads.
impl Sqlite {
    pub fn recipe(&self, id: RecipeId, viewer: Viewer) -> Result<Option<StoredRecipe>, StoreError> {
        self.read(|db| {
            let sql = "SELECT owner_id, private, revision, updated_at, document FROM recipes WHERE id = ?1";
            let found = find(db, sql, [id.get()], |columns| {
                let state = state_in(columns)?;
                if !state.may_view(viewer) {
                    return Ok(None);
                }
                let (revision, updated_at) = (state.revision, columns.time()?);
                let text = columns.bytes_of_text()?.to_owned();
                Ok(Some(StoredRecipe { id, revision, updated_at, text }))
            });
            found.map(Option::flatten)
        })
    }

    pub async fn recipes(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
    ) -> Result<Listing<RecipeTexts, RecipeId>, StoreError> {
        if page.limit() > DEFAULT_PAGE_SIZE {
            self.read_at_length(move |db| page_of(db, page, viewer)).await
        } else {
            self.read(|db| page_of(db, page, viewer))
        }
    }

    pub async fn recipes_of(
        &self,
        owner: UserId,
        page: Page<RecipeId>,
    ) -> Result<Listing<RecipeTexts, RecipeId>, StoreError> {
        self.read_at_length(move |db| {
            let mut texts = PageReader { bytes: EXPORT_BYTES, ..PageReader::new(page) };
            let mut statement = cached(
                db,
                "SELECT recipes.id, document
                 FROM (SELECT id FROM recipes WHERE owner_id = ?1 AND private = 0 AND id > ?2
                       UNION ALL
                       SELECT id FROM recipes WHERE owner_id = ?1 AND private = 1 AND id > ?2
                       ORDER BY id LIMIT ?3) AS theirs
                 CROSS JOIN recipes ON recipes.id = theirs.id",
            )?;
            let after = page.after().map_or(0, RecipeId::get);
            texts.read(statement.query(params![owner.get(), after, page.rows_to_read()])?)?;
            Ok(texts.listing())
        })
        .await
    }

    pub async fn count_recipes(&self, viewer: Viewer) -> Result<u64, StoreError> {
        let sql = match viewer {
            Viewer::Anyone => "SELECT count(*) FROM recipes WHERE private = 0 AND ?1 IS NULL",
            Viewer::User(_) => {
                "SELECT (SELECT count(*) FROM recipes WHERE private = 0)
                      + (SELECT count(*) FROM recipes WHERE owner_id = ?1 AND private = 1)"
            }
            Viewer::Admin => "SELECT count(*) FROM recipes WHERE ?1 IS NULL",
        };
        let (user, _) = viewer_params(viewer);
        let count: Option<i64> = self.read_at_length(move |db| find_value(db, sql, [user])).await?;
        Ok(count.unwrap_or(0).unsigned_abs())
    }

    pub async fn usage(&self, owner: UserId) -> Result<Usage, StoreError> {
        // octet_length does not read the text.
        let sql =
            "SELECT count(*), coalesce(sum(octet_length(document)), 0) FROM recipes WHERE owner_id = ?1";
        let usage = self.read_at_length(move |db| {
            find(db, sql, [owner.get()], |columns| {
                let (recipes, bytes) = (columns.get::<i64>()?, columns.get::<i64>()?);
                Ok(Usage { recipes: recipes.unsigned_abs(), bytes: bytes.unsigned_abs() })
            })
        });
        Ok(usage.await?.unwrap_or_default())
    }
}

/// Deletes the private recipes of a user who is about to be deleted, and makes the public ones communal: `limit` of each
/// at most. Answers whether there are more. The texts of the public ones name the owner, so they are written anew.
pub(super) fn release_from_owner(
    db: &Connection,
    owner: UserId,
    now: Timestamp,
    limit: u16,
) -> Result<bool, StoreError> {
    let sql = "DELETE FROM recipes WHERE id IN (SELECT id FROM recipes WHERE owner_id = ?1 AND private = 1 LIMIT ?2)";
    let deleted = execute(db, sql, params![owner.get(), limit])?;
    let sql = "SELECT owner_id, private, revision, uid, created_at, updated_at, id, document FROM recipes
               WHERE owner_id = ?1 AND private = 0 LIMIT ?2";
    let public = list(db, sql, params![owner.get(), limit], |columns| {
        let (fields, _) = server_fields_in(columns)?;
        Ok((fields, columns.recipe_id()?, columns.get::<String>()?))
    })?;
    let more = deleted == usize::from(limit) || public.len() == usize::from(limit);
    for (fields, id, text) in public {
        let document = ContentJson::from_stored(text, &fields).ok_or_else(|| {
            StoreError::Corrupt(format!("the text of recipe {id} does not fit its columns"))
        })?;
        let fields = ServerFields {
            owner: None,
            revision: fields.revision.saturating_add(1),
            updated_at: time_of_change(fields.updated_at, now),
            ..fields
        };
        let sql =
            "UPDATE recipes SET owner_id = NULL, document = ?2, revision = ?3, updated_at = ?4 WHERE id = ?1";
        let updated_at = fields.updated_at.as_microsecond();
        execute(db, sql, params![id.get(), document.finish(&fields), fields.revision, updated_at])?;
    }
    Ok(more)
}

/// The time of a change after one at `before`. The clock may have been set back. Then it is a second later than `before`:
/// `Last-Modified` has whole seconds, and a client that has the recipe before the change must not get 304.
fn time_of_change(before: Timestamp, now: Timestamp) -> Timestamp {
    if now >= before { now } else { before.saturating_add(SignedDuration::from_secs(1)).unwrap_or(before) }
}

/// A row of `recipes` without its id.
pub(super) struct RecipeRow {
    fields: ServerFields,
    visibility: Visibility,
    text: String,
}

impl RecipeRow {
    /// One statement: see [`Sqlite::insert_recipe`].
    pub(super) fn insert(&self, db: &Connection) -> Result<(), StoreError> {
        let Self { fields, visibility, text } = self;
        execute(
            db,
            "INSERT INTO recipes (uid, owner_id, private, revision, created_at, updated_at, document)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                fields.uid.to_string(),
                fields.owner.map(UserId::get),
                *visibility == Visibility::Private,
                fields.revision,
                fields.created_at.as_microsecond(),
                fields.updated_at.as_microsecond(),
                text,
            ],
        )
        .map(drop)
    }

    fn stored(self, id: RecipeId) -> StoredRecipe {
        let Self { fields, text, .. } = self;
        StoredRecipe { id, revision: fields.revision, updated_at: fields.updated_at, text: text.into() }
    }
}

/// What a change must know of a recipe.
fn find_to_edit(db: &Connection, id: RecipeId) -> Result<Option<(ServerFields, RecipeState)>, StoreError> {
    let sql = "SELECT owner_id, private, revision, uid, created_at, updated_at FROM recipes WHERE id = ?1";
    find(db, sql, [id.get()], server_fields_in)
}

/// [`RecipeState::may_view`] for lists, over the parameters of [`viewer_params`].
macro_rules! visible {
    () => {
        "(private = 0 OR owner_id = ?3 OR ?4)"
    };
}

/// Scans the table itself, as recipes nearly always lie side by side. Where private or deleted ones leave wide gaps, a
/// scan would step over all of them for every reader. So it stops at twice the page, and an index finds the rest.
fn page_of(
    db: &Connection,
    page: Page<RecipeId>,
    viewer: Viewer,
) -> Result<Listing<RecipeTexts, RecipeId>, StoreError> {
    let (user, admin) = viewer_params(viewer);
    let after = page.after().map_or(0, RecipeId::get);
    let mut texts = PageReader::new(page);

    let near = if admin { i64::MAX } else { after.saturating_add(2 * i64::from(page.limit())) };
    let sql = concat!(
        "SELECT id, document FROM recipes NOT INDEXED WHERE id > ?1 AND id <= ?2 AND ",
        visible!(),
        " ORDER BY id"
    );
    texts.read(cached(db, sql)?.query(params![after, near, user, admin])?)?;
    if !texts.more && !admin {
        let sql = "SELECT recipes.id, document
                   FROM (SELECT id FROM recipes WHERE private = 0 AND id > ?1
                         UNION ALL
                         SELECT id FROM recipes WHERE owner_id = ?2 AND private = 1 AND id > ?1
                         ORDER BY id LIMIT ?3) AS visible
                   CROSS JOIN recipes ON recipes.id = visible.id";
        texts.read(cached(db, sql)?.query(params![near, user, page.rows_to_read()])?)?;
    }
    Ok(texts.listing())
}

/// Reads the texts of a page.
struct PageReader {
    texts: RecipeTexts,
    limit: usize,
    bytes: usize,
    /// There was a row beyond the page.
    more: bool,
}

impl PageReader {
    fn new(page: Page<RecipeId>) -> Self {
        let limit = usize::from(page.limit());
        // Everyday recipes have about a kilobyte; a buffer that grows copies them all.
        let rows = limit.min(usize::from(DEFAULT_PAGE_SIZE));
        Self { texts: RecipeTexts::with_capacity(rows, rows << 10), limit, bytes: PAGE_BYTES, more: false }
    }

    fn listing(self) -> Listing<RecipeTexts, RecipeId> {
        Listing { next: self.texts.last().filter(|_| self.more), rows: self.texts }
    }

    fn read(&mut self, mut rows: Rows<'_>) -> Result<(), StoreError> {
        while let Some(row) = rows.next()? {
            if self.texts.len() == self.limit || self.texts.json_len() >= self.bytes {
                self.more = true;
                return Ok(());
            }
            let mut columns = Columns::of(row);
            self.texts.push(columns.recipe_id()?, columns.bytes_of_text()?);
        }
        Ok(())
    }
}

/// The user, and whether it is an administrator. `owner_id = NULL` holds for no row.
fn viewer_params(viewer: Viewer) -> (Option<i64>, bool) {
    match viewer {
        Viewer::Anyone => (None, false),
        Viewer::User(id) => (Some(id.get()), false),
        Viewer::Admin => (None, true),
    }
}

/// From `owner_id, private, revision`.
fn state_in(columns: &mut Columns<'_>) -> Result<RecipeState, StoreError> {
    let owner = columns.optional_user_id()?;
    let visibility = if columns.get()? { Visibility::Private } else { Visibility::Public };
    Ok(RecipeState { owner, visibility, revision: columns.get()? })
}

/// From the columns of [`state_in`] and `uid, created_at, updated_at`.
fn server_fields_in(columns: &mut Columns<'_>) -> Result<(ServerFields, RecipeState), StoreError> {
    let state = state_in(columns)?;
    let uid = columns.text()?;
    let fields = ServerFields {
        owner: state.owner,
        revision: state.revision,
        uid: Uid::parse(uid).ok_or_else(|| StoreError::Corrupt(format!("the uid {uid}")))?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
    };
    Ok((fields, state))
}
