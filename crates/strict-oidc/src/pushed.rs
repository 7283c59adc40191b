//! Pushed requests as they are stored ([RFC 9126](https://www.rfc-editor.org/rfc/rfc9126)).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::digest::Digest;
use crate::error::{ErrorCode, OAuthError};
use crate::parameters::Parameters;
use crate::random::Random;
use crate::time::UnixTime;

/// The start of every `request_uri` ([RFC 9126 §2.2](https://www.rfc-editor.org/rfc/rfc9126#section-2.2)).
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// An authorization request that its client sent in advance. Its row exists because the client authenticated; delete it when it
/// expires or its code was issued.
///
/// ```
/// use strict_oidc::{Parameters, PushedRequest};
///
/// // In the authorization endpoint: the row to load for the visit.
/// let parameters = Parameters::parse("client_id=c_kitchen&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3AabcDEF")?;
/// let reference = PushedRequest::reference_in(&parameters);
/// assert!(reference.is_some());
/// # Ok::<(), strict_oidc::OAuthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PushedRequest {
    /// The digest of the `request_uri`: the key of the row.
    pub reference: Digest,
    /// The client that pushed the request.
    pub client_id: String,
    /// The parameters as a query.
    pub query: String,
    /// The end of the request.
    pub expires_at: UnixTime,
}

impl PushedRequest {
    pub(crate) fn new(
        client: &Client,
        parameters: &Parameters,
        random: &Random,
        expires_at: UnixTime,
    ) -> (String, Self) {
        let uri = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random.secret()));
        let reference = Digest::of(&uri);
        (uri, Self { reference, client_id: client.id.clone(), query: parameters.to_query(), expires_at })
    }

    /// The key of the row that the parameters of an authorization request refer to, if they do.
    pub fn reference_in(parameters: &Parameters) -> Option<Digest> {
        let uri = parameters.get("request_uri").ok().flatten()?;
        uri.starts_with(PREFIX).then(|| Digest::of(uri))
    }

    /// The parameters of the stored request, for its client and as long as it is valid.
    pub(crate) fn open(&self, client: &Client, uri: &str, now: UnixTime) -> Result<Parameters, OAuthError> {
        if !self.reference.is_of(uri) || self.client_id != client.id || self.expires_at <= now {
            let problem =
                "the `request_uri` is unknown, used, expired or of another client: push the request again";
            return Err(OAuthError::new(ErrorCode::InvalidRequestUri, problem));
        }
        Parameters::parse(&self.query)
    }
}
