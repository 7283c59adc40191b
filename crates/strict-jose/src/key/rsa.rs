//! RSA: RS256 to RS512 and PS256 to PS512
//! ([RFC 7518 §3.3 and §3.5](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)).

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeyPairComponents, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaEncoding, RsaParameters};

use super::der::{Encoded, Form, Parts, RsaPrivate};
use super::error::KeyError;
use super::members::Members;
use crate::algorithm::Algorithm;

/// An RSA key for one of the six RSA algorithms.
pub(super) struct RsaKey {
    algorithm: Algorithm,
    private: Option<KeyPair>,
    /// Parsed once. Parsing takes a quarter of the time of a verification.
    public: ParsedPublicKey,
    members: Members,
}

/// The accepted lengths of a modulus in bits.
///
/// [RFC 7518 §3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3) requires 2048. More than 8192 bits add no useful
/// safety, and a longer key would let its issuer slow down every verification.
const BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// NIST SP 800-57 requires more than 2048 bits after 2030.
pub(super) const LONG_LIVED: KeySize = KeySize::Rsa3072;

/// For keys that are replaced before that.
pub(super) const SHORT_LIVED: KeySize = KeySize::Rsa2048;

impl RsaKey {
    pub(super) fn public(algorithm: Algorithm, n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        let (parameters, _) = parameters(algorithm)?;
        check_numbers(n, e)?;
        let public = PublicKeyComponents { n, e }.to_parsed_public_key(parameters);
        let public = public.map_err(|_| KeyError::Inconsistent)?;
        Ok(Self { algorithm, private: None, public, members: Members::rsa(n, e, None) })
    }

    /// Makes a private key. Its numbers must belong together.
    pub(super) fn private(algorithm: Algorithm, numbers: &RsaPrivate<'_>) -> Result<Self, KeyError> {
        let &RsaPrivate { n, e, d, p, q, dp, dq, qi } = numbers;
        let public = Self::public(algorithm, n, e)?;
        let components =
            KeyPairComponents { public_key: PublicKeyComponents { n, e }, d, p, q, dP: dp, dQ: dq, qInv: qi };
        let pair = KeyPair::from_components(&components).map_err(|_| KeyError::Inconsistent)?;
        Ok(Self { private: Some(pair), members: Members::rsa(n, e, Some(numbers)), ..public })
    }

    pub(super) fn generate(algorithm: Algorithm, size: KeySize) -> Result<Self, KeyError> {
        // Before the work of a second: refuses an algorithm of another kind of key.
        parameters(algorithm)?;
        let pair = KeyPair::generate(size).map_err(|_| KeyError::Generation)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Generation)?;
        match Parts::read(Encoded { form: Form::Pkcs8, der: der.as_ref() })? {
            Parts::RsaPrivate(numbers) => Self::private(algorithm, &numbers),
            _ => Err(KeyError::Generation),
        }
    }

    /// The public part of this key.
    pub(super) fn without_private(&self) -> Self {
        Self {
            algorithm: self.algorithm,
            private: None,
            public: self.public.clone(),
            members: self.members.public(),
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn can_sign(&self) -> bool {
        self.private.is_some()
    }

    pub(super) fn members(&self) -> &Members {
        &self.members
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        self.public.verify_sig(message, signature)
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let pair = self.private.as_ref().ok_or(Unspecified)?;
        let (_, encoding) = parameters(self.algorithm).map_err(|_| Unspecified)?;
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut signature)?;
        Ok(signature)
    }
}

/// Checks that the primitives do not make, or make only when they verify a signature.
fn check_numbers(n: &[u8], e: &[u8]) -> Result<(), KeyError> {
    let bits = bit_length(n);
    if !BITS.contains(&bits) {
        return Err(KeyError::RsaSize { bits });
    }
    // An even modulus has the factor 2.
    if n.last().is_none_or(|last| last % 2 == 0) {
        return Err(KeyError::Inconsistent);
    }
    // FIPS 186-5 §A.1.1: odd, above 2^16. Signatures with the exponent 3 were forged against careless verifiers
    // (Bleichenbacher, 2006). The primitives refuse exponents above 2^33, which make verification slow.
    let odd = e.last().is_some_and(|last| last % 2 == 1);
    if !odd || !(17..=33).contains(&bit_length(e)) {
        return Err(KeyError::RsaExponent);
    }
    if has_roca_fingerprint(n) { Err(KeyError::Roca) } else { Ok(()) }
}

/// The small primes for which the powers of 65537 are not all remainders.
const ROCA_PRIMES: [u64; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// Whether the modulus has the fingerprint of CVE-2017-15361: it is a power of 65537 modulo every small prime.
///
/// The primes of an affected chip are k M + (65537^a mod M), and M is a product of small primes, so the modulus is a power of
/// 65537 too (Nemec and others, "The Return of Coppersmith's Attack", 2017, section 2). Of 10^9 other moduli, one has the same
/// fingerprint. Most are excluded by the first prime.
fn has_roca_fingerprint(n: &[u8]) -> bool {
    let (head, blocks) = n.as_rchunks::<4>();
    ROCA_PRIMES.into_iter().all(|prime| {
        let head = head.iter().fold(0, |rest, byte| (rest << 8) | u64::from(*byte));
        let append =
            |rest: u64, block: &[u8; 4]| ((rest << 32) | u64::from(u32::from_be_bytes(*block))) % prime;
        is_power_of_65537(blocks.iter().fold(head % prime, append), prime)
    })
}

fn is_power_of_65537(remainder: u64, prime: u64) -> bool {
    let mut power = 1;
    loop {
        if power == remainder {
            return true;
        }
        power = power * 65537 % prime;
        if power == 1 {
            return false;
        }
    }
}

/// The length in bits of an integer without leading zeros.
fn bit_length(bytes: &[u8]) -> usize {
    bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize)
}

fn parameters(algorithm: Algorithm) -> Result<(&'static RsaParameters, &'static dyn RsaEncoding), KeyError> {
    Ok(match algorithm {
        Algorithm::Rs256 => (&signature::RSA_PKCS1_2048_8192_SHA256, &signature::RSA_PKCS1_SHA256),
        Algorithm::Rs384 => (&signature::RSA_PKCS1_2048_8192_SHA384, &signature::RSA_PKCS1_SHA384),
        Algorithm::Rs512 => (&signature::RSA_PKCS1_2048_8192_SHA512, &signature::RSA_PKCS1_SHA512),
        Algorithm::Ps256 => (&signature::RSA_PSS_2048_8192_SHA256, &signature::RSA_PSS_SHA256),
        Algorithm::Ps384 => (&signature::RSA_PSS_2048_8192_SHA384, &signature::RSA_PSS_SHA384),
        Algorithm::Ps512 => (&signature::RSA_PSS_2048_8192_SHA512, &signature::RSA_PSS_SHA512),
        _ => return Err(KeyError::OtherKey { algorithm, found: "an RSA key" }),
    })
}
