//! `recipes import`: recipes and users from files of this or of another program.

mod entry;
mod items;
mod tally;

use std::{
    collections::VecDeque,
    fs::File,
    future::{Future, poll_fn},
    io::{self, BufReader, IsTerminal as _, Read, Write as _},
    path::{Path, PathBuf},
    pin::Pin,
    process::ExitCode,
    task::Poll,
};

use crate::clock::Clock;
use crate::entropy::Entropy;
use accounts::Email;
use anyhow::{Context as _, anyhow};
use clap::Args;
use ids::{Uid, UserId};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use store::{Imported, NewRecipe, Store, StoreError};

use self::{
    entry::Entry,
    items::Items,
    tally::{Kind, Outcome, Tally},
};
use crate::config::Config;

/// Bring in recipes and users from files
///
/// Files are JSON arrays or NDJSON, one object a line; which, and whether an object is a recipe or a user, is seen from
/// the content. Users need name, email and password, the latter hashed by bcrypt or Argon2id; they log in as before.
/// Whatever is wrong is reported with its line, and the rest is kept.
///
/// Recipes keep the uid, revision and times that an export gave them, and one whose uid is here already is left alone.
/// Ids are given anew, in the order of the file. An ownerId in a file is not believed, because it is somebody else's
/// number here: recipes belong to --owner, or to everybody.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Import {
    /// Files to read; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// E-mail of the user to whom the recipes belong from now on
    #[arg(long, value_name = "EMAIL", value_parser = Email::parse)]
    owner: Option<Email>,
    /// Check everything, write nothing, open no database
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Exit code 0: everything is there now. 1: something could not be imported.

Examples:
  recipes import db/recipes.json db/users.json
  recipes import --dry-run recipes.ndjson
  recipes import --owner ada@example.com soups.json
  ssh old-server recipes export | recipes import -";

/// So many writes wait for the disk together, and as many items are held in memory: a batch of the writer's.
const IN_FLIGHT: usize = 256;

/// A progress bar for less is a flicker.
const LONG: u64 = 1 << 20;

impl Import {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let clock = Clock::system();
        let store =
            if self.dry_run { None } else { Some(Store::open(config.database_url(), clock.now()).await?) };
        let mut importer = Importer {
            owner: self.owner.map_or(Owner::Nobody, Owner::Named),
            clock,
            entropy: Entropy::system(),
            waiting: VecDeque::new(),
            tally: Tally::default(),
            bar: ProgressBar::hidden(),
            store,
        };
        let mut outcome = Ok(());
        for path in &self.files {
            outcome = importer.import(path).await;
            if outcome.is_err() {
                break;
            }
        }
        // What was read before a failure is kept, and counted.
        let settled = importer.settle_all().await;
        let Importer { store, tally, .. } = importer;
        if let Some(store) = store {
            store.close().await;
            writeln!(io::stdout(), "{tally} imported{}", tally.remarks())?;
        } else {
            writeln!(io::stdout(), "{tally} could be imported{}; nothing was written", tally.remarks())?;
        }
        outcome.and(settled)?;
        Ok(if tally.has_failures() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

struct Importer {
    /// `None` when nothing is to be written.
    store: Option<Store>,
    owner: Owner,
    clock: Clock,
    entropy: Entropy,
    waiting: VecDeque<Waiting>,
    tally: Tally,
    bar: ProgressBar,
}

/// Found when the first recipe asks for it: the user may stand in the file before.
enum Owner {
    Nobody,
    Named(Email),
    Known(UserId),
}

/// A write that was sent and not yet answered.
struct Waiting {
    place: String,
    kind: Kind,
    written: Pin<Box<dyn Future<Output = Result<Outcome, StoreError>>>>,
    answer: Option<Result<Outcome, StoreError>>,
}

impl Importer {
    async fn import(&mut self, path: &Path) -> anyhow::Result<()> {
        let name = if path == Path::new("-") { "standard input".into() } else { path.display().to_string() };
        let input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            match File::open(path) {
                Ok(file) => {
                    self.bar = bar(&file);
                    Box::new(self.bar.wrap_read(file))
                }
                Err(error) => {
                    self.fail(&name, &error);
                    return Ok(());
                }
            }
        };
        let mut items = Items::new(BufReader::with_capacity(1 << 16, input));
        loop {
            let item = match items.next() {
                Ok(Some(item)) => item,
                Ok(None) => break,
                Err(error) => {
                    self.fail(&name, &error);
                    break;
                }
            };
            match item.text.map_err(Into::into).and_then(|text| Entry::parse(text, item.line)) {
                Ok(entry) => self.begin(entry, format!("{name}:{}", item.line)).await?,
                Err(flaw) => {
                    for message in &flaw.messages {
                        self.tell(&format!("{name}:{}", flaw.line.unwrap_or(item.line)), message);
                    }
                    self.tally.count(flaw.kind, Outcome::Failed);
                }
            }
        }
        self.bar.finish_and_clear();
        Ok(())
    }

    /// Sends the entry to the writer. The order of the calls is the order of the ids.
    async fn begin(&mut self, entry: Entry, place: String) -> anyhow::Result<()> {
        let kind = entry.kind();
        let Some(store) = self.store.clone() else {
            self.tally.count(kind, Outcome::Added);
            return Ok(());
        };
        let now = self.clock.now();
        let mut written: Pin<Box<dyn Future<Output = _>>> = match entry {
            Entry::User(user) => Box::pin(async move {
                match store.create_user(user, now).await {
                    Ok(_) => Ok(Outcome::Added),
                    Err(StoreError::EmailTaken) => Ok(Outcome::AlreadyThere),
                    Err(error) => Err(error),
                }
            }),
            Entry::Recipe(draft, origin) => {
                let owner = self.owner().await?;
                let new = NewRecipe::new(&draft, Uid::new(now, self.entropy.bytes()), owner);
                Box::pin(async move {
                    Ok(match store.import_recipe(new, origin, now).await? {
                        Imported::Added(_) => Outcome::Added,
                        Imported::AlreadyThere(_) => Outcome::AlreadyThere,
                    })
                })
            }
        };
        // The first poll puts it into the writer's queue.
        let answer = match poll_fn(|context| Poll::Ready(written.as_mut().poll(context))).await {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        };
        self.waiting.push_back(Waiting { place, kind, written, answer });
        if self.waiting.len() >= IN_FLIGHT { self.settle_one().await } else { Ok(()) }
    }

    async fn owner(&mut self) -> anyhow::Result<Option<UserId>> {
        match &self.owner {
            Owner::Nobody => Ok(None),
            Owner::Known(id) => Ok(Some(*id)),
            Owner::Named(email) => {
                let email = email.clone();
                self.settle_all().await?;
                let Some(store) = &self.store else { return Ok(None) };
                let Some((user, _)) = store.user_by_email(&email).await? else {
                    return Err(anyhow!("--owner: nobody has the e-mail address {}", email.as_str()));
                };
                self.owner = Owner::Known(user.id);
                Ok(Some(user.id))
            }
        }
    }

    async fn settle_all(&mut self) -> anyhow::Result<()> {
        while !self.waiting.is_empty() {
            self.settle_one().await?;
        }
        Ok(())
    }

    async fn settle_one(&mut self) -> anyhow::Result<()> {
        let Some(Waiting { place, kind, written, answer }) = self.waiting.pop_front() else { return Ok(()) };
        let outcome = match answer {
            Some(answer) => answer,
            None => written.await,
        };
        let outcome = outcome.with_context(|| format!("{place}: the import stopped here"))?;
        if outcome == Outcome::AlreadyThere {
            self.tell(&place, kind.already_there());
        }
        self.tally.count(kind, outcome);
        Ok(())
    }

    fn fail(&mut self, name: &str, error: &io::Error) {
        self.tell(name, &format!("cannot be read: {error}"));
        self.tally.count(Kind::File, Outcome::Failed);
    }

    fn tell(&self, place: &str, message: &str) {
        // Whoever closed standard error does not want to hear it.
        self.bar.suspend(|| {
            let _ = writeln!(io::stderr(), "{place}: {message}");
        });
    }
}

fn bar(file: &File) -> ProgressBar {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    if length < LONG || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}, {eta} left");
    style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
}
