/// Replaces control characters: anyone can write a token, and its text must not control the terminal.
pub(super) fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(printable("a\u{9b}2J\u{1b}[2J\nb"), "a\u{fffd}2J\u{fffd}[2J\nb");
    }
}
