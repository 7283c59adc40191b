//! Hashes and verifies passwords, on threads of their own: reading a recipe never waits for a log-in.

pub mod policy;

mod argon2id;
mod bcrypt;
mod error;
mod normalize;
mod places;

use std::{io, num::NonZero, sync::Arc};

use accounts::PasswordHash;
use secrecy::{ExposeSecret, SecretString};

use self::argon2id::Memory;
pub use self::error::HashError;
use self::normalize::normalized;
use self::places::Places;
use crate::entropy::Entropy;
use crate::telemetry::waits;
use crate::worker_pool::{Kind, Workers};

/// Length of the queue: at 13 ms a hash, 7 s on two cores. 500 simultaneous sign-ups all succeed.
const QUEUE: NonZero<usize> = NonZero::new(1_024).unwrap();

const WORKERS: Kind = Kind {
    thread: "passwords",
    durations: "recipes_password_duration_seconds",
    refusals: "recipes_password_refusals_total",
    waited: waits::for_password,
};

/// The scheme of new hashes. Hashes of both schemes verify, whichever is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Argon2id,
    Bcrypt { cost: u32 },
}

/// The result of verifying a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, but the hash has another scheme than the current one or weaker parameters: replace it now, while the
    /// password is known.
    RightButOutdated,
}

/// Hashes and verifies passwords. Clones share the threads, which end with the last clone.
#[derive(Clone)]
pub struct Passwords(Arc<Shared>);

struct Shared {
    scheme: Scheme,
    entropy: Entropy,
    workers: Workers<Memory>,
    places: Places,
    /// Verified where an account has no hash, so that the response takes as long. It is random: no password matches, and
    /// making it costs nothing.
    dummy: PasswordHash,
}

impl Passwords {
    /// Starts a hashing thread for each core.
    ///
    /// # Errors
    /// When the system refuses to start a thread.
    pub fn start(scheme: Scheme, entropy: &Entropy) -> io::Result<Self> {
        Self::with_threads(scheme, entropy, std::thread::available_parallelism()?, QUEUE)
    }

    /// Starts this many threads with a queue of this length.
    ///
    /// # Errors
    /// When the system refuses to start a thread.
    pub fn with_threads(
        scheme: Scheme,
        entropy: &Entropy,
        threads: NonZero<usize>,
        queue: NonZero<usize>,
    ) -> io::Result<Self> {
        let dummy = match scheme {
            Scheme::Argon2id => argon2id::random_hash(entropy),
            Scheme::Bcrypt { cost } => bcrypt::random_hash(cost, entropy),
        };
        let dummy = dummy.map_err(io::Error::other)?;
        let (workers, places) = (Workers::start(WORKERS, threads, queue)?, Places::new(threads.get()));
        Ok(Self(Arc::new(Shared { scheme, entropy: entropy.clone(), workers, places, dummy })))
    }

    /// The number of passwords that wait for a thread.
    pub fn waiting(&self) -> usize {
        self.0.workers.waiting()
    }

    /// Hashes a password with the current scheme.
    ///
    /// # Errors
    /// [`HashError::Overloaded`]; with bcrypt also [`HashError::TooLong`] and [`HashError::Nul`], because bcrypt would
    /// hash only a part of such a password.
    pub async fn hash(&self, password: SecretString) -> Result<PasswordHash, HashError> {
        let shared = Arc::clone(&self.0);
        let normal = normalized(password.expose_secret());
        shared.scheme.can_hash(normal.as_deref().map_or(password.expose_secret(), String::as_str))?;
        let salt = shared.entropy.bytes();
        let hash = move |memory: &mut Memory| {
            let password = normal.as_deref().map_or(password.expose_secret(), String::as_str);
            let _place = shared.places.take(1);
            match shared.scheme {
                Scheme::Argon2id => argon2id::hash(password, salt, memory),
                Scheme::Bcrypt { cost } => bcrypt::hash(password, salt, cost),
            }
        };
        self.0.workers.run(hash).await?
    }

    /// Verifies a password against the stored hash. Without a stored hash the verdict is `Wrong`, after the same work.
    ///
    /// The password is normalized first. A hash of the form as it was typed, which earlier versions and other programs made,
    /// is right, too, and outdated.
    ///
    /// # Errors
    /// [`HashError::Overloaded`].
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        let shared = Arc::clone(&self.0);
        let verify = move |memory: &mut Memory| {
            let typed = password.expose_secret();
            let normal = normalized(typed);
            let normal = normal.as_deref().map_or(typed, String::as_str);
            let usable = stored.as_ref().and_then(usable);
            let is_usable = usable.is_some();
            let Some(stored) = usable.or_else(|| Stored::read(&shared.dummy).ok()) else {
                return Ok(Verdict::Wrong);
            };
            let _places = shared.places.take(stored.places());
            let is_right = stored.matches(normal, memory)?;
            let is_right_as_typed = !is_right && typed != normal && stored.matches(typed, memory)?;
            if !is_usable || !(is_right || is_right_as_typed) {
                return Ok(Verdict::Wrong);
            }
            // An imported bcrypt hash may belong to a password that is too long to be hashed again: keep it.
            let is_outdated = (is_right_as_typed || stored.is_outdated(shared.scheme))
                && shared.scheme.can_hash(normal).is_ok();
            Ok(if is_outdated { Verdict::RightButOutdated } else { Verdict::Right })
        };
        self.0.workers.run(verify).await?
    }
}

impl Scheme {
    fn can_hash(self, password: &str) -> Result<(), HashError> {
        match self {
            Self::Argon2id => Ok(()),
            Self::Bcrypt { .. } => bcrypt::can_hash(password),
        }
    }
}

/// Whether a hash that another program made can be verified here.
///
/// # Errors
/// Why not, a phrase that follows "cannot be used".
pub fn check_usable(hash: &PasswordHash) -> Result<(), &'static str> {
    Stored::read(hash).map(drop)
}

/// A parsed hash from the database whose parameters are within our limits.
enum Stored {
    Argon2id(argon2id::Stored),
    Bcrypt(bcrypt::Stored),
}

fn usable(hash: &PasswordHash) -> Option<Stored> {
    let stored = Stored::read(hash);
    stored.inspect_err(|reason| tracing::warn!(reason, "A stored password hash was refused")).ok()
}

impl Stored {
    /// The error is for the log and contains no part of the hash.
    fn read(hash: &PasswordHash) -> Result<Self, &'static str> {
        if hash.as_str().starts_with("$argon2id$") {
            argon2id::Stored::read(hash.as_str()).map(Self::Argon2id)
        } else {
            bcrypt::Stored::read(hash).map(Self::Bcrypt)
        }
    }

    fn matches(&self, password: &str, memory: &mut Memory) -> Result<bool, HashError> {
        match self {
            Self::Argon2id(stored) => stored.matches(password, memory),
            Self::Bcrypt(stored) => stored.matches(password),
        }
    }

    /// How many places its verification takes.
    fn places(&self) -> usize {
        match self {
            Self::Argon2id(stored) => stored.places(),
            Self::Bcrypt(_) => 1,
        }
    }

    fn is_outdated(&self, current: Scheme) -> bool {
        match (self, current) {
            (Self::Argon2id(stored), Scheme::Argon2id) => stored.is_weaker_than_current(),
            (Self::Bcrypt(stored), Scheme::Bcrypt { cost }) => stored.is_weaker_than(cost),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests;
