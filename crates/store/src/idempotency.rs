//! Keys with which clients repeat the creation of a recipe, in either kind of database.

use aws_lc_rs::digest::{Context as Hasher, SHA256};
use ids::RecipeId;
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
    /// `content` is what the client wants to create.
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

/// What is remembered of a key.
pub(crate) struct Remembered {
    pub(crate) fingerprint: [u8; 32],
    pub(crate) created_at: Timestamp,
    pub(crate) recipe: RecipeId,
    pub(crate) text: Vec<u8>,
}

impl Remembered {
    /// The answer to the request with this key.
    pub(crate) fn replay(self, key: &IdempotencyKey) -> Once<StoredRecipe> {
        let Self { fingerprint, created_at, recipe, text } = self;
        if fingerprint != key.fingerprint {
            return Once::OtherContent;
        }
        let ratings = Ratings::default();
        Once::Replayed(StoredRecipe { id: recipe, revision: 1, updated_at: created_at, text, ratings })
    }
}

/// A key of this time or before is forgotten.
pub(crate) fn forgotten(now: Timestamp) -> Timestamp {
    now.checked_sub(LIFETIME).unwrap_or(Timestamp::MIN)
}

/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
impl Store {
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
