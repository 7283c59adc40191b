//! The endpoint for pushed requests ([RFC 9126](https://www.rfc-editor.org/rfc/rfc9126)).

use serde::Serialize;

use super::{Refusal, Request, Visit};
use crate::client_authentication::{self, AuthenticatedClient};
use crate::error::{ErrorCode, OAuthError};
use crate::parameters::Parameters;
use crate::provider::Provider;
use crate::pushed::PushedRequest;
use crate::random::Random;

/// A pushed request to store, and the answer to send with the status 201.
///
/// ```
/// fn body(pushed: &strict_oidc::Pushed) -> serde_json::Result<String> {
///     serde_json::to_string(&pushed.response)
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pushed {
    /// The row. Its key is [`PushedRequest::reference`].
    pub record: PushedRequest,
    /// The answer, as JSON.
    pub response: PushedResponse,
}

/// The answer to a pushed request ([RFC 9126 §2.2](https://www.rfc-editor.org/rfc/rfc9126#section-2.2)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PushedResponse {
    /// The reference for the parameter `request_uri` of the authorization request.
    pub request_uri: String,
    /// The life of the reference in seconds.
    pub expires_in: u64,
}

/// Checks an authorization request that its client sends before the browser comes
/// ([RFC 9126 §2](https://www.rfc-editor.org/rfc/rfc9126#section-2)).
///
/// ```
/// use strict_oidc::{AuthenticatedClient, OAuthError, Parameters, Provider, Random, Visit, push};
///
/// fn endpoint(
///     provider: &Provider, client: &AuthenticatedClient<'_>, form: &Parameters, visit: &Visit<'_>, random: &Random,
/// ) -> Result<String, OAuthError> {
///     let pushed = push(provider, client, form, visit, random)?;
///     // Insert pushed.record, then:
///     Ok(pushed.response.request_uri)
/// }
/// ```
///
/// # Errors
/// The errors of the authorization endpoint; those that it would show are `invalid_request` here. `invalid_request` if the form
/// has a `request_uri` itself.
pub fn push(
    provider: &Provider,
    client: &AuthenticatedClient<'_>,
    form: &Parameters,
    visit: &Visit<'_>,
    random: &Random,
) -> Result<Pushed, OAuthError> {
    if form.get("request_uri")?.is_some() {
        let nested = "a pushed request has no `request_uri`";
        return Err(OAuthError::new(ErrorCode::InvalidRequest, nested));
    }
    let parameters = client_authentication::without_credentials(form);
    // A client that authenticates by header or assertion need not repeat its id, but the stored request is read by it.
    let parameters = match parameters.get("client_id")? {
        Some(id) if id != client.client().id => {
            let other = "the `client_id` of the request is another client";
            return Err(OAuthError::new(ErrorCode::InvalidRequest, other));
        }
        Some(_) => parameters,
        None => parameters.with("client_id", client.client().id.clone()),
    };
    // Checked as pushed, so that a client that must push its requests passes; opened again at the authorization endpoint.
    let expires_in = provider.lifetimes.pushed_request;
    let (request_uri, record) =
        PushedRequest::new(client.client(), &parameters, random, visit.now + expires_in);
    let opened = Parameters::parse("")?
        .with("client_id", client.client().id.clone())
        .with("request_uri", request_uri.clone());
    let visit = visit.pushed(Some(&record));
    match Request::read(provider, Some(client.client()), &opened, &visit).map_err(|refusal| *refusal) {
        Ok(_) => {}
        Err(Refusal::Show(page)) => return Err(OAuthError::new(ErrorCode::InvalidRequest, page.description)),
        Err(Refusal::Return(_, error)) => return Err(error),
    }
    Ok(Pushed { record, response: PushedResponse { request_uri, expires_in: expires_in.as_secs() } })
}
