//! The file `.env`: its lines become environment variables. Misspelled names in it and in the environment are reported.

use std::{env, os::unix::fs::MetadataExt as _, path::Path};

use super::error::ConfigError;
use super::secrets::Secret;

/// The names of the variables in the file, and whether other users of the machine can read secrets in it.
#[derive(Debug, Default)]
pub struct EnvFile {
    names: Vec<String>,
    shows_secrets: bool,
}

impl EnvFile {
    pub const NAME: &'static str = ".env";

    /// Sets the variables of the file `.env` in this folder, except those that the environment sets already.
    ///
    /// # Errors
    /// When the file exists and cannot be read. The error does not show its text, which may be a secret.
    pub fn read() -> Result<Self, ConfigError> {
        Self::read_from(Path::new(Self::NAME))
    }

    pub(super) fn read_from(path: &Path) -> Result<Self, ConfigError> {
        let because = |why: &str| Err(ConfigError::new(format!("{} cannot be read: {why}", path.display())));
        let lines = dotenvy::from_path_iter(path).into_iter().flatten().flatten();
        let variables: Vec<(String, String)> = lines.collect();
        // Setting such a variable would panic with the value in the message.
        if let Some((name, _)) =
            variables.iter().find(|(name, value)| name.contains('\0') || value.contains('\0'))
        {
            return because(&format!("the value of {name} contains a NUL character"));
        }
        match dotenvy::from_path(path) {
            Ok(()) => {
                let holds_secret = |(name, value): &(String, String)| is_secret(name) && !value.is_empty();
                let is_readable = std::fs::metadata(path).is_ok_and(|file| file.mode() & 0o077 != 0);
                let shows_secrets = is_readable && variables.iter().any(holds_secret);
                Ok(Self { names: variables.into_iter().map(|(name, _)| name).collect(), shows_secrets })
            }
            Err(error) if error.not_found() => Ok(Self::default()),
            Err(dotenvy::Error::LineParse(line, _)) => {
                let text = std::fs::read_to_string(path).unwrap_or_default();
                let number =
                    text.lines().position(|candidate| !candidate.is_empty() && line.starts_with(candidate));
                let number = number.map_or_else(String::new, |number| format!("line {} ", number + 1));
                because(&format!(
                    "{number}must be NAME=VALUE, with 'quotes' around a value that has spaces or special characters"
                ))
            }
            Err(dotenvy::Error::Io(error)) => because(&error.to_string()),
            Err(_) => because("its lines are not NAME=VALUE"),
        }
    }

    /// Warns of secrets that other users can read, and of each name in the file or the environment that resembles a setting.
    /// Other names may belong to other programs.
    pub fn warnings(&self, command: &clap::Command) -> Vec<String> {
        let variables = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
        let secrets = Secret::ALL.into_iter().flat_map(|secret| [secret.variable(), secret.file_variable()]);
        let settings: Vec<_> = variables.chain(secrets).collect();
        let warning = |place: &str, name: &String| {
            let is_unknown = !settings.contains(&name.as_str());
            let meant = is_unknown.then(|| nearest(name, &settings)).flatten()?;
            Some(format!("{place} sets {name}, which is not a setting of recipes; did you mean {meant}?"))
        };
        let shown = self.shows_secrets.then(|| {
            format!("{} holds secrets and can be read by other users; run chmod 600 on it", Self::NAME)
        });
        let in_file = self.names.iter().filter_map(|name| warning(Self::NAME, name));
        let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let mut others: Vec<_> = names.filter(|name| !self.names.contains(name)).collect();
        others.sort();
        let in_environment = others.iter().filter_map(|name| warning("the environment", name));
        shown.into_iter().chain(in_file).chain(in_environment).collect()
    }
}

fn is_secret(name: &str) -> bool {
    // The URL of a database in a file has no password.
    Secret::ALL.into_iter().any(|secret| secret != Secret::DatabaseUrl && secret.variable() == name)
}

/// The most similar setting: at most two typing errors, and fewer in short names, because many names are two letters from
/// `LOG`.
fn nearest<'a>(name: &str, settings: &[&'a str]) -> Option<&'a str> {
    let name = name.to_ascii_uppercase();
    let distances = settings.iter().map(|setting| (strsim::osa_distance(&name, setting), *setting));
    let near = distances.filter(|(distance, setting)| *distance <= (setting.len() / 3).min(2));
    near.min_by_key(|(distance, _)| *distance).map(|(_, setting)| setting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelled_setting_is_recognized_and_other_names_are_not() {
        let settings = ["PORT", "LOG", "HOST", "JWT_SECRET", "SIGNUP", "DATABASE_URL"];
        for (name, meant) in [
            ("JWT_SECRT", Some("JWT_SECRET")),
            ("JWT_SERCET", Some("JWT_SECRET")),
            ("JWTSECRETS", Some("JWT_SECRET")),
            ("Database_Url", Some("DATABASE_URL")),
            ("PROT", Some("PORT")),
            ("port", Some("PORT")),
            ("LOGS", Some("LOG")),
            ("SIGN_UPS", Some("SIGNUP")),
            ("LANG", None),
            ("HOME", None),
            ("POST_URL", None),
            ("JWT_ISSUER", None),
            ("DATABASE", None),
            ("HOSTNAME", None),
            ("LOGNAME", None),
            ("KUBERNETES_PORT", None),
            ("STATE_DIRECTORY", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &settings), meant, "{name}");
        }
    }
}
