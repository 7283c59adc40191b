//! The authorization server: reads records from the store, lets `strict-oidc` decide, and stores the decision.

mod authorize;
mod client_record;
mod failure;
mod keys;
mod management;
mod sealing;

use std::sync::Arc;
use std::time::Duration;

use accounts::{SessionLimits, TokenDigest, User};
use ids::{SessionId, UserId};
use jiff::Timestamp;
use serde_json::{Map, Value};
use store::{GrantState, NewGrant, Store};
use strict_oidc::{
    AccessClaims, AccessTokenVerifier, BearerToken, Change, Client, CodeRecord, Digest, ErrorCode, Found,
    FoundCode, FoundGrant, Grant, GrantId, InvalidIssuer, Needs, OAuthError, Outcome, Parameters,
    PresentedClient, Provider, Random, Resource, TokenCall, TokenRequest, TokenResponse, UnixTime,
    UserClaims,
};
use tokio::sync::Mutex;

pub use self::client_record::ClientRecord;
use self::failure::{internal, unavailable};
use self::keys::{KeyLoader, KeyRing};
pub use self::keys::{replace_signing_keys, signing_key_records};
use self::management::confirmed;
use crate::auth::token_keys::TokenKeys;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::public_url::PublicUrl;

/// Keys of another process are seen after this time, long before they sign.
const RELOAD: Duration = Duration::from_mins(1);

/// The scopes of the recipe API, with the sentences of the consent page.
pub const API_SCOPES: [(&str, &str); 2] =
    [("recipes:read", "read your recipes"), ("recipes:write", "create, change and delete your recipes")];

/// The server as `strict-oidc` sees it: its issuer is the public URL. Its first resource is the recipe API, `others` are those of
/// other services that delegate their log-in to it.
///
/// # Errors
/// [`InvalidIssuer`] for an `http` URL of another machine.
pub fn protocol(url: &PublicUrl, others: &[String]) -> Result<Provider, InvalidIssuer> {
    let mut provider = Provider::new(url.as_str())?;
    provider.acr_values = vec!["aal1".into()];
    provider.id_token_algorithms = vec![strict_jose::Algorithm::Rs256];
    provider.endpoints.introspection = Some(format!("{url}/oauth/introspect"));
    provider.endpoints.revocation = Some(format!("{url}/oauth/revoke"));
    provider.endpoints.end_session = Some(format!("{url}/oauth/logout"));
    let own = format!("{url}/api/v1");
    let others = others.iter().filter(|other| **other != own).cloned();
    provider.resources =
        [own.clone()].into_iter().chain(others).map(|uri| Resource::new(uri, API_SCOPES)).collect();
    Ok(provider)
}

/// What the authorization server works with.
pub struct ProviderDependencies {
    pub store: Store,
    pub secrets: TokenKeys,
    pub sessions: SessionLimits,
    pub clock: Clock,
    pub entropy: Entropy,
}

/// The authorization server.
pub struct AuthorizationServer {
    protocol: Provider,
    api: AccessTokenVerifier,
    userinfo: AccessTokenVerifier,
    store: Store,
    sessions: SessionLimits,
    clock: Clock,
    entropy: Entropy,
    loader: KeyLoader,
    ring: Mutex<Option<Arc<KeyRing>>>,
}

impl AuthorizationServer {
    pub fn new(protocol: Provider, with: ProviderDependencies) -> Self {
        let ProviderDependencies { store, secrets, sessions, clock, entropy } = with;
        let issuer = protocol.issuer();
        Self {
            api: AccessTokenVerifier::new(issuer, format!("{issuer}/api/v1")),
            userinfo: AccessTokenVerifier::new(issuer, issuer),
            protocol,
            loader: KeyLoader { store: store.clone(), secrets, entropy: entropy.clone() },
            store,
            sessions,
            clock,
            entropy,
            ring: Mutex::default(),
        }
    }

    pub fn protocol(&self) -> &Provider {
        &self.protocol
    }

    /// The metadata of the recipe API (RFC 9728).
    pub fn resource_metadata(&self) -> Option<Map<String, Value>> {
        let api = self.protocol.resources.first()?;
        Some(strict_oidc::resource_metadata(&self.protocol, api))
    }

    /// The published keys.
    ///
    /// # Errors
    /// `temporarily_unavailable` or `server_error`, never an empty set.
    pub async fn jwks(&self) -> Result<String, OAuthError> {
        self.ring().await?.keys.jwks()
    }

    /// The client with this id.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn client(&self, id: &str) -> Result<Option<Client>, OAuthError> {
        let Some(row) = self.store.client(id).await.map_err(unavailable)? else { return Ok(None) };
        Ok(Some(ClientRecord::of(&row).map_err(internal)?.client(&row.id, &self.protocol)))
    }

    /// All clients, the oldest first.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn clients(&self) -> Result<Vec<Client>, OAuthError> {
        let rows = self.store.clients().await.map_err(unavailable)?;
        let client = |row: &store::ClientRow| {
            Ok(ClientRecord::of(row).map_err(internal)?.client(&row.id, &self.protocol))
        };
        rows.iter().map(client).collect()
    }

    async fn ring(&self) -> Result<Arc<KeyRing>, OAuthError> {
        let now = self.clock.now();
        let mut ring = self.ring.lock().await;
        if let Some(fresh) = ring.as_ref().filter(|ring| now < ring.loaded_at + RELOAD) {
            return Ok(Arc::clone(fresh));
        }
        Ok(Arc::clone(ring.insert(Arc::new(self.loader.load(now).await?))))
    }

    fn now(&self) -> UnixTime {
        unix(self.clock.now())
    }

    fn random(&self) -> Random {
        Random::new(self.entropy.bytes())
    }
}

/// The token endpoint, userinfo, and access tokens at the API.
impl AuthorizationServer {
    /// Answers a token request.
    ///
    /// # Errors
    /// Every refusal of the protocol.
    pub async fn token(
        &self,
        presented: &PresentedClient,
        form: &Parameters,
    ) -> Result<TokenResponse, OAuthError> {
        let now = self.now();
        let client = self.client(presented.client_id()).await?;
        let client = confirmed(presented.verify(&self.protocol, client.as_ref(), now)?)?;
        let (request, random) = (TokenRequest::read(form)?, self.random());
        let ring = self.ring().await?;
        let call = TokenCall { provider: &self.protocol, client, jkt: None, random: &random, now };
        loop {
            let decision = request.decide(&call, self.find(request.needs()).await?)?;
            let outcome = self.apply(decision.change()).await?;
            // Another request rotated the token first. The second look finds its successor and repeats that answer.
            let was_overtaken =
                outcome == Outcome::Replayed && matches!(decision.change(), Change::Rotate { .. });
            if !was_overtaken {
                return decision.answer(outcome, &ring.keys);
            }
        }
    }

    /// The claims about the user of this access token.
    ///
    /// # Errors
    /// `invalid_token`, `insufficient_scope`.
    pub async fn userinfo(&self, token: &BearerToken) -> Result<Map<String, Value>, OAuthError> {
        let claims = self.userinfo.verify(token.token(), &self.ring().await?.keys, self.now())?;
        let client = self.client(&claims.client_id).await?;
        let gone = || OAuthError::new(ErrorCode::InvalidToken, "the client of this access token was deleted");
        let client = client.ok_or_else(gone)?;
        let found = self.found_grant(claims.sid.as_deref().and_then(GrantId::parse)).await?;
        let (grant, user) = found.map(|found| (found.grant, found.user)).unzip();
        strict_oidc::userinfo(&self.protocol, &claims, &client, grant.as_ref(), user.flatten().as_ref())
    }

    /// The user of an access token for the API, and its scopes. `None`: its client, grant or user is gone.
    ///
    /// # Errors
    /// `invalid_token`; when the store is unavailable.
    pub async fn api_user(&self, token: &str) -> Result<Option<(User, AccessClaims)>, OAuthError> {
        // Tokens of sessions name no client. They must not wait for the keys.
        if !strict_jose::inspect(token).is_ok_and(|seen| seen.claims.get("client_id").is_some()) {
            return Ok(None);
        }
        let claims = self.api.verify(token, &self.ring().await?.keys, self.now())?;
        let is_enabled = self.client(&claims.client_id).await?.is_some_and(|client| !client.is_disabled);
        if !is_enabled || claims.is_client() {
            return Ok(None);
        }
        let Some(id) = claims.sid.as_deref().and_then(GrantId::parse) else { return Ok(None) };
        let Some(row) = self.store.grant(*id.as_bytes()).await.map_err(unavailable)? else { return Ok(None) };
        if row.client != claims.client_id {
            return Ok(None);
        }
        let user = self.store.user(row.user).await.map_err(unavailable)?;
        Ok(user.filter(|user| !user.disabled).map(|user| (user, claims)))
    }

    async fn find(&self, needs: Needs) -> Result<Found, OAuthError> {
        match needs {
            Needs::Code(code) => {
                let Some(row) = self.store.code(digest(code)).await.map_err(unavailable)? else {
                    return Ok(Found::Nothing);
                };
                let record: CodeRecord = serde_json::from_str(&row.record).map_err(internal)?;
                let user = self.user_in_session(&record.subject, Some(&record.session)).await?;
                let used_by = row.grant.map(GrantId::from_bytes);
                Ok(Found::Code(Box::new(FoundCode { record, used_by, user })))
            }
            Needs::Grant(id) => {
                let found = self.found_grant(Some(id)).await?;
                Ok(found.map_or(Found::Nothing, |found| Found::Grant(Box::new(found))))
            }
            Needs::Nothing | Needs::DeviceCode(_) => Ok(Found::Nothing),
        }
    }

    async fn found_grant(&self, id: Option<GrantId>) -> Result<Option<FoundGrant>, OAuthError> {
        let Some(id) = id else { return Ok(None) };
        let row = self.store.grant(*id.as_bytes()).await.map_err(unavailable)?;
        let Some(row) = row.filter(|row| row.expires_at > self.clock.now()) else { return Ok(None) };
        let grant: Grant = serde_json::from_str(&row.record).map_err(internal)?;
        let session = grant.session.as_deref().filter(|_| !grant.is_offline());
        let user = self.user_in_session(&grant.subject, session).await?;
        Ok(Some(FoundGrant { grant, user }))
    }

    /// The claims of a user, unless the user is disabled or the session has ended.
    async fn user_in_session(
        &self,
        user: &str,
        session: Option<&str>,
    ) -> Result<Option<UserClaims>, OAuthError> {
        let Some(user) = UserId::parse(user) else { return Ok(None) };
        let found = match session {
            None => self.store.user(user).await.map_err(unavailable)?,
            Some(session) => {
                let Some(session) = SessionId::parse(session) else { return Ok(None) };
                let found = self.store.session_user(session, user).await.map_err(unavailable)?;
                let now = self.clock.now();
                found
                    .filter(|found| self.sessions.allow(found.created_at, found.last_used_at, now))
                    .map(|found| found.user)
            }
        };
        Ok(found.filter(|user| !user.disabled).map(|user| claims_of(&user)))
    }

    async fn apply(&self, change: &Change) -> Result<Outcome, OAuthError> {
        let outcome = match change {
            Change::Nothing => return Ok(Outcome::First),
            Change::RedeemCode { code, grant } => {
                let Some(new) = self.new_grant(grant)? else { return Ok(Outcome::Gone) };
                self.store.redeem_code(digest(*code), new, self.clock.now()).await
            }
            Change::BurnCode { code } => self.store.delete_code(digest(*code)).await,
            Change::Rotate { grant, current, refresh } => {
                let Some(found) = self.found_grant(Some(*grant)).await? else { return Ok(Outcome::Gone) };
                let mut next = found.grant;
                next.refresh = Some(*refresh);
                let state = self.grant_state(&next)?;
                self.store.rotate_grant(*grant.as_bytes(), digest(*current), state).await
            }
            Change::EndGrant { grant, reason } => {
                tracing::warn!(grant = %grant, ?reason, "The grant of an OAuth client has ended");
                self.store.end_grant(*grant.as_bytes()).await
            }
            Change::RedeemDevice { .. } | Change::NotePoll { .. } => return Ok(Outcome::Gone),
        };
        Ok(match outcome.map_err(unavailable)? {
            store::Outcome::First => Outcome::First,
            store::Outcome::Replayed => Outcome::Replayed,
            store::Outcome::Gone => Outcome::Gone,
        })
    }

    /// `None`: the ids of its user or session are not ours.
    fn new_grant(&self, grant: &Grant) -> Result<Option<NewGrant>, OAuthError> {
        let Some(user) = UserId::parse(&grant.subject) else { return Ok(None) };
        let session = grant.session.as_deref().filter(|_| !grant.is_offline()).and_then(SessionId::parse);
        let (id, client) = (*grant.id.as_bytes(), grant.client_id.clone());
        Ok(Some(NewGrant { id, user, client, session, state: self.grant_state(grant)? }))
    }

    fn grant_state(&self, grant: &Grant) -> Result<GrantState, OAuthError> {
        let lifetimes = self.protocol.lifetimes;
        let rest = if grant.refresh.is_some() { lifetimes.refresh_idle } else { lifetimes.access_token };
        Ok(GrantState {
            current: grant.refresh.map(|refresh| digest(refresh.current)),
            record: serde_json::to_string(grant).map_err(internal)?,
            expires_at: self.clock.now() + rest,
        })
    }
}

fn claims_of(user: &User) -> UserClaims {
    UserClaims::default()
        .with("name", user.name.as_str())
        .with("updated_at", user.updated_at.as_second())
        .with("email", user.email.as_str())
        .with("email_verified", user.email_verified)
}

fn digest(digest: Digest) -> TokenDigest {
    TokenDigest::from_bytes(*digest.as_bytes())
}

fn unix(time: Timestamp) -> UnixTime {
    UnixTime(u64::try_from(time.as_second()).unwrap_or(0))
}
