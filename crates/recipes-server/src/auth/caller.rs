//! Who sends a request, and by what right: an access token of a session, in a header or in a cookie, or an API token.
//!
//! Scopes are about API tokens: what their owner lets a program do. A session may do whatever its user may. Everything
//! under `users/me` takes the scope `account`, so that a token for recipes can neither read who its owner is nor end
//! his sessions nor make itself more powerful; where a password is asked for, it is asked for of tokens as well.

use crate::clock::Clock;
use accounts::{ApiToken, LAST_USE_PRECISION, Role, Scope, SessionLimits, User, audit::Actor};
use axum::extract::FromRequestParts;
use http::request::Parts;
use ids::SessionId;
use jiff::{SignedDuration, Timestamp};
use store::{Editor, Store, Viewer};
use strict_jose::Key;
use tower_passport::{
    ApiKey, ApiKeyFormat, Auth, BearerHeader, Challenge, CookieValue, Error, HasScope, Jwt, Or, Outcome,
    Refusal, Rejection, RequiredScope, Strategy, TokenCache, TokenDigest, VerifyApiKey, VerifyClaims,
    require_scope,
};

use crate::app::App;
use crate::http::conditional::system_time;
use crate::http::cookies;
use crate::http::error::{ApiError, Cause};
use crate::use_cases::accounts::{AccessClaims, Origin, access_rules};

/// Who may pass a protected route. API tokens first, as they are known by their prefix; all else must be a JWT.
pub type Guard = Or<ApiKey<FindApiToken>, AccessTokens>;

/// Access tokens of sessions. What is wrong with one that is signed and in time is its session, and the log says so.
pub struct AccessTokens(SignedTokens);

/// The signature of a token is checked once a minute; whether its session is still alive, each time.
type SignedTokens = Jwt<Key, FindSession, (BearerHeader, CookieValue), TokenCache<AccessClaims>>;

/// A token and its place take half a kilobyte.
const TOKENS: u64 = 10_000;

/// The guard of the protected routes.
pub fn guard(key: Key, store: Store, limits: SessionLimits, clock: Clock) -> Guard {
    let api_token = FindApiToken { store: store.clone(), clock: clock.clone() };
    let session = FindSession { store, limits, clock: clock.clone() };
    let jwt = Jwt::new(key, access_rules(), session)
        .clock(move || system_time(clock.now()))
        .tokens_from((BearerHeader, CookieValue::new(cookies::ACCESS)))
        .cache(TokenCache::new(TOKENS));
    ApiKey::new(api_token_format(), api_token).pass_other_tokens().or(AccessTokens(jwt))
}

/// `rcp_` and letters and digits, of which the last are a checksum: a scanner finds one in a repository and knows that
/// it is one, and we know without a look into the database that one is mistyped.
#[expect(clippy::expect_used, reason = "three letters are a prefix, which a test sees as well")]
pub(crate) fn api_token_format() -> ApiKeyFormat {
    ApiKeyFormat::new("rcp").expect("three letters are a prefix")
}

/// A user, and what was shown to prove it.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user: User,
    pub credential: Credential,
}

#[derive(Clone, Debug)]
pub enum Credential {
    Session(SessionId),
    ApiToken(Box<ApiToken>),
}

impl Caller {
    /// The session that the request belongs to.
    ///
    /// # Errors
    /// [`ApiError::SessionRequired`] if it belongs to none.
    pub fn session(&self) -> Result<SessionId, ApiError> {
        self.session_if_any().ok_or(ApiError::SessionRequired)
    }

    pub fn session_if_any(&self) -> Option<SessionId> {
        match self.credential {
            Credential::Session(id) => Some(id),
            Credential::ApiToken(_) => None,
        }
    }

    /// For the audit log.
    pub fn actor(&self, origin: &Origin) -> Actor {
        Actor { user: Some(self.user.id), session: self.session_if_any(), address: origin.address }
    }

    /// Whether this is an administrator who has logged in. No API token is one: what a program can do must end at its
    /// owner's own account.
    pub fn acts_as_admin(&self) -> bool {
        self.user.role == Role::Admin && matches!(self.credential, Credential::Session(_))
    }

    pub fn editor(&self) -> Editor {
        if self.acts_as_admin() { Editor::Admin } else { Editor::User(self.user.id) }
    }
}

/// Somebody who [acts as an administrator](Caller::acts_as_admin).
///
/// Everybody else hears 403: what administrators can do is in the public description, so that there is nothing to hide.
pub struct Admin(pub Caller);

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Auth(caller) = Auth::<Guard>::from_request_parts(parts, app).await?;
        if caller.acts_as_admin() {
            return Ok(Self(caller));
        }
        let log_in_first = caller.user.role == Role::Admin;
        Err(if log_in_first { ApiError::SessionRequired } else { ApiError::AdminRequired })
    }
}

/// Whose eyes look at recipes.
///
/// # Errors
/// A refusal if it is an API token's that may not.
pub fn viewer(caller: Option<&Auth<Guard>>) -> Result<Viewer, Refusal> {
    let Some(Auth(caller)) = caller else { return Ok(Viewer::Anyone) };
    require_scope(caller, ReadRecipes::SCOPE)?;
    Ok(if caller.acts_as_admin() { Viewer::Admin } else { Viewer::User(caller.user.id) })
}

impl HasScope for Caller {
    fn has_scope(&self, scope: &str) -> bool {
        match &self.credential {
            Credential::Session(_) => true,
            Credential::ApiToken(token) => Scope::parse(scope).is_some_and(|it| token.scopes.contains(it)),
        }
    }
}

pub struct ReadRecipes;
pub struct WriteRecipes;
pub struct ManageAccount;

impl RequiredScope for ReadRecipes {
    const SCOPE: &'static str = Scope::RecipesRead.as_str();
}

impl RequiredScope for WriteRecipes {
    const SCOPE: &'static str = Scope::RecipesWrite.as_str();
}

impl RequiredScope for ManageAccount {
    const SCOPE: &'static str = Scope::Account.as_str();
}

impl Strategy for AccessTokens {
    type User = Caller;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<Caller>, Error> {
        Ok(match self.0.authenticate(request).await? {
            Outcome::Accept(Some(caller)) => Outcome::Accept(caller),
            Outcome::Accept(None) => {
                // The client hears what it hears of a bad signature.
                let challenge = Challenge::from_static(r#"Bearer error="invalid_token""#);
                Outcome::Reject(Rejection::invalid_token(challenge).because("session_ended"))
            }
            Outcome::Reject(rejection) => Outcome::Reject(rejection),
            Outcome::Redirect(redirect) => Outcome::Redirect(redirect),
            Outcome::Pass(challenges) => Outcome::Pass(challenges),
        })
    }
}

/// Finds the session and the user that an access token was made for; no caller where there is none any more.
pub struct FindSession {
    store: Store,
    limits: SessionLimits,
    clock: Clock,
}

impl VerifyClaims for FindSession {
    type Claims = AccessClaims;
    type User = Option<Caller>;
    type Error = Cause;

    async fn verify(&self, claims: AccessClaims) -> Result<Option<Self::User>, Cause> {
        // Ids are never reused, so the token of a deleted user can never become somebody else's.
        let Some(found) = self.store.session_user(claims.sid, claims.id).await? else {
            return Ok(Some(None));
        };
        let now = self.clock.now();
        if found.user.disabled || !self.limits.allow(found.created_at, found.last_used_at, now) {
            return Ok(Some(None));
        }
        if is_worth_noting(found.last_used_at, now) {
            self.store.session_used(claims.sid, now);
        }
        Ok(Some(Some(Caller { user: found.user, credential: Credential::Session(claims.sid) })))
    }
}

/// Finds the API token and its user.
pub struct FindApiToken {
    store: Store,
    clock: Clock,
}

impl VerifyApiKey for FindApiToken {
    type User = Caller;
    type Error = Cause;

    async fn verify(&self, key: TokenDigest) -> Result<Option<Caller>, Cause> {
        let digest = accounts::TokenDigest::from_bytes(*key.as_bytes());
        let Some((token, user)) = self.store.api_token_user(digest).await? else { return Ok(None) };
        let now = self.clock.now();
        if user.disabled || token.expires_at.is_some_and(|end| end <= now) {
            return Ok(None);
        }
        if token.last_used_at.is_none_or(|noted| is_worth_noting(noted, now)) {
            self.store.api_token_used(token.id, now);
        }
        Ok(Some(Caller { user, credential: Credential::ApiToken(Box::new(token)) }))
    }
}

fn is_worth_noting(noted: Timestamp, now: Timestamp) -> bool {
    now.duration_since(noted) >= SignedDuration::try_from(LAST_USE_PRECISION).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn api_tokens_have_a_format() {
        assert!(super::api_token_format().digest("rcp_").is_err());
    }
}
