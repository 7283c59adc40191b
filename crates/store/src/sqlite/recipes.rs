//! Recipes, in SQLite's dialect.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Rows, params};

use super::{Sqlite, cached, execute, find, time_at};
use crate::{
    DEFAULT_PAGE_SIZE, Edit, Editor, Imported, Listing, NewRecipe, Page, Precondition, RecipeTexts,
    ReplaceRecipe, StoreError, StoredRecipe, Viewer,
};
use ::recipes::time::to_microseconds;
use ::recipes::{ContentJson, ImportedHistory, ServerFields, Visibility};
use ids::{RecipeId, Uid, UserId};

/// A page ends early behind this much text: 1,000 recipes may have 256 MiB, and one request must not
/// make us hold them.
const PAGE_BYTES: usize = 4 << 20;

/// Writes.
impl Sqlite {
    pub async fn create_recipe(&self, new: NewRecipe, now: Timestamp) -> Result<StoredRecipe, StoreError> {
        let now = to_microseconds(now);
        let fields =
            ServerFields { owner: new.owner, uid: new.uid, revision: 1, created_at: now, updated_at: now };
        let (text, visibility) = (new.document.finish(&fields), new.visibility);
        let (id, text) = self
            .write_recipe_row(move |db| {
                insert(db, INSERT, &fields, visibility, &text)?;
                Ok((id_in(db.last_insert_rowid())?, text))
            })
            .await?;
        Ok(StoredRecipe { id, revision: fields.revision, updated_at: fields.updated_at, text: text.into() })
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
            updated_at: history.updated_at.map_or(created_at, to_microseconds),
        };
        let (text, visibility) = (new.document.finish(&fields), new.visibility);
        self.write(move |db| {
            if insert(db, INSERT_UNLESS_THERE, &fields, visibility, &text)? == 0 {
                let there = cached(db, "SELECT id FROM recipes WHERE uid = ?1")?
                    .query_row([fields.uid.to_string()], |row| row.get(0))?;
                return Ok(Imported::AlreadyThere(id_in(there)?));
            }
            let id = id_in(db.last_insert_rowid())?;
            let (revision, updated_at) = (fields.revision, fields.updated_at);
            Ok(Imported::Added(StoredRecipe { id, revision, updated_at, text: text.into() }))
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
            let fields = match find_to_edit(db, id, editor, &precondition)? {
                Edit::Done(fields) => fields,
                Edit::NotFound => return Ok(Edit::NotFound),
                Edit::Forbidden => return Ok(Edit::Forbidden),
                Edit::Stale { revision } => return Ok(Edit::Stale { revision }),
            };
            if fields.owner.is_none() && visibility == Visibility::Private && editor != Editor::Admin {
                return Ok(Edit::Forbidden);
            }
            let fields =
                ServerFields { revision: fields.revision.saturating_add(1), updated_at: now, ..fields };
            let text = document.finish(&fields);
            let (user, admin) = who(editor);
            execute(
                db,
                "UPDATE recipes SET document = ?4, private = ?5, revision = ?6, updated_at = ?7
                 WHERE id = ?1 AND (?3 OR owner_id = ?2 OR owner_id IS NULL AND private = 0)",
                params![
                    id.get(),
                    user,
                    admin,
                    text,
                    visibility == Visibility::Private,
                    fields.revision,
                    now.as_microsecond(),
                ],
            )?;
            Ok(Edit::Done(StoredRecipe { id, revision: fields.revision, updated_at: now, text: text.into() }))
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
            let found = find_to_edit(db, id, editor, &precondition)?;
            Ok(match found {
                Edit::Done(_) => {
                    let (user, admin) = who(editor);
                    execute(
                        db,
                        "DELETE FROM recipes
                         WHERE id = ?1 AND (?3 OR owner_id = ?2 OR owner_id IS NULL AND private = 0)",
                        params![id.get(), user, admin],
                    )?;
                    Edit::Done(())
                }
                Edit::NotFound => Edit::NotFound,
                Edit::Forbidden => Edit::Forbidden,
                Edit::Stale { revision } => Edit::Stale { revision },
            })
        })
        .await
    }
}

/// Reads.
impl Sqlite {
    pub fn recipe(&self, id: RecipeId, viewer: Viewer) -> Result<Option<StoredRecipe>, StoreError> {
        self.read(|db| {
            let read = |row: &Row<'_>| {
                let (revision, updated_at) = (row.get(0)?, time_at(row.get(1)?)?);
                Ok(StoredRecipe { id, revision, updated_at, text: text_in(row, 2)?.to_owned() })
            };
            // Most readers are nobody in particular; the simpler question is answered a little faster.
            let public = "SELECT revision, updated_at, document FROM recipes WHERE id = ?1 AND private = 0";
            let visible = "SELECT revision, updated_at, document FROM recipes
                           WHERE id = ?1 AND (private = 0 OR owner_id = ?2 OR ?3)";
            match eyes(viewer) {
                (None, false) => find(db, public, [id.get()], read),
                (user, admin) => find(db, visible, params![id.get(), user, admin], read),
            }
        })
    }

    pub async fn recipes(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
    ) -> Result<Listing<RecipeTexts, RecipeId>, StoreError> {
        if page.limit() > DEFAULT_PAGE_SIZE {
            self.read_at_length(move |db| list(db, page, viewer)).await
        } else {
            self.read(|db| list(db, page, viewer))
        }
    }

    pub async fn recipes_of(
        &self,
        owner: UserId,
        page: Page<RecipeId>,
    ) -> Result<Listing<RecipeTexts, RecipeId>, StoreError> {
        self.read_at_length(move |db| {
            let mut texts = PageReader::new(page);
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
        let (user, _) = eyes(viewer);
        let count: i64 =
            self.read_at_length(move |db| Ok(cached(db, sql)?.query_row([user], |row| row.get(0))?)).await?;
        Ok(count.unsigned_abs())
    }
}

/// What becomes of the recipes of a user who is about to be deleted, see `Store::delete_user`.
pub(super) fn let_go_of_owner(db: &Connection, owner: UserId, now: Timestamp) -> Result<(), StoreError> {
    execute(db, "DELETE FROM recipes WHERE owner_id = ?1 AND private = 1", [owner.get()])?;
    let mut next = cached(
        db,
        "SELECT owner_id, uid, revision, created_at, updated_at, id, document FROM recipes
         WHERE owner_id = ?1 AND private = 0 LIMIT 1",
    )?;
    let mut read = || {
        let read =
            |row: &Row<'_>| Ok((server_fields_in(row), row.get::<_, i64>(5)?, row.get::<_, String>(6)?));
        next.query_row([owner.get()], read).optional()
    };
    while let Some((fields, id, text)) = read()? {
        let fields = fields?;
        let document = ContentJson::from_stored(text, &fields).ok_or_else(|| {
            StoreError::Corrupt(format!("the text of recipe {id} does not fit its columns"))
        })?;
        let fields = ServerFields {
            owner: None,
            revision: fields.revision.saturating_add(1),
            updated_at: now,
            ..fields
        };
        execute(
            db,
            "UPDATE recipes SET owner_id = NULL, document = ?2, revision = ?3, updated_at = ?4 WHERE id = ?1",
            params![id, document.finish(&fields), fields.revision, now.as_microsecond()],
        )?;
    }
    Ok(())
}

const INSERT: &str =
    "INSERT INTO recipes (uid, owner_id, private, revision, created_at, updated_at, document)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const INSERT_UNLESS_THERE: &str =
    "INSERT INTO recipes (uid, owner_id, private, revision, created_at, updated_at, document)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (uid) DO NOTHING";

fn insert(
    db: &Connection,
    sql: &str,
    fields: &ServerFields,
    visibility: Visibility,
    text: &str,
) -> Result<usize, StoreError> {
    execute(
        db,
        sql,
        params![
            fields.uid.to_string(),
            fields.owner.map(UserId::get),
            visibility == Visibility::Private,
            fields.revision,
            fields.created_at.as_microsecond(),
            fields.updated_at.as_microsecond(),
            text,
        ],
    )
}

/// The recipe's fields if this editor may change it now; else why not.
fn find_to_edit(
    db: &Connection,
    id: RecipeId,
    editor: Editor,
    precondition: &Precondition,
) -> Result<Edit<ServerFields>, StoreError> {
    let (user, admin) = who(editor);
    let theirs = cached(
        db,
        "SELECT owner_id, uid, revision, created_at, updated_at FROM recipes
         WHERE id = ?1 AND (?3 OR owner_id = ?2 OR owner_id IS NULL AND private = 0)",
    )?
    .query_row(params![id.get(), user, admin], |row| Ok(server_fields_in(row)))
    .optional()?;
    let Some(fields) = theirs else {
        let visible = "SELECT 1 FROM recipes WHERE id = ?1 AND private = 0";
        let visible = cached(db, visible)?.exists([id.get()])?;
        return Ok(if visible { Edit::Forbidden } else { Edit::NotFound });
    };
    let fields = fields?;
    Ok(if precondition.holds(fields.revision) {
        Edit::Done(fields)
    } else {
        Edit::Stale { revision: fields.revision }
    })
}

/// One pass over the table itself where recipes lie side by side, as they nearly always do. Where
/// private ones or deleted ones leave wide gaps it would step over all of them, for every reader; so it
/// stops at twice the page, and the rest of the page comes by index.
fn list(
    db: &Connection,
    page: Page<RecipeId>,
    viewer: Viewer,
) -> Result<Listing<RecipeTexts, RecipeId>, StoreError> {
    let (user, admin) = eyes(viewer);
    let after = page.after().map_or(0, RecipeId::get);
    let limit = i64::from(page.limit());
    let mut texts = PageReader::new(page);

    let near = if admin { i64::MAX } else { after.saturating_add(2 * limit) };
    let mut statement = cached(
        db,
        "SELECT id, document FROM recipes NOT INDEXED
         WHERE id > ?1 AND id <= ?2 AND (private = 0 OR owner_id = ?3 OR ?4) ORDER BY id",
    )?;
    texts.read(statement.query(params![after, near, user, admin])?)?;
    if !texts.more && !admin {
        let mut statement = cached(
            db,
            "SELECT recipes.id, document
             FROM (SELECT id FROM recipes WHERE private = 0 AND id > ?1
                   UNION ALL
                   SELECT id FROM recipes WHERE owner_id = ?2 AND private = 1 AND id > ?1
                   ORDER BY id LIMIT ?3) AS visible
             CROSS JOIN recipes ON recipes.id = visible.id",
        )?;
        texts.read(statement.query(params![near, user, page.rows_to_read()])?)?;
    }
    Ok(texts.listing())
}

/// Reads the texts of a page.
struct PageReader {
    texts: RecipeTexts,
    limit: usize,
    /// There was a row beyond the page.
    more: bool,
}

impl PageReader {
    fn new(page: Page<RecipeId>) -> Self {
        let limit = usize::from(page.limit());
        // Everyday recipes have about a kilobyte; a buffer that grows copies them all.
        let rows = limit.min(usize::from(DEFAULT_PAGE_SIZE));
        Self { texts: RecipeTexts::with_capacity(rows, rows << 10), limit, more: false }
    }

    fn listing(self) -> Listing<RecipeTexts, RecipeId> {
        Listing { next: self.texts.last().filter(|_| self.more), rows: self.texts }
    }

    fn read(&mut self, mut rows: Rows<'_>) -> Result<(), StoreError> {
        while let Some(row) = rows.next()? {
            if self.texts.len() == self.limit || self.texts.json_len() >= PAGE_BYTES {
                self.more = true;
                return Ok(());
            }
            self.texts.push(id_in(row.get(0)?)?, text_in(row, 1)?);
        }
        Ok(())
    }
}

/// Which user looks, and whether it is an admin. NULL is nobody's id, so `owner_id = NULL` never holds.
fn eyes(viewer: Viewer) -> (Option<i64>, bool) {
    match viewer {
        Viewer::Anyone => (None, false),
        Viewer::User(id) => (Some(id.get()), false),
        Viewer::Admin => (None, true),
    }
}

fn who(editor: Editor) -> (Option<i64>, bool) {
    match editor {
        Editor::User(id) => (Some(id.get()), false),
        Editor::Admin => (None, true),
    }
}

/// From `owner_id, uid, revision, created_at, updated_at`.
fn server_fields_in(row: &Row<'_>) -> Result<ServerFields, StoreError> {
    let uid: String = row.get(1)?;
    Ok(ServerFields {
        owner: row.get::<_, Option<i64>>(0)?.and_then(UserId::from_i64),
        uid: Uid::parse(&uid).ok_or_else(|| StoreError::Corrupt(format!("the uid {uid}")))?,
        revision: row.get(2)?,
        created_at: time_at(row.get(3)?)?,
        updated_at: time_at(row.get(4)?)?,
    })
}

fn text_in<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], StoreError> {
    Ok(row.get_ref(column)?.as_bytes().map_err(rusqlite::Error::from)?)
}

fn id_in(number: i64) -> Result<RecipeId, StoreError> {
    RecipeId::from_i64(number).ok_or_else(|| StoreError::Corrupt(format!("the recipe id {number}")))
}
