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
//! use strict_jose::{Key, Lifetime, Rules};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Access {
//!     iss: String,
//!     aud: String,
//!     sub: String,
//!     #[serde(flatten)]
//!     lifetime: Lifetime,
//! }
//!
//! // 1. The key: a random secret of at least 32 bytes, with one algorithm and one name.
//! let key = Key::hs256(b"32 bytes from a random generator")?.with_kid("2025-01");
//!
//! // 2. The issuer signs claims as a token of one type, for five minutes.
//! let now = SystemTime::now();
//! let token = key.sign("at+jwt", &Access {
//!     iss: "https://id.example".into(),
//!     aud: "https://api.example".into(),
//!     sub: "7".into(),
//!     lifetime: Lifetime::new(now, Duration::from_mins(5)),
//! })?;
//!
//! // 3. The receiver sets its rules once, and verifies each token.
//! let rules = Rules::typ("at+jwt").issuer("https://id.example").audience("https://api.example");
//! let verified = rules.verify::<Access>(&token, &key, now)?;
//! assert_eq!(verified.claims.sub, "7");
//! assert_eq!(verified.header.kid(), Some("2025-01"));
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
//! claims, use [`any_payload`](NeedsIssuer::any_payload). To sign header parameters of your own, use
//! [`sign_with_header`](Key::sign_with_header). To show the contents of a token without verifying it, use
//! [`inspect`]. To verify proofs of possession (DPoP), use the module [`proof`]. To know whether a token that has not expired is
//! revoked, use the module `status_list` (feature `status-list`).
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
//! Real issuers make mistakes. An invalid key is skipped and named by [`KeySet::skipped`]; the other keys are used. A set with a
//! secret in it is refused. To choose keys in another way, implement [`Keys`].
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
//! Medians of `cargo bench -p strict-jose` on a virtual machine (AMD EPYC, 2 cores) that also ran other work. Compare the
//! columns, not the machines. Five claims are checked, one is deserialized. RSA keys have 2048 bits. The crate `jsonwebtoken`
//! 11 uses the same primitives and makes the same checks.
//!
//! | accepted token | signature alone | strict-jose | `jsonwebtoken` |
//! | --- | --- | --- | --- |
//! | HS256 | 0.33 µs | 1.26 µs | 2.21 µs |
//! | HS512 | 0.82 µs | 1.79 µs | 3.19 µs |
//! | RS256 | 16.4 µs | 17.4 µs | 21.2 µs |
//! | ES256 | 51.0 µs | 52.7 µs | 54.3 µs |
//! | EdDSA | 37.2 µs | 39.8 µs | 39.4 µs |
//!
//! An accepted token allocates only the data of your type. A refused token costs 0.64 µs for a bad signature (1.45 µs in
//! `jsonwebtoken`) and 0.03 µs for a bad format, and allocates nothing. Two refusals allocate, and both need a token signed
//! with your own key: claims that do not match your type ([`Error::Claims`]), and claims longer than 8 KiB or with more than
//! 64 open members.
//!
//! A proof of possession costs 22 µs (RS256), 55 µs (ES256) or 51 µs (EdDSA). Its public key is parsed each time, which
//! allocates.
#![doc = include_str!("../docs/issuers.md")]
#![doc = include_str!("../docs/coming-from-jsonwebtoken.md")]
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
mod lifetime;
mod limits;
pub mod proof;
mod rules;
mod sign;
#[cfg(feature = "status-list")]
pub mod status_list;
mod strict_json;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use claims::{Registered, Verified};
pub use error::{Error, Excerpt, Malformed, Wanted};
pub use header::{Header, VerifiedHeader};
pub use inspect::{Inspected, inspect};
pub use key::Key;
pub use key::error::KeyError;
pub use key::members::PrivateJwk;
pub use key_set::{KeySet, KeySetError, SkippedKey};
pub use keys::Keys;
pub use lifetime::Lifetime;
pub use limits::DEFAULT_MAX_LEN;
pub use rules::Rules;
pub use rules::builder::{NeedsAudience, NeedsIssuer};
pub use rules::payload::PayloadRules;
pub use sign::{SignError, Typ};

/// Compiles and runs the examples in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
