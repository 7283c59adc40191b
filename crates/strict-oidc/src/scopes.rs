//! Sets of scopes ([RFC 6749 §3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of scopes, in the order in which they were asked for.
///
/// ```
/// use strict_oidc::Scopes;
///
/// let asked = Scopes::parse("openid recipes:read openid")?;
/// assert_eq!(asked.to_string(), "openid recipes:read");
/// assert!(Scopes::parse("openid email recipes:read")?.contains_all(&asked));
/// assert!(Scopes::parse("a \"b\"").is_err());
/// # Ok::<(), strict_oidc::InvalidScope>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

/// The error for a scope with a character that no scope may contain
/// ([RFC 6749 §3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
///
/// ```
/// assert!(strict_oidc::Scopes::parse("a\\b").unwrap_err().to_string().contains("printable"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope consists of printable ASCII characters without space, quote and backslash")]
#[non_exhaustive]
pub struct InvalidScope;

impl Scopes {
    /// Reads scopes with spaces between them. A repeated scope counts once.
    ///
    /// # Errors
    /// [`InvalidScope`] if a scope has a character other than `!`, `#` to `[` and `]` to `~`.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        let mut scopes = Self::default();
        for scope in text.split(' ').filter(|scope| !scope.is_empty()) {
            if !scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
                return Err(InvalidScope);
            }
            scopes.insert(scope);
        }
        Ok(scopes)
    }

    /// Adds a scope if it is not in the set.
    pub(crate) fn insert(&mut self, scope: &str) {
        if !self.contains(scope) {
            self.0.push(scope.to_owned());
        }
    }

    /// Whether `scope` is in the set.
    ///
    /// ```
    /// # use strict_oidc::Scopes;
    /// assert!(Scopes::parse("openid email")?.contains("email"));
    /// # Ok::<(), strict_oidc::InvalidScope>(())
    /// ```
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|own| own == scope)
    }

    /// Whether every scope of `other` is in the set.
    ///
    /// ```
    /// # use strict_oidc::Scopes;
    /// assert!(!Scopes::parse("openid")?.contains_all(&Scopes::parse("openid email")?));
    /// # Ok::<(), strict_oidc::InvalidScope>(())
    /// ```
    pub fn contains_all(&self, other: &Self) -> bool {
        other.iter().all(|scope| self.contains(scope))
    }

    /// The scopes of the set for which `is_kept` is true.
    #[must_use]
    pub(crate) fn filter(&self, is_kept: impl Fn(&str) -> bool) -> Self {
        Self(self.iter().filter(|scope| is_kept(scope)).map(str::to_owned).collect())
    }

    /// The scopes in their order.
    ///
    /// ```
    /// # use strict_oidc::Scopes;
    /// assert!(Scopes::parse("openid email")?.iter().eq(["openid", "email"]));
    /// # Ok::<(), strict_oidc::InvalidScope>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether the set has no scope.
    ///
    /// ```
    /// assert!(strict_oidc::Scopes::default().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
