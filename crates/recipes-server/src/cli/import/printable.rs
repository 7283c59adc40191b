/// A text of a file as it may be printed: shortened, and without characters that control a terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
