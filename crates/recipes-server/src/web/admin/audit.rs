//! The audit log.

use accounts::audit::{Entry, Event, Filter};
use askama::Template;
use axum::{extract::State, response::Response};
use http::Uri;
use ids::UserId;
use store::Page;

use super::super::frame::{Frame, page};
use super::super::languages::Text;
use super::super::show;
use super::super::visitor::Administrator;
use crate::app::App;
use crate::http::error::Report;

/// Entries on one page.
const PAGE: u16 = 100;

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct AuditPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    tab: &'static str,
    rows: Vec<Row>,
    events: Vec<&'static str>,
    event: String,
    subject: String,
    next: Option<String>,
}

struct Row {
    at: String,
    event: String,
    detail: String,
    subject: Option<UserId>,
    actor: Option<UserId>,
    address: String,
}

impl Row {
    fn of(entry: Entry) -> Self {
        Self {
            at: show::time(entry.at),
            event: entry.event,
            detail: entry.detail.unwrap_or_default(),
            subject: entry.subject,
            actor: entry.actor.user,
            address: entry.actor.address.map(|address| address.to_string()).unwrap_or_default(),
        }
    }
}

pub(super) async fn list(State(app): State<App>, admin: Administrator, uri: Uri) -> Result<Response, Report> {
    let query = uri.query().unwrap_or_default().as_bytes();
    let get = |wanted: &str| {
        let found = form_urlencoded::parse(query).find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let (event, subject) = (get("event"), get("subject"));
    let filter = Filter {
        event: Event::ALL.iter().copied().find(|known| known.name() == event),
        subject: UserId::parse(&subject),
        ..Filter::default()
    };
    let page_wanted = Page::new(get("before").parse().ok(), PAGE).unwrap_or_default();
    let found = app.accounts().audit_log(filter, page_wanted).await?;
    let next = found.next.map(|before| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("event", &event).append_pair("subject", &subject);
        query.append_pair("before", &before.to_string()).finish()
    });
    page(&AuditPage {
        f: &admin.frame,
        t: admin.frame.text(),
        tab: "audit",
        rows: found.rows.into_iter().map(Row::of).collect(),
        events: Event::ALL.iter().map(|event| event.name()).collect(),
        event,
        subject,
        next,
    })
}
