//! Invitations.

use accounts::Email;
use askama::Template;
use axum::{extract::State, response::Response};
use http::Uri;
use ids::InvitationId;
use store::Page;

use super::super::form::{PageForm, Problems};
use super::super::frame::{Frame, page_with_status, see_other};
use super::super::languages::Text;
use super::super::show;
use super::super::visitor::Administrator;
use crate::api::path::PathId;
use crate::app::App;
use crate::http::error::Report;
use crate::use_cases::accounts::{AccountError, CreatedInvitation, InviteUser};

/// Invitations on one page.
const PAGE: u16 = 50;

#[derive(Template)]
#[template(path = "admin/invitations.html")]
struct InvitationsPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    tab: &'static str,
    p: Problems,
    rows: Vec<Row>,
    email: &'a str,
    created: Option<CreatedInvitation>,
    next: Option<InvitationId>,
}

struct Row {
    id: InvitationId,
    email: String,
    expires: String,
}

pub(super) async fn list(State(app): State<App>, admin: Administrator, uri: Uri) -> Result<Response, Report> {
    let query = uri.query().unwrap_or_default().as_bytes();
    let after = form_urlencoded::parse(query).find(|(name, _)| name == "after");
    let after = after.and_then(|(_, id)| InvitationId::parse(&id));
    show_page(&app, &admin, after, ("", None, Problems::none())).await
}

async fn show_page(
    app: &App,
    admin: &Administrator,
    after: Option<InvitationId>,
    (email, created, p): (&str, Option<CreatedInvitation>, Problems),
) -> Result<Response, Report> {
    let t = admin.frame.text();
    let found = app.accounts().invitations(Page::new(after, PAGE).unwrap_or_default()).await?;
    let rows = found.rows.iter().map(|invitation| Row {
        id: invitation.id,
        email: invitation
            .email
            .as_ref()
            .map_or_else(|| t.anyone_with_link.to_owned(), |email| email.as_str().to_owned()),
        expires: show::time(invitation.expires_at),
    });
    let (f, rows) = (&admin.frame, rows.collect());
    let page = InvitationsPage { f, t, tab: "invitations", p, rows, email, created, next: found.next };
    page_with_status(page.p.status, &page)
}

/// The link is in the response, not behind a redirect: it is shown once.
pub(super) async fn create(
    State(app): State<App>,
    admin: Administrator,
    form: PageForm,
) -> Result<Response, Report> {
    let text = form.get("email").trim();
    let create = async {
        form.check_token(&app, Some(admin.session))?;
        let email = (!text.is_empty()).then(|| Email::parse(text)).transpose();
        let invalid = |message: &str| AccountError::Invalid { field: "email", message: message.to_owned() };
        let command = InviteUser { email: email.map_err(invalid)? };
        Ok::<_, Report>(app.accounts().invite(command, admin.actor, admin.frame.language.into(), None).await?)
    };
    match create.await {
        Ok(created) => show_page(&app, &admin, None, ("", Some(created), Problems::none())).await,
        Err(report) => {
            let problems = Problems::of(report, admin.frame.text())?;
            show_page(&app, &admin, None, (text, None, problems)).await
        }
    }
}

pub(super) async fn revoke(
    State(app): State<App>,
    admin: Administrator,
    PathId(id): PathId<InvitationId>,
    form: PageForm,
) -> Result<Response, Report> {
    form.check_token(&app, Some(admin.session))?;
    app.accounts().revoke_invitation(id, admin.actor).await?;
    see_other("/admin/invitations?done=deleted")
}
