//! `recipes backup`: writes everything in the database to one file.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use super::{database::open_existing, own_files};
use crate::backup;
use crate::clock::Clock;
use crate::config::Config;

/// Write everything in the database to one file, while the service runs
///
/// The file has the state of one moment: users with the hashes of their passwords, sessions, API tokens, invitations, recipes,
/// the audit log. Keep it as safe as the database. It is read again and verified before it gets its name. "recipes restore" fills a
/// database with it, also one of the other kind: so a backup is also the way from SQLite to PostgreSQL and back.
///
/// Not in the database, and so not in the file: the signing key (the setting or the file jwt-secret in the data folder) and the settings.
///
/// For recipes alone, in a form for other programs, use "recipes export".
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Backup {
    /// File to write; it is created or replaced when it is complete. - is standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  recipes backup recipes.backup
  recipes backup - | ssh other-host 'cat > recipes.backup'
  recipes backup - | DATABASE_URL=postgres://recipes@db.example/recipes recipes restore -";

impl Backup {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let (clock, path) = (Clock::system(), self.file.as_path());
        own_files::refuse(config, path)?;
        let store = open_existing(config, &clock).await?;
        let done = if path == Path::new("-") {
            backup::write(store.snapshot(), io::stdout(), clock.now()).await.map(drop)
        } else {
            let written = backup::write_file(&store, path, clock.now()).await;
            written.and_then(|summary| Ok(writeln!(io::stdout(), "{}: {summary}", path.display())?))
        };
        store.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }
}
