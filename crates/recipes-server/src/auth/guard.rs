//! Identifies the caller of a request: by an access token, in a header or a cookie, or by an API token.

use std::sync::Arc;

use crate::clock::Clock;
use accounts::{LAST_USE_PRECISION, SessionLimits, audit::Application};
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use store::{SessionUser, Store};
use strict_oidc::{BearerToken, GrantId, Parameters};
use tower_passport::{
    ApiKey, ApiKeyFormat, BearerHeader, Challenge, CookieValue, Denial, Error, Jwt, Or, Outcome, Rejection,
    Strategy, TokenCache, TokenDigest, Verification, Verify,
};

use crate::auth::access_tokens::{AccessClaims, TokenIssuer, UnnamedClaims};
use crate::auth::caller::{Caller, Credential};
use crate::auth::issuer_tokens::IssuerTokens;
use crate::auth::token_keys::TokenKeys;
use crate::http::conditional::system_time;
use crate::provider::{AuthorizationServer, ResourceCall};

/// The strategy of protected routes: API tokens, which their prefix identifies, then access tokens of sessions.
pub type Guard = Or<ApiKey<FindApiToken>, AccessTokens>;

/// The capacity of the token cache. An entry takes half a kilobyte.
const CACHED_TOKENS: u64 = 10_000;

/// The guard of the protected routes. Access tokens come in a header or in the cookie of this name.
pub fn guard(issuer: TokenIssuer, session: FindSession, cookie: &str, trust: Trust) -> Guard {
    let api_token = FindApiToken { store: session.store.clone(), clock: session.clock.clone() };
    let tokens = match trust {
        Trust::Issuer(tokens) => AccessTokens::Issuer(tokens),
        Trust::Own(grants) => AccessTokens::Own(Box::new(own_tokens(issuer, session, cookie, grants))),
    };
    ApiKey::new(api_token_format(), api_token).or(tokens)
}

/// The servers whose tokens are accepted.
pub enum Trust {
    /// This one: tokens of sessions, and those of its authorization server if it is on.
    Own(Option<Arc<AuthorizationServer>>),
    /// Another one.
    Issuer(Box<IssuerTokens>),
}

fn own_tokens(
    issuer: TokenIssuer,
    session: FindSession,
    cookie: &str,
    grants: Option<Arc<AuthorizationServer>>,
) -> OwnTokens {
    let clock = session.clock.clone();
    let sources = || (BearerHeader, CookieValue::new(cookie));
    let time = clock.clone();
    let named = Jwt::new(issuer.keys().clone(), issuer.rules(), session.clone())
        .clock(move || system_time(time.now()))
        .tokens_from(sources())
        .cache(TokenCache::new(CACHED_TOKENS)); // The session is still looked up at each request.
    let (keys, rules) = (issuer.keys().clone(), TokenIssuer::unnamed_rules());
    let unnamed = Jwt::new(keys, rules, FindUnnamedSession { issuer, session })
        .clock(move || system_time(clock.now()))
        .tokens_from(sources());
    OwnTokens { named, unnamed, grants }
}

/// `rcp_` and letters and digits, of which the last are a checksum: a scanner finds one in a repository and knows that
/// it is one, and we know without a look into the database that one is mistyped.
#[expect(clippy::expect_used, reason = "three letters are a prefix, which a test sees as well")]
pub(crate) fn api_token_format() -> ApiKeyFormat {
    ApiKeyFormat::new("rcp").expect("three letters are a prefix")
}

/// Access tokens.
pub enum AccessTokens {
    Own(Box<OwnTokens>),
    Issuer(Box<IssuerTokens>),
}

impl Strategy for AccessTokens {
    type User = Caller;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<Caller>, Error> {
        match self {
            Self::Own(tokens) => tokens.authenticate(request).await,
            Self::Issuer(tokens) => tokens.authenticate(request).await,
        }
    }

    fn recognizes(&self, request: &Parts) -> Option<&str> {
        match self {
            Self::Own(tokens) => tokens.recognizes(request),
            Self::Issuer(tokens) => tokens.recognizes(request),
        }
    }
}

/// Access tokens of this server.
pub struct OwnTokens {
    named: Jwt<TokenKeys, AccessClaims, FindSession>,
    /// For tokens of earlier versions, which name no issuer and no audience: a few, for a day after the update.
    unnamed: Jwt<TokenKeys, UnnamedClaims, FindUnnamedSession>,
    /// For tokens that OAuth clients got from the authorization server.
    grants: Option<Arc<AuthorizationServer>>,
}

impl Strategy for OwnTokens {
    type User = Caller;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<Caller>, Error> {
        if let Some(token) = granted_token(request).filter(BearerToken::is_dpop) {
            return self.granted_with_proof(request, &token).await;
        }
        let outcome = self.named.authenticate(request).await?;
        if let Outcome::Reject(_) = outcome
            && let accepted @ Outcome::Accept(_) = self.unnamed.authenticate(request).await?
        {
            return Ok(accepted);
        }
        if let Outcome::Reject(_) = outcome
            && let Some(caller) = self.granted(request).await?
        {
            return Ok(Outcome::Accept(caller));
        }
        Ok(outcome)
    }

    fn recognizes(&self, request: &Parts) -> Option<&str> {
        self.named.recognizes(request)
    }
}

impl OwnTokens {
    /// The user of a token of the authorization server, whose signature was made by another kind of key than that of a session. It
    /// comes in a header only: no cookie holds one.
    async fn granted(&self, request: &Parts) -> Result<Option<Caller>, Error> {
        let (Some(server), Some(token)) = (&self.grants, granted_token(request)) else { return Ok(None) };
        match server.api_user(&ResourceCall::of(&token, request, &[])).await {
            Ok(found) => Ok(found.map(caller_of)),
            Err(error) if error.status() == 401 => Ok(None),
            Err(error) => Err(Error::new(error)),
        }
    }

    /// The user of a token that is bound to a key: RFC 9449 section 7.
    async fn granted_with_proof(
        &self,
        request: &Parts,
        token: &BearerToken,
    ) -> Result<Outcome<Caller>, Error> {
        let invalid = || Challenge::from_static("DPoP error=\"invalid_token\"");
        let Some(server) = &self.grants else {
            return Ok(Outcome::Reject(Rejection::invalid_token(Challenge::bearer())));
        };
        let proofs: Vec<_> =
            request.headers.get_all("dpop").iter().map(|it| it.to_str().unwrap_or_default()).collect();
        match server.api_user(&ResourceCall::of(token, request, &proofs)).await {
            Ok(Some(found)) => Ok(Outcome::Accept(caller_of(found))),
            Ok(None) => Ok(Outcome::Reject(Rejection::invalid_token(invalid()))),
            Err(error) if error.status() == 401 => {
                let words = [("error", error.code().as_str()), ("error_description", error.description())];
                let challenge = Challenge::new("DPoP", &words).unwrap_or_else(|_| invalid());
                Ok(Outcome::Reject(Rejection::invalid_token(challenge)))
            }
            Err(error) => Err(Error::new(error)),
        }
    }
}

/// The token in the header `Authorization`.
fn granted_token(request: &Parts) -> Option<BearerToken> {
    let header = request.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    BearerToken::read(Some(header), &Parameters::default()).ok()
}

fn caller_of((user, claims): (accounts::User, strict_oidc::AccessClaims)) -> Caller {
    // No grant has the id 0.
    let id = claims.sid.as_deref().and_then(GrantId::parse).map_or([0; 16], |id| *id.as_bytes());
    Caller { user, credential: Credential::Grant(Box::new(claims.scope), Application::Granted(id)) }
}

/// Finds the session and the user of an access token.
#[derive(Clone)]
pub struct FindSession {
    store: Store,
    limits: SessionLimits,
    clock: Clock,
}

impl FindSession {
    pub fn new(store: Store, limits: SessionLimits, clock: Clock) -> Self {
        Self { store, limits, clock }
    }
}

impl Verify<AccessClaims> for FindSession {
    type User = Caller;

    async fn verify(&self, claims: AccessClaims, _: &Parts) -> Result<Verification<Caller>, Error> {
        // Ids are never reused, so the token of a deleted user cannot belong to another user.
        let found = self.store.session_user(claims.sid, claims.id).await.map_err(Error::new)?;
        let now = self.clock.now();
        let is_active = |found: &SessionUser| {
            !found.user.disabled && self.limits.allow(found.created_at, found.last_used_at, now)
        };
        let Some(found) = found.filter(is_active) else { return Ok(Denial::new("session_ended").into()) };
        if is_worth_noting(found.last_used_at, now) {
            self.store.session_used(claims.sid, now);
        }
        Ok(Verification::Accept(Caller { user: found.user, credential: Credential::Session(claims.sid) }))
    }
}

/// [`FindSession`] for tokens of earlier versions.
pub struct FindUnnamedSession {
    issuer: TokenIssuer,
    session: FindSession,
}

impl Verify<UnnamedClaims> for FindUnnamedSession {
    type User = Caller;

    async fn verify(&self, claims: UnnamedClaims, request: &Parts) -> Result<Verification<Caller>, Error> {
        match self.issuer.accept_unnamed(claims) {
            Some(claims) => self.session.verify(claims, request).await,
            None => Ok(Denial::new("missing_claim").into()),
        }
    }
}

/// Finds an API token and its user.
pub struct FindApiToken {
    store: Store,
    clock: Clock,
}

impl Verify<TokenDigest> for FindApiToken {
    type User = Caller;

    async fn verify(&self, key: TokenDigest, _: &Parts) -> Result<Verification<Caller>, Error> {
        let digest = accounts::TokenDigest::from_bytes(*key.as_bytes());
        let found = self.store.api_token_user(digest).await.map_err(Error::new)?;
        let Some((token, user)) = found else { return Ok(Denial::new("unknown_api_token").into()) };
        let now = self.clock.now();
        if user.disabled || token.expires_at.is_some_and(|end| end <= now) {
            return Ok(Denial::new("api_token_ended").into());
        }
        if token.last_used_at.is_none_or(|noted| is_worth_noting(noted, now)) {
            self.store.api_token_used(token.id, now);
        }
        Ok(Verification::Accept(Caller { user, credential: Credential::ApiToken(Box::new(token)) }))
    }
}

fn is_worth_noting(noted: Timestamp, now: Timestamp) -> bool {
    now.duration_since(noted) >= SignedDuration::try_from(LAST_USE_PRECISION).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::api_token_format;

    #[test]
    fn api_tokens_have_a_prefix_and_a_checksum() {
        let format = api_token_format();
        let token = format.generate(&[7; 32]);
        let token = token.expose_secret();
        assert!(token.starts_with("rcp_"), "{token}");
        assert!(format.digest(token).is_ok());
        let mistyped = format!("{}x", &token[..token.len() - 1]);
        for wrong in ["rcp_", &token[..token.len() - 1], &token.replacen("rcp_", "key_", 1), &mistyped] {
            assert!(format.digest(wrong).is_err(), "{wrong}");
        }
    }
}
