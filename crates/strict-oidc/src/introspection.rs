//! Introspection ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)) and revocation
//! ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)): what a client may know about a token, and how it ends one.

use std::fmt;

use serde_json::{Map, Value, json};
use strict_jose::{Rules, Verified};

use crate::access_token::{self, AccessClaims};
use crate::client_authentication::AuthenticatedClient;
use crate::error::{Challenge, ErrorCode, OAuthError};
use crate::grant::{Grant, GrantId};
use crate::keys::SigningKeys;
use crate::parameters::Parameters;
use crate::provider::Provider;
use crate::refresh_token::RefreshToken;
use crate::time::UnixTime;

/// The token that an introspection or revocation request is about.
///
/// Authenticate the client first, so that strangers learn nothing. Then read the token, load the grant that it
/// [`needs`](Self::needs), and [`introspect`] or [`revoke`] it.
#[derive(Clone)]
pub struct TokenQuery(Kind);

#[derive(Clone)]
enum Kind {
    Access(Box<AccessClaims>),
    Refresh(RefreshToken),
    Unknown,
}

impl TokenQuery {
    /// Reads and verifies the parameter `token`. A token that is not valid is no error, but the answer.
    ///
    /// # Errors
    /// `invalid_request` if the parameter is missing or repeated.
    pub fn read(
        provider: &Provider,
        keys: &SigningKeys,
        form: &Parameters,
        now: UnixTime,
    ) -> Result<Self, OAuthError> {
        let token = form.require("token")?;
        if let Some(token) = RefreshToken::parse(token) {
            return Ok(Self(Kind::Refresh(token)));
        }
        let rules = Rules::typ(access_token::TYP).issuer(provider.issuer()).any_audience();
        let verified = rules.verify(token, keys, now.system_time());
        Ok(Self(match verified {
            Ok(Verified { claims, .. }) => Kind::Access(Box::new(claims)),
            Err(_) => Kind::Unknown,
        }))
    }

    /// A query about an access token that [`read`](Self::read) verified before, for servers that keep the claims in a cache. Compare
    /// their `exp` with the clock.
    pub fn of_verified(claims: AccessClaims) -> Self {
        Self(Kind::Access(Box::new(claims)))
    }

    /// The claims, if it is a valid access token.
    pub fn access_claims(&self) -> Option<&AccessClaims> {
        match &self.0 {
            Kind::Access(claims) => Some(claims),
            Kind::Refresh(_) | Kind::Unknown => None,
        }
    }

    /// The grant to load. `None`: the token is unknown, or one of a client on its own behalf.
    pub fn needs(&self) -> Option<GrantId> {
        match &self.0 {
            Kind::Access(claims) => claims.sid.as_deref().and_then(GrantId::parse),
            Kind::Refresh(token) => Some(token.grant()),
            Kind::Unknown => None,
        }
    }
}

impl fmt::Debug for TokenQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenQuery").field("needs", &self.needs().map(|id| id.to_string())).finish()
    }
}

/// The answer to an introspection request ([RFC 7662 §2.2](https://www.rfc-editor.org/rfc/rfc7662#section-2.2)).
///
/// A client may know about its own tokens, and about access tokens for the resources that it
/// [serves](crate::Client::serves). About every other token it reads `{"active":false}`, as about an invalid one. `grant` is
/// `None` if the grant has ended or its user is disabled.
///
/// # Errors
/// `invalid_client` (401) for public clients, because anyone can send their id.
pub fn introspect(
    query: &TokenQuery,
    client: &AuthenticatedClient<'_>,
    grant: Option<&Grant>,
) -> Result<Map<String, Value>, OAuthError> {
    let client = client.client();
    if !client.kind.is_confidential() {
        let refused = "introspection is for clients with a secret or a key";
        return Err(OAuthError::new(ErrorCode::InvalidClient, refused).with_challenge(Challenge::Basic));
    }
    let grant = grant.filter(|grant| Some(grant.id) == query.needs());
    let answer = match (&query.0, grant) {
        (Kind::Access(claims), grant) if grant.is_some() || claims.sid.is_none() => {
            let is_own = claims.client_id == client.id;
            let serves = client.serves.iter().any(|resource| claims.aud.contains(resource));
            (is_own || serves).then(|| access_answer(claims)).flatten()
        }
        (Kind::Refresh(token), Some(grant)) if grant.client_id == client.id && token.is_current(grant) => {
            Some(
                [
                    ("client_id", grant.client_id.clone().into()),
                    ("scope", grant.scopes.to_string().into()),
                    ("sid", grant.id.to_string().into()),
                ]
                .map(|(name, value): (&str, Value)| (name.to_owned(), value))
                .into_iter()
                .collect(),
            )
        }
        _ => None,
    };
    let is_active = answer.is_some();
    let mut answer = answer.unwrap_or_default();
    answer.insert("active".into(), is_active.into());
    Ok(answer)
}

fn access_answer(claims: &AccessClaims) -> Option<Map<String, Value>> {
    let Ok(Value::Object(mut answer)) = serde_json::to_value(claims) else { return None };
    let token_type = if claims.cnf.is_some() { "DPoP" } else { "Bearer" };
    answer.insert("token_type".into(), json!(token_type));
    Some(answer)
}

/// The grant to end, after a client revoked one of its tokens
/// ([RFC 7009 §2](https://www.rfc-editor.org/rfc/rfc7009#section-2)). Answer 200 in any case: `None` means that the token is
/// already invalid, or one of another client.
///
/// An access token is a signed statement that servers verify alone, so it cannot be taken back by itself. Its grant ends, and
/// with it the refresh tokens and the bit in the status list.
///
/// # Errors
/// `unsupported_token_type` for an access token of a client on its own behalf: it has no grant, and expires by itself.
pub fn revoke(
    query: &TokenQuery,
    client: &AuthenticatedClient<'_>,
    grant: Option<&Grant>,
) -> Result<Option<GrantId>, OAuthError> {
    let client = client.client();
    let own = grant.filter(|grant| Some(grant.id) == query.needs() && grant.client_id == client.id);
    match &query.0 {
        Kind::Access(claims) if claims.sid.is_none() && claims.client_id == client.id => {
            let problem = "an access token without a user cannot be revoked: it expires within minutes";
            Err(OAuthError::new(ErrorCode::UnsupportedTokenType, problem))
        }
        // RFC 7009 §2.1: a token that was rotated away is enough to end its grant.
        Kind::Refresh(token) => Ok(own.filter(|grant| token.is_of(grant)).map(|grant| grant.id)),
        Kind::Access(_) => Ok(own.map(|grant| grant.id)),
        Kind::Unknown => Ok(None),
    }
}
