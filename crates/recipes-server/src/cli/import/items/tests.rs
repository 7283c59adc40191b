use proptest::prelude::*;

use super::*;

fn items(text: &[u8]) -> Vec<(u64, Result<String, Flaw>)> {
    // A buffer of one byte, so that nothing depends on where the file's blocks end.
    let mut items = Items::new(io::BufReader::with_capacity(1, text));
    let mut all = Vec::new();
    while let Some(Item { line, text }) = items.next().unwrap() {
        all.push((line, text.map(|text| String::from_utf8_lossy(text).into_owned())));
    }
    all
}

#[track_caller]
fn check(text: &str, want: &[(u64, Result<&str, Flaw>)]) {
    let want: Vec<_> = want.iter().map(|(line, text)| (*line, text.map(str::to_owned))).collect();
    assert_eq!(items(text.as_bytes()), want, "{text}");
}

#[test]
fn arrays_are_read_however_they_are_set() {
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
fn lines_are_read_and_so_are_objects_over_several_lines() {
    check("{\"a\":1}\n\n{\"b\":2}\r\n", &[(1, Ok(r#"{"a":1}"#)), (3, Ok(r#"{"b":2}"#))]);
    check(
        "{\n  \"a\": [\n    {\n    }\n  ]\n}\n{\n}",
        &[(1, Ok("{\n  \"a\": [\n    {\n    }\n  ]\n}")), (7, Ok("{\n}"))],
    );
    check("{} {}", &[(1, Ok("{} {}"))]);
    check("{}\n7\n[1,2]\n{}", &[(1, Ok("{}")), (2, Ok("7")), (3, Ok("[1,2]")), (4, Ok("{}"))]);
}

#[test]
fn what_stands_in_strings_is_not_looked_at() {
    let item = r#"{"a":"],}{[\"","b\\":"\\"}"#;
    check(&format!("[{item},{item}]"), &[(1, Ok(item)), (1, Ok(item))]);
    check(&format!("{item}\n{item}"), &[(1, Ok(item)), (2, Ok(item))]);
}

#[test]
fn nothing_is_an_empty_list_and_a_text_is_none() {
    check("", &[]);
    check(" \n", &[]);
    check("\u{feff}", &[]);
    check("\nname,minutes\nSoup,3\n", &[(2, Err(Flaw::NoItems))]);
}

#[test]
fn what_comes_before_a_fault_is_kept_and_what_comes_behind_is_found_again() {
    check("[{},{\"a\":1", &[(1, Ok("{}")), (1, Ok("{\"a\":1")), (1, Err(Flaw::NotClosed))]);
    check("[{}\n", &[(1, Ok("{}")), (2, Err(Flaw::NotClosed))]);
    check("[{},\n", &[(1, Ok("{}")), (2, Err(Flaw::NotClosed))]);
    check("[", &[(1, Err(Flaw::NotClosed))]);
    check("[{},,{},]", &[(1, Ok("{}")), (1, Err(Flaw::Missing)), (1, Ok("{}")), (1, Err(Flaw::Missing))]);
    check("[{} {},\n{}]", &[(1, Ok("{} {}")), (2, Ok("{}"))]);
    check("[{}]\n[{}]", &[(1, Ok("{}")), (2, Err(Flaw::TextBehind))]);
    check("[{\"a\":\"b,\n},\n{}]", &[(1, Ok("{\"a\":\"b,\n}")), (3, Ok("{}"))]);
    check("{\"a\":[1\n{}\n", &[(1, Ok("{\"a\":[1")), (2, Ok("{}"))]);
    check("{\"a\":\"b\n{}\n", &[(1, Ok("{\"a\":\"b")), (2, Ok("{}"))]);
    check("{\"a\":\"b\\\n{}\n", &[(1, Ok("{\"a\":\"b\\")), (2, Ok("{}"))]);
    check("{}}\n{}", &[(1, Ok("{}}")), (2, Ok("{}"))]);
}

#[test]
fn one_item_may_be_as_long_as_a_body_and_no_longer() {
    let of_length = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    let (longest, longer) = (of_length(256 * 1024), of_length(256 * 1024 + 1));
    check(
        &format!("[{longest} ,\n{longer},\n{{}}]"),
        &[(1, Ok(&longest)), (2, Err(Flaw::TooLong)), (3, Ok("{}"))],
    );
    check(
        &format!("{longest}\n{longer}\n{{}}"),
        &[(1, Ok(&longest)), (2, Err(Flaw::TooLong)), (3, Ok("{}"))],
    );
}

proptest! {
    /// Whatever the objects are and however they are set, they come out as they went in.
    #[test]
    fn json_comes_out_as_it_went_in(
        texts in prop::collection::vec("\\PC{0,20}|[\\[\\]{},\"\\\\\n ]{0,12}", 0..8),
        pretty: bool,
        array: bool,
    ) {
        let values: Vec<_> = texts.iter().map(|text| serde_json::json!({ text: [text, { "a": text }] })).collect();
        let written: Vec<_> =
            values.iter().map(|value| if pretty { format!("{value:#}") } else { value.to_string() }).collect();
        let file = if array { format!("[{}]", written.join(",")) } else { written.join("\n") };
        let read: Vec<_> = items(file.as_bytes()).into_iter().map(|(_, text)| text).collect();
        prop_assert_eq!(read, written.into_iter().map(Ok).collect::<Vec<_>>());
    }

    #[test]
    fn no_file_makes_it_panic_or_go_on_for_ever(text in "[\\[\\]{},\"\\\\\n a1]{0,60}") {
        prop_assert!(items(text.as_bytes()).len() <= text.len() + 2);
    }
}
