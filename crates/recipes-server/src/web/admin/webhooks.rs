//! The programs that are told of changes of public recipes. The command line and the API manage them.

use askama::Template;
use axum::{extract::State, response::Response};

use super::super::frame::{Frame, page};
use super::super::languages::Text;
use super::super::visitor::Administrator;
use crate::app::App;
use crate::http::error::Report;

#[derive(Template)]
#[template(path = "admin/webhooks.html")]
struct WebhooksPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    tab: &'static str,
    webhooks: Vec<WebhookRow>,
}

struct WebhookRow {
    id: String,
    url: String,
    events: String,
    disabled_because: Option<String>,
}

pub(super) async fn list(State(app): State<App>, admin: Administrator) -> Result<Response, Report> {
    let row = |webhook: store::WebhookRow| WebhookRow {
        id: webhook.id.to_string(),
        url: webhook.url,
        events: webhook.events.replace(' ', ", "),
        disabled_because: webhook.disabled.map(|(_, why)| why),
    };
    let webhooks = app.webhooks().list().await?.into_iter().map(row).collect();
    let (f, t) = (&admin.frame, admin.frame.text());
    page(&WebhooksPage { f, t, tab: "webhooks", webhooks })
}
