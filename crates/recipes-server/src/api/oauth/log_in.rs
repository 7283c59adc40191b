//! The log-in page.

use accounts::audit::Actor;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};
use secrecy::SecretString;
use strict_oidc::Parameters;

use super::pages::{LogInForm, Pages};
use super::redirect::see_other;
use super::{OAuth, set};
use crate::app::App;
use crate::http::body::FormText;
use crate::http::error::Report;
use crate::provider::AuthorizationServer;
use crate::use_cases::accounts::{ClientInfo, LoggedIn, PasswordCheck, SignUpMode};

pub(super) async fn page(
    State(app): State<App>,
    OAuth(server): OAuth,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let fields = Parameters::parse(&query.unwrap_or_default()).unwrap_or_default();
    let field = |name| fields.get(name).ok().flatten().unwrap_or_default();
    let to = Target { next: field("next"), return_to: field("return_to") };
    form((&app, &*server, Pages::new(&app, &headers)), to, field("login_hint"), "").await
}

pub(super) async fn submit(
    State(app): State<App>,
    OAuth(server): OAuth,
    client: ClientInfo,
    headers: HeaderMap,
    form_text: FormText,
) -> Response {
    let pages = Pages::new(&app, &headers);
    let fields = Parameters::parse(&form_text.0).unwrap_or_default();
    let field = |name| fields.get(name).ok().flatten().unwrap_or_default();
    // Parsed and written again, so that whatever it contains is the query of a path of this service.
    let return_to = &Parameters::parse(field("return_to")).unwrap_or_default().to_query();
    let to = Target { next: field("next"), return_to };
    let email = field("email");
    match logged_in((&app, pages), email, field("password").into(), client).await {
        Ok(Ok(session)) => match server.bind_browser(session.refresh_token.session()).await {
            Ok(cookie) => {
                let mut response = see_other(&app, &format!("{}?{return_to}", to.path()));
                set(&mut response, header::SET_COOKIE, Some(app.cookies().of_pages(&cookie, session.keep)));
                response
            }
            Err(error) => pages.error(&error),
        },
        Ok(Err(problem)) => form((&app, &*server, pages), to, email, problem).await,
        Err(report) => report.into_response(),
    }
}

/// Where the browser goes after the log-in.
#[derive(Clone, Copy)]
struct Target<'a> {
    next: &'a str,
    return_to: &'a str,
}

impl Target<'_> {
    fn path(self) -> &'static str {
        if self.next == "device" { "/device" } else { "/oauth/authorize" }
    }

    /// The address of the sign-up that comes back here, where users can sign up.
    fn sign_up(self, app: &App) -> Option<String> {
        let is_open = app.has_pages() && app.accounts().sign_up_mode() == SignUpMode::Open;
        // Parsed and written again, as above.
        let query = Parameters::parse(self.return_to).ok().filter(|_| is_open)?.to_query();
        let back = format!("{}?{query}", self.path());
        let mut address = form_urlencoded::Serializer::new(String::new());
        let address = address.append_pair("return_to", &back).finish();
        (!query.is_empty()).then(|| format!("/sign-up?{address}"))
    }
}

/// The session, or the text for the page.
async fn logged_in(
    (app, pages): (&App, Pages<'_>),
    email: &str,
    password: SecretString,
    client: ClientInfo,
) -> Result<Result<LoggedIn, &'static str>, Report> {
    let actor = Actor::anonymous(client.address);
    match app.password_check().check_password(email, password, actor).await {
        Ok(PasswordCheck::Right(user)) => Ok(Ok(app.accounts().log_in(user, client).await?)),
        Ok(PasswordCheck::Wrong) => Ok(Err(pages.wrong_password())),
        Ok(PasswordCheck::LimitReached(_)) => Ok(Err(pages.too_many_attempts())),
        Err(error) => Err(Report::internal(error)),
    }
}

async fn form(
    (app, server, pages): (&App, &AuthorizationServer, Pages<'_>),
    to: Target<'_>,
    email: &str,
    problem: &str,
) -> Response {
    let Target { next, return_to } = to;
    let found = client_and_origins(server, return_to).await;
    let client = found.as_ref().map(|(name, origins)| (&**name, &**origins));
    let sign_up = to.sign_up(app);
    pages.log_in(&LogInForm { next, return_to, email, problem, client, sign_up: sign_up.as_deref() })
}

/// The origins to which the redirects may lead that follow a form whose answer leads to this path of the service.
pub(crate) async fn form_targets(app: &App, path: &str) -> String {
    let (Some(server), Some(request)) = (app.authorization_server(), path.strip_prefix("/oauth/authorize?"))
    else {
        return String::new();
    };
    client_and_origins(&server, request).await.map(|(_, origins)| origins).unwrap_or_default()
}

/// The name of the client, and where the answer may redirect: the origin of the redirect URI, if it is the client's own. A request
/// that was pushed or signed does not show it, so those of all URIs of the client count then. Browsers apply `form-action` to the
/// redirects after a form, and those of a log-in may end at the client.
async fn client_and_origins(server: &AuthorizationServer, return_to: &str) -> Option<(String, String)> {
    let request = Parameters::parse(return_to).ok()?;
    let client = server.client(request.get("client_id").ok()??).await.ok()??;
    let origins = match request.get("redirect_uri").ok()? {
        Some(uri) if client.redirect_uris.iter().any(|own| own.allows(uri)) => origin(uri)?,
        Some(_) => return None,
        None => {
            let mut all: Vec<_> =
                client.redirect_uris.iter().filter_map(|own| origin(own.as_str())).collect();
            all.sort_unstable();
            all.dedup();
            all.join(" ")
        }
    };
    Some((client.name, origins))
}

fn origin(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once(':')?;
    Some(match rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next()) {
        Some(authority) => format!("{scheme}://{authority}"),
        None => format!("{scheme}:"),
    })
}
