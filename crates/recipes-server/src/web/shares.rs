//! The share links of a recipe.

use std::time::Duration;

use askama::Template;
use axum::{extract::State, response::Response};
use ids::{RecipeId, ShareId};

use super::form::PageForm;
use super::frame::{Frame, page, see_other};
use super::languages::{Text, fill};
use super::recipe::find;
use super::show;
use super::visitor::{Member, Visitor};
use crate::api::path::{PathId, SharePath};
use crate::app::App;
use crate::http::error::{Report, RequestError};
use crate::http::site::Site;
use crate::use_cases::recipes::ShareRecipe;

/// Of a link that expires.
const MAX_DAYS: u64 = 3_660;

#[derive(Template)]
#[template(path = "recipes/shares.html")]
struct SharesPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    id: RecipeId,
    name: &'a str,
    rows: Vec<Row>,
    /// The address of a new link.
    created: Option<String>,
}

struct Row {
    id: ShareId,
    created: String,
    expires: String,
}

pub(super) async fn list(
    State(app): State<App>,
    member: Member,
    visitor: Visitor,
    PathId(id): PathId<RecipeId>,
) -> Result<Response, Report> {
    show_page(&app, &member, (&visitor, id), None).await
}

async fn show_page(
    app: &App,
    member: &Member,
    (visitor, id): (&Visitor, RecipeId),
    created: Option<String>,
) -> Result<Response, Report> {
    let (f, t) = (&visitor.frame, visitor.frame.text());
    let writer = app.recipes().writer(&member.user, member.actor, true)?;
    let rows = app.recipes().shares(writer, id).await?;
    let rows = rows.iter().map(|share| Row {
        id: share.id,
        created: show::time(share.created_at),
        expires: share.expires_at.map_or_else(
            || t.no_end.to_owned(),
            |at| fill(t.expires, format_args!("{} UTC", show::time(at))),
        ),
    });
    let (rows, recipe) = (rows.collect(), find(app, id, visitor).await?);
    page(&SharesPage { f, t, id, name: &recipe.content.name, rows, created })
}

/// The link is in the response, not behind a redirect: it is shown once.
pub(super) async fn create(
    State(app): State<App>,
    (member, visitor): (Member, Visitor),
    Site(site): Site,
    PathId(id): PathId<RecipeId>,
    form: PageForm,
) -> Result<Response, Report> {
    form.check_token(&app, Some(member.session))?;
    let writer = app.recipes().writer(&member.user, member.actor, true)?;
    let expires_at = match form.get("days").trim() {
        "" => None,
        days => {
            let days = days.parse().ok().filter(|days| (1..=MAX_DAYS).contains(days));
            let days = days.ok_or_else(|| {
                RequestError::Malformed(format!("days must be from 1 to {MAX_DAYS}").into())
            })?;
            Some(app.accounts().now() + Duration::from_hours(24 * days))
        }
    };
    let created = app.recipes().share(writer, id, ShareRecipe { expires_at }, None).await?;
    show_page(&app, &member, (&visitor, id), Some(created.link(&site))).await
}

pub(super) async fn revoke(
    State(app): State<App>,
    member: Member,
    SharePath { recipe, share }: SharePath,
    form: PageForm,
) -> Result<Response, Report> {
    form.check_token(&app, Some(member.session))?;
    let writer = app.recipes().writer(&member.user, member.actor, true)?;
    app.recipes().revoke_share(writer, recipe, share).await?;
    see_other(&format!("/recipes/{recipe}/shares?done=deleted"))
}
