//! A registered client and its user, and the steps of a log-in.

use accounts::audit::Event;
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, header};
use recipes_server::provider::ClientRecord;
use serde_json::Value;
use store::{ClientRow, Context};
use strict_oidc::{ClientKind, ClientSecret, Digest, Random, RedirectUri, Scopes};

use crate::app::{Answer, PASSWORD, TestApp};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const CALLBACK: &str = "https://kitchen.example/callback";
pub(crate) const VERIFIER: &str = "a-verifier-of-at-least-43-characters-0123456789";

/// The service, a user and a registered client.
pub(crate) struct Registered {
    pub(crate) app: TestApp,
    pub(crate) secret: String,
}

pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The value of a hidden field.
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{page}"));
    rest.split_once('"').unwrap().0.replace("&#38;", "&").replace("&amp;", "&")
}

impl Registered {
    pub(crate) async fn new(kind: ClientKind) -> Self {
        Self::at(TestApp::at_public_url(ISSUER), kind).await
    }

    pub(crate) async fn at(app: TestApp, kind: ClientKind) -> Self {
        app.signed_up("ada@example.org").await;
        let secret = register(&app, "c_kitchen", kind, |_| ()).await;
        Self { app, secret }
    }

    pub(crate) fn query(more: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Digest::of(VERIFIER).as_bytes());
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", "c_kitchen"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid email recipes:read"),
            ("state", "a state"),
            ("nonce", "a nonce"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        fields.extend(more);
        encoded(&fields)
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Answer {
        let client = self.app.anonymous();
        client
            .send(
                client.request(Method::GET, path).header(header::COOKIE, cookie).body(Body::empty()).unwrap(),
            )
            .await
    }

    pub(crate) async fn post(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
        let client = self.app.anonymous();
        let request = client
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, cookie)
            .body(Body::from(encoded(fields)));
        client.send(request.unwrap()).await
    }

    /// Logs in at the page that the authorization endpoint redirects to. Answers with the cookie and the next address.
    pub(crate) async fn logs_in(&self, more: &[(&str, &str)]) -> (String, String) {
        self.logs_in_for(&Self::query(more)).await
    }

    pub(crate) async fn logs_in_for(&self, query: &str) -> (String, String) {
        self.logs_in_with("ada@example.org", query).await
    }

    pub(crate) async fn logs_in_as(&self, email: &str) -> (String, String) {
        self.logs_in_with(email, &Self::query(&[])).await
    }

    async fn logs_in_with(&self, email: &str, query: &str) -> (String, String) {
        let asked = self.get(&format!("/oauth/authorize?{query}"), "").await.is(303);
        let page = self.get(asked.header("location"), "").await.is(200);
        let return_to = hidden(&page.text(), "return_to");
        let fields = [("return_to", &*return_to), ("email", email), ("password", PASSWORD)];
        let done = self.post("/oauth/log-in", "", &fields).await.is(303);
        let cookie = done.header("set-cookie").split(';').next().unwrap().to_owned();
        (cookie, done.header("location").to_owned())
    }

    /// The name of the server.
    pub(crate) async fn issuer(&self) -> String {
        text(&self.get("/.well-known/openid-configuration", "").await.is(200).json(), "issuer")
    }

    /// A code for these scopes.
    pub(crate) async fn code_for(&self, scopes: &str) -> String {
        let asked = Self::query(&[]).replace("openid+email+recipes%3Aread", &encoded(&[("", scopes)])[1..]);
        self.allowed(&asked).await
    }

    /// Logs in and allows the request. Answers with the code.
    pub(crate) async fn code(&self, more: &[(&str, &str)]) -> String {
        self.allowed(&Self::query(more)).await
    }

    pub(crate) async fn allowed(&self, query: &str) -> String {
        let (cookie, next) = self.logs_in_for(query).await;
        let shown = self.get(&next, &cookie).await;
        if shown.status == 303 {
            return parameter(shown.header("location"), "code");
        }
        let page = shown.is(200).text();
        let (request, ticket) = (hidden(&page, "request"), hidden(&page, "ticket"));
        let fields = [("request", &*request), ("ticket", &*ticket), ("decision", "allow")];
        let done = self.post("/oauth/consent", &cookie, &fields).await.is(303);
        parameter(done.header("location"), "code")
    }

    pub(crate) async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("client_id", "c_kitchen"), ("client_secret", &self.secret)];
        all.extend(fields);
        self.post("/oauth/token", "", &all).await
    }

    pub(crate) async fn redeem(&self, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.token(&fields).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }
}

pub(crate) fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    let found = form_urlencoded::parse(query.as_bytes()).find(|(own, _)| own == name);
    found.unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

pub(crate) fn text(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap_or_else(|| panic!("no {name} in {tokens}")).to_owned()
}

/// Registers a client, with the changed record. Answers with its secret.
pub(crate) async fn register(
    app: &TestApp,
    id: &str,
    kind: ClientKind,
    change: impl FnOnce(&mut ClientRecord),
) -> String {
    let secret = ClientSecret::generate(&Random::new([7; 64]));
    let mut record = ClientRecord::new("Kitchen <Timer>", kind);
    record.secrets = if kind.is_confidential() { vec![secret.record()] } else { Vec::new() };
    record.redirect_uris = vec![RedirectUri::parse(CALLBACK, kind).unwrap()];
    record.scopes = Scopes::parse("openid email offline_access recipes:read").unwrap();
    change(&mut record);
    let row = ClientRow { id: id.into(), record: record.to_json().unwrap(), created_at: app.clock.now() };
    assert!(app.store.create_client(row, Context::operator(app.clock.now())).await.unwrap());
    secret.expose().to_owned()
}

/// Changes the record of the client.
pub(crate) async fn change(app: &TestApp, id: &str, change: impl FnOnce(&mut ClientRecord)) {
    let row = app.store.client(id).await.unwrap().unwrap();
    let mut record = ClientRecord::of(&row).unwrap();
    change(&mut record);
    let (text, context) = (record.to_json().unwrap(), Context::operator(app.clock.now()));
    assert!(app.store.replace_client(row, text, Event::ClientChanged, context).await.unwrap());
}
