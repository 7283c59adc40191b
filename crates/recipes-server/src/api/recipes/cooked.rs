//! The log of what users cooked.

use axum::response::Response;
use http::StatusCode;
use ids::{CookedId, RecipeId};
use jiff::civil::{Date, date};
use recipes::time::parse_date;
use serde::Serialize;
use store::Cooked;

use crate::api::documented_errors::{
    CookedNotFound, Malformed, NotAcceptable, RecipeNotFound, TooManyCooked, UnacceptableBody, Unauthorized,
    Unavailable, WithoutRecipesRead, WithoutRecipesWrite,
};
use crate::api::once::once;
use crate::api::parameters::{CookedInPath, IdempotencyKeyHeader, RecipeInPath};
use crate::api::path::{CookedPath, PathId};
use crate::api::responses::data;
use crate::app::App;
use crate::auth::requirements::{Member, MemberReader};
use crate::http::body::ParseFields;
use crate::http::body::fields::Fields;
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::NoQuery;
use crate::http::repeatable::{Answer, RepeatableBody};
use crate::use_cases::recipes::CookedNow;

/// The longest note, in characters.
const NOTE: usize = 300;

/// Lists when you cooked a recipe, the newest day first.
#[utoipa::path(
    get, path = "/api/v1/recipes/{id}/cooked", tag = "recipes", operation_id = "listCooked",
    params(RecipeInPath),
    security(("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "Your entries", body = ref("#/components/schemas/CookedList")),
        Malformed, Unauthorized, WithoutRecipesRead, RecipeNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn list(
    JsonApi(app): JsonApi<App>,
    MemberReader { viewer, user }: MemberReader,
    PathId(id): PathId<RecipeId>,
    _: NoQuery,
) -> Result<Response, Report> {
    app.recipes().read(id, viewer).await?;
    let entries = app.recipes().cooked(user, Some(id)).await?;
    Ok(data(&entries.iter().map(CookedView::of).collect::<Vec<_>>()))
}

/// Notes that you cooked a recipe.
#[utoipa::path(
    post, path = "/api/v1/recipes/{id}/cooked", tag = "recipes", operation_id = "addCooked",
    params(IdempotencyKeyHeader, RecipeInPath),
    request_body(content = ref("#/components/schemas/NewCooked"), content_type = "application/json"),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 201, description = "Noted, on disk", body = ref("#/components/schemas/CookedEnvelope"), headers(
            ("location" = String, description = "The address of the entry"))),
        Malformed, Unauthorized, WithoutRecipesWrite, RecipeNotFound, TooManyCooked, UnacceptableBody, NotAcceptable,
        Unavailable,
    )
)]
pub async fn add(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    PathId(id): PathId<RecipeId>,
    RepeatableBody(key, command): RepeatableBody<CookedNow>,
) -> Result<Response, Report> {
    let answer = |entry: &Cooked| {
        let location = format!("/api/v1/recipes/{}/cooked/{}", entry.recipe, entry.id);
        Answer::created(&location, &CookedView::of(entry))
    };
    let add = |once| app.recipes().add_cooked(id, command, actor, once);
    once(&app, actor, key, answer, add).await
}

/// Removes an entry.
#[utoipa::path(
    delete, path = "/api/v1/recipes/{id}/cooked/{entry}", tag = "recipes", operation_id = "removeCooked",
    params(RecipeInPath, CookedInPath),
    security(("bearer" = ["recipes:write"])),
    responses(
        (status = 204, description = "Removed, on disk"),
        Malformed, Unauthorized, WithoutRecipesWrite, CookedNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn remove(
    JsonApi(app): JsonApi<App>,
    Member(actor): Member,
    CookedPath { recipe, entry }: CookedPath,
) -> Result<StatusCode, Report> {
    app.recipes().remove_cooked(recipe, entry, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl ParseFields for CookedNow {
    const FIELDS: &'static [&'static str] = &["date", "note"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let on = fields.stated("date", |text| {
            let on = parse_date(text).ok().filter(|on| *on >= date(1900, 1, 1));
            on.ok_or("must be a date from 1900 on, such as 2030-01-31")
        });
        let note = fields.stated("note", |text| {
            let note = text.trim();
            let fits = note.chars().count() <= NOTE
                && !note.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r'));
            let must = "must be text of at most 300 characters, without control characters";
            if fits { Ok(note.to_owned()) } else { Err(must) }
        });
        Some(Self { on, note })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CookedView<'a> {
    id: CookedId,
    recipe_id: RecipeId,
    date: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

impl<'a> CookedView<'a> {
    pub(crate) fn of(entry: &'a Cooked) -> Self {
        let Cooked { id, recipe, on, ref note } = *entry;
        Self { id, recipe_id: recipe, date: on, note: note.as_deref() }
    }
}
