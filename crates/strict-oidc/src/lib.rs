//! The protocol of an OAuth 2.1 and OpenID Connect server, as pure functions.
#![deny(missing_docs)]

mod access_token;
mod authorize;
mod claims;
mod client;
mod client_authentication;
mod code;
mod consent;
mod device;
mod digest;
mod dpop;
mod error;
mod grant;
mod id_token;
mod introspection;
mod keys;
mod logout;
mod metadata;
mod outcome;
mod pairwise;
mod parameters;
mod pkce;
mod provider;
mod pushed;
mod random;
mod refresh_token;
mod registration;
mod request_object;
mod resource;
mod response;
mod scopes;
mod session;
mod status_list;
mod ticket;
mod time;
mod token;
mod userinfo;

pub use access_token::{AccessClaims, AccessTokenVerifier, Audience, Confirmation, Status};
pub use authorize::{
    Approved, ConsentPage, ErrorPage, LogIn, LogInReason, Next, Pushed, PushedResponse, SecondFactor, Visit,
    authorize, push,
};
pub use claims::{ClaimsRequest, UserClaims};
pub use client::{
    AssertionAudience, Client, ClientFlag, ClientKind, ClientSecret, Credentials, GrantType,
    InvalidRedirectUri, RedirectUri, SecretRecord,
};
pub use client_authentication::{AuthenticatedClient, PresentedClient, UsedAssertion, VerifiedClient};
pub use code::{CodeRecord, Issued};
pub use consent::{ConsentForm, Decision, consent};
pub use device::{
    DeviceAuthorization, DevicePage, DeviceRecord, DeviceResponse, DeviceState, UserCode, authorize_device,
};
pub use digest::Digest;
pub use dpop::{DpopNonces, DpopProof, DpopRequest, DpopRules};
pub use error::{ErrorCode, OAuthError};
pub use grant::{Grant, GrantId, RefreshState};
pub use introspection::{TokenQuery, introspect, revoke};
pub use keys::{KeyPolicy, KeyRecord, KeyState, KeyStep, SigningKeys, key_schedule, replace_keys};
pub use logout::{LogOutNext, LogOutRequest, LoggedOut, confirm_log_out, logout_token};
pub use metadata::{metadata, resource_metadata};
pub use outcome::Outcome;
pub use parameters::Parameters;
pub use pkce::CodeChallenge;
pub use provider::{Endpoints, InvalidIssuer, Lifetimes, Provider, Resource, ScopeText};
pub use pushed::PushedRequest;
pub use random::Random;
pub use refresh_token::RefreshToken;
pub use registration::RegistrationError;
pub use response::{AuthorizationResponse, ResponseMode};
pub use scopes::{InvalidScope, Scopes};
pub use session::{Consent, Session};
pub use status_list::{StatusList, StatusReference};
pub use ticket::TicketKey;
pub use time::UnixTime;
pub use token::{
    Change, EndReason, Found, FoundCode, FoundDevice, FoundGrant, Needs, TokenCall, TokenDecision,
    TokenRequest, TokenResponse,
};
pub use userinfo::{BearerToken, userinfo};
