//! The parameter `resource` ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).

use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::parameters::Parameters;
use crate::provider::Provider;

/// Reads the resource that a request names.
///
/// One at a time: a token for two APIs lets each of them use the other one in the name of the user
/// ([RFC 9700 §2.3](https://www.rfc-editor.org/rfc/rfc9700#section-2.3)).
pub(crate) fn read(
    provider: &Provider,
    client: &Client,
    parameters: &Parameters,
) -> Result<Option<String>, OAuthError> {
    let invalid = |problem: String| OAuthError::new(ErrorCode::InvalidTarget, problem);
    let mut resources = parameters.all("resource");
    let Some(uri) = resources.next() else { return Ok(None) };
    if resources.any(|other| other != uri) {
        return Err(invalid(
            "ask for one `resource` at a time: a refresh token brings tokens for the others".into(),
        ));
    }
    if provider.resource(uri).is_none() || !client.resources.iter().any(|own| own == uri) {
        return Err(invalid(format!("the resource {uri} is unknown or not allowed for this client")));
    }
    Ok(Some(uri.to_owned()))
}
