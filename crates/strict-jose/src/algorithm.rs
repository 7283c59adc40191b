//! The algorithms a key may have. `none` is not among them and cannot be written.

use std::fmt;
use std::str::FromStr;

/// A signature algorithm of [RFC 7518 §3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1).
///
/// It belongs to the [`Key`](crate::Key), never to the token: a token's `alg` only has to agree. That is what stops
/// every algorithm-confusion attack ([RFC 8725 §3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).
///
/// ```
/// use strict_jose::Algorithm;
///
/// assert_eq!("HS256".parse(), Ok(Algorithm::Hs256));
/// assert!("none".parse::<Algorithm>().is_err());
/// assert!("hs256".parse::<Algorithm>().is_err(), "names are compared exactly");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 ([RFC 7518 §3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
    Hs256,
}

impl Algorithm {
    /// The name as it stands in a token's `alg`.
    ///
    /// ```
    /// assert_eq!(strict_jose::Algorithm::Hs256.name(), "HS256");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads a name exactly: letter case counts ([RFC 7515 §4.1.1](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.1)).
    ///
    /// # Errors
    /// [`UnknownAlgorithm`] for every name that this crate has no key for, `none` first of all.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        match name {
            "HS256" => Ok(Self::Hs256),
            _ => Err(UnknownAlgorithm),
        }
    }
}

/// The name is of no algorithm that this crate supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a supported signature algorithm")]
#[non_exhaustive]
pub struct UnknownAlgorithm;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        assert_eq!(Algorithm::Hs256.to_string().parse(), Ok(Algorithm::Hs256));
    }

    #[test]
    fn near_misses_are_no_algorithm() {
        for name in ["", "none", "None", "nOnE", "hs256", "HS256 ", "HS-256", "HS1", "HS256\0"] {
            assert_eq!(name.parse::<Algorithm>(), Err(UnknownAlgorithm), "{name:?}");
        }
    }
}
