//! Argon2id (RFC 9106), in PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.

use accounts::PasswordHash;
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, MIN_SALT_LEN, Params, Version,
    password_hash::phc::{self, Output, Salt},
};

use super::error::HashError;
use crate::entropy::Entropy;

/// OWASP's recommendation for Argon2id: 19 MiB, two passes, one lane.
const CURRENT: Params = match Params::new(19 * 1024, 2, 1, Some(OUTPUT)) {
    Ok(params) => params,
    Err(_) => Params::DEFAULT,
};
const OUTPUT: usize = 32;

/// Limits for the parameters of a stored hash: an imported hash must not be able to stop the service. The defaults of
/// other programs fit (PHP, argon2-cffi, node-argon2: 64 MiB, 3 or 4 passes, 1 to 4 lanes).
const MAX_MEMORY_KIB: u32 = 64 * 1024;
const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 16;

/// The memory of a hash with the current parameters, in blocks of 1 KiB.
const BLOCKS: usize = CURRENT.block_count();

pub(super) fn hash(password: &str, salt: [u8; 16], memory: &mut Memory) -> Result<PasswordHash, HashError> {
    let mut output = [0; OUTPUT];
    memory.fill(&context(Version::V0x13, CURRENT), password.as_bytes(), &salt, &mut output)?;
    text(salt, &output).map_err(HashError::Failed)
}

/// A random hash with the current parameters: no password matches it.
pub(super) fn random_hash(entropy: &Entropy) -> Result<PasswordHash, &'static str> {
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

/// The block vector of a hashing thread, empty until its first use.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    /// Runs Argon2 in this memory. For a stored hash that needs more, memory is allocated for this call only.
    fn fill(
        &mut self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), HashError> {
        let filled = if argon2.params().block_count() > BLOCKS {
            argon2.hash_password_into(password, salt, output)
        } else {
            self.0.resize(BLOCKS, Block::default());
            argon2.hash_password_into_with_memory(password, salt, output, &mut self.0)
        };
        filled.map_err(|_| HashError::Failed("Argon2 refused its parameters, or there is no memory"))
    }
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
        if salt.as_ref().len() < MIN_SALT_LEN {
            return Err("its salt is too short");
        }
        Ok(Self { version, params, salt, output })
    }

    /// How many hashes with the current parameters need as much memory.
    pub(super) fn places(&self) -> usize {
        self.params.block_count().div_ceil(BLOCKS)
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

    /// A stronger hash is kept.
    pub(super) fn is_weaker_than_current(&self) -> bool {
        self.version < Version::V0x13
            || self.params.m_cost() < CURRENT.m_cost()
            || self.params.t_cost() < CURRENT.t_cost()
            || self.output.len() < OUTPUT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_reused_and_never_grows() {
        let argon2 = |kib, passes, lanes, version| {
            Argon2::new(Algorithm::Argon2id, version, Params::new(kib, passes, lanes, Some(32)).unwrap())
        };
        let mut memory = Memory::default();
        let mut at = None;
        for (kib, passes, lanes) in [(64, 1, 1), (19_456, 2, 1), (32_768, 1, 4), (256, 3, 4), (19_456, 2, 1)]
        {
            for version in [Version::V0x10, Version::V0x13] {
                let argon2 = argon2(kib, passes, lanes, version);
                let (mut ours, mut fresh) = ([0; 32], [0; 32]);
                memory.fill(&argon2, b"password", b"saltsalt", &mut ours).unwrap();
                argon2.hash_password_into(b"password", b"saltsalt", &mut fresh).unwrap();
                assert_eq!(ours, fresh, "old contents have no influence: {kib} {passes} {lanes}");
                assert_eq!(memory.0.capacity(), BLOCKS);
                assert_eq!(*at.get_or_insert(memory.0.as_ptr()), memory.0.as_ptr());
            }
        }
    }
}
