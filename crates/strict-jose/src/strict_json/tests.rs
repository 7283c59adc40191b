use proptest::prelude::*;

use super::no_duplicates::NoDuplicates;
use super::*;

#[track_caller]
fn check(text: &str, want: Result<(), Malformed>) {
    assert_eq!(object::<Malformed>(text, CLAIMS, |_, _| Ok(())), want, "{text}");
}

#[test]
fn one_object_is_accepted() {
    for text in [
        "{}",
        " \t\r\n{ } \t\r\n",
        r#"{"a":1,"b":[],"c":{},"d":null,"e":true,"f":false}"#,
        r#"{"":0,"\u0000":0,"é":0,"\ud83d\ude00":0,"\"\\\/\b\f\n\r\t":0}"#,
        r#"{"n":[0,-0,1,-1,10,0.5,-0.5e1,1E+2,1e-2,123456789012345678901234567890]}"#,
        r#"{"a":{"x":1},"b":{"x":1},"x":[{"x":1},{"x":1}]}"#,
    ] {
        check(text, Ok(()));
    }
}

#[test]
fn other_texts_are_refused() {
    for text in [
        "",
        " ",
        "null",
        "[]",
        "\"a\"",
        "1",
        "{",
        "}",
        "{}{}",
        "{},",
        "{}x",
        "\u{feff}{}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1;}",
        "{\"a\" 1}",
        "{\"a\":tru}",
        "{\"a\":True}",
        "{\"a\":nul",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":-}",
        "{\"a\":+1}",
        "{\"a\":01}",
        "{\"a\":-01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":1e309}",
        "{\"a\":[-1e4001]}",
        "{\"a\":1e+}",
        "{\"a\":0x1}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1 2]}",
        "{\"a\":[1}",
        "{\"a\":[1]",
        "{\"a\":\"",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\0\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\ud83d\"}",
        "{\"a\":\"\\ude00\"}",
        "{\"a\":\"\\ud83d\\u0041\"}",
        "{\"a\":\"\\ud83dxxxxxx\"}",
        "{\"a\":\"\\",
        "{\"a\":1}//",
        "{\"a\":/**/1}",
        "{\"a\":\u{a0}1}",
    ] {
        check(text, Err(Malformed::Json));
    }
}

#[test]
fn duplicate_members_are_refused_even_with_escapes() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"":1,"":2}"#,
        r#"{"exp":1,"\u0065xp":2}"#,
        r#"{"\u0065xp":1,"e\u0078p":2}"#,
        r#"{"a/b":1,"a\/b":2}"#,
        r#"{"😀":1,"\uD83D\uDE00":2}"#,
        r#"{"a":{"b":1,"b":2}}"#,
        r#"{"a":[{"b":{"c":1,"c":2}}]}"#,
        r#"{"a":{"b":1},"a":{}}"#,
    ] {
        check(text, Err(Malformed::Duplicate));
    }
}

#[test]
fn sixteen_levels_are_the_limit() {
    let nested = |open: &str, close: &str, levels: usize| {
        format!("{{\"a\":{}{}}}", open.repeat(levels), close.repeat(levels))
    };
    check(&nested("[", "]", 15), Ok(()));
    check(&nested("[", "]", 16), Err(Malformed::TooDeep));
    check(&format!("{}0{}", r#"{"a":"#.repeat(16), "}".repeat(16)), Ok(()));
    check(&format!("{}0{}", r#"{"a":"#.repeat(17), "}".repeat(17)), Err(Malformed::TooDeep));
    check(&nested("[", "", 1_000_000), Err(Malformed::TooDeep));
}

#[test]
fn open_members_are_limited() {
    let members = |count: usize| (0..count).map(|i| format!("\"{i}\":0")).collect::<Vec<_>>().join(",");
    check(&format!("{{{}}}", members(CLAIMS.open)), Ok(()));
    check(&format!("{{{}}}", members(CLAIMS.open + 1)), Err(Malformed::TooManyMembers));
    for first in [0, ON_STACK - 1, ON_STACK, CLAIMS.open - 2] {
        check(&format!("{{{},\"{first}\":0}}", members(CLAIMS.open - 1)), Err(Malformed::Duplicate));
    }
    // Members of closed objects no longer count, on the stack and beyond it.
    let inner = format!("{{{}}}", members(ON_STACK));
    check(
        &format!("{{\"a\":{inner},\"b\":{inner},\"c\":[{}{inner}]}}", format!("{inner},").repeat(20)),
        Ok(()),
    );
}

#[test]
fn all_members_are_limited() {
    let read = |text: &str, all| object::<Malformed>(text, Limits::new(3, all), |_, _| Ok(()));
    let text = r#"{"a":{"b":1},"c":[{"d":1},{"d":1}]}"#;
    assert_eq!(read(text, 5), Ok(()));
    assert_eq!(read(text, 4), Err(Malformed::TooManyMembers));
}

#[test]
fn long_name_equals_itself_with_escapes() {
    for len in [65_535, 65_536, 65_537, 131_073] {
        let rest = "y".repeat(len - 2);
        check(&format!(r#"{{"x{rest}z":1,"\u0078{rest}z":2}}"#), Err(Malformed::Duplicate));
    }
}

#[test]
fn names_of_equal_length_and_ends_are_distinguished() {
    check(r#"{"abbc":1,"accc":2,"\u0061ddc":3,"a\u0065ec":4}"#, Ok(()));
    check(r#"{"abbc":1,"accc":2,"\u0061ddc":3,"a\u0063cc":4}"#, Err(Malformed::Duplicate));
    check(r#"{"é":1,"\u00e8":2}"#, Ok(()));
}

#[test]
fn elements_of_an_array_are_listed() {
    #[track_caller]
    fn elements(array: &str, want: &[Option<&str>]) {
        let got: Vec<_> =
            texts(array).map(|text| text.map(|text| text.chars().collect::<String>())).collect();
        assert_eq!(got.iter().map(Option::as_deref).collect::<Vec<_>>(), want, "{array}");
    }
    elements("[]", &[]);
    elements("[ ]", &[]);
    elements(r#"["a"]"#, &[Some("a")]);
    elements(r#"[ "a" , "\u0062" ]"#, &[Some("a"), Some("b")]);
    elements(
        r#"["]",",",1,["x","y"],{"z":"z"},null,"c"]"#,
        &[Some("]"), Some(","), None, None, None, None, Some("c")],
    );
}

#[test]
fn special_bytes_are_found_at_every_position() {
    for special in (0..0x20_u8).map(char::from).chain(['"', '\\']) {
        for (before, after) in (0..20).flat_map(|before| (0..20).map(move |after| (before, after))) {
            for ordinary in [' ', '!', '#', '[', ']', '\u{7f}', '\u{80}', '\u{a2}', '\u{7ff}', '\u{10ffff}'] {
                let ordinary = ordinary.to_string().repeat(before);
                let text = format!("{ordinary}{special}{}", "\"".repeat(after));
                let scanned = Text::scan(&text, 0);
                if special == '"' {
                    assert!(scanned.is_some_and(|scanned| scanned.is(&ordinary)), "{text:?}");
                } else {
                    let is_escape = special == '\\' && after >= 2;
                    assert_eq!(scanned.is_some(), is_escape, "{text:?}");
                }
                assert!(Text::scan(&ordinary, 0).is_none(), "{text:?}");
            }
        }
    }
}

#[test]
fn escapes_are_resolved_in_place() {
    let mut string = *br"a\u0041\/\\\u00e9\ud83d\ude00\n";
    let len = unescape_in_place(&mut string);
    assert_eq!(std::str::from_utf8(&string[..len]), Ok("aA/\\é😀\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// `serde_json` with a set of names for each object accepts the same texts.
    #[test]
    fn agrees_with_serde_json(text in nearly_json()) {
        let ours = object::<Malformed>(&text, CLAIMS, |_, _| Ok(()));
        let theirs = text.trim_start_matches([' ', '\n']).starts_with('{')
            && serde_json::from_str::<NoDuplicates>(&text).is_ok();
        prop_assert_eq!(ours.is_ok(), theirs, "{:?}", ours);
    }

    #[test]
    fn every_string_round_trips(string in ".*", other in ".*") {
        let escaped = string.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
        for raw in [serde_json::to_string(&string).unwrap(), format!("\"{escaped}\"")] {
            let text = format!("{{\"a\":{raw}}}");
            object::<Malformed>(&text, CLAIMS, |_, value| {
                let value = value.text().unwrap();
                assert!(value.is(&string));
                assert_eq!(value.is(&other), string == other);
                let mut bytes = text.as_bytes()[value.span()].to_vec();
                let len = unescape_in_place(&mut bytes);
                assert_eq!(&bytes[..len], string.as_bytes());
                Ok(())
            }).unwrap();
        }
    }
}

/// JSON with an extra piece inserted at a random position.
fn nearly_json() -> impl Strategy<Value = String> {
    let name =
        prop::sample::select(vec!["\"a\"", "\"\\u0061\"", "\"b\"", "\"c\"", "\"é\"", "\"\\u00e9\"", "\"\""]);
    let leaf = prop::sample::select(vec![
        "0",
        "-0",
        "01",
        "1.5",
        "1.",
        "-1e9",
        "1e",
        "true",
        "nul",
        "null",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"x\\\"\"",
        "\"\u{1f}\"",
        "\"\u{7f}\"",
        " 1 ",
        "\n2",
    ]);
    let json = leaf.prop_map(str::to_owned).prop_recursive(4, 24, 4, move |inner| {
        let member = (name.clone(), inner.clone()).prop_map(|(name, value)| format!("{name}:{value}"));
        prop_oneof![
            prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(","))),
            prop::collection::vec(inner, 0..3).prop_map(|elements| format!("[{}]", elements.join(", "))),
        ]
    });
    let piece = prop::sample::select(vec![
        "", "", "", "{", "}", "[", "]", ",", ":", "\"", "\\", "0", " ", "\u{feff}",
    ]);
    (json, any::<prop::sample::Index>(), piece).prop_map(|(json, at, piece)| {
        let at = json.floor_char_boundary(at.index(json.len() + 1));
        format!("{}{piece}{}", &json[..at], &json[at..])
    })
}
