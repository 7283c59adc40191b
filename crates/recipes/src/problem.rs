//! What is wrong with a document, and where.

use serde::Serialize;

/// One thing that somebody has to change before a document is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where, as a JSON pointer (RFC 6901): `/ingredients/2`. The whole document is the empty text.
    pub pointer: String,
    /// What to do: "must be 1 to 500 characters". Never what was sent: that may be a secret.
    pub message: String,
}

/// Adds one step to a JSON pointer.
pub(crate) fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    // Nearly always, and a name costs a tenth then.
    if !token.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
        return pointer.push_str(token);
    }
    for c in token.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_special_characters_of_rfc_6901_are_escaped() {
        let mut pointer = String::new();
        for token in ["a/b", "m~n", "", "~1"] {
            push_token(&mut pointer, token);
        }
        assert_eq!(pointer, "/a~1b/m~0n//~01");
    }
}
