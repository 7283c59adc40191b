//! Measures the cost of the session check: the same service without that check.
//!
//! `PORT=8081 JWT_SECRET=... signature_only` answers GET /api/v1/users/me for any access token of the real server, with the
//! same HTTP stack, strategy, cache and response. Tokens of ended sessions are accepted.

use std::{future::pending, sync::Arc};

use axum::{
    Json, Router,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, header::CACHE_CONTROL, request::Parts};
use ids::UserId;
use jiff::Timestamp;
use recipes_server::Clock;
use recipes_server::Entropy;
use recipes_server::auth::access_tokens::{AccessClaims, TokenIssuer};
use recipes_server::http::client_address::TrustedProxies;
use recipes_server::http::conditional::system_time;
use recipes_server::http::cookies::SessionCookies;
use recipes_server::http::stack::{CorsOrigins, Draining, HttpConfig, HttpService};
use recipes_server::limits;
use recipes_server::server;
use recipes_server::telemetry::{self, LogFormat, access_log::AccessLog, traces::Traces};
use serde::Serialize;
use strict_jose::Key;
use tokio::net::TcpListener;
use tower_passport::{Auth, BearerHeader, CookieValue, Error, Jwt, TokenCache, Verification, Verify};

type Guard = Jwt<Key, AccessClaims, AcceptAll>;

struct AcceptAll;

impl Verify<AccessClaims> for AcceptAll {
    type User = UserId;

    async fn verify(&self, claims: AccessClaims, _: &Parts) -> Result<Verification<UserId>, Error> {
        Ok(Verification::Accept(claims.id))
    }
}

#[derive(Serialize)]
struct Envelope {
    data: Profile,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    id: i64,
    name: &'static str,
    email: &'static str,
    email_verified: bool,
    role: &'static str,
    created_at: Timestamp,
    updated_at: Timestamp,
}

async fn me(Auth(id): Auth<Guard>) -> Response {
    let time = Timestamp::from_microsecond(1_767_225_600_123_456).unwrap_or_default();
    let data = Profile {
        id: id.get(),
        name: "Ada",
        email: "ada@example.com",
        email_verified: false,
        role: "user",
        created_at: time,
        updated_at: time,
    };
    ([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(Envelope { data })).into_response()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port: u16 = std::env::var("PORT")?.parse()?;
    let log = telemetry::init("info", LogFormat::Text)?;
    let clock = Clock::system();
    let time = clock.clone();
    let guard = Jwt::new(
        Key::hs256(std::env::var("JWT_SECRET")?.as_bytes())?,
        TokenIssuer::unnamed_rules(),
        AcceptAll,
    )
    .clock(move || system_time(time.now()))
    .tokens_from((BearerHeader, CookieValue::new(SessionCookies::of(None).access)))
    .cache(TokenCache::new(10_000));
    let routes = Router::new().route("/api/v1/users/me", get(me)).with_state(Arc::new(guard));
    let config = HttpConfig {
        clock,
        entropy: Entropy::system(),
        cors_origins: CorsOrigins::Any,
        trusted_proxies: TrustedProxies::default(),
        access_log: AccessLog::new(log),
        traces: Traces::off(),
        memory_budget: limits::MEMORY_BUDGET,
        draining: Draining::default(),
        public_url: None,
        resource_metadata: None,
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    server::run(listener, HttpService::new(routes, config), limits::CONNECTIONS, pending()).await
}
