//! Client authentication ([RFC 6749 §2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3)).

mod assertion;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use crate::client::{Client, Credentials, SecretRecord};
use crate::digest::Digest;
use crate::error::{Challenge, ErrorCode, OAuthError};
use crate::outcome::Outcome;
use crate::parameters::Parameters;
use crate::provider::Provider;
use crate::time::UnixTime;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The parameters that authenticate a client. They never belong into a URL, which is logged.
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// How a request says which client sends it.
///
/// Read it, load the client that it names, and [`verify`](Self::verify) it.
///
/// ```
/// use strict_oidc::{Parameters, PresentedClient};
///
/// let form = Parameters::parse("grant_type=client_credentials")?;
/// let presented = PresentedClient::read(Some("Basic Y19raXRjaGVuOnNlY3JldA=="), None, &form)?;
/// assert_eq!(presented.client_id(), "c_kitchen");
/// # Ok::<(), strict_oidc::OAuthError>(())
/// ```
#[derive(Clone)]
pub struct PresentedClient {
    client_id: String,
    proof: Proof,
    challenge: Challenge,
}

#[derive(Clone)]
enum Proof {
    None,
    Secret(String),
    Assertion(String),
}

impl PresentedClient {
    /// Reads the header `Authorization` and the form, and refuses credentials in the query of the URL.
    ///
    /// # Errors
    /// - `invalid_request`: two methods at once, credentials in the query, a repeated parameter, no client.
    /// - `invalid_client`: a header or an assertion that cannot be read.
    pub fn read(
        authorization: Option<&str>,
        query: Option<&str>,
        form: &Parameters,
    ) -> Result<Self, OAuthError> {
        let invalid = |problem| OAuthError::new(ErrorCode::InvalidRequest, problem);
        let query = Parameters::parse(query.unwrap_or_default())?;
        if CREDENTIALS.iter().any(|name| query.all(name).next().is_some()) {
            return Err(invalid("client credentials belong into the header or the body, never into the URL"));
        }
        let basic = authorization.map(basic).transpose()?;
        let secret = form.get("client_secret")?;
        let assertion = form.get("client_assertion")?;
        if [basic.is_some(), secret.is_some(), assertion.is_some()].into_iter().filter(|used| *used).count()
            > 1
        {
            return Err(invalid("use one method of client authentication"));
        }
        let form_id = form.get("client_id")?;
        if let Some(Basic { id, secret }) = basic {
            if form_id.is_some_and(|form_id| form_id != id) {
                return Err(invalid("the header and the parameter `client_id` name two clients"));
            }
            return Ok(Self { client_id: id, proof: Proof::Secret(secret), challenge: Challenge::Basic });
        }
        if let Some(assertion) = assertion {
            if form.get("client_assertion_type")? != Some(ASSERTION_TYPE) {
                return Err(invalid(
                    "the `client_assertion_type` is urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ));
            }
            let client_id = match form_id {
                Some(id) => id.to_owned(),
                None => assertion::claimed_client(assertion)?,
            };
            return Ok(Self {
                client_id,
                proof: Proof::Assertion(assertion.to_owned()),
                challenge: Challenge::None,
            });
        }
        let client_id =
            form_id.ok_or_else(|| invalid("the request names no client: send `client_id`"))?.to_owned();
        let proof = secret.map_or(Proof::None, |secret| Proof::Secret(secret.to_owned()));
        Ok(Self { client_id, proof, challenge: Challenge::None })
    }

    /// The client that the request names. Not verified.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Verifies the credentials. `client` is what your storage has under the id.
    ///
    /// ```
    /// use strict_oidc::{AuthenticatedClient, Client, OAuthError, Outcome, PresentedClient, Provider, UnixTime};
    ///
    /// fn authenticate<'c>(
    ///     presented: &PresentedClient, provider: &Provider, client: &'c Client, now: UnixTime,
    /// ) -> Result<AuthenticatedClient<'c>, OAuthError> {
    ///     let verified = presented.verify(provider, Some(client), now)?;
    ///     let outcome = match verified.assertion() {
    ///         Some(_used) => Outcome::First, // Insert it; Outcome::Replayed if it is already there.
    ///         None => Outcome::First,
    ///     };
    ///     verified.confirm(outcome)
    /// }
    /// ```
    ///
    /// # Errors
    /// `invalid_client` (401): unknown, disabled, or not authenticated as it is registered.
    pub fn verify<'c>(
        &self,
        provider: &Provider,
        client: Option<&'c Client>,
        now: UnixTime,
    ) -> Result<VerifiedClient<'c>, OAuthError> {
        let refused = |problem: String| {
            OAuthError::new(ErrorCode::InvalidClient, problem).with_challenge(self.challenge)
        };
        // One message for an unknown client and a wrong secret: ids cannot be searched for.
        let wrong = || refused("the client is unknown or its credentials are wrong".into());
        let client = client.filter(|client| client.id == self.client_id).ok_or_else(wrong)?;
        if client.is_disabled {
            return Err(refused("this client is disabled: ask the administrator of the server".into()));
        }
        let assertion = match (&client.credentials, &self.proof) {
            (Credentials::None, Proof::None) if !client.kind.is_confidential() => None,
            (Credentials::Secrets(secrets), Proof::Secret(secret)) => {
                let is_alive = |record: &SecretRecord| record.expires_at.is_none_or(|end| now < end);
                let given = Digest::of(secret);
                secrets.iter().find(|record| is_alive(record) && record.digest == given).ok_or_else(wrong)?;
                None
            }
            (Credentials::Keys(keys), Proof::Assertion(assertion)) => {
                Some(assertion::verify(provider, client, keys, assertion, now).map_err(refused)?)
            }
            _ => return Err(wrong()),
        };
        Ok(VerifiedClient { client, assertion, challenge: self.challenge })
    }
}

impl std::fmt::Debug for PresentedClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PresentedClient").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// A client whose credentials are right. If it used an assertion, the assertion must also be new: [`confirm`](Self::confirm).
#[derive(Debug)]
#[must_use = "a client is authenticated only after `confirm`"]
pub struct VerifiedClient<'c> {
    client: &'c Client,
    assertion: Option<UsedAssertion>,
    challenge: Challenge,
}

impl<'c> VerifiedClient<'c> {
    /// The assertion to store until it expires. If it is already stored, the outcome is [`Outcome::Replayed`].
    pub fn assertion(&self) -> Option<UsedAssertion> {
        self.assertion
    }

    /// Ends the authentication. Without an assertion, the outcome is [`Outcome::First`].
    ///
    /// # Errors
    /// `invalid_client` if the assertion was used before.
    pub fn confirm(self, outcome: Outcome) -> Result<AuthenticatedClient<'c>, OAuthError> {
        match outcome {
            Outcome::First => Ok(AuthenticatedClient(self.client)),
            Outcome::Replayed | Outcome::Gone => {
                let replayed = "this assertion was used before: sign one with a new `jti` for each request";
                Err(OAuthError::new(ErrorCode::InvalidClient, replayed).with_challenge(self.challenge))
            }
        }
    }
}

/// The trace of an assertion, which may be used once ([RFC 7523 §3](https://www.rfc-editor.org/rfc/rfc7523#section-3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsedAssertion {
    /// The digest of the client and the `jti`: a unique key.
    pub digest: Digest,
    /// When the row can be deleted.
    pub expires_at: UnixTime,
}

/// A client that has authenticated as it is registered. For a public client that is its id alone.
#[derive(Clone, Copy, Debug)]
pub struct AuthenticatedClient<'c>(&'c Client);

impl<'c> AuthenticatedClient<'c> {
    /// The client.
    pub fn client(&self) -> &'c Client {
        self.0
    }
}

/// The parameters of a form without those that authenticate its client.
pub(crate) fn without_credentials(form: &Parameters) -> Parameters {
    CREDENTIALS.iter().fold(form.clone(), |form, name| form.without(name))
}

struct Basic {
    id: String,
    secret: String,
}

/// Reads `Basic base64(id:secret)`, both form-encoded ([RFC 6749 §2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
fn basic(authorization: &str) -> Result<Basic, OAuthError> {
    let invalid = || {
        let wanted = "the header `Authorization` is not Basic with the id and the secret of the client";
        OAuthError::new(ErrorCode::InvalidClient, wanted).with_challenge(Challenge::Basic)
    };
    let (scheme, value) = authorization.split_once(' ').ok_or_else(invalid)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(invalid());
    }
    let bytes = STANDARD.decode(value.trim()).map_err(|_| invalid())?;
    let text = String::from_utf8(bytes).map_err(|_| invalid())?;
    let (id, secret) = text.split_once(':').ok_or_else(invalid)?;
    // Ids and secrets of this crate contain no character that encoding would change.
    let decoded = |text: &str| {
        let text = text.replace('&', "%26").replace('=', "%3D");
        form_urlencoded::parse(text.as_bytes()).next().map(|(text, _)| text.into_owned()).unwrap_or_default()
    };
    Ok(Basic { id: decoded(id), secret: decoded(secret) })
}
