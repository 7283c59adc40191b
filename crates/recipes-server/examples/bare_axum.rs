//! The ceiling to measure against: axum answering fixed bytes, built with the same versions and the same profile.
//!
//! `PORT=8081 bare_axum RECIPE LIST USER` answers the content of these files where the real server answers a recipe,
//! a page of recipes and the signed-in user. It reads no token, no query and no database.

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::header::CONTENT_TYPE;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port: u16 = std::env::var("PORT")?.parse()?;
    let mut files = std::env::args().skip(1);
    let mut next_body = || -> anyhow::Result<Bytes> {
        let path = files.next().ok_or_else(|| anyhow::anyhow!("usage: PORT=N bare_axum RECIPE LIST USER"))?;
        Ok(std::fs::read(path)?.into())
    };
    let (recipe, list, user) = (next_body()?, next_body()?, next_body()?);

    let json = [(CONTENT_TYPE, "application/json")];
    let router = Router::new()
        .route("/api/v1/recipes/{id}", get(async move || (json, recipe.clone())))
        .route("/api/v1/recipes", get(async move || (json, list.clone())))
        .route("/api/v1/users/me", get(async move || (json, user.clone())));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(listener, router).await?)
}
