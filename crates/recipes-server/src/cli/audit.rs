//! `recipes audit`: prints the audit log, and follows it.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use accounts::audit::{Entry, Event, Filter};
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use jiff::Timestamp;
use recipes::time::parse_time_or_date;
use store::{Page, Store};

use super::database::open_existing;
use super::users::Account;
use crate::api::views::EntryView;
use crate::clock::Clock;
use crate::config::Config;
use crate::telemetry::escape::{escape, escape_json};

/// Print the audit log: who did what to which account, the oldest event first
///
/// The service may run at the same time.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Audit {
    /// Only this kind of event, as the log names it
    #[arg(long, hide_possible_values = true, value_parser = event())]
    event: Option<Event>,
    /// Only events about this account: its e-mail address or id
    #[arg(long, value_name = "USER")]
    subject: Option<Account>,
    /// Only events that this user caused: e-mail address or id
    #[arg(long, value_name = "USER")]
    actor: Option<Account>,
    /// Only events at or after this time, as in 2030-01-31 or 2030-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time_or_date)]
    since: Option<Timestamp>,
    /// Only events before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time_or_date)]
    until: Option<Timestamp>,
    /// Only the newest events, 1 to 1000
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1000))]
    last: Option<u16>,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
    /// Go on with new events as they happen; without --last, after the last 10
    #[arg(long, short)]
    follow: bool,
}

const EXAMPLES: &str = "\
Examples:
  recipes audit --last 20
  recipes audit --event log_in_failed --since 2030-01-31
  recipes audit --subject ada@example.com --json
  recipes audit --follow --json";

/// The pause before the log is read again.
const PAUSE: Duration = Duration::from_millis(500);

/// Events of the past that `--follow` begins with.
const LAST_TO_FOLLOW: u16 = 10;

fn event() -> impl TypedValueParser<Value = Event> {
    let names = PossibleValuesParser::new(Event::ALL.iter().map(|event| event.name()));
    names.try_map(|name| Event::ALL.iter().copied().find(|event| event.name() == name).ok_or("is no event"))
}

impl Audit {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let store = open_existing(config, &Clock::system()).await?;
        let done = self.print(&store).await;
        store.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }

    async fn print(&self, store: &Store) -> anyhow::Result<()> {
        let filter = Filter {
            event: self.event,
            subject: user(self.subject.as_ref(), store).await?,
            actor: user(self.actor.as_ref(), store).await?,
            since: self.since,
            until: self.until,
        };
        let mut seen = 0;
        if let Some(page) =
            self.last.or(self.follow.then_some(LAST_TO_FOLLOW)).and_then(|n| Page::new(None, n))
        {
            let entries = store.audit_log(filter, page).await?.rows;
            for entry in entries.into_iter().rev() {
                seen = entry.id;
                self.print_entry(entry)?;
            }
            if !self.follow {
                return Ok(());
            }
        }
        loop {
            let entries = store.audit_log_after(filter, seen).await?;
            let Some(last) = entries.last() else {
                if !self.follow {
                    return Ok(());
                }
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            seen = last.id;
            entries.into_iter().try_for_each(|entry| self.print_entry(entry))?;
        }
    }

    fn print_entry(&self, entry: Entry) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            return Ok(writeln!(out, "{}", escape_json(&serde_json::to_string(&EntryView::of(entry))?))?);
        }
        let Entry { at, event, subject, actor, detail, .. } = entry;
        write!(out, "{at:.0}  {event:<24}")?;
        for (name, value) in [
            ("subject", subject.map(|id| id.to_string())),
            ("actor", actor.user.map(|id| id.to_string())),
            ("address", actor.address.map(|address| address.to_string())),
            ("detail", detail),
        ] {
            if let Some(value) = value {
                write!(out, "  {name}={}", escape(&value))?;
            }
        }
        Ok(writeln!(out)?)
    }
}

async fn user(account: Option<&Account>, store: &Store) -> anyhow::Result<Option<ids::UserId>> {
    match account {
        None => Ok(None),
        // The events of a deleted account are still there.
        Some(Account::Id(id)) => Ok(Some(*id)),
        Some(account) => Ok(Some(account.find(store).await?.id)),
    }
}
