//! Settings of scheduled backups.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::values::{self, HEADING};
use crate::jobs::backups::BackupSchedule;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = HEADING)]
#[expect(clippy::struct_field_names, reason = "the fields are the names of the settings")]
pub struct BackupSettings {
    /// Folder for scheduled backups of the database; without it there are none
    #[arg(long, env, global = true, value_name = "FOLDER")]
    backup_dir: Option<PathBuf>,

    /// Seconds between two scheduled backups
    #[arg(
        long, env, global = true, value_name = "SECONDS", default_value = "86400", value_parser = values::backup_time
    )]
    backup_every: Duration,

    /// Scheduled backups that are kept; older ones are deleted
    #[arg(
        long, env, global = true, value_name = "COUNT", default_value = "7", value_parser = values::backup_count
    )]
    backup_keep: usize,
}

impl BackupSettings {
    /// `None`: there are no scheduled backups.
    pub fn schedule(&self) -> Option<BackupSchedule> {
        let (every, keep) = (self.backup_every, self.backup_keep);
        self.backup_dir.clone().map(|folder| BackupSchedule { folder, every, keep })
    }
}
