//! The command line: one file per subcommand. `recipes` without a subcommand is `recipes serve`.

mod audit;
mod backup;
mod check;
mod clients;
mod completions;
mod database;
mod export;
mod health;
mod help;
mod import;
mod invalid_argument;
mod keys;
mod man;
mod openapi;
mod own_files;
mod restore;
mod secret;
mod token;
mod users;
mod webhooks;

use std::{
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use jiff::Timestamp;

pub use self::invalid_argument::InvalidArgument;
use crate::clock::Clock;
use crate::config::{self, Config, ConfigError, EnvFile, Secret};
use crate::server;
use crate::telemetry::escape::escape;

/// A recipe API with accounts and an embedded database
#[derive(Debug, Parser)]
#[command(name = "recipes", version, after_help = with_secrets(EXAMPLES), max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  recipes                                        serve on http://127.0.0.1:8080, data in ./data
  recipes --host 0.0.0.0 --port 80               serve to the network
  PASSWORD_SCHEME=bcrypt recipes                 a setting as an environment variable
  recipes import recipes.json users.json         import the files of another program
  recipes users add ada@example.com --role admin create the first administrator";

const SERVE_EXAMPLES: &str = "Examples:\n  recipes serve\n  recipes serve --port 3000 --log debug";

/// Appends the secrets, which are not in the list of flags.
fn with_secrets(examples: &str) -> String {
    format!(
        "{examples}

Secrets are set by environment variable or .env, because other users can see the flags of a process:
  JWT_SECRET           signs the tokens, 32 bytes or more [default: a new secret in the data folder]
  JWT_SECRET_PREVIOUS  the secret before it, whose tokens are still accepted until they expire
  SMTP_URL             mail server, as in smtps://user:password@mail.example.com [default: files in outbox]
A file can hold a secret instead: set JWT_SECRET_FILE, JWT_SECRET_PREVIOUS_FILE, SMTP_URL_FILE or DATABASE_URL_FILE to its
path."
    )
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service; the default command
    #[command(after_help = with_secrets(SERVE_EXAMPLES))]
    Serve,
    Import(import::Import),
    Export(export::Export),
    Backup(backup::Backup),
    Restore(restore::Restore),
    /// Create, list, change and delete accounts
    #[command(after_help = users::EXAMPLES)]
    Users(users::UsersCommand),
    Audit(audit::Audit),
    /// Register the applications that log their users in here
    #[command(after_help = clients::EXAMPLES)]
    Clients(clients::ClientsCommand),
    /// Signing keys of the authorization server
    #[command(after_help = keys::EXAMPLES)]
    Keys(keys::KeysCommand),
    /// Programs that are told of changes of public recipes
    #[command(after_help = webhooks::EXAMPLES)]
    Webhooks(webhooks::WebhooksCommand),
    /// Check settings, database, mail server, clock and disk, and change nothing
    #[command(after_help = check::EXAMPLES)]
    Check,
    Health(health::Health),
    /// Print a new secret for signing tokens
    #[command(after_help = secret::EXAMPLES)]
    Secret,
    /// Sign, verify and decode JSON Web Tokens, and make keys
    #[command(subcommand, after_help = token::EXAMPLES)]
    Token(token::Token),
    /// Print the OpenAPI document
    #[command(after_help = openapi::EXAMPLES)]
    Openapi,
    Completions(completions::Completions),
    Man(man::ManPages),
}

impl Command {
    /// The secrets that the command uses. The others are not read: `recipes secret` may be about to write the file that is set, and
    /// the operator who lists users may not read the secret of the tokens.
    fn secrets(&self) -> &'static [Secret] {
        match self {
            Self::Serve | Self::Check => &Secret::ALL,
            Self::Import(_)
            | Self::Export(_)
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Users(_)
            | Self::Audit(_)
            | Self::Clients(_)
            | Self::Keys(_) => &[Secret::DatabaseUrl],
            Self::Webhooks(webhooks) => webhooks.secrets(),
            Self::Token(token) => token.secrets(),
            Self::Health(_) | Self::Secret | Self::Openapi | Self::Completions(_) | Self::Man(_) => &[],
        }
    }
}

/// The command line cannot be run.
#[derive(Debug)]
pub enum CliError {
    /// Also `--help` and `--version`.
    Arguments(clap::Error),
    Setting(ConfigError),
}

impl Cli {
    /// Reads the arguments, the environment and `.env`.
    ///
    /// # Errors
    /// [`CliError`].
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, CliError> {
        let env_file = EnvFile::read().map_err(CliError::Setting)?;
        let command = help::with_relevant_settings(config::without_empty_variables(Self::command()));
        for warning in env_file.warnings(&command) {
            // Standard error may be closed.
            let _ = writeln!(io::stderr(), "recipes: {}", escape(&warning));
        }
        let explained = |error: clap::Error| match config::setting_error(&error, &command) {
            Some(error) => CliError::Setting(error),
            None => CliError::Arguments(error),
        };
        let matches = command.clone().try_get_matches_from(arguments).map_err(explained)?;
        let mut cli = Self::from_arg_matches(&matches).map_err(CliError::Arguments)?;
        let secrets = cli.command.as_ref().map_or(&Secret::ALL[..], Command::secrets);
        cli.config.read_secrets(secrets, &matches).map_err(CliError::Setting)?;
        Ok(cli)
    }

    pub fn serves(&self) -> bool {
        matches!(self.command, None | Some(Command::Serve))
    }

    /// Runs the command.
    ///
    /// # Errors
    /// The failure of the command. Partial success is an exit code instead.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let Self { config, command } = self;
        require_since_1970(Clock::system().now())?;
        survive_file_size_limit()?;
        let done = match command.unwrap_or(Command::Serve) {
            Command::Serve => server::serve(config).await.map(|()| ExitCode::SUCCESS),
            Command::Import(import) => import.run(&config).await,
            Command::Export(export) => export.run(&config).await,
            Command::Backup(backup) => backup.run(&config).await,
            Command::Restore(restore) => restore.run(&config).await,
            Command::Users(users) => users.run(&config).await,
            Command::Audit(audit) => audit.run(&config).await,
            Command::Clients(clients) => clients.run(&config).await,
            Command::Keys(keys) => keys.run(&config).await,
            Command::Webhooks(webhooks) => webhooks.run(&config).await,
            Command::Check => check::run(&config).await,
            Command::Health(health) => health.run(&config).await,
            Command::Secret => secret::run(),
            Command::Token(token) => token.run(&config).await,
            Command::Openapi => openapi::run(),
            Command::Completions(completions) => completions.run(help::with_relevant_flags(Self::command())),
            Command::Man(pages) => pages.run(help::with_relevant_settings(Self::command())),
        };
        match done {
            // `recipes export | head` closes the pipe when it has enough.
            Err(error) if is_closed_pipe(&error) => Ok(ExitCode::SUCCESS),
            done => done,
        }
    }
}

/// The clock stands at 1970 while it is set before it.
fn require_since_1970(now: Timestamp) -> Result<(), ConfigError> {
    if now > Timestamp::UNIX_EPOCH {
        return Ok(());
    }
    Err(ConfigError::new("the clock of this machine is before 1970: set it, then start again"))
}

/// A write beyond the limit of file sizes (`ulimit -f`) sends SIGXFSZ, which ends a process. With a handler the write fails
/// instead, and is reported or answered with 503. tokio's handler stays installed.
fn survive_file_size_limit() -> io::Result<()> {
    let signal = rustix::process::Signal::XFSZ.as_raw();
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(signal)).map(drop)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_before_1970_is_refused() {
        let at = |text: &str| require_since_1970(Clock::stopped(text.parse().unwrap()).now());
        assert!(at("1969-12-31T23:59:59Z").unwrap_err().to_string().contains("before 1970"));
        at("1970-01-01T00:00:01Z").unwrap();
    }
}
