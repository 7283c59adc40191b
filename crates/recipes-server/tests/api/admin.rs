//! The API for administrators.

use accounts::Role;
use http::Method;
use recipes_server::use_cases::accounts::SignUpMode;
use serde_json::{Value, json};

use crate::app::{Answer, Client, PASSWORD, SignedUp, TestApp, recipe};

const USERS: &str = "/api/v1/admin/users";
const AUDIT: &str = "/api/v1/admin/audit";
const INVITATIONS: &str = "/api/v1/admin/invitations";
const ME: &str = "/api/v1/users/me";

fn column(answer: &Answer, name: &str) -> Vec<Value> {
    answer.json()["data"].as_array().unwrap().iter().map(|row| row[name].clone()).collect()
}

/// One column of all pages, following the `Link` header of each.
async fn pages(client: &Client, first: &str, name: &str) -> Vec<Value> {
    let (mut url, mut seen) = (first.to_owned(), Vec::new());
    loop {
        let page = client.get(&url).await.is(200);
        seen.extend(column(&page, name));
        let Some(link) = page.headers.get("link") else { return seen };
        let link = link.to_str().unwrap();
        assert!(link.contains(page.json()["nextCursor"].as_str().unwrap()), "{link}");
        link.strip_prefix('<').unwrap().split_once('>').unwrap().0.clone_into(&mut url);
    }
}

#[tokio::test]
async fn user_list_contains_no_secrets() {
    let app = TestApp::new();
    let root = app.admin().await;
    app.signed_up("ada@example.org").await;
    let list = root.get(USERS).await.is(200);
    assert_eq!(list.header("cache-control"), "no-store");
    let ada = json!({
        "id": 2, "name": "Ada", "email": "ada@example.org", "emailVerified": false, "role": "user", "disabled": false,
        "createdAt": "2026-01-01T12:00:00Z", "updatedAt": "2026-01-01T12:00:00Z",
    });
    assert_eq!(list.json()["data"][1], ada);
    assert_eq!(root.get(&format!("{USERS}/2")).await.is(200).json(), json!({"data": ada}));
    for unknown in ["99", "0", "x", "2x", "01"] {
        assert_eq!(root.get(&format!("{USERS}/{unknown}")).await.is(404).json()["code"], "user_not_found");
        root.patch(&format!("{USERS}/{unknown}"), &json!({})).await.is(404);
        root.delete(&format!("{USERS}/{unknown}/sessions")).await.is(404);
    }
}

#[tokio::test]
async fn user_list_is_filtered_and_paged() {
    let app = TestApp::new();
    let root = app.admin().await;
    for n in 1..=5 {
        app.user(&format!("cook{n}"), Role::User).await;
    }
    app.user("alice", Role::User).await;
    let first = format!("{USERS}?limit=2&q=COOK&role=user&disabled=false");
    assert_eq!(pages(&root, &first, "name").await, ["cook1", "cook2", "cook3", "cook4", "cook5"]);
    let cursor =
        root.get(&format!("{USERS}?limit=2")).await.json()["nextCursor"].as_str().unwrap().to_owned();
    root.get(&format!("{USERS}?q={}", "_".repeat(254))).await.is(200);
    root.get(&format!("{USERS}?q={}", "_".repeat(25_000))).await.is(400);
    let other = root.get(&format!("{USERS}?limit=2&q=cook&cursor={cursor}")).await.is(400).json();
    assert!(other["message"].as_str().unwrap().contains("other filters"), "{other}");
    root.get(&format!("{AUDIT}?cursor={cursor}")).await.is(400);
    root.get(&format!("{INVITATIONS}?cursor={cursor}")).await.is(400);
    assert_eq!(column(&root.get(&format!("{USERS}?role=admin")).await, "name"), ["root"]);
    assert_eq!(column(&root.get(&format!("{USERS}?disabled=true")).await, "name"), [""; 0]);
}

#[tokio::test]
async fn total_count_is_sent_on_request() {
    let app = TestApp::new();
    let root = app.admin().await;
    for n in 1..=3 {
        app.user(&format!("cook{n}"), Role::User).await;
        root.post(INVITATIONS, &json!({})).await.is(201);
    }
    for (url, total) in [
        (format!("{USERS}?limit=1"), 4),
        (format!("{USERS}?limit=1&q=COOK&role=user&disabled=false"), 3),
        (format!("{USERS}?q=unknown"), 0),
        (format!("{AUDIT}?limit=1&event=invitation_created&actor=1"), 3),
        (format!("{AUDIT}?subject=2&until=2026-01-01T12:00:00Z"), 0),
        (format!("{INVITATIONS}?limit=2"), 3),
    ] {
        let request = root.request(Method::GET, &url).header("prefer", "count=exact");
        let answer = root.send(request.body("".into()).unwrap()).await.is(200);
        assert_eq!(answer.json()["totalCount"], total, "{url}");
        assert_eq!(answer.header("preference-applied"), "count=exact");
        assert_eq!(root.get(&url).await.is(200).json().get("totalCount"), None, "{url}");
    }
}

#[tokio::test]
async fn unknown_parameters_are_400_with_a_hint() {
    let app = TestApp::new();
    let root = app.admin().await;
    for (url, says) in [
        (format!("{USERS}/1?disabled=true"), "this address has no parameters"),
        (format!("{USERS}?rol=admin"), "did you mean \"role\"?"),
        (format!("{USERS}?role=root"), "user or admin"),
        (format!("{USERS}?disabled=1"), "true or false"),
        (format!("{USERS}?limit=0"), "1 to 1000"),
        (format!("{USERS}?cursor=x"), "none to start over"),
        (format!("{INVITATIONS}?limits=2"), "did you mean \"limit\"?"),
        (format!("{INVITATIONS}?limit=1001"), "1 to 1000"),
        (format!("{AUDIT}?event=loged_in"), "did you mean \"logged_in\"?"),
        (format!("{AUDIT}?subject=ada"), "subject must be the id"),
        (format!("{AUDIT}?since=yesterday"), "RFC 3339"),
        (format!("{AUDIT}?since=2026-W01-1"), "RFC 3339"),
        (format!("{AUDIT}?until=2026-01-01T00:00:00Z[UTC]"), "until must be a date or an RFC 3339 time"),
        (format!("{AUDIT}?actor=0"), "actor must be the id"),
        (format!("{AUDIT}?untl=2026-01-01T00:00:00Z"), "did you mean \"until\"?"),
    ] {
        let refused = root.get(&url).await.is(400).json();
        assert!(refused["message"].as_str().unwrap().contains(says), "{url}: {refused}");
    }
}

#[tokio::test]
async fn disabling_a_user_takes_effect_at_once_and_can_be_undone() {
    let app = TestApp::new();
    let root = app.admin().await;
    let ada = app.signed_up("ada@example.org").await.client;
    let url = format!("{USERS}/2");
    let changed = root.patch(&url, &json!({"disabled": true})).await.is(200).json();
    assert_eq!(changed["data"]["disabled"], true);
    ada.get(ME).await.is(401);
    let log_in = json!({"email": "ada@example.org", "password": PASSWORD});
    app.anonymous().post("/api/v1/users/login", &log_in).await.is(401);
    root.patch(&url, &json!({"disabled": false})).await.is(200);
    app.logged_in("ada@example.org").await;
    ada.get(ME).await.is(401);
}

#[tokio::test]
async fn role_change_takes_effect_at_once_and_the_last_admin_stays_admin() {
    let app = TestApp::new();
    let root = app.admin().await;
    let ada = app.signed_up("ada@example.org").await.client;
    assert_eq!(ada.get(USERS).await.is(403).json()["code"], "admin_required");
    for change in [json!({"role": "user"}), json!({"disabled": true})] {
        assert_eq!(root.patch(&format!("{USERS}/1"), &change).await.is(409).json()["code"], "last_admin");
    }
    root.patch(&format!("{USERS}/2"), &json!({"role": "admin"})).await.is(200);
    ada.patch(&format!("{USERS}/1"), &json!({"role": "user"})).await.is(200);
    root.get(USERS).await.is(403);
}

#[tokio::test]
async fn patch_of_a_user_changes_role_and_disabled_only() {
    let app = TestApp::new();
    let root = app.admin().await;
    app.signed_up("ada@example.org").await;
    let url = format!("{USERS}/2");
    let body = json!({"name": "Eve", "email": "eve@example.org", "password": "x", "id": 7});
    let same = root.patch(&url, &body).await.is(200).json();
    assert_eq!((&same["data"]["name"], &same["data"]["email"]), (&json!("Ada"), &json!("ada@example.org")));
    for (body, field) in [
        (json!({"role": "root"}), "/role"),
        (json!({"role": null}), "/role"),
        (json!({"disabled": null}), "/disabled"),
        (json!({"disabled": "no"}), "/disabled"),
    ] {
        assert_eq!(root.patch(&url, &body).await.is(422).refused_fields(), [field], "{body}");
    }
    let strict = root.request(Method::PATCH, &url).header("prefer", "handling=strict");
    let strict = strict.header("content-type", "application/json").body(body.to_string().into());
    assert_eq!(root.send(strict.unwrap()).await.is(400).json()["code"], "unknown_fields");
}

#[tokio::test]
async fn ending_the_sessions_of_a_user_is_logged_with_the_administrator() {
    let app = TestApp::new();
    let root = app.admin().await;
    let here = app.at("198.51.100.1").bearing(root.token());
    let ada = app.signed_up("ada@example.org").await;
    here.delete(&format!("{USERS}/2/sessions")).await.is(204);
    ada.client.get(ME).await.is(401);
    let refresh = json!({"refreshToken": ada.refresh_token});
    app.anonymous().post("/api/v1/users/refresh", &refresh).await.is(401);
    let log = root.get(&format!("{AUDIT}?actor=1&subject=2")).await.is(200).json();
    assert_eq!(
        log["data"],
        json!([{
            "id": log["data"][0]["id"], "at": "2026-01-01T12:00:00Z", "event": "sessions_ended", "subject": 2,
            "actor": 1, "session": root.session(), "address": "198.51.100.1",
        }])
    );
}

#[tokio::test]
async fn audit_log_is_filtered_and_newest_first() {
    let app = TestApp::new();
    let root = app.admin().await;
    let SignedUp { client: ada, .. } = app.signed_up("ada@example.org").await;
    app.clock.advance(std::time::Duration::from_hours(1));
    root.patch(&format!("{USERS}/2"), &json!({"role": "admin"})).await.is(200);
    ada.post("/api/v1/users/logout", &json!({})).await.is(204);
    let events = async |query: &str| column(&root.get(&format!("{AUDIT}?{query}")).await.is(200), "event");
    assert_eq!(events("").await, ["session_ended", "role_changed", "signed_up", "logged_in", "created"]);
    assert_eq!(events("event=role_changed").await, ["role_changed"]);
    assert_eq!(events("actor=2").await, ["session_ended", "signed_up"]);
    assert_eq!(events("subject=2&since=2026-01-01T13:00:00Z").await, ["session_ended", "role_changed"]);
    assert_eq!(events("until=2026-01-01T12:30:00Z&subject=2").await, ["signed_up"]);
    assert_eq!(events("until=2026-01-01T13:30:00%2B01:00&subject=2").await, ["signed_up"]);
    assert_eq!(events("event=role_changed&since=2026-01-01&until=2026-01-02").await, ["role_changed"]);
    assert_eq!(events("since=2026-01-02").await, [""; 0]);
    let first = root.get(&format!("{AUDIT}?limit=3&subject=2")).await.is(200);
    assert_eq!(first.json().get("nextCursor"), None, "there are three");
    let first = root.get(&format!("{AUDIT}?limit=2&subject=2")).await.is(200);
    let next = format!("{AUDIT}?limit=2&subject=2&cursor={}", first.json()["nextCursor"].as_str().unwrap());
    assert_eq!(column(&root.get(&next).await.is(200), "event"), ["signed_up"]);
    assert_eq!(root.get(&format!("{AUDIT}?event=role_changed")).await.json()["data"][0]["detail"], "admin");
}

#[tokio::test]
async fn api_token_of_an_administrator_has_no_admin_rights() {
    let app = TestApp::new();
    let root = app.admin().await;
    let wanted = json!({"name": "All", "scopes": ["account", "recipes:read", "recipes:write"]});
    let made = root.post("/api/v1/users/me/api-tokens", &wanted).await.is(201).json();
    let program = app.bearing(made["data"]["token"].as_str().unwrap());
    assert_eq!(program.get(USERS).await.is(403).json()["code"], "session_required");
    let alice = app.alice().await;
    let (shown, hidden) = (alice.posts_recipe("Soup").await, alice.posts_recipe("Stew").await);
    let mut secret = recipe("Stew");
    secret["visibility"] = json!("private");
    alice.put(&hidden, &secret).await.is(200);
    program.put(&shown, &recipe("Soup")).await.is(403);
    program.delete(&shown).await.is(403);
    program.get(&hidden).await.is(404);
    root.get(&hidden).await.is(200);
    let own = program.posts_recipe("Own").await;
    program.delete(&own).await.is(204);
}

#[tokio::test]
async fn invitation_token_is_shown_once_and_invitation_can_be_revoked() {
    let app = TestApp::new();
    let root = app.admin().await;
    let made = root.post(INVITATIONS, &json!({"email": "Ada@example.org"})).await.is(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let mut about = made.json()["data"].clone();
    let mut take = |name: &str| about.as_object_mut().unwrap().remove(name).unwrap();
    let (token, link, mailed) = (take("token"), take("link"), take("mailed"));
    assert_eq!(token.as_str().unwrap().len(), 43);
    assert_eq!(link, format!("https://recipes.example.com/account/sign-up#{}", token.as_str().unwrap()));
    assert_eq!(mailed, false, "without a mail server the mail is a file, which the user cannot read");
    assert_eq!(
        about,
        json!({
            "id": about["id"], "email": "Ada@example.org", "createdBy": 1,
            "createdAt": "2026-01-01T12:00:00Z", "expiresAt": "2026-01-15T12:00:00Z",
        })
    );
    // The list is in the order of creation, and ids of one millisecond are in any order.
    app.clock.advance(std::time::Duration::from_millis(1));
    let open = root.post(INVITATIONS, &json!({})).await.is(201).json();
    assert_eq!((open["data"].get("email"), &open["data"]["mailed"]), (None, &json!(false)));
    assert_eq!(root.get(INVITATIONS).await.is(200).json()["data"][0], about);
    let url = made.header("location");
    root.delete(url).await.is(204);
    for gone in [url, &format!("{INVITATIONS}/x")] {
        assert_eq!(root.delete(gone).await.is(404).json()["code"], "invitation_not_found");
    }
    assert_eq!(column(&root.get(INVITATIONS).await, "id"), [open["data"]["id"].clone()]);
    assert_eq!(root.post(INVITATIONS, &json!({"email": "ada"})).await.is(422).refused_fields(), ["/email"]);
    let log = root.get(&format!("{AUDIT}?actor=1")).await;
    assert_eq!(
        column(&log, "event")[..3],
        ["invitation_revoked", "invitation_created", "invitation_created"]
    );
}

#[tokio::test]
async fn invitation_list_is_paged() {
    let app = TestApp::new();
    let root = app.admin().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(root.post(INVITATIONS, &json!({})).await.is(201).json()["data"]["id"].clone());
        app.clock.advance(std::time::Duration::from_secs(1));
    }
    assert_eq!(pages(&root, &format!("{INVITATIONS}?limit=2"), "id").await, made);
    assert_eq!(root.get(INVITATIONS).await.is(200).header("cache-control"), "no-store");
    assert_eq!(root.get(&format!("{INVITATIONS}?limit=5")).await.json().get("nextCursor"), None);
}

#[tokio::test]
async fn invitation_is_409_while_sign_up_is_closed() {
    let app = TestApp::with_settings(|settings| settings.sign_up = SignUpMode::Closed);
    let root = app.admin().await;
    let refused = root.post(INVITATIONS, &json!({"email": "ada@example.org"})).await.is(409).json();
    assert_eq!(refused["code"], "sign_up_closed");
    assert!(refused["message"].as_str().unwrap().contains("SIGNUP=invite"), "{refused}");
    assert_eq!(column(&root.get(INVITATIONS).await, "id"), [""; 0]);
    assert_eq!(app.mails().await.len(), 0);
}

#[tokio::test]
async fn invited_user_gets_a_mail_and_signs_up_with_its_token() {
    let app = TestApp::with_settings(|settings| settings.sign_up = SignUpMode::Invite);
    let root = app.admin().await;
    root.post(INVITATIONS, &json!({})).await.is(201);
    assert_eq!(app.mails().await.len(), 0, "an invitation without an address is not mailed");
    let made = root.post(INVITATIONS, &json!({"email": "ada@example.org"})).await.is(201).json();
    let mails = app.mails().await;
    assert_eq!((mails[0].to.as_str(), mails[0].subject.as_str()), ("ada@example.org", "You are invited"));
    let link = made["data"]["link"].as_str().unwrap();
    assert_eq!(
        link.split_once('#').map(|(page, _)| page),
        Some("https://recipes.example.com/account/sign-up")
    );
    assert_ne!(
        link.split_once('#').map(|(_, token)| token),
        Some(mails[0].token()),
        "each is good for the sign-up"
    );
    let sign_up = |email: &str, invitation: &str| json!({"name": "Ada", "email": email, "password": PASSWORD, "invitation": invitation});
    let eve = sign_up("eve@example.org", mails[0].token());
    app.anonymous().post("/api/v1/users/signup", &eve).await.is(403);
    let ada = sign_up("ada@example.org", mails[0].token());
    app.anonymous().post("/api/v1/users/signup", &ada).await.is(200);
    assert_eq!(column(&root.get(INVITATIONS).await, "email"), [Value::Null]);
}

#[tokio::test]
async fn password_reset_by_an_administrator_is_mailed_to_the_user_only() {
    let app = TestApp::new();
    let root = app.admin().await;
    app.signed_up("ada@example.org").await;
    app.mails().await;
    let url = format!("{USERS}/2/password-reset");
    let said = root.post(&url, &json!({"password": "chosen by another"})).await.is(202);
    assert_eq!(said.json()["message"], "This service has no mail server; ask its operator for the mail");
    let mails = app.mails().await;
    assert_eq!(
        (mails[0].to.as_str(), mails[0].subject.as_str()),
        ("ada@example.org", "Choose a new password")
    );
    assert!(mails[0].text.starts_with("An administrator of"), "{}", mails[0].text);
    assert!(!String::from_utf8_lossy(&said.body).contains(mails[0].token()));
    let choose = json!({"token": mails[0].token(), "password": "ten little onions"});
    app.anonymous().post("/api/v1/users/password-reset/confirm", &choose).await.is(204);
    let log_in = json!({"email": "ada@example.org", "password": "ten little onions"});
    app.anonymous().post("/api/v1/users/login", &log_in).await.is(200);
    let log = root.get(&format!("{AUDIT}?event=password_reset_requested")).await.json();
    assert_eq!((&log["data"][0]["actor"], &log["data"][0]["subject"]), (&json!(1), &json!(2)));
    root.patch(&format!("{USERS}/2"), &json!({"disabled": true})).await.is(200);
    assert_eq!(root.post(&url, &json!({})).await.is(409).json()["code"], "user_disabled");
    root.post(&format!("{USERS}/99/password-reset"), &json!({})).await.is(404);
    assert_eq!(app.mails().await.len(), 0);
}

#[tokio::test]
async fn administrator_deletes_other_users_but_not_the_own_account() {
    let app = TestApp::new();
    let (admin, alice) = (app.admin().await, app.alice().await);
    let id = app.user("alice", Role::User).await.id;
    let public = alice.posts_recipe("Soup").await;
    let mut secret = recipe("Secret");
    secret["visibility"] = json!("private");
    let private = alice.post("/api/v1/recipes", &secret).await.is(201).header("location").to_owned();
    admin.delete(&format!("/api/v1/admin/users/{id}")).await.is(204);
    admin.delete(&format!("/api/v1/admin/users/{id}")).await.is(404);
    alice.get("/api/v1/users/me").await.is(401);
    let soup = app.anonymous().get(&public).await.is(200).json();
    assert_eq!(soup["data"].get("ownerId"), None, "the public recipe stays without an owner");
    admin.get(&private).await.is(404);
    let own = app.user("root", Role::Admin).await.id;
    let refused = admin.delete(&format!("/api/v1/admin/users/{own}")).await.is(409);
    assert_eq!(refused.json()["code"], "own_account");
    let log = admin.get("/api/v1/admin/audit?event=deleted").await.is(200).json();
    assert_eq!((&log["data"][0]["subject"], &log["data"][0]["actor"]), (&json!(id), &json!(own)));
}

#[tokio::test]
async fn large_account_is_unusable_at_once_and_deleted_in_steps() {
    let app = TestApp::new();
    let (admin, alice) = (app.admin().await, app.alice().await);
    let id = app.user("alice", Role::User).await.id;
    let mut secret = recipe("Secret");
    secret["visibility"] = json!("private");
    for _ in 0..1_250 {
        alice.post("/api/v1/recipes", &secret).await.is(201);
    }
    let user = format!("{USERS}/{id}");
    admin.delete(&user).await.is(202);
    alice.get(ME).await.is(401);
    assert_eq!(admin.get(&user).await.is(200).json()["data"]["disabled"], true);
    admin.delete(&user).await.is(204);
    admin.get(&user).await.is(404);
    assert_eq!(app.store.count_recipes(store::Viewer::Admin).await.unwrap(), 0);
}
