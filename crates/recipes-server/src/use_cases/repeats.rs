//! Requests that clients may repeat with the same key (`Idempotency-Key`): each is carried out once, and its answer is remembered
//! for a day.
//!
//! The answer is written in the transaction of the effect. It may contain a secret that the database has only as a digest, so it
//! is sealed with a key that is derived from `JWT_SECRET`, the user and the client's key, of which the database has a digest, too.

use std::sync::{Arc, OnceLock};

use accounts::audit::Actor;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ids::UserId;
use store::{IdempotencyKey, OnceWrite, Store, StoreError};

use super::Dependencies;
use crate::auth::token_keys::TokenKeys;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::sealing::SealingKey;

/// The use cases of repeated requests.
pub struct Repeats {
    store: Store,
    secrets: TokenKeys,
    clock: Clock,
    entropy: Entropy,
}

/// Why a request with a key failed.
#[derive(Debug, thiserror::Error)]
pub enum RepeatError {
    /// `JWT_SECRET` was changed since.
    #[error(
        "A former request with this Idempotency-Key was carried out, but its answer cannot be read any more: see what there is, and \
         use a new key for another request"
    )]
    AnswerLost,
    #[error("JWT_SECRET has no bytes")]
    NoSecret,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What becomes of a request with a key.
pub enum Begun {
    /// It was carried out before, with this answer.
    Replayed(Vec<u8>),
    New(Repeat),
}

/// A request with a key that was not carried out yet, unless another one does it at the same time.
pub struct Repeat {
    key: IdempotencyKey,
    sealing: Arc<Sealing>,
    former: Arc<OnceLock<String>>,
}

/// Seals and opens the answer of one key.
struct Sealing {
    keys: Vec<SealingKey>,
    entropy: Entropy,
}

/// The name of sealed answers.
const NAME: &str = "answer";

impl Repeats {
    pub fn new(with: &Dependencies) -> Self {
        let secrets = with.issuer.keys().clone();
        Self { store: with.store.clone(), secrets, clock: with.clock.clone(), entropy: with.entropy.clone() }
    }

    /// `request` is what the client wants, with its body.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] for actors that are not users, [`StoreError::IdempotencyKeyReused`], [`RepeatError::AnswerLost`].
    pub async fn begin(&self, actor: Actor, key: &str, request: &[u8]) -> Result<Begun, RepeatError> {
        let user = actor.user.ok_or(StoreError::ActorRevoked)?;
        // An API token must not learn a secret that only a session may make. The client's key is unknown to readers of the
        // database, so they cannot find out the request by trying.
        let credential = if actor.session.is_some() { "session" } else { "token" };
        let content = [key.as_bytes(), b"\0", credential.as_bytes(), b"\0", request].concat();
        let sealing = self.sealing(user, key)?;
        let key = IdempotencyKey::new(key, &content);
        if let Some(answer) = self.store.answer_of(user, &key, self.clock.now()).await? {
            return Ok(Begun::Replayed(sealing.open(&answer)?));
        }
        Ok(Begun::New(Repeat { key, sealing: Arc::new(sealing), former: Arc::default() }))
    }

    fn sealing(&self, user: UserId, key: &str) -> Result<Sealing, RepeatError> {
        let purpose = format!("recipes answer of a request\0{user}\0{key}");
        let secrets = [Some(self.secrets.current()), self.secrets.previous()];
        let mut keys = Vec::with_capacity(2);
        for secret in secrets.into_iter().flatten() {
            let secret = SealingKey::of_secret(secret).ok_or(RepeatError::NoSecret)?;
            let derived = secret.derive(purpose.as_bytes()).map_err(|_| RepeatError::NoSecret)?;
            keys.push(SealingKey::new(*derived));
        }
        Ok(Sealing { keys, entropy: self.entropy.clone() })
    }
}

impl Repeat {
    /// For the use case that carries the request out. `answer` makes the answer of its outcome.
    pub fn once<O: 'static>(
        &self,
        answer: impl Fn(&O) -> Result<Vec<u8>, StoreError> + Send + Sync + 'static,
    ) -> Once<O> {
        let sealing = Arc::clone(&self.sealing);
        Once {
            key: self.key,
            answer: Box::new(move |outcome: &O| sealing.seal(&answer(outcome)?)),
            former: Arc::clone(&self.former),
        }
    }

    /// The answer of a former request that was carried out at the same time.
    ///
    /// # Errors
    /// [`RepeatError::AnswerLost`].
    pub fn former(&self) -> Result<Option<Vec<u8>>, RepeatError> {
        self.former.get().map(|answer| self.sealing.open(answer)).transpose()
    }
}

impl Sealing {
    fn seal(&self, answer: &[u8]) -> Result<String, StoreError> {
        let failed = || StoreError::Bug("an answer cannot be sealed".to_owned());
        // The answer may be made several times, each with other ids.
        let nonce = self.entropy.bytes();
        let sealed = self.keys.first().ok_or_else(failed)?.seal(NAME, answer, nonce).map_err(|_| failed())?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    fn open(&self, answer: &str) -> Result<Vec<u8>, RepeatError> {
        let sealed = URL_SAFE_NO_PAD.decode(answer).map_err(|_| RepeatError::AnswerLost)?;
        let opened = self.keys.iter().find_map(|key| key.open(NAME, &sealed).ok());
        Ok(opened.ok_or(RepeatError::AnswerLost)?.to_vec())
    }
}

/// The sealed answer of an outcome.
type SealedAnswer<O> = dyn Fn(&O) -> Result<String, StoreError> + Send + Sync;

/// A use case that is to be carried out once. `O` is its outcome.
pub struct Once<O> {
    key: IdempotencyKey,
    answer: Box<SealedAnswer<O>>,
    former: Arc<OnceLock<String>>,
}

impl<O: 'static> Once<O> {
    /// The store for the one write of a use case, which may be one that is carried out once. `outcome` makes the outcome of what
    /// the store answers; `None` if nothing was done.
    pub fn store<T: 'static>(
        once: Option<Self>,
        store: &Store,
        outcome: impl Fn(&T) -> Option<O> + Send + Sync + 'static,
    ) -> Store {
        let Some(Self { key, answer, former }) = once else { return store.clone() };
        let answer = move |done: &T| outcome(done).map(|outcome| answer(&outcome)).transpose();
        store.once(OnceWrite::new(key, answer, former))
    }
}
