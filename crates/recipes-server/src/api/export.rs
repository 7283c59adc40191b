//! Everything that is held of whoever asks, to take along.

use accounts::{audit::Actor, audit::Entry};
use axum::{body::Body, extract::State, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use ids::{RecipeId, UserId};
use serde_json::json;
use store::{Page, Store, StoreError};
use tower_passport::Scoped;

use super::{
    admin::{audit::EntryView, invitations::InvitationView},
    answers::{Malformed, NotAcceptable, Unauthorized, Unavailable, WithoutScope},
    api_tokens::ApiTokenView,
    me::Profile,
    personal::NO_STORE,
    sessions::SessionView,
};
use crate::app::App;
use crate::auth::caller::{Caller, Guard, ManageAccount};
use crate::http::error::ApiError;
use crate::http::query::NoQuery;

/// Answers everything this service holds on you.
#[utoipa::path(
    get, path = "/api/v1/users/me/export", tag = "users", operation_id = "exportMe",
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Account, sessions, API tokens, invitations, what has happened to the account and what you did, and recipes", body = ref("#/components/schemas/Export"),
            headers(("content-disposition" = String, description = "That it is a file to keep"))),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn read(
    State(app): State<App>,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
    _: NoQuery,
) -> Result<Response, ApiError> {
    let head = head(&app, &caller).await?;
    let pages = stream::try_unfold(Part::Head(head), {
        let (store, owner) = (app.store.clone(), caller.user.id);
        move |part| next(store.clone(), owner, part)
    });
    let mut response = Response::new(Body::from_stream(pages));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"my-recipes-account.json\""),
    );
    Ok(response)
}

/// What comes next. Both the recipes and the events of one user may be more than one answer should hold in memory.
enum Part {
    /// Everything else.
    Head(Vec<u8>),
    Events {
        before: Option<i64>,
    },
    Recipes {
        after: Option<RecipeId>,
    },
    End,
}

async fn head(app: &App, caller: &Caller) -> Result<Vec<u8>, ApiError> {
    let (user, now) = (&caller.user, app.clock.now());
    let sessions = app.store.sessions(user.id, app.accounts.settings.sessions, now).await?;
    let tokens = app.store.api_tokens(user.id).await?;
    let invitations = app.store.invitations_of(user.id).await?;
    let current = caller.session_if_any();
    let head = json!({
        "exportedAt": now,
        "account": Profile::of(user),
        "sessions": sessions.iter().map(|session| SessionView::of(session, current)).collect::<Vec<_>>(),
        "apiTokens": tokens.iter().map(ApiTokenView::of).collect::<Vec<_>>(),
        "invitations": invitations.iter().map(InvitationView::for_its_maker).collect::<Vec<_>>(),
    });
    let mut head = serde_json::to_vec(&head).map_err(ApiError::internal)?;
    head.pop();
    head.extend_from_slice(b",\"events\":[");
    Ok(head)
}

async fn next(store: Store, owner: UserId, part: Part) -> Result<Option<(Bytes, Part)>, StoreError> {
    let (json, next) = match part {
        Part::Head(head) => (head, Part::Events { before: None }),
        Part::Events { before } => events(&store, owner, before).await?,
        Part::Recipes { after } => recipes(&store, owner, after).await?,
        Part::End => return Ok(None),
    };
    Ok(Some((json.into(), next)))
}

async fn events(store: &Store, owner: UserId, before: Option<i64>) -> Result<(Vec<u8>, Part), StoreError> {
    let listing = store.audit_log_of(owner, Page::longest(before)).await?;
    let views: Vec<_> =
        listing.rows.into_iter().map(|entry| EntryView::of(&as_seen_by(owner, entry))).collect();
    let mut json = elements(&views);
    if before.is_some() && !json.is_empty() {
        json.insert(0, b',');
    }
    if listing.next.is_some() {
        return Ok((json, Part::Events { before: listing.next }));
    }
    json.extend_from_slice(b"],\"recipes\":[");
    Ok((json, Part::Recipes { after: None }))
}

/// Which administrator it was, and from where, is no data about this user, nor is whose account it was that the user did
/// something to as one, nor where somebody sits who only knew the address: that need not be its owner's account.
fn as_seen_by(owner: UserId, entry: Entry) -> Entry {
    let actor = match entry.actor.user {
        Some(actor) if actor == owner => entry.actor,
        Some(_) => Actor::OPERATOR,
        None => Actor { address: None, ..entry.actor },
    };
    Entry { subject: entry.subject.filter(|subject| *subject == owner), actor, ..entry }
}

/// Without the brackets of the list; the whole has its own.
fn elements(views: &[EntryView]) -> Vec<u8> {
    // Strings and numbers only: serializing them cannot fail.
    let mut json = serde_json::to_vec(views).unwrap_or_default();
    json.pop();
    json.split_off(json.len().min(1))
}

async fn recipes(
    store: &Store,
    owner: UserId,
    after: Option<RecipeId>,
) -> Result<(Vec<u8>, Part), StoreError> {
    let listing = store.recipes_of(owner, Page::longest(after)).await?;
    let mut json = Vec::with_capacity(listing.rows.json_len());
    for (n, recipe) in listing.rows.iter().enumerate() {
        if n > 0 || after.is_some() {
            json.push(b',');
        }
        recipe.write_json(&mut json);
    }
    if listing.next.is_some() {
        return Ok((json, Part::Recipes { after: listing.next }));
    }
    json.extend_from_slice(b"]}");
    Ok((json, Part::End))
}
