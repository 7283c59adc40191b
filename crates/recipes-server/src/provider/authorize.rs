//! The authorization endpoint and its pages.

use accounts::TokenDigest;
use accounts::audit::Actor;
use ids::{SessionId, UserId};
use store::{ConsentRow, Context, NewCode, NewConsent};
use strict_oidc::{
    Approved, AuthorizationResponse, Client, Consent, ConsentForm, Digest, ErrorCode, Next, OAuthError,
    Parameters, PushedRequest, Scopes, Session, Visit,
};

use super::failure::{internal, unavailable};
use super::{AuthorizationServer, digest, unix};

impl AuthorizationServer {
    /// Decides about an authorization request of the browser with this cookie.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn authorize(&self, parameters: &Parameters, cookie: Option<&str>) -> Result<Next, OAuthError> {
        let (client, ring) = (self.client_of(parameters).await?, self.ring().await?);
        let pushed = self.pushed_request(parameters).await?;
        self.visit(client.as_ref(), pushed.as_ref(), cookie, |visit| {
            strict_oidc::authorize(&ring.provider, client.as_ref(), parameters, visit)
        })
        .await
    }

    /// Decides about the form of a consent page.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn consent(&self, form: &ConsentForm, cookie: Option<&str>) -> Result<Next, OAuthError> {
        let (client, ring) = (self.client_of(&form.request).await?, self.ring().await?);
        let pushed = self.pushed_request(&form.request).await?;
        self.visit(client.as_ref(), pushed.as_ref(), cookie, |visit| {
            strict_oidc::consent(&ring.provider, client.as_ref(), form, visit)
        })
        .await
    }

    /// Stores a code and answers with the URL that brings it to the client.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn issue(&self, approved: Approved) -> Result<AuthorizationResponse, OAuthError> {
        let user =
            UserId::parse(approved.subject()).ok_or_else(|| internal("the id of a user is not ours"))?;
        let (client, pushed) = (approved.client_id().to_owned(), approved.pushed().map(digest));
        let consent = approved.new_consent().map(|consent| NewConsent {
            id: self.entropy.bytes(),
            consent: ConsentRow { resource: consent.resource.clone(), scopes: consent.scopes.to_string() },
        });
        let issued = approved.issue(&self.protocol, &self.random(), self.now());
        let lifetimes = self.protocol.lifetimes;
        let now = self.clock.now();
        let new = NewCode {
            digest: digest(issued.digest),
            record: serde_json::to_string(&issued.record).map_err(internal)?,
            expires_at: now + lifetimes.code + lifetimes.access_token,
            user,
            client,
            consent,
            pushed,
        };
        let actor = Actor { user: Some(user), ..Actor::OPERATOR };
        let outcome = self.store.create_code(new, Context { actor, now }).await.map_err(unavailable)?;
        if outcome != store::Outcome::First {
            let reason = "the `request_uri` was used before: go back to the application and start again";
            return Err(OAuthError::new(ErrorCode::InvalidRequestUri, reason));
        }
        Ok(issued.response)
    }

    /// Binds a new cookie of pages to a session, and answers with its value.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn bind_browser(&self, session: SessionId) -> Result<String, OAuthError> {
        let value = Digest::from_bytes(self.entropy.bytes()).to_string();
        let digest = TokenDigest::of(value.as_bytes());
        self.store.set_session_browser(session, digest).await.map_err(unavailable)?;
        Ok(value)
    }

    /// The e-mail address of the user of this browser, for pages.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn signed_in(&self, cookie: Option<&str>) -> Result<Option<String>, OAuthError> {
        let Some(cookie) = cookie else { return Ok(None) };
        let digest = TokenDigest::of(cookie.as_bytes());
        let found = self.store.browser_session(digest).await.map_err(unavailable)?;
        Ok(found.map(|found| found.user.email.as_str().to_owned()))
    }

    async fn client_of(&self, parameters: &Parameters) -> Result<Option<Client>, OAuthError> {
        match parameters.get("client_id") {
            Ok(Some(id)) => self.client(id).await,
            Ok(None) | Err(_) => Ok(None),
        }
    }

    pub(super) async fn visit<T>(
        &self,
        client: Option<&Client>,
        pushed: Option<&PushedRequest>,
        cookie: Option<&str>,
        decide: impl FnOnce(&Visit<'_>) -> T,
    ) -> Result<T, OAuthError> {
        let session = match cookie {
            Some(cookie) => self.session(cookie).await?,
            None => None,
        };
        let consents = match (client, session.as_ref().and_then(|session| UserId::parse(&session.subject))) {
            (Some(client), Some(user)) => {
                let rows = self.store.consents(user, &client.id).await.map_err(unavailable)?;
                rows.into_iter().filter_map(consent_in).collect()
            }
            _ => Vec::new(),
        };
        let ring = self.ring().await?;
        let visit = Visit::new(self.now(), &ring.tickets, &ring.keys);
        Ok(decide(&visit.session(session.as_ref(), &consents).pushed(pushed)))
    }

    pub(super) async fn session(&self, cookie: &str) -> Result<Option<Session>, OAuthError> {
        let digest = TokenDigest::of(cookie.as_bytes());
        let found = self.store.browser_session(digest).await.map_err(unavailable)?;
        let now = self.clock.now();
        let is_active = |found: &store::BrowserSession| {
            !found.user.disabled && self.sessions.allow(found.created_at, found.last_used_at, now)
        };
        Ok(found.filter(is_active).map(|found| Session {
            id: found.session.to_string(),
            subject: found.user.id.to_string(),
            authenticated_at: unix(found.created_at),
            acr: "aal1".into(),
            amr: vec!["pwd".into()],
            attainable_acr: "aal1".into(),
        }))
    }
}

fn consent_in(row: ConsentRow) -> Option<Consent> {
    Some(Consent { resource: row.resource, scopes: Scopes::parse(&row.scopes).ok()? })
}
