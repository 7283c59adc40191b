//! Scopes: what an API token allows.

use std::fmt;

/// One permission of an API token. A session has all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Read recipes, also the user's private ones.
    RecipesRead,
    /// Create, change and delete recipes.
    RecipesWrite,
    /// Read and change the account: profile, sessions, other API tokens.
    Account,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::RecipesRead, Self::RecipesWrite, Self::Account];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecipesRead => "recipes:read",
            Self::RecipesWrite => "recipes:write",
            Self::Account => "account",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    pub fn contains_all(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }

    /// Reads what [`Display`](fmt::Display) writes: the words of RFC 6749, section 3.3. `None` if one is unknown.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(' ').map(Scope::parse).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | scope.bit()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, scope) in self.iter().enumerate() {
            let space = if n == 0 { "" } else { " " };
            write!(f, "{space}{}", scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_words_in_one_order() {
        let both: Scopes = [Scope::Account, Scope::RecipesRead, Scope::Account].into_iter().collect();
        assert_eq!(both.to_string(), "recipes:read account");
        assert_eq!(Scopes::parse("account recipes:read"), Some(both));
        assert_eq!(Scopes::parse("account  recipes:read"), None);
        assert_eq!(Scopes::parse("admin"), None);
        assert!(both.contains(Scope::Account) && !both.contains(Scope::RecipesWrite));
        assert!(Scopes::all().contains_all(both) && !both.contains_all(Scopes::all()));
        assert!(both.contains_all(Scopes::default()) && Scopes::default().is_empty());
    }
}
