//! Files that attack their reader: they are refused by name, before anything of them is taken.

use std::io::{Cursor, Write as _};

use flate2::{Compression, write::GzEncoder};
use formats::{Input, Limits, Options, Reader};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{archive, errors, read};

const SOUP: &[u8] = br#"{"@type": "Recipe", "name": "Soup", "recipeIngredient": ["water"], "recipeInstructions": ["Boil it."]}"#;

#[test]
fn archive_that_unpacks_to_many_times_its_size_is_refused() {
    let zeros = vec![b' '; 3 << 20];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("a.json", SimpleFileOptions::default()).unwrap();
    zip.write_all(SOUP).unwrap();
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    zip.start_file("b.json", deflated).unwrap();
    zip.write_all(&zeros).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    assert_eq!(
        errors(&read("bomb.zip", &bytes)),
        ["has the entry \"b.json\", which unpacks to more than 200 times its size"]
    );

    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&zeros).unwrap();
    let bytes = gzip.finish().unwrap();
    let limits = Limits { document_bytes: 1 << 20, ..Limits::default() };
    let mut reader = Reader::open(Input::bytes(&bytes), Options { limits, ..Options::default() }).unwrap();
    let item = reader.next_item().unwrap().unwrap();
    assert_eq!(item.content.unwrap_err()[0].message, "is longer than 1 MiB");
}

#[test]
fn paths_links_and_nested_archives_are_refused() {
    for name in ["../evil.json", "/etc/passwd", "a/../../b.json", "..\\evil.json", "C:\\evil.json"] {
        let items = read("evil.zip", &archive(&[("good.json", SOUP), (name, SOUP)]));
        let errors = errors(&items);
        assert_eq!(errors.len(), 1, "{items:#?}");
        assert!(errors[0].ends_with("whose path leads out of the archive"), "{errors:?}");
    }
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("link.json", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let link = zip.finish().unwrap().into_inner();
    assert_eq!(errors(&read("link.zip", &link)), ["has the entry \"link.json\", which is a symbolic link"]);

    let three = archive(&[("2.zip", &archive(&[("1.zip", &archive(&[("soup.json", SOUP)]))]))]);
    assert_eq!(
        errors(&read("3.zip", &three)),
        ["is an archive in an archive in an archive, which is not read"]
    );
}

#[test]
fn limits_hold_for_entries_and_bytes() {
    let files: Vec<_> = (0..20).map(|n| (format!("{n}.json"), SOUP)).collect();
    let files: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let bytes = archive(&files);
    let with = |limits: Limits| {
        let mut reader =
            Reader::open(Input::bytes(&bytes), Options { limits, ..Options::default() }).unwrap();
        let item = reader.next_item().unwrap().unwrap();
        item.content.unwrap_err()[0].message.clone()
    };
    assert_eq!(with(Limits { entries: 19, ..Limits::default() }), "has 20 entries; at most 19 are read");
    assert_eq!(with(Limits { unpacked_bytes: 100, ..Limits::default() }), "unpacks to more than 0 MiB");
    assert_eq!(with(Limits { document_bytes: 50, ..Limits::default() }), "is longer than 0 KiB");
}

#[test]
fn stream_that_is_an_archive_is_bounded() {
    let bytes = archive(&[("soup.json", SOUP)]);
    let open = |archive_bytes| {
        let limits = Limits { archive_bytes, ..Limits::default() };
        let options = Options { limits, ..Options::default() };
        Reader::open(Input::Stream(Box::new(Cursor::new(bytes.clone()))), options)
            .unwrap()
            .next_item()
            .unwrap()
            .unwrap()
    };
    assert!(open(1 << 20).content.is_ok());
    assert!(open(100).content.is_err());
}

#[test]
fn other_files_are_named() {
    for (bytes, message) in [
        (&b"%PDF-1.7"[..], "is a PDF, not a file of recipes"),
        (b"\x89PNG\r\n", "is a picture, not a file of recipes"),
        (b"SQLite format 3\0...", "is a database, not a file of recipes"),
        (b"a\0b\0c", "is binary data, not a file of recipes"),
        (b"PK\x03\x04garbage", "is a damaged archive"),
        (b"\x1f\x8bgarbage", "is damaged: it cannot be unpacked"),
        (b"Dear Ada, see you soon.", "has no recipe"),
    ] {
        assert_eq!(errors(&read("file", bytes)), [message], "{}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(
        errors(&read("empty.zip", &archive(&[("a.txt", b"hello")]))),
        ["is an archive without a recipe"]
    );
}

#[test]
fn file_without_content_has_no_items() {
    for name in ["export.ndjson", "soup.txt", "page.html"] {
        assert!(read(name, b"").is_empty());
        assert!(read(name, b"\n \n").is_empty());
    }
}

#[test]
fn deep_and_wide_documents_are_bounded() {
    let deep = format!("{}{}{}", "{\"@graph\":[".repeat(5_000), "{}", "]}".repeat(5_000));
    assert!(!read("deep.json", deep.as_bytes()).is_empty());
    let html = format!(
        "<script type=application/ld+json>{deep}</script>{}",
        "<div itemscope itemtype=https://schema.org/Recipe>".repeat(2_000)
    );
    assert!(!read("deep.html", html.as_bytes()).is_empty());
    let wide: Vec<_> = (0..20_000).map(|n| format!("{{\"@type\":\"Recipe\",\"name\":\"{n}\"}}")).collect();
    let items = read("wide.json", format!("[{}]", wide.join(",")).as_bytes());
    assert!(!items.is_empty());
    let entities = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY a \"&#38;b;&#38;b;\"><!ENTITY b SYSTEM \"file:///etc/passwd\">]><html>&a;&b;</html>";
    assert_eq!(
        errors(&read("a.html", entities.as_bytes())),
        ["is a web page without a recipe in JSON-LD, microdata or RDFa"]
    );
}

#[test]
fn pictures_beside_recipes_come_with_them() {
    let nested = archive(&[("recipe.json", SOUP), ("image.PNG", b"tandoor")]);
    let zip = archive(&[
        ("1 Soup.json", SOUP),
        ("1 Soup.jpg", b"dish"),
        ("1 Soup step 1.webp", b"step"),
        ("1 Soup step 2.jpg", b"of no step"),
        (
            "Bread/recipe.json",
            br#"{"@type":"Recipe","name":"Bread","recipeIngredient":["flour"],"image":"full.jpg"}"#,
        ),
        ("Bread/full.jpg", b"nextcloud"),
        ("recipes/stew/stew.json", SOUP),
        ("recipes/stew/images/original.webp", b"mealie"),
        ("3.zip", &nested),
        ("none/a.json", SOUP),
        ("other.jpg", b"of no recipe"),
    ]);
    let images: Vec<_> = read("all.zip", &zip)
        .into_iter()
        .map(|item| {
            let text = |image: &formats::ItemImage| String::from_utf8(image.bytes.clone()).unwrap();
            item.images.iter().map(|image| (image.step, text(image))).collect::<Vec<_>>()
        })
        .collect();
    let of = |step: Option<u32>, text: &str| (step, text.to_owned());
    let want = [
        vec![of(None, "dish"), of(Some(1), "step")],
        vec![of(None, "nextcloud")],
        vec![of(None, "mealie")],
        vec![of(None, "tandoor")],
        vec![],
    ];
    assert_eq!(images, want);
    assert!(
        read("all.zip", &zip).iter().all(|item| item.left_out.is_empty()),
        "pictures that are taken are not lost"
    );
}

#[test]
fn pictures_that_a_page_names_are_read_for_one_recipe_after_the_other() {
    let dishes: Vec<_> = (0..3)
        .map(|n| {
            format!(
                "<div class=\"recipe-details\"><h2 itemprop=\"name\">Dish {n}</h2><div itemprop=\"recipeIngredients\"><p>salt</p></div>\
                 <img src=\"Images/{n}.JPG\" itemprop=\"photo0\"></div>"
            )
        })
        .collect();
    let page = dishes.concat();
    let outside = page.replace("Images/", "../../etc/");
    let files: [(&str, &[u8]); 5] = [
        ("book/recipes.html", page.as_bytes()),
        ("book/images/0.jpg", b"zero"),
        ("book/images/2.jpg", b"two"),
        ("images/1.jpg", b"of another folder"),
        ("other/recipes.html", outside.as_bytes()),
    ];
    let items = read("RecipeKeeper.zip", &archive(&files));
    let images: Vec<_> = items.iter().map(|item| item.images.first().map(|image| &*image.bytes)).collect();
    assert_eq!(images, [Some(&b"zero"[..]), None, Some(&b"two"[..]), None, None, None]);
    let lost: Vec<_> = items.iter().map(|item| item.left_out.len()).collect();
    assert_eq!(lost, [0, 1, 0, 1, 1, 1]);
}
