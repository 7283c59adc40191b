//! No English text is left on pages in another language: every text is one of the language, or data.
//!
//! All data of the test contains [`DATA`]. The texts of a language are read from its source.

use std::collections::BTreeSet;

use accounts::Role;
use serde_json::json;

use super::browser::{Browser, index_is_built};
use crate::app::{TestApp, recipe};

const DATA: &str = "qx";

/// The source of the texts of a language.
macro_rules! sources {
    ($tag:literal) => {
        [
            include_str!(concat!("../../../src/web/languages/", $tag, ".rs")),
            include_str!(concat!("../../../src/web/languages/", $tag, "/hints.rs")),
            include_str!(concat!("../../../src/web/languages/", $tag, "/imports.rs")),
            include_str!(concat!("../../../src/web/languages/", $tag, "/labels.rs")),
            include_str!(concat!("../../../src/web/languages/", $tag, "/messages.rs")),
            include_str!(concat!("../../../src/web/languages/", $tag, "/oauth.rs")),
            include_str!(concat!("../../../src/web/languages/", $tag, "/problems.rs")),
        ]
    };
}

/// German is written with the letters of English. Chinese shares no word with it.
const LANGUAGES: [(&str, [&str; 7]); 2] = [("de", sources!("de")), ("zh", sources!("zh"))];

/// Names that are the same in every language.
const NAMES: [&str; 16] = [
    "API",
    "UTC",
    "Markdown",
    "Cooklang",
    "JSON-LD",
    "Text",
    "SQLite",
    "PostgreSQL",
    "localhost",
    "kcal",
    "mg",
    "min",
    "English",
    "MIT",
    "Apache",
    "Deutsch",
];

/// The words of all texts of a language.
fn words_of(sources: &[&str]) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for source in sources {
        // Between quotes that do not belong to a text themselves.
        let source = source.replace("\\\"", " ");
        for text in source.split('"').skip(1).step_by(2) {
            known.extend(words(text).map(str::to_owned));
        }
    }
    known.extend(NAMES.iter().flat_map(|name| words(name)).map(str::to_owned));
    known
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 1)
}

/// The texts of a page that people see or hear: those between tags, and those of some attributes. Texts that say that they are in
/// another language are left out.
fn texts(page: &str, language: &str) -> Vec<String> {
    const VOID: [&str; 6] = ["meta", "link", "input", "br", "img", "!doctype"];
    const ATTRIBUTES: [&str; 6] = ["title", "aria-label", "placeholder", "alt", "data-copied", "data-share"];
    let (mut found, mut open) = (Vec::new(), Vec::<(String, bool)>::new());
    for part in page.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        let name = tag.split([' ', '\n', '/']).next().unwrap();
        if let Some(closed) = tag.strip_prefix('/') {
            while let Some((last, _)) = open.pop() {
                if last == closed {
                    break;
                }
            }
        } else {
            let attribute = |name: &str| {
                let start = format!(" {name}=\"");
                tag.split_once(&start).map(|(_, rest)| rest.split('"').next().unwrap().to_owned())
            };
            let is_other = attribute("lang").map(|other| other != language);
            let is_inside = open.last().is_some_and(|(_, is_left_out)| *is_left_out);
            let is_left_out = matches!(name, "script" | "style" | "code" | "pre" | "textarea")
                || is_other.unwrap_or(is_inside);
            if !is_left_out {
                found.extend(ATTRIBUTES.iter().filter_map(|name| attribute(name)));
            }
            if !VOID.contains(&name) && !tag.ends_with('/') {
                open.push((name.to_owned(), is_left_out));
            }
        }
        if !open.last().is_some_and(|(_, is_left_out)| *is_left_out) {
            found.push(text.replace("&nbsp;", " "));
        }
    }
    found
}

#[tokio::test]
async fn every_text_of_a_page_is_in_its_language_or_data() {
    let app = TestApp::at_public_url("https://qx.example");
    let mut page = recipe("Qxsoup");
    page["ingredients"] = json!(["2 qxonions"]);
    page["healthLabels"] = json!(["Vegan", "Gluten-Free"]);
    page["servings"] = json!(4);
    page["nutrition"] = json!({ "calories": 5, "fatContent": 1 });
    page["instructions"] = json!([{ "text": "Qxstir", "minutes": 5 }]);
    let alice = app.member("qxalice", Role::User).await;
    alice.post("/api/v1/recipes", &page).await.is(201);
    page["name"] = json!("Qxstew");
    alice.put("/api/v1/recipes/1", &page).await.is(200);
    alice.post("/api/v1/recipes", &page).await.is(201);
    alice.delete("/api/v1/recipes/2").await.is(204);
    alice.post("/api/v1/shopping-list", &json!({ "items": ["2 qxeggs"] })).await.is(204);
    let plan = json!({ "date": "2026-01-02", "recipeId": 1, "servings": 2, "note": "qxnote" });
    alice.post("/api/v1/plan/meals", &plan).await.is(201);
    alice.put("/api/v1/recipes/1/rating", &json!({ "rating": 4 })).await.is(204);
    alice.post("/api/v1/recipes/1/cooked", &json!({ "note": "qxgood" })).await.is(201);
    let shared = alice.post("/api/v1/recipes/1/shares", &json!({})).await.is(201).json();
    let (_, query) = shared["data"]["url"].as_str().unwrap().split_once("/shared").unwrap();
    let shared = format!("/shared{query}");
    index_is_built(&app).await;

    let mut visitor = Browser::new(&app);
    let mut user = Browser::of(&app, "qxalice", Role::User).await;
    let mut admin = Browser::of(&app, "qxroot", Role::Admin).await;
    let of_visitors = [
        "/",
        "/about",
        "/recipes",
        "/recipes/1",
        "/recipes/1/history",
        shared.as_str(),
        "/log-in",
        "/sign-up",
        "/forgotten-password",
        "/account/reset-password",
        "/account/verify-email",
        "/account/sign-up",
        "/admin/first-run",
        "/nothing",
        "/oauth/log-in",
    ];
    let of_users = [
        "/",
        "/recipes?label=vegan&excludeLabel=qx&maxTotalMinutes=30",
        "/recipes?q=qxstew",
        "/recipes?favourite=true",
        "/recipes/1",
        "/recipes/1?servings=8",
        "/recipes/new",
        "/recipes/import",
        "/recipes?owner=me&label=kosher",
        "/?done=signed-up",
        "/recipes/1/edit",
        "/recipes/1/delete",
        "/recipes/1/shares",
        "/recipes/1/history?compare=1",
        "/bin",
        "/plan",
        "/shopping-list",
        "/household",
        "/household/join?code=x",
        "/account",
        "/admin",
        "/plan?done=planned",
    ];
    let of_admins = [
        "/admin",
        "/admin?done=admin",
        "/admin/users",
        "/admin/users/1",
        "/admin/invitations",
        "/admin/audit",
        "/admin/clients",
        "/admin/webhooks",
    ];
    let mut unknown = Vec::new();
    for (language, sources) in LANGUAGES {
        let known = words_of(&sources);
        let is_data = |word: &str| {
            word.to_lowercase().contains(DATA) || known.contains(word) || language == "zh" && !word.is_ascii()
        };
        let visits =
            [(&mut visitor, &of_visitors[..]), (&mut user, &of_users[..]), (&mut admin, &of_admins[..])];
        for (browser, paths) in visits {
            browser.language = language;
            for path in paths {
                let page = browser.get(path).await.text();
                assert!(page.contains(&format!("<html lang=\"{language}\" dir=\"ltr\">")), "{path}: {page}");
                for text in texts(&page, language) {
                    let english: Vec<_> = words(&text).filter(|word| !is_data(word)).collect();
                    if !text.to_lowercase().contains(DATA) && !english.is_empty() {
                        unknown.push(format!("{language} {path}: {english:?} in {text}"));
                    }
                }
            }
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}

#[test]
fn texts_in_other_languages_and_of_attributes_are_seen() {
    let page = "<!doctype html><html lang=\"de\"><body><p title=\"Eins\">Zwei<b lang=\"en\">three</b>Vier<input \
                placeholder=\"Sechs\">Acht<code>x</code></p></body></html>";
    let seen: Vec<_> = texts(page, "de").into_iter().filter(|text| !text.trim().is_empty()).collect();
    assert_eq!(seen, ["Eins", "Zwei", "Vier", "Sechs", "Acht"]);
}
