//! The pages of administrators.

use accounts::Role;
use serde_json::json;

use super::browser::{Browser, field};
use crate::app::{PASSWORD, TestApp};

#[tokio::test]
async fn code_of_the_log_makes_the_first_administrator_once() {
    let app = TestApp::new();
    let code = app.app.form_tokens().first_run_code();
    let mut browser = Browser::new(&app);
    let page = "/admin/first-run";
    let fields = |code| {
        [("name", "Root"), ("email", "root@example.net"), ("password", PASSWORD), ("invitation", code)]
    };
    assert!(
        browser
            .submit(page, page, &fields("AAAA-BBBB-CCCC"))
            .await
            .is(422)
            .text()
            .contains("not the code in the log")
    );
    let answer = browser.submit(page, page, &fields(&code.to_lowercase())).await.is(303);
    assert_eq!(answer.header("location"), "/admin?done=admin");
    let state = browser.get("/admin?done=admin").await.is(200).text();
    for link in ["/recipes/new", "/recipes/import", "/admin/invitations", "/household"] {
        assert!(state.contains(&format!("<li><a href=\"{link}\">")), "{link} in {state}");
    }
    let state = browser.get("/admin").await.is(200).text();
    assert!(state.contains("Everything works") && !state.contains("What next?"), "{state}");
    browser.get(page).await.is(404);
    let mut other = Browser::new(&app);
    let fields = [("name", "R"), ("email", "r@example.net"), ("password", PASSWORD), ("invitation", &*code)];
    other.submit("/log-in", page, &fields).await.is(403);
}

#[tokio::test]
async fn user_who_signed_up_first_becomes_the_administrator_with_the_code_once() {
    let app = TestApp::new();
    let code = app.app.form_tokens().first_run_code();
    let (page, link) = ("/admin/first-run", "href=\"/admin/first-run\"");
    let mut ada = Browser::of_new_user(&app, "ada@example.org").await;
    assert!(ada.get("/account").await.is(200).text().contains(link));
    assert!(Browser::new(&app).get("/log-in").await.is(200).text().contains(link));
    let form = ada.get(page).await.is(200).text();
    assert!(form.contains("Become the administrator") && !form.contains("type=\"password\""), "{form}");
    let wrong = ada.submit(page, page, &[("invitation", "AAAA-BBBB-CCCC")]).await.is(422).text();
    assert!(wrong.contains("not the code in the log"), "{wrong}");
    ada.get("/admin").await.is(403);
    let answer = ada.submit(page, page, &[("invitation", &code)]).await.is(303);
    assert_eq!(answer.header("location"), "/admin?done=admin");
    assert!(ada.get("/admin?done=admin").await.is(200).text().contains("You are an administrator now"));
    ada.get(page).await.is(404);
    let mut bob = Browser::of_new_user(&app, "bob@example.org").await;
    bob.submit("/account", page, &[("invitation", &code)]).await.is(403);
    bob.get("/admin").await.is(403);
    for path in ["/account", "/log-in"] {
        assert!(!bob.get(path).await.text().contains(link), "{path}");
    }
}

#[tokio::test]
async fn administrator_manages_users() {
    let app = TestApp::new();
    let ada = app.user("ada", Role::User).await.id;
    let mut admin = Browser::of(&app, "root", Role::Admin).await;
    let found = admin.get("/admin/users?q=ada").await.is(200).text();
    assert!(found.contains("ada@example.org") && !found.contains("root@example.org"), "{found}");
    let page = format!("/admin/users/{ada}");
    for (action, shown) in [
        ("make-admin", "Take away the administrator rights"),
        ("make-user", "Make an administrator"),
        ("disable", "Enable"),
        ("enable", "Disable"),
    ] {
        admin.submit(&page, &page, &[("action", action)]).await.is(303);
        assert!(admin.get(&page).await.text().contains(shown), "{action}");
    }
    admin.submit(&page, &page, &[("action", "send-reset")]).await.is(303);
    admin.submit(&page, &page, &[("action", "delete"), ("confirm", "other@example.org")]).await.is(422);
    admin.submit(&page, &page, &[("action", "delete"), ("confirm", "ada@example.org")]).await.is(303);
    admin.get(&page).await.is(404);
    let own = format!("/admin/users/{}", app.user("root", Role::Admin).await.id);
    let refused = admin.submit(&own, &own, &[("action", "make-user")]).await.is(409).text();
    assert!(refused.contains("last administrator"), "{refused}");
}

#[tokio::test]
async fn administrator_invites_and_reads_the_log() {
    let app = TestApp::new();
    let mut admin = Browser::of(&app, "root", Role::Admin).await;
    let page = "/admin/invitations";
    admin.submit(page, page, &[("email", "nobody")]).await.is(422);
    let created = admin.submit(page, page, &[("email", "ada@example.org")]).await.is(200).text();
    assert!(created.contains("/account/sign-up#") && created.contains("ada@example.org"), "{created}");
    let list = admin.get(page).await.text();
    assert!(!list.contains("/account/sign-up#"), "the link is shown once");
    let revoke =
        list.split("action=\"/admin/invitations/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    admin.submit(page, &format!("{page}/{revoke}"), &[]).await.is(303);
    let log = admin.get("/admin/audit?event=invitation_revoked").await.is(200).text();
    assert!(
        log.contains("<td lang=\"en\">invitation_revoked</td>")
            && !log.contains("<td lang=\"en\">invitation_created</td>"),
        "{log}"
    );
    assert!(admin.get("/admin/clients").await.is(200).text().contains("authorization server is off"));
    assert_eq!(field(&list, "form_token").len(), 43);
}

#[tokio::test]
async fn administrator_sees_the_webhooks() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "root", Role::Admin).await;
    let page = "/admin/webhooks";
    assert!(browser.get(page).await.is(200).text().contains("There is no webhook."));
    let admin = app.admin().await;
    let new =
        json!({ "url": "https://kitchen.example/hook?a&b", "events": ["recipe.deleted", "recipe.created"] });
    let created = admin.post("/api/v1/admin/webhooks", &new).await.is(201);
    admin.patch(created.header("location"), &json!({ "disabled": true })).await.is(200);
    let list = browser.get(page).await.is(200).text();
    assert!(
        list.contains("kitchen.example/hook?a&#38;b") && list.contains("recipe.created, recipe.deleted"),
        "{list}"
    );
    assert!(list.contains("by an administrator") && !list.contains("whsec_"), "{list}");
}
