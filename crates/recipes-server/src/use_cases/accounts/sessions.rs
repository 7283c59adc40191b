//! Sessions: begun by a log-in, prolonged by refresh tokens, ended by whoever they belong to.

use std::{convert::Infallible, net::IpAddr, time::Duration};

use accounts::{Device, NewSession, PasswordHash, RefreshToken, Session, User, audit::Actor};
use axum::extract::FromRequestParts;
use http::{header, request::Parts};
use ids::SessionId;
use jiff::Timestamp;
use store::{CreateSession, Refresh, RefreshSession, Refreshed};

use super::{ACCESS_TOKEN, AccessClaims, Accounts};
use crate::http::client_address::ClientAddress;
use crate::http::error::ApiError;

/// A session that was just begun or prolonged, and the tokens for it.
pub struct LoggedIn {
    pub user: User,
    pub access_token: String,
    pub refresh_token: RefreshToken,
    /// Of the access token.
    pub expires_in: Duration,
    /// For how long keeping the refresh token makes sense.
    pub keep: Duration,
}

/// Where a log-in comes from, as the session's owner will be shown.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    pub device: Option<Device>,
    pub address: Option<IpAddr>,
}

impl Origin {
    /// For the audit log: somebody who is not signed in.
    pub fn anonymous(&self) -> Actor {
        Actor::anonymous(self.address)
    }
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let user_agent = parts.headers.get(header::USER_AGENT);
        let device = user_agent.and_then(|value| Device::of(&String::from_utf8_lossy(value.as_bytes())));
        let ClientAddress(address) = ClientAddress::of(parts);
        Ok(Self { device, address })
    }
}

impl Accounts {
    /// Begins a session for a user whose password was just checked against this hash. `None` if it is not the
    /// password any more, or the user is disabled or gone.
    ///
    /// # Errors
    /// When the store cannot do it now.
    pub async fn begin_session(
        &self,
        user: User,
        password_hash: Option<&PasswordHash>,
        origin: Origin,
    ) -> Result<Option<LoggedIn>, ApiError> {
        let (session, now) = (self.new_session(origin), self.clock.now());
        let token = session.token.clone();
        let (password_hash, limits) = (password_hash.cloned(), self.settings.sessions);
        let command = CreateSession { user: user.id, password_hash, session, limits };
        let session = self.store.create_session(command, now).await?;
        session.map(|session| self.logged_in(user, &session, token, now)).transpose()
    }

    /// Exchanges a refresh token for a new pair. See [`store::Store::refresh_session`] for what becomes of
    /// one that was used before.
    ///
    /// # Errors
    /// [`ApiError::InvalidRefreshToken`].
    pub async fn refresh(&self, token: &str, origin: &Origin) -> Result<LoggedIn, ApiError> {
        let token = RefreshToken::parse(token).ok_or(ApiError::InvalidRefreshToken)?;
        let (nonce, limits) = (self.entropy.bytes(), self.settings.sessions);
        let command = RefreshSession { token, nonce, limits, address: origin.address };
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
                Err(ApiError::InvalidRefreshToken)
            }
            Refresh::Unknown => Err(ApiError::InvalidRefreshToken),
        }
    }

    pub(super) fn new_session(&self, Origin { device, address }: Origin) -> NewSession {
        let id = SessionId::new(self.clock.now(), self.entropy.bytes());
        NewSession { token: RefreshToken::first(id, self.entropy.bytes()), device, address }
    }

    pub(super) fn logged_in(
        &self,
        user: User,
        session: &Session,
        refresh_token: RefreshToken,
        since: Timestamp,
    ) -> Result<LoggedIn, ApiError> {
        let (limits, now) = (self.settings.sessions, self.clock.now());
        // A token that outlives its session would only promise what is not so.
        let lifetime = self.settings.token_lifetime.min(limits.remaining(session.created_at, since));
        // Not from now on: who asks for the same refresh again gets the same pair.
        let iat = since.as_second();
        let exp = iat.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX));
        let claims = AccessClaims { id: user.id, sid: session.id, iat, exp };
        let expires_in = Duration::from_secs(u64::try_from(exp.saturating_sub(now.as_second())).unwrap_or(0));
        let access_token = self.key.sign(ACCESS_TOKEN, &claims).map_err(ApiError::internal)?;
        let keep = limits.keep(session.created_at, now);
        Ok(LoggedIn { user, access_token, refresh_token, expires_in, keep })
    }
}
