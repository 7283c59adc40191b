//! The setting `DATA_DIR`.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use store::DatabaseUrl;

/// The default of the setting.
pub(super) const DEFAULT: &str = "data";

/// The folder for all files that the service creates, and the default database in it.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
    database: DatabaseUrl,
}

impl DataDir {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database that is used unless `DATABASE_URL` names another one.
    pub(super) fn database(&self) -> &DatabaseUrl {
        &self.database
    }

    pub(crate) fn is_default(&self) -> bool {
        self.path == Path::new(DEFAULT)
    }
}

impl FromStr for DataDir {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "must be the path of a folder without ?, as in /var/lib/recipes";
        // Without superfluous slashes: two at the beginning would be part of the database's URL.
        let path: PathBuf = Path::new(text).components().collect();
        if path.as_os_str().is_empty() {
            return Err(FORM);
        }
        let url = format!("sqlite:{}", path.join("recipes.db").display());
        let database = DatabaseUrl::parse(&url).map_err(|_| FORM)?;
        Ok(Self { path, database })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_dir_holds_the_default_database() {
        for (text, path, database) in [
            ("data", "data", "sqlite:data/recipes.db"),
            ("/var/lib/recipes/", "/var/lib/recipes", "sqlite:/var/lib/recipes/recipes.db"),
            ("//var//lib", "/var/lib", "sqlite:/var/lib/recipes.db"),
            (".", ".", "sqlite:./recipes.db"),
        ] {
            let dir: DataDir = text.parse().unwrap();
            assert_eq!((dir.path(), &*dir.database().to_string()), (Path::new(path), database), "{text}");
            assert_eq!(dir.is_default(), text == DEFAULT);
        }
        for bad in ["", "a?b", ":memory:", "a\0b"] {
            assert!(bad.parse::<DataDir>().unwrap_err().contains("as in /var/lib/recipes"), "{bad:?}");
        }
    }
}
