//! The ceiling to measure against: axum answering fixed bytes, built with the same versions and the same profile.
//!
//! `PORT=8081 bare_axum RECIPE LIST USER` answers the content of these files where the real server answers a recipe,
//! a page of recipes and the signed-in user. It reads no token, no query and no database.

use std::future::ready;

use anyhow::Context;
use axum::Router;
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use http::header::CONTENT_TYPE;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port: u16 = std::env::var("PORT")?.parse()?;
    let mut files = std::env::args().skip(1);
    let mut next_file = || -> anyhow::Result<MethodRouter> {
        let path = files.next().context("usage: PORT=N bare_axum RECIPE LIST USER")?;
        Ok(fixed(std::fs::read(path)?.into()))
    };

    let router = Router::new()
        .route("/api/v1/recipes/{id}", next_file()?)
        .route("/api/v1/recipes", next_file()?)
        .route("/api/v1/users/me", next_file()?);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(listener, router).await?)
}

fn fixed(body: Bytes) -> MethodRouter {
    get(move || ready(([(CONTENT_TYPE, "application/json")], body.clone())))
}
