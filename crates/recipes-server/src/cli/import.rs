//! `recipes import`: reads recipes and users from files of this or of another program.

mod item;
mod printable;
mod sources;
mod tally;
mod writes;

use std::{
    collections::VecDeque,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::images::ImageMaker;
use accounts::Email;
use clap::{Args, ValueEnum};
use formats::{Content, Format, Item, Options, Reader};
use ids::UserId;
use indicatif::ProgressBar;
use recipes::{FieldError, LabelPolicy};
use store::{OnConflict, RevisionsKept, Store};

use self::{
    printable::printable,
    tally::{Kind, Outcome, Tally},
    writes::{PendingRecipe, PendingUser},
};
use super::database;
use crate::config::Config;
use crate::telemetry::escape::escape;
use crate::use_cases::recipes::known::KnownRecipes;

/// Bring in recipes and users from files
///
/// The format of each file follows from its content: this service's JSON, NDJSON and answers of its API; web pages and schema.org
/// JSON-LD; exports of Mealie, Tandoor, Nextcloud Cookbook, Paprika, RecipeSage, Recipe Keeper, MyRecipeBox and Plan to Eat;
/// Cooklang, Markdown and plain text; archives of these. Of a folder all files are read. Errors are reported with their place, and the other
/// recipes are imported. What a recipe has no field for is left out, and the report names it.
///
/// Users need name, email and password, which must be a hash of bcrypt or Argon2id; they log in with the same password as
/// before.
///
/// Recipes keep the uid, revision and times of an export. Recipes that exist already do not change, unless --on-conflict says
/// otherwise: those with the same uid, and without a uid those with the same content, or the same name and source address.
/// Ids are assigned anew, in the order of the file. The ownerId in a file is ignored, because it means another user here:
/// recipes belong to --owner; without it they are communal, and every user may change them.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Import {
    /// Files and folders to read; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// E-mail of the future owner of the recipes
    #[arg(long, value_name = "EMAIL", value_parser = Email::parse)]
    owner: Option<Email>,
    /// Format of all files, if their content does not tell
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    format: Option<Format>,
    /// Refuse recipes and users with fields that have no place here, instead of leaving the fields out
    #[arg(long)]
    strict: bool,
    /// After an error: continue with the other recipes, or atomic: import all or nothing
    #[arg(long, value_name = "MODE", default_value = "continue", hide_possible_values = true)]
    mode: Mode,
    /// Recipes that exist already: skip, update or copy
    #[arg(long, value_name = "ACTION", default_value = "skip", hide_possible_values = true)]
    on_conflict: Action,
    /// Recipes without a uid whose content or source exists already: skip or copy
    #[arg(long, value_name = "ACTION", default_value = "skip", hide_possible_values = true)]
    duplicates: Duplicates,
    /// Check all files without opening the database or writing
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Formats: json, jsonld, html, mealie, tandoor, nextcloud, paprika, recipesage, recipekeeper, csv, cooklang, markdown, text, zip

Exit code: 0 if everything was imported or existed already, 1 if something could not be imported.

Examples:
  recipes import db/recipes.json db/users.json
  recipes import --dry-run mealie.zip
  recipes import --owner ada@example.com page.html \"Paprika Export.paprikarecipes\" notes/
  recipes import --mode atomic --on-conflict update recipes.ndjson
  ssh old-server recipes export | recipes import -";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    Continue,
    Atomic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Action {
    Skip,
    Update,
    Copy,
}

/// What happens to a recipe without a uid if the database has it already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Duplicates {
    Skip,
    Copy,
}

/// Members of a page that are not lost when they are left out.
const PAGE_MEMBERS: [&str; 3] = ["nextCursor", "totalCount", "exportedAt"];

fn format(name: &str) -> Result<Format, String> {
    Format::parse(name).ok_or_else(|| {
        let names: Vec<_> = Format::ALL.into_iter().map(Format::name).collect();
        format!("known formats: {}", names.join(", "))
    })
}

impl Import {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let clock = Clock::system();
        let store = if self.dry_run { None } else { Some(database::open(config, &clock).await?) };
        let mut importer = Importer {
            owner: self.owner.map_or(Owner::Communal, Owner::Email),
            format: self.format,
            strict: self.strict,
            is_atomic: self.mode == Mode::Atomic,
            on_conflict: match self.on_conflict {
                Action::Skip => OnConflict::Skip,
                Action::Update => OnConflict::Update,
                Action::Copy => OnConflict::Copy,
            },
            duplicates: self.duplicates,
            labels: config.accounts().labels,
            revisions_kept: config.accounts().revisions_kept,
            known: None,
            clock,
            entropy: Entropy::system(),
            users: VecDeque::new(),
            // Users of SQLite share a commit. Those of PostgreSQL would wait for connections that nothing drives.
            max_users: if config.database_url().file().is_some() { writes::BATCH } else { 1 },
            recipes: Vec::new(),
            image_maker: None,
            tally: Tally::default(),
            bar: ProgressBar::hidden(),
            store,
        };
        let mut outcome = Ok(());
        for path in &self.files {
            outcome = importer.import_path(path).await;
            if outcome.is_err() {
                break;
            }
        }
        // Items that were read before a failure are imported, and counted.
        let finished = importer.finish(outcome.is_ok()).await;
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
    format: Option<Format>,
    strict: bool,
    is_atomic: bool,
    on_conflict: OnConflict,
    duplicates: Duplicates,
    labels: LabelPolicy,
    revisions_kept: RevisionsKept,
    /// Read from the store for the first recipe without a uid.
    known: Option<KnownRecipes>,
    clock: Clock,
    entropy: Entropy,
    users: VecDeque<PendingUser>,
    max_users: usize,
    recipes: Vec<PendingRecipe>,
    /// Started for the first picture.
    image_maker: Option<ImageMaker>,
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

impl Importer {
    async fn import_path(&mut self, path: &Path) -> anyhow::Result<()> {
        match sources::files(path) {
            Ok(files) => {
                if files.is_empty() {
                    self.fail(&path.display().to_string(), "is a folder without files");
                }
                for file in files {
                    self.import_file(&file, file != path).await?;
                }
            }
            Err(error) => self.fail(&path.display().to_string(), &format!("cannot be read: {error}")),
        }
        Ok(())
    }

    /// In folders a file with one recipe can have pictures beside it.
    async fn import_file(&mut self, path: &Path, in_folder: bool) -> anyhow::Result<()> {
        let name = if path == Path::new("-") { "standard input".into() } else { path.display().to_string() };
        let options = Options { format: self.format, file_name: name.clone(), ..Options::default() };
        let opened = sources::open(path).and_then(|(input, bar)| Ok((Reader::open(input, options)?, bar)));
        let mut reader = match opened {
            Ok((reader, bar)) => {
                self.bar = bar;
                reader
            }
            Err(error) => {
                self.fail(&name, &format!("cannot be read: {error}"));
                return Ok(());
            }
        };
        let mut read = reader.next_item();
        let mut is_first = true;
        loop {
            match read {
                Ok(Some(mut item)) => {
                    let next = reader.next_item();
                    if in_folder && is_first && matches!(next, Ok(None)) {
                        add_pictures(path, &mut item);
                    }
                    is_first = false;
                    self.import_item(item, &name).await?;
                    read = next;
                }
                Ok(None) => break,
                Err(error) => {
                    self.fail(&name, &format!("cannot be read: {error}"));
                    break;
                }
            }
        }
        self.bar.finish_and_clear();
        self.report_skipped(&name, reader.skipped());
        Ok(())
    }

    async fn import_item(&mut self, item: Item, file: &str) -> anyhow::Result<()> {
        let mut place = file.to_owned();
        if let Some(entry) = &item.place.entry {
            place = format!("{place}:{}", printable(entry));
        }
        if let Some(line) = item.place.line {
            place = format!("{place}:{line}");
        }
        let name = item.name.as_deref();
        match item.content {
            Ok(Content::Recipe(recipe)) => {
                if let Err(errors) = self.labels.check(recipe.draft.health_labels()) {
                    self.reject(Kind::Recipe, &errors, name, &place);
                } else if self.accepts(Kind::Recipe, &item.left_out, name, &place) {
                    for warning in &item.warnings {
                        self.report(
                            &place,
                            &format!("\"{}\": {warning}", printable(name.unwrap_or_default())),
                        );
                    }
                    self.add_recipe(*recipe, item.images, place).await?;
                }
            }
            Ok(Content::Account(fields)) => {
                let (user, left_out) = item::account(&fields);
                match user {
                    Ok(_) if self.is_atomic => {
                        let message = "is a user; with --mode atomic only recipes are imported".to_owned();
                        self.reject(
                            Kind::User,
                            &[FieldError { pointer: String::new(), message }],
                            name,
                            &place,
                        );
                    }
                    Ok(user) => {
                        if self.accepts(Kind::User, &left_out, name, &place) {
                            self.add_user(user, place).await?;
                        }
                    }
                    Err(errors) => self.reject(Kind::User, &errors, name, &place),
                }
            }
            Err(errors) => {
                let kind = if name.is_some() { Kind::Recipe } else { Kind::Unknown };
                self.reject(kind, &errors, name, &place);
            }
        }
        Ok(())
    }

    /// Whether an item with these unknown fields is imported.
    fn accepts(&mut self, kind: Kind, left_out: &[FieldError], name: Option<&str>, place: &str) -> bool {
        if self.strict && !left_out.is_empty() {
            self.reject(kind, left_out, name, place);
            return false;
        }
        self.tally.leave_out(kind, left_out);
        true
    }

    fn reject(&mut self, kind: Kind, errors: &[FieldError], name: Option<&str>, place: &str) {
        for error in errors {
            self.report(place, &item::message(error, name));
        }
        self.tally.count(kind, Outcome::Failed);
    }

    /// Writes what waits. All or nothing: after a failure nothing.
    async fn finish(&mut self, is_complete: bool) -> anyhow::Result<()> {
        if self.is_atomic && (self.tally.has_failures() || !is_complete) {
            self.tally.take_back();
            return Ok(());
        }
        let flushed = self.flush().await;
        self.finish_users().await.and(flushed)
    }

    /// Members of an API answer beside its recipes, and files of an archive that have no recipe.
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

    fn fail(&mut self, name: &str, why: &str) {
        self.report(name, why);
        self.tally.count(Kind::File, Outcome::Failed);
    }

    fn report(&self, place: &str, message: &str) {
        // If standard error is closed, the user does not want the messages.
        self.bar.suspend(|| {
            let _ = writeln!(io::stderr(), "{}: {}", escape(place), escape(message));
        });
    }
}

fn add_pictures(file: &Path, item: &mut Item) {
    if let Ok(Content::Recipe(recipe)) = &item.content
        && item.images.is_empty()
    {
        let steps = recipe.draft.content().instructions.as_ref().map_or(0, Vec::len);
        item.add_images(sources::pictures(file, steps));
    }
}
