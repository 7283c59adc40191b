//! Strict and fast JSON Web Tokens: one key, one algorithm, no surprises.
//!
//! This crate signs and verifies the compact tokens of [RFC 7515](https://www.rfc-editor.org/rfc/rfc7515) with the claims of
//! [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519). A verified token was signed with your key, for your program, for one
//! purpose, and has not expired. The recommendations of [RFC 8725](https://www.rfc-editor.org/rfc/rfc8725) are built in, not
//! optional. The crate has no HTTP, no `async` and no clock, and it does not panic.
//!
//! # A tour
//!
//! A [`Key`] signs tokens. [`Rules`] verify them, and cannot be made without a type, an issuer and an audience.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use serde::{Deserialize, Serialize};
//! use strict_jose::{Key, Rules};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Access {
//!     iss: String,
//!     aud: String,
//!     sub: String,
//!     exp: u64,
//! }
//!
//! // 1. The key: a random secret of at least 32 bytes, with one algorithm and one name.
//! let key = Key::hs256(b"32 bytes from a random generator")?.with_kid("2025-01");
//!
//! // 2. The issuer signs claims as a token of one type.
//! let now = SystemTime::now();
//! let expires = now.duration_since(SystemTime::UNIX_EPOCH)? + Duration::from_mins(5);
//! let token = key.sign("at+jwt", &Access {
//!     iss: "https://id.example".into(),
//!     aud: "https://api.example".into(),
//!     sub: "7".into(),
//!     exp: expires.as_secs(),
//! })?;
//!
//! // 3. The receiver sets its rules once, and verifies each token.
//! let rules = Rules::typ("at+jwt").issuer("https://id.example").audience("https://api.example");
//! let verified = rules.verify::<Access>(&token, &key, now)?;
//! assert_eq!(verified.claims.sub, "7");
//!
//! // 4. Other tokens are refused, with a reason for the log.
//! let other = Rules::typ("at+jwt").issuer("https://id.example").audience("https://admin.example");
//! let refused = other.verify::<Access>(&token, &key, now).err().map(|error| error.reason());
//! assert_eq!(refused, Some("wrong_audience"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! More rules: [`leeway`](Rules::leeway), [`max_age`](Rules::max_age), [`subject`](Rules::subject),
//! [`require`](Rules::require). To get the signed payload as bytes, use [`Rules::verify_bytes`]. For a payload that is not
//! claims, use [`any_payload`](NeedsIssuer::any_payload). To show the contents of a token without verifying it, use
//! [`inspect`]. To verify proofs of possession (DPoP), use the module [`proof`].
//!
//! ## Which algorithm?
//!
//! | verifier | algorithm | reason |
//! | --- | --- | --- |
//! | the same program | [`Hs256`](Algorithm::Hs256) | by far the fastest; every verifier can sign, so keep the secret in one program |
//! | your other services | [`EdDsa`](Algorithm::EdDsa) | small keys and signatures, fast to sign, needs no random numbers to sign |
//! | other organizations | [`Es256`](Algorithm::Es256), [`Rs256`](Algorithm::Rs256) | every library supports them; RSA is the fastest to verify |
//!
//! Every ECDSA signature has a second valid encoding that anyone can compute. A signature is therefore not a unique name of a
//! token. Use `jti`.
//!
//! ## Private and public keys
//!
//! A [`Key`] is read from PEM, DER or a JWK, or generated. A private key also verifies. Publish only [`Key::public`].
//!
//! ```
//! use strict_jose::{Algorithm, Key};
//!
//! # let pem = include_bytes!("../tests/it/keys/p256-pkcs8.pem");
//! // let pem = std::fs::read("signing-key.pem")?;
//! let key = Key::from_pem(Algorithm::Es256, pem)?.with_thumbprint_as_kid();
//! assert!(key.can_sign());
//! println!("{}", key.to_public_jwk().ok_or("a shared secret has none")?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Sets of keys
//!
//! Issuers replace their keys, so a verifier needs several. An issuer publishes a [`KeySet`], and each token names its key.
//!
//! ```
//! use std::time::SystemTime;
//! use strict_jose::{Algorithm, Key, KeySet, Rules};
//!
//! // The content of `https://id.example/jwks.json`. Your HTTP client fetches it.
//! let jwks = r#"{"keys":[
//!     {"kty":"OKP","crv":"Ed25519","kid":"2025","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
//!     {"kty":"OKP","crv":"X25519","kid":"for encryption, skipped","x":"AA"}
//! ]}"#;
//! let keys = KeySet::from_jwks(jwks)?;
//! assert_eq!(keys.iter().count(), 1);
//!
//! let rules = Rules::typ("at+jwt").issuer("https://id.example").audience("https://api.example");
//! let other = Key::generate(Algorithm::EdDsa)?.with_kid("2026");
//! let token = other.sign("at+jwt", &serde_json::json!({}))?;
//! let refused = rules.verify_bytes(&token, &keys, SystemTime::now()).unwrap_err();
//! assert_eq!(refused.to_string(), "no key has the `kid` \"2026\"");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To choose keys in another way, implement [`Keys`].
//!
//! # How a token is verified
//!
//! 1. **Format.** Length, characters, two dots: [`Malformed`]. Nothing is decoded before.
//! 2. **Header.** Strict base64url, UTF-8, JSON; no `crit`, `b64`, `enc`, `zip`. `jwk`, `jku`, `x5u`, `x5c` are not read.
//! 3. **Key.** [`Keys::find`] chooses one. The `alg` and `kid` of the token must agree with it.
//! 4. **Signature.** HMAC tags are compared in constant time. The payload is decoded only after this check.
//! 5. **Type, claims, names, times,** in this order. [`Error::Expired`] means that all else was right.
//! 6. **Your type.** `serde` deserializes the claims.
//!
//! # Cost
//!
//! Medians of `cargo bench -p strict-jose` on a virtual machine (AMD EPYC, 2 cores). Five claims are checked, one is
//! deserialized. RSA keys have 2048 bits. The crate `jsonwebtoken` 11 uses the same primitives and makes the same checks.
//!
//! | accepted | signature alone | strict-jose | `jsonwebtoken` |
//! | --- | --- | --- | --- |
//! | HS256 | 0.29 µs | 0.71 µs | 1.72 µs |
//! | HS384, HS512 | 0.65 µs | 1.14 µs | 2.48 µs |
//! | RS256 | 14.6 µs | 15.3 µs | 18.4 µs |
//! | PS256 | 15.2 µs | 15.9 µs | 19.8 µs |
//! | ES256 | 48.4 µs | 48.8 µs | 50.8 µs |
//! | ES384 | 162.4 µs | 162.9 µs | 165.2 µs |
//! | ES512 | 260.9 µs | 265.8 µs | not supported |
//! | EdDSA | 30.0 µs | 30.7 µs | 31.7 µs |
//! | allocations | 0 | those of the type | those of the type and 10 or 11 |
//!
//! A refused token costs 0.50 µs for its signature (1.18 µs in `jsonwebtoken`) and 0.03 µs for its format, and allocates nothing
//! (9 allocations). Two refusals allocate, and both need a token signed with your own key: claims that do not match your type
//! ([`Error::Claims`]), and claims longer than 8 KiB or with more than 64 open members.
//!
//! | signed | signature alone | strict-jose | `jsonwebtoken` |
//! | --- | --- | --- | --- |
//! | HS256 | 0.28 µs | 0.69 µs | 0.82 µs |
//! | HS384, HS512 | 0.66 µs | 1.06 µs | 1.50 µs |
//! | RS256 | 250 µs | 251 µs | 666 µs |
//! | PS256 | 259 µs | 252 µs | 673 µs |
//! | ES256 | 15.6 µs | 15.4 µs | 24.2 µs |
//! | ES384 | 65.1 µs | 64.1 µs | 108.5 µs |
//! | ES512 | 126 µs | 123 µs | not supported |
//! | EdDSA | 7.2 µs | 7.8 µs | 14.2 µs |
#![doc = include_str!("../docs/attacks.md")]
#![deny(missing_docs)]

mod algorithm;
mod base64url;
mod claims;
mod error;
mod header;
mod inspect;
mod jws;
mod key;
mod key_set;
mod keys;
mod limits;
pub mod proof;
mod rules;
mod sign;
mod strict_json;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use claims::{Registered, Verified};
pub use error::{Error, KidExcerpt, Malformed};
pub use header::Header;
pub use inspect::{Inspected, inspect};
pub use key::Key;
pub use key::error::KeyError;
pub use key::members::PrivateJwk;
pub use key_set::{KeySet, KeySetError};
pub use keys::Keys;
pub use limits::DEFAULT_MAX_LEN;
pub use rules::Rules;
pub use rules::builder::{NeedsAudience, NeedsIssuer};
pub use rules::payload::PayloadRules;
pub use sign::{SignError, Typ};

/// Compiles and runs the examples in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
