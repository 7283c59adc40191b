//! Users, for administrators.

use accounts::{Role, User};
use askama::Template;
use axum::{extract::State, response::Response};
use http::Uri;
use ids::UserId;
use store::Page;

use super::super::form::{PageForm, Problems};
use super::super::frame::{Frame, page, page_with_status, see_other};
use super::super::languages::Text;
use super::super::show;
use super::super::visitor::Administrator;
use crate::api::path::PathId;
use crate::app::App;
use crate::http::error::Report;
use crate::use_cases::accounts::{Access, UserChange, UserFilter};

/// Users on one page.
const PAGE: u16 = 50;

#[derive(Template)]
#[template(path = "admin/users.html")]
struct UsersPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    tab: &'static str,
    text: String,
    users: Vec<User>,
    total: u64,
    next: Option<String>,
}

pub(super) async fn list(State(app): State<App>, admin: Administrator, uri: Uri) -> Result<Response, Report> {
    let query = uri.query().unwrap_or_default().as_bytes();
    let get = |wanted: &str| {
        let found = form_urlencoded::parse(query).find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.trim().chars().take(100).collect::<String>()).unwrap_or_default()
    };
    let text = get("q");
    let filter =
        UserFilter { text: Some(text.clone()).filter(|text| !text.is_empty()), ..UserFilter::default() };
    let total = app.accounts().count_users(filter.clone()).await?;
    let page_wanted = Page::new(UserId::parse(&get("after")), PAGE).unwrap_or_default();
    let found = app.accounts().users(filter, page_wanted).await?;
    let next = found.next.map(|after| {
        let after = after.to_string();
        form_urlencoded::Serializer::new(String::new())
            .append_pair("q", &text)
            .append_pair("after", &after)
            .finish()
    });
    let (f, t) = (&admin.frame, admin.frame.text());
    page(&UsersPage { f, t, tab: "users", text, users: found.rows, total, next })
}

#[derive(Template)]
#[template(path = "admin/user.html")]
struct UserPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    tab: &'static str,
    p: Problems,
    user: &'a User,
    created: String,
    is_self: bool,
}

fn show_user(admin: &Administrator, user: &User, p: Problems) -> Result<Response, Report> {
    let (f, t) = (&admin.frame, admin.frame.text());
    let (created, is_self) = (show::time(user.created_at), user.id == admin.user.id);
    let page = UserPage { f, t, tab: "users", p, user, created, is_self };
    page_with_status(page.p.status, &page)
}

pub(super) async fn read(
    State(app): State<App>,
    admin: Administrator,
    PathId(id): PathId<UserId>,
) -> Result<Response, Report> {
    show_user(&admin, &app.accounts().user(id).await?, Problems::none())
}

/// One button of the page, by its name.
pub(super) async fn change(
    State(app): State<App>,
    admin: Administrator,
    PathId(id): PathId<UserId>,
    form: PageForm,
) -> Result<Response, Report> {
    form.check_token(&app, Some(admin.session))?;
    let user = app.accounts().user(id).await?;
    let change = |change: UserChange| app.accounts().change_user(id, change, admin.actor);
    let role = |role| UserChange { role: Some(role), access: None };
    let access = |access| UserChange { role: None, access: Some(access) };
    let accounts = app.accounts();
    let outcome = match form.get("action") {
        "make-admin" => change(role(Role::Admin)).await.map(|_| "saved"),
        "make-viewer" => change(role(Role::Viewer)).await.map(|_| "saved"),
        "make-user" => change(role(Role::User)).await.map(|_| "saved"),
        "disable" => change(access(Access::Disabled)).await.map(|_| "saved"),
        "enable" => change(access(Access::Enabled)).await.map(|_| "saved"),
        "end-sessions" => accounts.end_sessions_of_user(id, admin.actor).await.map(|()| "ended"),
        "send-reset" => accounts
            .send_password_reset(id, admin.actor, admin.frame.language.into())
            .await
            .map(|()| "mailed"),
        "delete" if form.get("confirm").trim().eq_ignore_ascii_case(user.email.as_str()) => {
            match accounts.delete_user(id, admin.actor).await {
                Ok(_) => return see_other("/admin/users?done=deleted"),
                Err(error) => Err(error),
            }
        }
        "delete" => {
            let mut problems = Problems::none();
            problems.add("/confirm", admin.frame.text().confirm_email);
            return show_user(&admin, &user, problems);
        }
        _ => Ok("saved"),
    };
    match outcome {
        Ok(done) => see_other(&format!("/admin/users/{id}?done={done}")),
        Err(error) => show_user(&admin, &user, Problems::of(error.into(), admin.frame.text())?),
    }
}
