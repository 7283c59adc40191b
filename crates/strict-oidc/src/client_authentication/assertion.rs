//! `private_key_jwt`: assertions that a client signs
//! ([RFC 7523 §2.2 and §3](https://www.rfc-editor.org/rfc/rfc7523#section-3)).

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use strict_jose::{Header, KeySet, Rules, inspect};

use super::UsedAssertion;
use crate::client::{AssertionAudience, Client};
use crate::digest::Digest;
use crate::error::{ErrorCode, OAuthError};
use crate::provider::Provider;
use crate::time::UnixTime;

/// The explicit type of [rfc7523bis](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-rfc7523bis). Most libraries write
/// `JWT` or nothing.
const TYP: &str = "client-authentication+jwt";

/// The tolerated difference between the clocks of client and server.
const LEEWAY: Duration = Duration::from_secs(30);

/// The longest life of an assertion: its `jti` is stored as long.
const MAX_LIFE: Duration = Duration::from_hours(1);

#[derive(Deserialize)]
struct Claims {
    jti: String,
    aud: Value,
}

/// The client that an assertion claims to be from, to load its keys.
pub(super) fn claimed_client(assertion: &str) -> Result<String, OAuthError> {
    let claimed = inspect(assertion).ok();
    let subject = claimed.as_ref().and_then(|seen| seen.claims.get("sub")).and_then(Value::as_str);
    subject.map(str::to_owned).ok_or_else(|| {
        OAuthError::new(
            ErrorCode::InvalidClient,
            "the `client_assertion` is not a JWT with the client as `sub`",
        )
    })
}

/// Verifies an assertion. The error is its description.
pub(super) fn verify(
    provider: &Provider,
    client: &Client,
    keys: &KeySet,
    assertion: &str,
    now: UnixTime,
) -> Result<UsedAssertion, String> {
    let is_explicit = Header::peek(assertion, |header| header.typ().is_some_and(|typ| typ.ends_with(TYP)));
    let typ = if is_explicit.unwrap_or_default() { Rules::typ(TYP) } else { Rules::typ_or_absent("JWT") };
    let rules = typ.issuer(&client.id);
    let rules = match client.assertion_audience {
        AssertionAudience::Issuer => rules.audience(provider.issuer()),
        AssertionAudience::TokenEndpoint => rules.audiences([provider.issuer(), &provider.endpoints.token]),
    };
    let rules = rules.subject(&client.id).require("jti").leeway(LEEWAY);
    let verified = rules.verify::<Claims>(assertion, keys, now.system_time());
    let verified = verified.map_err(|error| format!("the client assertion is refused: {error}"))?;
    if client.assertion_audience == AssertionAudience::Issuer && !verified.claims.aud.is_string() {
        return Err("the `aud` of a client assertion is the issuer as a string, not an array".into());
    }
    let expires_at = verified.registered.exp.map(UnixTime::from).unwrap_or_default();
    if expires_at > now + MAX_LIFE {
        return Err("a client assertion is valid for at most an hour: set an earlier `exp`".into());
    }
    // No client id contains a NUL, so no two pairs give the same digest.
    let digest = Digest::of(format!("{}\0{}", client.id, verified.claims.jti));
    Ok(UsedAssertion { digest, expires_at: expires_at + LEEWAY })
}
