//! What cooks keep for themselves on the page of a recipe: favourites, and when they cooked it.

use accounts::User;
use axum::{extract::State, response::Response};
use ids::RecipeId;
use jiff::tz::TimeZone;
use store::Cooked;

use super::form::PageForm;
use super::frame::see_other;
use super::visitor::Member;
use crate::api::path::{CookedPath, PathId};
use crate::app::App;
use crate::http::error::Report;
use crate::use_cases::recipes::CookedNow;

/// What the page shows to a user who has logged in.
pub(super) struct Personal {
    pub(super) is_favourite: bool,
    /// The newest day first.
    pub(super) cooked: Vec<Cooked>,
    pub(super) today: String,
}

impl Personal {
    pub(super) async fn of(app: &App, user: &User, recipe: RecipeId) -> Result<Self, Report> {
        Ok(Self {
            is_favourite: app.recipes().is_favourite(user.id, recipe).await?,
            cooked: app.recipes().cooked(user.id, Some(recipe)).await?,
            today: TimeZone::UTC.to_datetime(app.accounts().now()).date().to_string(),
        })
    }
}

pub(super) async fn favourite(
    State(app): State<App>,
    member: Member,
    PathId(recipe): PathId<RecipeId>,
    form: PageForm,
) -> Result<Response, Report> {
    form.check_token(&app, Some(member.session))?;
    if form.get("wish") == "remove" {
        app.recipes().remove_favourite(recipe, member.actor).await?;
    } else {
        app.recipes().add_favourite(recipe, member.actor).await?;
    }
    see_other(&format!("/recipes/{recipe}"))
}

pub(super) async fn add_cooked(
    State(app): State<App>,
    member: Member,
    PathId(recipe): PathId<RecipeId>,
    form: PageForm,
) -> Result<Response, Report> {
    form.check_token(&app, Some(member.session))?;
    let cooked: CookedNow = form.parse()?;
    app.recipes().add_cooked(recipe, cooked, member.actor, None).await?;
    see_other(&format!("/recipes/{recipe}#cooked"))
}

pub(super) async fn remove_cooked(
    State(app): State<App>,
    member: Member,
    CookedPath { recipe, entry }: CookedPath,
    form: PageForm,
) -> Result<Response, Report> {
    form.check_token(&app, Some(member.session))?;
    app.recipes().remove_cooked(recipe, entry, member.actor).await?;
    see_other(&format!("/recipes/{recipe}#cooked"))
}
