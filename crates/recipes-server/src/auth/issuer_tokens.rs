//! Access tokens of another authorization server, verified offline with its published keys.
//!
//! A user is the pair of issuer and subject, and is created at the first token. An e-mail address of the other server proves
//! nothing here, so no token finds an existing account by one.

use std::time::Duration;

use accounts::audit::Application;
use accounts::{Email, Name, NewUser, Role, TokenDigest, User};
use http::{header, request::Parts};
use ids::Uid;
use serde_json::{Map, Value};
use store::{Identity, NewIdentity, Store};
use strict_jose::Rules;
use strict_oidc::{
    AccessClaims, BearerToken, DpopRequest, DpopRules, InvalidIssuer, Parameters, Provider, Resource,
    UnixTime, resource_metadata,
};
use tower_passport::{
    BearerHeader, Denial, Error, HttpClient, HttpError, Jwt, Network, Outcome, RemoteKeys, SchemeHeader,
    StatusLists, Strategy, TokenCache, Verification, Verify,
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
pub struct IssuerTokens(Jwt<RemoteKeys, AccessClaims, FindPossessor>);

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
        // Tokens of grants that have ended are refused within seconds. Tokens of other servers may name no list.
        let lists = StatusLists::new(&format!("{issuer}/oauth/"), http.clone())?;
        let keys = RemoteKeys::of_issuer(&issuer, http)?.clock(move || system_time(time.now()));
        let origin = audience.trim_end_matches("/api/v1").to_owned();
        let rules = Rules::typ(ACCESS_TOKEN).issuer(issuer).audience(audience);
        let tokens = Jwt::new(keys, rules, FindPossessor { users, origin })
            .clock(move || system_time(clock.now()))
            .tokens_from((BearerHeader, SchemeHeader::new("DPoP")));
        Ok(Self(tokens.cache(TokenCache::new(CACHED_TOKENS)).status_lists(lists)))
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

/// [`FindIdentity`], after the proof of possession of a token that is bound to a key (RFC 9449 section 7).
struct FindPossessor {
    users: FindIdentity,
    /// The name of this server, of which the proofs are.
    origin: String,
}

impl Verify<AccessClaims> for FindPossessor {
    type User = Caller;

    async fn verify(&self, claims: AccessClaims, request: &Parts) -> Result<Verification<Caller>, Error> {
        if self.is_of_possessor(&claims, request).await? {
            self.users.verify(claims, request).await
        } else {
            Ok(Denial::new("no_proof_of_possession").into())
        }
    }
}

impl FindPossessor {
    async fn is_of_possessor(&self, claims: &AccessClaims, request: &Parts) -> Result<bool, Error> {
        let header = request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Ok(token) = BearerToken::read(header, &Parameters::default()) else { return Ok(false) };
        let proofs: Vec<_> =
            request.headers.get_all("dpop").iter().map(|it| it.to_str().unwrap_or_default()).collect();
        let url = format!("{}{}", self.origin, request.uri.path());
        let now = self.users.clock.now();
        let at = UnixTime(now.as_second().unsigned_abs());
        let asked = DpopRequest::new(request.method.as_str(), &url, &proofs);
        match DpopRules::default().guard(&asked, &token, claims, at) {
            Ok(None) => Ok(true),
            Ok(Some(proof)) => {
                let (digest, end) = (proof.digest.as_bytes(), proof.expires_at.0.saturating_sub(at.0));
                let (digest, end) = (TokenDigest::from_bytes(*digest), now + Duration::from_secs(end));
                let outcome = self.users.store.use_proof(digest, end, now).await.map_err(Error::new)?;
                Ok(outcome == store::Outcome::First)
            }
            Err(_) => Ok(false),
        }
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
        let user = self.user(Identity { issuer: claims.iss, subject: claims.sub }).await?;
        if user.disabled {
            return Ok(Denial::new("user_disabled").into());
        }
        let credential = Credential::Grant(Box::new(claims.scope), Application::OfIssuer);
        Ok(Verification::Accept(Caller { user, credential }))
    }
}

impl FindIdentity {
    async fn user(&self, identity: Identity) -> Result<User, Error> {
        if let Some(user) = self.store.user_of_identity(&identity).await.map_err(Error::new)? {
            return Ok(user);
        }
        let now = self.clock.now();
        let id = Uid::new(now, self.entropy.bytes());
        // RFC 2606 section 2: no mail to this domain is ever delivered. The id is random, so no other user can take it first.
        let email = Email::parse(&format!("{id}@users.invalid")).map_err(Error::new)?;
        let name = Name::parse(&format!("User {}", identity.subject)).or_else(|_| Name::parse("User"));
        let user = NewUser { name: name.map_err(Error::new)?, email, password_hash: None, role: Role::User };
        let new = NewIdentity { id: self.entropy.bytes(), identity, user };
        self.store.get_or_create_identity(new, now).await.map_err(Error::new)
    }
}
