use proptest::prelude::*;

use super::no_duplicates::NoDuplicates;
use super::*;

#[track_caller]
fn check(text: &str, want: Result<(), Malformed>) {
    assert_eq!(object::<Malformed>(text, CLAIMS, |_, _| Ok(())), want, "{text}");
}

#[test]
fn one_object_is_read() {
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
fn whatever_is_not_one_object_is_refused() {
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
fn a_member_that_occurs_twice_is_refused_however_it_is_written() {
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
fn sixteen_levels_are_enough() {
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
fn members_are_compared_up_to_the_limit_and_not_beyond() {
    let members = |count: usize| (0..count).map(|i| format!("\"{i}\":0")).collect::<Vec<_>>().join(",");
    check(&format!("{{{}}}", members(CLAIMS.open)), Ok(()));
    check(&format!("{{{}}}", members(CLAIMS.open + 1)), Err(Malformed::TooManyMembers));
    for first in [0, FEW - 1, FEW, CLAIMS.open - 2] {
        check(&format!("{{{},\"{first}\":0}}", members(CLAIMS.open - 1)), Err(Malformed::Duplicate));
    }
    // Closed objects are forgotten, on the stack and beyond it.
    let inner = format!("{{{}}}", members(FEW));
    check(
        &format!("{{\"a\":{inner},\"b\":{inner},\"c\":[{}{inner}]}}", format!("{inner},").repeat(20)),
        Ok(()),
    );
}

#[test]
fn members_are_counted_up_to_the_limit_and_not_beyond() {
    let read = |text: &str, all| object::<Malformed>(text, Limits { open: 3, all }, |_, _| Ok(()));
    let text = r#"{"a":{"b":1},"c":[{"d":1},{"d":1}]}"#;
    assert_eq!(read(text, 5), Ok(()));
    assert_eq!(read(text, 4), Err(Malformed::TooManyMembers));
}

/// The length in a mark has 16 bits.
#[test]
fn a_long_name_is_the_same_name_with_escapes() {
    for len in [65_535, 65_536, 65_537, 131_073] {
        let rest = "y".repeat(len - 2);
        check(&format!(r#"{{"x{rest}z":1,"\u0078{rest}z":2}}"#), Err(Malformed::Duplicate));
    }
}

#[test]
fn names_with_one_mark_are_still_two_names() {
    check(r#"{"abbc":1,"accc":2,"\u0061ddc":3,"a\u0065ec":4}"#, Ok(()));
    check(r#"{"abbc":1,"accc":2,"\u0061ddc":3,"a\u0063cc":4}"#, Err(Malformed::Duplicate));
    check(r#"{"é":1,"\u00e8":2}"#, Ok(()));
}

#[test]
fn the_elements_of_an_array_are_shown() {
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
fn a_special_byte_is_found_wherever_it_stands() {
    for special in (0..=255_u8).filter(|byte| matches!(byte, b'"' | b'\\' | ..0x20)) {
        for (before, behind) in (0..20).flat_map(|before| (0..20).map(move |behind| (before, behind))) {
            for ordinary in [b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                let bytes = [vec![ordinary; before], vec![special], vec![b'"'; behind]].concat();
                assert_eq!(ordinary_bytes(&bytes), Some(before), "{bytes:?}");
                assert_eq!(ordinary_bytes(&bytes[..before]), None, "{bytes:?}");
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

    /// The same texts pass as pass `serde_json` with a set of names for each object.
    #[test]
    fn agrees_with_serde_json(text in nearly_json()) {
        let ours = object::<Malformed>(&text, CLAIMS, |_, _| Ok(()));
        let theirs = text.trim_start_matches([' ', '\n']).starts_with('{')
            && serde_json::from_str::<NoDuplicates>(&text).is_ok();
        prop_assert_eq!(ours.is_ok(), theirs, "{:?}", ours);
    }

    #[test]
    fn every_string_is_itself_again(string in ".*", other in ".*") {
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

/// JSON from pieces, now and then with a piece too many or another one.
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
