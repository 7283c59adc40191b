//! Values without meaning: blank texts and items, white space around texts, line ends.

use super::*;

#[test]
fn blank_values_of_optional_fields_are_unset() {
    for blank in ["", " ", "\r\n", "\u{a0}\u{200b}"] {
        for field in
            Content::NAMES.iter().filter(|name| !["name", "healthLabels", "ingredients"].contains(name))
        {
            becomes(field, blank, Value::Null);
        }
        for (field, member) in [("author", "name"), ("source", "url"), ("nutrition", "calories")] {
            becomes(field, json!({ member: blank, "@type": "Thing" }), Value::Null);
        }
        becomes("author", json!({ "name": "Ada", "url": blank }), json!({ "name": "Ada" }));
        becomes(
            "nutrition",
            json!({ "calories": blank, "fatContent": "9 g\r" }),
            json!({ "fatContent": "9 g" }),
        );
        becomes(
            "instructions",
            json!([{ "text": "stir", "section": blank, "minutes": blank }]),
            json!([{ "text": "stir" }]),
        );
        for list in ["healthLabels", "ingredients", "category", "cuisine", "keywords", "tools"] {
            becomes(list, json!([blank, "a", null, blank, " b\n"]), json!(["a", "b"]));
            becomes(list, json!([blank]), json!([]));
            refused(list, json!([blank, 7]), &format!("/{list}/1"), "text of 1 to");
        }
        becomes("instructions", json!([blank, null, {}, { "text": blank, "minutes": null }]), json!([]));
    }
    for field in ["author", "source", "nutrition"] {
        becomes(field, json!({}), Value::Null);
    }
    kept("extra", json!({ "note": "", "list": [""] }));
    refused("name", " ", "/name", "1 to 200 characters");
    refused("ingredients", "", "/ingredients", "list");
}

#[test]
fn line_ends_at_the_end_of_any_text_are_removed() {
    for (field, text) in [
        ("name", "Soup"),
        ("description", "Hot"),
        ("yield", "4 bowls"),
        ("license", "CC0-1.0"),
        ("language", "en-GB"),
        ("visibility", "private"),
    ] {
        becomes(field, format!("{text}\r\n"), text);
    }
    becomes("author", json!({ "url": " https://example.com\n" }), json!({ "url": "https://example.com" }));
}

#[test]
fn item_with_several_lines_is_split() {
    for end in ["\n", "\r\n", "\r", "\n \n", "\u{2028}", "\u{85}"] {
        let text = format!("{end} 1 egg{end}salt {end}");
        for list in ["ingredients", "healthLabels", "keywords"] {
            becomes(list, json!(["water", text]), json!(["water", "1 egg", "salt"]));
        }
        becomes(
            "instructions",
            json!([text, { "text": text, "section": "Dough", "minutes": 5 }]),
            json!([
                { "text": "1 egg" }, { "text": "salt" },
                { "section": "Dough", "text": "1 egg", "minutes": 5 }, { "section": "Dough", "text": "salt" },
            ]),
        );
    }
    becomes("ingredients", json!(["x\n".repeat(200)]), times(200, "x"));
    refused("ingredients", json!(["x\n".repeat(201)]), "/ingredients", "list of at most 200");
    becomes("ingredients", json!([format!("a\n{}", "Ä".repeat(500))]), json!(["a", chars(500)]));
    refused("ingredients", json!(["ok", format!("a\n{}", "Ä".repeat(501))]), "/ingredients/1", "1 to 500");
}

#[test]
fn blank_items_do_not_count_and_errors_of_long_lists_stay_few() {
    let mut items = vec![json!(""); 300];
    items.push(json!("salt"));
    becomes("ingredients", items, json!(["salt"]));
    refused("ingredients", times(100_000, 7), "/ingredients", "list of at most 200");
}

#[test]
fn null_and_missing_are_the_same_for_optional_fields() {
    let mut body = soup();
    for field in
        ["description", "servings", "instructions", "tools", "nutrition", "author", "visibility", "extra"]
    {
        body[field] = Value::Null;
    }
    assert_eq!(parse(&body, Scalars::Typed), Ok(soup()));
}
