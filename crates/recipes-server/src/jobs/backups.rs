//! Scheduled backups.
//!
//! When the next one is due is in the database: a restart begins none too early, and of several servers one does it, into its
//! own folder. A server that dies meanwhile, or fails, leaves it to be tried again an hour later.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use store::{BackupOutcome, Store};

use crate::backup::{self, Summary};
use crate::clock::Clock;

/// Between two looks whether a backup is due, each one short read.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Before a backup that was begun and did not end well is tried again.
const RETRY: Duration = Duration::from_hours(1);

/// Where backups are written, how often, and how many are kept.
#[derive(Clone, Debug)]
pub struct BackupSchedule {
    pub folder: PathBuf,
    pub every: Duration,
    pub keep: usize,
}

/// Writes backups for as long as the service runs.
pub(crate) async fn run(store: Store, schedule: BackupSchedule, clock: Clock) {
    loop {
        if let Err(error) = back_up_if_due(&store, &schedule, &clock).await {
            tracing::warn!(%error, "The schedule of backups could not be read or written; retrying");
        }
        tokio::time::sleep(LOOK_EVERY.min(schedule.every)).await;
    }
}

async fn back_up_if_due(
    store: &Store,
    schedule: &BackupSchedule,
    clock: &Clock,
) -> Result<(), store::StoreError> {
    let at = clock.now();
    let retry = at + RETRY.min(schedule.every);
    if !store.claim_backup(retry, at).await? {
        return Ok(());
    }
    let path = schedule.folder.join(at.strftime("recipes-%Y%m%dT%H%M%SZ.backup").to_string());
    let written = back_up(store, schedule, &path, clock).await;
    let is_good = written.is_ok();
    match written {
        Ok(summary) => {
            tracing::info!("A backup was written to {} and verified: {summary}", path.display());
        }
        Err(error) => tracing::error!(error = format!("{error:#}"), "A scheduled backup failed"),
    }
    let next = if is_good { at + schedule.every } else { retry };
    store.note_backup(BackupOutcome { at, is_good }, next).await
}

async fn back_up(
    store: &Store,
    schedule: &BackupSchedule,
    path: &Path,
    clock: &Clock,
) -> anyhow::Result<Summary> {
    DirBuilder::new().recursive(true).mode(0o700).create(&schedule.folder)?;
    let summary = backup::write_file(store, path, clock.now()).await?;
    // The new one is good, even if an older one cannot be deleted.
    if let Err(error) = delete_oldest(&schedule.folder, schedule.keep) {
        tracing::warn!(%error, "The oldest backups in {} could not be deleted", schedule.folder.display());
    }
    Ok(summary)
}

/// Names begin with the time, so the first are the oldest. Other files stay.
fn delete_oldest(folder: &Path, keep: usize) -> io::Result<()> {
    let mut backups = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let Some(time) = name.to_str().and_then(|name| name.strip_prefix("recipes-")) else { continue };
        match time.strip_suffix(".part").unwrap_or(time).strip_suffix(".backup") {
            Some(digits) if digits.len() == "20260101T120000Z".len() => {}
            _ => continue,
        }
        if time.strip_suffix(".part").is_some() {
            // Left over from a server that was killed: this one has finished its own.
            fs::remove_file(folder.join(&name))?;
        } else {
            backups.push(name);
        }
    }
    backups.sort_unstable();
    let too_many = backups.len().saturating_sub(keep);
    backups.iter().take(too_many).try_for_each(|name| fs::remove_file(folder.join(name)))
}

#[cfg(test)]
mod tests {
    use store::DatabaseUrl;

    use super::*;

    const NAMES: [&str; 3] = [
        "recipes-20260101T120000Z.backup",
        "recipes-20260102T120000Z.backup",
        "recipes-20260103T120000Z.backup",
    ];

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    #[tokio::test]
    async fn backups_are_written_when_they_are_due_verified_and_the_newest_kept() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::stopped("2026-01-01T12:00:00Z".parse().unwrap());
        let url = DatabaseUrl::parse(&format!("sqlite:{}", folder.path().join("test.db").display())).unwrap();
        let store = Store::open(&url, clock.now()).await.unwrap();
        let (schedule, day) = (
            BackupSchedule {
                folder: folder.path().join("deep/backups"),
                every: Duration::from_hours(24),
                keep: 2,
            },
            Duration::from_hours(24),
        );
        for written in [&NAMES[..1], &NAMES[..2], &NAMES[1..]] {
            for _ in 0..2 {
                back_up_if_due(&store, &schedule, &clock).await.unwrap();
                assert_eq!(names(&schedule.folder), written);
            }
            let outcome = BackupOutcome { at: clock.now(), is_good: true };
            assert_eq!(store.last_backup().await.unwrap(), Some(outcome));
            clock.advance(day);
        }
        for name in names(&schedule.folder) {
            backup::verify(fs::File::open(schedule.folder.join(name)).unwrap()).unwrap();
        }
    }

    #[tokio::test]
    async fn backup_that_fails_is_noted_and_tried_again_after_an_hour() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::stopped("2026-01-01T12:00:00Z".parse().unwrap());
        let url = DatabaseUrl::parse(&format!("sqlite:{}", folder.path().join("test.db").display())).unwrap();
        let store = Store::open(&url, clock.now()).await.unwrap();
        let backups = folder.path().join("backups");
        fs::write(&backups, "a file in place of the folder").unwrap();
        let schedule = BackupSchedule { folder: backups.clone(), every: Duration::from_hours(24), keep: 2 };
        back_up_if_due(&store, &schedule, &clock).await.unwrap();
        let outcome = BackupOutcome { at: clock.now(), is_good: false };
        assert_eq!(store.last_backup().await.unwrap(), Some(outcome));
        fs::remove_file(&backups).unwrap();
        clock.advance(Duration::from_mins(59));
        back_up_if_due(&store, &schedule, &clock).await.unwrap();
        assert!(!backups.exists());
        clock.advance(Duration::from_mins(1));
        back_up_if_due(&store, &schedule, &clock).await.unwrap();
        assert_eq!(names(&backups), ["recipes-20260101T130000Z.backup"]);
    }

    #[test]
    fn only_own_files_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let others =
            ["recipes-.backup", "recipes-precious.backup", "recipes.ndjson", "recipes-20260101T120000Z.txt"];
        for name in others.iter().chain(&NAMES) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::write(folder.path().join("recipes-20251231T120000Z.backup.part"), "").unwrap();
        delete_oldest(folder.path(), 1).unwrap();
        let mut want = others.to_vec();
        want.push(NAMES[2]);
        want.sort_unstable();
        assert_eq!(names(folder.path()), want);
    }
}
