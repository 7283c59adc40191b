//! `recipes check`: tries everything that the service needs, and changes nothing.

mod keys;
mod search_index;

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use jiff::{SignedDuration, Timestamp};
use rustix::fs::{Access, access, statvfs};
use store::{Inspection, Store};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::entropy::Entropy;
use crate::jobs::mail::Transport;
use crate::signing_key;
use crate::telemetry::escape::escape;

pub(super) const EXAMPLES: &str = "\
Prints one line for each of settings, database, keys, search, mail, clock and disk. It creates and changes nothing: \
the database is not migrated, and no mail is sent. The service may run at the same time.

Exit code 0: all are right. 1: one is not. 2: a setting cannot be read at all.

Examples:
  recipes check
  DATABASE_URL=sqlite:/mnt/recipes.db recipes check";

/// How long the mail server may take to answer.
const MAIL: Duration = Duration::from_secs(15);

/// Below it a database that grows is soon full.
const MIN_FREE: u64 = 64 << 20;

/// A clock that was never set stands at the time of the system's build or earlier.
const RELEASE: &str = "2026-01-01T00:00:00Z";

/// How far the last write may seem to be in the future: file servers have clocks of their own.
const CLOCK_LEEWAY: SignedDuration = SignedDuration::from_mins(5);

/// A line of the report: a result, or an error and how to fix it.
type Finding = Result<String, String>;

pub(super) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let findings = [
        ("settings", settings(config)),
        ("database", database(config).await),
        ("keys", keys::open_all(config, clock.now()).await),
        ("search", search_index::compare(config, clock.now()).await),
        ("mail", mail(config, &clock).await),
        ("clock", time(config, clock.now())),
        ("disk", disk(config)),
    ];
    let mut out = io::stdout();
    for (name, finding) in &findings {
        match finding {
            Ok(found) => writeln!(out, "{name}: ok, {}", escape(found))?,
            Err(why) => writeln!(out, "{name}: failed, {}", escape(why))?,
        }
    }
    let is_right = findings.iter().all(|(_, finding)| finding.is_ok());
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the service would refuse at its start.
fn settings(config: &Config) -> Finding {
    let address = config.address();
    let template = address.as_ref().map(|address| config.mail_template(*address).map(drop));
    let problems = [
        address.as_ref().err().map(ToString::to_string),
        config.front_end().err().map(|why| why.to_string()),
        signing_key::load(config).err().map(|why| why.to_string()),
        signing_key::previous(config).err().map(|why| why.to_string()),
        template.ok().and_then(Result::err).map(|why| why.to_string()),
    ];
    let problems: Vec<_> = problems.into_iter().flatten().collect();
    match address {
        Ok(address) if problems.is_empty() => Ok(format!("the service listens on http://{address}")),
        _ => Err(problems.join("; ")),
    }
}

async fn database(config: &Config) -> Finding {
    let url = config.database_url();
    match Store::inspect(url).await.map_err(|why| why.to_string())? {
        Inspection::Missing => Ok(format!("{url} is new, and the first start creates its tables")),
        Inspection::Found { schema, newest } if schema == newest => Ok(format!("{url} has schema {schema}")),
        Inspection::Found { schema, newest } => {
            Ok(format!("{url} has schema {schema}, and the next start migrates it to {newest}"))
        }
    }
}

async fn mail(config: &Config, clock: &Clock) -> Finding {
    let transport = config.mail_transport(clock, &Entropy::system());
    match transport.map_err(|why: ConfigError| why.to_string())? {
        Transport::Outbox(outbox) => {
            Ok(format!("SMTP_URL is not set: mails are not sent but written to {outbox}"))
        }
        Transport::Smtp(smtp) => match timeout(MAIL, smtp.check()).await {
            Ok(Ok(())) if smtp.sends_without_tls() => Ok(format!("{smtp} accepts mails, without TLS")),
            Ok(Ok(())) => Ok(format!("{smtp} accepts mails")),
            Ok(Err(why)) => Err(format!("{smtp} cannot be used: {why}")),
            Err(_) => Err(format!("{smtp} does not answer within {} s", MAIL.as_secs())),
        },
    }
}

/// A clock that is behind ends no session in time and accepts expired tokens.
fn time(config: &Config, now: Timestamp) -> Finding {
    let release: Timestamp = RELEASE.parse().unwrap_or_default();
    if now < release {
        return Err(format!("it is {now:.0} by the clock of this machine, which is in the past: set it"));
    }
    let modified = |file: &Path| fs::metadata(file).and_then(|file| file.modified()).ok();
    let written: Option<SystemTime> = config.database_url().file().and_then(modified);
    let ahead = written.and_then(|time| Timestamp::try_from(time).ok()).map(|time| time.duration_since(now));
    match ahead {
        Some(ahead) if ahead > CLOCK_LEEWAY => Err(format!(
            "it is {now:.0} by the clock of this machine, but the database was written {} min later: set the clock",
            ahead.as_mins()
        )),
        _ => Ok(format!("it is {now:.0}")),
    }
}

fn disk(config: &Config) -> Finding {
    let database = config.database_url().file().and_then(Path::parent);
    let mut found = Vec::new();
    for folder in [Some(config.data_dir.path()), database].into_iter().flatten() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let line = free_space(folder)?;
        if !found.contains(&line) {
            found.push(line);
        }
    }
    Ok(found.join(", "))
}

/// The free space for files in this folder, which the service creates if it is missing.
fn free_space(folder: &Path) -> Finding {
    let existing = folder.ancestors().find(|folder| folder.as_os_str().is_empty() || folder.exists());
    let existing = existing.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let shown = folder.display();
    access(existing, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|why| format!("{} is not writable for this user: {why}", existing.display()))?;
    let disk = statvfs(existing).map_err(|why| format!("the disk of {shown} cannot be examined: {why}"))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < MIN_FREE {
        return Err(format!("only {} MiB are free in {shown}: make room", free >> 20));
    }
    if disk.f_files > 0 && disk.f_favail == 0 {
        return Err(format!("the disk of {shown} has no free inode: remove files"));
    }
    Ok(format!("{} MiB are free in {shown}", free >> 20))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::conditional::system_time;

    fn at(time: &str, config: &Config) -> Finding {
        super::time(config, time.parse().unwrap())
    }

    #[test]
    fn clock_before_the_release_or_before_the_last_write_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::of_flags(&["--data-dir", &folder.path().display().to_string()]).unwrap();
        assert_eq!(at("2026-05-01T12:00:00.5Z", &config).unwrap(), "it is 2026-05-01T12:00:00Z");
        assert!(at("2025-12-31T23:59:59Z", &config).unwrap_err().contains("is in the past: set it"));
        let database = fs::File::create(folder.path().join("recipes.db")).unwrap();
        let noon: Timestamp = "2026-05-01T12:00:00Z".parse().unwrap();
        database.set_modified(system_time(noon)).unwrap();
        at("2026-05-01T11:56:00Z", &config).unwrap();
        let why = at("2026-05-01T10:00:00Z", &config).unwrap_err();
        assert!(why.ends_with("the database was written 120 min later: set the clock"), "{why}");
    }
}
