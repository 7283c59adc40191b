//! Strict and fast JSON Web Tokens: one key, one algorithm, no surprises.
//!
//! A token is a signed text that a stranger hands you. This crate answers one question about it: *did the holder of my key
//! make this, for me, for this purpose, and is it still valid?* It reads the compact form of
//! [RFC 7515](https://www.rfc-editor.org/rfc/rfc7515) with the claims of
//! [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519), and takes the advice of
//! [RFC 8725](https://www.rfc-editor.org/rfc/rfc8725) for granted instead of leaving it to options. It knows no HTTP, no
//! `async` and no clock. Nothing in it panics.
//!
//! # A tour
//!
//! A [`Key`] signs. A [`Rules`] verifies: it cannot be made without saying which type of token, whose, and for whom.
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
//! // 1. The key: a random secret of at least 32 bytes. Its algorithm and its name belong to it.
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
//! // 3. The receiver says once what it accepts, and asks for each token.
//! let rules = Rules::typ("at+jwt").issuer("https://id.example").audience("https://api.example");
//! let verified = rules.verify::<Access>(&token, &key, now)?;
//! assert_eq!(verified.claims.sub, "7");
//!
//! // 4. Whatever else comes is refused, with the reason for the log.
//! let other = Rules::typ("at+jwt").issuer("https://id.example").audience("https://admin.example");
//! let refused = other.verify::<Access>(&token, &key, now).err().map(|error| error.reason());
//! assert_eq!(refused, Some("wrong_audience"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! More rules: [`leeway`](Rules::leeway), [`max_age`](Rules::max_age), [`subject`](Rules::subject),
//! [`require`](Rules::require). Several keys: [`Keys`]. The payload as it was signed: [`Rules::verify_bytes`]. A token that
//! somebody else must be told about: [`inspect`], which verifies nothing and says so.
//!
//! # What happens to a token
//!
//! 1. **Form.** Length, characters, two dots: [`Malformed`]. Nothing is decoded before.
//! 2. **Header.** Strict base64url, UTF-8, JSON; no `crit`, `b64`, `enc`, `zip`. `jwk`, `jku`, `x5u`, `x5c` are not read.
//! 3. **Key.** [`Keys::find`] chooses; the token's `alg` and `kid` have to agree with the key's.
//! 4. **Signature,** in constant time. Only now is the payload decoded.
//! 5. **Type, claims, names, times,** in this order: [`Error::Expired`] means that all else was right.
//! 6. **Your type.** `serde` reads what has passed.
//!
//! # What is refused, where, and the test that shows it
//!
//! Each test is in `tests/it/` and fails without its line. `attacks` also counts: no refusal allocates.
//!
//! | attack | where it is stopped | test |
//! | --- | --- | --- |
//! | `none`, another `alg`, `alg` in another case ([RFC 8725 §2.1](https://www.rfc-editor.org/rfc/rfc8725#section-2.1)) | `alg` must equal the key's name: `key.rs` | `attacks::the_algorithm_is_the_keys` |
//! | a public key as HMAC secret | [`Key::hs256`] takes no PEM | `attacks::a_public_key_is_no_secret` |
//! | empty, short secrets ([§2.2](https://www.rfc-editor.org/rfc/rfc8725#section-2.2)) | [`Key::hs256`]: 32 bytes | `attacks::an_empty_or_short_secret_is_no_secret` |
//! | absent, cut, padded signature | whole tag, constant time: `key.rs` | `attacks::a_signature_is_whole_and_ours` |
//! | `jwk`, `jku`, `x5u`, `x5c` ([§3.10](https://www.rfc-editor.org/rfc/rfc8725#section-3.10)) | [`Header`] has no such member | `attacks::a_key_in_the_token_is_not_read` |
//! | `kid` with quotes, slashes, NUL, 1 MiB | compared only, cut in errors: [`KidExcerpt`] | `attacks::a_kid_is_compared_and_nothing_else` |
//! | `crit` unknown, empty, twice, dangling; `b64` | header, `jws.rs` | `attacks::no_critical_extension_is_understood` |
//! | JWE, compression | header and part count, `jws.rs` | `attacks::encrypted_and_compressed_tokens_are_refused` |
//! | a member twice, also by escapes, also nested ([RFC 7519 §4](https://www.rfc-editor.org/rfc/rfc7519#section-4)) | `strict_json.rs` | `attacks::no_member_occurs_twice` |
//! | `iss`, `aud`, `sub`, `jti` of another type; `exp` 1e30, −1, NaN, text | `claims.rs` | `attacks::registered_claims_have_their_types` |
//! | a token without what you named ([§3.8, §3.9](https://www.rfc-editor.org/rfc/rfc8725#section-3.8)) | `rules.rs` | `attacks::what_the_rules_name_the_token_has` |
//! | one kind of token as another ([§2.8](https://www.rfc-editor.org/rfc/rfc8725#section-2.8)) | `typ`, `rules.rs` | `attacks::one_kind_of_token_is_not_another` |
//! | padding, spaces, loose bits | `jws.rs`, `base64url.rs` | `attacks::base64url_is_canonical` |
//! | JSON serialization, four or five parts | `jws.rs` | `attacks::other_serializations_are_no_tokens` |
//! | no object, bad UTF-8, byte order mark, lone surrogates ([§3.7](https://www.rfc-editor.org/rfc/rfc8725#section-3.7)) | `strict_json.rs` | `attacks::header_and_claims_are_one_object_in_utf8` |
//! | 8 MiB, depth bombs, wide objects | length cap, depth 16, [`Malformed::TooManyMembers`] | `attacks::long_and_deep_tokens_are_cheap_to_refuse` |
//! | learning from claims without a key | signature before claims, `rules.rs` | `attacks::signature_comes_before_claims` |
//! | any edit at all | signature | `every_edit`: each character, each place |
//!
//! # Cost
//!
//! `cargo bench -p strict-jose`, an AMD EPYC at 2 cores, release build, a token of five claims with `kid`: the HMAC alone
//! 0.34 µs; a token accepted and read into a type 1.08 µs and no allocation but those of the type (the first token leaves
//! its header behind with the [`Rules`], a few more); one refused for its signature 0.70 µs, for its form 0.03 µs, neither
//! with an allocation.
//! Two refusals do allocate, and only a token signed with your own key can bring them about: claims of another shape than
//! your type ([`Error::Claims`]), and claims beyond 8 KiB or with more than 64 members open at a time.
#![deny(missing_docs)]

mod algorithm;
mod base64url;
mod claims;
mod error;
mod inspect;
mod jws;
mod key;
mod key_set;
mod keys;
mod rules;
mod sign;
mod strict_json;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use claims::{Registered, Verified};
pub use error::{Error, KidExcerpt, Malformed};
pub use inspect::{Inspected, inspect};
pub use jws::Header;
pub use key::{Key, KeyError, PrivateJwk};
pub use key_set::{KeySet, KeySetError};
pub use keys::Keys;
pub use rules::{NeedsAudience, NeedsIssuer, PayloadRules, Rules};
pub use sign::{SignError, Typ};

/// How long a token may be unless [`Rules::max_len`] says otherwise: 8 KiB, as much as most servers take in one header.
pub const DEFAULT_MAX_LEN: usize = 8 * 1024;
