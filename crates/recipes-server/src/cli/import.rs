//! `recipes import`: reads recipes and users from files of this or of another program.

mod duplicates;
mod item;
mod printable;
mod tally;

use std::{
    collections::VecDeque,
    fs::File,
    future::{Future, poll_fn},
    io::{self, BufReader, IsTerminal as _, Read, Write as _},
    mem,
    path::{Path, PathBuf},
    pin::Pin,
    process::ExitCode,
    task::Poll,
};

use crate::clock::Clock;
use crate::entropy::Entropy;
use accounts::{Email, NewUser};
use anyhow::{Context as _, anyhow};
use clap::Args;
use ids::{Uid, UserId};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use recipes::{ImportedRecipe, formats::JsonItems};
use store::{ImportRecipe, Imported, NewRecipe, Store, StoreError};

use self::{
    duplicates::{Duplicates, KnownContents},
    item::{ImportItem, InvalidItem, ParsedItem},
    printable::printable,
    tally::{Kind, Outcome, Tally},
};
use super::database;
use crate::config::Config;
use crate::limits;
use crate::telemetry::escape::escape;

/// Bring in recipes and users from files
///
/// Files are JSON arrays, NDJSON (one object a line), or answers of this API: a list, one recipe, the export of an
/// account. Each object is a recipe or a user; both the format and the kind of object are detected. Users need name, email and password, which must be a hash of bcrypt or Argon2id; they log in
/// with the same password as before. Errors are reported with their line, and the other objects are imported. Fields that
/// recipes or users do not have are left out, and the report names them.
///
/// Recipes keep the uid, revision and times of the export. Recipes that exist already, with the same uid, do not change. A
/// recipe without a uid exists already if another one has the same content, source included.
/// Ids are assigned anew, in the order of the file. The ownerId in a file is ignored, because it means another user here:
/// recipes belong to --owner; without it they are communal, and every user may change them.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Import {
    /// Files to read; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// E-mail of the future owner of the recipes
    #[arg(long, value_name = "EMAIL", value_parser = Email::parse)]
    owner: Option<Email>,
    /// Refuse objects with fields that recipes or users do not have, instead of leaving the fields out
    #[arg(long)]
    strict: bool,
    /// Recipes without a uid whose content exists already: skip or copy
    #[arg(long, value_name = "ACTION", default_value = "skip", hide_possible_values = true)]
    duplicates: Duplicates,
    /// Check all files without opening the database or writing
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Exit code: 0 if everything was imported or existed already, 1 if something could not be imported.

Examples:
  recipes import db/recipes.json db/users.json
  recipes import --dry-run recipes.ndjson
  recipes import --strict --dry-run recipes.ndjson
  recipes import --owner ada@example.com soups.json
  ssh old-server recipes export | recipes import -";

/// Recipes that are written in one transaction, and users in flight: as many as the store's writer of SQLite commits in one
/// batch.
const BATCH: usize = 256;

/// A batch ends early behind this much text, because a statement of PostgreSQL may take two seconds at most.
const BATCH_BYTES: usize = 1 << 20;

/// Members of a page that are not lost when they are left out.
const PAGE_MEMBERS: [&str; 3] = ["nextCursor", "totalCount", "exportedAt"];

/// Smaller files are imported before a progress bar could be read.
const PROGRESS_BAR_BYTES: u64 = 1 << 20;

impl Import {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let clock = Clock::system();
        let store = if self.dry_run { None } else { Some(database::open(config, &clock).await?) };
        let mut importer = Importer {
            owner: self.owner.map_or(Owner::Communal, Owner::Email),
            strict: self.strict,
            duplicates: self.duplicates,
            known_contents: None,
            clock,
            entropy: Entropy::system(),
            recipes: Batch::default(),
            users: VecDeque::new(),
            // Users of SQLite share a commit. Those of PostgreSQL would wait for connections that nothing drives.
            max_users: if config.database_url().file().is_some() { BATCH } else { 1 },
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
        // Items that were read before a failure are imported, and counted.
        let finished = importer.finish_all().await;
        let Importer { store, tally, .. } = importer;
        for line in tally.left_out() {
            let _ = writeln!(io::stderr(), "recipes: {line}");
        }
        if let Some(store) = store {
            store.close().await;
            writeln!(io::stdout(), "{tally} imported{}", tally.remarks())?;
        } else {
            writeln!(io::stdout(), "{tally} could be imported{}; nothing was written", tally.remarks())?;
        }
        outcome.and(finished)?;
        Ok(if tally.has_failures() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

struct Importer {
    /// `None` in a dry run.
    store: Option<Store>,
    owner: Owner,
    strict: bool,
    duplicates: Duplicates,
    /// Read from the store for the first recipe without a uid.
    known_contents: Option<KnownContents>,
    clock: Clock,
    entropy: Entropy,
    recipes: Batch,
    users: VecDeque<PendingUser>,
    max_users: usize,
    tally: Tally,
    bar: ProgressBar,
}

/// Looked up for the first recipe, because the import itself may create the user before it.
enum Owner {
    /// The recipes have no owner.
    Communal,
    Email(Email),
    User(UserId),
}

/// Recipes that are written next, and where each is in the files.
#[derive(Default)]
struct Batch {
    recipes: Vec<ImportRecipe>,
    places: Vec<String>,
    bytes: usize,
}

/// A user in the queue of writes, before the result of the write is known.
struct PendingUser {
    place: String,
    write: Pin<Box<dyn Future<Output = Result<Outcome, StoreError>>>>,
    result: Option<Result<Outcome, StoreError>>,
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
        let mut items = JsonItems::new(BufReader::with_capacity(1 << 16, input), limits::BODY_BYTES);
        loop {
            let item = match items.next_item() {
                Ok(Some(item)) => item,
                Ok(None) => break,
                Err(error) => {
                    self.fail(&name, &error);
                    break;
                }
            };
            let bytes = item.text.as_ref().map_or(0, |text| text.len());
            let parsed = match item.text {
                Ok(text) => ParsedItem::parse(text, item.line, self.strict),
                Err(error) => Err(InvalidItem::new(error.to_string())),
            };
            match parsed {
                Ok(ParsedItem { item: parsed, left_out }) => {
                    self.tally.leave_out(parsed.kind(), &left_out);
                    let place = format!("{name}:{}", item.line);
                    match parsed {
                        ImportItem::User(user) => self.add_user(user, place).await?,
                        ImportItem::Recipe(recipe) => self.add_recipe(*recipe, bytes, place).await?,
                    }
                }
                Err(invalid) => {
                    for message in &invalid.messages {
                        self.report(&format!("{name}:{}", invalid.line.unwrap_or(item.line)), message);
                    }
                    self.tally.count(invalid.kind, Outcome::Failed);
                }
            }
        }
        self.bar.finish_and_clear();
        self.report_skipped(&name, items.skipped_members());
        Ok(())
    }

    async fn add_user(&mut self, user: NewUser, place: String) -> anyhow::Result<()> {
        let Some(store) = self.store.clone() else {
            self.tally.count(Kind::User, Outcome::Added);
            return Ok(());
        };
        let now = self.clock.now();
        let mut write: Pin<Box<dyn Future<Output = _>>> = Box::pin(async move {
            match store.create_user(user, now).await {
                Ok(_) => Ok(Outcome::Added),
                Err(StoreError::EmailTaken) => Ok(Outcome::AlreadyThere),
                Err(error) => Err(error),
            }
        });
        // The first poll puts the write into the queue of the store's writer: ids are in the order of the file.
        let result = match poll_fn(|context| Poll::Ready(write.as_mut().poll(context))).await {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        };
        self.users.push_back(PendingUser { place, write, result });
        if self.users.len() >= self.max_users { self.finish_user().await } else { Ok(()) }
    }

    async fn add_recipe(
        &mut self,
        recipe: ImportedRecipe,
        bytes: usize,
        place: String,
    ) -> anyhow::Result<()> {
        let Some(store) = self.store.clone() else {
            self.tally.count(Kind::Recipe, Outcome::Added);
            return Ok(());
        };
        if self.is_duplicate(&store, &recipe).await? {
            let message = "a recipe with this content is already there; --duplicates copy adds it again";
            self.report(&place, message);
            self.tally.count(Kind::Recipe, Outcome::AlreadyThere);
            return Ok(());
        }
        let owner = self.owner().await?;
        let new = NewRecipe::new(&recipe.draft, Uid::new(self.clock.now(), self.entropy.bytes()), owner);
        self.recipes.recipes.push(ImportRecipe { new, history: recipe.history });
        self.recipes.places.push(place);
        self.recipes.bytes += bytes;
        let is_full = self.recipes.places.len() >= BATCH || self.recipes.bytes >= BATCH_BYTES;
        if is_full { self.finish_recipes().await } else { Ok(()) }
    }

    /// A recipe with a uid is compared by its uid.
    async fn is_duplicate(&mut self, store: &Store, recipe: &ImportedRecipe) -> anyhow::Result<bool> {
        if self.duplicates == Duplicates::Copy {
            return Ok(false);
        }
        if recipe.history.uid.is_some() {
            if let Some(known) = &mut self.known_contents {
                known.add(recipe.draft.content())?;
            }
            return Ok(false);
        }
        if self.known_contents.is_none() {
            // The recipes before this one must be in the store before it is read.
            self.finish_all().await?;
        }
        let known = match &mut self.known_contents {
            Some(known) => known,
            none => none.insert(KnownContents::of(store).await?),
        };
        Ok(!known.add(recipe.draft.content())?)
    }

    async fn owner(&mut self) -> anyhow::Result<Option<UserId>> {
        match &self.owner {
            Owner::Communal => Ok(None),
            Owner::User(id) => Ok(Some(*id)),
            Owner::Email(email) => {
                let email = email.clone();
                self.finish_all().await?;
                let Some(store) = &self.store else { return Ok(None) };
                let Some((user, _)) = store.user_by_email(&email).await? else {
                    return Err(anyhow!("--owner: no user has the e-mail address {}", email.as_str()));
                };
                self.owner = Owner::User(user.id);
                Ok(Some(user.id))
            }
        }
    }

    async fn finish_all(&mut self) -> anyhow::Result<()> {
        while !self.users.is_empty() {
            self.finish_user().await?;
        }
        self.finish_recipes().await
    }

    async fn finish_user(&mut self) -> anyhow::Result<()> {
        let Some(PendingUser { place, write, result }) = self.users.pop_front() else { return Ok(()) };
        let outcome = match result {
            Some(result) => result,
            None => write.await,
        };
        let outcome = outcome.with_context(|| stopped(&place))?;
        self.finish(&place, Kind::User, outcome);
        Ok(())
    }

    /// Writes the batch, all of it or nothing.
    async fn finish_recipes(&mut self) -> anyhow::Result<()> {
        let Batch { recipes, places, .. } = mem::take(&mut self.recipes);
        let (Some(store), Some(first)) = (&self.store, places.first()) else { return Ok(()) };
        let outcomes = store.import_recipes(recipes, self.clock.now()).await;
        for (outcome, place) in outcomes.with_context(|| stopped(first))?.iter().zip(&places) {
            let outcome = match outcome {
                Imported::Added(_) => Outcome::Added,
                Imported::AlreadyThere(_) => Outcome::AlreadyThere,
            };
            self.finish(place, Kind::Recipe, outcome);
        }
        Ok(())
    }

    fn finish(&mut self, place: &str, kind: Kind, outcome: Outcome) {
        if outcome == Outcome::AlreadyThere {
            self.report(place, kind.already_there());
        }
        self.tally.count(kind, outcome);
    }

    /// Members of an API answer beside its recipes.
    fn report_skipped(&self, name: &str, members: &[String]) {
        if members.iter().any(|member| member == "nextCursor") {
            self.report(name, "has one page of a longer list; nextCursor leads to the next page");
        }
        let others: Vec<_> = members.iter().map(|member| printable(member)).collect();
        let others: Vec<_> =
            others.iter().map(String::as_str).filter(|name| !PAGE_MEMBERS.contains(name)).collect();
        if !others.is_empty() {
            self.report(name, &format!("only recipes are imported; left out: {}", others.join(", ")));
        }
    }

    fn fail(&mut self, name: &str, error: &io::Error) {
        self.report(name, &format!("cannot be read: {error}"));
        self.tally.count(Kind::File, Outcome::Failed);
    }

    fn report(&self, place: &str, message: &str) {
        // If standard error is closed, the user does not want the messages.
        self.bar.suspend(|| {
            let _ = writeln!(io::stderr(), "{}: {}", escape(place), escape(message));
        });
    }
}

fn stopped(place: &str) -> String {
    format!("{place}: the import stopped here")
}

fn bar(file: &File) -> ProgressBar {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    if length < PROGRESS_BAR_BYTES || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}, {eta} left");
    style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
}
