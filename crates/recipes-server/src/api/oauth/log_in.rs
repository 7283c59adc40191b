//! The log-in page.

use accounts::audit::Actor;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::header;
use secrecy::SecretString;
use strict_oidc::Parameters;

use super::pages::LogInForm;
use super::redirect::see_other;
use super::{OAuth, pages, set};
use crate::app::App;
use crate::http::body::FormText;
use crate::http::error::Report;
use crate::provider::AuthorizationServer;
use crate::use_cases::accounts::{ClientInfo, LoggedIn, PasswordCheck};

pub(super) async fn page(
    State(app): State<App>,
    OAuth(server): OAuth,
    RawQuery(query): RawQuery,
) -> Response {
    let fields = Parameters::parse(&query.unwrap_or_default()).unwrap_or_default();
    let field = |name| fields.get(name).ok().flatten().unwrap_or_default();
    let (return_to, hint) = (field("return_to"), field("login_hint"));
    form(&app, &server, return_to, hint, "").await
}

pub(super) async fn submit(
    State(app): State<App>,
    OAuth(server): OAuth,
    client: ClientInfo,
    form_text: FormText,
) -> Response {
    let fields = Parameters::parse(&form_text.0).unwrap_or_default();
    let field = |name| fields.get(name).ok().flatten().unwrap_or_default();
    // Parsed and written again, so that whatever it contains is the query of a path of this service.
    let return_to = &Parameters::parse(field("return_to")).unwrap_or_default().to_query();
    let email = field("email");
    match logged_in(&app, email, field("password").into(), client).await {
        Ok(Ok(session)) => match server.bind_browser(session.refresh_token.session()).await {
            Ok(cookie) => {
                let mut response = see_other(&app, &format!("/oauth/authorize?{return_to}"));
                set(&mut response, header::SET_COOKIE, Some(app.cookies().of_pages(&cookie, session.keep)));
                response
            }
            Err(error) => pages::error(&app, &error),
        },
        Ok(Err(problem)) => form(&app, &server, return_to, email, problem).await,
        Err(report) => report.into_response(),
    }
}

const WRONG: &str = "The e-mail address or the password is wrong.";
const TOO_MANY: &str = "There were too many attempts. Wait a few minutes, then try again.";

/// The session, or the text for the page.
async fn logged_in(
    app: &App,
    email: &str,
    password: SecretString,
    client: ClientInfo,
) -> Result<Result<LoggedIn, &'static str>, Report> {
    let actor = Actor::anonymous(client.address);
    match app.password_check().check_password(email, password, actor).await {
        Ok(PasswordCheck::Right(user)) => Ok(Ok(app.accounts().log_in(user, client).await?)),
        Ok(PasswordCheck::Wrong) => Ok(Err(WRONG)),
        Ok(PasswordCheck::LimitReached(_)) => Ok(Err(TOO_MANY)),
        Err(error) => Err(Report::internal(error)),
    }
}

async fn form(
    app: &App,
    server: &AuthorizationServer,
    return_to: &str,
    email: &str,
    problem: &str,
) -> Response {
    let found = client_and_origin(server, return_to).await;
    let client = found.as_ref().map(|(name, origin)| (&**name, &**origin));
    pages::log_in(app, &LogInForm { return_to, email, problem, client })
}

/// The name of the client and the origin of the redirect URI, if it is the client's own. Browsers apply `form-action` to the
/// redirects after a form, and those of a log-in may end at the client.
async fn client_and_origin(server: &AuthorizationServer, return_to: &str) -> Option<(String, String)> {
    let request = Parameters::parse(return_to).ok()?;
    let client = server.client(request.get("client_id").ok()??).await.ok()??;
    let uri = request.get("redirect_uri").ok()??;
    if !client.redirect_uris.iter().any(|own| own.allows(uri)) {
        return None;
    }
    let (scheme, rest) = uri.split_once(':')?;
    let origin = match rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next()) {
        Some(authority) => format!("{scheme}://{authority}"),
        None => format!("{scheme}:"),
    };
    Some((client.name, origin))
}
