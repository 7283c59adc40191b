//! What works by mail: verifying an address, resetting a password, invitations.

use std::sync::Arc;

use accounts::{NewInvitation, Role, TokenDigest};
use ids::InvitationId;
use recipes_server::use_cases::accounts::{Settings, SignUpMode};
use serde_json::{Value, json};

use crate::app::{Client, PASSWORD, TestApp, recipe};

const ME: &str = "/api/v1/users/me";
const SIGN_UP: &str = "/api/v1/users/signup";
const LOG_IN: &str = "/api/v1/users/login";
const SEND: &str = "/api/v1/users/verification";
const VERIFY: &str = "/api/v1/users/verification/confirm";
const RESET: &str = "/api/v1/users/password-reset";
const CHOOSE: &str = "/api/v1/users/password-reset/confirm";
const ADA: &str = "ada@example.org";
const NEW: &str = "ten little onions";

async fn is_verified(client: &Client) -> Value {
    client.get(ME).await.is(200).json()["data"]["emailVerified"].clone()
}

/// The token of the only mail.
async fn token(app: &TestApp) -> String {
    let mails = app.mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    mails[0].token().to_owned()
}

async fn reset_token(app: &TestApp, email: &str) -> String {
    app.mails().await;
    app.anonymous().post(RESET, &json!({"email": email})).await.is(202);
    token(app).await
}

fn choose(token: &str, password: &str) -> Value {
    json!({"token": token, "password": password})
}

#[tokio::test]
async fn sign_up_sends_a_verification_link_that_works_once() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    assert_eq!(is_verified(&ada).await, false);
    let mails = app.mails().await;
    let mail = &mails[0];
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), (ADA, "Confirm your e-mail address"));
    let link = format!("https://recipes.example.com/account/verify-email#{}\r\n", mail.token());
    assert!(mail.text.contains(&link), "{}", mail.text);
    // The name could be a message from a stranger.
    assert!(!mail.text.contains("Ada"), "{}", mail.text);
    app.anonymous().post(VERIFY, &json!({"token": mail.token()})).await.is(204);
    assert_eq!(is_verified(&ada).await, true);
    let again = app.anonymous().post(VERIFY, &json!({"token": mail.token()})).await.is(422);
    assert_eq!(again.refused_fields(), ["/token"]);
}

#[tokio::test]
async fn verification_mail_is_sent_again_until_the_address_is_verified() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    app.mails().await;
    let said = ada.post(SEND, &json!({})).await.is(202);
    assert_eq!(said.header("cache-control"), "no-store");
    app.anonymous().post(VERIFY, &json!({"token": token(&app).await})).await.is(204);
    assert_eq!(ada.post(SEND, &json!({})).await.is(202).body, said.body);
    assert_eq!(app.mails().await.len(), 0);
}

#[tokio::test]
async fn new_address_must_be_verified_and_invalidates_old_links() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    let old = token(&app).await;
    let change = |email: &str| json!({"email": email, "password": PASSWORD});
    let changed = ada.patch(ME, &change("lovelace@example.org")).await.is(200).json();
    assert_eq!(changed["data"]["emailVerified"], false);
    let mails = app.mails().await;
    assert_eq!(mails[0].to, "lovelace@example.org");
    app.anonymous().post(VERIFY, &json!({"token": old})).await.is(422);
    app.anonymous().post(VERIFY, &json!({"token": mails[0].token()})).await.is(204);
    // Another spelling is the same mailbox and stays verified.
    let changed = ada.patch(ME, &change("Lovelace@example.org")).await.is(200).json();
    assert_eq!(changed["data"]["emailVerified"], true);
    assert_eq!(app.mails().await.len(), 0);
    let changed = ada.patch(ME, &change(ADA)).await.is(200).json();
    assert_eq!(changed["data"]["emailVerified"], false);
}

#[tokio::test]
async fn password_reset_response_is_the_same_without_an_account() {
    let app = TestApp::new();
    app.signed_up(ADA).await;
    app.mails().await;
    let mut answers = Vec::new();
    for email in [ADA, "unknown@example.org"] {
        let answer = app.anonymous().post(RESET, &json!({"email": email})).await.is(202);
        let mut headers = answer.headers;
        headers.remove("x-request-id");
        answers.push((headers, answer.body));
    }
    assert_eq!(answers[0], answers[1]);
    let to: Vec<_> = app.mails().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [ADA]);
    let malformed = app.anonymous().post(RESET, &json!({"email": "ada"})).await.is(422);
    assert_eq!(malformed.refused_fields(), ["/email"]);
}

#[tokio::test]
async fn full_mail_queue_is_503_but_sign_up_succeeds() {
    let app = TestApp::new();
    let asks = async || app.anonymous().post(RESET, &json!({"email": "unknown@example.org"})).await;
    for _ in 0..1_024 {
        asks().await.is(202);
    }
    let refused = asks().await.is(503);
    assert_eq!((refused.header("retry-after"), refused.json()["code"].as_str()), ("10", Some("overloaded")));
    app.signed_up(ADA).await;
    assert_eq!(app.mails().await.len(), 0);
    asks().await.is(202);
}

#[tokio::test]
async fn password_reset_ends_all_sessions_and_tokens() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await;
    let wanted = json!({"name": "A program", "scopes": ["account"]});
    let made = ada.client.post("/api/v1/users/me/api-tokens", &wanted).await.is(201).json();
    let program = app.bearing(made["data"]["token"].as_str().unwrap());
    program.get(ME).await.is(200);
    // The mail goes to the stored address, in whatever case the request writes it.
    let token = reset_token(&app, "ADA@example.org").await;
    app.anonymous().post(CHOOSE, &choose(&token, NEW)).await.is(204);
    ada.client.get(ME).await.is(401);
    program.get(ME).await.is(401);
    app.anonymous().post("/api/v1/users/refresh", &json!({"refreshToken": ada.refresh_token})).await.is(401);
    app.anonymous().post(LOG_IN, &json!({"email": ADA, "password": PASSWORD})).await.is(401);
    let answer = app.anonymous().post(LOG_IN, &json!({"email": ADA, "password": NEW})).await.is(200).json();
    assert_eq!(answer["user"]["emailVerified"], true, "the mail has arrived");
    let again = app.anonymous().post(CHOOSE, &choose(&token, "other little onions")).await.is(422);
    assert_eq!(again.refused_fields(), ["/token"]);
}

#[tokio::test]
async fn refused_password_does_not_use_up_the_link() {
    let app = TestApp::with_settings(|settings| settings.password_policy.minimum = 10);
    app.signed_up(ADA).await;
    let token = reset_token(&app, ADA).await;
    for bad in ["password", "ada@example", "onions !1"] {
        let refused = app.anonymous().post(CHOOSE, &choose(&token, bad)).await.is(422);
        assert_eq!(refused.refused_fields(), ["/password"], "{bad}");
    }
    app.anonymous().post(CHOOSE, &choose(&token, NEW)).await.is(204);
}

#[tokio::test]
async fn links_expire_after_30_minutes_or_a_password_change() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    let late = reset_token(&app, ADA).await;
    app.clock.advance(std::time::Duration::from_mins(30));
    app.anonymous().post(CHOOSE, &choose(&late, NEW)).await.is(422);
    let overtaken = reset_token(&app, ADA).await;
    let change = json!({"currentPassword": PASSWORD, "newPassword": NEW});
    ada.put("/api/v1/users/me/password", &change).await.is(204);
    app.anonymous().post(CHOOSE, &choose(&overtaken, "other little onions")).await.is(422);
}

#[tokio::test]
async fn mails_to_one_address_are_limited_with_and_without_an_account() {
    let app = TestApp::limited("mail=2/1h");
    let ada = app.signed_up(ADA).await.client;
    let asks = async |email: &str| app.anonymous().post(RESET, &json!({"email": email})).await;
    // The sign-up has used one mail of Ada's limit.
    ada.post(SEND, &json!({})).await.is(202);
    ada.post(SEND, &json!({})).await.is(429);
    for email in [ADA, "unknown@example.org"] {
        asks(email).await.is(202);
        asks(&email.to_uppercase()).await.is(202);
        assert_eq!(asks(email).await.is(429).header("ratelimit-policy"), "\"mail\";q=2;w=3600");
    }
    assert_eq!(app.mails().await.len(), 4);
}

#[tokio::test]
async fn invitations_to_one_address_are_limited_but_links_are_not() {
    let app = TestApp::limited("mail=2/1h");
    let root = app.admin().await;
    let invites = async |body: Value| root.post("/api/v1/admin/invitations", &body).await;
    for email in [ADA, &ADA.to_uppercase()] {
        invites(json!({"email": email})).await.is(201);
    }
    let refused = invites(json!({"email": ADA})).await.is(429);
    assert_eq!(refused.header("ratelimit-policy"), "\"mail\";q=2;w=3600");
    assert_eq!(refused.header("retry-after"), "1800");
    invites(json!({"email": "grace@example.org"})).await.is(201);
    for _ in 0..3 {
        invites(json!({})).await.is(201);
    }
    let mut to: Vec<_> = app.mails().await.into_iter().map(|mail| mail.to).collect();
    to.sort_unstable();
    assert_eq!(to, [&ADA.to_uppercase(), ADA, "grace@example.org"]);
    let made = root.get("/api/v1/admin/invitations").await.json()["data"].as_array().unwrap().len();
    assert_eq!(made, 6, "refused invitations are not stored");
}

#[tokio::test]
async fn reset_requests_do_not_use_up_the_limits_of_users_and_administrators() {
    let app = TestApp::limited("mail=1/1h");
    let (root, stranger) = (app.admin().await, app.anonymous());
    stranger.post(RESET, &json!({"email": ADA})).await.is(202);
    stranger.post(RESET, &json!({"email": ADA})).await.is(429);
    app.signed_up(ADA).await;
    stranger.post(RESET, &json!({"email": "root@example.org"})).await.is(202);
    for status in [202, 429] {
        root.post("/api/v1/admin/users/2/password-reset", &json!({})).await.is(status);
    }
    let subjects: Vec<_> = app.mails().await.into_iter().map(|mail| (mail.to, mail.subject)).collect();
    let to_ada =
        |subject: &str| subjects.iter().filter(|it| *it == &(ADA.to_owned(), subject.to_owned())).count();
    assert_eq!(
        (to_ada("Confirm your e-mail address"), to_ada("Choose a new password")),
        (1, 2),
        "{subjects:?}"
    );
}

#[tokio::test]
async fn mail_limit_does_not_block_sign_up_or_a_new_address() {
    let app = TestApp::limited("mail=1/1h");
    let change = |email: &str| json!({"email": email, "password": PASSWORD});
    let ada = app.signed_up(ADA).await.client;
    ada.patch(ME, &change("lovelace@example.org")).await.is(200);
    ada.patch(ME, &change(ADA)).await.is(200);
    let to: Vec<_> = app.mails().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [ADA], "one mail, and none to the address that was replaced");
}

#[tokio::test]
async fn resets_and_links_are_limited_by_client_address() {
    let app = TestApp::limited("reset=3/1h");
    let here = app.at("203.0.113.9");
    assert_eq!(
        here.post(RESET, &json!({"email": ADA})).await.is(202).header("ratelimit"),
        "\"reset\";r=2;t=1200"
    );
    here.post(CHOOSE, &choose("invented", NEW)).await.is(422);
    here.post(VERIFY, &json!({"token": "invented"})).await.is(422);
    for (path, body) in [
        (RESET, json!({"email": ADA})),
        (CHOOSE, choose("invented", NEW)),
        (VERIFY, json!({"token": "invented"})),
    ] {
        assert_eq!(here.post(path, &body).await.is(429).json()["code"], "rate_limited", "{path}");
    }
    app.at("203.0.113.8").post(RESET, &json!({"email": ADA})).await.is(202);
}

#[tokio::test]
async fn password_reset_lifts_the_log_in_limit() {
    let app = TestApp::limited("account=2/1h,account-anywhere=3/1h");
    app.signed_up(ADA).await;
    let log_in = |password: &str| json!({"email": ADA, "password": password});
    // Two failures from this address and one from another use up both limits of the account.
    let here = app.at("198.51.100.7");
    for client in [&here, &here, &app.at("203.0.113.9")] {
        client.post(LOG_IN, &log_in("guess work")).await.is(401);
    }
    here.post(LOG_IN, &log_in(PASSWORD)).await.is(429);
    let token = reset_token(&app, ADA).await;
    here.post(CHOOSE, &choose(&token, NEW)).await.is(204);
    here.post(LOG_IN, &log_in(NEW)).await.is(200);
}

#[tokio::test]
async fn unverified_user_cannot_write_recipes_if_verification_is_required() {
    let app = TestApp::with_settings(|settings| settings.require_verified_email = true);
    let ada = app.signed_up(ADA).await.client;
    let link = token(&app).await;
    let url = app.alice().await.posts_recipe("Soup").await;
    assert_eq!(
        ada.post("/api/v1/recipes", &recipe("Stew")).await.is(403).json()["code"],
        "email_not_verified"
    );
    assert_eq!(ada.put(&url, &recipe("Stew")).await.is(403).json()["code"], "email_not_verified");
    assert_eq!(ada.delete(&url).await.is(403).json()["code"], "email_not_verified");
    // Reading and logging in need no verified address.
    ada.get(&url).await.is(200);
    app.logged_in(ADA).await.client.get(ME).await.is(200);
    app.anonymous().post(VERIFY, &json!({"token": link})).await.is(204);
    ada.post("/api/v1/recipes", &recipe("Stew")).await.is(201);
}

#[tokio::test]
async fn sign_up_is_403_while_closed() {
    let app = TestApp::with_settings(|settings| settings.sign_up = SignUpMode::Closed);
    app.user("alice", Role::User).await;
    for email in [ADA, "alice@example.org"] {
        let body = json!({"name": "Ada", "email": email, "password": PASSWORD});
        assert_eq!(app.anonymous().post(SIGN_UP, &body).await.is(403).json()["code"], "sign_up_closed");
    }
    app.imported_user("bob@example.org", "$2b$10$JqHnCPAjfonbA8mcRtM2GuS1vl5OQfN6PE.hM/NhKR6lRcOlHSSlG")
        .await;
}

#[tokio::test]
async fn invitation_works_once() {
    let app = TestApp::with_settings(|settings| settings.sign_up = SignUpMode::Invite);
    let (id, now) = (InvitationId::new(app.clock.now(), [7; 10]), app.clock.now());
    let (digest, expires_at) = (TokenDigest::of(b"come in"), now + std::time::Duration::from_hours(1));
    let new = NewInvitation { id, digest, email: None, expires_at };
    app.store.create_invitation(new, store::Context::operator(now)).await.unwrap();
    let sign_up = |email: &str, invitation: Value| {
        let mut body = json!({"name": "Ada", "email": email, "password": PASSWORD});
        if !invitation.is_null() {
            body["invitation"] = invitation;
        }
        let anonymous = app.anonymous();
        async move { anonymous.post(SIGN_UP, &body).await }
    };
    assert_eq!(sign_up(ADA, Value::Null).await.is(403).json()["code"], "not_invited");
    assert_eq!(sign_up(ADA, json!("invented")).await.is(403).json()["code"], "not_invited");
    assert_eq!(sign_up(ADA, json!(7)).await.is(422).refused_fields(), ["/invitation"]);
    sign_up(ADA, json!("come in")).await.is(200);
    sign_up("eve@example.org", json!("come in")).await.is(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn invented_invitation_is_refused_without_hashing() {
    let invite = |settings: &mut Settings| settings.sign_up = SignUpMode::Invite;
    let app = Arc::new(TestApp::with_short_hash_queue("off", invite));
    let flood: Vec<_> = (0..16)
        .map(|n| {
            let app = Arc::clone(&app);
            let body = json!({"name": "Eve", "email": ADA, "password": PASSWORD, "invitation": format!("invented {n}")});
            tokio::spawn(async move { app.anonymous().post(SIGN_UP, &body).await.status.as_u16() })
        })
        .collect();
    for refused in flood {
        assert_eq!(refused.await.unwrap(), 403, "one is hashed and one waits: the rest would hear 503");
    }
}

#[tokio::test]
async fn operator_can_require_longer_passwords() {
    let app = TestApp::with_settings(|settings| settings.password_policy.minimum = 12);
    let body = json!({"name": "Ada", "email": ADA, "password": "ten onions"});
    let refused = app.anonymous().post(SIGN_UP, &body).await.is(422);
    assert!(refused.json()["errors"][0]["message"].as_str().unwrap().contains("at least 12 characters"));
    let ada = app.signed_up(ADA).await.client;
    let change = json!({"currentPassword": PASSWORD, "newPassword": "ten onions"});
    let refused = ada.put("/api/v1/users/me/password", &change).await.is(422);
    assert_eq!(refused.refused_fields(), ["/newPassword"]);
}

#[tokio::test]
async fn opening_a_link_changes_nothing_and_loads_nothing_external() {
    let app = TestApp::new();
    let ada = app.signed_up(ADA).await.client;
    for page in ["verify-email", "reset-password", "sign-up"] {
        let page = app.anonymous().get(&format!("/account/{page}")).await.is(200);
        assert!(page.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"));
        assert_eq!(page.header("referrer-policy"), "same-origin");
        assert_eq!(page.header("cache-control"), "no-store");
        let html = String::from_utf8(page.body.to_vec()).unwrap();
        assert!(!html.contains("//") && !html.contains("<script>") && !html.contains("style="), "{html}");
    }
    assert_eq!(is_verified(&ada).await, false);
}
