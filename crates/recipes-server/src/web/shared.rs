//! The page of a share link: one recipe, for people without an account.

use axum::{extract::State, response::Response};
use http::{HeaderValue, Uri};
use recipes::Recipe;

use super::recipe::{Shown, respond};
use super::scaling::Viewed;
use super::visitor::Visitor;
use crate::app::App;
use crate::http::error::Report;
use crate::http::site::Site;

/// Shows the recipe to every visitor. Search engines must not list it.
pub(super) async fn read(
    State(app): State<App>,
    visitor: Visitor,
    uri: Uri,
    site: Site,
) -> Result<Response, Report> {
    let query = uri.query().unwrap_or_default().as_bytes();
    let token = form_urlencoded::parse(query).find(|(name, _)| name == "token").map(|(_, token)| token);
    let stored = app.recipes().shared(token.as_deref().unwrap_or_default()).await?;
    let mut json = Vec::with_capacity(stored.json_len());
    stored.write_json(&mut json);
    let recipe = Recipe::from_json(&json).map_err(Report::internal)?;
    let viewed = Viewed::of(&uri, &recipe.content);
    let shown = Shown { recipe: &recipe, viewed, personal: None, is_by_link: true };
    let mut response = respond(&app, &visitor, shown, site)?;
    response.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex"));
    Ok(response)
}
