//! Signed authorization requests ([RFC 9101](https://www.rfc-editor.org/rfc/rfc9101)).

use serde_json::{Map, Value};
use strict_jose::{Header, KeySet, Rules};

use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::parameters::Parameters;
use crate::provider::Provider;
use crate::time::UnixTime;

const TYP: &str = "oauth-authz-req+jwt";

/// The claims that belong to the token and not to the request.
const OF_TOKEN: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

/// A client and its keys.
#[derive(Clone, Copy)]
pub(crate) struct ClientKeys<'a> {
    pub(crate) client: &'a Client,
    pub(crate) keys: &'a KeySet,
}

/// The parameters of a request object, which is signed with a key of its client. Parameters outside of it do not count
/// ([RFC 9101 §6.3](https://www.rfc-editor.org/rfc/rfc9101#section-6.3)).
pub(crate) fn open(
    provider: &Provider,
    keys: &ClientKeys<'_>,
    object: &str,
    now: UnixTime,
) -> Result<Parameters, OAuthError> {
    let invalid = |problem: String| OAuthError::new(ErrorCode::InvalidRequestObject, problem);
    let ClientKeys { client, keys } = *keys;
    // RFC 9101 §10.8: with the explicit type where the client writes one. An access token or a proof is refused.
    let is_explicit = Header::peek(object, |header| header.typ().is_some_and(|typ| typ.ends_with(TYP)));
    let typ = if is_explicit.unwrap_or_default() { Rules::typ(TYP) } else { Rules::typ_or_absent("JWT") };
    let rules = typ.issuer(&client.id).audience(provider.issuer());
    let verified = rules.verify::<Map<String, Value>>(object, keys, now.system_time());
    let claims = verified.map_err(|error| invalid(format!("the request object is refused: {error}")))?.claims;
    if claims.contains_key("request") || claims.contains_key("request_uri") {
        return Err(invalid("a request object contains no other request object".into()));
    }
    if claims.get("client_id").and_then(Value::as_str).is_some_and(|id| id != client.id) {
        return Err(invalid("the `client_id` of the request object is another client".into()));
    }
    let mut parameters = Parameters::default();
    for (name, value) in claims.iter().filter(|(name, _)| !OF_TOKEN.contains(&name.as_str())) {
        let values = match value {
            Value::Null => continue,
            Value::Array(values) if name == "resource" => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            parameters = parameters.with(name, text);
        }
    }
    Ok(parameters)
}
