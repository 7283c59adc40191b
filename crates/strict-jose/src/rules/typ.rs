//! The types of tokens that rules accept.

use crate::error::{Error, Excerpt, Wanted};

/// The accepted values of the header parameter `typ`.
#[derive(Clone, Debug)]
pub(crate) enum TypRule {
    Named(Wanted),
    NamedOrAbsent(Wanted),
    Any,
}

impl TypRule {
    pub(crate) fn check(&self, typ: Option<&str>) -> Result<(), Error> {
        let (wanted, may_be_absent) = match self {
            Self::Any => return Ok(()),
            Self::Named(wanted) => (wanted, false),
            Self::NamedOrAbsent(wanted) => (wanted, true),
        };
        let is_wanted = |typ| wanted.iter().any(|wanted| is_same_type(wanted, typ));
        if typ.map_or(may_be_absent, is_wanted) {
            Ok(())
        } else {
            Err(Error::WrongType { wanted: wanted.clone(), found: typ.map(Excerpt::of) })
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
