//! Pictures of recipes and steps: `/api/v1/recipes/{id}/image` and `/steps/{step}/image`.

mod history;
mod hostile;

use http::Method;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use recipes_server::use_cases::accounts::Reading;
use serde_json::{Value, json};

use crate::app::{Answer, Client, TestApp, recipe};

pub(crate) fn picture(width: u32, height: u32, shade: u8, format: ImageFormat) -> Vec<u8> {
    let side = |place: u32| u8::try_from(place % 256).unwrap();
    let picture = RgbImage::from_fn(width, height, |x, y| Rgb([shade, side(x), side(y)]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg(shade: u8) -> Vec<u8> {
    picture(600, 400, shade, ImageFormat::Jpeg)
}

impl Client {
    async fn put_bytes(&self, path: &str, media_type: &str, bytes: impl Into<axum::body::Body>) -> Answer {
        let request = self.request(Method::PUT, path).header("content-type", media_type).body(bytes.into());
        self.send(request.unwrap()).await
    }

    async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.request(Method::GET, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body("".into()).unwrap()).await
    }
}

async fn with_steps(alice: &Client) -> String {
    let mut soup = recipe("Soup");
    soup["instructions"] = json!(["Chop.", "Boil.", "Serve."]);
    alice.post("/api/v1/recipes", &soup).await.is(201).header("location").to_owned()
}

#[tokio::test]
async fn picture_is_set_read_in_sizes_and_removed() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    let address = format!("{url}/image");
    assert_eq!(alice.get(&url).await.is(200).json()["data"].get("image"), None);
    let before = alice.get(&url).await.header("etag").to_owned();

    let set = alice.put_bytes(&address, "image/jpeg", jpeg(200)).await.is(200).json();
    assert_eq!(
        (&set["data"]["revision"], &set["data"]["width"], &set["data"]["height"]),
        (&json!(2), &json!(600), &json!(400))
    );
    let stored = alice.get(&url).await.is(200);
    assert_ne!(stored.header("etag"), before);
    let mut image = set["data"].clone();
    image.as_object_mut().unwrap().remove("revision");
    assert_eq!(stored.json()["data"]["image"], image);
    let sizes = image["sizes"].as_array().unwrap();
    assert_eq!(sizes.iter().map(|size| size["width"].as_u64().unwrap()).collect::<Vec<_>>(), [320, 600]);
    for size in sizes {
        let answer = app.anonymous().get(size["url"].as_str().unwrap()).await.is(200);
        assert_eq!(answer.header("content-type"), "image/jpeg");
        assert_eq!(answer.header("cache-control"), "private, max-age=31536000, immutable");
        let read = image::load_from_memory(&answer.body).unwrap();
        assert_eq!(json!([read.width(), read.height()]), json!([size["width"], size["height"]]));
    }
    let plain = app.anonymous().get(&address).await.is(200);
    assert_eq!(plain.header("cache-control"), "private, no-cache");
    let other = app.anonymous().get(&format!("{address}?v=0000000000000000&size=small")).await.is(200);
    assert_eq!(other.header("cache-control"), "private, no-cache");
    app.anonymous().get(&format!("{address}?size=tiny")).await.is(400);

    // A change of the recipe keeps the picture, and a client may send back what it was answered.
    let mut body = stored.json()["data"].clone();
    body["name"] = json!("Broth");
    body["image"]["width"] = json!(1);
    let request = alice.request(Method::PUT, &url).header("content-type", "application/json");
    let request = request.header("prefer", "handling=strict").body(body.to_string().into()).unwrap();
    let changed = alice.send(request).await.is(200).json();
    assert_eq!((&changed["data"]["name"], &changed["data"]["image"]), (&json!("Broth"), &image));
    let patched = alice.patch(&url, &json!({"servings": 2, "image": null})).await.is(200).json();
    assert_eq!(patched["data"]["image"], image);

    alice.delete(&address).await.is(204);
    assert_eq!(alice.delete(&address).await.is(404).json()["code"], "image_not_found");
    assert_eq!(app.anonymous().get(&address).await.is(404).json()["code"], "image_not_found");
    assert_eq!(alice.get(&url).await.is(200).json()["data"].get("image"), None);
}

#[tokio::test]
async fn every_format_and_a_form_are_accepted_whatever_the_media_type_says() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let address = format!("{}/image", alice.posts_recipe("Soup").await);
    for (format, media_type) in [
        (ImageFormat::Png, "image/png"),
        (ImageFormat::WebP, "image/webp"),
        (ImageFormat::Gif, "image/gif"),
        (ImageFormat::Jpeg, "application/octet-stream"),
    ] {
        let bytes = picture(30, 20, 100, format);
        let set = alice.put_bytes(&address, media_type, bytes).await.is(200).json();
        assert_eq!(set["data"]["width"], 30, "{format:?}");
    }
    let part = "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\n";
    let png = picture(40, 20, 100, ImageFormat::Png);
    let form = [part.as_bytes(), &png, b"\r\n--b--\r\n"].concat();
    let set = alice.put_bytes(&address, "multipart/form-data; boundary=b", form).await.is(200).json();
    assert_eq!(set["data"]["width"], 40);
    let two = [part.as_bytes(), &png, b"\r\n", part.as_bytes(), &png, b"\r\n--b--\r\n"].concat();
    alice.put_bytes(&address, "multipart/form-data; boundary=b", two).await.is(400);
}

#[tokio::test]
async fn what_is_no_picture_is_refused_with_the_reason() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let address = format!("{}/image", alice.posts_recipe("Soup").await);
    let png = picture(60, 40, 100, ImageFormat::Png);
    for (bytes, reason) in [
        (b"".to_vec(), "The picture is no JPEG, PNG, WebP or GIF"),
        (b"<svg/>".to_vec(), "The picture is no JPEG, PNG, WebP or GIF"),
        (b"\0\0\0\x20ftypheic\0\0\0\0heic".to_vec(), "The picture is a HEIC, which cannot be decoded here"),
        (png[..png.len() / 2].to_vec(), "The picture cannot be decoded: "),
    ] {
        let answer = alice.put_bytes(&address, "image/png", bytes).await.is(422).json();
        assert_eq!(
            (&answer["code"], &answer["errors"][0]["pointer"]),
            (&json!("invalid_image"), &json!("/image"))
        );
        assert!(answer["message"].as_str().unwrap().starts_with(reason), "{answer}");
    }
    let answer = alice.put_bytes(&address, "image/png", vec![0; (10 << 20) + 1]).await.is(413).json();
    assert_eq!(answer["code"], "body_too_large");
    alice.put_bytes(&address, "image/png", vec![0; (11 << 20) + 1]).await.is(413);
    app.anonymous().get(&address).await.is(404);
}

#[tokio::test]
async fn parts_of_a_picture_and_conditions() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let address = format!("{}/image", alice.posts_recipe("Soup").await);
    alice.put_bytes(&address, "image/jpeg", jpeg(90)).await.is(200);
    let whole = alice.get(&address).await.is(200);
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let (length, etag) = (whole.body.len(), whole.header("etag").to_owned());
    assert!(etag.starts_with('"') && etag.ends_with("-large\""), "strong: {etag}");
    let range = |range: &'static str| [("range", range)];
    let part = alice.get_with(&address, &range("bytes=10-19")).await.is(206);
    assert_eq!(part.body, whole.body.slice(10..20));
    assert_eq!(part.header("content-range"), format!("bytes 10-19/{length}"));
    assert_eq!(part.header("etag"), etag);
    let end = alice.get_with(&address, &range("bytes=-7")).await.is(206);
    assert_eq!(end.body, whole.body.slice(length - 7..));
    let refused = alice.get_with(&address, &range("bytes=99999999-")).await.is(416);
    assert_eq!(refused.header("content-range"), format!("bytes */{length}"));
    alice.get_with(&address, &range("bytes=0-1,4-5")).await.is(200);
    alice.get_with(&address, &[("range", "bytes=0-1"), ("if-range", &etag)]).await.is(206);
    alice.get_with(&address, &[("range", "bytes=0-1"), ("if-range", "\"other\"")]).await.is(200);
    let fresh = alice.get_with(&address, &[("if-none-match", &format!("\"x\", {etag}"))]).await.is(304);
    assert_eq!((fresh.header("etag"), fresh.body.len()), (&*etag, 0));
    alice.get_with(&format!("{address}?size=small"), &[("if-none-match", &etag)]).await.is(200);
    let head = alice.request(Method::HEAD, &address).body("".into()).unwrap();
    let head = alice.send(head).await.is(200);
    assert_eq!((head.header("content-length"), head.body.len()), (&*length.to_string(), 0));
    // Pictures are compressed already.
    let answer = alice.get_with(&address, &[("accept-encoding", "gzip")]).await.is(200);
    assert_eq!(answer.headers.get("content-encoding"), None);
}

#[tokio::test]
async fn picture_of_a_private_recipe_is_private() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let mut secret = recipe("Secret");
    secret["visibility"] = json!("private");
    let url = alice.post("/api/v1/recipes", &secret).await.is(201).header("location").to_owned();
    let address = format!("{url}/image");
    let set = alice.put_bytes(&address, "image/jpeg", jpeg(1)).await.is(200).json();
    let immutable = set["data"]["url"].as_str().unwrap();
    for client in [app.anonymous(), bob] {
        client.get(immutable).await.is(404);
        let status = client.put_bytes(&address, "image/jpeg", jpeg(2)).await.status.as_u16();
        assert!([401, 404].contains(&status), "{status}");
    }
    alice.get(immutable).await.is(200);
    app.admin().await.get(immutable).await.is(200);
}

#[tokio::test]
async fn only_members_see_pictures_where_only_members_read() {
    let app = TestApp::with_settings(|settings| settings.reading = Reading::Members);
    let alice = app.alice().await;
    let url = with_steps(&alice).await;
    for address in [format!("{url}/image"), format!("{url}/steps/1/image")] {
        let set = alice.put_bytes(&address, "image/jpeg", jpeg(1)).await.is(200).json();
        for address in [&*address, set["data"]["url"].as_str().unwrap()] {
            let refused = app.anonymous().get(address).await.is(401);
            assert_ne!(refused.header("content-type"), "image/jpeg");
            app.bob().await.get(address).await.is(200);
            app.program(&["recipes:read"]).await.get(address).await.is(200);
            app.program(&["recipes:write"]).await.get(address).await.is(403);
        }
    }
}

#[tokio::test]
async fn share_link_shows_the_pictures_of_its_recipe_and_no_others() {
    let app = TestApp::with_settings(|settings| settings.reading = Reading::Members);
    let alice = app.alice().await;
    let mut secret = recipe("Secret");
    secret["visibility"] = json!("private");
    secret["instructions"] = json!(["Stir."]);
    let mut created = Vec::new();
    for _ in 0..2 {
        created.push(alice.post("/api/v1/recipes", &secret).await.is(201).header("location").to_owned());
    }
    for url in &created {
        for address in [format!("{url}/image"), format!("{url}/steps/1/image")] {
            alice.put_bytes(&address, "image/jpeg", jpeg(1)).await.is(200);
        }
    }
    let share = alice.post(&format!("{}/shares", created[0]), &json!({})).await.is(201);
    let token = share.json()["data"]["token"].as_str().unwrap().to_owned();
    let shared = app.anonymous().get(&format!("/api/v1/shared-recipe?token={token}")).await.is(200).json();
    let data = &shared["data"];
    for url in [&data["image"]["url"], &data["image"]["sizes"][0]["url"], &data["stepImages"][0]["url"]] {
        let url = url.as_str().unwrap();
        let picture = app.anonymous().get(url).await.is(200);
        assert_eq!(picture.header("content-type"), "image/jpeg");
        assert_eq!(picture.header("cache-control"), "private, max-age=31536000, immutable");
        app.anonymous().get(url.split("&share=").next().unwrap()).await.is(401);
    }
    let page = app.anonymous().get_with(&format!("/shared?token={token}"), &[("accept", "text/html")]).await;
    assert!(page.is(200).text().contains(&format!("share={token}")));
    for (url, token) in [(&created[0], "other"), (&created[1], &*token)] {
        app.anonymous().get(&format!("{url}/image?share={token}")).await.is(404);
    }
    alice.delete(share.header("location")).await.is(204);
    app.anonymous().get(&format!("{}/image?share={token}", created[0])).await.is(404);
}

#[tokio::test]
async fn rights_and_preconditions_come_before_the_picture() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let url = alice.posts_recipe("Soup").await;
    let address = format!("{url}/image");
    assert_eq!(bob.put_bytes(&address, "image/jpeg", "x").await.is(403).json()["code"], "not_the_owner");
    alice.put_bytes("/api/v1/recipes/99/image", "image/jpeg", "x").await.is(404);
    let etag = alice.get(&url).await.header("etag").to_owned();
    alice.put_bytes(&address, "image/jpeg", jpeg(1)).await.is(200);
    for (method, etag, status) in
        [(Method::PUT, etag.as_str(), 412), (Method::DELETE, &etag, 412), (Method::DELETE, "\"1-2\"", 204)]
    {
        let request = alice.request(method, &address).header("if-match", etag).body("x".into()).unwrap();
        alice.send(request).await.is(status);
    }
    let strict = TestApp::with_settings(|settings| settings.require_if_match = true);
    let alice = strict.alice().await;
    let address = format!("{}/image", alice.posts_recipe("Soup").await);
    alice.put_bytes(&address, "image/jpeg", jpeg(1)).await.is(428);
}

#[tokio::test]
async fn steps_have_pictures_that_go_with_them() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = with_steps(&alice).await;
    let address = |step: &str| format!("{url}/steps/{step}/image");
    alice.put_bytes(&address("2"), "image/jpeg", jpeg(1)).await.is(200);
    for step in ["4", "0", "02", "x", "99999999999"] {
        let answer = alice.put_bytes(&address(step), "image/jpeg", jpeg(1)).await.is(404).json();
        assert_eq!(answer["code"], "step_not_found", "{step}");
    }
    let images = |recipe: &Value| recipe["data"]["stepImages"].clone();
    let stored = images(&alice.get(&url).await.json());
    assert_eq!((&stored[0]["step"], stored.as_array().unwrap().len()), (&json!(2), 1));
    app.anonymous().get(stored[0]["url"].as_str().unwrap()).await.is(200);
    app.anonymous().get(&address("1")).await.is(404);
    let moved = alice.patch(&url, &json!({"instructions": ["Wash.", "Chop.", "Boil.", "Serve."]})).await;
    assert_eq!(images(&moved.is(200).json())[0]["step"], 3);
    app.anonymous().get(&address("3")).await.is(200);
    alice.delete(&address("2")).await.is(404);
    alice.delete(&address("3")).await.is(204);
    assert_eq!(images(&alice.get(&url).await.json()), Value::Null);
}

#[tokio::test]
async fn pictures_are_in_other_formats_of_the_recipe() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = with_steps(&alice).await;
    alice.put_bytes(&format!("{url}/image"), "image/jpeg", jpeg(1)).await.is(200);
    alice.put_bytes(&format!("{url}/steps/1/image"), "image/jpeg", jpeg(2)).await.is(200);
    let json_ld = alice.get(&format!("{url}.jsonld")).await.is(200).json();
    assert_eq!(json_ld["image"].as_array().unwrap().len(), 2);
    assert!(json_ld["image"][0].as_str().unwrap().contains("size=medium"), "{}", json_ld["image"]);
    assert!(json_ld["recipeInstructions"][0]["image"].is_string());
    let view = alice.get(&format!("{url}?scale=2")).await.is(200).json();
    assert_eq!(view["data"]["image"]["width"], 600);
    let fields = alice.get("/api/v1/recipes?fields=image,stepImages").await.is(200).json();
    assert_eq!(fields["data"][0]["stepImages"][0]["step"], 1);
    let archive = alice.get_with("/api/v1/recipes", &[("accept", "application/zip")]).await.is(200);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive.body)).unwrap();
    let mut names: Vec<_> =
        (0..archive.len()).map(|n| archive.by_index(n).unwrap().name().unwrap().into_owned()).collect();
    names.sort();
    assert_eq!(names, ["1 Soup step 1.jpg", "1 Soup.jpg", "1 Soup.json"]);
}

#[tokio::test]
async fn pictures_count_for_the_quota() {
    let app = TestApp::with_settings(|settings| settings.quotas.bytes = recipes::Quota(Some(4_000)));
    let alice = app.alice().await;
    let address = format!("{}/image", alice.posts_recipe("Soup").await);
    let refused = alice.put_bytes(&address, "image/jpeg", jpeg(1)).await.is(507).json();
    assert_eq!(refused["code"], "quota_exceeded");
    alice.put_bytes(&address, "image/png", picture(8, 8, 1, ImageFormat::Png)).await.is(200);
}

#[tokio::test]
async fn archive_brings_its_pictures_to_another_server() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = with_steps(&alice).await;
    alice.put_bytes(&format!("{url}/image"), "image/jpeg", jpeg(1)).await.is(200);
    alice.put_bytes(&format!("{url}/steps/3/image"), "image/jpeg", jpeg(2)).await.is(200);
    let archive = alice.get_with("/api/v1/recipes", &[("accept", "application/zip")]).await.is(200).body;

    let other = TestApp::new();
    let alice = other.alice().await;
    let import =
        alice.request(Method::POST, "/api/v1/recipes/import").header("content-type", "application/zip");
    let report = alice.send(import.body(archive.into()).unwrap()).await.is(200).json();
    assert_eq!(
        (&report["data"]["summary"]["added"], &report["data"]["items"][0]["warnings"]),
        (&json!(1), &json!([]))
    );
    let recipe = alice.get("/api/v1/recipes/1").await.is(200).json();
    assert_eq!(recipe["data"]["image"]["width"], 600);
    assert_eq!(recipe["data"]["stepImages"][0]["step"], 3);
    other.anonymous().get("/api/v1/recipes/1/steps/3/image").await.is(200);
}
