//! bcrypt, the format of the original API's passwords: `$2b$10$`, 22 characters of salt, 31 of hash.

use accounts::PasswordHash;
use base64::Engine as _;
use bcrypt::{BASE_64, HashParts, Version};

use super::error::HashError;
use crate::entropy::Entropy;

/// bcrypt's key schedule takes 18 words of 4 bytes.
const MAX_BYTES: usize = 72;

/// The limit for the cost of a stored hash: an imported hash must not block a thread for long. Each step doubles the
/// time; 14 is about a second.
const MAX_COST: u32 = 14;

/// The lowest cost that bcrypt has.
const MIN_COST: u32 = 4;

/// Refuses passwords of which bcrypt would ignore a part. A NUL ends the password in implementations in C, and in all
/// implementations `a`, NUL, `a` has the hash of `a`, because the key is repeated with a NUL between.
pub(super) fn can_hash(password: &str) -> Result<(), HashError> {
    if password.len() > MAX_BYTES {
        return Err(HashError::TooLong { max: MAX_BYTES });
    }
    if password.contains('\0') {
        return Err(HashError::Nul);
    }
    Ok(())
}

pub(super) fn hash(password: &str, salt: [u8; 16], cost: u32) -> Result<PasswordHash, HashError> {
    can_hash(password)?;
    // The crate's `non_truncating_hash` counts the terminating NUL and therefore refuses 72 bytes, which fit.
    let hash = bcrypt::hash_with_salt(password, cost, salt);
    let hash = hash.map_err(|_| HashError::Failed("bcrypt refused its parameters"))?;
    text(&hash).ok_or(HashError::Failed("a fresh bcrypt hash was not recognized"))
}

/// A random hash of this cost: no password matches it.
pub(super) fn random_hash(cost: u32, entropy: &Entropy) -> Result<PasswordHash, &'static str> {
    let (salt, hash) = (BASE_64.encode(entropy.bytes::<16>()), BASE_64.encode(entropy.bytes::<23>()));
    PasswordHash::parse(&format!("$2b${cost:02}${salt}{hash}"))
        .ok_or("the dummy bcrypt hash was not recognized")
}

fn text(hash: &HashParts) -> Option<PasswordHash> {
    PasswordHash::parse(&hash.format_for_version(Version::TwoB))
}

pub(super) struct Stored {
    cost: u32,
    hash: PasswordHash,
}

impl Stored {
    pub(super) fn read(hash: &PasswordHash) -> Result<Self, &'static str> {
        let parts: HashParts = hash.as_str().parse().map_err(|_| "its scheme is unknown")?;
        if parts.get_cost() > MAX_COST {
            return Err("its bcrypt cost is too high");
        }
        if parts.get_cost() < MIN_COST {
            return Err("its bcrypt cost is below 4, which bcrypt does not have");
        }
        Ok(Self { cost: parts.get_cost(), hash: hash.clone() })
    }

    /// Reads the first 72 bytes of the password, as Node's bcrypt does: users who signed up there with a longer password
    /// must be able to log in here.
    pub(super) fn matches(&self, password: &str) -> Result<bool, HashError> {
        let matches = bcrypt::verify(password, self.hash.as_str());
        matches.map_err(|_| HashError::Failed("bcrypt refused a hash that it had read"))
    }

    pub(super) fn is_weaker_than(&self, cost: u32) -> bool {
        self.cost < cost
    }
}
