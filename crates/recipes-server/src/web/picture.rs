//! The pictures of a recipe: a form of its own below the form of the recipe, because it has a file.

use axum::{extract::State, response::Response};
use http::StatusCode;
use ids::RecipeId;

use super::edit;
use super::form::Problems;
use super::frame::see_other;
use super::recipe::find;
use super::refusals::refusal;
use super::visitor::{Member, Visitor};
use crate::api::path::PathId;
use crate::app::App;
use crate::http::body::FileForm;
use crate::http::error::Report;
use crate::use_cases::recipes::{ImageChange, Precondition, RecipeError};

/// Sets or removes the picture of the dish or of a step.
pub(super) async fn change(
    State(app): State<App>,
    member: Member,
    visitor: Visitor,
    PathId(recipe): PathId<RecipeId>,
    sent: FileForm,
) -> Result<Response, Report> {
    if !app.form_tokens().verify(Some(member.session), sent.text("form_token")) {
        return Err(super::form::form_expired());
    }
    let writer = app.recipes().writer(&member.user, member.actor, true)?;
    let change =
        ImageChange { recipe, step: sent.text("step").parse().ok(), precondition: Precondition::None };
    let is_removal = !sent.text("remove").is_empty();
    let changed = match sent.into_file("image") {
        _ if is_removal => app.recipes().remove_image(writer, change).await,
        Some(file) => app.recipes().set_image(writer, change, file).await.map(drop),
        None => {
            let t = visitor.frame.text();
            let problems = Problems::general(StatusCode::UNPROCESSABLE_ENTITY, t.picture_missing);
            return edit::form_again(&visitor, &find(&app, recipe, &visitor).await?, problems);
        }
    };
    match changed {
        Ok(()) => see_other(&format!("/recipes/{recipe}?done=saved")),
        Err(
            error @ (RecipeError::Image(_) | RecipeError::NoSuchImage | RecipeError::QuotaExceeded { .. }),
        ) => {
            let report = Report::from(error);
            if report.status() == StatusCode::SERVICE_UNAVAILABLE
                || report.status() == StatusCode::INTERNAL_SERVER_ERROR
            {
                return Err(report);
            }
            let problems = Problems::general(report.status(), refusal(&report, visitor.frame.text()));
            edit::form_again(&visitor, &find(&app, recipe, &visitor).await?, problems)
        }
        Err(error) => Err(error.into()),
    }
}
