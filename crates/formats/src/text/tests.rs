use super::*;

#[test]
fn tags_and_references_become_plain_text() {
    for (html, text) in [
        ("Salt &amp; pepper", "Salt & pepper"),
        ("Salt &amp;amp; pepper", "Salt & pepper"),
        ("&lt;p&gt;Mix&lt;/p&gt;", "Mix"),
        ("&amp;lt;strong&amp;gt;Mix&amp;lt;/strong&amp;gt;", "Mix"),
        ("a <b>bold</b><br/>line", "a bold line"),
        ("<a href=\"https://a.example/?a=1>2\" title='x'>Link</a>", "Link"),
        ("bake &#189; hour at 180&deg;C &#x2013; or less", "bake ½ hour at 180°C – or less"),
        ("&#150; &#146;", "– ’"),
        ("4 servings (12&#8211;16 lollipops)", "4 servings (12–16 lollipops)"),
        ("until it is < 5 cm & > 3 cm, I <3 it", "until it is < 5 cm & > 3 cm, I <3 it"),
        ("a<!-- note -->b", "ab"),
        ("x<script>alert(1)</script>y", "xy"),
        ("soft\u{ad}ly\u{200b} and\u{a0}slowly\u{7}", "softly and slowly"),
        ("[caption id=\"1\"]A cake[/caption] [optional]", "A cake [optional]"),
        ("AT&T, Q&A &unknown; &", "AT&T, Q&A &unknown; &"),
        ("cut off <strong", "cut off"),
        ("<td>1</td><td>cup</td>", "1 cup"),
        ("", ""),
    ] {
        assert_eq!(line(html), text, "{html}");
    }
}

#[test]
fn blocks_are_lines_and_paragraphs_keep_a_blank_line() {
    assert_eq!(lines("<ol><li>One</li><li>Two<br>Three</li></ol>"), ["One", "Two", "Three"]);
    assert_eq!(lines("One\r\n\r\nTwo\u{2028}Three"), ["One", "Two", "Three"]);
    assert_eq!(paragraphs("<p>One</p><p>Two<br>Three</p>"), "One\n\nTwo\nThree");
    assert_eq!(paragraphs("One\r\nTwo\r\n\r\n\r\nThree"), "One\nTwo\n\nThree");
}

#[test]
fn long_texts_are_cut_between_words() {
    assert_eq!(cut("short", 5), None);
    assert_eq!(cut("one two three", 9).as_deref(), Some("one two"));
    assert_eq!(cut("äöüäöü", 4).as_deref(), Some("äöüä"));
    assert_eq!(pieces("One. Two. Three.", 10), ["One. Two.", "Three."]);
    assert_eq!(pieces("onetwothree", 4), ["onet", "woth", "ree"]);
    assert_eq!(pieces("", 4), Vec::<String>::new());
}

#[test]
fn other_encodings_are_decoded() {
    assert_eq!(of_bytes(b"\xef\xbb\xbfsoup"), "soup");
    assert_eq!(of_bytes(b"\xff\xfes\0o\0"), "so");
    assert_eq!(of_bytes(b"<meta charset=\"iso-8859-1\">caf\xe9"), "<meta charset=\"iso-8859-1\">café");
    assert_eq!(of_bytes(b"caf\xe9 cr\xe8me"), "café crème");
    assert_eq!(of_bytes("ä\u{fffd}".as_bytes()), "ä\u{fffd}");
}
