//! Where the data is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The address of a database, as in `sqlite:data/recipes.db`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseUrl(PathBuf);

impl DatabaseUrl {
    /// Reads `sqlite:PATH`. `sqlite://PATH` is the same, because half of the programs write it so.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(path) = text.strip_prefix("sqlite:") else {
            return Err("must be sqlite: and the path of a file, as in sqlite:data/recipes.db");
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.ends_with('/') || path.contains('\0') {
            return Err("must name a file, as in sqlite:data/recipes.db");
        }
        if path.starts_with(':') {
            return Err("must name a file: a database in memory would lose what it acknowledged");
        }
        // `?mode=rwc` means something to other programs. As part of a file name it would surprise.
        if path.contains('?') {
            return Err("takes no ?parameters, only the path of a file, as in sqlite:data/recipes.db");
        }
        Ok(Self(path.into()))
    }

    /// The database's file, so that others can be kept beside it.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqlite:{}", self.0.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_file() {
        for (text, path) in [
            ("sqlite:data/recipes.db", "data/recipes.db"),
            ("sqlite:/var/lib/recipes.db", "/var/lib/recipes.db"),
            ("sqlite://data/recipes.db", "data/recipes.db"),
            ("sqlite:///var/lib/recipes.db", "/var/lib/recipes.db"),
        ] {
            let url = DatabaseUrl::parse(text).unwrap();
            assert_eq!(url.path(), Path::new(path), "{text}");
            assert_eq!(url.to_string(), format!("sqlite:{path}"));
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write_instead() {
        for (text, word) in [
            ("", "sqlite:"),
            ("data/recipes.db", "sqlite:"),
            ("postgres://localhost/recipes", "sqlite:"),
            ("sqlite:", "file"),
            ("sqlite://", "file"),
            ("sqlite:data/", "file"),
            ("sqlite::memory:", "memory"),
            ("sqlite:data.db?mode=rwc", "?parameters"),
        ] {
            assert!(DatabaseUrl::parse(text).unwrap_err().contains(word), "{text}");
        }
    }
}
