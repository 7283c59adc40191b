//! A catalogue of identity providers, as data: each record makes a [`Provider`] or an [`OidcProvider`].
//!
//! ```
//! use tower_passport::providers;
//!
//! let github = providers::get("github").ok_or("no such provider")?.oauth2(&[])?;
//! assert_eq!(github.token_endpoint, "https://github.com/login/oauth/access_token");
//!
//! let keycloak = providers::get("keycloak").ok_or("no such provider")?;
//! let ours = keycloak.oidc(&[("base", "https://id.example.com"), ("realm", "kitchen")])?;
//! # let _ = ours;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The records are JSON, so that they are easy to correct, and so that a program can read another one from its
//! configuration with [`Record::parse`]. All are parsed once, at the first [`get`].
//!
//! # Your provider
//!
//! Usually an issuer or three endpoints are enough; the defaults follow the standards. If every response of the provider
//! names its issuer (RFC 9207), set `response_issuer` to it.
//!
//! ```
//! use tower_passport::providers::Record;
//!
//! let ours = Record::parse(
//!     r#"{
//!         "id": "forty-thieves", "name": "Forty Thieves", "checked_on": "2026-11-23", "pkce": "documented",
//!         "documentation": "https://thieves.example/docs/oauth",
//!         "authorization_endpoint": "https://thieves.example/oauth/authorize",
//!         "token_endpoint": "https://thieves.example/oauth/token",
//!         "userinfo": {"get": "https://thieves.example/api/me"},
//!         "scopes": ["me"], "authentication": "client_secret_post",
//!         "profile": {"subject": "/id", "email": "/mail/address", "email_verified": "/mail/confirmed"}
//!     }"#,
//! )?;
//! assert_eq!(ours.oauth2(&[])?.scopes, ["me"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To contribute it, add the record to `src/providers/oauth2.json` (or `openid.json`). Add a userinfo response with the
//! expected user to `tests/it/providers/samples.json`. The tests then run a log-in with it.
//!
//! # The records
//!
//! `checked_on` is the day on which a record was last compared with the provider's documentation or with other maintained
//! catalogues. The tests do not log in at the providers themselves. If a provider has changed, please correct its record.
//!
#![doc = include_str!("providers/table.md")]

mod record;
mod settings;

use std::sync::LazyLock;

pub use self::record::{InvalidRecord, Pkce, Record, TokenEndpointAuth};
pub use self::settings::InvalidSettings;
#[expect(unused_imports, reason = "for links in the documentation")]
use crate::{OidcProvider, Provider};

/// The record with this id; `None` if there is none.
pub fn get(id: &str) -> Option<&'static Record> {
    let all = all();
    all.binary_search_by(|record| record.id.as_str().cmp(id)).ok().and_then(|found| all.get(found))
}

/// All records, sorted by id.
pub fn all() -> &'static [Record] {
    &RECORDS
}

static RECORDS: LazyLock<Vec<Record>> = LazyLock::new(|| {
    let files = [include_str!("providers/oauth2.json"), include_str!("providers/openid.json")];
    // A file that cannot be parsed has no records. The test below fails in that case.
    let mut records: Vec<Record> =
        files.iter().flat_map(|file| Record::parse_all(file).unwrap_or_default()).collect();
    records.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    records
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_valid_and_sorted() {
        for file in [include_str!("providers/oauth2.json"), include_str!("providers/openid.json")] {
            let records = Record::parse_all(file).unwrap();
            assert!(records.is_sorted_by(|one, next| one.id < next.id), "records are sorted by id");
        }
    }
}
