//! Strategies for request bodies.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The properties of `RecipeDraft` in the schema, and a name that a JSON pointer escapes.
fn field_names() -> Vec<String> {
    let schemas = recipes::recipe_schemas();
    let names = schemas["RecipeDraft"]["properties"].as_object().unwrap().keys().cloned();
    names.chain(["a/b~c".to_owned()]).collect()
}

/// Valid and invalid fields, mixed, so that parsing gets past the first.
pub(crate) fn any_body() -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof![4 => prop::sample::select(field_names()), 1 => any::<String>()];
    let fields =
        btree_map(key, any_json(), 0..12).prop_map(|fields| fields.into_iter().collect::<Map<_, _>>());
    (valid_body(), fields, any::<bool>()).prop_map(|(valid, fields, alone)| {
        let mut body = if alone { Map::new() } else { valid.as_object().unwrap().clone() };
        body.extend(fields);
        body
    })
}

pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        prop::sample::select(&["name", "url", "text", "section", "minutes", "calories"][..])
            .prop_map(str::to_owned),
        any::<String>()
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-10..1000_i64).prop_map(Value::from),
        prop::num::f64::ANY.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9]{0,4}(\\.[0-9]{0,3})?".prop_map(Value::from),
        "[a-zA-Z0-9]{1,9}(-[a-zA-Z0-9]{1,9}){0,4}".prop_map(Value::from),
        "https?://.{0,9}".prop_map(Value::from),
    ];
    leaf.prop_recursive(40, 64, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(key.clone(), inner, 0..6).prop_map(|m| json!(m))
        ]
    })
}

/// A valid body with every field but `category`, `cuisine`, `author` and `license`.
pub(crate) fn valid_body() -> impl Strategy<Value = Value> {
    let line = || {
        "[^\\p{Cc}\\p{Zl}\\p{Zp}\u{200b}\u{feff}]{0,20}[\\S&&[^\\p{Cc}\u{200b}\u{feff}]]".prop_map(trimmed)
    };
    let lines = || vec(line(), 0..5);
    let minutes = || prop::option::of(0..=525_600_u32);
    let amount = prop_oneof![(0..1000_u32).prop_map(Value::from), halves(), line().prop_map(Value::from)];
    let step = (prop::option::of(line()), line(), minutes()).prop_map(|(section, text, minutes)| {
        without_nulls(json!({ "section": section, "text": text, "minutes": minutes }))
    });
    let credit = || {
        (prop::option::of(line()), "https?://[a-zé]{1,9}(/[a-z咖?#%]{0,9}){0,3}")
            .prop_map(|(name, url)| without_nulls(json!({ "name": name, "url": url })))
    };
    let seed = (line(), lines(), minutes(), minutes(), lines());
    let times = (
        minutes(),
        minutes(),
        prop::option::of(line().prop_map(|line| format!("{line}\r\n\t{line}"))),
        prop::option::of(halves()),
        prop::option::of(line()),
    );
    let tags = (prop::option::of(vec(step, 0..4)), prop::option::of(lines()), prop::option::of(lines()));
    let facts =
        btree_map(prop::sample::select(&["calories", "servingSize", "transFatContent"][..]), amount, 1..3);
    let rest = (
        prop::option::of(facts),
        prop::option::of(credit()),
        prop::option::of(prop::sample::select(&["en", "zh-Hans-CN", "de-CH-1901"][..])),
        prop::option::of(1..=5_u8),
        prop::option::of(prop::sample::select(&["public", "members", "private"][..])),
        prop::option::of(btree_map(any::<String>(), any_json(), 0..4)),
    );
    (seed, times, tags, rest).prop_map(|(seed, times, tags, rest)| {
        json!({
            "name": seed.0, "healthLabels": seed.1, "cookTimeMinutes": seed.2, "prepTimeMinutes": seed.3,
            "ingredients": seed.4, "totalTimeMinutes": times.0, "restTimeMinutes": times.1, "description": times.2,
            "servings": times.3, "yield": times.4, "instructions": tags.0, "keywords": tags.1, "tools": tags.2,
            "nutrition": rest.0, "source": rest.1, "language": rest.2, "difficulty": rest.3, "visibility": rest.4,
            "extra": rest.5,
        })
    })
}

fn trimmed(text: impl Into<String>) -> String {
    text.into().trim().to_owned()
}

fn halves() -> impl Strategy<Value = Value> {
    (0..100_u32).prop_map(|n| json!(f64::from(n) + 0.5))
}

fn without_nulls(mut object: Value) -> Value {
    object.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    object
}
