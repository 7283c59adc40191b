//! The token endpoint ([RFC 6749 §3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)): read, decide, apply, answer.

mod authorization_code;
mod client_credentials;
mod device_code;
mod refresh;

use std::fmt;

use serde::Serialize;
use strict_jose::Algorithm;

use crate::access_token::{self, AccessClaims, Confirmation, NewToken, Status};
use crate::claims::UserClaims;
use crate::client::{Client, ClientFlag, GrantType};
use crate::client_authentication::AuthenticatedClient;
use crate::code::CodeRecord;
use crate::device::DeviceRecord;
use crate::digest::Digest;
use crate::error::{ErrorCode, OAuthError};
use crate::grant::{Grant, GrantId, RefreshState};
use crate::id_token::{IdToken, NewIdToken};
use crate::keys::SigningKeys;
use crate::outcome::Outcome;
use crate::parameters::Parameters;
use crate::provider::Provider;
use crate::random::Random;
use crate::refresh_token::RefreshToken;
use crate::resource;
use crate::scopes::Scopes;
use crate::status_list::StatusReference;
use crate::time::UnixTime;

/// A token request.
///
/// The four steps of the endpoint: [`read`](Self::read) the form, load what it [`needs`](Self::needs), [`decide`](Self::decide),
/// apply the [`Change`] under a guard, and [`answer`](TokenDecision::answer).
///
/// ```
/// use strict_oidc::{Change, Found, OAuthError, Outcome, Parameters, SigningKeys, TokenCall, TokenRequest, TokenResponse};
///
/// fn endpoint(form: &Parameters, call: &TokenCall<'_>, keys: &SigningKeys) -> Result<TokenResponse, OAuthError> {
///     let request = TokenRequest::read(form)?;
///     let found = load(request.needs());                   // one read
///     let decision = request.decide(call, found)?;         // pure: every refusal of the RFCs
///     let outcome = apply(decision.change());              // one guarded write
///     decision.answer(outcome, keys)                       // signs
/// }
/// # fn load(_: strict_oidc::Needs) -> Found { Found::Nothing }
/// # fn apply(_: &Change) -> Outcome { Outcome::First }
/// ```
#[derive(Clone, Debug)]
pub struct TokenRequest {
    grant: RequestedGrant,
    parameters: Parameters,
}

#[derive(Clone, Debug)]
enum RequestedGrant {
    AuthorizationCode(Digest),
    Refresh(RefreshToken),
    ClientCredentials,
    DeviceCode(Digest),
}

/// The row that a token request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// None.
    Nothing,
    /// The code with this digest, and the claims of its user.
    Code(Digest),
    /// This grant, and the claims of its user.
    Grant(GrantId),
    /// The device code with this digest, and the claims of the user who approved it.
    DeviceCode(Digest),
}

/// The row that was found.
#[derive(Clone, Debug)]
pub enum Found {
    /// None.
    Nothing,
    /// A code.
    Code(Box<FoundCode>),
    /// A grant.
    Grant(Box<FoundGrant>),
    /// A device code.
    Device(Box<FoundDevice>),
}

/// A code, as it was found.
#[derive(Clone, Debug)]
pub struct FoundCode {
    /// The row.
    pub record: CodeRecord,
    /// The grant that the code became, if it was used. Keep the id after the grant has ended.
    pub used_by: Option<GrantId>,
    /// The claims of the user. `None` if the user is disabled or deleted, or the session has ended.
    pub user: Option<UserClaims>,
}

/// A grant, as it was found.
#[derive(Clone, Debug)]
pub struct FoundGrant {
    /// The row.
    pub grant: Grant,
    /// The claims of the user. `None` if the user is disabled or deleted, or the session has ended and the grant is not
    /// [offline](Grant::is_offline).
    pub user: Option<UserClaims>,
}

/// A device code, as it was found.
#[derive(Clone, Debug)]
pub struct FoundDevice {
    /// The row.
    pub record: DeviceRecord,
    /// The claims of the user who approved it. `None` as long as there is none, or if the user is disabled or deleted.
    pub user: Option<UserClaims>,
}

/// Everything beside the form that decides about a token request.
#[derive(Clone, Copy, Debug)]
pub struct TokenCall<'a> {
    /// The server.
    pub provider: &'a Provider,
    /// The client.
    pub client: AuthenticatedClient<'a>,
    /// The thumbprint of the key in the verified DPoP proof, if the request has one.
    pub jkt: Option<&'a str>,
    /// 64 new random bytes.
    pub random: &'a Random,
    /// The time.
    pub now: UnixTime,
}

/// The write that a decision needs. Apply it in one transaction, and only if the row is still as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// None.
    Nothing,
    /// Mark the code as used by the grant, and insert the grant.
    ///
    /// [`Outcome::Replayed`] if the code was used meanwhile: then end the grant of the first use instead.
    RedeemCode {
        /// The code.
        code: Digest,
        /// The new grant.
        grant: Box<Grant>,
    },
    /// Delete the code: its verifier or its redirect URI was wrong, so it is in wrong hands.
    BurnCode {
        /// The code.
        code: Digest,
    },
    /// Replace the refresh state of the grant if its current token is still `current`.
    ///
    /// If another request was faster, load and decide again: this request then gets the same answer as the other one.
    Rotate {
        /// The grant.
        grant: GrantId,
        /// The digest of the current token.
        current: Digest,
        /// The new state.
        refresh: RefreshState,
    },
    /// End the grant: delete it, or mark it in the status list. Its code or one of its old refresh tokens came again.
    EndGrant {
        /// The grant.
        grant: GrantId,
        /// Why, for the audit log.
        reason: EndReason,
    },
    /// Delete the device code, and insert the grant. [`Outcome::Replayed`] if it was deleted meanwhile.
    RedeemDevice {
        /// The device code.
        device: Digest,
        /// The new grant.
        grant: Box<Grant>,
    },
    /// Note the time of the poll and the new interval in the row of the device code.
    NotePoll {
        /// The device code.
        device: Digest,
        /// The time.
        polled_at: UnixTime,
        /// The shortest time to the next poll, in seconds.
        interval: u64,
    },
}

/// Why a grant ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its code was used twice ([RFC 9700 §4.5.3](https://www.rfc-editor.org/rfc/rfc9700#section-4.5)).
    CodeReused,
    /// A refresh token was used after its successor ([RFC 9700 §4.14.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2)).
    RefreshTokenReused,
    /// It was idle for too long, or is too old.
    Expired,
}

/// A decision about a token request.
#[derive(Clone, Debug)]
#[must_use = "apply the change, then send the answer"]
pub struct TokenDecision {
    change: Change,
    result: Result<Box<Tokens>, OAuthError>,
}

/// The tokens of an answer before they are signed.
#[derive(Clone, Debug)]
struct Tokens {
    access: AccessClaims,
    algorithm: Algorithm,
    id_token: Option<IdToken>,
    refresh_token: Option<RefreshToken>,
}

/// The answer of the token endpoint ([RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)), as JSON, with
/// `Cache-Control: no-store`. `Debug` hides the tokens.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// `Bearer` or `DPoP`.
    pub token_type: &'static str,
    /// The life of the access token in seconds.
    pub expires_in: u64,
    /// The scopes of the access token.
    pub scope: Scopes,
    /// The refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The ID token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

impl TokenRequest {
    /// Reads the form.
    ///
    /// # Errors
    /// - `invalid_request`: a parameter is missing or repeated.
    /// - `unsupported_grant_type`: an unknown `grant_type`, such as `password`.
    /// - `invalid_grant`: the refresh token is not one of this server.
    pub fn read(form: &Parameters) -> Result<Self, OAuthError> {
        let name = form.require("grant_type")?;
        let grant = match GrantType::parse(name) {
            Some(GrantType::AuthorizationCode) => {
                RequestedGrant::AuthorizationCode(Digest::of(form.require("code")?))
            }
            Some(GrantType::RefreshToken) => {
                let token = RefreshToken::parse(form.require("refresh_token")?);
                RequestedGrant::Refresh(token.ok_or_else(|| invalid_grant("the refresh token is unknown"))?)
            }
            Some(GrantType::ClientCredentials) => RequestedGrant::ClientCredentials,
            Some(GrantType::DeviceCode) => {
                RequestedGrant::DeviceCode(Digest::of(form.require("device_code")?))
            }
            None => {
                let problem = format!("this server does not know the grant type {name}");
                return Err(OAuthError::new(ErrorCode::UnsupportedGrantType, problem));
            }
        };
        Ok(Self { grant, parameters: form.clone() })
    }

    /// The row to load.
    pub fn needs(&self) -> Needs {
        match &self.grant {
            RequestedGrant::AuthorizationCode(digest) => Needs::Code(*digest),
            RequestedGrant::Refresh(token) => Needs::Grant(token.grant()),
            RequestedGrant::ClientCredentials => Needs::Nothing,
            RequestedGrant::DeviceCode(digest) => Needs::DeviceCode(*digest),
        }
    }

    /// The grant type, for logs and limits.
    pub fn grant_type(&self) -> GrantType {
        match &self.grant {
            RequestedGrant::AuthorizationCode(_) => GrantType::AuthorizationCode,
            RequestedGrant::Refresh(_) => GrantType::RefreshToken,
            RequestedGrant::ClientCredentials => GrantType::ClientCredentials,
            RequestedGrant::DeviceCode(_) => GrantType::DeviceCode,
        }
    }

    /// Decides about the request. A refusal that needs a write, such as the reuse of a token, is a decision whose answer is an
    /// error.
    ///
    /// # Errors
    /// Every refusal that needs no write: `invalid_grant`, `invalid_scope`, `invalid_target`, `unauthorized_client`,
    /// `invalid_request`, `invalid_dpop_proof`.
    pub fn decide(&self, call: &TokenCall<'_>, found: Found) -> Result<TokenDecision, OAuthError> {
        let client = call.client.client();
        let grant_type = self.grant_type();
        if !client.may_use(grant_type) || !call.provider.grants.contains(&grant_type) {
            let problem = format!("this client may not use the grant {}", grant_type.as_str());
            return Err(OAuthError::new(ErrorCode::UnauthorizedClient, problem));
        }
        if client.has(ClientFlag::RequireDpop) && call.jkt.is_none() {
            let missing = "this client must send a proof of possession in the header `DPoP`";
            return Err(OAuthError::new(ErrorCode::InvalidDpopProof, missing));
        }
        let resource = resource::read(call.provider, client, &self.parameters)?;
        let request = Request { call, parameters: &self.parameters, resource };
        match (&self.grant, found) {
            (RequestedGrant::AuthorizationCode(digest), Found::Code(code)) => {
                request.redeem_code(*digest, *code)
            }
            (RequestedGrant::Refresh(token), Found::Grant(grant)) => request.refresh(token, *grant),
            (RequestedGrant::ClientCredentials, _) => request.client_credentials(),
            (RequestedGrant::DeviceCode(digest), Found::Device(device)) => {
                request.redeem_device(*digest, *device)
            }
            (RequestedGrant::AuthorizationCode(_), _) => Err(invalid_grant("the code is unknown")),
            (RequestedGrant::Refresh(_), _) => {
                Err(invalid_grant("the refresh token is unknown or its grant has ended"))
            }
            (RequestedGrant::DeviceCode(_), _) => Err(invalid_grant("the device code is unknown")),
        }
    }
}

/// A token request that its client may make.
struct Request<'a> {
    call: &'a TokenCall<'a>,
    parameters: &'a Parameters,
    resource: Option<String>,
}

impl Request<'_> {
    fn client(&self) -> &Client {
        self.call.client.client()
    }

    /// The tokens of a grant. `nonce` is that of a code.
    fn tokens(&self, grant: &Grant, scopes: &Scopes, nonce: Option<&str>, user: &UserClaims) -> Tokens {
        let (call, client) = (self.call, self.client());
        // The administrator may have taken scopes away from the client since.
        let scopes = scopes.filter(|scope| client.scopes.contains(scope));
        let resource = self.resource.as_deref().or(grant.resource.as_deref());
        let target = call.provider.target(client, resource, &scopes);
        let subject = call.provider.subject(client, &grant.subject);
        let access = AccessClaims::new(
            call.provider,
            client,
            &target,
            NewToken { sub: subject, random: call.random, now: call.now },
        )
        .of_grant(grant);
        let access = AccessClaims { cnf: self.confirmation(), ..access };
        let id_token = scopes
            .contains("openid")
            .then(|| IdToken::new(call.provider, client, grant, NewIdToken { nonce, user, now: call.now }));
        Tokens { access, algorithm: target.algorithm, id_token, refresh_token: None }
    }

    fn confirmation(&self) -> Option<Confirmation> {
        self.call.jkt.map(|jkt| Confirmation { jkt: jkt.to_owned() })
    }

    /// Gives a new grant its first refresh token if its client may refresh.
    fn first_refresh_token(&self, grant: &mut Grant) -> Option<RefreshToken> {
        use crate::client::ClientKind::{Native, Web};
        let client = self.client();
        let is_wanted = grant.is_offline() || matches!(client.kind, Native | Web);
        if !is_wanted || !client.may_use(GrantType::RefreshToken) {
            return None;
        }
        let (token, state) = RefreshToken::first(grant.id, &self.call.random.secret(), self.call.now);
        grant.refresh = Some(state);
        Some(token)
    }

    /// The key that the refresh tokens of a new grant are bound to. Confidential clients authenticate instead
    /// ([RFC 9449 §5](https://www.rfc-editor.org/rfc/rfc9449#section-5)).
    fn bound_key(&self) -> Option<String> {
        self.call.jkt.filter(|_| !self.client().kind.is_confidential()).map(str::to_owned)
    }
}

impl TokenDecision {
    fn refuse(change: Change, error: OAuthError) -> Self {
        Self { change, result: Err(error) }
    }

    fn issue(change: Change, tokens: Tokens) -> Self {
        Self { change, result: Ok(Box::new(tokens)) }
    }

    /// The write to apply.
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// Sets the place of a new grant in the status list, if the server assigns one when it inserts the grant.
    pub fn with_status(mut self, status_list: StatusReference) -> Self {
        if let Ok(tokens) = &mut self.result {
            tokens.access.status = Some(Status { status_list });
        }
        self
    }

    /// The answer, after the write.
    ///
    /// # Errors
    /// The error of the decision. `invalid_grant` if another request was faster. `temporarily_unavailable` without a signing key.
    pub fn answer(self, outcome: Outcome, keys: &SigningKeys) -> Result<TokenResponse, OAuthError> {
        let tokens = self.result?;
        if self.change != Change::Nothing {
            match outcome {
                Outcome::First => {}
                Outcome::Replayed => {
                    return Err(invalid_grant("the code or token was used by another request"));
                }
                Outcome::Gone => return Err(invalid_grant("the code or token is no longer valid")),
            }
        }
        let Tokens { access, algorithm, id_token, refresh_token } = *tokens;
        let access_token = keys.signer(algorithm)?.sign(access_token::TYP, &access);
        let access_token =
            access_token.map_err(|error| OAuthError::new(ErrorCode::ServerError, error.to_string()))?;
        let id_token = id_token.map(|id_token| id_token.sign(&access_token, keys)).transpose()?;
        Ok(TokenResponse {
            access_token,
            token_type: if access.cnf.is_some() { "DPoP" } else { "Bearer" },
            expires_in: access.exp.since(access.iat).as_secs(),
            scope: access.scope,
            refresh_token: refresh_token.map(|token| token.expose()),
            id_token,
        })
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse").field("scope", &self.scope).finish_non_exhaustive()
    }
}

fn invalid_grant(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, description)
}
