//! Pages and mails in other languages than English.

use accounts::Role;
use recipes_server::use_cases::accounts::SignUpMode;
use serde_json::json;

use super::browser::{Browser, field};
use crate::app::{PASSWORD, TestApp, recipe};

/// Sends a form, and expects the page with it again, with this text in German or in Chinese and without the English one.
struct Refusal<'a> {
    page: &'a str,
    action: &'a str,
    fields: &'a [(&'a str, &'a str)],
    /// In German, in Chinese, in English.
    texts: [&'a str; 3],
}

impl Refusal<'_> {
    async fn is_shown_in_each_language(&self, browser: &mut Browser) {
        let Self { page, action, fields, texts: [german, chinese, english] } = *self;
        for (language, text) in [("de", german), ("zh-CN,zh;q=0.9", chinese)] {
            browser.language = language;
            let page = browser.submit(page, action, fields).await.text();
            assert!(page.contains(text), "{text} in {page}");
            assert!(!page.contains(english), "{english} in {page}");
        }
    }
}

#[tokio::test]
async fn problems_of_the_recipe_form_are_in_the_language_of_the_page() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    for (name, value, texts) in [
        ("name", "", ["1 bis 200 Zeichen", "1 到 200 个字符", "must be text"]),
        ("prepTimeMinutes", "1.5", ["ganze Zahl von Minuten", "整数分钟", "whole number"]),
        ("cookTimeMinutes", "soon", ["ganze Zahl von Minuten", "整数分钟", "whole number"]),
        ("servings", "-1", ["Zahl über 0", "大于 0", "must be a number"]),
        ("difficulty", "9", ["ganze Zahl von 1 bis 5", "1 到 5 的整数", "whole number"]),
        ("language", "!", ["Sprachkürzel", "语言代码", "language tag"]),
        ("sourceUrl", "x", ["Adresse der Quelle: muss eine Webadresse sein", "必须是网址", "web address"]),
    ] {
        let mut fields = vec![
            ("name", "Soup"),
            ("ingredients", "Water"),
            ("prepTimeMinutes", ""),
            ("cookTimeMinutes", ""),
        ];
        fields.retain(|(other, _)| *other != name);
        fields.push((name, value));
        let refusal = Refusal { page: "/recipes/new", action: "/recipes/new", fields: &fields, texts };
        refusal.is_shown_in_each_language(&mut browser).await;
    }
    let recipe = recipe("Soup");
    app.alice().await.post("/api/v1/recipes", &recipe).await.is(201);
    let refused = browser.post("/recipes/1/delete", &[("form_token", "x")]).await.is(403).text();
    assert!(refused.contains("此表单属于之前的会话") && !refused.contains("earlier session"), "{refused}");
}

#[tokio::test]
async fn problems_of_accounts_are_in_the_language_of_the_page() {
    let app = TestApp::new();
    let mut browser = Browser::new(&app);
    let sign_up = |fields, texts| Refusal { page: "/sign-up", action: "/sign-up", fields, texts };
    for refusal in [
        sign_up(
            &[("name", ""), ("email", "nobody"), ("password", PASSWORD)],
            ["muss eine E-Mail-Adresse sein", "必须是电子邮件地址", "must be an e-mail"],
        ),
        sign_up(
            &[("name", ""), ("email", "a@example.org"), ("password", PASSWORD)],
            ["muss 1 bis 200 Zeichen", "必须为 1 到 200 个字符", "must be 1"],
        ),
        sign_up(
            &[("name", "A"), ("email", "a@example.org"), ("password", "short")],
            ["mindestens 8 Zeichen", "至少需要 8 个字符", "must be at least"],
        ),
        Refusal {
            page: "/log-in",
            action: "/log-in",
            fields: &[("email", "a@example.org"), ("password", "wrong")],
            texts: ["ist falsch", "不正确", "is wrong"],
        },
        Refusal {
            page: "/forgotten-password",
            action: "/forgotten-password",
            fields: &[("email", "nobody")],
            texts: ["muss eine E-Mail-Adresse sein", "必须是电子邮件地址", "must be an e-mail"],
        },
        Refusal {
            page: "/account/reset-password",
            action: "/account/reset-password",
            fields: &[("token", "x"), ("password", PASSWORD)],
            texts: ["ist nicht mehr gültig", "已失效", "not valid any more"],
        },
    ] {
        refusal.is_shown_in_each_language(&mut browser).await;
    }
    let mut browser = Browser::of_new_user(&app, "ada@example.org").await;
    for (fields, texts) in [
        (
            [("currentPassword", PASSWORD), ("newPassword", "short")],
            ["mindestens 8 Zeichen", "至少需要 8 个字符", "must be at least"],
        ),
        (
            [("currentPassword", "wrong"), ("newPassword", "ten little onions")],
            ["nicht Ihr", "这不是您", "is not your"],
        ),
    ] {
        let refusal = Refusal { page: "/account", action: "/account/password", fields: &fields, texts };
        refusal.is_shown_in_each_language(&mut browser).await;
    }
}

#[tokio::test]
async fn problems_of_invitations_are_in_the_language_of_the_page() {
    let app = TestApp::with_settings(|settings| settings.sign_up = SignUpMode::Invite);
    let page = "/account/sign-up";
    let refusal = Refusal {
        page,
        action: page,
        fields: &[("name", "A"), ("email", "a@example.org"), ("password", PASSWORD), ("invitation", "x")],
        texts: ["Einladung", "邀请", "needs a valid invitation"],
    };
    refusal.is_shown_in_each_language(&mut Browser::new(&app)).await;
    let page = "/admin/invitations";
    let texts = ["muss eine E-Mail-Adresse sein", "必须是电子邮件地址", "must be an e-mail"];
    let refusal = Refusal { page, action: page, fields: &[("email", "nobody")], texts };
    refusal.is_shown_in_each_language(&mut Browser::of(&app, "root", Role::Admin).await).await;
}

#[tokio::test]
async fn problems_of_plans_lists_and_households_are_in_the_language_of_the_page() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    for (page, action, fields, texts) in [
        (
            "/plan",
            "/plan",
            vec![("date", "x"), ("note", "Out")],
            ["Tag: muss ein Datum sein", "必须是日期", "must be a date"],
        ),
        (
            "/plan",
            "/plan",
            vec![("date", "2020-01-01"), ("note", "Out")],
            ["muss zwischen", "之间", "must be from"],
        ),
        (
            "/plan",
            "/plan",
            vec![("date", "2026-01-01"), ("recipe", "99")],
            ["kein Rezept", "不是您可以阅读", "is not a recipe"],
        ),
        (
            "/plan",
            "/plan",
            vec![("date", "2026-01-01"), ("note", "")],
            ["ist erforderlich", "必填", "is required"],
        ),
        ("/shopping-list", "/shopping-list", vec![("item", "")], ["ist erforderlich", "必填", "is required"]),
        (
            "/shopping-list",
            "/shopping-list",
            vec![("recipe", "99")],
            ["kein Rezept", "不是您可以阅读", "is not a recipe"],
        ),
        ("/household/join", "/household/join", vec![("code", "x")], ["unbekannt", "链接", "is unknown"]),
        (
            "/household",
            "/household",
            vec![("action", "leave")],
            ["zu keinem Haushalt", "不在任何家庭", "in no household"],
        ),
    ] {
        let refusal = Refusal { page, action, fields: &fields, texts };
        refusal.is_shown_in_each_language(&mut browser).await;
    }
}

#[tokio::test]
async fn refusals_of_recipes_are_in_the_language_of_the_page() {
    let app = TestApp::new();
    app.alice().await.post("/api/v1/recipes", &recipe("Soup")).await.is(201);
    let mut alice = Browser::of(&app, "alice", Role::User).await;
    let mut viewer = Browser::of(&app, "vera", Role::Viewer).await;
    for (language, picture, read_only, link) in [
        ("de", "Das Bild ist kein JPEG", "kann Rezepte nur lesen", "der unbekannte Teil „form“"),
        ("zh-CN,zh;q=0.9", "图片不是 JPEG", "只能阅读菜谱", "未知的部分“form”"),
    ] {
        (alice.language, viewer.language) = (language, language);
        let action = "/recipes/1/image";
        let page = alice.upload("/recipes/1/edit", action, &[], b"no picture").await.is(422).text();
        assert!(page.contains(picture) && !page.contains("The picture"), "{page}");
        let page = viewer.get("/recipes/new").await.is(403).text();
        assert!(page.contains(read_only) && !page.contains("Your account"), "{page}");
        let page = alice.get("/plan?form=2026-01-01").await.is(400).text();
        assert!(page.contains(link) && !page.contains("Unknown"), "{page}");
    }
}

#[tokio::test]
async fn labels_have_names_in_each_language_and_links_keep_their_slugs() {
    let app = TestApp::new();
    let mut soup = recipe("Soup");
    soup["healthLabels"] = json!(["Gluten-Free", "Grandma's"]);
    app.alice().await.post("/api/v1/recipes", &soup).await.is(201);
    super::browser::index_is_built(&app).await;
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    browser.language = "de";
    let page = browser.get("/recipes/1").await.is(200).text();
    assert!(page.contains("label=Gluten-Free\">glutenfrei</a>") && page.contains("Grandma"), "{page}");
    let page = browser.get("/").await.is(200).text();
    assert!(page.contains("value=\"gluten-free\"><span>glutenfrei</span>"), "{page}");
    let page = browser.get("/recipes?label=gluten-free&excludeLabel=vegan").await.is(200).text();
    for part in ["<span>glutenfrei</span>", ">glutenfrei <span", "ohne vegan"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let page = browser.get("/recipes/1/edit").await.is(200).text();
    assert!(page.contains("value=\"Gluten-Free\" checked><span>glutenfrei</span>"), "{page}");
    let known = app.anonymous().get("/api/v1/health-labels").await.is(200).text();
    assert!(known.contains("Gluten-Free") && !known.contains("glutenfrei"), "{known}");
}

#[tokio::test]
async fn differences_of_labels_and_facts_have_names_in_the_language_of_the_page() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut soup = recipe("Soup");
    soup["nutrition"] = json!({ "calories": 200 });
    let url = "/api/v1/recipes/1";
    alice.post("/api/v1/recipes", &soup).await.is(201);
    soup["healthLabels"] = json!(["Gluten-Free"]);
    soup["nutrition"] = json!({ "calories": 300 });
    soup["visibility"] = json!("private");
    alice.put(url, &soup).await.is(200);
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    browser.language = "de";
    let page = browser.get("/recipes/1/history?compare=1").await.is(200).text();
    for part in [">glutenfrei</p>", ">Kalorien: 300</p>"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    for word in ["Gluten-Free", "calories", ">private<"] {
        assert!(!page.contains(word), "{word} in {page}");
    }
}

#[tokio::test]
async fn history_shows_who_made_each_revision_to_users() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    app.alice().await.post("/api/v1/recipes", &recipe("Soup")).await.is(201);
    let mut admin = Browser::of(&app, "root", Role::Admin).await;
    let form = admin.get("/recipes/1/edit").await.is(200).text();
    let revision = field(&form, "revision");
    let fields =
        [("name", "Stew"), ("ingredients", "Water"), ("revision", &*revision), ("visibility", "public")];
    admin.submit("/recipes/1/edit", "/recipes/1/edit", &fields).await.is(303);
    let page = browser.get("/recipes/1/history").await.is(200).text();
    assert!(page.contains("by <bdi>you</bdi>") && page.contains("by <bdi>root</bdi>"), "{page}");
    let page = admin.get("/recipes/1/history").await.is(200).text();
    assert!(page.contains("by <bdi>you</bdi>") && page.contains("by <bdi>alice</bdi>"), "{page}");
    let page = Browser::new(&app).get("/recipes/1/history").await.is(200).text();
    assert!(!page.contains("<bdi>"), "{page}");
}

#[tokio::test]
async fn list_has_a_recipe_once_and_adds_it_again_on_request() {
    let app = TestApp::new();
    app.alice().await.post("/api/v1/recipes", &recipe("Soup")).await.is(201);
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let list = "/shopping-list";
    browser.submit(list, list, &[("recipe", "1")]).await.is(303);
    let page = browser.submit(list, list, &[("recipe", "1")]).await.is(200).text();
    assert!(page.contains("All of it is on the list already"), "{page}");
    assert!(page.contains("name=\"recipe\" value=\"1\"") && page.contains(">1/2 cup olive oil<"), "{page}");
    browser.submit(list, list, &[("recipe", "1"), ("again", "true")]).await.is(303);
    assert!(browser.get(list).await.text().contains(">1 cup olive oil<"));
}

#[tokio::test]
async fn mails_are_in_the_language_of_the_request_or_the_chosen_one() {
    let app = TestApp::new();
    let mut browser = Browser::new(&app);
    browser.language = "fr";
    let fields = [("name", "Ada"), ("email", "ada@example.org"), ("password", PASSWORD)];
    browser.submit("/sign-up", "/sign-up", &fields).await.is(303);
    let mails = app.mails().await;
    assert!(mails[0].text.contains("ouvrez ce lien dans un délai de 30 minutes"), "{mails:?}");
    let forgotten = [("email", "ada@example.org")];
    let mut stranger = Browser::new(&app);
    stranger.language = "zh-CN";
    stranger.submit("/forgotten-password", "/forgotten-password", &forgotten).await.is(303);
    assert!(app.mails().await[0].text.contains("请在 30 分钟内"));
    // What the user has chosen comes before the language of an administrator.
    browser.post("/language", &[("language", "de"), ("return_to", "/")]).await.is(303);
    let ada = app.user("ada", Role::User).await.id;
    let mut admin = Browser::of(&app, "root", Role::Admin).await;
    admin.language = "es";
    let page = format!("/admin/users/{ada}");
    admin.submit(&page, &page, &[("action", "send-reset")]).await.is(303);
    let mail = app.mails().await.remove(0);
    assert!(mail.text.contains("innerhalb von 30 Minuten"), "{mail:?}");
    assert!(
        mail.text.lines().any(|line| line.starts_with("https://recipes.example.com/account/reset-password#"))
    );
    let export = browser.get("/account/export").await.is(200).json();
    assert_eq!(export["language"], "de");
    let body = json!({ "email": "ada@example.org" });
    app.anonymous().post("/api/v1/users/password-reset", &body).await.is(202);
    assert!(app.mails().await[0].text.contains("innerhalb von 30 Minuten"));
}

#[tokio::test]
async fn events_of_households_are_in_the_audit_log() {
    let app = TestApp::new();
    let mut alice = Browser::of(&app, "alice", Role::User).await;
    let mut bob = Browser::of(&app, "bob", Role::User).await;
    let page = alice.submit("/household", "/household", &[("action", "invite")]).await.is(200).text();
    let code = page.split("join?code=").nth(1).unwrap().split('<').next().unwrap().to_owned();
    bob.submit("/household", "/household/join", &[("code", &code)]).await.is(303);
    bob.submit("/household", "/household", &[("action", "leave")]).await.is(303);
    let mut admin = Browser::of(&app, "root", Role::Admin).await;
    let log = admin.get("/admin/audit").await.is(200).text();
    for event in ["household_created", "household_invitation_created", "household_joined", "household_left"] {
        assert!(log.contains(&format!("<td lang=\"en\">{event}</td>")), "{event} in {log}");
    }
}
