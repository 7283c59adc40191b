//! Imports recipes from files of this or of another program.

use std::collections::VecDeque;
use std::sync::Arc;

use formats::{Content, Format, Input, Item, ItemImage, Limits, Options, Place, ReadSeek, Reader};
use ids::{RecipeId, Uid};
use recipes::{Draft, FieldError, ImportedRecipe, LabelPolicy};
use store::{ImportBatch, ImportOutcome, ImportRefusal, OnConflict, RecipeImport, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::known::{KnownRecipes, Same};
use super::{RecipeError, Recipes, Writer};
use crate::use_cases::repeats::Once;

/// Items of one request: their report must fit into memory.
pub const MAX_ITEMS: u64 = 10_000;
/// Recipes of one transaction, unless it is all or nothing.
const BATCH: usize = 64;
/// Imports that are read at the same time: a document in memory takes many times its bytes.
const CONCURRENT: usize = 2;

/// What an import does.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    pub is_atomic: bool,
    pub on_conflict: OnConflict,
    pub is_dry_run: bool,
    pub format: Option<Format>,
    /// Where a single page comes from.
    pub url: Option<String>,
    /// Whether the picture that the page names is fetched as well.
    pub fetches_image: bool,
}

/// A file that a client has sent.
pub struct ImportFile {
    pub name: Option<String>,
    pub bytes: Box<dyn ReadSeek>,
}

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemResult {
    /// A dry run: it can be imported.
    Valid,
    Added(RecipeId),
    Updated(RecipeId),
    AlreadyThere(Option<RecipeId>),
    Failed(Vec<FieldError>),
}

/// The report of one item.
#[derive(Clone, Debug)]
pub struct ItemReport {
    pub file: Option<String>,
    pub number: u64,
    pub place: Place,
    pub name: Option<String>,
    pub format: Format,
    pub taken: Vec<String>,
    pub left_out: Vec<FieldError>,
    pub warnings: Vec<String>,
    pub result: ItemResult,
}

/// Bounds how many imports are read at the same time.
#[derive(Clone)]
pub struct ImportPlaces(Arc<Semaphore>);

impl Default for ImportPlaces {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CONCURRENT)))
    }
}

/// An import that goes on with each call of [`Recipes::import_next`].
pub struct Import {
    files: VecDeque<ImportFile>,
    reader: Option<(Option<String>, Box<Reader<'static>>)>,
    options: ImportOptions,
    known: Option<KnownRecipes>,
    items: u64,
    _place: Option<OwnedSemaphorePermit>,
}

/// A recipe of the batch, and its report.
struct Pending {
    report: ItemReport,
    recipe: Option<Box<ImportedRecipe>>,
    images: Vec<ItemImage>,
}

impl Recipes {
    /// Begins an import when it is its turn.
    pub async fn begin_import(&self, files: Vec<ImportFile>, options: ImportOptions) -> Import {
        // The semaphore is never closed.
        let place = self.import_places.0.clone().acquire_owned().await.ok();
        Import { files: files.into(), reader: None, options, known: None, items: 0, _place: place }
    }

    /// Imports the next recipes. `None` after the last one.
    ///
    /// # Errors
    /// [`RecipeError::ActorRevoked`], and when the store is unavailable. Earlier batches stay imported.
    pub async fn import_next(
        &self,
        mut import: Import,
        writer: Writer,
    ) -> Result<(Option<Vec<ItemReport>>, Import), RecipeError> {
        let most = if import.options.is_atomic { usize::MAX } else { BATCH };
        let read = spawn_blocking(move || {
            let items = import.read(most);
            (items, import)
        });
        let (pending, mut import) = read.await?;
        if pending.is_empty() {
            return Ok((None, import));
        }
        let reports = self.write(&mut import, pending, writer, None).await?;
        Ok((Some(reports), import))
    }

    /// Imports all recipes, and answers the reports of all.
    ///
    /// # Errors
    /// As [`import_next`](Self::import_next).
    pub async fn import_all(
        &self,
        mut import: Import,
        writer: Writer,
    ) -> Result<Vec<ItemReport>, RecipeError> {
        let mut reports = Vec::new();
        loop {
            let (batch, rest) = self.import_next(import, writer).await?;
            import = rest;
            match batch {
                Some(batch) => reports.extend(batch),
                None => return Ok(reports),
            }
        }
    }

    /// Imports all recipes in one transaction.
    ///
    /// # Errors
    /// As [`import_next`](Self::import_next). Nothing is imported then.
    pub async fn import_once(
        &self,
        mut import: Import,
        writer: Writer,
        once: Option<Once<Vec<ItemReport>>>,
    ) -> Result<Vec<ItemReport>, RecipeError> {
        let read = spawn_blocking(move || {
            let items = import.read(usize::MAX);
            (items, import)
        });
        let (pending, mut import) = read.await?;
        self.write(&mut import, pending, writer, once).await
    }

    async fn write(
        &self,
        import: &mut Import,
        pending: Vec<Pending>,
        writer: Writer,
        once: Option<Once<Vec<ItemReport>>>,
    ) -> Result<Vec<ItemReport>, RecipeError> {
        let context = self.context(writer);
        let pending: Vec<_> = pending.into_iter().map(|item| item.checked(self.labels)).collect();
        let has_failed = pending.iter().any(|item| item.recipe.is_none());
        let is_void = import.options.is_atomic && has_failed;
        let is_single = import.options.url.is_some() && pending.len() == 1;
        if import.known.is_none() && import.options.on_conflict != OnConflict::Copy && !is_void {
            import.known = Some(KnownRecipes::of(&self.store, Some(writer.user)).await?);
        }
        let on_conflict = import.options.on_conflict;
        let (mut recipes, mut places, mut drafts) =
            (Vec::new(), Vec::new(), Vec::<(Draft, Vec<ItemImage>)>::new());
        let mut reports: Vec<ItemReport> = Vec::with_capacity(pending.len());
        for (index, Pending { report, recipe, images }) in pending.into_iter().enumerate() {
            reports.push(report);
            let Some(recipe) = recipe.filter(|_| !is_void) else { continue };
            let ImportedRecipe { draft, history } = *recipe;
            let same = match &mut import.known {
                Some(known) if history.uid.is_none() => {
                    let same = known.find(draft.content(), is_single);
                    if same.is_none() {
                        known.add(draft.content(), None);
                    }
                    same
                }
                _ => None,
            };
            // A recipe that is twice in the same batch has no id yet.
            let is_repeated = same.is_some_and(|same| same.id().is_none());
            if is_repeated || same.is_some() && on_conflict == OnConflict::Skip {
                reports[index].result = ItemResult::AlreadyThere(same.and_then(Same::id));
                continue;
            }
            if import.options.is_dry_run {
                continue;
            }
            let uid = Uid::new(context.now, self.entropy.bytes());
            drafts.push((draft.clone(), images));
            recipes.push(RecipeImport { draft, history, uid, same: same.and_then(Same::id) });
            places.push(index);
        }
        let may_be_done = once.is_some() && !is_void && !import.options.is_dry_run && has_success(&reports);
        if recipes.is_empty() && !may_be_done {
            return Ok(reports);
        }
        let store = match once {
            None => self.store.clone(),
            Some(once) => {
                let (reports, places) = (reports.clone(), places.clone());
                Once::store(Some(once), &self.store, move |outcomes: &Vec<ImportOutcome>| {
                    let mut reports = reports.clone();
                    for (index, outcome) in places.iter().zip(outcomes) {
                        reports[*index].result = result(*outcome);
                    }
                    has_success(&reports).then_some(reports)
                })
            }
        };
        let is_atomic = import.options.is_atomic;
        let batch = ImportBatch {
            recipes,
            owner: Some(writer.user),
            on_conflict,
            is_atomic,
            ownerless: self.ownerless,
            quotas: self.quotas,
            revisions_kept: self.revisions_kept,
        };
        match store.import_recipes(batch, context).await {
            Ok(outcomes) => {
                for ((index, (draft, images)), outcome) in places.into_iter().zip(drafts).zip(outcomes) {
                    reports[index].result = result(outcome);
                    let id = match outcome {
                        ImportOutcome::Added(id) | ImportOutcome::Updated(id) => Some(id),
                        _ => None,
                    };
                    if let Some(known) = import.known.as_mut().filter(|_| id.is_some()) {
                        known.add(draft.content(), id);
                    }
                    let Some(id) = id else { continue };
                    let fetches_image = import.options.fetches_image && is_single && images.is_empty();
                    let images = if fetches_image {
                        self.image_of_page(&draft, &mut reports[index].warnings).await
                    } else {
                        images
                    };
                    reports[index].warnings.extend(self.add_images(id, images, writer).await);
                }
            }
            Err(StoreError::ImportRefused { index, refusal }) => {
                if let Some(report) = places.get(index).and_then(|place| reports.get_mut(*place)) {
                    report.result = result(ImportOutcome::Refused(refusal));
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(reports)
    }
}

/// Whether not all items have failed. Those that are still to be imported are valid.
fn has_success(reports: &[ItemReport]) -> bool {
    reports.iter().any(|report| !matches!(report.result, ItemResult::Failed(_)))
}

fn result(outcome: ImportOutcome) -> ItemResult {
    let failed = |error: RecipeError| {
        ItemResult::Failed(vec![FieldError { pointer: String::new(), message: error.to_string() }])
    };
    match outcome {
        ImportOutcome::Added(id) => ItemResult::Added(id),
        ImportOutcome::Updated(id) => ItemResult::Updated(id),
        ImportOutcome::AlreadyThere(id) => ItemResult::AlreadyThere(Some(id)),
        ImportOutcome::Refused(ImportRefusal::NotTheOwner(_)) => failed(RecipeError::NotTheOwner),
        ImportOutcome::Refused(ImportRefusal::QuotaExceeded { usage, quotas }) => {
            failed(RecipeError::QuotaExceeded { usage, quotas })
        }
    }
}

impl Import {
    pub fn is_atomic(&self) -> bool {
        self.options.is_atomic
    }

    /// The next items of the files.
    fn read(&mut self, most: usize) -> Vec<Pending> {
        let mut pending = Vec::new();
        while pending.len() < most {
            let Some((file, reader)) = &mut self.reader else {
                if !self.open_next(&mut pending) {
                    break;
                }
                continue;
            };
            match reader.next_item() {
                Ok(Some(item)) => {
                    self.items += 1;
                    if self.items > MAX_ITEMS {
                        let message =
                            format!("The request has more than {MAX_ITEMS} items; the rest was not read");
                        pending.push(Pending::failed(file.clone(), message));
                        (self.reader, self.files) = (None, VecDeque::new());
                        break;
                    }
                    pending.push(Pending::of(file.clone(), item));
                }
                Ok(None) => self.reader = None,
                Err(error) => {
                    pending.push(Pending::failed(file.clone(), format!("cannot be read: {error}")));
                    self.reader = None;
                }
            }
        }
        pending
    }

    /// Whether there is another file.
    fn open_next(&mut self, pending: &mut Vec<Pending>) -> bool {
        let Some(ImportFile { name, bytes }) = self.files.pop_front() else { return false };
        let options = Options {
            format: self.options.format,
            file_name: name.clone().unwrap_or_default(),
            url: self.options.url.clone(),
            limits: limits(),
        };
        match Reader::open(Input::File(bytes), options) {
            Ok(reader) => self.reader = Some((name, Box::new(reader))),
            Err(error) => pending.push(Pending::failed(name, format!("cannot be read: {error}"))),
        }
        true
    }
}

/// Of a file that a stranger sends: a document takes many times its bytes while it is read.
fn limits() -> Limits {
    Limits {
        object_bytes: 1 << 20,
        document_bytes: 8 << 20,
        unpacked_bytes: 256 << 20,
        entries: 20_000,
        ..Limits::default()
    }
}

impl Pending {
    /// Failed if the operator does not allow its labels.
    fn checked(mut self, labels: LabelPolicy) -> Self {
        let refused =
            self.recipe.as_ref().and_then(|recipe| labels.check(recipe.draft.health_labels()).err());
        if let Some(errors) = refused {
            self.report.result = ItemResult::Failed(errors);
            self.recipe = None;
        }
        self
    }

    fn of(file: Option<String>, item: Item) -> Self {
        let Item { number, place, name, format, content, taken, left_out, warnings, images } = item;
        let (recipe, result) = match content {
            Ok(Content::Recipe(recipe)) => (Some(recipe), ItemResult::Valid),
            Ok(Content::Account(_)) => {
                let message = "is an account; accounts are imported at the command line".to_owned();
                (None, ItemResult::Failed(vec![FieldError { pointer: String::new(), message }]))
            }
            Err(errors) => (None, ItemResult::Failed(errors)),
        };
        let report = ItemReport { file, number, place, name, format, taken, left_out, warnings, result };
        Self { report, recipe, images }
    }

    fn failed(file: Option<String>, message: String) -> Self {
        let report = ItemReport {
            file,
            number: 0,
            place: Place::default(),
            name: None,
            format: Format::Text,
            taken: Vec::new(),
            left_out: Vec::new(),
            warnings: Vec::new(),
            result: ItemResult::Failed(vec![FieldError { pointer: String::new(), message }]),
        };
        Self { report, recipe: None, images: Vec::new() }
    }
}
