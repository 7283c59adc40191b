//! Grants: what one user allowed one client, in one session.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::claims::ClaimsRequest;
use crate::digest::Digest;
use crate::scopes::Scopes;
use crate::status_list::StatusReference;
use crate::time::UnixTime;

/// A grant as it is stored, under its id. `serde` writes it for a database.
///
/// A code or a device code becomes a grant in the transaction that uses it up. Every access token of the grant carries the id of
/// the grant as `sid`. The end of the grant ends its refresh tokens at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Grant {
    /// The id: the `sid` of ID tokens and access tokens.
    pub id: GrantId,
    /// The client.
    pub client_id: String,
    /// The user.
    pub subject: String,
    /// The session that it began in. See [`is_offline`](Self::is_offline).
    pub session: Option<String>,
    /// The granted scopes.
    pub scopes: Scopes,
    /// The resource that the client named.
    pub resource: Option<String>,
    /// The single claims that the client asked for.
    pub claims: ClaimsRequest,
    /// The thumbprint of the DPoP key of a public client, to which its refresh tokens are bound
    /// ([RFC 9449 §5](https://www.rfc-editor.org/rfc/rfc9449#section-5)).
    pub jkt: Option<String>,
    /// When the user authenticated.
    pub authenticated_at: UnixTime,
    /// The authentication level.
    pub acr: String,
    /// How the user authenticated.
    pub amr: Vec<String>,
    /// When the grant began.
    pub created_at: UnixTime,
    /// Its refresh tokens. `None` without any.
    pub refresh: Option<RefreshState>,
    /// Its bit in a status list, if the server has one.
    pub status: Option<StatusReference>,
}

impl Grant {
    /// Whether the grant outlives its session: it has the scope `offline_access`
    /// ([OpenID Connect Core §11](https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess)).
    pub fn is_offline(&self) -> bool {
        self.scopes.contains("offline_access")
    }
}

/// The stored state of the refresh tokens of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RefreshState {
    /// The digest of the family.
    pub family: Digest,
    /// The digest of the newest token.
    pub current: Digest,
    /// The digest of its predecessor.
    pub previous: Option<Digest>,
    /// What made the newest token out of its predecessor.
    pub nonce: Option<[u8; 32]>,
    /// When the newest token was made.
    pub rotated_at: UnixTime,
}

/// The id of a grant: 128 random bits, 22 characters of base64url.
///
/// ```
/// use strict_oidc::GrantId;
///
/// let id = GrantId::from_bytes([7; 16]);
/// assert_eq!(GrantId::parse(&id.to_string()), Some(id));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GrantId([u8; 16]);

impl GrantId {
    /// The id from a database row.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes for a database row.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads the text that [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let len = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (len == bytes.len()).then_some(Self(bytes))
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl Serialize for GrantId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GrantId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("the id of a grant is 22 characters of base64url"))
    }
}
