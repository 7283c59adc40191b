//! API tokens: made by their owner for a program.

use accounts::{ApiToken, NewApiToken, Scope, Scopes, TokenDigest, TokenName, audit::Actor};
use ids::ApiTokenId;
use jiff::Timestamp;
use recipes::{FieldError, Scalars};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use store::Context;

use super::Accounts;
use crate::auth::caller::{Caller, api_token_format};
use crate::auth::rate_limit::Limit;
use crate::http::body::{
    Parse,
    fields::{self, Fields},
};
use crate::http::error::ApiError;

impl Accounts {
    /// Makes a token, which is known to nobody but the caller from now on. Only somebody who has logged in can: if tokens
    /// could make tokens, deleting one would not be the end of what came of it.
    ///
    /// # Errors
    /// [`ApiError::SessionRequired`], [`ApiError::TooManyApiTokens`].
    pub async fn create_api_token(
        &self,
        caller: &Caller,
        wanted: DescribeApiToken,
        actor: Actor,
    ) -> Result<(ApiToken, SecretString), ApiError> {
        let DescribeApiToken { name, scopes, expires_at } = wanted;
        let now = self.clock.now();
        if expires_at.is_some_and(|end| end <= now) {
            return Err(ApiError::invalid("/expiresAt", "must be in the future"));
        }
        caller.session()?;
        self.limits.by_user(Limit::AccountChange, caller.user.id)?;
        let secret = api_token_format().generate(&self.entropy.bytes());
        let digest = TokenDigest::of(secret.expose_secret().as_bytes());
        let id = ApiTokenId::new(now, self.entropy.bytes());
        let new = NewApiToken { id, digest, name, scopes, expires_at };
        let made = self.store.create_api_token(caller.user.id, new, Context { actor, now }).await?;
        let made = made.ok_or(ApiError::TooManyApiTokens)?;
        tracing::info!(user.id = %made.user, token.id = %made.id, "User {} made an API token", made.user);
        Ok((made, secret))
    }
}

/// A valid description of the wanted token.
pub struct DescribeApiToken {
    name: TokenName,
    scopes: Scopes,
    expires_at: Option<Timestamp>,
}

impl Parse for DescribeApiToken {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        fields::unknown(fields, &["name", "scopes", "expiresAt"])
    }

    fn parse(fields: &Map<String, Value>, _: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(fields);
        let name = fields.required("name", TokenName::parse);
        let scopes = match scopes(fields.get("scopes")) {
            Ok(scopes) => Some(scopes),
            Err(message) => fields.problem("scopes", message),
        };
        let expires_at = match fields.get("expiresAt") {
            None | Some(Value::Null) => None,
            Some(_) => fields.optional("expiresAt", |text| {
                text.parse::<Timestamp>()
                    .map_err(|_| "must be a time of RFC 3339, as in 2030-01-31T12:00:00Z")
            }),
        };
        let problems = fields.problems();
        match (name, scopes) {
            (Some(name), Some(scopes)) if problems.is_empty() => Ok(Self { name, scopes, expires_at }),
            _ => Err(problems),
        }
    }
}

/// At least one, each known: a misspelt scope must not make a token that is good for something else.
fn scopes(value: Option<&Value>) -> Result<Scopes, String> {
    let known = || Scope::ALL.map(Scope::as_str).join(", ");
    let value = value.filter(|value| !value.is_null()).ok_or("is required")?;
    let list = value.as_array().ok_or("must be a list of texts")?;
    let scopes = list.iter().map(|scope| scope.as_str().and_then(Scope::parse)).collect::<Option<Scopes>>();
    let scopes = scopes.ok_or_else(|| format!("must be a list of these: {}", known()))?;
    if scopes.is_empty() { Err(format!("must have at least one of these: {}", known())) } else { Ok(scopes) }
}
