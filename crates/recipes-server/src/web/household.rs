//! The household: who shares the plan and the list, and the calendar of the user.

use accounts::TokenDigest;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use secrecy::ExposeSecret as _;

use super::form::{PageForm, Problems};
use super::frame::{Frame, page_with_status, see_other};
use super::languages::Text;
use super::visitor::Member;
use crate::app::App;
use crate::http::error::{Report, RequestError};
use crate::http::query::Query;
use crate::http::site::Site;

#[derive(Template)]
#[template(path = "household.html")]
struct HouseholdPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    p: Problems,
    members: Vec<String>,
    has_feed: bool,
    /// A new address, which is shown once: of the page to join, or of the calendar.
    invitation: Option<String>,
    calendar: Option<String>,
}

#[derive(Template)]
#[template(path = "join.html")]
struct JoinPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    p: Problems,
    code: &'a str,
}

/// What the page shows after a form.
#[derive(Default)]
struct Shown {
    problems: Problems,
    invitation: Option<String>,
    calendar: Option<String>,
}

pub(super) async fn read(State(app): State<App>, member: Member, uri: Uri) -> Result<Response, Report> {
    Query::parse(&uri, &["done"])?;
    show_page(&app, &member, Shown::default()).await
}

async fn show_page(app: &App, member: &Member, shown: Shown) -> Result<Response, Report> {
    let household = app.planning().household(member.user.id).await?;
    let Shown { problems, invitation, calendar } = shown;
    let page = HouseholdPage {
        f: &member.frame,
        t: member.frame.text(),
        p: problems,
        members: household.members.into_iter().map(|member| member.name).collect(),
        has_feed: household.has_feed,
        invitation,
        calendar,
    };
    page_with_status(page.p.status, &page)
}

/// Secrets are in the response, not behind a redirect: they are shown once and stored nowhere.
pub(super) async fn change(
    State(app): State<App>,
    member: Member,
    Site(site): Site,
    form: PageForm,
) -> Result<Response, Report> {
    let (planning, actor) = (app.planning(), member.actor);
    let changing = async {
        form.check_token(&app, Some(member.session))?;
        let mut shown = Shown::default();
        match form.get("action") {
            "invite" => {
                let code = planning.invite(actor, None).await?.code;
                shown.invitation = Some(format!("{site}/household/join?code={}", code.expose_secret()));
            }
            "calendar" => {
                let key = planning.create_feed(actor, None).await?.key;
                let path = "/api/v1/plan/calendar.ics?key=";
                shown.calendar = Some(format!("{site}{path}{}", key.expose_secret()));
            }
            "revoke" => {
                planning.revoke_feed(actor).await?;
                return Ok(Err("deleted"));
            }
            "leave" => {
                planning.leave(actor).await?;
                return Ok(Err("left"));
            }
            _ => return Err(RequestError::missing(["action"]).into()),
        }
        Ok::<_, Report>(Ok(shown))
    };
    match changing.await {
        Ok(Ok(shown)) => show_page(&app, &member, shown).await,
        Ok(Err(done)) => see_other(&format!("/household?done={done}")),
        Err(report) => {
            let problems = Problems::of(report, member.frame.text())?;
            show_page(&app, &member, Shown { problems, ..Shown::default() }).await
        }
    }
}

/// The page behind the address that a member hands over.
pub(super) async fn join_form(member: Member, uri: Uri) -> Result<Response, Report> {
    let query = Query::parse(&uri, &["code"])?;
    let (f, t, p) = (&member.frame, member.frame.text(), Problems::none());
    let page = JoinPage { f, t, p, code: query.get("code").unwrap_or_default() };
    page_with_status(StatusCode::OK, &page)
}

pub(super) async fn join(State(app): State<App>, member: Member, form: PageForm) -> Result<Response, Report> {
    let code = form.get("code").trim();
    let joining = async {
        form.check_token(&app, Some(member.session))?;
        Ok::<_, Report>(app.planning().join(TokenDigest::of(code.as_bytes()), member.actor, None).await?)
    };
    match joining.await {
        Ok(()) => see_other("/plan?done=joined"),
        Err(report) => {
            let (f, t) = (&member.frame, member.frame.text());
            let page = JoinPage { f, t, p: Problems::of(report, t)?, code };
            page_with_status(page.p.status, &page)
        }
    }
}
