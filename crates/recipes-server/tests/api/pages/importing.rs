//! Recipes that come in from files, addresses and pasted text, and go out as an archive.

use accounts::Role;
use serde_json::json;

use super::browser::{Browser, index_is_built};
use crate::app::{TestApp, recipe};
use crate::imports::{PAGE, site};

const FORM: &str = "/recipes/import";

/// Sends a file.
async fn import(
    browser: &mut Browser,
    name: &str,
    fields: &[(&str, &str)],
    file: &[u8],
) -> crate::app::Answer {
    browser.upload_as(("file", name), (FORM, FORM), fields, file).await
}

#[tokio::test]
async fn file_is_looked_at_and_imported_with_a_report() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let looked = import(&mut browser, "soup.html", &[("look", "true")], PAGE.as_bytes()).await.is(200).text();
    for part in
        ["Nothing is saved yet", "Can be imported: 1", "Soup", "no field for it: video", "choose it again"]
    {
        assert!(looked.contains(part), "{part} in {looked}");
    }
    app.anonymous().get("/api/v1/recipes/1").await.is(404);
    let page = import(&mut browser, "soup.html", &[], PAGE.as_bytes()).await.is(200).text();
    for part in ["What was imported", "Added: 1", "<a href=\"/recipes/1\">Soup</a>", "no field for it: video"]
    {
        assert!(page.contains(part), "{part} in {page}");
    }
    let again = import(&mut browser, "soup.html", &[], PAGE.as_bytes()).await.is(200).text();
    assert!(again.contains("Already there: 1"), "{again}");
    let copy =
        import(&mut browser, "soup.html", &[("onConflict", "copy")], PAGE.as_bytes()).await.is(200).text();
    assert!(copy.contains("Added: 1") && copy.contains("value=\"copy\" selected"), "{copy}");
}

#[tokio::test]
async fn address_and_pasted_source_are_imported() {
    let (app, site) = (TestApp::new(), site().await);
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let url = format!("http://{site}/soup");
    let page = import(&mut browser, "none", &[("url", &url)], b"").await.is(200).text();
    assert!(page.contains("Added: 1"), "{page}");
    let stew = PAGE.replace("Soup", "Stew");
    let fields = [("url", "https://closed.example/stew"), ("text", &*stew)];
    import(&mut browser, "none", &fields, b"").await.is(200);
    let stored = app.anonymous().get("/api/v1/recipes/2").await.is(200).json();
    assert_eq!(
        (&stored["data"]["name"], &stored["data"]["source"]["url"]),
        (&json!("Stew"), &json!("https://closed.example/stew"))
    );
    let closed = format!("http://{site}/closed");
    for (language, text) in
        [("en", "the site refuses (error 403)"), ("de", "Die Website lehnt ab (Fehler 403)")]
    {
        browser.language = language;
        let page = import(&mut browser, "none", &[("url", &closed)], b"").await.is(422).text();
        assert!(page.contains(text) && page.contains(&format!("value=\"{closed}\"")), "{page}");
        assert!(page.contains("id=\"url-error-1\"") && !page.contains("&#34;html&#34;"), "{page}");
        let page = import(&mut browser, "none", &[("url", "http://10.0.0.1/")], b"").await.is(422).text();
        assert!(page.contains("id=\"url-error-1\"") && !page.contains("may not connect"), "{page}");
    }
}

#[tokio::test]
async fn text_stays_in_the_form_until_it_is_imported() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let fields = [("url", "https://closed.example/soup"), ("text", PAGE), ("onConflict", "update")];
    let look = [fields.as_slice(), &[("look", "true")]].concat();
    let has_it =
        |page: &str| page.contains("value=\"https://closed.example/soup\"") && page.contains("ld+json");
    let page = import(&mut browser, "none", &look, b"").await.is(200).text();
    assert!(has_it(&page), "{page}");
    let broken = [("url", fields[0].1), ("text", "<script type=\"application/ld+json\">{}</script>")];
    let page = import(&mut browser, "none", &broken, b"").await.is(422).text();
    assert!(has_it(&page), "{page}");
    let page = import(&mut browser, "none", &fields, b"").await.is(200).text();
    assert!(
        page.contains("Added: 1") && !page.contains("closed.example") && !page.contains("ld+json"),
        "{page}"
    );
    assert!(page.contains("value=\"update\" selected"), "{page}");
}

#[tokio::test]
async fn what_cannot_be_imported_is_told_in_the_language_of_the_page() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let broken = b"[{\"name\": \"Soup\",";
    for (language, empty, both, pdf) in [
        ("en", "choose a file, or give", "one after the other", "is not a file of recipes"),
        ("de", "wählen Sie eine Datei aus", "nacheinander importiert", "ist keine Datei mit Rezepten"),
        ("fr", "choisissez un fichier", "après l’autre", "n’est pas un fichier de recettes"),
        ("es", "elija un archivo", "por separado", "no es un archivo de recetas"),
        ("zh", "请选择文件", "需分别导入", "不是菜谱文件"),
    ] {
        browser.language = language;
        let page = import(&mut browser, "none", &[], b"").await.is(422).text();
        assert!(page.contains(empty), "{page}");
        let page = import(&mut browser, "a.html", &[("text", "Soup")], PAGE.as_bytes()).await.is(422).text();
        assert!(page.contains(both) && page.contains(">Soup</textarea>"), "{page}");
        let page = import(&mut browser, "a.pdf", &[], b"%PDF-1.7").await.is(422).text();
        assert!(page.contains(pdf) && page.contains("a.pdf") && !page.contains("a PDF"), "{page}");
        let page = import(&mut browser, "a.json", &[], broken).await.is(422).text();
        assert!(!page.contains("valid JSON") && !page.contains("before the list does"), "{page}");
    }
    assert_eq!(app.anonymous().get("/api/v1/recipes").await.json()["data"], json!([]));
}

#[tokio::test]
async fn forms_of_others_and_large_files_are_refused() {
    let app = TestApp::new();
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    let fields = [("form_token", "wrong"), ("text", "Soup of today")];
    let page = import(&mut browser, "a.html", &fields, PAGE.as_bytes()).await.is(403).text();
    assert!(page.contains("Soup of today") && page.contains("opened in another session"), "{page}");
    let large = vec![b' '; (32 << 20) + 1];
    let page = import(&mut browser, "a.txt", &[], &large).await.is(413).text();
    assert!(page.contains("at most 32 MiB"), "{page}");
    app.anonymous().get("/api/v1/recipes/1").await.is(404);
}

#[tokio::test]
async fn own_recipes_are_an_archive_that_can_be_imported() {
    let app = TestApp::new();
    app.alice().await.posts_recipe("Soup").await;
    let mut private = recipe("Secret");
    private["visibility"] = json!("private");
    app.alice().await.post("/api/v1/recipes", &private).await.is(201);
    app.bob().await.posts_recipe("Stew").await;
    index_is_built(&app).await;
    let mut browser = Browser::of(&app, "alice", Role::User).await;
    for path in [FORM, "/account"] {
        assert!(browser.get(path).await.is(200).text().contains("href=\"/recipes/export\""), "{path}");
    }
    let archive = browser.get("/recipes/export").await.is(200);
    assert_eq!(archive.header("content-type"), "application/zip");
    assert_eq!(archive.header("cache-control"), "no-store");
    assert!(archive.header("content-disposition").contains("recipes.zip"));
    let page = import(&mut browser, "recipes.zip", &[], &archive.body).await.is(200).text();
    assert!(page.contains("Already there: 2") && !page.contains("Stew"), "{page}");
    assert!(page.contains(">Soup</a>") && page.contains(">Secret</a>"), "{page}");
}
