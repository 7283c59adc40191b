use crate::telemetry::escape::escape;

/// The start of a text from a file, without characters that control a terminal.
pub(super) fn printable(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    escape(&start).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_escaped_and_long_texts_cut() {
        assert_eq!(printable("so\u{202e}up\u{1b}[2J\u{200b}"), "so\\u{202e}up\\u{1b}[2J\\u{200b}");
        assert_eq!(printable(&"ü".repeat(61)), "ü".repeat(60));
    }
}
