//! Backups in files: written, verified and restored as a stream, in memory of constant size.
//!
//! An archive is gzip of lines of JSON: a header with the version of the format, a record of the store a line, and an end with
//! the number of records of each kind and the SHA-256 digest of all lines before it.

mod reader;
mod writer;

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{Read, Seek as _, Write},
    path::Path,
};

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{DatabaseUrl, Record, Restore, RestoreBatch, RestoreError, Restored, Snapshot, Store};
use tokio::{sync::mpsc, task::spawn_blocking};

pub use self::reader::ArchiveError;
use self::{reader::ArchiveReader, writer::ArchiveWriter};
use crate::output_file;

/// In the first line of every archive.
const FORMAT: &str = "recipes-backup";

/// Of the format. A change of the tables or of their columns is a new one. Older ones can be read.
const VERSION: u32 = 10;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    format: String,
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    /// The program that wrote the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<String>,
}

/// The last line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: Summary,
}

/// The content of an archive.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The number of records of each kind.
    counts: BTreeMap<String, u64>,
    /// Of all lines but the last, in hexadecimal digits.
    sha256: String,
}

impl Summary {
    fn count(&mut self, record: &Record) {
        match self.counts.get_mut(record.table()) {
            Some(count) => *count += 1,
            None => drop(self.counts.insert(record.table().to_owned(), 1)),
        }
    }
}

/// As in `3 users, 120 recipes, 5 sessions, 2 API tokens`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            ("users", "users"),
            ("recipes", "recipes"),
            ("sessions", "sessions"),
            ("api_tokens", "API tokens"),
            ("invitations", "invitations"),
            ("audit", "audit events"),
        ];
        for (number, (kind, name)) in kinds.into_iter().enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            let count = self.counts.get(kind).unwrap_or(&0);
            write!(f, "{separator}{count} {}", if *count == 1 { name.trim_end_matches('s') } else { name })?;
        }
        Ok(())
    }
}

/// Which records of an archive are restored, and over what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub replace: bool,
    pub without_sessions: bool,
}

/// Writes a backup of the database into a file that is complete or not there, and reads it again to verify it.
///
/// # Errors
/// If the database or the disk fails, or if the archive is not good. Then an older file of this name stays.
pub async fn write_file(store: &Store, path: &Path, now: Timestamp) -> anyhow::Result<Summary> {
    let snapshot = store.snapshot();
    output_file::write(path, |file| async move {
        let (file, summary) = write(snapshot, file, now).await?;
        let (verified, file) = spawn_blocking(move || (verify_written(&file), file)).await?;
        if verified.context("what was written is no good backup")?.is_some_and(|it| it != summary) {
            return Err(anyhow!("what was written is not what was read from the database"));
        }
        Ok((file, summary))
    })
    .await
}

/// `None`: a pipe or a device, which cannot be read again.
fn verify_written(mut file: &File) -> Result<Option<Summary>, ArchiveError> {
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    file.rewind()?;
    verify(file).map(Some)
}

/// Writes all records of the snapshot, and returns `out`, flushed. Compressing and writing run on the blocking pool.
///
/// # Errors
/// If the database or `out` fails.
pub async fn write<W: Write + Send + 'static>(
    mut snapshot: Snapshot,
    out: W,
    now: Timestamp,
) -> anyhow::Result<(W, Summary)> {
    let mut archive = spawn_blocking(move || ArchiveWriter::new(out, now)).await??;
    while let Some(records) = snapshot.next().await? {
        archive = spawn_blocking(move || archive.write(&records).map(|()| archive)).await??;
    }
    Ok(spawn_blocking(move || archive.finish()).await??)
}

/// Reads a whole archive and checks everything that can be checked without a database.
///
/// # Errors
/// [`ArchiveError`].
pub fn verify(input: impl Read) -> Result<Summary, ArchiveError> {
    let mut archive = ArchiveReader::new(input)?;
    while archive.next_batch()?.is_some() {}
    Ok(archive.into_summary())
}

/// Fills a database from an archive, completely or not at all.
///
/// # Errors
/// [`ArchiveError`] or [`RestoreError`].
pub async fn restore(
    url: &DatabaseUrl,
    input: impl Read + Send + 'static,
    options: Options,
    now: Timestamp,
) -> anyhow::Result<(Summary, Restored)> {
    let (sender, records) = mpsc::channel(1);
    let reading = spawn_blocking(move || send(input, options, &sender));
    let restored = Store::restore(url, Restore { records, replace: options.replace, now }).await;
    match restored {
        // The reason is the archive's. Of all other failures the reader may learn only after more input has come.
        Err(RestoreError::Incomplete) => match reading.await? {
            Err(why) => Err(why.into()),
            Ok(_) => Err(RestoreError::Incomplete.into()),
        },
        Err(why) => Err(why.into()),
        Ok(restored) => Ok((reading.await??, restored)),
    }
}

fn send(
    input: impl Read,
    options: Options,
    out: &mpsc::Sender<RestoreBatch>,
) -> Result<Summary, ArchiveError> {
    let mut archive = ArchiveReader::new(input)?;
    while let Some(mut records) = archive.next_batch()? {
        if options.without_sessions {
            records.retain(|record| record.table() != "sessions");
        }
        if out.blocking_send(RestoreBatch::Records(records)).is_err() {
            return Ok(Summary::default());
        }
    }
    // Only behind the last check.
    let _ = out.blocking_send(RestoreBatch::End);
    let mut summary = archive.into_summary();
    if options.without_sessions {
        summary.counts.remove("sessions");
    }
    Ok(summary)
}

#[cfg(test)]
mod tests;
