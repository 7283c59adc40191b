//! API tokens, which users create for their programs.

use accounts::{ApiToken, NewApiToken, Scopes, TokenDigest, TokenName, User, audit::Actor};
use ids::{ApiTokenId, UserId};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Accounts, error::AccountError};
use crate::auth::{guard::api_token_format, rate_limit::Limit};
use crate::use_cases::repeats::Once;

/// The command to create an API token.
pub struct CreateApiToken {
    pub name: TokenName,
    pub scopes: Scopes,
    pub expires_at: Option<Timestamp>,
}

/// A new API token. Its secret is shown once and not stored.
pub struct CreatedApiToken {
    pub token: ApiToken,
    pub secret: SecretString,
}

impl Accounts {
    /// Creates an API token. This requires a session: if tokens could create tokens, deleting a stolen token would not
    /// end the thief's access.
    ///
    /// # Errors
    /// [`AccountError::SessionRequired`], [`AccountError::TooManyApiTokens`], [`AccountError::Invalid`] for an expiry in
    /// the past, [`AccountError::RateLimited`].
    pub async fn create_api_token(
        &self,
        user: &User,
        command: CreateApiToken,
        actor: Actor,
        once: Option<Once<CreatedApiToken>>,
    ) -> Result<CreatedApiToken, AccountError> {
        let CreateApiToken { name, scopes, expires_at } = command;
        let now = self.clock.now();
        if expires_at.is_some_and(|end| end <= now) {
            return Err(AccountError::invalid("expiresAt", "must be in the future"));
        }
        actor.session.ok_or(AccountError::SessionRequired)?;
        self.limits.by_user(Limit::AccountChange, user.id).await?;
        let secret = api_token_format().generate(&self.entropy.bytes());
        let digest = TokenDigest::of(secret.expose_secret().as_bytes());
        let id = ApiTokenId::new(now, self.entropy.bytes());
        let new = NewApiToken { id, digest, name, scopes, expires_at };
        let store = {
            let secret = secret.clone();
            Once::store(once, &self.store, move |token: &Option<ApiToken>| {
                token.clone().map(|token| CreatedApiToken { token, secret: secret.clone() })
            })
        };
        let token = store.create_api_token(user.id, new, self.context(actor)).await?;
        let token = token.ok_or(AccountError::TooManyApiTokens)?;
        tracing::info!(user.id = %user.id, token.id = %id, "User {} created an API token", user.id);
        Ok(CreatedApiToken { token, secret })
    }

    /// The API tokens of a user, the oldest first.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn api_tokens(&self, user: UserId) -> Result<Vec<ApiToken>, AccountError> {
        Ok(self.store.api_tokens(user).await?)
    }

    /// # Errors
    /// [`AccountError::ApiTokenNotFound`].
    pub async fn delete_api_token(
        &self,
        user: UserId,
        id: ApiTokenId,
        actor: Actor,
    ) -> Result<(), AccountError> {
        if !self.store.delete_api_token(user, id, self.context(actor)).await? {
            return Err(AccountError::ApiTokenNotFound);
        }
        tracing::info!(user.id = %user, token.id = %id, "User {user} deleted an API token");
        Ok(())
    }
}
