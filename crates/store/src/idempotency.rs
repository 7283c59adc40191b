//! Keys with which clients repeat their requests, in either kind of database.
//!
//! A row of `idempotency_keys` has the answer of the request as its document. For a recipe that is the recipe, and `recipe_id`
//! is its id. For all others `recipe_id` is 0, and the answer is a text of the caller's, which need not be readable here.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest::{Context as Hasher, SHA256};
use ids::{RecipeId, UserId};
use jiff::{SignedDuration, Timestamp};

use crate::ratings::Ratings;
use crate::{Context, NewRecipe, Store, StoreError, StoredRecipe};

/// How long a key is remembered.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Keys that one call of [`Store::trim_idempotency_keys`] deletes at most.
pub(crate) const TRIMMED: i64 = 256;

/// The digests of a client's key and of what it creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    pub(crate) digest: [u8; 32],
    pub(crate) fingerprint: [u8; 32],
}

impl IdempotencyKey {
    /// `content` is what the client wants to have done.
    pub fn new(key: &str, content: &[u8]) -> Self {
        Self { digest: sha256(key.as_bytes()), fingerprint: sha256(content) }
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hasher = Hasher::new(&SHA256);
    hasher.update(bytes);
    let mut digest = [0; 32];
    digest.copy_from_slice(hasher.finish().as_ref());
    digest
}

/// What became of a creation with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Once<T> {
    Created(T),
    /// The same was created with this key before. This is how it was then.
    Replayed(T),
    /// Something else was created with this key.
    OtherContent,
}

/// The stored values of a key.
pub(crate) struct Remembered {
    pub(crate) fingerprint: [u8; 32],
    pub(crate) at: Timestamp,
    /// [`NO_RECIPE`] for an answer that is no recipe.
    pub(crate) recipe: i64,
    pub(crate) text: Vec<u8>,
}

/// Ids of recipes begin with 1.
pub(crate) const NO_RECIPE: i64 = 0;

impl Remembered {
    /// The answer to the request with this key.
    pub(crate) fn replay(self, key: &IdempotencyKey) -> Result<Once<StoredRecipe>, StoreError> {
        let Self { fingerprint, at, recipe, text } = self;
        if fingerprint != key.fingerprint {
            return Ok(Once::OtherContent);
        }
        let id = RecipeId::from_i64(recipe);
        let id = id.ok_or_else(|| StoreError::Corrupt(format!("the recipe id {recipe}")))?;
        Ok(Once::Replayed(StoredRecipe {
            id,
            revision: 1,
            updated_at: at,
            text,
            ratings: Ratings::default(),
        }))
    }

    /// The answer to a request that has created no recipe.
    pub(crate) fn answer(self, key: &IdempotencyKey) -> Result<String, StoreError> {
        if self.fingerprint != key.fingerprint {
            return Err(StoreError::IdempotencyKeyReused);
        }
        String::from_utf8(self.text).map_err(|why| StoreError::Corrupt(why.to_string()))
    }
}

/// A new row.
pub(crate) struct NewAnswer<'a> {
    pub(crate) at: Timestamp,
    pub(crate) recipe: i64,
    pub(crate) text: &'a str,
}

/// The answer of a write that is done once, of the value that the write answers. `None`: it has done nothing.
type Answer = dyn Fn(&dyn Any) -> Result<Option<String>, StoreError> + Send + Sync;

/// A write that is done once for its key, and the values that are stored with it.
pub struct OnceWrite {
    pub(crate) key: IdempotencyKey,
    answer: Box<Answer>,
    former: Arc<OnceLock<String>>,
}

impl OnceWrite {
    /// `answer` is called in the transaction, perhaps several times, with what the method of the store answers. `former` is set
    /// if there is an answer already.
    pub fn new<T: 'static>(
        key: IdempotencyKey,
        answer: impl Fn(&T) -> Result<Option<String>, StoreError> + Send + Sync + 'static,
        former: Arc<OnceLock<String>>,
    ) -> Self {
        let answer = move |done: &dyn Any| match done.downcast_ref::<T>() {
            Some(done) => answer(done),
            None => Err(StoreError::Bug("an answer is for another write".to_owned())),
        };
        Self { key, answer: Box::new(answer), former }
    }

    pub(crate) fn answer(&self, done: &dyn Any) -> Result<Option<String>, StoreError> {
        (self.answer)(done)
    }

    /// The error that ends a write that was done before.
    pub(crate) fn replay(&self, remembered: Remembered) -> StoreError {
        match remembered.answer(&self.key) {
            Ok(answer) => {
                let _ = self.former.set(answer);
                StoreError::Replayed
            }
            Err(why) => why,
        }
    }
}

impl fmt::Debug for OnceWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnceWrite(..)")
    }
}

/// A key of this time or before is forgotten.
pub(crate) fn forgotten(now: Timestamp) -> Timestamp {
    now.checked_sub(LIFETIME).unwrap_or(Timestamp::MIN)
}

/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
impl Store {
    /// A handle whose next write of a user is done once: unless the user has used the key in the last 24 hours. Key, answer and
    /// effect are committed together: of several requests with one key, also on different servers and after a crash, exactly
    /// one has an effect. The others end with [`StoreError::Replayed`], or with [`StoreError::IdempotencyKeyReused`] if they
    /// want something else. [`create_recipe`](Self::create_recipe) has a way of its own: [`create_recipe_once`](Self::create_recipe_once).
    #[must_use]
    pub fn once(&self, write: OnceWrite) -> Self {
        match self {
            Self::Sqlite(db) => Self::Sqlite(db.once(write)),
            Self::Postgres(db) => Self::Postgres(db.once(write)),
        }
    }

    /// The answer of a former request of this user with the key.
    ///
    /// # Errors
    /// [`StoreError::IdempotencyKeyReused`] if that request was another one.
    pub async fn answer_of(
        &self,
        user: UserId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let remembered = match self {
            Self::Sqlite(db) => db.remembered(user, key, now)?,
            Self::Postgres(db) => db.remembered(user, key, now).await?,
        };
        remembered.map(|remembered| remembered.answer(key)).transpose()
    }

    /// Creates a recipe, unless the actor has used the key in the last 24 hours. Key and recipe are committed together: of several
    /// requests with one key, also on different servers and after a crash, exactly one creates a recipe.
    ///
    /// # Errors
    /// As [`create_recipe`](Self::create_recipe).
    pub async fn create_recipe_once(
        &self,
        new: NewRecipe,
        key: IdempotencyKey,
        context: Context,
    ) -> Result<Once<StoredRecipe>, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_recipe_once(new, key, context).await,
            Self::Postgres(db) => db.create_recipe_once(new, key, context).await,
        }
    }

    /// Deletes some of the keys that are forgotten; says how many.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn trim_idempotency_keys(&self, now: Timestamp) -> Result<usize, StoreError> {
        match self {
            Self::Sqlite(db) => db.trim_idempotency_keys(now).await,
            Self::Postgres(db) => db.trim_idempotency_keys(now).await,
        }
    }
}
