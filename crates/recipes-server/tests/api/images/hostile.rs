//! Files that are no pictures, or harmful ones, by request and in archives.

use std::io::{Cursor, Write as _};

use flate2::{Compression, write::ZlibEncoder};
use http::Method;
use image::ImageFormat;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{jpeg, picture};
use crate::app::TestApp;

fn chunk(name: &[u8], content: &[u8]) -> Vec<u8> {
    let body = [name, content].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    [&u32::try_from(content.len()).unwrap().to_be_bytes(), &*body, &crc.sum().to_be_bytes()].concat()
}

/// A PNG whose colour profile unpacks to this many bytes.
fn with_profile(bytes: usize) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&vec![0; bytes]).unwrap();
    let profile = chunk(b"iCCP", &[b"a\0\0", &*packed.finish().unwrap()].concat());
    let png = picture(8, 8, 1, ImageFormat::Png);
    // Behind the signature and the header.
    [&png[..33], &profile, &png[33..]].concat()
}

/// A PNG that announces this size, with no pixels in it.
fn announcing(width: u32, height: u32) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = [&*size, &[8, 2, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", b""), chunk(b"IEND", b"")]
        .concat()
}

#[tokio::test]
async fn harmful_pictures_are_refused_with_the_reason() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let address = format!("{}/image", alice.posts_recipe("Soup").await);
    let whole = jpeg(5);
    let page = b"<!DOCTYPE html><script>alert(1)</script>".to_vec();
    for (bytes, media_type, reason) in [
        (announcing(10_200, 5_000), "image/png", "has 10200 × 5000 pixels, more than 50 million"),
        (announcing(60_000, 60_000), "image/png", "has 60000 × 60000 pixels, more than 50 million"),
        (announcing(8, 8), "image/png", "cannot be decoded: "),
        (with_profile((8 << 20) + 1), "image/png", "cannot be decoded: its colour profile is too large"),
        (whole[..whole.len() / 3].to_vec(), "image/jpeg", "cannot be decoded: "),
        ([&whole[..2], page.as_slice()].concat(), "image/jpeg", "is no JPEG, PNG, WebP or GIF"),
        (page, "image/png", "is no JPEG, PNG, WebP or GIF"),
    ] {
        let answer = alice.put_bytes(&address, media_type, bytes).await.is(422).json();
        assert_eq!(answer["code"], "invalid_image");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.starts_with(reason), "{answer}");
    }
    app.anonymous().get(&address).await.is(404);
    alice.put_bytes(&address, "image/png", with_profile(8 << 20)).await.is(200);
}

#[tokio::test]
async fn recipe_of_an_archive_is_imported_without_a_picture_that_is_none() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let recipe = |name: &str| {
        json!({ "@type": "Recipe", "name": name, "recipeIngredient": ["salt"], "recipeInstructions": ["Stir."] }).to_string()
    };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (file, bytes) in [
        ("Soup/recipe.json", recipe("Soup").into_bytes()),
        ("Soup/full.jpg", picture(60, 40, 7, ImageFormat::Png)),
        ("Bomb/recipe.json", recipe("Bomb").into_bytes()),
        ("Bomb/full.jpg", announcing(60_000, 60_000)),
        ("Text/recipe.json", recipe("Text").into_bytes()),
        ("Text/full.jpg", b"text".to_vec()),
    ] {
        zip.start_file(file, SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    let zip = zip.finish().unwrap().into_inner();
    let request =
        alice.request(Method::POST, "/api/v1/recipes/import").header("content-type", "application/zip");
    let report = alice.send(request.body(zip.into()).unwrap()).await.is(200).json();
    assert_eq!(report["data"]["summary"]["added"], 3);
    let warnings = |item: usize| report["data"]["items"][item]["warnings"].to_string();
    assert_eq!(warnings(0), "[]");
    assert!(warnings(1).contains("a picture was left out: "), "{}", warnings(1));
    assert!(warnings(1).contains("60000 × 60000 pixels"), "{}", warnings(1));
    assert!(warnings(2).contains("is no JPEG"), "{}", warnings(2));
    let list = alice.get("/api/v1/recipes?fields=name,image").await.is(200).json();
    let widths: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|it| it["image"]["width"].clone()).collect();
    assert_eq!(widths, [json!(60), json!(null), json!(null)]);
}
