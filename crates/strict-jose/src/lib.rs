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
//! [`require`](Rules::require). The payload as it was signed: [`Rules::verify_bytes`]. A payload that is no claims:
//! [`any_payload`](NeedsIssuer::any_payload). A token that somebody else must be told about: [`inspect`], which verifies
//! nothing and says so.
//!
//! ## Which algorithm?
//!
//! | who verifies | take | because |
//! | --- | --- | --- |
//! | only you | [`Hs256`](Algorithm::Hs256) | by far the fastest; who can verify can sign, so the secret never leaves you |
//! | your own services | [`EdDsa`](Algorithm::EdDsa) | small, fast to sign, no randomness to get wrong |
//! | strangers | [`Es256`](Algorithm::Es256), [`Rs256`](Algorithm::Rs256) | every library has them; RSA is the fastest to verify |
//!
//! An ECDSA signature has a second form that everybody can compute from the first, as the standard has it: one signature
//! is no name for a token. Use `jti`.
//!
//! ## Private and public keys
//!
//! A [`Key`] is read from PEM, DER or a JWK, or made. A private one also verifies; [`Key::public`] is what to give away.
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
//! Keys are replaced, so verifiers hold several. A [`KeySet`] is what an issuer publishes: the token names its key.
//!
//! ```
//! use std::time::SystemTime;
//! use strict_jose::{Algorithm, Key, KeySet, Rules};
//!
//! // What `https://id.example/jwks.json` said. Fetching it is for you, or for the crate that does your HTTP.
//! let jwks = r#"{"keys":[
//!     {"kty":"OKP","crv":"Ed25519","kid":"2025","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
//!     {"kty":"OKP","crv":"X25519","kid":"for encryption, passed over","x":"AA"}
//! ]}"#;
//! let keys = KeySet::from_jwks(jwks)?;
//! assert_eq!(keys.iter().count(), 1);
//!
//! let rules = Rules::typ("at+jwt").issuer("https://id.example").audience("https://api.example");
//! let stranger = Key::generate(Algorithm::EdDsa)?.with_kid("2026");
//! let token = stranger.sign("at+jwt", &serde_json::json!({}))?;
//! let refused = rules.verify_bytes(&token, &keys, SystemTime::now()).unwrap_err();
//! assert_eq!(refused.to_string(), "no key is called \"2026\"");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Another way to choose among keys: [`Keys`].
//!
//! # What happens to a token
//!
//! 1. **Form.** Length, characters, two dots: [`Malformed`]. Nothing is decoded before.
//! 2. **Header.** Strict base64url, UTF-8, JSON; no `crit`, `b64`, `enc`, `zip`. `jwk`, `jku`, `x5u`, `x5c` are not read.
//! 3. **Key.** [`Keys::find`] chooses; the token's `alg` and `kid` have to agree with the key's.
//! 4. **Signature,** that of a shared secret in constant time. Only now is the payload decoded.
//! 5. **Type, claims, names, times,** in this order: [`Error::Expired`] means that all else was right.
//! 6. **Your type.** `serde` reads what has passed.
//!
//! # What is refused, where, and the test that shows it
//!
//! Each test is in `tests/it/`, unless it says where, and fails without its line. `attacks` and `public_key_attacks` also count: no refusal
//! allocates.
//!
//! **Tokens**
//!
//! | attack | where it is stopped | test |
//! | --- | --- | --- |
//! | `none`, another `alg`, `alg` in another case ([RFC 8725 §2.1](https://www.rfc-editor.org/rfc/rfc8725#section-2.1)) | `alg` must equal the key's name: `key.rs` | `attacks::the_algorithm_is_the_keys`, `public_key_attacks::none_and_other_algorithms_are_not_the_keys` |
//! | a public key as HMAC secret | the same; [`Key::hs256`] takes no PEM, DER, JWK, JWK set, certificate, OpenSSH key, nor base64 of one: `key/hmac/mistaken.rs` | `public_key_attacks::a_public_key_is_no_hmac_secret`, `refused_keys::no_public_key_is_a_secret_in_whatever_form` |
//! | absent, cut, padded signature | whole tag, constant time: `key.rs` | `attacks::a_signature_is_whole_and_ours` |
//! | ECDSA with r = s = 0 (CVE-2022-21449), r or s = n, as DER, cut, longer | primitives, fixed length | `public_key_attacks::an_ecdsa_signature_of_zeros_proves_nothing`, `…has_one_form` |
//! | EdDSA with S + L, cut, longer | primitives | `public_key_attacks::an_eddsa_signature_has_one_form` |
//! | RSA with another scheme, hash or salt; 0, n, n - 1; cut, longer | one key, one scheme: `key/rsa.rs` | `public_key_attacks::an_rsa_signature_is_of_its_scheme_hash_and_salt`, `…has_one_form` |
//! | `jwk`, `jku`, `x5u`, `x5c` ([§3.10](https://www.rfc-editor.org/rfc/rfc8725#section-3.10)) | [`Header`] has no such member | `attacks::a_key_in_the_token_is_not_read` |
//! | `kid` with quotes, slashes, NUL, 1 MiB | compared only, cut in errors: [`KidExcerpt`] | `attacks::a_kid_is_compared_and_nothing_else` |
//! | the `kid` of another key of the set, none, one that nobody has | `key_set.rs`, then `alg` and `kid` again: `key.rs` | `public_key_attacks::a_token_means_the_key_it_names_and_no_other` |
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
//! | any edit at all | signature | `every_edit`: each character, each place; `algorithms::any_flipped_bit_is_noticed` |
//!
//! **Keys**
//!
//! | attack or accident | where it is stopped | test |
//! | --- | --- | --- |
//! | empty, short secrets ([§2.2](https://www.rfc-editor.org/rfc/rfc8725#section-2.2), [RFC 7518 §3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)) | [`Key::hs256`]: as long as the hash | `attacks::an_empty_or_short_secret_is_no_secret` |
//! | RSA below 2048 bits or above 8192, e even, 3 or huge, n even | `key/rsa.rs` | `refused_keys::rsa_numbers_are_of_a_safe_size` |
//! | a point off its curve (invalid-curve attack), at infinity, of another curve | `key/ec.rs`, `key/ed25519/point.rs` | `refused_keys::points_are_on_their_curve` |
//! | Ed25519 points of small order, or written in a second form | `key/ed25519/point.rs` | `refused_keys::no_point_of_small_order_is_a_key` |
//! | a curve of the attacker's own (CVE-2020-0601) | named curves only: `key/der.rs` | `refused_keys::weak_and_strange_keys_in_pem_are_named` |
//! | a key of another kind or curve than its algorithm's | `key/*.rs` | `refused_keys::a_key_is_of_its_algorithms_kind_and_curve` |
//! | a private key beside another's public key, changed numbers | primitives | `jwk::the_private_part_of_a_jwk_belongs_to_the_public_part`, `refused_keys::a_flipped_bit_in_a_private_key_is_noticed_or_harmless` |
//! | a certificate, an encrypted key, two keys, a cut file | `key/pem.rs`, `key/der.rs` | `refused_keys::a_pem_text_holds_one_key_and_is_whole`, `…every_cut_and_every_appended_byte_of_der_is_noticed` |
//! | a JWK for another `use`, `key_ops`, `alg` ([§3.2](https://www.rfc-editor.org/rfc/rfc8725#section-3.2)) | `key/jwk.rs` | `jwk::a_jwk_is_used_for_what_it_says_only`, `jwk::a_key_that_may_only_sign_verifies_nothing`, `jwk::a_jwk_is_for_its_algorithm_only` |
//! | a JWK with a member twice, padded, of a wrong size | `key/jwk.rs`, `strict_json.rs` | `jwk::a_jwk_is_one_strict_json_object`, `jwk::numbers_in_a_jwk_are_canonical_and_of_the_right_size` |
//! | a set with secrets in it, two keys of one name, secrets beside public keys | `key_set.rs` | `key_set::a_set_is_refused_whole_if_a_key_for_us_is_wrong`, `…the_keys_of_a_set_have_names_of_their_own_and_are_of_one_sort` |
//! | a hostile set: 1 MiB of keys, of members, of `key_ops` | so many and no more: `key_set.rs`, `strict_json.rs` | `key_set::a_set_has_so_many_keys_and_members_and_no_more` |
//! | a key of an unknown kind that makes the whole set unreadable ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)) | `key/jwk.rs` | `key_set::a_set_is_refused_whole_if_a_key_for_us_is_wrong` |
//! | secrets in logs | `Debug` by hand | `key::tests::debug_hides_the_secret` in `key.rs` |
//! | secrets in freed memory | wiped by `zeroize` and by the primitives | none: safe code cannot look there |
//!
//! # Cost
//!
//! `cargo bench -p strict-jose`, one run on a virtual machine (AMD EPYC, 2 cores), medians; five claims checked, one read
//! into a type, RSA with 2048 bits. "Usual" is the crate `jsonwebtoken` 11 on the same primitives, told to check the same.
//!
//! | accepted | signature alone | strict-jose | usual |
//! | --- | --- | --- | --- |
//! | HS256 | 0.29 µs | 0.71 µs | 1.72 µs |
//! | HS384, HS512 | 0.65 µs | 1.14 µs | 2.48 µs |
//! | RS256 | 14.6 µs | 15.3 µs | 18.4 µs |
//! | PS256 | 15.2 µs | 15.9 µs | 19.8 µs |
//! | ES256 | 48.4 µs | 48.8 µs | 50.8 µs |
//! | ES384 | 162.4 µs | 162.9 µs | 165.2 µs |
//! | ES512 | 260.9 µs | 265.8 µs | it has none |
//! | EdDSA | 30.0 µs | 30.7 µs | 31.7 µs |
//! | allocations | 0 | those of the type | those of the type and 10 or 11 |
//!
//! The first token that [`Rules`] accept leaves its header behind with them, in a few allocations: the tokens that follow
//! have the same one. So it is with the keys that come after, up to the fourth; a token of the fifth takes 0.15 µs more. A
//! token refused costs 0.50 µs for its signature (1.18), 0.03 µs for its form, and no allocation (9). Two refusals do
//! allocate, and only a token signed with your own key can bring them about: claims of another shape than your type
//! ([`Error::Claims`]), and claims beyond 8 KiB or with more than 64 members open at a time.
//!
//! | signed | signature alone | strict-jose | usual |
//! | --- | --- | --- | --- |
//! | HS256 | 0.28 µs | 0.69 µs | 0.82 µs |
//! | HS384, HS512 | 0.66 µs | 1.06 µs | 1.50 µs |
//! | RS256 | 250 µs | 251 µs | 666 µs |
//! | PS256 | 259 µs | 252 µs | 673 µs |
//! | ES256 | 15.6 µs | 15.4 µs | 24.2 µs |
//! | ES384 | 65.1 µs | 64.1 µs | 108.5 µs |
//! | ES512 | 126 µs | 123 µs | it has none |
//! | EdDSA | 7.2 µs | 7.8 µs | 14.2 µs |
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
///
/// ```
/// use strict_jose::{DEFAULT_MAX_LEN, Error, Malformed, inspect};
///
/// let long = "a".repeat(DEFAULT_MAX_LEN + 1);
/// assert!(matches!(inspect(&long), Err(Error::Malformed(Malformed::TooLong))));
/// ```
pub const DEFAULT_MAX_LEN: usize = 8 * 1024;

/// The examples in the README compile and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
