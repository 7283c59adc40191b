//! The request header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07).

use axum::extract::FromRequestParts;
use http::{HeaderName, request::Parts};

use crate::http::error::RequestError;

const NAME: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key, in characters.
const LONGEST: usize = 255;

/// The key with which a client marks a request and its repetitions. The draft demands quotes; most clients send none.
pub struct IdempotencyKey(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = RequestError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, RequestError> {
        let mut values = parts.headers.get_all(NAME).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let key = value.to_str().ok().and_then(parse).filter(|_| values.next().is_none());
        let malformed = RequestError::Malformed(
            "Idempotency-Key must be one key of 1 to 255 visible ASCII characters, such as a UUID".into(),
        );
        key.map(|key| Self(Some(key))).ok_or(malformed)
    }
}

fn parse(text: &str) -> Option<String> {
    let text = text.trim_matches([' ', '\t']);
    let key = match text.strip_prefix('"') {
        Some(quoted) => unescaped(quoted.strip_suffix('"')?)?,
        None => text.to_owned(),
    };
    let fits = (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(key)
}

/// The characters between the quotes (RFC 9651, section 3.3.3).
fn unescaped(quoted: &str) -> Option<String> {
    let mut key = String::with_capacity(quoted.len());
    let mut rest = quoted.chars();
    while let Some(c) = rest.next() {
        key.push(match c {
            '"' => return None,
            '\\' => rest.next().filter(|c| matches!(c, '"' | '\\'))?,
            c => c,
        });
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_and_without_quotes() {
        let long = "x".repeat(LONGEST);
        for (text, want) in [
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", Some("8e03978e-40d5-43dd-bc93-6894a57f9324")),
            ("\"8e03978e\"", Some("8e03978e")),
            (" a,b;c=d\t", Some("a,b;c=d")),
            (r#""a\"b\\c""#, Some(r#"a"b\c"#)),
            (&long, Some(&*long)),
            ("", None),
            ("\"", None),
            ("\"\"", None),
            ("\"a", None),
            ("\"a\\\"", None),
            (r#""a\b""#, None),
            ("\"a\" \"b\"", None),
            ("\"a\";q=1", None),
            ("a b", None),
            (&format!("{long}x"), None),
        ] {
            assert_eq!(parse(text).as_deref(), want, "{text}");
        }
    }
}
