use proptest::prelude::*;

use super::*;

const MAX_BYTES: usize = 256 * 1024;
const TOO_LONG: ItemError = ItemError::TooLong { max_bytes: MAX_BYTES };

fn items(text: &[u8]) -> Vec<(u64, Result<String, ItemError>)> {
    // A buffer of one byte: no result may depend on where the blocks of a file end.
    let mut items = JsonItems::new(io::BufReader::with_capacity(1, text), MAX_BYTES);
    let mut all = Vec::new();
    while let Some(Item { line, text }) = items.next_item().unwrap() {
        all.push((line, text.map(|text| String::from_utf8_lossy(text).into_owned())));
    }
    all
}

#[track_caller]
fn check(text: &str, want: &[(u64, Result<&str, ItemError>)]) {
    let want: Vec<_> = want.iter().map(|(line, text)| (*line, text.map(str::to_owned))).collect();
    assert_eq!(items(text.as_bytes()), want, "{text}");
}

#[test]
fn arrays_are_split_in_any_layout() {
    check(r#"[{"a":1},{"b":[2,3]}]"#, &[(1, Ok(r#"{"a":1}"#)), (1, Ok(r#"{"b":[2,3]}"#))]);
    check(
        "\u{feff}\n[\n {\n  \"a\": 1\n },\r\n {\"b\": 2}\n]\n\n",
        &[(3, Ok("{\n  \"a\": 1\n }")), (6, Ok(r#"{"b": 2}"#))],
    );
    check("[\n{\"a\":[\n{\n}\n]},\n{}]", &[(2, Ok("{\"a\":[\n{\n}\n]}")), (6, Ok("{}"))]);
    check("[]", &[]);
    check(" [ ] ", &[]);
}

#[test]
fn ndjson_objects_may_span_several_lines() {
    check("{\"a\":1}\n\n{\"b\":2}\r\n", &[(1, Ok(r#"{"a":1}"#)), (3, Ok(r#"{"b":2}"#))]);
    check(
        "{\n  \"a\": [\n    {\n    }\n  ]\n}\n{\n}",
        &[(1, Ok("{\n  \"a\": [\n    {\n    }\n  ]\n}")), (7, Ok("{\n}"))],
    );
    check("{} {}", &[(1, Ok("{} {}"))]);
    check("{}\n7\n[1,2]\n{}", &[(1, Ok("{}")), (2, Ok("7")), (3, Ok("[1,2]")), (4, Ok("{}"))]);
}

#[test]
fn brackets_and_commas_in_strings_are_ignored() {
    let item = r#"{"a":"],}{[\"","b\\":"\\"}"#;
    check(&format!("[{item},{item}]"), &[(1, Ok(item)), (1, Ok(item))]);
    check(&format!("{item}\n{item}"), &[(1, Ok(item)), (2, Ok(item))]);
}

fn skipped(text: &str) -> Vec<String> {
    let mut items = JsonItems::new(text.as_bytes(), MAX_BYTES);
    while items.next_item().unwrap().is_some() {}
    items.skipped_members().to_vec()
}

#[test]
fn recipes_are_found_in_the_answers_of_the_api() {
    let list = "{\"data\":[{\"a\":1},\n{\"b\":2}],\"nextCursor\":\"x\"}";
    check(list, &[(1, Ok("{\"a\":1}")), (2, Ok("{\"b\":2}"))]);
    assert_eq!(skipped(list), ["nextCursor"]);
    check("{ \"data\" : []\n}", &[]);
    check("{\n \"data\": {\n  \"a\": {}\n }\n}\n", &[(2, Ok("{\n  \"a\": {}\n }"))]);
    let export = r#"{"account":{"name":"}"},"events":[{"data":[1]},","],"at":null,"recipes":[{"a":1}]}"#;
    check(export, &[(1, Ok(r#"{"a":1}"#))]);
    assert_eq!(skipped(export), ["account", "events", "at"]);
    check(r#"{"exportedAt":"now","recipes":[{}]}"#, &[(1, Ok("{}"))]);
    check(r#"{"recipes":[{}]}"#, &[(1, Ok("{}"))]);
}

#[test]
fn nodes_of_a_graph_are_items_and_a_recipe_with_a_context_is_one() {
    for start in [
        r#"{"@graph":["#,
        r#"{"@context":"https://schema.org","@graph":["#,
        "{ \"@context\" : [\"https://schema.org\", {\"a\": \",}\"}] ,\n \"@graph\" : [",
    ] {
        let line = u64::from(start.contains('\n')) + 1;
        check(&format!("{start}{{\"a\":1}},{{}}]}}"), &[(line, Ok("{\"a\":1}")), (line, Ok("{}"))]);
        assert!(skipped(&format!("{start}]}}")).is_empty());
    }
    for text in [
        r#"{"@context":"https://schema.org","@type":"Recipe","a":"]"}"#,
        r#"{"@context":"https://schema.org"}"#,
        r#"{"@context":{"@vocab":"x"},"data":[{}]}"#,
        r#"{"@context""#,
    ] {
        check(text, &[(1, Ok(text))]);
        check(&format!("{text}\n{{}}"), &[(1, Ok(text)), (2, Ok("{}"))]);
    }
}

#[test]
fn pages_in_one_file_are_read_one_after_the_other() {
    let page = "{\"data\":[{\"a\":1},{\"b\":2}],\"nextCursor\":\"x\"}";
    for between in ["", "\n"] {
        let found = items(format!("{page}{between}{page}").as_bytes());
        let texts: Vec<_> = found.into_iter().map(|(_, text)| text.unwrap()).collect();
        assert_eq!(texts, ["{\"a\":1}", "{\"b\":2}", "{\"a\":1}", "{\"b\":2}"]);
    }
}

#[test]
fn objects_that_only_resemble_envelopes_are_items() {
    for text in
        ["{}", "{\"a\":1}", "{\"datum\":[{}]}", "{\n \"recipe\": 1}", "{\"data\"}", "{\"da", "{ ", "{1"]
    {
        check(text, &[(1, Ok(text.trim_end()))]);
    }
    check("\n{\n\n\"a\":1}\n{}", &[(2, Ok("{\n\n\"a\":1}")), (5, Ok("{}"))]);
}

#[test]
fn broken_envelope_is_an_error_after_its_items() {
    check("{\"data\":[{}", &[(1, Ok("{}")), (1, Err(ItemError::NotClosed))]);
    check("{\"data\":[{}]", &[(1, Ok("{}")), (1, Err(ItemError::NotClosed))]);
    check("{\"data\":[{}]]}", &[(1, Ok("{}")), (1, Err(ItemError::NotJson))]);
    check("{\"data\":[{}],7}", &[(1, Ok("{}")), (1, Err(ItemError::NotJson))]);
    check("{\"data\":", &[(1, Err(ItemError::NotClosed))]);
    check("{\"data\":{\"a\":1", &[(1, Ok("{\"a\":1")), (1, Err(ItemError::NotClosed))]);
}

#[test]
fn empty_file_is_an_empty_list_and_plain_text_is_an_error() {
    check("", &[]);
    check(" \n", &[]);
    check("\u{feff}", &[]);
    check("\nname,minutes\nSoup,3\n", &[(2, Err(ItemError::NotAList))]);
}

#[test]
fn items_before_and_after_a_syntax_error_are_found() {
    check("[{},{\"a\":1", &[(1, Ok("{}")), (1, Ok("{\"a\":1")), (1, Err(ItemError::NotClosed))]);
    check("[{}\n", &[(1, Ok("{}")), (2, Err(ItemError::NotClosed))]);
    check("[{},\n", &[(1, Ok("{}")), (2, Err(ItemError::NotClosed))]);
    check("[", &[(1, Err(ItemError::NotClosed))]);
    check(
        "[{},,{},]",
        &[(1, Ok("{}")), (1, Err(ItemError::Missing)), (1, Ok("{}")), (1, Err(ItemError::Missing))],
    );
    check("[{} {},\n{}]", &[(1, Ok("{} {}")), (2, Ok("{}"))]);
    check("[{}]\n[{}]", &[(1, Ok("{}")), (2, Err(ItemError::TextAfterList))]);
    check("[{\"a\":\"b,\n},\n{}]", &[(1, Ok("{\"a\":\"b,\n}")), (3, Ok("{}"))]);
    check("{\"a\":[1\n{}\n", &[(1, Ok("{\"a\":[1")), (2, Ok("{}"))]);
    check("{\"a\":\"b\n{}\n", &[(1, Ok("{\"a\":\"b")), (2, Ok("{}"))]);
    check("{\"a\":\"b\\\n{}\n", &[(1, Ok("{\"a\":\"b\\")), (2, Ok("{}"))]);
    check("{}}\n{}", &[(1, Ok("{}}")), (2, Ok("{}"))]);
}

#[test]
fn item_longer_than_the_limit_is_an_error_and_the_next_is_read() {
    let of_length = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    let (longest, longer) = (of_length(MAX_BYTES), of_length(MAX_BYTES + 1));
    check(
        &format!("[{longest} ,\n{longer},\n{{}}]"),
        &[(1, Ok(&longest)), (2, Err(TOO_LONG)), (3, Ok("{}"))],
    );
    check(&format!("{longest}\n{longer}\n{{}}"), &[(1, Ok(&longest)), (2, Err(TOO_LONG)), (3, Ok("{}"))]);
    assert_eq!(TOO_LONG.to_string(), "is longer than 256 KiB");
}

proptest! {
    /// Any objects in any layout come out as they went in.
    #[test]
    fn json_comes_out_as_it_went_in(
        texts in prop::collection::vec("\\PC{0,20}|[\\[\\]{},\"\\\\\n ]{0,12}", 0..8),
        pretty: bool,
        layout in 0..3,
    ) {
        let values: Vec<_> = texts.iter().map(|text| serde_json::json!({ text: [text, { "a": text }] })).collect();
        let written: Vec<_> =
            values.iter().map(|value| if pretty { format!("{value:#}") } else { value.to_string() }).collect();
        let file = match layout {
            0 => format!("[{}]", written.join(",")),
            1 => format!("{{\"data\":[{}],\"nextCursor\":\"],}}\"}}", written.join(",")),
            _ => written.join("\n"),
        };
        let read: Vec<_> = items(file.as_bytes()).into_iter().map(|(_, text)| text).collect();
        prop_assert_eq!(read, written.into_iter().map(Ok).collect::<Vec<_>>());
    }

    #[test]
    fn no_input_causes_a_panic_or_an_endless_loop(text in "[\\[\\]{},\"\\\\\n a1]{0,60}") {
        prop_assert!(items(text.as_bytes()).len() <= text.len() + 2);
    }
}
