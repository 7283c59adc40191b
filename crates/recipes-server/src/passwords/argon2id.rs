//! Argon2id (RFC 9106), in PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.

use crate::entropy::Entropy;
use accounts::PasswordHash;
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Params, Version,
    password_hash::phc::{self, Output, Salt},
};

use super::{HashError, workers::Memory};

/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
const CURRENT: Params = match Params::new(19 * 1024, 2, 1, Some(OUTPUT)) {
    Ok(params) => params,
    Err(_) => Params::DEFAULT,
};
const OUTPUT: usize = 32;

/// What other programs use by default (PHP, argon2-cffi, node-argon2: 64 MiB, 3 or 4 passes, 1 to 4 lanes) and no more:
/// whoever can write a hash into the database must not be able to stop the service with it.
const MAX_MEMORY_KIB: u32 = 64 * 1024;
const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 16;

/// The blocks that a hash of the current parameters fills.
pub(super) const BLOCKS: usize = CURRENT.block_count();

pub(super) fn hash(password: &str, salt: [u8; 16], memory: &mut Memory) -> Result<PasswordHash, HashError> {
    let mut output = [0; OUTPUT];
    memory.fill(&context(Version::V0x13, CURRENT), password.as_bytes(), &salt, &mut output)?;
    text(salt, &output).map_err(HashError::Failed)
}

/// A hash of the current parameters that no password has.
pub(super) fn unmatched(entropy: &Entropy) -> Result<PasswordHash, &'static str> {
    text(entropy.bytes(), &entropy.bytes::<OUTPUT>())
}

fn text(salt: [u8; 16], output: &[u8; OUTPUT]) -> Result<PasswordHash, &'static str> {
    let hash = phc::PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: CURRENT.try_into().map_err(|_| "the Argon2 parameters have no text")?,
        salt: Some(Salt::new(&salt).map_err(|_| "the salt is too short")?),
        hash: Some(Output::new(output).map_err(|_| "the output is too short")?),
    };
    PasswordHash::parse(&hash.to_string()).ok_or("a fresh Argon2 hash was not recognized")
}

fn context(version: Version, params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, version, params)
}

pub(super) struct Stored {
    version: Version,
    params: Params,
    salt: Salt,
    output: Output,
}

impl Stored {
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        let hash = phc::PasswordHash::new(text).map_err(|_| "it is no PHC string")?;
        let params = Params::try_from(&hash).map_err(|_| "its parameters are not Argon2's")?;
        if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES || params.p_cost() > MAX_LANES {
            return Err("its parameters would cost too much");
        }
        let version = hash.version.unwrap_or(Version::V0x10.into());
        let version = Version::try_from(version).map_err(|_| "its Argon2 version is unknown")?;
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else {
            return Err("it lacks a salt or a hash");
        };
        Ok(Self { version, params, salt, output })
    }

    pub(super) fn matches(&self, password: &str, memory: &mut Memory) -> Result<bool, HashError> {
        let mut output = [0; Output::MAX_LENGTH];
        let output = &mut output[..self.output.len()];
        memory.fill(
            &context(self.version, self.params.clone()),
            password.as_bytes(),
            self.salt.as_ref(),
            output,
        )?;
        // The comparison of two `Output`s takes the same time wherever they differ.
        Ok(Output::new(output).is_ok_and(|output| output == self.output))
    }

    /// A stronger hash stays: replacing it would be a step back.
    pub(super) fn is_weaker_than_current(&self) -> bool {
        self.version < Version::V0x13
            || self.params.m_cost() < CURRENT.m_cost()
            || self.params.t_cost() < CURRENT.t_cost()
            || self.output.len() < OUTPUT
    }
}
