//! `recipes restore`: fills a database from a backup.

use std::{
    fs::File,
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, anyhow};
use clap::Args;
use store::{DatabaseUrl, RestoreError};

use crate::backup::{self, Options};
use crate::clock::Clock;
use crate::config::Config;

/// Fill a database from a file of "recipes backup"
///
/// The database must be empty or missing; its kind may be another one than the backup's. It is filled completely or not at all.
/// Ids, passwords, sessions and API tokens stay as they were, also those that were revoked after the backup. Stop the service
/// first.
///
/// With --replace, the content of a PostgreSQL database is lost; a SQLite database stays as FILE.before-restore-TIME.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Restore {
    /// File to read; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the data that is in the database
    #[arg(long)]
    replace: bool,
    /// Leave out the sessions: all users log in again
    #[arg(long)]
    without_sessions: bool,
    /// Check the file without opening a database
    #[arg(long, conflicts_with_all = ["replace", "without_sessions"])]
    verify: bool,
}

const EXAMPLES: &str = "\
Examples:
  recipes restore --verify recipes.backup
  recipes restore recipes.backup
  recipes restore --replace --without-sessions recipes.backup
  DATABASE_URL=postgres://recipes@db.example/recipes recipes restore recipes.backup";

impl Restore {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let name = self.file.display().to_string();
        let input: Box<dyn Read + Send> = if self.file == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(&self.file).with_context(|| format!("{name} cannot be read"))?)
        };
        if self.verify {
            let summary = backup::verify(input).with_context(|| format!("{name} is no good backup"))?;
            writeln!(io::stdout(), "{name} is a good backup: {summary}")?;
            return Ok(ExitCode::SUCCESS);
        }
        let url = config.database_url();
        let Self { replace, without_sessions, .. } = self;
        let options = Options { replace, without_sessions };
        let restored = backup::restore(url, input, options, Clock::system().now()).await;
        let (summary, restored) = restored.map_err(|why| explain(why, url, &name))?;
        writeln!(io::stdout(), "{url} was filled from {name}: {summary}")?;
        if let Some(kept) = restored.kept {
            writeln!(io::stdout(), "the former database is now {}", kept.display())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn explain(why: anyhow::Error, url: &DatabaseUrl, name: &str) -> anyhow::Error {
    match why.downcast_ref::<RestoreError>() {
        None => why.context(format!("nothing was restored, {name} is no good backup")),
        Some(RestoreError::NotEmpty) => anyhow!(
            "nothing was restored: {url} has data; name another database with --database-url, or replace what it has with \
             --replace"
        ),
        Some(RestoreError::InUse) => {
            anyhow!("nothing was restored: another process uses {url}; stop the service first")
        }
        Some(RestoreError::Refused { .. }) => {
            why.context(format!("nothing was restored, {name} is no good backup"))
        }
        Some(_) => why.context(format!("nothing was restored into {url}")),
    }
}
