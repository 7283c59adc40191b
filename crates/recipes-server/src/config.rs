//! What can be set: by flag, by environment variable, or in a file `.env`, in this order.
//!
//! Nothing else in the server reads the environment. An empty variable is one that is not set.

mod env_file;
mod mail;
mod membership;
mod protection;
mod signing_key;
mod values;

pub use env_file::EnvFile;
pub use mail::{Mail, PublicUrl};
pub use membership::Membership;
pub use protection::Protection;
pub use signing_key::new_secret;

use std::{
    env,
    net::{SocketAddr, ToSocketAddrs as _},
    time::Duration,
};

use accounts::SessionLimits;
use clap::{Args, ValueEnum};
use secrecy::SecretString;
use store::DatabaseUrl;

use crate::http::stack::CorsOrigins;
use crate::passwords::{Scheme, policy::Policy};
use crate::telemetry::LogFormat;
use crate::use_cases::accounts::Settings;

/// Every setting with its name, its default and what may stand there.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = HEADING)]
pub struct Config {
    /// Address to listen on; 0.0.0.0 or :: for all of this machine's
    #[arg(long, env, global = true, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = values::host)]
    host: String,

    /// Port to listen on; 0 for any free one
    #[arg(long, env, global = true, default_value = "8080", value_parser = values::port)]
    port: u16,

    /// Where the data is: sqlite: and a path
    #[arg(
        long, env, global = true, value_name = "URL", default_value = DEFAULT_DATABASE, hide_env_values = true,
        value_parser = values::database_url
    )]
    database_url: DatabaseUrl,

    /// Not a flag, because everybody on the machine can read the flags of a process.
    #[arg(skip = jwt_secret())]
    jwt_secret: Option<SecretString>,

    /// For how many seconds a token is good
    #[arg(
        long, env, global = true, value_name = "SECONDS", default_value = "86400", value_parser = values::jwt_expires_in
    )]
    jwt_expires_in: Duration,

    /// After how many seconds without any use a session ends
    #[arg(
        long, env, global = true, value_name = "SECONDS", default_value = "1209600", value_parser = values::session_time
    )]
    session_idle: Duration,

    /// After how many seconds a session ends in any case
    #[arg(
        long, env, global = true, value_name = "SECONDS", default_value = "2592000", value_parser = values::session_time
    )]
    session_lifetime: Duration,

    /// How new passwords are hashed; hashes of either kind log in
    #[arg(
        long,
        env,
        global = true,
        value_name = "SCHEME",
        default_value = "argon2id",
        hide_possible_values = true
    )]
    password_scheme: PasswordScheme,

    /// How hard bcrypt works, 10 to 14; each step doubles the time
    #[arg(long, env, global = true, value_name = "COST", default_value = "12", value_parser = values::bcrypt_cost)]
    bcrypt_cost: u32,

    /// Web pages that may call this API: * or origins with commas between
    #[arg(long, env, global = true, value_name = "ORIGINS", default_value = "*", value_parser = values::cors_origins)]
    pub cors_origins: CorsOrigins,

    #[command(flatten)]
    membership: Membership,

    #[command(flatten)]
    pub mail: Mail,

    #[command(flatten)]
    pub protection: Protection,

    /// What is logged: off, error, warn, info, debug or trace, also for a part only, as in warn,recipes=debug
    #[arg(long, env, global = true, value_name = "LEVEL", default_value = "info", value_parser = values::log)]
    pub log: String,

    /// How it is logged: text for people, json for machines
    #[arg(
        long,
        env,
        global = true,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub log_format: LogFormat,
}

const HEADING: &str = "Settings (flag, environment variable or line of .env)";

const DEFAULT_DATABASE: &str = "sqlite:data/recipes.db";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PasswordScheme {
    Argon2id,
    Bcrypt,
}

/// A setting that cannot be used, in one line that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Config {
    /// Where to listen.
    ///
    /// # Errors
    /// When HOST is a name that nobody knows.
    pub fn address(&self) -> Result<SocketAddr, ConfigError> {
        let unknown = |why| {
            let host = &self.host;
            ConfigError(format!(
                "HOST (--host) is {host:?}: no address has this name ({why}); 127.0.0.1 is this machine"
            ))
        };
        let mut addresses =
            (self.host.as_str(), self.port).to_socket_addrs().map_err(|error| unknown(error.to_string()))?;
        addresses.next().ok_or_else(|| unknown("no address".to_owned()))
    }

    pub fn database_url(&self) -> &DatabaseUrl {
        &self.database_url
    }

    /// Whether nobody has said where the data is.
    pub fn uses_default_database(&self) -> bool {
        DatabaseUrl::parse(DEFAULT_DATABASE).as_ref() == Ok(&self.database_url)
    }

    pub fn accounts(&self) -> Settings {
        let sessions = SessionLimits::new(self.session_idle, self.session_lifetime);
        Settings {
            token_lifetime: self.jwt_expires_in,
            sessions,
            sign_up: self.membership.signup,
            require_verified_email: self.membership.require_verified_email,
            password_policy: self.password_policy(),
        }
    }

    pub fn password_policy(&self) -> Policy {
        let host = self.mail.public_url.host().map(str::to_owned);
        Policy { minimum: self.membership.password_min_length, host }
    }

    pub fn scheme(&self) -> Scheme {
        match self.password_scheme {
            PasswordScheme::Argon2id => Scheme::Argon2id,
            PasswordScheme::Bcrypt => Scheme::Bcrypt { cost: self.bcrypt_cost },
        }
    }
}

/// The arguments of `command` without those environment variables that are empty.
pub fn without_empty_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| {
        let is_empty = argument.get_env().and_then(env::var_os).is_some_and(|value| value.is_empty());
        if is_empty { argument.env(clap::builder::Resettable::Reset) } else { argument }
    })
}

/// What is wrong with a setting, in one line; `None` if the error is about something else.
///
/// The parser knows only of flags, and most settings come from the environment.
pub fn in_one_line(error: &clap::Error, command: &clap::Command) -> Option<ConfigError> {
    use clap::error::{ContextKind, ContextValue};
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return None };
    let name = flag.trim_start_matches("--").split(' ').next()?;
    let argument = command.get_arguments().find(|argument| argument.get_long() == Some(name))?;
    let variable = argument.get_env()?.display();
    let shown = if argument.is_hide_env_values_set() { String::new() } else { format!(" is {value:?}") };
    let must = match (error.get(ContextKind::ValidValue), std::error::Error::source(error)) {
        (Some(ContextValue::Strings(values)), _) if !values.is_empty() => {
            format!("must be {}", values.join(" or "))
        }
        (_, Some(why)) => why.to_string(),
        _ => return None,
    };
    let default = argument.get_default_values().iter().map(|default| default.display().to_string()).next()?;
    let default = if default.is_empty() { default } else { format!("; without it, it is {default}") };
    Some(ConfigError(format!("{variable} (--{name}){shown}: {must}{default}")))
}

fn jwt_secret() -> Option<SecretString> {
    let secret = env::var_os("JWT_SECRET").filter(|secret| !secret.is_empty())?;
    Some(secret.to_string_lossy().into_owned().into())
}

#[cfg(test)]
mod tests;
