//! The account of the user: profile, password, sessions, API tokens, export, deletion.

use std::time::Duration;

use accounts::{ApiToken, Scope, Scopes, Session, TokenName};
use askama::Template;
use axum::{extract::State, response::Response};
use ids::{ApiTokenId, SessionId};
use secrecy::ExposeSecret as _;

use super::form::{PageForm, Problems};
use super::frame::{Frame, page_with_status, see_other};
use super::languages::{Text, fill};
use super::log_in::logged_out;
use super::show;
use super::visitor::Member;
use crate::api::path::PathId;
use crate::app::App;
use crate::auth::requirements::AccountOwner;
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::NoQuery;
use crate::use_cases::accounts::{
    AccountError, ApiTokens, ChangePassword, CreateApiToken, NewEmail, UpdateProfile,
};

#[derive(Template)]
#[template(path = "account/account.html")]
struct AccountPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    /// The form that the problems are of.
    form: &'static str,
    p: Problems,
    name: &'a str,
    email: &'a str,
    is_verified: bool,
    has_mail: bool,
    lacks_admin: bool,
    sessions: Vec<SessionRow>,
    tokens: Vec<TokenRow>,
    /// A new API token, which is shown once.
    secret: Option<String>,
    token_name: &'a str,
    quota: Option<String>,
}

struct SessionRow {
    id: SessionId,
    device: String,
    used: String,
    address: String,
    is_current: bool,
}

struct TokenRow {
    id: ApiTokenId,
    name: String,
    scopes: String,
    used: String,
    expires: String,
}

impl SessionRow {
    fn of(session: &Session, member: &Member, app: &App) -> Self {
        let t = member.frame.text();
        Self {
            id: session.id,
            device: show::device(t, session.device.as_ref().map(accounts::Device::as_str)),
            used: show::day(t, session.last_used_at, app.accounts().now()),
            address: session.address.map(|address| address.to_string()).unwrap_or_default(),
            is_current: session.id == member.session,
        }
    }
}

impl TokenRow {
    fn of(token: &ApiToken, t: &Text, app: &App) -> Self {
        let day = |at| show::day(t, at, app.accounts().now());
        Self {
            id: token.id,
            name: token.name.as_str().to_owned(),
            scopes: token.scopes.to_string(),
            used: token.last_used_at.map_or_else(|| t.never_used.to_owned(), |at| fill(t.last_used, day(at))),
            expires: token.expires_at.map_or_else(String::new, |at| fill(t.expires, day(at))),
        }
    }
}

pub(super) async fn read(State(app): State<App>, member: Member) -> Result<Response, Report> {
    show_page(&app, &member, Shown::default()).await
}

/// What the page shows after a form.
#[derive(Default)]
struct Shown<'a> {
    form: &'static str,
    problems: Problems,
    sent: Option<&'a PageForm>,
    secret: Option<String>,
}

async fn show_page(app: &App, member: &Member, shown: Shown<'_>) -> Result<Response, Report> {
    let Shown { form, problems, sent, secret } = shown;
    let (user, t) = (&member.user, member.frame.text());
    let sessions = app.accounts().sessions(user.id).await?;
    let tokens = app.accounts().api_tokens(user.id).await?;
    let (usage, quotas) = app.recipes().usage(user).await?;
    let typed = |of: &str, name: &str, stored| {
        sent.filter(|_| form == of).map_or(stored, |sent: &PageForm| sent.get(name))
    };
    let page = AccountPage {
        f: &member.frame,
        t,
        form,
        name: typed("profile", "name", user.name.as_str()),
        email: typed("profile", "email", user.email.as_str()),
        token_name: typed("token", "name", ""),
        p: problems,
        is_verified: user.email_verified,
        has_mail: app.accounts().has_mail_server(),
        lacks_admin: !app.accounts().has_admin().await?,
        sessions: sessions.iter().map(|session| SessionRow::of(session, member, app)).collect(),
        tokens: tokens.iter().map(|token| TokenRow::of(token, t, app)).collect(),
        secret,
        quota: quotas.recipes.0.map(|limit| {
            t.quota.replacen("{}", &usage.recipes.to_string(), 1).replacen("{}", &limit.to_string(), 1)
        }),
    };
    page_with_status(page.p.status, &page)
}

/// Redirects to the account after a change. If the change was refused, shows the page with the errors of this form.
async fn finish(
    app: &App,
    member: &Member,
    (name, form): (&'static str, &PageForm),
    outcome: Result<&'static str, Report>,
) -> Result<Response, Report> {
    match outcome {
        Ok(done) => see_other(&format!("/account?done={done}")),
        Err(report) => {
            let problems = Problems::of(report, member.frame.text())?;
            show_page(app, member, Shown { form: name, problems, sent: Some(form), secret: None }).await
        }
    }
}

pub(super) async fn update_profile(
    State(app): State<App>,
    member: Member,
    form: PageForm,
) -> Result<Response, Report> {
    let update = async {
        form.check_token(&app, Some(member.session))?;
        let name = accounts::Name::parse(form.get("name")).map_err(|message| invalid("name", message))?;
        let email = form.get("email").trim();
        let email = if email == member.user.email.as_str() {
            None
        } else {
            let email = accounts::Email::parse(email).map_err(|message| invalid("email", message))?;
            Some(NewEmail { email, password: form.get("password").into() })
        };
        let update = UpdateProfile { name: Some(name), email };
        let language = member.frame.language.into();
        app.accounts().update_profile(&member.user, update, member.actor, language).await?;
        Ok("saved")
    };
    finish(&app, &member, ("profile", &form), update.await).await
}

pub(super) async fn change_password(
    State(app): State<App>,
    member: Member,
    form: PageForm,
) -> Result<Response, Report> {
    let change = async {
        form.check_token(&app, Some(member.session))?;
        let api_tokens =
            if form.get("endApiTokens").is_empty() { ApiTokens::Kept } else { ApiTokens::Revoked };
        let (current, new) = (form.get("currentPassword").into(), form.get("newPassword").into());
        let command = ChangePassword { current, new, api_tokens };
        app.accounts().change_password(&member.user, command, member.actor).await?;
        Ok("password")
    };
    finish(&app, &member, ("password", &form), change.await).await
}

/// Sends the mail that verifies the address again.
pub(super) async fn send_verification(
    State(app): State<App>,
    member: Member,
    form: PageForm,
) -> Result<Response, Report> {
    let send = async {
        form.check_token(&app, Some(member.session))?;
        let language = member.frame.language.into();
        app.accounts().send_verification(&member.user, member.actor, language).await?;
        Ok("mailed")
    };
    finish(&app, &member, ("verification", &form), send.await).await
}

pub(super) async fn end_session(
    State(app): State<App>,
    member: Member,
    PathId(id): PathId<SessionId>,
    form: PageForm,
) -> Result<Response, Report> {
    form.check_token(&app, Some(member.session))?;
    app.accounts().end_session(member.user.id, id, member.actor).await?;
    if id == member.session {
        return logged_out(&app, "/log-in?done=ended");
    }
    see_other("/account?done=ended")
}

pub(super) async fn end_other_sessions(
    State(app): State<App>,
    member: Member,
    form: PageForm,
) -> Result<Response, Report> {
    form.check_token(&app, Some(member.session))?;
    app.accounts().end_other_sessions(member.user.id, member.actor).await?;
    see_other("/account?done=ended")
}

/// The token is in the response, not behind a redirect: it is shown once and stored nowhere.
pub(super) async fn create_token(
    State(app): State<App>,
    member: Member,
    form: PageForm,
) -> Result<Response, Report> {
    let create = async {
        form.check_token(&app, Some(member.session))?;
        let name = TokenName::parse(form.get("name")).map_err(|message| invalid("token_name", message))?;
        let scopes: Scopes = form.all("scopes").filter_map(Scope::parse).collect();
        if scopes.is_empty() {
            return Err(invalid("scopes", member.frame.text().choose_scope));
        }
        let days: Option<u64> = form.get("days").parse().ok();
        let expires_at = days.map(|days| app.accounts().now() + Duration::from_hours(24 * days.min(3_660)));
        let command = CreateApiToken { name, scopes, expires_at };
        Ok::<_, Report>(app.accounts().create_api_token(&member.user, command, member.actor, None).await?)
    };
    match create.await {
        Ok(created) => {
            let secret = Some(created.secret.expose_secret().to_owned());
            show_page(&app, &member, Shown { secret, ..Shown::default() }).await
        }
        Err(report) => finish(&app, &member, ("token", &form), Err(report)).await,
    }
}

pub(super) async fn delete_token(
    State(app): State<App>,
    member: Member,
    PathId(id): PathId<ApiTokenId>,
    form: PageForm,
) -> Result<Response, Report> {
    form.check_token(&app, Some(member.session))?;
    app.accounts().delete_api_token(member.user.id, id, member.actor).await?;
    see_other("/account?done=deleted")
}

/// The same file as that of the API.
pub(super) async fn export(State(app): State<App>, member: Member) -> Result<Response, Report> {
    let owner = AccountOwner { user: member.user, actor: member.actor };
    crate::api::export::read(JsonApi(app), owner, NoQuery).await
}

pub(super) async fn delete(
    State(app): State<App>,
    member: Member,
    form: PageForm,
) -> Result<Response, Report> {
    let delete = async {
        form.check_token(&app, Some(member.session))?;
        let password = form.get("deletePassword").into();
        Ok::<_, Report>(app.accounts().delete(&member.user, password, member.actor).await?)
    };
    match delete.await {
        Ok(_) => logged_out(&app, "/?done=deleted"),
        Err(report) => finish(&app, &member, ("delete", &form), Err(report)).await,
    }
}

fn invalid(field: &'static str, message: &str) -> Report {
    AccountError::Invalid { field, message: message.to_owned() }.into()
}
