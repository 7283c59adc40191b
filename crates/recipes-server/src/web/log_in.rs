//! Log-in and log-out.

use accounts::audit::Actor;
use askama::Template;
use axum::{
    extract::{FromRequestParts as _, State},
    response::Response,
};
use http::{HeaderValue, StatusCode, Uri, header, request::Parts};

use super::form::{PageForm, Problems, SmallForm};
use super::frame::{Frame, local_path, page_with_status, see_other, stated_return, with_form_targets};
use super::languages::{self, Language, Text};
use super::visitor::{Visitor, session_cookies};
use crate::api::oauth::form_targets;
use crate::app::App;
use crate::http::cookies;
use crate::http::error::Report;
use crate::use_cases::accounts::{AccountError, ClientInfo, LoggedIn, PasswordCheck};

#[derive(Template)]
#[template(path = "account/log_in.html")]
struct LogInPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    p: Problems,
    email: &'a str,
    return_to: &'a str,
    /// Whether the browser would discard the cookies of a log-in.
    needs_https: bool,
    /// Where it keeps them, if that is known.
    secure_address: Option<String>,
    has_mail: bool,
    lacks_admin: bool,
}

pub(super) async fn form(State(app): State<App>, mut parts: Parts) -> Result<Response, Report> {
    let visitor = Visitor::from_request_parts(&mut parts, &app).await?;
    let return_to = return_to(&parts.uri);
    if visitor.user().is_some() {
        return see_other(local_path(&return_to));
    }
    let needs_https = cookies::are_discarded(&parts, app.public_url());
    let shown = Shown { email: "", return_to: &return_to, needs_https };
    show(&app, &visitor.frame, shown, Problems::none()).await
}

/// What the form shows besides its problems.
#[derive(Clone, Copy)]
struct Shown<'a> {
    email: &'a str,
    return_to: &'a str,
    needs_https: bool,
}

async fn show(app: &App, f: &Frame, shown: Shown<'_>, p: Problems) -> Result<Response, Report> {
    let Shown { email, return_to, needs_https } = shown;
    let (status, has_mail) = (p.status, app.accounts().has_mail_server());
    let lacks_admin = !app.accounts().has_admin().await?;
    let secure_address = secure_address(app, "/log-in");
    let page =
        LogInPage { f, t: f.text(), p, email, return_to, needs_https, secure_address, has_mail, lacks_admin };
    leading_to(app, return_to, page_with_status(status, &page)?).await
}

/// The address of a page at `PUBLIC_URL`, where browsers keep the cookies of a log-in.
pub(super) fn secure_address(app: &App, path: &str) -> Option<String> {
    let site = app.public_url().filter(|url| url.as_str().starts_with("https://"))?;
    Some(format!("{}{path}", site.as_str()))
}

pub(super) async fn submit(
    State(app): State<App>,
    mut parts: Parts,
    SmallForm(form): SmallForm,
) -> Result<Response, Report> {
    let visitor = Visitor::from_request_parts(&mut parts, &app).await?;
    let (email, return_to) = (form.get("email"), form.get("return_to"));
    if cookies::are_discarded(&parts, app.public_url()) {
        let problems = Problems::general(StatusCode::BAD_REQUEST, "");
        return show(&app, &visitor.frame, Shown { email, return_to, needs_https: true }, problems).await;
    }
    match checked(&app, &form, &visitor).await {
        Ok(session) => begun(&app, &session, return_to).await,
        Err(report) => {
            let problems = Problems::of(report, visitor.frame.text())?;
            let shown = Shown { email, return_to, needs_https: false };
            show(&app, &visitor.frame, shown, problems).await
        }
    }
}

async fn checked(app: &App, form: &PageForm, visitor: &Visitor) -> Result<LoggedIn, Report> {
    form.check_token(app, visitor.session())?;
    let client = visitor.client.clone();
    log_in(app, form.get("email"), form.get("password"), client).await
}

/// Checks a password and begins a session.
pub(super) async fn log_in(
    app: &App,
    email: &str,
    password: &str,
    client: ClientInfo,
) -> Result<LoggedIn, Report> {
    let actor = Actor::anonymous(client.address);
    match app.password_check().check_password(email, password.into(), actor).await {
        Ok(PasswordCheck::Right(user)) => Ok(app.accounts().log_in(user, client).await?),
        Ok(PasswordCheck::Wrong) => Err(AccountError::UnableToLogIn.into()),
        Ok(PasswordCheck::LimitReached(reached)) => Err(AccountError::RateLimited(reached).into()),
        Err(error) => Err(error.into()),
    }
}

/// The browser gets the cookies of its session, also that of the authorization server's pages: one log-in for all.
pub(super) async fn begun(app: &App, session: &LoggedIn, return_to: &str) -> Result<Response, Report> {
    let mut response = see_other(local_path(return_to))?;
    response.headers_mut().extend(session_cookies(app, session)?);
    if let Some(server) = app.authorization_server() {
        match server.bind_browser(session.refresh_token.session()).await {
            Ok(cookie) => {
                let cookie = app.cookies().of_pages(&cookie, session.keep);
                let cookie = HeaderValue::try_from(cookie).map_err(Report::internal)?;
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            // The log-in itself has succeeded. An application that needs the cookie asks for another log-in.
            Err(error) => {
                tracing::warn!(
                    why = error.description(),
                    "A log-in is not known to the authorization server"
                );
            }
        }
    }
    Ok(response)
}

/// Always deletes the cookies, also those of a session that has ended.
pub(super) async fn log_out(
    State(app): State<App>,
    visitor: Visitor,
    SmallForm(form): SmallForm,
) -> Result<Response, Report> {
    if let (Some(user), Some(_)) = (visitor.user(), visitor.session()) {
        form.check_token(&app, visitor.session())?;
        app.accounts().log_out(user.id, visitor.actor()).await?;
    }
    logged_out(&app, "/")
}

/// A redirect that deletes the cookies, and what the pages have kept in the browser.
pub(super) fn logged_out(app: &App, path: &str) -> Result<Response, Report> {
    let mut response = see_other(path)?;
    app.cookies().clear_all(response.headers_mut());
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"storage\""));
    Ok(response)
}

/// Chooses the language of the pages, and of the mails to a user who has logged in. It is no secret and changes nothing else, so
/// the form needs no token.
pub(super) async fn language(
    State(app): State<App>,
    visitor: Visitor,
    SmallForm(form): SmallForm,
) -> Result<Response, Report> {
    let mut response = see_other(local_path(form.get("return_to")))?;
    if let Some(language) = Language::parse(form.get("language")) {
        if visitor.user().is_some() && app.mode().has_accounts() {
            app.accounts().choose_language(language.into(), visitor.actor()).await?;
        }
        let path = if app.base_path().is_empty() { "/" } else { app.base_path() };
        let cookie = format!(
            "{}={}; Path={path}; Max-Age=31536000; SameSite=Lax; HttpOnly",
            languages::COOKIE,
            language.tag()
        );
        response
            .headers_mut()
            .insert(header::SET_COOKIE, HeaderValue::try_from(cookie).map_err(Report::internal)?);
    }
    Ok(response)
}

/// Where the user came from.
pub(super) fn return_to(uri: &Uri) -> String {
    stated_return(uri.query().unwrap_or_default())
}

/// A page whose form leads there. An authorization request goes on to the application at once if the user has allowed it before, and
/// browsers apply `form-action` to that redirect as well.
pub(super) async fn leading_to(app: &App, path: &str, page: Response) -> Result<Response, Report> {
    let origins = form_targets(app, path).await;
    with_form_targets(page, &origins)
}
