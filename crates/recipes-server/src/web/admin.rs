//! The pages of administrators: how the service is doing, users, invitations, the audit log, clients, webhooks.

mod audit;
mod invitations;
mod users;
mod webhooks;

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use http::StatusCode;
use store::Viewer;

use super::frame::{Frame, page};
use super::languages::Text;
use super::show;
use super::visitor::Administrator;
use crate::app::App;
use crate::http::error::Report;
use crate::jobs::search_index::Freshness;
use crate::use_cases::accounts::UserFilter;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin", get(state))
        .route("/admin/users", get(users::list))
        .route("/admin/users/{id}", get(users::read).post(users::change))
        .route("/admin/invitations", get(invitations::list).post(invitations::create))
        .route("/admin/invitations/{id}", post(invitations::revoke))
        .route("/admin/audit", get(audit::list))
        .route("/admin/clients", get(clients))
        .route("/admin/webhooks", get(webhooks::list))
}

#[derive(Template)]
#[template(path = "admin/state.html")]
struct StatePage<'a> {
    f: &'a Frame,
    t: &'static Text,
    tab: &'static str,
    rows: Vec<(&'static str, String)>,
    problems: Vec<String>,
}

/// How the service is doing.
async fn state(State(app): State<App>, admin: Administrator) -> Result<Response, Report> {
    let t = admin.frame.text();
    let mut problems = Vec::new();
    if let Err(error) = app.health().ready().await {
        problems.push(t.message(Report::not_ready(error).message()));
    }
    let mut rows = vec![(t.version, env!("CARGO_PKG_VERSION").to_owned())];
    if app.mode().has_recipes() {
        rows.push((t.all_recipes, app.recipes().count(Viewer::Admin).await?.to_string()));
    }
    if let Some(freshness) = app.recipes().freshness().await {
        let text = match freshness {
            Freshness::UpToDate => t.index_current,
            Freshness::Behind => t.index_behind,
            Freshness::Building { .. } => t.index_building,
        };
        rows.push((t.search_index, text.to_owned()));
    }
    rows.push((t.users, app.accounts().count_users(UserFilter::default()).await?.to_string()));
    let statistics = app.health().statistics().await?;
    rows.push((t.sessions, statistics.sessions.to_string()));
    let mail = if app.accounts().has_mail_server() { t.mail_server } else { t.mail_outbox };
    rows.push((t.mail, mail.to_owned()));
    rows.push((t.mails_waiting, statistics.mails.to_string()));
    rows.push((t.schema, statistics.schema.to_string()));
    let backup = app.health().last_backup().await?;
    rows.push((
        t.last_backup,
        match backup {
            Some(backup) if backup.is_good => show::time(backup.at),
            Some(backup) => {
                problems.push(t.backup_failed.to_owned());
                show::time(backup.at)
            }
            None => t.no_backup.to_owned(),
        },
    ));
    if let Some(url) = app.public_url() {
        rows.push((t.public_address, url.to_string()));
    }
    page(&StatePage { f: &admin.frame, t, tab: "state", rows, problems })
}

#[derive(Template)]
#[template(path = "admin/clients.html")]
struct ClientsPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    tab: &'static str,
    is_on: bool,
    clients: Vec<ClientRow>,
}

struct ClientRow {
    id: String,
    name: String,
    targets: Vec<String>,
    is_disabled: bool,
}

/// The applications that log their users in here. The command line registers them.
async fn clients(State(app): State<App>, admin: Administrator) -> Result<Response, Report> {
    let server = app.authorization_server();
    let found = match &server {
        Some(server) => server.clients().await.map_err(|error| {
            let message = error.description().to_owned();
            Report::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
        })?,
        None => Vec::new(),
    };
    let row = |client: strict_oidc::Client| ClientRow {
        id: client.id,
        name: client.name,
        targets: client.redirect_uris.iter().map(ToString::to_string).collect(),
        is_disabled: client.is_disabled,
    };
    let clients = found.into_iter().map(row).collect();
    let (f, t) = (&admin.frame, admin.frame.text());
    page(&ClientsPage { f, t, tab: "clients", is_on: server.is_some(), clients })
}
