//! Passwords are hashed on threads of their own, so that nobody who reads a recipe waits for somebody who logs in.

pub mod policy;

mod argon2id;
mod bcrypt;
mod workers;

use std::{io, num::NonZero, sync::Arc, time::Duration};

use crate::entropy::Entropy;
use accounts::PasswordHash;
use secrecy::{ExposeSecret, SecretString};

use self::workers::{Memory, WAITING, Workers};

/// How new hashes are made. Hashes of every known scheme verify, whichever is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Argon2id,
    Bcrypt { cost: u32 },
}

/// What became of a password that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, and its hash is of another scheme than the current one or weaker: replace it while the password is at hand.
    RightButOutdated,
}

/// Why a password could be neither hashed nor checked. None of these says whether it is right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    #[error("too many passwords are waiting to be hashed; try again in {} s", retry_after.as_secs())]
    Overloaded { retry_after: Duration },
    #[error("must be at most {max} bytes: bcrypt, which this server is set to, would ignore the rest")]
    TooLong { max: usize },
    #[error("must not contain the character NUL: to bcrypt it is the end of the password")]
    Nul,
    #[error("hashing failed: {0}")]
    Failed(&'static str),
}

/// Hashes and verifies passwords. Clones share the threads, which end with the last clone.
#[derive(Clone)]
pub struct Passwords(Arc<Shared>);

struct Shared {
    scheme: Scheme,
    entropy: Entropy,
    workers: Workers,
    /// Checked in the place of a hash that is not there. Nothing was ever hashed to it, so that no password fits and
    /// starting costs nothing, but checking it is the same work as checking a hash of the current parameters.
    dummy: PasswordHash,
}

impl Passwords {
    /// Starts a hashing thread for each core.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(scheme: Scheme, entropy: &Entropy) -> io::Result<Self> {
        Self::of(scheme, entropy, std::thread::available_parallelism()?, WAITING)
    }

    /// With so many threads, and room for so many who wait.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn of(
        scheme: Scheme,
        entropy: &Entropy,
        threads: NonZero<usize>,
        waiting: NonZero<usize>,
    ) -> io::Result<Self> {
        let dummy = match scheme {
            Scheme::Argon2id => argon2id::unmatched(entropy),
            Scheme::Bcrypt { cost } => bcrypt::unmatched(cost, entropy),
        };
        let dummy = dummy.map_err(io::Error::other)?;
        let workers = Workers::start(threads, waiting)?;
        Ok(Self(Arc::new(Shared { scheme, entropy: entropy.clone(), workers, dummy })))
    }

    /// A hash of this password, of the current scheme.
    ///
    /// # Errors
    /// [`HashError::Overloaded`], and with bcrypt [`HashError::TooLong`] and [`HashError::Nul`] instead of a hash of
    /// only a part of the password.
    pub async fn hash(&self, password: SecretString) -> Result<PasswordHash, HashError> {
        let Shared { scheme, ref entropy, ref workers, .. } = *self.0;
        scheme.can_hash(password.expose_secret())?;
        let salt = entropy.bytes();
        let hash = move |memory: &mut Memory| match scheme {
            Scheme::Argon2id => argon2id::hash(password.expose_secret(), salt, memory),
            Scheme::Bcrypt { cost } => bcrypt::hash(password.expose_secret(), salt, cost),
        };
        workers.run(hash).await?
    }

    /// Whether this password is the one that was `stored`. Without one it never is, and finding out takes as long.
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
            let password = password.expose_secret();
            let Some(stored) = stored.as_ref().and_then(usable) else {
                if let Ok(dummy) = Stored::read(&shared.dummy) {
                    dummy.matches(password, memory)?;
                }
                return Ok(Verdict::Wrong);
            };
            if !stored.matches(password, memory)? {
                return Ok(Verdict::Wrong);
            }
            // An imported bcrypt hash of a longer password must not be "replaced" by an error.
            let outdated = stored.is_outdated(shared.scheme) && shared.scheme.can_hash(password).is_ok();
            Ok(if outdated { Verdict::RightButOutdated } else { Verdict::Right })
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

/// A hash as the database has it, taken apart and found to be affordable.
enum Stored {
    Argon2id(argon2id::Stored),
    Bcrypt(bcrypt::Stored),
}

fn usable(hash: &PasswordHash) -> Option<Stored> {
    let stored = Stored::read(hash);
    stored.inspect_err(|reason| tracing::warn!(reason, "A stored password hash was refused")).ok()
}

impl Stored {
    /// The error is for the operator and holds nothing of the hash.
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
