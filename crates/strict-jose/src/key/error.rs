use crate::algorithm::Algorithm;
use crate::error::Malformed;

/// The reason why a key was refused. The message tells the user how to correct it.
///
/// ```
/// use strict_jose::{Algorithm, Key, KeyError};
///
/// let public = b"-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL\n-----END PUBLIC KEY-----\n";
/// assert_eq!(Key::hs256(public).unwrap_err(), KeyError::Pem);
///
/// let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// let refused = Key::from_jwk_as(Algorithm::Es256, jwk).unwrap_err();
/// assert_eq!(refused.to_string(), "this is an Ed25519 key, and ES256 needs an EC key on P-256");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A secret shorter than the hash of the algorithm.
    #[error("the secret has {bytes} bytes; at least {minimum} are needed")]
    TooShort {
        /// The length of the secret.
        bytes: usize,
        /// The required length.
        minimum: usize,
    },
    /// A PEM text instead of a shared secret.
    #[error("this is a PEM text, an asymmetric key, not a shared secret")]
    Pem,
    /// A key in DER, a JWK, a JWK set, a certificate or an OpenSSH key instead of a shared secret. A public key is known to
    /// others, so it cannot be a secret.
    #[error("this is a key of another kind (DER, JWK or OpenSSH) or a certificate, not a shared secret")]
    LooksLikeKey,
    /// Not a PEM text, or a PEM text that is truncated or not base64.
    #[error("this is not a PEM text: \"-----BEGIN ... KEY-----\", base64, \"-----END ... KEY-----\"")]
    NotPem,
    /// A PEM text with more than one key.
    #[error("this PEM text has several keys; give only one")]
    SeveralKeys,
    /// A certificate or a certificate request. This crate does not decide whether a certificate is trusted.
    #[error("this is a certificate; give its public key: `openssl x509 -in CERTIFICATE -noout -pubkey`")]
    Certificate,
    /// A private key that is encrypted with a password.
    #[error("this private key is encrypted; decrypt it: `openssl pkcs8 -in KEY -out DECRYPTED`")]
    Encrypted,
    /// A PEM text without a key, or with a key in an unsupported format, such as that of OpenSSH.
    #[error(
        "this PEM text has no key in PKCS#8, SPKI, PKCS#1 or SEC1 (to convert an OpenSSH key: `ssh-keygen -p -m PKCS8 -f KEY`)"
    )]
    UnsupportedPem,
    /// Not DER, or not the expected structure.
    #[error("this is not DER of a PKCS#8, SPKI, SEC1 or PKCS#1 key")]
    Der,
    /// A key whose kind or curve does not match the algorithm.
    #[error("this is {found}, and {algorithm} needs {}", algorithm.key_name())]
    OtherKey {
        /// The algorithm that was asked for.
        algorithm: Algorithm,
        /// A description of the key.
        found: &'static str,
    },
    /// A kind of key, or a curve, that no algorithm of this crate has.
    #[error(
        "this is not a shared secret, RSA key (rsaEncryption), EC key on P-256, P-384 or P-521, or Ed25519 key"
    )]
    UnsupportedKey,
    /// An RSA key that is too short to be safe, or too long to verify quickly
    /// ([RFC 7518 §3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)).
    #[error("the RSA key has {bits} bits; 2048 to 8192 are accepted")]
    RsaSize {
        /// The length of its modulus in bits.
        bits: usize,
    },
    /// A public exponent that is even, below 65537 or longer than 33 bits.
    #[error("the RSA key's exponent is not an odd number from 65537 up to 33 bits")]
    RsaExponent,
    /// An RSA key of a chip whose random primes can be guessed: its private key can be computed from the public one
    /// ([CVE-2017-15361](https://nvd.nist.gov/vuln/detail/CVE-2017-15361), known as ROCA).
    #[error(
        "the RSA key has the ROCA fault (CVE-2017-15361): others can compute it; generate a new key in software"
    )]
    Roca,
    /// A private RSA key as a JWK with `n`, `e` and `d` only.
    /// [RFC 7518 §6.3.2](https://www.rfc-editor.org/rfc/rfc7518#section-6.3.2) allows it, but the primitives need the primes
    /// to sign.
    #[error(
        "the RSA key has `d` without its primes `p`, `q`, `dp`, `dq`, `qi`; export it with them, or in PEM"
    )]
    NoPrimes,
    /// Not a point on the curve, or not encoded as [RFC 7518 §6.2](https://www.rfc-editor.org/rfc/rfc7518#section-6.2) and
    /// [RFC 8032 §5.1.2](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.2) require. A compressed EC point is an example.
    #[error("the public key is not an (uncompressed) point on its curve")]
    NotOnCurve,
    /// One of the eight points of Ed25519 for which signatures prove nothing.
    #[error("the public key is a point of small order, for which signatures can be forged")]
    SmallOrder,
    /// Numbers that are not a key, or a private key with the public key of another.
    #[error("the key's numbers do not belong together")]
    Inconsistent,
    /// A JWK that is not one object in strict JSON.
    #[error("malformed JWK: {0}")]
    Json(#[from] Malformed),
    /// A JWK without a member that its `kty` requires.
    #[error("the JWK has no member `{0}`")]
    MissingMember(&'static str),
    /// A JWK with a member whose value is invalid: not a string, not canonical base64url, of a wrong length, or contrary to
    /// the other members.
    #[error("the member `{0}` of the JWK has an invalid value")]
    InvalidMember(&'static str),
    /// A JWK without `alg` whose kind has more than one algorithm.
    #[error("the JWK has no `alg`; say which algorithm it is for")]
    NoAlgorithm,
    /// A JWK for an algorithm that this crate does not support, such as one for encryption.
    #[error("the `alg` of the JWK is not a supported signature algorithm")]
    UnsupportedAlgorithm,
    /// A JWK for another algorithm than the caller asked for.
    #[error("the JWK is for {stated}, not for {asked}")]
    OtherAlgorithm {
        /// The `alg` of the JWK.
        stated: Algorithm,
        /// The algorithm that the caller asked for.
        asked: Algorithm,
    },
    /// A key of a published set with the `kid` and the algorithm of a different key.
    #[error("a different key of the set has the same `kid` and the same algorithm")]
    DuplicateKid,
    /// A JWK whose `use` or `key_ops` do not allow signatures
    /// ([RFC 8725 §3.2](https://www.rfc-editor.org/rfc/rfc8725#section-3.2)).
    #[error("the `use` or `key_ops` of the JWK do not allow signatures")]
    NotForSignatures,
    /// Key generation failed: no random numbers, or no memory.
    #[error("the key could not be generated")]
    Generation,
}
