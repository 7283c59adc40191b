use crate::Algorithm;
use crate::error::Malformed;

/// Why something is not a key, in words that say what to do about it.
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
    /// A secret shorter than the algorithm's hash.
    #[error("the secret has {bytes} bytes; at least {minimum} are needed")]
    TooShort {
        /// How many there are.
        bytes: usize,
        /// How many there must be.
        minimum: usize,
    },
    /// A PEM text where a shared secret is due.
    #[error("this is a PEM text, an asymmetric key, not a shared secret")]
    Pem,
    /// A key in DER, a JWK, a set of them, a certificate or a key of OpenSSH's where a shared secret is due. What is in the
    /// file of a public key, everybody knows.
    #[error("this is a key of another kind (DER, JWK or OpenSSH) or a certificate, not a shared secret")]
    NoSecret,
    /// No PEM text, or one that is cut or not base64.
    #[error("this is no PEM text: \"-----BEGIN ... KEY-----\", base64, \"-----END ... KEY-----\"")]
    NotPem,
    /// A PEM text with more than one key.
    #[error("this PEM text has several keys; give the one that is meant")]
    SeveralKeys,
    /// A certificate or a request for one. Whether it is to be trusted is not for this crate to say.
    #[error("this is a certificate; give its public key: `openssl x509 -in CERTIFICATE -noout -pubkey`")]
    Certificate,
    /// A private key under a password.
    #[error("this private key is encrypted; decrypt it: `openssl pkcs8 -in KEY -out DECRYPTED`")]
    Encrypted,
    /// A PEM text of something that is not a key, or of a key in a form of its own, such as OpenSSH's.
    #[error(
        "this PEM text holds no key in PKCS#8, SPKI, PKCS#1 or SEC1 (for OpenSSH's: `ssh-keygen -p -m PKCS8 -f KEY`)"
    )]
    UnsupportedPem,
    /// Not DER, or not the structure that it should be.
    #[error("this is not DER of a PKCS#8, SPKI, SEC1 or PKCS#1 key")]
    Der,
    /// A key of another kind than the algorithm's, or on another curve.
    #[error("this is {found}, and {algorithm} needs {}", algorithm.key())]
    OtherKey {
        /// What the key is to be for.
        algorithm: Algorithm,
        /// What it is.
        found: &'static str,
    },
    /// A kind of key, or a curve, that no algorithm of this crate has.
    #[error(
        "this is no shared secret, RSA key (rsaEncryption), EC key on P-256, P-384 or P-521, or Ed25519 key"
    )]
    UnsupportedKey,
    /// An RSA key that can be broken, or one so long that verifying takes too long
    /// ([RFC 7518 §3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)).
    #[error("the RSA key has {bits} bits; 2048 to 8192 are accepted")]
    RsaSize {
        /// The length of its modulus.
        bits: usize,
    },
    /// A public exponent that is even, below 65537 or longer than 33 bits.
    #[error("the RSA key's exponent is not an odd number from 65537 up to 33 bits")]
    RsaExponent,
    /// A private RSA key as a JWK of `n`, `e` and `d` only. [RFC 7518 §6.3.2](https://www.rfc-editor.org/rfc/rfc7518#section-6.3.2)
    /// allows that, but the primitives sign with the primes (it is four times as fast) and have no other way.
    #[error(
        "the RSA key has `d` without its primes `p`, `q`, `dp`, `dq`, `qi`; export it with them, or in PEM"
    )]
    NoPrimes,
    /// Not a point on the curve, or not written as [RFC 7518 §6.2](https://www.rfc-editor.org/rfc/rfc7518#section-6.2) and
    /// [RFC 8032 §5.1.2](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.2) demand (a compressed EC point, for example).
    #[error("the public key is not an (uncompressed) point on its curve")]
    NotOnCurve,
    /// One of the eight points of Ed25519 for which signatures prove nothing.
    #[error("the public key is a point of small order, for which anybody can sign")]
    SmallOrder,
    /// Numbers that do not make a key, or a private key beside another one's public key.
    #[error("the key's numbers do not belong together")]
    Inconsistent,
    /// Not a JWK: not one JSON object in strict JSON.
    #[error("malformed JWK: {0}")]
    Json(#[from] Malformed),
    /// A JWK without a member that its kind of key needs.
    #[error("the JWK has no member `{0}`")]
    MissingMember(&'static str),
    /// A JWK with a member that cannot have this value: no string, not canonical base64url, of a wrong length, or not
    /// what the other members say.
    #[error("the JWK's member `{0}` has a value it cannot have")]
    InvalidMember(&'static str),
    /// A JWK that does not say which algorithm it is for, where more than one is possible.
    #[error("the JWK has no `alg`; say which algorithm it is for")]
    NoAlgorithm,
    /// A JWK for an algorithm that this crate does not have, such as one for encryption.
    #[error("the JWK's `alg` is not a signature algorithm that is supported")]
    UnsupportedAlgorithm,
    /// A JWK for another algorithm than the one asked for.
    #[error("the JWK is for {stated}, not for {asked}")]
    OtherAlgorithm {
        /// Its `alg`.
        stated: Algorithm,
        /// What it was to be used for.
        asked: Algorithm,
    },
    /// A JWK whose `use` or `key_ops` are not for signatures
    /// ([RFC 8725 §3.2](https://www.rfc-editor.org/rfc/rfc8725#section-3.2)).
    #[error("the JWK is not for signatures, its `use` or `key_ops` say")]
    NotForSignatures,
    /// No randomness, or no memory, to make a key.
    #[error("no key could be generated")]
    Generation,
}
