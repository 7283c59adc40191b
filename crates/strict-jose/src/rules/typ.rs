//! The types of tokens that rules accept.

use crate::error::Error;

/// The accepted values of the header parameter `typ`.
#[derive(Clone, Debug)]
pub(crate) enum TypRule {
    Named(Box<str>),
    NamedOrAbsent(Box<str>),
    Any,
}

impl TypRule {
    pub(crate) fn check(&self, typ: Option<&str>) -> Result<(), Error> {
        match (self, typ) {
            (Self::Any, _) | (Self::NamedOrAbsent(_), None) => Ok(()),
            (Self::Named(accepted) | Self::NamedOrAbsent(accepted), Some(typ))
                if is_same_type(accepted, typ) =>
            {
                Ok(())
            }
            _ => Err(Error::WrongType),
        }
    }
}

/// Compares two media types as [RFC 7515 §4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9) defines: without
/// regard to case, with or without `application/`.
fn is_same_type(one: &str, other: &str) -> bool {
    subtype(one).eq_ignore_ascii_case(subtype(other))
}

/// A media type without `application/`. The prefix stays if the rest contains another slash.
fn subtype(typ: &str) -> &str {
    const APPLICATION: &str = "application/";
    match typ.split_at_checked(APPLICATION.len()) {
        Some((tree, rest)) if tree.eq_ignore_ascii_case(APPLICATION) && !rest.contains('/') => rest,
        _ => typ,
    }
}
