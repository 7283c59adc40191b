//! What must hold for every body there is.

use ids::{RecipeId, Uid};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use recipes::{Draft, Encoding, Tail, splice_id};
use serde_json::{Map, Value, json};

proptest! {
    /// Whatever somebody sends is a draft or a list of problems with places that exist or are missing.
    #[test]
    fn nothing_makes_it_panic(body in any_body(), encoding in prop_oneof![Just(Encoding::Json), Just(Encoding::Form)]) {
        let _ = Draft::unknown_fields(&body);
        match Draft::parse(&body, encoding) {
            Ok(draft) => prop_assert!(!draft.name().is_empty()),
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                let whole = Value::Object(body);
                for problem in problems {
                    let (parent, _) = problem.pointer.rsplit_once('/').unwrap();
                    prop_assert!(whole.pointer(parent).is_some() || parent.is_empty(), "{}", problem.pointer);
                    prop_assert!(problem.message.contains("must "), "{}", problem.message);
                }
            }
        }
    }

    #[test]
    fn a_draft_comes_back_from_its_own_text(body in good_body()) {
        let draft = parse(&body);
        let text = serde_json::to_string(&draft).unwrap();
        prop_assert_eq!(&parse(&serde_json::from_str(&text).unwrap()), &draft);
    }

    #[test]
    fn nothing_that_was_accepted_is_dropped(body in good_body()) {
        let said = serde_json::to_value(parse(&body)).unwrap();
        prop_assert_eq!(said, without_null_and_public(body));
    }

    #[test]
    fn the_stored_text_with_its_number_is_the_draft_with_its_tail(body in good_body(), id in 1..i64::MAX) {
        let draft = parse(&body);
        let now = "2024-05-01T12:00:00.5Z".parse().unwrap();
        let tail = Tail { owner: None, uid: Uid::new(now, [7; 10]), revision: 3, created_at: now, updated_at: now };
        let mut out = Vec::new();
        splice_id(&mut out, RecipeId::from_i64(id).unwrap(), draft.to_document().finish(&tail));
        let mut whole: Map<String, Value> = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(whole.remove("id"), Some(json!(id)));
        for own in ["uid", "revision", "createdAt", "updatedAt"] {
            prop_assert!(whole.remove(own).is_some(), "{}", own);
        }
        prop_assert_eq!(Value::Object(whole), serde_json::to_value(&draft).unwrap());
    }
}

#[test]
fn numbers_do_not_change_in_their_last_digit() {
    // A reader that rounds carelessly makes ...541 of it (serde_json without `float_roundtrip`).
    let text = r#"{"ratio":51.248178375505404}"#;
    let mut body = json!({ "name": "x", "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": 1, "ingredients": [] });
    body["extra"] = serde_json::from_str(text).unwrap();
    assert!(serde_json::to_string(&parse(&body)).unwrap().contains(text));
}

fn parse(body: &Value) -> Draft {
    Draft::parse(body.as_object().unwrap(), Encoding::Json).unwrap()
}

fn without_null_and_public(mut body: Value) -> Value {
    let members = body.as_object_mut().unwrap();
    members
        .retain(|key, value| !value.is_null() || key.ends_with("kTimeMinutes") || key == "prepTimeMinutes");
    if members.get("visibility") == Some(&json!("public")) {
        members.remove("visibility");
    }
    body
}

const FIELDS: [&str; 24] = [
    "name",
    "healthLabels",
    "cookTimeMinutes",
    "prepTimeMinutes",
    "ingredients",
    "totalTimeMinutes",
    "restTimeMinutes",
    "description",
    "servings",
    "yield",
    "instructions",
    "category",
    "cuisine",
    "keywords",
    "tools",
    "nutrition",
    "author",
    "source",
    "license",
    "language",
    "difficulty",
    "visibility",
    "extra",
    "a/b~c",
];

/// Good fields and bad ones, mixed, so that reading gets past the first.
fn any_body() -> impl Strategy<Value = Map<String, Value>> {
    let key =
        prop_oneof![4 => prop::sample::select(&FIELDS[..]).prop_map(str::to_owned), 1 => any::<String>()];
    let fields =
        btree_map(key, any_json(), 0..12).prop_map(|fields| fields.into_iter().collect::<Map<_, _>>());
    (good_body(), fields, any::<bool>()).prop_map(|(good, fields, alone)| {
        let mut body = if alone { Map::new() } else { good.as_object().unwrap().clone() };
        body.extend(fields);
        body
    })
}

fn any_json() -> impl Strategy<Value = Value> {
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

fn good_body() -> impl Strategy<Value = Value> {
    let line = || "[^\\p{Cc}]{0,20}[\\S&&[^\\p{Cc}]]\t?";
    let lines = || vec(line(), 0..5);
    let minutes = || prop::option::of(0..=525_600_u32);
    let amount = prop_oneof![(0..1000_u32).prop_map(Value::from), halves(), line().prop_map(Value::from)];
    let step =
        (prop::option::of(line()), "[\\PC\n\r\t]{1,30}", minutes()).prop_map(|(section, text, minutes)| {
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
        prop::option::of("[\\PC\n]{1,30}"),
        prop::option::of(halves()),
        prop::option::of(line()),
    );
    let tags = (prop::option::of(vec(step, 0..4)), prop::option::of(lines()), prop::option::of(lines()));
    let facts =
        btree_map(prop::sample::select(&["calories", "servingSize", "transFatContent"][..]), amount, 0..3);
    let rest = (
        prop::option::of(facts),
        prop::option::of(credit()),
        prop::option::of(prop::sample::select(&["en", "zh-Hans-CN", "de-CH-1901"][..])),
        prop::option::of(1..=5_u8),
        prop::option::of(prop::sample::select(&["public", "private"][..])),
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

fn halves() -> impl Strategy<Value = Value> {
    (0..100_u32).prop_map(|n| json!(f64::from(n) + 0.5))
}

fn without_nulls(mut object: Value) -> Value {
    object.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    object
}
