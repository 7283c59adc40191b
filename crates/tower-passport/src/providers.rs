//! Identity providers, as data: a record each, which makes a [`Provider`] or an [`OidcProvider`].
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
//! The records are JSON and not code, so that whoever knows a provider can mend its record, and so that a program can
//! read one more from its configuration with [`Record::parse`]. All are read once, at the first [`get`].
//!
//! # Your provider
//!
//! Usually an issuer or three endpoints are all; what is left out is as the standards have it. If every answer of the
//! provider names its issuer (RFC 9207), say as `response_issuer` what it must be.
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
//! To add it for everybody: put the record into `src/providers/oauth2.json` (or `openid.json`), and an answer of its
//! userinfo with the user who is in it into `tests/it/providers/samples.json`. The tests then walk a log-in with it.
//!
//! # The records
//!
//! `checked_on` is the day on which a record was last compared with what is published about the provider: its
//! documentation, or other maintained catalogues. Nobody logs in at a hundred providers to see whether they still do
//! what they say; where one does not, mend its record, please.
//!
#![doc = include_str!("providers/table.md")]

mod record;
mod settings;

use std::sync::LazyLock;

pub use self::record::{InvalidRecord, Pkce, Record, TokenEndpointAuth};
pub use self::settings::InvalidSettings;
#[expect(unused_imports, reason = "for the links of the documentation")]
use crate::{OidcProvider, Provider};

/// The record with this id.
pub fn get(id: &str) -> Option<&'static Record> {
    let all = all();
    all.binary_search_by(|record| record.id.as_str().cmp(id)).ok().and_then(|found| all.get(found))
}

/// All records, in the order of their ids.
pub fn all() -> &'static [Record] {
    &RECORDS
}

static RECORDS: LazyLock<Vec<Record>> = LazyLock::new(|| {
    let files = [include_str!("providers/oauth2.json"), include_str!("providers/openid.json")];
    // A file that cannot be read has no records, and the test that reads them says why.
    let mut records: Vec<Record> =
        files.iter().flat_map(|file| Record::parse_all(file).unwrap_or_default()).collect();
    records.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    records
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_can_be_read() {
        for file in [include_str!("providers/oauth2.json"), include_str!("providers/openid.json")] {
            let records = Record::parse_all(file).unwrap();
            assert!(
                records.is_sorted_by(|one, next| one.id < next.id),
                "records stand in the order of their ids"
            );
        }
    }
}
