//! Two servers: one with the accounts, one with the recipes, which verifies the tokens of the first one offline.

use std::sync::Arc;
use std::time::Duration;

use accounts::Email;
use axum::{Router, body::Body, response::IntoResponse as _};
use http::{Method, header};
use ids::UserId;
use serde_json::json;
use strict_oidc::{ClientKind, Scopes};
use tokio::net::TcpListener;

use super::assertions::new_key;
use super::dpop::{Proof, Proving, thief};
use super::registered::{Registered, register, text};
use crate::app::{TestApp, recipe};

const RECIPES: &str = "https://recipes.example";
const API: &str = "https://recipes.example/api/v1";

/// The accounts, which are reached over the network, and the recipes.
struct Cluster {
    accounts: Registered,
    recipes: TestApp,
}

impl Cluster {
    async fn new(audiences: &[&str]) -> Self {
        Self::of(ClientKind::Web, audiences).await
    }

    async fn of(kind: ClientKind, audiences: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = TestApp::accounts_only(&url, &[API]);
        app.signed_up("ada@example.org").await;
        let secret = register(&app, "c_kitchen", kind, |record| {
            record.audiences = audiences.iter().map(|uri| (*uri).to_owned()).collect();
            record.scopes = Scopes::parse("openid email recipes:read recipes:write").unwrap();
        })
        .await;
        let client = Arc::new(app.anonymous());
        let forward = move |request: http::Request<Body>| {
            let client = Arc::clone(&client);
            async move {
                let answer = client.get(&request.uri().to_string()).await;
                let kind = answer.header("content-type").to_owned();
                (answer.status, [(header::CONTENT_TYPE, kind)], answer.text()).into_response()
            }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(forward)).await });
        Self { accounts: Registered { app, secret }, recipes: TestApp::resource_server(RECIPES, &url) }
    }

    async fn tokens(&self) -> serde_json::Value {
        let code = self.accounts.code(&[]).await;
        self.accounts.redeem(&code).await.is(200).json()
    }
}

#[tokio::test]
async fn token_of_the_accounts_makes_a_user_at_first_sight_and_its_scopes_count() {
    let cluster = Cluster::new(&[API]).await;
    let tokens = cluster.tokens().await;
    let access = cluster.recipes.bearing(text(&tokens, "access_token"));
    access.get("/api/v1/recipes").await.is(200);
    access.post("/api/v1/recipes", &recipe("Soup")).await.is(403);

    let write = [("grant_type", "refresh_token"), ("refresh_token", &*text(&tokens, "refresh_token"))];
    let again = cluster.accounts.token(&write).await.is(200).json();
    cluster.recipes.bearing(text(&again, "access_token")).get("/api/v1/recipes").await.is(200);
    let store = &cluster.recipes.store;
    let ada = Email::parse("ada@example.org").unwrap();
    assert_eq!(store.user_by_email(&ada).await.unwrap(), None, "users are not matched by their address");
    let found = store.user(UserId::from_i64(1).unwrap()).await.unwrap().unwrap();
    assert!(found.email.as_str().ends_with("@users.invalid") && !found.email_verified, "{found:?}");
    assert_eq!(store.user(UserId::from_i64(2).unwrap()).await.unwrap(), None, "there is one user");
}

#[tokio::test]
async fn user_of_the_accounts_writes_private_recipes_with_the_scope() {
    let cluster = Cluster::new(&[API]).await;
    let code = cluster.accounts.code_for("openid recipes:read recipes:write").await;
    let tokens = cluster.accounts.redeem(&code).await.is(200).json();
    let access = cluster.recipes.bearing(text(&tokens, "access_token"));
    let mut private = recipe("Soup");
    private["visibility"] = json!("private");
    let made = access.post("/api/v1/recipes", &private).await.is(201);
    access.get(made.header("location")).await.is(200);
    cluster.recipes.anonymous().get(made.header("location")).await.is(404);
}

#[tokio::test]
async fn other_tokens_are_refused_at_the_recipes() {
    let cluster = Cluster::new(&[]).await;
    let tokens = cluster.tokens().await;
    for name in ["access_token", "id_token", "refresh_token"] {
        let answer = cluster.recipes.bearing(text(&tokens, name)).get("/api/v1/recipes").await.is(401);
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{name}");
    }
    let fields = [("grant_type", "client_credentials"), ("scope", "recipes:read")];
    let secret = register(&cluster.accounts.app, "c_service", ClientKind::Service, |record| {
        record.audiences = vec![API.into()];
        record.redirect_uris.clear();
        record.scopes = Scopes::parse("recipes:read").unwrap();
    })
    .await;
    let all = [("client_id", "c_service"), ("client_secret", &*secret), fields[0], fields[1]];
    let service = cluster.accounts.post("/oauth/token", "", &all).await.is(200).json();
    let answer = cluster.recipes.bearing(text(&service, "access_token")).get("/api/v1/recipes").await;
    answer.is(401);
}

#[tokio::test]
async fn each_server_has_only_its_own_routes() {
    let cluster = Cluster::new(&[API]).await;
    let (accounts, recipes) = (cluster.accounts.app.anonymous(), cluster.recipes.anonymous());
    let log_in = json!({"email": "ada@example.org", "password": crate::app::PASSWORD});
    accounts.post("/api/v1/users/login", &log_in).await.is(200);
    recipes.post("/api/v1/users/login", &log_in).await.is(404);
    recipes.get("/oauth/log-in").await.is(404);
    recipes.get("/.well-known/openid-configuration").await.is(404);
    accounts.get("/api/v1/recipes").await.is(404);
    recipes.get("/api/v1/recipes").await.is(200);

    let path = "/.well-known/oauth-protected-resource/api/v1";
    let metadata = recipes.get(path).await.is(200).json();
    assert_eq!(metadata["resource"], API);
    assert_eq!(metadata["authorization_servers"][0], cluster.accounts.issuer().await);
    accounts.get(path).await.is(404);
}

#[tokio::test]
async fn refusal_of_a_token_names_the_metadata_that_names_the_accounts() {
    let cluster = Cluster::new(&[API]).await;
    let challenges = async |app: &TestApp, path: &str| {
        let answer = app.bearing("x").get(path).await.is(401);
        let all = answer.headers.get_all(header::WWW_AUTHENTICATE).iter();
        all.map(|one| one.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let address = format!("{RECIPES}/.well-known/oauth-protected-resource/api/v1");
    let named = challenges(&cluster.recipes, "/api/v1/recipes").await;
    assert_eq!(named, [format!("Bearer error=\"invalid_token\", resource_metadata=\"{address}\"")]);
    let path = address.strip_prefix(RECIPES).unwrap();
    assert_eq!(cluster.recipes.anonymous().get(path).await.is(200).json()["resource"], API);

    let accounts = &cluster.accounts.app;
    assert!(
        !challenges(accounts, "/api/v1/users/me").await[0].contains("resource_metadata"),
        "it has no recipes"
    );
    let unnamed = TestApp::new();
    assert_eq!(challenges(&unnamed, "/api/v1/recipes").await, ["Bearer error=\"invalid_token\""]);
}

#[tokio::test]
async fn recipes_answer_503_while_the_keys_of_the_accounts_cannot_be_fetched() {
    let cluster = Cluster::new(&[API]).await;
    let tokens = cluster.tokens().await;
    // Nothing listens on port 1.
    let alone = TestApp::resource_server(RECIPES, "http://127.0.0.1:1");
    alone.bearing(text(&tokens, "access_token")).get("/api/v1/recipes").await.is(503);
    alone.anonymous().get("/api/v1/recipes").await.is(200);
}

#[tokio::test]
async fn bound_token_needs_a_new_proof_of_its_key_at_the_recipes() {
    let Cluster { accounts, recipes } = Cluster::of(ClientKind::Native, &[API]).await;
    let origin = accounts.issuer().await;
    let test = Proving { test: accounts, key: new_key(), origin };
    let token = text(&test.tokens().await, "access_token");
    let url = format!("{RECIPES}/api/v1/recipes");
    let proof = |jti: &str, url: &str| {
        test.proof(Proof { method: "GET", url, jti, nonce: None, token: Some(&token) })
    };
    let get = async |scheme: &str, proofs: &[&str]| {
        let client = recipes.anonymous();
        let mut request = client.request(Method::GET, "/api/v1/recipes");
        request = request.header(header::AUTHORIZATION, format!("{scheme} {token}"));
        for proof in proofs {
            request = request.header("dpop", *proof);
        }
        client.send(request.body(Body::empty()).unwrap()).await
    };
    let good = proof("1", &url);
    get("DPoP", &[&good]).await.is(200);
    get("DPoP", &[&good]).await.is(401);
    get("DPoP", &[&proof("2", &format!("{}/api/v1/recipes", test.origin))]).await.is(401);
    get("DPoP", &[]).await.is(401);
    get("Bearer", &[]).await.is(401);
    get("Bearer", &[&proof("3", &url)]).await.is(401);
    let stolen =
        thief().proof(Proof { method: "GET", url: &url, jti: "4", nonce: None, token: Some(&token) });
    get("DPoP", &[&stolen]).await.is(401);
    get("DPoP", &[&proof("5", &url)]).await.is(200);
}

#[tokio::test]
async fn revoked_token_is_refused_at_the_recipes_within_the_time_of_the_list() {
    let cluster = Cluster::new(&[API]).await;
    let tokens = cluster.tokens().await;
    let access = cluster.recipes.bearing(text(&tokens, "access_token"));
    access.get("/api/v1/recipes").await.is(200);
    let secret = &*cluster.accounts.secret;
    let refresh = text(&tokens, "refresh_token");
    let fields = [("client_id", "c_kitchen"), ("client_secret", secret), ("token", &*refresh)];
    cluster.accounts.post("/oauth/revoke", "", &fields).await.is(200);
    for app in [&cluster.accounts.app, &cluster.recipes] {
        app.clock.advance(Duration::from_secs(6));
    }
    access.get("/api/v1/recipes").await.is(401);
    let others = cluster.tokens().await;
    cluster.recipes.bearing(text(&others, "access_token")).get("/api/v1/recipes").await.is(200);
}
