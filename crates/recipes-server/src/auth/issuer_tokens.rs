//! Access tokens of another authorization server, verified offline with its published keys.
//!
//! A user is the pair of issuer and subject, and is created at the first token. An e-mail address of the other server proves
//! nothing here, so no token finds an existing account by one.

use accounts::{Email, Name, NewUser, Role, User};
use http::request::Parts;
use ids::Uid;
use serde_json::{Map, Value};
use store::{Identity, NewIdentity, Store};
use strict_jose::Rules;
use strict_oidc::{AccessClaims, InvalidIssuer, Provider, Resource, resource_metadata};
use tower_passport::{
    Denial, Error, HttpClient, HttpError, Jwt, Network, Outcome, RemoteKeys, Strategy, TokenCache,
    Verification, Verify,
};

use super::access_tokens::ACCESS_TOKEN;
use super::caller::{Caller, Credential};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::http::conditional::system_time;
use crate::telemetry::traces;

/// An entry takes about a kilobyte.
const CACHED_TOKENS: u64 = 10_000;

/// The server that issues the tokens, and the audience that they must name: this API.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    pub issuer: String,
    pub audience: String,
}

impl TrustedIssuer {
    /// What a client must know to get a token for this API (RFC 9728).
    ///
    /// # Errors
    /// [`InvalidIssuer`].
    pub fn metadata(&self) -> Result<Map<String, Value>, InvalidIssuer> {
        let resource = Resource::new(&*self.audience, crate::provider::API_SCOPES);
        Ok(resource_metadata(&Provider::new(&self.issuer)?, &resource))
    }
}

/// The strategy for the tokens of a [`TrustedIssuer`].
pub struct IssuerTokens(Jwt<RemoteKeys, AccessClaims, FindIdentity>);

impl IssuerTokens {
    /// # Errors
    /// [`HttpError`] if no client can be made, or if the issuer has no address that it may connect to.
    pub fn new(
        TrustedIssuer { issuer, audience }: TrustedIssuer,
        users: FindIdentity,
    ) -> Result<Self, HttpError> {
        // The operator chose the issuer, which may be in the same private network.
        let http = HttpClient::new(Network::Private)?.propagate(traces::propagate);
        let clock = users.clock.clone();
        let time = clock.clone();
        let keys = RemoteKeys::of_issuer(&issuer, http)?.clock(move || system_time(time.now()));
        let rules = Rules::typ(ACCESS_TOKEN).issuer(issuer).audience(audience);
        let tokens = Jwt::new(keys, rules, users).clock(move || system_time(clock.now()));
        Ok(Self(tokens.cache(TokenCache::new(CACHED_TOKENS))))
    }
}

impl Strategy for IssuerTokens {
    type User = Caller;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<Caller>, Error> {
        self.0.authenticate(request).await
    }

    fn recognizes(&self, request: &Parts) -> Option<&str> {
        self.0.recognizes(request)
    }
}

/// Finds the user of a token, or creates one.
pub struct FindIdentity {
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
}

impl Verify<AccessClaims> for FindIdentity {
    type User = Caller;

    async fn verify(&self, claims: AccessClaims, _: &Parts) -> Result<Verification<Caller>, Error> {
        if claims.is_client() {
            return Ok(Denial::new("token_of_no_user").into());
        }
        // A thief of the token has no proof of possession. Such a token is not for the scheme Bearer.
        if claims.cnf.is_some() {
            return Ok(Denial::new("token_of_a_key").into());
        }
        let user = self.user(Identity { issuer: claims.iss, subject: claims.sub }).await?;
        if user.disabled {
            return Ok(Denial::new("user_disabled").into());
        }
        Ok(Verification::Accept(Caller { user, credential: Credential::Grant(Box::new(claims.scope)) }))
    }
}

impl FindIdentity {
    async fn user(&self, identity: Identity) -> Result<User, Error> {
        if let Some(user) = self.store.user_of_identity(&identity).await.map_err(Error::new)? {
            return Ok(user);
        }
        let now = self.clock.now();
        let id = Uid::new(now, self.entropy.bytes());
        // RFC 2606 section 2: no mail to this domain is ever delivered. The id is random, so nobody can take it first.
        let email = Email::parse(&format!("{id}@users.invalid")).map_err(Error::new)?;
        let name = Name::parse(&format!("User {}", identity.subject)).or_else(|_| Name::parse("User"));
        let user = NewUser { name: name.map_err(Error::new)?, email, password_hash: None, role: Role::User };
        let new = NewIdentity { id: self.entropy.bytes(), identity, user };
        self.store.get_or_create_identity(new, now).await.map_err(Error::new)
    }
}
