//! The account of whoever asks: see it, change it, take it along, delete it.

use axum::{
    Json,
    body::Body as ResponseBody,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use recipes::{RecipeId, User, UserId, store::Store};
use serde::Serialize;
use serde_json::json;
use tower_passport::Scoped;

use super::{
    answers::{
        EmailTaken, Malformed, NotAcceptable, RateLimited, UnacceptableBody, Unauthorized, Unavailable,
        WithoutScope, WrongCurrentPassword,
    },
    api_tokens::ApiTokenView,
    sessions::SessionView,
};
use crate::{
    accounts::{ChangePassword, ConfirmDeletion, Origin, UpdateProfile},
    body::Body,
    caller::{Caller, Guard, ManageAccount},
    cookies,
    error::ApiError,
    state::App,
};

/// Reads your account.
#[utoipa::path(
    get, path = "/api/v1/users/me", tag = "users", operation_id = "readMe",
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Your account", body = ref("#/components/schemas/UserEnvelope")),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn read(Scoped(caller, ..): Scoped<Guard, ManageAccount>) -> Response {
    personal(&Profile::of(&caller.user))
}

/// Changes your name or e-mail; a new e-mail wants the password.
#[utoipa::path(
    patch, path = "/api/v1/users/me", tag = "users", operation_id = "updateMe",
    request_body(content(
        (ref("#/components/schemas/ProfilePatch") = "application/merge-patch+json"),
        (ref("#/components/schemas/ProfilePatch") = "application/json"),
    )),
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Changed, on disk", body = ref("#/components/schemas/UserEnvelope")),
        Malformed, Unauthorized, WrongCurrentPassword, EmailTaken, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn update(
    State(app): State<App>,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
    Body(update): Body<UpdateProfile>,
) -> Result<Response, ApiError> {
    let user = app.accounts.update_profile(&caller.user, update, caller.actor(&origin)).await?;
    Ok(personal(&Profile::of(&user)))
}

/// Deletes your account, all sessions, API tokens and private recipes. Public recipes stay and belong to everybody.
#[utoipa::path(
    delete, path = "/api/v1/users/me", tag = "users", operation_id = "deleteMe",
    request_body(content = ref("#/components/schemas/DeleteMe"), content_type = "application/json"),
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "Gone, on disk"),
        Malformed, Unauthorized, WrongCurrentPassword, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn delete(
    State(app): State<App>,
    headers: HeaderMap,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
    Body(confirmation): Body<ConfirmDeletion>,
) -> Result<Response, ApiError> {
    app.accounts.delete(&caller.user, confirmation, caller.actor(&origin)).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookies::clear(&headers, &mut response);
    Ok(response)
}

/// Changes your password and ends all your other sessions, and your API tokens if you want that.
#[utoipa::path(
    put, path = "/api/v1/users/me/password", tag = "users", operation_id = "changePassword",
    request_body(content = ref("#/components/schemas/ChangePassword"), content_type = "application/json"),
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "Changed, on disk; the other sessions have ended"),
        Malformed, Unauthorized, WrongCurrentPassword, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn change_password(
    State(app): State<App>,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
    Body(change): Body<ChangePassword>,
) -> Result<StatusCode, ApiError> {
    app.accounts.change_password(&caller.user, change, caller.actor(&origin)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers everything this service holds on you.
#[utoipa::path(
    get, path = "/api/v1/users/me/export", tag = "users", operation_id = "exportMe",
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Account, sessions, API tokens and recipes", body = ref("#/components/schemas/Export"),
            headers(("content-disposition" = String, description = "That it is a file to keep"))),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn export(
    State(app): State<App>,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
) -> Result<Response, ApiError> {
    let head = export_head(&app, &caller).await?;
    let pages = stream::try_unfold(Export::Head(head), {
        let (store, owner) = (app.store.clone(), caller.user.id);
        move |part| next_part(store.clone(), owner, part)
    });
    let mut response = Response::new(ResponseBody::from_stream(pages));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"my-recipes-account.json\""),
    );
    Ok(response)
}

/// What comes next of an export. The recipes of one user may be more than one answer should hold in memory.
enum Export {
    Head(Vec<u8>),
    Recipes { after: Option<RecipeId> },
    End,
}

/// Everything but the recipes, up to where those begin.
async fn export_head(app: &App, caller: &Caller) -> Result<Vec<u8>, ApiError> {
    let (user, now) = (&caller.user, app.clock.now());
    let sessions = app.store.sessions(user.id, app.accounts.settings.sessions, now).await?;
    let tokens = app.store.api_tokens(user.id).await?;
    let current = caller.session_if_any();
    let head = json!({
        "exportedAt": now,
        "account": Profile::of(user),
        "sessions": sessions.iter().map(|session| SessionView::of(session, current)).collect::<Vec<_>>(),
        "apiTokens": tokens.iter().map(ApiTokenView::of).collect::<Vec<_>>(),
    });
    let mut head = serde_json::to_vec(&head).map_err(ApiError::internal)?;
    head.pop();
    head.extend_from_slice(b",\"recipes\":[");
    Ok(head)
}

type Part = Option<(Bytes, Export)>;

async fn next_part(store: Store, owner: UserId, part: Export) -> Result<Part, recipes::store::StoreError> {
    let after = match part {
        Export::Head(head) => return Ok(Some((head.into(), Export::Recipes { after: None }))),
        Export::End => return Ok(None),
        Export::Recipes { after } => after,
    };
    let listing = store.recipes_of(owner, after).await?;
    let mut json = listing.json;
    // The brackets of the page; the whole has its own.
    json.pop();
    let next = if listing.next.is_some() {
        json.push(b',');
        Export::Recipes { after: listing.next }
    } else {
        json.extend_from_slice(b"]}");
        Export::End
    };
    Ok(Some((Bytes::from(json).slice(1..), next)))
}

pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// An answer about somebody, which nobody keeps.
pub(super) fn personal(data: &impl Serialize) -> Response {
    #[derive(Serialize)]
    struct Envelope<'a, T> {
        data: &'a T,
    }
    ([(header::CACHE_CONTROL, NO_STORE)], Json(Envelope { data })).into_response()
}

/// A user as the user sees himself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile<'a> {
    id: i64,
    name: &'a str,
    email: &'a str,
    email_verified: bool,
    role: &'a str,
    created_at: jiff::Timestamp,
    updated_at: jiff::Timestamp,
}

impl<'a> Profile<'a> {
    pub(super) fn of(user: &'a User) -> Self {
        Self {
            id: user.id.get(),
            name: user.name.as_str(),
            email: user.email.as_str(),
            email_verified: user.email_verified,
            role: user.role.as_str(),
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}
