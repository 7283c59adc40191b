//! The applications that a user gave access.

use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    documented_errors::{
        ApplicationNotFound, Malformed, NotAcceptable, Unauthorized, Unavailable, WithoutScope,
    },
    parameters::ClientInPath,
    path::PathClient,
    responses::data,
};
use crate::app::App;
use crate::auth::requirements::AccountOwner;
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::NoQuery;
use crate::use_cases::accounts::UserApplication;

/// Lists the applications that you gave access to your account.
#[utoipa::path(
    get, path = "/api/v1/users/me/applications", tag = "users", operation_id = "listApplications",
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Your applications", body = ref("#/components/schemas/ApplicationList")),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn list(JsonApi(app): JsonApi<App>, me: AccountOwner, _: NoQuery) -> Result<Response, Report> {
    let found = app.accounts().applications(me.user.id).await?;
    Ok(data(&found.iter().map(ApplicationView::of).collect::<Vec<_>>()))
}

/// Ends the access of an application to your account, and withdraws your consent.
///
/// Its tokens are refused here from now on, and within seconds by other services that follow the status list.
#[utoipa::path(
    delete, path = "/api/v1/users/me/applications/{clientId}", tag = "users", operation_id = "endApplication",
    params(ClientInPath),
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "Ended, on disk"),
        Malformed, Unauthorized, WithoutScope, ApplicationNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn end(
    JsonApi(app): JsonApi<App>,
    me: AccountOwner,
    PathClient(id): PathClient,
) -> Result<StatusCode, Report> {
    app.accounts().end_application(me.user.id, &id, me.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationView<'a> {
    client_id: &'a str,
    name: &'a str,
    scopes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    given_at: Option<Timestamp>,
    active: bool,
}

impl<'a> ApplicationView<'a> {
    pub(crate) fn of(application: &'a UserApplication) -> Self {
        Self {
            client_id: &application.client_id,
            name: &application.name,
            scopes: &application.scopes,
            given_at: application.given_at,
            active: application.is_active,
        }
    }
}
