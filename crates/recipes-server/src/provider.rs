//! The authorization server: reads records from the store, lets `strict-oidc` decide, and stores the decision.

mod authentication;
mod authorize;
mod client_record;
mod device;
mod failure;
mod grants;
mod keys;
mod logouts;
mod management;
mod pushed;
mod resources;
mod revocations;
mod sealed_values;
mod secret_sealer;
mod tokens;
mod verified_tokens;

use std::sync::Arc;
use std::time::Duration;

use accounts::{SessionLimits, TokenDigest};
use jiff::Timestamp;
use serde_json::{Map, Value};
use store::Store;
use strict_oidc::{
    AccessTokenVerifier, Client, Digest, GrantType, InvalidIssuer, OAuthError, Provider, Random, Resource,
    UnixTime, metadata,
};
use tokio::sync::Mutex;

pub use self::authentication::ClientCall;
pub use self::client_record::ClientRecord;
pub use self::device::DeviceStep;
use self::failure::{internal, unavailable};
use self::keys::{KeyLoader, KeyRing};
pub use self::keys::{replace_signing_keys, signing_key_records};
pub use self::logouts::deliver_logouts;
pub use self::resources::{ResourceCall, Userinfo};
use self::revocations::Published;
pub use self::revocations::StatusListAnswer;
pub use self::sealed_values::{SealedValues, examine_sealed};
pub use self::secret_sealer::SecretSealer;
use crate::auth::rate_limit::RateLimits;
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
    provider.id_token_algorithms = vec![strict_jose::Algorithm::Rs256, strict_jose::Algorithm::Es256];
    provider.grants = GrantType::ALL.to_vec();
    provider.accepts_request_objects = true;
    provider.signs_userinfo = true;
    // A user takes some minutes to log in, and the request is read again after it.
    provider.lifetimes.pushed_request = Duration::from_mins(10);
    provider.endpoints.pushed_requests = Some(format!("{url}/oauth/par"));
    provider.endpoints.device_authorization = Some(format!("{url}/oauth/device"));
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
    pub limits: RateLimits,
    pub clock: Clock,
    pub entropy: Entropy,
}

/// The authorization server.
pub struct AuthorizationServer {
    /// Without the keys that are derived from the data key: see [`KeyRing::provider`].
    protocol: Provider,
    api: AccessTokenVerifier,
    userinfo: AccessTokenVerifier,
    store: Store,
    sessions: SessionLimits,
    limits: RateLimits,
    clock: Clock,
    entropy: Entropy,
    loader: KeyLoader,
    ring: Mutex<Option<Arc<KeyRing>>>,
    revocations: Mutex<Option<Published>>,
}

impl AuthorizationServer {
    pub fn new(protocol: Provider, with: ProviderDependencies) -> Self {
        let ProviderDependencies { store, secrets, sessions, limits, clock, entropy } = with;
        let issuer = protocol.issuer();
        Self {
            api: AccessTokenVerifier::new(issuer, format!("{issuer}/api/v1")),
            userinfo: AccessTokenVerifier::new(issuer, issuer),
            loader: KeyLoader {
                store: store.clone(),
                secrets,
                entropy: entropy.clone(),
                protocol: protocol.clone(),
            },
            protocol,
            store,
            sessions,
            limits,
            clock,
            entropy,
            ring: Mutex::default(),
            revocations: Mutex::default(),
        }
    }

    /// The metadata of the server (OpenID Connect Discovery, RFC 8414).
    ///
    /// # Errors
    /// When the keys cannot be loaded.
    pub async fn metadata(&self) -> Result<Map<String, Value>, OAuthError> {
        Ok(metadata(&self.ring().await?.provider))
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

fn digest(digest: Digest) -> TokenDigest {
    TokenDigest::from_bytes(*digest.as_bytes())
}

fn unix(time: Timestamp) -> UnixTime {
    UnixTime(u64::try_from(time.as_second()).unwrap_or(0))
}

fn timestamp(time: UnixTime) -> Timestamp {
    let seconds = i64::try_from(time.0).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
