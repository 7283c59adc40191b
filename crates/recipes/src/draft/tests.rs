//! Every field and every limit.

mod blanks;

use serde_json::json;

use super::*;
use crate::limits;
use crate::nutrition::Nutrition;

fn soup() -> Value {
    json!({
        "name": "Soup", "healthLabels": [], "cookTimeMinutes": 60, "prepTimeMinutes": null, "ingredients": ["water"],
    })
}

/// The soup with one field added or replaced.
fn with(field: &str, value: Value) -> Value {
    let mut body = soup();
    body[field] = value;
    body
}

fn parse(body: &Value, scalars: Scalars) -> Result<Value, Vec<FieldError>> {
    Draft::parse(body.as_object().unwrap(), scalars)
        .map(|draft| serde_json::to_value(draft.content()).unwrap())
}

/// The field comes back as it was sent.
#[track_caller]
fn kept(field: &str, value: impl Into<Value>) {
    let value = value.into();
    becomes(field, value.clone(), value);
}

#[track_caller]
fn becomes(field: &str, value: impl Into<Value>, want: impl Into<Value>) {
    let got = parse(&with(field, value.into()), Scalars::Typed);
    assert_eq!(got.map(|draft| draft[field].clone()), Ok(want.into()), "{field}");
}

#[track_caller]
fn form(field: &str, value: impl Into<Value>, want: impl Into<Value>) {
    let got = parse(&with(field, value.into()), Scalars::Text);
    assert_eq!(got.map(|draft| draft[field].clone()), Ok(want.into()), "{field}");
}

/// The only error is at `pointer`, and its message contains `message`.
#[track_caller]
fn refused(field: &str, value: impl Into<Value>, pointer: &str, message: &str) {
    let errors = parse(&with(field, value.into()), Scalars::Typed).expect_err(field);
    let [error] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!(error.pointer, pointer);
    assert!(error.message.contains(message), "{error:?}");
}

fn chars(count: usize) -> Value {
    "Ä".repeat(count).into()
}

fn times(count: usize, item: impl Into<Value>) -> Value {
    vec![item.into(); count].into()
}

#[test]
fn five_fields_are_required_and_only_times_may_be_null() {
    let errors = parse(&json!({}), Scalars::Typed).unwrap_err();
    let reported: Vec<_> = errors.iter().map(|p| format!("{} {}", p.pointer, p.message)).collect();
    assert_eq!(
        reported,
        [
            "/name is required and must be text of 1 to 200 characters",
            "/healthLabels is required and must be a list of at most 64 items",
            "/cookTimeMinutes is required and must be a whole number of minutes from 0 to 525600, or null if not stated",
            "/prepTimeMinutes is required and must be a whole number of minutes from 0 to 525600, or null if not stated",
            "/ingredients is required and must be a list of at most 200 items",
        ]
    );
    for field in ["name", "healthLabels", "ingredients"] {
        refused(field, Value::Null, &format!("/{field}"), "must be");
    }
    kept("cookTimeMinutes", Value::Null);
    kept("prepTimeMinutes", 0);
}

#[test]
fn every_error_is_reported_at_once() {
    let body = json!({
        "name": "", "healthLabels": ["ok", 7, "", {}], "cookTimeMinutes": -1, "prepTimeMinutes": "10", "ingredients": "salt",
        "instructions": ["stir", { "minutes": 1.5 }, 3], "author": 7, "source": { "url": "x" }, "extra": [],
    });
    let pointers: Vec<_> = parse(&body, Scalars::Typed).unwrap_err().into_iter().map(|p| p.pointer).collect();
    assert_eq!(
        pointers,
        [
            "/name",
            "/healthLabels/1",
            "/healthLabels/3",
            "/cookTimeMinutes",
            "/prepTimeMinutes",
            "/ingredients",
            "/instructions/1/text",
            "/instructions/1/minutes",
            "/instructions/2",
            "/author",
            "/source/url",
            "/extra",
        ]
    );
}

#[test]
fn texts_are_kept_verbatim_inside_and_counted_in_characters() {
    kept("name", "Älpler  magronen");
    becomes("name", "\u{feff}\t Älplermagronen\u{a0}\u{200b}\r\n", "Älplermagronen");
    becomes("name", format!(" {} ", "Ä".repeat(200)), chars(200));
    kept("name", chars(200));
    refused("name", chars(201), "/name", "1 to 200 characters");
    refused("name", " \u{2003} ", "/name", "1 to 200 characters");
    refused("name", "beef\nstew", "/name", "one line");
    kept("ingredients", json!(["1½  cup\toil", "1½  cup\toil"]));
    kept("ingredients", json!([chars(500)]));
    refused("ingredients", json!(["ok", chars(501)]), "/ingredients/1", "1 to 500 characters");
    kept("healthLabels", json!([chars(64), "never heard of"]));
    refused("healthLabels", json!([chars(65)]), "/healthLabels/0", "1 to 64 characters");
    kept("description", chars(limits::DESCRIPTION));
    refused("description", chars(limits::DESCRIPTION + 1), "/description", "10000 characters");
    for field in ["yield", "license"] {
        kept(field, chars(200));
        refused(field, chars(201), &format!("/{field}"), "1 to 200 characters");
    }
}

#[test]
fn control_characters_are_refused_except_tabs_and_line_ends_of_long_texts() {
    kept("description", "one\n\ttwo\r\nthree");
    kept("instructions", json!([{ "text": "two\tthree" }]));
    for bad in ["\0", "\u{1b}[31m", "\u{7f}", "\u{85}x"] {
        refused("name", format!("a{bad}b"), "/name", "control characters");
        refused("description", format!("a{bad}b"), "/description", "control characters");
    }
    for bad in ["\0", "\u{1b}[31m", "\u{7f}"] {
        refused("ingredients", json!([bad]), "/ingredients/0", "control characters");
    }
}

#[test]
fn lists_are_limited() {
    for (field, max) in [
        ("ingredients", 200),
        ("healthLabels", 64),
        ("category", 64),
        ("cuisine", 64),
        ("keywords", 64),
        ("tools", 64),
    ] {
        kept(field, json!([]));
        kept(field, times(max, "x"));
        refused(field, times(max + 1, "x"), &format!("/{field}"), &format!("list of at most {max}"));
    }
    kept("instructions", times(200, json!({ "text": "stir" })));
    refused("instructions", times(201, "stir"), "/instructions", "list of at most 200");
    kept("tools", json!([chars(200)]));
    refused("tools", json!([chars(201)]), "/tools/0", "1 to 200 characters");
}

#[test]
fn minutes_are_whole_and_at_most_a_year() {
    for field in ["cookTimeMinutes", "prepTimeMinutes", "totalTimeMinutes", "restTimeMinutes"] {
        kept(field, 0);
        kept(field, 525_600);
        becomes(field, 60.0, 60);
        becomes(field, -0.0, 0);
        for bad in [
            json!(525_601),
            json!(-1),
            json!(1.5),
            json!(1e300),
            json!(u64::MAX),
            json!("60"),
            json!([60]),
            json!(true),
        ] {
            refused(field, bad, &format!("/{field}"), "whole number of minutes from 0 to 525600, or null");
        }
    }
}

#[test]
fn servings_may_be_fractions_and_whole_numbers_stay_whole() {
    kept("servings", 4);
    kept("servings", 2.5);
    becomes("servings", 4.0, 4);
    for bad in [json!(0), json!(0.0), json!(-1), json!(100_000.5), json!("4"), json!({})] {
        refused("servings", bad, "/servings", "number above 0");
    }
}

#[test]
fn instructions_are_texts_or_objects_and_are_answered_as_objects() {
    let full = json!({ "section": "Sauce", "text": "stir", "minutes": 5 });
    becomes("instructions", json!(["stir", full]), json!([{ "text": "stir" }, full]));
    becomes(
        "instructions",
        json!([{ "text": "stir", "section": null, "minutes": null }]),
        json!([{ "text": "stir" }]),
    );
    kept("instructions", json!([{ "text": chars(4_000) }]));
    refused("instructions", json!([chars(4_001)]), "/instructions/0", "1 to 4000 characters");
    refused(
        "instructions",
        json!([{ "minutes": 5 }]),
        "/instructions/0/text",
        "is required and must be text",
    );
    refused(
        "instructions",
        json!([{ "image": "x" }]),
        "/instructions/0/text",
        "is required and must be text",
    );
    refused("instructions", json!([["stir"]]), "/instructions/0", "must be text, or an object");
    refused("instructions", json!({ "text": "stir" }), "/instructions", "list");
}

#[test]
fn nutrition_has_the_twelve_facts_of_schema_org_as_numbers_or_text() {
    let full: Map<_, _> = Nutrition::NAMES.iter().map(|name| ((*name).to_owned(), json!("9.5 g"))).collect();
    kept("nutrition", full);
    kept("nutrition", json!({ "calories": 815, "fatContent": 9.5, "servingSize": "1 bowl" }));
    refused(
        "nutrition",
        json!({ "calories": -1 }),
        "/nutrition/calories",
        "number from 0 to 1000000, or text",
    );
    refused("nutrition", json!({ "calories": [] }), "/nutrition/calories", "number from 0");
    refused("nutrition", "815", "/nutrition", "object");
}

#[test]
fn attributions_have_a_name_or_a_web_address() {
    for field in ["author", "source"] {
        kept(field, json!({ "name": "Ada", "url": "https://example.com/炒蟹" }));
        kept(field, json!({ "name": "Ada" }));
        becomes(field, json!({ "name": null, "url": "http://a" }), json!({ "url": "http://a" }));
        refused(field, "Ada", &format!("/{field}"), "object");
        refused(field, json!({ "url": "javascript:alert(1)" }), &format!("/{field}/url"), "web address");
        refused(
            field,
            json!({ "url": format!("https://{}", "a".repeat(1_993)) }),
            &format!("/{field}/url"),
            "2000",
        );
    }
}

#[test]
fn language_difficulty_and_visibility_have_their_own_rules() {
    kept("language", "zh-Hans-CN");
    refused("language", "zh_CN", "/language", "BCP 47");
    kept("difficulty", 1);
    kept("difficulty", 5);
    refused("difficulty", 0, "/difficulty", "from 1 to 5");
    refused("difficulty", json!(256 + 5), "/difficulty", "from 1 to 5");
    kept("visibility", "private");
    kept("visibility", "members");
    becomes("visibility", "public", Value::Null);
    refused("visibility", "Private", "/visibility", "\"public\", \"members\" or \"private\"");
}

#[test]
fn extra_is_free_json_within_16_kib_and_32_levels() {
    kept("extra", json!({ "notes": ["a\0b", 1e-7, { "": null }], "datePublished": "2021-03-11" }));
    // {"a":"..."} is eight bytes around the text.
    kept("extra", json!({ "a": "x".repeat(limits::EXTRA_BYTES - 8) }));
    refused("extra", json!({ "a": "x".repeat(limits::EXTRA_BYTES - 7) }), "/extra", "16384 bytes");
    let nested = |levels| (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
    kept("extra", nested(32));
    refused("extra", nested(33), "/extra", "32 deep");
    refused("extra", "free", "/extra", "object");
}

#[test]
fn server_fields_and_unknown_fields_are_ignored() {
    let mut body = soup();
    for field in ["id", "uid", "ownerId", "revision", "createdAt", "updatedAt", "unheardOf"] {
        body[field] = json!(7);
    }
    assert_eq!(parse(&body, Scalars::Typed), Ok(soup()));
}

#[test]
fn forms_write_all_scalars_as_text() {
    form("cookTimeMinutes", "90", 90);
    form("cookTimeMinutes", "", Value::Null);
    form("servings", "2.5", 2.5);
    form("servings", "4.0", 4);
    form("difficulty", "3", 3);
    form("description", "", Value::Null);
    form("ingredients", "salt", json!(["salt"]));
    form("healthLabels", "", json!([]));
    form("healthLabels", json!([""]), json!([]));
    form(
        "instructions",
        json!({ "text": "stir", "minutes": "5", "section": "" }),
        json!([{ "text": "stir", "minutes": 5 }]),
    );
    form("author", json!({ "name": "Ada", "url": "" }), json!({ "name": "Ada" }));
    form("nutrition", json!({ "calories": "815" }), json!({ "calories": "815" }));
    form("cookTimeMinutes", " 5\r\n", 5);
    for bad in ["+5", "-5", "1e3", "5 min", "5.", ".5", "0x5", "٥", "99999999999999999999"] {
        let errors = parse(&with("cookTimeMinutes", bad.into()), Scalars::Text).expect_err(bad);
        assert_eq!(errors[0].pointer, "/cookTimeMinutes");
    }
    let errors = parse(&with("instructions", json!({ "minutes": "5" })), Scalars::Text).unwrap_err();
    assert_eq!(errors[0].pointer, "/instructions/text", "one value has no index");
    form("ingredients", json!(["salt", ""]), json!(["salt"]));
    form(
        "instructions",
        json!([{ "text": "stir" }, { "text": "", "minutes": "" }]),
        json!([{ "text": "stir" }]),
    );
    form("instructions", json!({ "text": "", "minutes": "" }), json!([]));
}

#[test]
fn last_value_of_a_repeated_scalar_counts_in_a_form() {
    form("name", json!(["Stew", "Soup", "", " "]), "Soup");
    form("difficulty", json!(["", "3"]), 3);
    form("visibility", json!(["public", "private"]), "private");
    form("description", json!(["", ""]), Value::Null);
    form("author", json!({ "name": ["", "Ada"] }), json!({ "name": "Ada" }));
    refused("description", json!(["a", "b"]), "/description", "text of 1 to");
}

#[test]
fn list_that_a_form_leaves_out_is_empty() {
    let form = json!({ "name": "Soup", "cookTimeMinutes": "", "prepTimeMinutes": "" });
    let draft = parse(&form, Scalars::Text).unwrap();
    assert_eq!((&draft["healthLabels"], &draft["ingredients"]), (&json!([]), &json!([])));
    assert_eq!(draft.get("keywords"), None);
    let errors = parse(&json!({}), Scalars::Text).unwrap_err();
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/name", "/cookTimeMinutes", "/prepTimeMinutes"]);
}

#[test]
fn unknown_members_are_listed_with_their_position() {
    let body = json!({
        "name": "Soup", "id": 1, "uid": "", "flavour": 1, "a/b": 1, "author": { "name": "Ada", "email": "" },
        "nutrition": { "calories": 1, "@type": "" }, "extra": { "anything": 1 },
        "instructions": ["stir", { "text": "eat", "image": "" }],
    });
    let pointers: Vec<_> =
        Draft::unknown_fields(body.as_object().unwrap()).into_iter().map(|error| error.pointer).collect();
    assert_eq!(pointers, ["/a~1b", "/flavour", "/instructions/1/image", "/nutrition/@type", "/author/email"]);
}

#[test]
fn misspelt_field_comes_with_the_nearest_known_name() {
    for (name, message) in [
        ("ingredient", "is not a known field; did you mean \"ingredients\"?"),
        ("cookTime", "is not a known field; did you mean \"cookTimeMinutes\"?"),
        ("ownerID", "is not a known field; did you mean \"ownerId\"?"),
        ("flavour", "is not a known field"),
    ] {
        let errors = Draft::unknown_fields(with(name, json!(1)).as_object().unwrap());
        assert_eq!(errors, [FieldError { pointer: format!("/{name}"), message: message.to_owned() }]);
    }
}

#[test]
fn all_fields_of_content_and_of_the_server_are_known() {
    let body = json!({
        "name": "Soup", "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": 1, "ingredients": [],
        "totalTimeMinutes": 1, "restTimeMinutes": 1, "description": "x", "servings": 1, "yield": "x",
        "instructions": [{ "section": "x", "text": "x", "minutes": 1 }], "category": [], "cuisine": [], "keywords": [],
        "tools": [], "nutrition": { "calories": 1 }, "author": { "name": "x", "url": "http://x" }, "source": { "name": "x" },
        "license": "x", "language": "en", "difficulty": 1, "visibility": "private", "extra": {},
    });
    assert_eq!(parse(&body, Scalars::Typed).as_ref(), Ok(&body));
    assert_eq!(body.as_object().unwrap().len(), Content::NAMES.len(), "the list above is complete");
    let mut answered = body;
    for field in ["id", "uid", "ownerId", "revision", "createdAt", "updatedAt"] {
        answered[field] = json!(7);
    }
    answered["rating"] = json!({ "average": 4.33, "count": 3 });
    assert_eq!(Draft::unknown_fields(answered.as_object().unwrap()), []);
    assert_eq!(parse(&answered, Scalars::Typed).unwrap().get("rating"), None, "it is the server's");
    for of_another_program in [json!(4), json!({ "ratingValue": 4.33, "ratingCount": 3 })] {
        answered["rating"] = of_another_program;
        assert_eq!(Draft::unknown_fields(answered.as_object().unwrap())[0].pointer, "/rating");
    }
}
