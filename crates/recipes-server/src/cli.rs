//! The command line. One file a subcommand; `recipes` alone is `recipes serve`.

mod export;
mod help;
mod import;
mod openapi;
mod secret;
mod token;
mod users;

use std::{
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
};

use crate::clock::Clock;
use anyhow::bail;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use store::Store;

use crate::config::{self, Config, ConfigError, EnvFile};
use crate::server;

/// A recipe API with sign-up, log-in and an embedded database
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
  PASSWORD_SCHEME=bcrypt recipes                 every flag is also an environment variable
  recipes import recipes.json users.json         bring in what another program has saved
  recipes users add ada@example.com --role admin make the first administrator";

const SERVE_EXAMPLES: &str = "Examples:\n  recipes serve\n  recipes serve --port 3000 --log debug";

/// Behind the examples of what reads them: no list of flags shows them.
fn with_secrets(examples: &str) -> String {
    format!(
        "{examples}

Also set by the environment or .env, and not by a flag that others could see:
  JWT_SECRET   signs the tokens, 32 bytes or more; without it, one is made and kept beside the database
  SMTP_URL     sends the mails, as in smtps://user:password@mail.example.com; without it, they are files in outbox"
    )
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service (what happens without a command)
    #[command(after_help = with_secrets(SERVE_EXAMPLES))]
    Serve,
    Import(import::Import),
    Export(export::Export),
    /// Make, list and change accounts
    #[command(subcommand, after_help = users::EXAMPLES)]
    Users(users::Users),
    /// Print a good secret for tokens
    #[command(after_help = secret::EXAMPLES)]
    Secret,
    /// Make and verify tokens and their keys
    #[command(subcommand, after_help = token::EXAMPLES)]
    Token(token::Token),
    /// Print the API's description of itself
    #[command(after_help = openapi::EXAMPLES)]
    Openapi,
}

/// Why there is nothing to run.
#[derive(Debug)]
pub enum Refusal {
    /// Also when help was asked for.
    Arguments(clap::Error),
    Setting(ConfigError),
}

impl Cli {
    /// Reads the arguments, the environment and `.env`.
    ///
    /// # Errors
    /// What is wrong with them, or the help that was asked for.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Refusal> {
        let env_file = EnvFile::read().map_err(Refusal::Setting)?;
        let command = help::of_each_its_own(config::without_empty_variables(Self::command()));
        for doubt in env_file.doubts(&command) {
            // Nobody may be there to hear it.
            let _ = writeln!(io::stderr(), "recipes: {doubt}");
        }
        let refusal = |error: clap::Error| match config::in_one_line(&error, &command) {
            Some(error) => Refusal::Setting(error),
            None => Refusal::Arguments(error),
        };
        let matches = command.clone().try_get_matches_from(arguments).map_err(refusal)?;
        Self::from_arg_matches(&matches).map_err(Refusal::Arguments)
    }

    pub fn serves(&self) -> bool {
        matches!(self.command, None | Some(Command::Serve))
    }

    /// Does what was asked for.
    ///
    /// # Errors
    /// What kept it from being done; what was done in part says so itself, by the code.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let Self { config, command } = self;
        let done = match command.unwrap_or(Command::Serve) {
            Command::Serve => server::serve(config).await.map(|()| ExitCode::SUCCESS),
            Command::Import(import) => import.run(&config).await,
            Command::Export(export) => export.run(&config).await,
            Command::Users(users) => users.run(&config).await,
            Command::Secret => secret::run(),
            Command::Token(token) => token.run(&config),
            Command::Openapi => openapi::run(),
        };
        match done {
            // `recipes export | head` has all it wanted.
            Err(error) if is_closed_pipe(&error) => Ok(ExitCode::SUCCESS),
            done => done,
        }
    }
}

/// Something named by an argument, a key for example, cannot be used: a mistake in the arguments, as far as scripts care.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The database, which must be there: a slip in the path must not make an empty one.
async fn open_existing(config: &Config, clock: &Clock) -> anyhow::Result<Store> {
    let url = config.database_url();
    if !Store::exists(url).await {
        bail!("there is no database at {url}; name another with --database-url or DATABASE_URL");
    }
    Ok(Store::open(url, clock.now()).await?)
}
