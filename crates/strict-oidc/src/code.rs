//! Authorization codes ([RFC 6749 §4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::authorize::Approved;
use crate::claims::ClaimsRequest;
use crate::digest::Digest;
use crate::pkce::CodeChallenge;
use crate::provider::Provider;
use crate::random::Random;
use crate::response::AuthorizationResponse;
use crate::scopes::Scopes;
use crate::time::UnixTime;

/// A code as it is stored, under its digest. `serde` writes it for a database.
///
/// Keep the row for the life of a grant after the code was used: a second use must find the grant of the first
/// ([RFC 6749 §4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CodeRecord {
    /// The client that the code was issued to.
    pub client_id: String,
    /// The redirect URI that it was sent to.
    pub redirect_uri: String,
    /// The user.
    pub subject: String,
    /// The session of the user, whose end ends the grant unless it has `offline_access`.
    pub session: String,
    /// The granted scopes.
    pub scopes: Scopes,
    /// The resource that the client named.
    pub resource: Option<String>,
    /// The single claims that the client asked for.
    pub claims: ClaimsRequest,
    /// The `nonce` of the request.
    pub nonce: Option<String>,
    /// The PKCE challenge.
    pub challenge: Option<CodeChallenge>,
    /// The thumbprint of the DPoP key that must be used ([RFC 9449 §10](https://www.rfc-editor.org/rfc/rfc9449#section-10)).
    pub jkt: Option<String>,
    /// When the user authenticated.
    pub authenticated_at: UnixTime,
    /// The authentication level.
    pub acr: String,
    /// How the user authenticated.
    pub amr: Vec<String>,
    /// The end of the code.
    pub expires_at: UnixTime,
}

/// A code to store, and the response that carries it. Store first, then send.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issued {
    /// The digest of the code: the key of the row.
    pub digest: Digest,
    /// The row.
    pub record: CodeRecord,
    /// The response to send after the row was stored.
    pub response: AuthorizationResponse,
}

impl Approved {
    /// Makes a code of 256 random bits, valid for [`Lifetimes::code`](crate::Lifetimes::code).
    ///
    /// ```
    /// use strict_oidc::{Approved, Issued, Provider, Random, UnixTime};
    ///
    /// fn issue(approved: Approved, provider: &Provider, random: &Random, now: UnixTime) -> String {
    ///     let Issued { digest, record, response, .. } = approved.issue(provider, random, now);
    ///     // In one transaction: insert (digest, record), and the consent and the used pushed request of `approved`.
    ///     response.location()
    /// }
    /// ```
    pub fn issue(self, provider: &Provider, random: &Random, now: UnixTime) -> Issued {
        let code = URL_SAFE_NO_PAD.encode(random.secret());
        let record = CodeRecord {
            client_id: self.client_id,
            redirect_uri: self.address.redirect_uri.clone(),
            subject: self.subject,
            session: self.session,
            scopes: self.scopes,
            resource: self.resource,
            claims: self.claims,
            nonce: self.nonce,
            challenge: self.challenge,
            jkt: self.jkt,
            authenticated_at: self.authenticated_at,
            acr: self.acr,
            amr: self.amr,
            expires_at: now + provider.lifetimes.code,
        };
        Issued {
            digest: Digest::of(&code),
            record,
            response: AuthorizationResponse::code(self.address, code),
        }
    }
}
