//! Sign-up, log-in, log-out, links of mails, and the account.

use http::Method;
use serde_json::json;

use super::browser::{Browser, field, form_token, links};
use crate::app::{PASSWORD, TestApp};
use recipes_server::use_cases::accounts::SignUpMode;

#[tokio::test]
async fn user_signs_up_logs_out_and_logs_in_and_returns_to_the_page() {
    let app = TestApp::new();
    let mut browser = Browser::of_new_user(&app, "ada@example.org").await;
    assert!(browser.get("/account").await.is(200).text().contains("ada@example.org"));
    let answer = browser.submit("/account", "/log-out", &[]).await.is(303);
    assert_eq!(answer.header("clear-site-data"), "\"storage\"");
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);

    let answer = browser.get("/account?x=1").await.is(303);
    let log_in = answer.header("location").to_owned();
    assert_eq!(log_in, "/log-in?return_to=%2Faccount%3Fx%3D1");
    let wrong = [("email", "ada@example.org"), ("password", "wrong"), ("return_to", "/account?x=1")];
    let page = browser.submit(&log_in, "/log-in", &wrong).await.is(401).text();
    assert!(
        page.contains("The e-mail address or the password is wrong") && page.contains("ada@example.org"),
        "{page}"
    );
    let right = [("email", "ada@example.org"), ("password", PASSWORD), ("return_to", "/account?x=1")];
    let answer = browser.submit(&log_in, "/log-in", &right).await.is(303);
    assert_eq!(answer.header("location"), "/account?x=1");
    let cookie = answer.headers.get_all("set-cookie").iter().next().unwrap().to_str().unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Lax; Secure; Path=/"), "{cookie}");
    browser.get("/account").await.is(200);
}

#[tokio::test]
async fn way_back_survives_log_in_sign_up_and_a_forgotten_password() {
    let app = TestApp::new();
    let mut alice = Browser::of(&app, "alice", accounts::Role::User).await;
    let page = alice.submit("/household", "/household", &[("action", "invite")]).await.is(200).text();
    let code = page.split("/household/join?code=").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let join = format!("/household/join?code={code}");

    let mut browser = Browser::new(&app);
    let log_in = browser.get(&join).await.is(303).header("location").to_owned();
    let sign_up = log_in.replace("/log-in?", "/sign-up?");
    let page = browser.get(&log_in).await.is(200).text();
    assert_eq!(links(&page, "/sign-up"), [&*sign_up, &*sign_up], "in the header and below the form");
    assert_eq!(links(&page, "/log-in"), [&*log_in]);
    let page = browser.get(&sign_up).await.is(200).text();
    assert_eq!(links(&page, "/log-in"), [&*log_in, &*log_in]);
    let return_to = field(&page, "return_to");
    let fields =
        [("name", "Ada"), ("email", "ada@example.org"), ("password", PASSWORD), ("return_to", &*return_to)];
    let page = browser.post("/sign-up", &fields[1..]).await.is(403).text();
    assert_eq!(field(&page, "return_to"), return_to, "also after a mistake");
    let answer = browser.submit(&sign_up, "/sign-up", &fields).await.is(303);
    assert_eq!(answer.header("location"), join);
    let answer = browser.submit(&join, "/household/join", &[("code", &code)]).await.is(303);
    assert_eq!(answer.header("location"), "/plan?done=joined");

    let mut other = Browser::new(&app);
    for (start, back, end) in [
        ("/forgotten-password?return_to=%2Fplan", "/plan", "/log-in?done=mailed&return_to=%2Fplan"),
        ("/forgotten-password?return_to=%2F%2Fevil.example", "/", "/log-in?done=mailed"),
        ("/forgotten-password", "/", "/log-in?done=mailed"),
    ] {
        assert_eq!(field(&other.get(start).await.is(200).text(), "return_to"), back);
        let fields = [("email", "ada@example.org"), ("return_to", back)];
        let answer = other.submit(start, "/forgotten-password", &fields).await.is(303);
        assert_eq!(answer.header("location"), end);
    }
    let fields = [
        ("name", "Eve"),
        ("email", "eve@example.org"),
        ("password", PASSWORD),
        ("return_to", "//evil.example"),
    ];
    assert_eq!(other.submit("/sign-up", "/sign-up", &fields).await.is(303).header("location"), "/");
}

#[tokio::test]
async fn problems_are_shown_at_their_fields_and_what_was_typed_is_kept() {
    let app = TestApp::new();
    let mut browser = Browser::new(&app);
    let fields = [("name", "Ada \"A\""), ("email", "nobody"), ("password", "short")];
    let page = browser.submit("/sign-up", "/sign-up", &fields).await.is(422).text();
    assert!(page.contains("value=\"Ada &#34;A&#34;\"") && page.contains("value=\"nobody\""), "{page}");
    assert!(
        page.contains("id=\"email-error-1\"") && page.contains("aria-describedby=\"email-error-1\""),
        "{page}"
    );
    assert!(page.contains("id=\"password-error-1\"") && !page.contains("short"), "{page}");
}

#[tokio::test]
async fn form_without_the_token_of_its_session_or_of_another_site_is_refused() {
    let app = TestApp::new();
    let mut browser = Browser::of_new_user(&app, "ada@example.org").await;
    let other = form_token(&Browser::new(&app).get("/log-in").await.text());
    for token in ["", &other] {
        browser.post("/account/sessions", &[("form_token", token)]).await.is(403);
        browser.post("/log-out", &[("form_token", token)]).await.is(403);
    }
    let client = app.anonymous();
    for (header, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        for path in ["/log-in", "/language", "/sign-up", "/account/delete"] {
            let request =
                client.request(Method::POST, path).header(header, value).header("host", "a.example");
            assert_eq!(
                client.send(request.body("".into()).unwrap()).await.is(403).json()["code"],
                "cross_origin"
            );
        }
    }
    browser.get("/account").await.is(200);
}

#[tokio::test]
async fn expired_access_token_is_renewed_while_a_page_is_opened() {
    let app = TestApp::new();
    let mut browser = Browser::of_new_user(&app, "ada@example.org").await;
    // A browser deletes the cookie when its time is over.
    let old = browser.cookies.remove("__Host-token").unwrap();
    let refresh = browser.cookies["__Host-refresh-token"].clone();
    browser.get("/recipes/999").await.is(404);
    assert_ne!(browser.cookies["__Host-refresh-token"], refresh, "also an error brings the new tokens");
    assert!(browser.cookies.contains_key("__Host-token") && !old.is_empty());
    browser.get("/account").await.is(200);
    browser.cookies.clear();
    browser.cookies.insert("__Host-refresh-token".to_owned(), "unknown".to_owned());
    browser.get("/").await.is(200);
    assert!(browser.cookies.is_empty(), "a refresh token that is not good any more is deleted");
}

#[tokio::test]
async fn forgotten_password_is_reset_with_the_link_of_a_mail() {
    let app = TestApp::new();
    let mut browser = Browser::of_new_user(&app, "ada@example.org").await;
    let verification = app.mails().await.remove(0).token().to_owned();
    // Pasted as a whole, as without JavaScript.
    let link = format!("https://recipes.example.com/account/verify-email#{verification}");
    browser.submit("/account/verify-email", "/account/verify-email", &[("token", &link)]).await.is(303);
    assert!(!browser.get("/account").await.text().contains("not verified"));
    let page = browser.submit("/account/verify-email", "/account/verify-email", &[("token", &link)]).await;
    assert!(page.is(422).text().contains("not valid any more"));

    let mut other = Browser::new(&app);
    for email in ["ada@example.org", "nobody@example.org"] {
        let answer =
            other.submit("/forgotten-password", "/forgotten-password", &[("email", email)]).await.is(303);
        assert_eq!(answer.header("location"), "/log-in?done=mailed");
        let page = other.get("/log-in?done=mailed").await.is(200).text();
        assert!(page.contains("no mail server") && !page.contains("The mail will be sent"), "{page}");
    }
    let mails = app.mails().await;
    assert_eq!(mails.len(), 1);
    let token = mails[0].token().to_owned();
    let page = "/account/reset-password";
    other.submit(page, page, &[("token", &token), ("password", "short")]).await.is(422);
    let new = "another stitch in thyme";
    other.submit(page, page, &[("token", &token), ("password", new)]).await.is(303);
    browser.get("/account").await.is(303);
    other.submit("/log-in", "/log-in", &[("email", "ada@example.org"), ("password", new)]).await.is(303);
}

#[tokio::test]
async fn invited_user_signs_up_where_sign_up_is_not_open() {
    let app = TestApp::with_settings(|settings| settings.sign_up = SignUpMode::Invite);
    let invited = app.admin().await.post("/api/v1/admin/invitations", &json!({})).await.is(201).json();
    let link = invited["data"]["link"].as_str().unwrap().to_owned();
    let mut browser = Browser::new(&app);
    let page = "/account/sign-up";
    let fields = [("name", "Ada"), ("email", "ada@example.org"), ("password", PASSWORD), ("invitation", "x")];
    assert!(browser.submit(page, page, &fields).await.is(403).text().contains("valid invitation"));
    let fields =
        [("name", "Ada"), ("email", "ada@example.org"), ("password", PASSWORD), ("invitation", &link)];
    browser.submit(page, page, &fields).await.is(303);
    browser.get("/account").await.is(200);

    let closed = TestApp::with_settings(|settings| settings.sign_up = SignUpMode::Closed);
    let page = Browser::new(&closed).get("/sign-up").await.is(403).text();
    assert!(page.contains("does not accept sign-ups"), "{page}");
}

#[tokio::test]
async fn user_changes_profile_password_sessions_and_tokens() {
    let app = TestApp::new();
    let mut browser = Browser::of_new_user(&app, "ada@example.org").await;
    let account = "/account";
    let fields = [("name", "Ada L."), ("email", "ada@example.org"), ("password", "")];
    browser.submit(account, "/account/profile", &fields).await.is(303);
    assert!(browser.get(account).await.text().contains("value=\"Ada L.\""));
    let fields = [("name", "Ada"), ("email", "ada@example.net"), ("password", "wrong")];
    let page = browser.submit(account, "/account/profile", &fields).await.is(403).text();
    assert!(
        page.contains("not your current password") && page.contains("value=\"ada@example.net\""),
        "{page}"
    );

    let token = [("name", "Backup"), ("scopes", "recipes:read"), ("days", "30")];
    let page = browser.submit(account, "/account/tokens", &token).await.is(200).text();
    let secret = page.split("id=\"new-token\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    app.bearing(&secret).get("/api/v1/recipes").await.is(200);
    assert!(!browser.get(account).await.text().contains(&secret), "it is shown once");
    browser.submit(account, "/account/tokens", &[("name", "Nothing")]).await.is(422);
    let page = browser.get(account).await.text();
    let action =
        page.split("action=\"/account/tokens/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    browser.submit(account, &format!("/account/tokens/{action}"), &[]).await.is(303);
    app.bearing(&secret).get("/api/v1/recipes").await.is(401);

    let mut other = Browser::new(&app);
    other.submit("/log-in", "/log-in", &[("email", "ada@example.org"), ("password", PASSWORD)]).await.is(303);
    let new = "another stitch in thyme";
    let fields = [("currentPassword", PASSWORD), ("newPassword", new)];
    browser.submit(account, "/account/password", &fields).await.is(303);
    other.get(account).await.is(303);
    let export = browser.get("/account/export").await.is(200);
    assert!(export.header("content-disposition").starts_with("attachment"));

    browser.submit(account, "/account/delete", &[("deletePassword", "wrong")]).await.is(403);
    browser.submit(account, "/account/delete", &[("deletePassword", new)]).await.is(303);
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn log_in_over_plain_http_from_another_machine_says_what_to_do() {
    let app = TestApp::new();
    let client = app.anonymous();
    let request = client
        .request(Method::GET, "/log-in")
        .header("accept", "text/html")
        .header("host", "192.168.1.5:8080");
    let page = client.send(request.body("".into()).unwrap()).await.is(200).text();
    assert!(page.contains("PUBLIC_URL") && !page.contains("type=\"password\""), "{page}");
}

#[tokio::test]
async fn form_sent_over_plain_http_leads_to_the_secure_address() {
    let app = TestApp::at_public_url("https://recipes.example");
    let client = app.anonymous();
    for (path, address) in
        [("/log-in", "https://recipes.example/log-in"), ("/sign-up", "https://recipes.example/sign-up")]
    {
        let request = client
            .request(Method::POST, path)
            .header("accept", "text/html")
            .header("accept-language", "de")
            .header("host", "192.168.1.5:8080")
            .header("origin", "http://192.168.1.5:8080")
            .header("content-type", "application/x-www-form-urlencoded");
        let page = client.send(request.body("email=ada%40example.org".into()).unwrap()).await.is(400).text();
        assert!(
            page.contains("sichere Verbindung") && page.contains(&format!("href=\"{address}\"")),
            "{page}"
        );
        assert!(!page.contains("type=\"password\""), "{page}");
    }
}

#[tokio::test]
async fn forms_that_need_no_log_in_are_small() {
    let app = TestApp::new();
    let large = format!("email=ada%40example.org&password={}", "x".repeat(8 * 1024));
    for path in [
        "/log-in",
        "/log-out",
        "/sign-up",
        "/account/sign-up",
        "/forgotten-password",
        "/account/reset-password",
        "/account/verify-email",
        "/admin/first-run",
        "/language",
    ] {
        let client = app.at("192.0.2.1");
        client.post_form(path, &large).await.is(413);
        assert_ne!(client.post_form(path, "x=y").await.status, 413, "{path}");
    }
}
