//! Proofs of possession (RFC 9449): tokens that are of no use to a thief.

use std::time::{Duration, SystemTime};

use axum::body::Body;
use http::{Method, header};
use serde_json::Value;
use strict_jose::Key;
use strict_jose::proof::ProofRequest;
use strict_oidc::{ClientFlag, ClientKind};

use super::assertions::new_key;
use super::registered::{CALLBACK, ISSUER, Registered, VERIFIER, change, encoded, text};
use crate::app::Answer;

pub(super) struct Proving {
    pub(super) test: Registered,
    pub(super) key: Key,
    /// The name of the server.
    pub(super) origin: String,
}

/// What a proof is for.
#[derive(Clone, Copy)]
pub(super) struct Proof<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) jti: &'a str,
    pub(super) nonce: Option<&'a str>,
    pub(super) token: Option<&'a str>,
}

impl Proving {
    async fn new() -> Self {
        let test = Registered::new(ClientKind::Native).await;
        Self { test, key: new_key(), origin: ISSUER.into() }
    }

    fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.test.app.clock.now().as_second().unsigned_abs())
    }

    pub(super) fn proof(&self, proof: Proof<'_>) -> String {
        let thumbprint = self.key.thumbprint();
        let nonces: Vec<&str> = proof.nonce.into_iter().collect();
        let mut request = ProofRequest::new(proof.method, proof.url).unwrap();
        if let Some(token) = proof.token {
            request = request.access_token(token, &thumbprint);
        }
        if proof.nonce.is_some() {
            request = request.nonces(&nonces);
        }
        self.key.sign_proof(&request, proof.jti, self.time()).unwrap()
    }

    async fn posts(&self, path: &str, fields: &[(&str, &str)], proofs: &[&str]) -> Answer {
        let client = self.test.app.anonymous();
        let kind = "application/x-www-form-urlencoded";
        let mut request = client.request(Method::POST, path).header(header::CONTENT_TYPE, kind);
        for proof in proofs {
            request = request.header("dpop", *proof);
        }
        client.send(request.body(Body::from(encoded(fields))).unwrap()).await
    }

    async fn gets(&self, path: &str, scheme: &str, token: &str, proofs: &[&str]) -> Answer {
        let client = self.test.app.anonymous();
        let mut request = client.request(Method::GET, path);
        request = request.header(header::AUTHORIZATION, format!("{scheme} {token}"));
        for proof in proofs {
            request = request.header("dpop", *proof);
        }
        client.send(request.body(Body::empty()).unwrap()).await
    }

    async fn nonce(&self) -> String {
        let url = format!("{}/oauth/token", self.origin);
        let proof = self.proof(Proof { method: "POST", url: &url, jti: "first", nonce: None, token: None });
        let fields = [("client_id", "c_kitchen"), ("grant_type", "refresh_token"), ("refresh_token", "x")];
        let asked = self.posts("/oauth/token", &fields, &[&proof]).await.is(400);
        assert_eq!(asked.json()["error"], "use_dpop_nonce");
        asked.header("dpop-nonce").to_owned()
    }

    async fn redeems(&self, code: &str, jti: &str, nonce: &str) -> Answer {
        let url = format!("{}/oauth/token", self.origin);
        let proof = self.proof(Proof { method: "POST", url: &url, jti, nonce: Some(nonce), token: None });
        let fields = [
            ("client_id", "c_kitchen"),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.posts("/oauth/token", &fields, &[&proof]).await
    }

    pub(super) async fn tokens(&self) -> Value {
        let (code, nonce) = (self.test.code(&[]).await, self.nonce().await);
        self.redeems(&code, "code", &nonce).await.is(200).json()
    }
}

#[tokio::test]
async fn bound_token_is_used_with_a_new_proof_of_its_key_and_not_without() {
    let test = Proving::new().await;
    let tokens = test.tokens().await;
    assert_eq!(tokens["token_type"], "DPoP");
    let token = text(&tokens, "access_token");
    let claims = strict_jose::inspect(&token).unwrap().claims;
    assert_eq!(claims["cnf"]["jkt"], test.key.thumbprint());
    for path in ["/oauth/userinfo", "/api/v1/users/me/applications", "/api/v1/recipes"] {
        let url = format!("{ISSUER}{path}");
        let proof =
            |jti: &str| test.proof(Proof { method: "GET", url: &url, jti, nonce: None, token: Some(&token) });
        let want = if path.ends_with("applications") { 403 } else { 200 };
        let good = proof(path);
        test.gets(path, "DPoP", &token, &[&good]).await.is(want);
        let replayed = test.gets(path, "DPoP", &token, &[&good]).await.is(401);
        assert!(replayed.header("www-authenticate").contains("DPoP"), "{path}");
        test.gets(path, "Bearer", &token, &[]).await.is(401);
        test.gets(path, "DPoP", &token, &[]).await.is(401);
        let two = [&*proof("a"), &*proof("b")];
        test.gets(path, "DPoP", &token, &two).await.is(401);
        let elsewhere = format!("{ISSUER}/elsewhere");
        for (method, url, jti) in [("POST", &url, "c"), ("GET", &elsewhere, "d")] {
            let wrong = test.proof(Proof { method, url, jti, nonce: None, token: Some(&token) });
            test.gets(path, "DPoP", &token, &[&wrong]).await.is(401);
        }
        let without_hash = test.proof(Proof { method: "GET", url: &url, jti: "e", nonce: None, token: None });
        test.gets(path, "DPoP", &token, &[&without_hash]).await.is(401);
        let thief = thief();
        let stolen =
            thief.proof(Proof { method: "GET", url: &url, jti: "f", nonce: None, token: Some(&token) });
        test.gets(path, "DPoP", &token, &[&stolen]).await.is(401);
    }
}

/// An attacker with another key.
pub(super) fn thief() -> Proving {
    let test = Registered { app: crate::app::TestApp::at_public_url(ISSUER), secret: String::new() };
    Proving { test, key: new_key(), origin: ISSUER.into() }
}

#[tokio::test]
async fn proofs_at_the_token_endpoint_need_a_nonce_and_are_good_once() {
    let test = Proving::new().await;
    let (code, nonce) = (test.test.code(&[]).await, test.nonce().await);
    let url = format!("{ISSUER}/oauth/token");
    let old = test.proof(Proof { method: "POST", url: &url, jti: "old", nonce: Some("old"), token: None });
    let fields = [("client_id", "c_kitchen"), ("grant_type", "refresh_token"), ("refresh_token", "x")];
    assert_eq!(test.posts("/oauth/token", &fields, &[&old]).await.is(400).json()["error"], "use_dpop_nonce");
    let good = test.proof(Proof { method: "POST", url: &url, jti: "1", nonce: Some(&nonce), token: None });
    let unknown = test.posts("/oauth/token", &fields, &[&good]).await.is(400).json();
    assert_eq!(unknown["error"], "invalid_grant");
    let replayed = test.posts("/oauth/token", &fields, &[&good]).await.is(400).json();
    assert_eq!(replayed["error"], "invalid_dpop_proof");
    let two = test.posts("/oauth/token", &fields, &[&good, &good]).await.is(400).json();
    assert_eq!(two["error"], "invalid_dpop_proof");
    test.redeems(&code, "2", &nonce).await.is(200);
}

#[tokio::test]
async fn refresh_token_of_a_public_client_is_bound_to_its_key() {
    let test = Proving::new().await;
    let tokens = test.tokens().await;
    let (refresh, nonce) = (text(&tokens, "refresh_token"), test.nonce_again().await);
    let fields = [("client_id", "c_kitchen"), ("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
    assert_eq!(test.posts("/oauth/token", &fields, &[]).await.is(400).json()["error"], "invalid_grant");
    let url = format!("{ISSUER}/oauth/token");
    let thief = thief();
    let stolen = thief.proof(Proof { method: "POST", url: &url, jti: "t", nonce: Some(&nonce), token: None });
    assert_eq!(
        test.posts("/oauth/token", &fields, &[&stolen]).await.is(400).json()["error"],
        "invalid_grant"
    );
    let own = test.proof(Proof { method: "POST", url: &url, jti: "r", nonce: Some(&nonce), token: None });
    assert_eq!(test.posts("/oauth/token", &fields, &[&own]).await.is(200).json()["token_type"], "DPoP");
}

impl Proving {
    /// Another proof without a nonce, as each may be used once.
    async fn nonce_again(&self) -> String {
        self.test.app.clock.advance(Duration::from_secs(1));
        let url = format!("{}/oauth/token", self.origin);
        let proof = self.proof(Proof { method: "POST", url: &url, jti: "again", nonce: None, token: None });
        let fields = [("client_id", "c_kitchen"), ("grant_type", "refresh_token"), ("refresh_token", "x")];
        self.posts("/oauth/token", &fields, &[&proof]).await.is(400).header("dpop-nonce").to_owned()
    }
}

#[tokio::test]
async fn client_that_must_prove_possession_gets_nothing_without_a_proof() {
    let test = Proving::new().await;
    change(&test.test.app, "c_kitchen", |record| record.flags = vec![ClientFlag::RequireDpop]).await;
    let code = test.test.code(&[]).await;
    let fields = [
        ("client_id", "c_kitchen"),
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let refused = test.posts("/oauth/token", &fields, &[]).await.is(400).json();
    assert_eq!(refused["error"], "invalid_dpop_proof");
    let nonce = test.nonce().await;
    test.redeems(&code, "code", &nonce).await.is(200);
}

#[tokio::test]
async fn pushed_request_with_a_proof_binds_the_code_to_its_key() {
    let test = Proving::new().await;
    let nonce = test.nonce().await;
    let url = format!("{ISSUER}/oauth/par");
    let query = Registered::query(&[]);
    let fields: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let proof =
        |jti: &str| test.proof(Proof { method: "POST", url: &url, jti, nonce: Some(&nonce), token: None });
    let pushed = test.posts("/oauth/par", &fields, &[&proof("1")]).await.is(201).json();
    let uri = text(&pushed, "request_uri");
    let code = test.test.allowed(&encoded(&[("client_id", "c_kitchen"), ("request_uri", &uri)])).await;
    let token = [
        ("client_id", "c_kitchen"),
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let without = test.posts("/oauth/token", &token, &[]).await.is(400).json();
    assert_eq!(without["error"], "invalid_grant", "the code was for the key of the proof");

    fields.push(("dpop_jkt", "another"));
    let other = test.posts("/oauth/par", &fields, &[&proof("2")]).await.is(400).json();
    assert_eq!(other["error"], "invalid_dpop_proof");
}
