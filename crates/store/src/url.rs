//! The address of a database.

mod postgres;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

pub(crate) use self::postgres::PostgresAddress;

/// The address of a database, as in `sqlite:data/recipes.db` or `postgres://recipes@db.example/recipes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseUrl(pub(crate) Location);

/// Each kind of database has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    Sqlite(PathBuf),
    Postgres(Box<PostgresAddress>),
}

impl DatabaseUrl {
    /// Reads `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`. `sqlite://PATH` and `postgresql://` are the same,
    /// because half of the programs write it so.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return PostgresAddress::parse(text).map(|address| Self(Location::Postgres(Box::new(address))));
        }
        let Some(path) = text.strip_prefix("sqlite:") else {
            return Err("must be sqlite: and the path of a file, as in sqlite:data/recipes.db, \
                        or the address of a PostgreSQL database, as in postgres://user@host/database");
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.ends_with('/') || path.contains('\0') {
            return Err("must name a file, as in sqlite:data/recipes.db");
        }
        if path.starts_with(':') {
            return Err("must name a file: a database in memory would lose acknowledged writes");
        }
        // Other programs read `?mode=rwc` as an option. As part of a file name it would surprise.
        if path.contains('?') {
            return Err("takes no ?parameters, only the path of a file, as in sqlite:data/recipes.db");
        }
        Ok(Self(Location::Sqlite(path.into())))
    }

    /// The file of a database that is a file on this machine.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Location::Sqlite(file) => Some(file),
            Location::Postgres(_) => None,
        }
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
        match &self.0 {
            Location::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
            Location::Postgres(address) => address.fmt(f),
        }
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
            assert_eq!(url.file(), Some(Path::new(path)), "{text}");
            assert_eq!(url.to_string(), format!("sqlite:{path}"));
        }
    }

    #[test]
    fn other_text_is_refused_with_the_right_form() {
        for (text, word) in [
            ("", "sqlite:"),
            ("data/recipes.db", "sqlite:"),
            ("mysql://localhost/recipes", "postgres:"),
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
