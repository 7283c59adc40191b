//! The visitor of a page, as handler arguments. Each says what the page requires.

use accounts::{Role, User, audit::Actor};
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Uri, header, request::Parts};
use ids::SessionId;
use store::Viewer;
use tower_passport::{Auth, Challenge, Reason, Rejection};

use super::frame::{Frame, local_path, see_other};
use super::languages::Language;
use super::pending_cookies::PendingCookies;
use crate::app::App;
use crate::auth::caller::{Caller, Credential};
use crate::auth::guard::Guard;
use crate::http::error::Report;
use crate::use_cases::accounts::{AccountError, ClientInfo, LoggedIn};
use crate::use_cases::recipes::Writer;

/// Anyone.
pub(super) struct Visitor {
    pub(super) frame: Frame,
    pub(super) client: ClientInfo,
    signed_in: Option<(User, SessionId)>,
}

impl Visitor {
    pub(super) fn viewer(&self) -> Viewer {
        match &self.signed_in {
            None => Viewer::Anyone,
            Some((user, _)) if user.role == Role::Admin => Viewer::Admin,
            Some((user, _)) => Viewer::User(user.id),
        }
    }

    pub(super) fn user(&self) -> Option<&User> {
        self.signed_in.as_ref().map(|(user, _)| user)
    }

    pub(super) fn session(&self) -> Option<SessionId> {
        self.signed_in.as_ref().map(|(_, session)| *session)
    }

    /// For the store and the audit log.
    pub(super) fn actor(&self) -> Actor {
        let anonymous = self.client.anonymous();
        Actor { user: self.user().map(|user| user.id), session: self.session(), ..anonymous }
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Report> {
        let Ok(client) = ClientInfo::from_request_parts(parts, app).await;
        let signed_in = signed_in(parts, app, &client).await?;
        let language = Language::of_request(&parts.headers);
        let here = here(parts, app);
        let token = app.form_tokens().of(signed_in.as_ref().map(|(_, session)| *session));
        let mut frame = Frame::new(app, language, &here, token);
        if let Some((user, _)) = &signed_in {
            frame.user = Some(user.name.as_str().to_owned());
            frame.is_admin = user.role == Role::Admin;
            frame.may_write = user.may_write();
        }
        Ok(Self { frame, client, signed_in })
    }
}

/// The path and query of the page. That of a form which is shown again is the page that it was sent from: its own address may have
/// no page.
fn here(parts: &Parts, app: &App) -> String {
    let path_and_query = |uri: &Uri| uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    if parts.method.is_safe() {
        return path_and_query(&parts.uri);
    }
    let referrer = parts.headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let page = referrer.and_then(|referrer| referrer.parse().ok()).map(|uri| path_and_query(&uri));
    let page = page.as_deref().and_then(|page| page.strip_prefix(app.base_path()));
    page.map_or_else(|| "/".to_owned(), |page| local_path(page).to_owned())
}

/// The user and the session. Pages are for people: programs with other credentials use the API.
async fn signed_in(
    parts: &mut Parts,
    app: &App,
    client: &ClientInfo,
) -> Result<Option<(User, SessionId)>, Report> {
    let found = match <Auth<Guard> as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await {
        Ok(found) => found,
        Err(rejection) => {
            let is_of_cookie = !parts.headers.contains_key(header::AUTHORIZATION)
                && matches!(rejection.reason(), Reason::InvalidToken | Reason::InvalidRequest);
            if !is_of_cookie {
                return Err(rejection.into());
            }
            None
        }
    };
    match found {
        Some(Auth(Caller { user, credential: Credential::Session(session) })) => Ok(Some((user, session))),
        Some(_) => Err(AccountError::SessionRequired.into()),
        None => renewed(parts, app, client).await,
    }
}

/// The outcome of [`renewed`], for another argument of the same handler.
#[derive(Clone)]
struct Renewed(User, SessionId);

/// Exchanges the refresh token in the cookies of a browser whose access token has expired.
async fn renewed(
    parts: &mut Parts,
    app: &App,
    client: &ClientInfo,
) -> Result<Option<(User, SessionId)>, Report> {
    if let Some(Renewed(user, session)) = parts.extensions.get() {
        return Ok(Some((user.clone(), *session)));
    }
    let pending = parts.extensions.get::<PendingCookies>().cloned();
    let (Some(pending), Ok(Some(token))) = (pending, app.cookies().refresh_token(parts)) else {
        return Ok(None);
    };
    match app.accounts().refresh(&token, client).await {
        Ok(logged_in) => {
            pending.add(&session_cookies(app, &logged_in)?);
            let renewed = (logged_in.user, logged_in.refresh_token.session());
            parts.extensions.insert(Renewed(renewed.0.clone(), renewed.1));
            Ok(Some(renewed))
        }
        Err(AccountError::InvalidRefreshToken) => {
            let mut cookies = HeaderMap::new();
            app.cookies().clear_all(&mut cookies);
            pending.add(&cookies);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The cookies of a session.
pub(super) fn session_cookies(app: &App, logged_in: &LoggedIn) -> Result<HeaderMap, Report> {
    let LoggedIn { access_token, refresh_token, expires_in, keep, .. } = logged_in;
    let mut headers = HeaderMap::new();
    let access = (access_token.as_str(), *expires_in);
    app.cookies().set_for_pages(&mut headers, access, (&refresh_token.expose(), *keep))?;
    Ok(headers)
}

/// A visitor who may read recipes: anyone, or where only members read a user who has logged in.
pub(super) struct Reader(pub(super) Visitor);

impl FromRequestParts<App> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let visitor = Visitor::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        if visitor.user().is_some() || !app.mode().has_recipes() || app.recipes().are_public() {
            Ok(Self(visitor))
        } else if app.mode().has_accounts() {
            Err(log_in_first(&visitor.frame))
        } else {
            // Accounts and log-ins are those of another server.
            Err(Report::from(Rejection::no_credentials(Challenge::bearer())).into_response())
        }
    }
}

/// A user who has logged in. Other visitors are sent to the log-in, and back to the page after it.
pub(super) struct Member {
    pub(super) frame: Frame,
    pub(super) user: User,
    pub(super) actor: Actor,
    pub(super) session: SessionId,
}

impl Member {
    pub(super) fn viewer(&self) -> Viewer {
        if self.user.role == Role::Admin { Viewer::Admin } else { Viewer::User(self.user.id) }
    }
}

impl FromRequestParts<App> for Member {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let visitor = Visitor::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        let actor = visitor.actor();
        let Visitor { frame, signed_in, .. } = visitor;
        match signed_in {
            Some((user, session)) => Ok(Self { frame, user, actor, session }),
            None => Err(log_in_first(&frame)),
        }
    }
}

/// A member who may write recipes, which is known before the body of the request is read.
pub(super) struct Author {
    pub(super) frame: Frame,
    pub(super) session: SessionId,
    pub(super) writer: Writer,
}

impl FromRequestParts<App> for Author {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Member { frame, user, actor, session } = Member::from_request_parts(parts, app).await?;
        match app.recipes().writer(&user, actor, true) {
            Ok(writer) => Ok(Self { frame, session, writer }),
            Err(error) => Err(Report::from(error).into_response()),
        }
    }
}

pub(super) fn log_in_first(frame: &Frame) -> Response {
    see_other(&format!("/log-in?{}", frame.return_query())).into_response()
}

/// An administrator who has logged in. Other users get 403, as at the API.
pub(super) struct Administrator {
    pub(super) frame: Frame,
    pub(super) user: User,
    pub(super) actor: Actor,
    pub(super) session: SessionId,
}

impl FromRequestParts<App> for Administrator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Member { frame, user, actor, session } = Member::from_request_parts(parts, app).await?;
        if user.role == Role::Admin {
            Ok(Self { frame, user, actor, session })
        } else {
            Err(Report::from(AccountError::AdminRequired).into_response())
        }
    }
}
