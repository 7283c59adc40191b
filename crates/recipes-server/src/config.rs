//! All settings: from flags, environment variables and the file `.env`, in this order.
//!
//! No other file of the server reads the environment. An empty variable counts as not set. Nothing here writes files.

mod authorization;
mod backups;
mod data_dir;
mod env_file;
mod error;
mod mail;
mod monitoring;
mod protection;
mod recipe_settings;
mod secrets;
mod sign_up;
mod values;

pub use authorization::AuthorizationSettings;
pub use backups::BackupSettings;
pub use data_dir::DataDir;
pub use env_file::EnvFile;
pub use error::ConfigError;
pub use mail::MailSettings;
pub use monitoring::Monitoring;
pub use protection::Protection;
pub use recipe_settings::RecipeSettings;
pub use secrets::{Secret, secret_files};
pub use sign_up::SignUpSettings;

use std::{
    env,
    net::{SocketAddr, ToSocketAddrs as _},
    path::PathBuf,
    time::Duration,
};

use accounts::SessionLimits;
use clap::{ArgMatches, Args, ValueEnum, parser::ValueSource};
use secrecy::{ExposeSecret as _, SecretString};
use store::DatabaseUrl;

use self::values::HEADING;
use crate::api::front_end::FrontEnd;
use crate::auth::issuer_tokens::TrustedIssuer;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::http::stack::CorsOrigins;
use crate::jobs::mail::{MailTemplate, Transport};
use crate::mode::Mode;
use crate::passwords::{Scheme, policy::Policy};
use crate::public_url::PublicUrl;
use crate::use_cases::accounts::Settings;

/// Every setting with its name, default and parser.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = HEADING)]
pub struct Config {
    /// Address to listen on; 0.0.0.0 or :: for all addresses of this machine
    #[arg(long, env, global = true, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = values::host)]
    host: String,

    /// Port to listen on; 0 for any free port
    #[arg(long, env, global = true, default_value = "8080", value_parser = values::port)]
    port: u16,

    /// Folder for everything that the service keeps: database, secret, outbox
    #[arg(long, env, global = true, value_name = "FOLDER", default_value = data_dir::DEFAULT)]
    pub data_dir: DataDir,

    /// Database: sqlite: and the path of a file, or the address of a PostgreSQL database; without it, recipes.db in the data folder
    #[arg(
        long, env, global = true, value_name = "URL", hide_env_values = true, value_parser = values::database_url
    )]
    database_url: Option<DatabaseUrl>,

    /// Filled by [`read_secrets`](Self::read_secrets).
    #[arg(skip)]
    jwt_secret: Option<SecretString>,

    /// Filled by [`read_secrets`](Self::read_secrets).
    #[arg(skip)]
    jwt_secret_previous: Option<SecretString>,

    /// Lifetime of an access token in seconds
    #[arg(
        long, env, global = true, value_name = "SECONDS", default_value = "86400", value_parser = values::jwt_expires_in
    )]
    jwt_expires_in: Duration,

    /// Seconds without use after which a session ends
    #[arg(
        long, env, global = true, value_name = "SECONDS", default_value = "1209600", value_parser = values::session_time
    )]
    session_idle: Duration,

    /// Seconds after which a session ends in any case
    #[arg(
        long, env, global = true, value_name = "SECONDS", default_value = "2592000", value_parser = values::session_time
    )]
    session_lifetime: Duration,

    /// Hashing scheme of new passwords, argon2id or bcrypt; hashes of both schemes are accepted
    #[arg(
        long,
        env,
        global = true,
        value_name = "SCHEME",
        default_value = "argon2id",
        hide_possible_values = true
    )]
    password_scheme: PasswordScheme,

    /// Cost of bcrypt, 10 to 14; each step doubles the time
    #[arg(long, env, global = true, value_name = "COST", default_value = "12", value_parser = values::bcrypt_cost)]
    bcrypt_cost: u32,

    /// Origins whose web pages may call this API: * for all, which is the default, or a list separated by commas, whose pages
    /// may also use cookies
    #[arg(long, env, global = true, value_name = "ORIGINS", value_parser = values::cors_origins)]
    pub cors_origins: Option<CorsOrigins>,

    /// Folder of a built front end, with an index.html, which is served beside the API
    #[arg(long, env, global = true, value_name = "FOLDER")]
    static_dir: Option<PathBuf>,

    /// Seconds within which the service ends after SIGTERM or SIGINT, or after the drain delay
    #[arg(
        long, env, global = true, value_name = "SECONDS", default_value = "10", value_parser = values::shutdown_time
    )]
    shutdown_timeout: Duration,

    /// Seconds before that in which /readyz answers 503 and connections are still accepted, so that load balancers notice
    #[arg(long, env, global = true, value_name = "SECONDS", default_value = "0", value_parser = values::drain_time)]
    drain_delay: Duration,

    #[command(flatten)]
    pub authorization: AuthorizationSettings,

    #[command(flatten)]
    pub backups: BackupSettings,

    #[command(flatten)]
    recipes: RecipeSettings,

    #[command(flatten)]
    sign_up: SignUpSettings,

    #[command(flatten)]
    pub mail: MailSettings,

    #[command(flatten)]
    pub protection: Protection,

    #[command(flatten)]
    pub monitoring: Monitoring,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PasswordScheme {
    Argon2id,
    Bcrypt,
}

impl Config {
    /// Reads these secrets from their variables or files. `matches` are the arguments of which this value was made.
    ///
    /// # Errors
    /// Names the variable, and does not show the secret.
    pub fn read_secrets(&mut self, secrets: &[Secret], matches: &ArgMatches) -> Result<(), ConfigError> {
        for secret in secrets {
            match secret {
                Secret::JwtSecret => self.jwt_secret = secret.read()?,
                Secret::JwtSecretPrevious => self.jwt_secret_previous = secret.read()?,
                Secret::SmtpUrl => self.mail.smtp_url = secret.read()?,
                // A flag overrides the environment.
                Secret::DatabaseUrl if is_flag(matches, "database_url") => {}
                Secret::DatabaseUrl => {
                    let Some(url) = secret.read()? else { continue };
                    let url = values::database_url(url.expose_secret())
                        .map_err(|why| ConfigError::new(format!("DATABASE_URL (--database-url): {why}")))?;
                    self.database_url = Some(url);
                }
            }
        }
        Ok(())
    }

    /// The address to listen on.
    ///
    /// # Errors
    /// When HOST is a name without an address.
    pub fn address(&self) -> Result<SocketAddr, ConfigError> {
        let unknown = |why| {
            let host = &self.host;
            ConfigError::new(format!(
                "HOST (--host) is {host:?}: this name has no address ({why}); 127.0.0.1 is this machine"
            ))
        };
        let mut addresses =
            (self.host.as_str(), self.port).to_socket_addrs().map_err(|error| unknown(error.to_string()))?;
        addresses.next().ok_or_else(|| unknown("no address".to_owned()))
    }

    /// Whether every web page may call a service that other machines reach, though the operator did not choose that.
    pub fn is_open_to_all_pages_by_default(&self, bound: SocketAddr) -> bool {
        self.cors_origins.is_none() && !bound.ip().to_canonical().is_loopback()
    }

    pub fn mode(&self) -> Mode {
        match self.authorization {
            AuthorizationSettings { issuer: Some(_), .. } => Mode::ResourceServer,
            AuthorizationSettings { accounts_only: true, .. } => Mode::AccountsOnly,
            AuthorizationSettings { .. } => Mode::AllInOne,
        }
    }

    /// The server whose tokens are accepted, for a service at this address.
    ///
    /// # Errors
    /// When the service has no name that a token can be for.
    pub fn trusted_issuer(&self, own_url: Option<&PublicUrl>) -> Result<Option<TrustedIssuer>, ConfigError> {
        let Some(issuer) = &self.authorization.issuer else { return Ok(None) };
        let Some(url) = own_url else {
            let what = "ISSUER (--issuer) needs PUBLIC_URL: the tokens of the issuer must name this service";
            return Err(ConfigError::new(what));
        };
        Ok(Some(TrustedIssuer { issuer: issuer.clone(), audience: format!("{url}/api/v1") }))
    }

    /// The time in which the service ends.
    pub fn shutdown_timeout(&self) -> Duration {
        self.shutdown_timeout
    }

    /// The time between the signal and the last connection that is accepted.
    pub fn drain_delay(&self) -> Duration {
        self.drain_delay
    }

    /// The front end to serve.
    ///
    /// # Errors
    /// When the folder has no `index.html`, or contains files that must stay secret.
    pub fn front_end(&self) -> Result<Option<FrontEnd>, ConfigError> {
        let Some(folder) = &self.static_dir else { return Ok(None) };
        let private = [Some(self.data_dir.path()), self.database_url().file()];
        let front_end = FrontEnd::new(folder, private.into_iter().flatten());
        front_end.map(Some).map_err(|why| {
            ConfigError::new(format!(
                "STATIC_DIR (--static-dir) is {:?}: {why}",
                folder.display().to_string()
            ))
        })
    }

    pub fn database_url(&self) -> &DatabaseUrl {
        self.database_url.as_ref().unwrap_or(self.data_dir.database())
    }

    /// Whether the database is the one that is used without any setting.
    pub fn uses_default_database(&self) -> bool {
        self.data_dir.is_default() && self.database_url() == self.data_dir.database()
    }

    /// The setting `JWT_SECRET`.
    pub fn jwt_secret(&self) -> Option<&SecretString> {
        self.jwt_secret.as_ref()
    }

    /// The setting `JWT_SECRET_PREVIOUS`.
    pub fn jwt_secret_previous(&self) -> Option<&SecretString> {
        self.jwt_secret_previous.as_ref()
    }

    pub fn accounts(&self) -> Settings {
        let sessions = SessionLimits::new(self.session_idle, self.session_lifetime);
        Settings {
            token_lifetime: self.jwt_expires_in,
            sessions,
            sign_up: self.sign_up.signup,
            // The users of another server have no address here.
            require_verified_email: self.sign_up.require_verified_email && self.mode().has_accounts(),
            require_if_match: self.recipes.require_if_match,
            revisions_kept: self.recipes.revisions_kept(),
            bin_days: self.recipes.bin_days(),
            password_policy: self.password_policy(),
            quotas: self.protection.quotas(),
            reading: self.recipes.reading,
            ownerless: self.recipes.ownerless(),
            labels: self.recipes.labels(),
        }
    }

    pub fn password_policy(&self) -> Policy {
        let host = self.mail.public_url.as_ref().map(|url| url.host().to_owned());
        Policy { minimum: self.sign_up.password_min_length, host }
    }

    pub fn scheme(&self) -> Scheme {
        match self.password_scheme {
            PasswordScheme::Argon2id => Scheme::Argon2id,
            PasswordScheme::Bcrypt => Scheme::Bcrypt { cost: self.bcrypt_cost },
        }
    }

    /// How mails are sent: through the mail server, or into the folder `outbox`.
    ///
    /// # Errors
    /// When `SMTP_URL` cannot be used.
    pub fn mail_transport(&self, clock: &Clock, entropy: &Entropy) -> Result<Transport, ConfigError> {
        self.mail.transport(self.data_dir.path(), clock, entropy)
    }

    /// Sender and links of the mails of a service that listens at `bound`.
    ///
    /// # Errors
    /// When no sender's address can be made of the host.
    pub fn mail_template(&self, bound: SocketAddr) -> Result<MailTemplate, ConfigError> {
        self.mail.template(bound)
    }
}

/// The arguments of `command` without the environment variables that are empty.
pub fn without_empty_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| {
        let is_empty = argument.get_env().and_then(env::var_os).is_some_and(|value| value.is_empty());
        if is_empty { argument.env(clap::builder::Resettable::Reset) } else { argument }
    })
}

/// The error of an invalid setting, in one line; `None` for all other errors.
///
/// clap's own message names only the flag, and most settings come from the environment.
pub fn setting_error(error: &clap::Error, command: &clap::Command) -> Option<ConfigError> {
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
    let default = argument.get_default_values().iter().map(|default| default.display().to_string()).next();
    let default = default.filter(|default| !default.is_empty());
    let default = default.map_or_else(String::new, |default| format!("; the default is {default}"));
    Some(ConfigError::new(format!("{variable} (--{name}){shown}: {must}{default}")))
}

fn is_flag(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

#[cfg(test)]
mod tests;
