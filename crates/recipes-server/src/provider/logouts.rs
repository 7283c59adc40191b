//! Tells clients that a session has ended (OpenID Connect Back-Channel Logout). The queue is in the database: it survives a
//! restart, and all servers share it.

use std::time::Duration;

use accounts::audit::{Actor, Event};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use store::{Context, DueLogout, TakeLogout};
use strict_oidc::{Client, GrantId, LoggedOut, OAuthError, logout_token};
use tower_passport::{HttpClient, HttpError};

use super::AuthorizationServer;
use super::failure::unavailable;

/// No other server takes the message in this time. A try ends sooner.
const LEASE: Duration = Duration::from_mins(1);

/// The pauses after failed tries: five tries in ten minutes.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(5), Duration::from_secs(30), Duration::from_mins(2), Duration::from_mins(7)];

/// Sends every message that is due. Returns when none is left.
///
/// # Errors
/// When the store or the keys are unavailable.
pub async fn deliver_logouts(server: &AuthorizationServer, http: &HttpClient) -> Result<(), OAuthError> {
    while server.deliver_logout(http).await? {}
    Ok(())
}

impl AuthorizationServer {
    /// Sends one message. `false`: none is due.
    async fn deliver_logout(&self, http: &HttpClient) -> Result<bool, OAuthError> {
        let now = self.clock.now();
        let take = TakeLogout { now, until: now + LEASE };
        let Some(due) = self.store.take_logout(take).await.map_err(unavailable)? else { return Ok(false) };
        let client = self.client(&due.client).await?;
        let uri = client.as_ref().and_then(|client| client.backchannel_logout_uri.clone());
        let (Some(client), Some(uri)) = (client, uri) else {
            // The client does not want it any more.
            self.store.remove_logout(&due).await.map_err(unavailable)?;
            return Ok(true);
        };
        match self.post_logout(http, &client, &uri, &due).await? {
            Ok(status) if status.is_success() => {
                self.store.remove_logout(&due).await.map_err(unavailable)?;
            }
            Ok(status) => {
                tracing::warn!(client.id = %client.id, %status, tries = due.tries, "A client refused a log-out");
                // A client that understood and refused will do so again.
                self.after_failure(&due, status.is_server_error() || status == 429).await?;
            }
            Err(error) => {
                tracing::warn!(client.id = %client.id, %error, tries = due.tries, "A client did not take a log-out");
                self.after_failure(&due, true).await?;
            }
        }
        Ok(true)
    }

    async fn post_logout(
        &self,
        http: &HttpClient,
        client: &Client,
        uri: &str,
        due: &DueLogout,
    ) -> Result<Result<StatusCode, HttpError>, OAuthError> {
        let ring = self.ring().await?;
        let subject = due.user.to_string();
        let grant = GrantId::from_bytes(due.grant);
        let logged_out = LoggedOut::Grant { subject: &subject, grant };
        let random = self.random();
        let token = logout_token(&ring.provider, client, logged_out, &ring.keys, (&random, self.now()))?;
        let body =
            form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish();
        let request = Request::post(uri)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(body));
        Ok(match request {
            Ok(request) => http.send(request).await.map(|response| response.status()),
            Err(_) => Ok(StatusCode::BAD_REQUEST),
        })
    }

    async fn after_failure(&self, due: &DueLogout, may_succeed: bool) -> Result<(), OAuthError> {
        let now = self.clock.now();
        let pause = PAUSES.get(usize::from(due.tries).saturating_sub(1)).filter(|_| may_succeed);
        if let Some(pause) = pause {
            return self.store.retry_logout(due, now + *pause).await.map_err(unavailable);
        }
        let context = Context { actor: Actor::OPERATOR, now };
        self.store.audit(Event::LogoutNotDelivered, Some(due.user), context).await.map_err(unavailable)?;
        self.store.remove_logout(due).await.map_err(unavailable)
    }
}
