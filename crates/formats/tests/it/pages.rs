//! Web pages: JSON-LD as sites write it, microdata and RDFa.

use formats::{Input, Limits, Options, Reader};
use serde_json::{Value, json};

use super::{errors, left_out, only, read, recipe};

fn page(json_ld: &str) -> Vec<u8> {
    format!("<!doctype html><html lang=\"en-GB\"><head><title>Fallback title</title></head><body><script type=\"application/ld+json\">{json_ld}</script></body></html>").into_bytes()
}

/// Everything that schema.org has and a recipe has a field for.
fn full() -> Value {
    json!({
        "@context": "https://schema.org", "@type": ["Recipe", "NewsArticle"], "@id": "https://kitchen.example/stew#recipe",
        "name": "Bean &amp; barley stew", "description": "<p>Warm.</p><p>Filling &#8211; really.</p>",
        "author": [{"@type": "Person", "name": "Ada Barley", "url": "https://kitchen.example/ada"}, {"@type": "Person", "name": "Bo"}],
        "publisher": {"@type": "Organization", "name": "The Kitchen"}, "url": "https://kitchen.example/stew",
        "image": {"@type": "ImageObject", "url": "https://kitchen.example/stew.jpg"},
        "prepTime": "PT15M", "cookTime": "P0DT1H0M", "totalTime": {"@type": "Duration", "maxValue": "PT75M"},
        "recipeYield": ["6", "6 servings"], "recipeCategory": "Main course, Soup", "recipeCuisine": ["British"],
        "keywords": "beans, barley , winter", "tool": [{"@type": "HowToTool", "name": "large pot"}],
        "suitableForDiet": ["https://schema.org/VeganDiet", "LowFatDiet"],
        "recipeIngredient": ["200&nbsp;g barley\r\n", "", "▢ 400 g beans", "1 onion<br>2 carrots"],
        "recipeInstructions": [
            {"@type": "HowToSection", "name": "Prepare", "itemListElement": [
                {"@type": "HowToStep", "name": "Soak", "text": "Soak the <b>beans</b>.", "image": "https://kitchen.example/1.jpg"}]},
            {"@type": "HowToSection", "name": "Cook", "itemListElement": [
                {"@type": "HowToStep", "text": "Boil everything."}, {"@type": "HowToStep", "text": "Serve."}]}],
        "nutrition": {"@type": "NutritionInformation", "calories": "320 kcal", "fatContent": "4 g", "sodiumContent": ""},
        "license": "CC-BY-4.0", "inLanguage": "en_US", "aggregateRating": {"@type": "AggregateRating", "ratingValue": 4.5},
        "video": {"@type": "VideoObject", "name": "Stew"}, "datePublished": "2020-03-01T08:00:00+01:00",
    })
}

#[test]
fn every_field_of_schema_org_is_read() {
    let items = read("page.html", &page(&full().to_string()));
    let recipe = recipe(&items[0]);
    assert_eq!(
        recipe,
        json!({
            "name": "Bean & barley stew", "healthLabels": ["Vegan", "Low-Fat"], "cookTimeMinutes": 60,
            "prepTimeMinutes": 15, "totalTimeMinutes": 75,
            "ingredients": ["200 g barley", "400 g beans", "1 onion", "2 carrots"],
            "description": "Warm.\n\nFilling – really.", "servings": 6,
            "instructions": [
                {"section": "Prepare", "text": "Soak the beans."}, {"section": "Cook", "text": "Boil everything."},
                {"section": "Cook", "text": "Serve."}],
            "category": ["Main course", "Soup"], "cuisine": ["British"], "keywords": ["beans", "barley", "winter"],
            "tools": ["large pot"], "nutrition": {"calories": "320 kcal", "fatContent": "4 g"},
            "author": {"name": "Ada Barley, Bo", "url": "https://kitchen.example/ada"},
            "source": {"name": "The Kitchen", "url": "https://kitchen.example/stew"}, "license": "CC-BY-4.0",
            "language": "en-US", "extra": {"image": "https://kitchen.example/stew.jpg"},
        })
    );
    assert_eq!(left_out(&items[0]), ["/recipeInstructions.image", "/aggregateRating", "/video"]);
    assert_eq!(items[0].warnings, [""; 0]);
    assert!(items[0].taken.contains(&"nutrition".to_owned()), "{:?}", items[0].taken);
}

#[test]
fn recipe_is_found_wherever_the_page_has_it() {
    let soup = json!({"@type": "Recipe", "name": "Soup", "recipeIngredient": ["water"], "recipeInstructions": "Boil it."});
    let text = soup.to_string();
    for json_ld in [
        text.clone(),
        json!([soup]).to_string(),
        json!({"@context": "http://schema.org", "@graph": [{"@type": "WebSite", "name": "Site"}, soup]}).to_string(),
        json!({"@type": "WebPage", "mainEntity": {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": soup}]}}).to_string(),
        text.replace("\"Recipe\"", "\"http://schema.org/Recipe\""),
        format!("<!-- {text} -->"),
        format!("/*<![CDATA[*/ {text} /*]]>*/"),
        text.replace("\"Boil it.\"}", "\"Boil it.\",}"),
        text.replace("Boil it.", "Boil\u{1} it.\n"),
        format!("{text}</script><script type=\"application/ld+json\">{{broken</script><script type='application/ld+json'>{text}"),
    ] {
        let recipe = only("page.html", &page(&json_ld));
        assert_eq!(recipe["name"], "Soup", "{json_ld}");
        assert_eq!(recipe["instructions"][0]["text"], "Boil it.", "{json_ld}");
        assert_eq!(recipe["language"], "en-GB", "{json_ld}");
    }
}

#[test]
fn references_in_a_graph_are_followed_and_links_to_other_recipes_are_none() {
    let graph = json!({"@graph": [
        {"@type": "Person", "@id": "#ada", "name": "Ada"},
        {"@type": "ImageObject", "@id": "#pic", "contentUrl": "/pic.jpg"},
        {"@type": "Recipe", "name": "Soup", "author": {"@id": "#ada"}, "image": {"@id": "#pic"}, "recipeIngredient": ["water"],
         "mainEntityOfPage": {"@id": "https://kitchen.example/soup"}, "recipeInstructions": ["Boil it."]},
        {"@type": "Recipe", "name": "Another", "url": "https://kitchen.example/another"},
    ]});
    let html = String::from_utf8(page(&graph.to_string())).unwrap();
    let html = html.replace("</head>", "<link rel=canonical href=\"https://kitchen.example/soup\"></head>");
    let recipe = only("page.html", html.as_bytes());
    assert_eq!(recipe["author"]["name"], "Ada");
    assert_eq!(recipe["extra"]["image"], "https://kitchen.example/pic.jpg");
    assert_eq!(recipe["source"]["url"], "https://kitchen.example/soup");
}

#[test]
fn what_a_page_does_not_know_is_left_unset() {
    let odd = json!({
        "@type": "Recipe", "name": "Odd", "cookTime": "PTNaNM", "prepTime": "", "totalTime": "PT-476070H19M32S", "recipeYield": "4 undefined",
        "recipeIngredient": "1 egg\n\n2 eggs", "recipeInstructions": "1. Beat. 2. Fry.", "url": "true", "inLanguage": "x",
        "image": false, "author": "", "keywords": null, "nutrition": {"calories": " kcal"}, "recipeCuisine": "undefined",
    });
    let items = read("page.html", &page(&odd.to_string()));
    assert_eq!(
        recipe(&items[0]),
        json!({
            "name": "Odd", "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null, "servings": 4,
            "ingredients": ["1 egg", "2 eggs"], "instructions": [{"text": "Beat."}, {"text": "Fry."}], "language": "en-GB",
        })
    );
}

#[test]
fn time_that_cannot_be_read_is_left_out_by_name() {
    let items = read(
        "page.html",
        &page(r#"{"@type":"Recipe","name":"Dough","cookTime":"until golden","recipeIngredient":["flour"]}"#),
    );
    assert_eq!(left_out(&items[0]), ["/cookTime"]);
    assert_eq!(
        items[0].warnings,
        ["cookTime is not a time that can be read: until golden", "no steps were found"]
    );
}

#[test]
fn recipe_without_a_name_takes_the_title_of_the_page() {
    assert_eq!(
        only("p.html", &page(r#"{"@type":"Recipe","recipeIngredient":["flour"]}"#))["name"],
        "Fallback title"
    );
}

#[test]
fn microdata_and_rdfa_are_the_fallback() {
    let body = |kind: &str, property: &str| {
        format!(
            "<html lang=de><body><div {kind}><h1 {property}=name>Brot</h1><img {property}=image src=https://a.example/b.jpg>
            <span {property}=author>Ada</span><meta {property}=prepTime content=PT20M><time {property}=cookTime datetime=PT1H>1 Std.</time>
            <span {property}=recipeYield>2 Laibe</span>
            <ul><li {property}=recipeIngredient>500 g Mehl<li {property}=recipeIngredient>350 g Wasser</ul>
            <ol {property}=recipeInstructions><li>Mischen.<li>Backen.</ol></div></body></html>"
        )
    };
    for html in [
        body("itemscope itemtype=\"https://schema.org/Recipe\"", "itemprop"),
        body("vocab=\"https://schema.org/\" typeof=Recipe", "property"),
    ] {
        assert_eq!(
            only("brot.html", html.as_bytes()),
            json!({
                "name": "Brot", "healthLabels": [], "cookTimeMinutes": 60, "prepTimeMinutes": 20, "yield": "2 Laibe",
                "ingredients": ["500 g Mehl", "350 g Wasser"], "instructions": [{"text": "Mischen."}, {"text": "Backen."}],
                "author": {"name": "Ada"}, "language": "de", "extra": {"image": "https://a.example/b.jpg"},
            }),
            "{html}"
        );
    }
}

#[test]
fn page_without_a_recipe_says_so() {
    let items = read("page.html", b"<!doctype html><html><body><h1>Hello</h1></body></html>");
    assert_eq!(errors(&items), ["is a web page without a recipe in JSON-LD, microdata or RDFa"]);
}

#[test]
fn json_ld_files_are_read_as_documents_and_lists() {
    let soup = |name: &str| json!({"@type": "Recipe", "name": name, "recipeIngredient": ["water"], "recipeInstructions": ["Boil it."]});
    assert_eq!(only("a.jsonld", soup("Soup").to_string().as_bytes())["name"], "Soup");
    assert_eq!(read("a.json", json!([soup("Soup"), soup("Stew")]).to_string().as_bytes()).len(), 2);
    let lines = format!("{}\n{}\n", soup("Soup"), soup("Stew"));
    assert_eq!(read("a.ndjson", lines.as_bytes()).len(), 2);
    let pretty = format!("{:#}", json!({"@context": "https://schema.org", "@graph": [soup("Soup")]}));
    assert_eq!(only("a.json", pretty.as_bytes())["name"], "Soup");
}

#[test]
fn large_graphs_and_lists_are_read_one_object_at_a_time() {
    let limits = Limits { object_bytes: 64 << 10, document_bytes: 64 << 10, ..Limits::default() };
    let options = Options { file_name: "all.jsonld".to_owned(), limits, ..Options::default() };
    let soup = |number: usize| json!({"@type": "Recipe", "name": format!("Soup {number}"), "recipeIngredient": ["water ".repeat(200)], "recipeInstructions": ["Boil it."]});
    let mut nodes: Vec<_> = (0..2_000).map(soup).collect();
    nodes.insert(1, json!({"@type": "Person", "@id": "#ada", "name": "Ada"}));
    for document in
        [json!({"@context": "https://schema.org", "@graph": nodes}), json!({"@graph": nodes}), json!(nodes)]
    {
        let text = document.to_string();
        assert!(text.len() > 2 << 20);
        let mut reader = Reader::open(Input::bytes(text.as_bytes()), options.clone()).unwrap();
        let mut names = Vec::new();
        while let Some(item) = reader.next_item().unwrap() {
            names.push(recipe(&item)["name"].clone());
        }
        assert_eq!((names.len(), &names[1_999]), (2_000, &json!("Soup 1999")));
        assert!(reader.skipped().is_empty(), "{:?}", reader.skipped());
    }
}

#[test]
fn large_list_without_a_recipe_says_so() {
    let people: Vec<_> = (0..20_000)
        .map(|number| json!({"@type": "Person", "name": format!("Person {number} {}", "x".repeat(50))}))
        .collect();
    let items = read("people.json", json!(people).to_string().as_bytes());
    assert_eq!(errors(&items), ["has no recipe"]);
}
