//! Sessions: log-in starts them, refresh tokens extend them, their users end them.

use std::{net::IpAddr, time::Duration};

use accounts::{Device, LanguageTag, NewSession, PasswordHash, RefreshToken, Session, User, audit::Actor};
use ids::{SessionId, UserId};
use jiff::Timestamp;
use store::{CreateSession, Refresh, RefreshSession, Refreshed, StoreError};

use crate::auth::access_tokens::AccessClaims;

use super::{Accounts, error::AccountError};

/// A session that was just started or extended, with its tokens.
pub struct LoggedIn {
    pub user: User,
    pub access_token: String,
    pub refresh_token: RefreshToken,
    /// How long the access token is valid.
    pub expires_in: Duration,
    /// How long the refresh token is worth keeping.
    pub keep: Duration,
}

/// The device and address of a client, which the list of sessions shows, and its language.
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    pub device: Option<Device>,
    pub address: Option<IpAddr>,
    /// Of the request: mails that it causes are in this language.
    pub language: LanguageTag,
}

impl ClientInfo {
    /// For the audit log: a client that is not signed in.
    pub fn anonymous(&self) -> Actor {
        Actor::anonymous(self.address)
    }
}

impl Accounts {
    /// Starts a session for a user after the password was checked against this hash. `None` if the stored hash has
    /// changed since, or the user is disabled or deleted.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn begin_session(
        &self,
        user: User,
        password_hash: Option<&PasswordHash>,
        client: ClientInfo,
    ) -> Result<Option<LoggedIn>, AccountError> {
        let (session, now) = (self.new_session(client), self.clock.now());
        let token = session.token.clone();
        let (password_hash, limits) = (password_hash.cloned(), self.settings.sessions);
        let command = CreateSession { user: user.id, password_hash, session, limits };
        let session = self.store.create_session(command, now).await?;
        session.map(|session| self.logged_in(user, &session, token, now)).transpose()
    }

    /// Exchanges a refresh token for a new pair. A token that was used before ends its session, unless the same exchange
    /// is repeated soon after: see [`store::Store::refresh_session`].
    ///
    /// # Errors
    /// [`AccountError::InvalidRefreshToken`].
    pub async fn refresh(&self, token: &str, client: &ClientInfo) -> Result<LoggedIn, AccountError> {
        let token = RefreshToken::parse(token).ok_or(AccountError::InvalidRefreshToken)?;
        let (nonce, limits) = (self.entropy.bytes(), self.settings.sessions);
        let command = RefreshSession { token, nonce, limits, address: client.address };
        match self.store.refresh_session(command, self.clock.now()).await? {
            Refresh::Refreshed(refreshed) => {
                let Refreshed { user, session, token, since } = *refreshed;
                self.logged_in(user, &session, token, since)
            }
            Refresh::Reused { user, session } => {
                tracing::warn!(
                    user.id = %user, session.id = %session,
                    "A refresh token of user {user} was used again: the session has ended"
                );
                Err(AccountError::InvalidRefreshToken)
            }
            Refresh::Unknown => Err(AccountError::InvalidRefreshToken),
        }
    }

    /// The sessions of a user, the last used first.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, AccountError> {
        Ok(self.store.sessions(user, self.settings.sessions, self.clock.now()).await?)
    }

    /// Ends the session that the request belongs to.
    ///
    /// # Errors
    /// [`AccountError::SessionRequired`] if the request was made with an API token.
    pub async fn log_out(&self, user: UserId, actor: Actor) -> Result<(), AccountError> {
        let session = actor.session.ok_or(AccountError::SessionRequired)?;
        match self.store.end_session(user, session, self.context(actor)).await {
            Ok(_) => {
                tracing::info!(user.id = %user, session.id = %session, "User {user} logged out");
                Ok(())
            }
            // The session ended in the meantime, which is what the user wants.
            Err(StoreError::ActorRevoked) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the session of this refresh token, for a browser whose access token has expired. An invalid token has no session that
    /// could end.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn log_out_by_refresh_token(
        &self,
        token: &str,
        client: &ClientInfo,
    ) -> Result<(), AccountError> {
        let LoggedIn { user, refresh_token, .. } = match self.refresh(token, client).await {
            Err(AccountError::InvalidRefreshToken) => return Ok(()),
            refreshed => refreshed?,
        };
        let session = Some(refresh_token.session());
        self.log_out(user.id, Actor { user: Some(user.id), session, ..client.anonymous() }).await
    }

    /// Ends all sessions of the user, except the one that the request belongs to.
    ///
    /// # Errors
    /// [`AccountError::SessionRequired`] if the request was made with an API token.
    pub async fn end_other_sessions(&self, user: UserId, actor: Actor) -> Result<(), AccountError> {
        let session = actor.session.ok_or(AccountError::SessionRequired)?;
        let ended = self.store.end_other_sessions(user, session, self.context(actor)).await?;
        tracing::info!(user.id = %user, ended, "User {user} ended all other sessions");
        Ok(())
    }

    /// Ends all sessions and API tokens of the user.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn end_all_sessions(&self, user: UserId, actor: Actor) -> Result<(), AccountError> {
        let ended = self.store.end_sessions(user, self.context(actor)).await?;
        tracing::info!(user.id = %user, ended, "User {user} ended all sessions");
        Ok(())
    }

    /// Ends one session of the user.
    ///
    /// # Errors
    /// [`AccountError::SessionNotFound`].
    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        actor: Actor,
    ) -> Result<(), AccountError> {
        if !self.store.end_session(user, session, self.context(actor)).await? {
            return Err(AccountError::SessionNotFound);
        }
        tracing::info!(user.id = %user, session.id = %session, "User {user} ended a session");
        Ok(())
    }

    pub(super) fn new_session(&self, ClientInfo { device, address, .. }: ClientInfo) -> NewSession {
        let id = SessionId::new(self.clock.now(), self.entropy.bytes());
        NewSession { token: RefreshToken::first(id, self.entropy.bytes()), device, address }
    }

    pub(super) fn logged_in(
        &self,
        user: User,
        session: &Session,
        refresh_token: RefreshToken,
        since: Timestamp,
    ) -> Result<LoggedIn, AccountError> {
        let (limits, now) = (self.settings.sessions, self.clock.now());
        // A token must not outlive its session.
        let lifetime = self.settings.token_lifetime.min(limits.remaining(session.created_at, since));
        // Counted from the exchange, because a repeated refresh must give the same pair.
        let iat = since.as_second();
        let exp = iat.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX));
        let claims = AccessClaims { id: user.id, sid: session.id, iat, exp };
        let expires_in = Duration::from_secs(u64::try_from(exp.saturating_sub(now.as_second())).unwrap_or(0));
        let access_token = self.issuer.issue(&claims)?;
        let keep = limits.keep(session.created_at, now);
        Ok(LoggedIn { user, access_token, refresh_token, expires_in, keep })
    }
}
