//! Recipes: create, read, list, change, delete.

mod bin;
mod bulk;
mod cooked;
mod error;
mod favourites;
mod feed;
mod health_labels;
mod images;
pub mod import;
pub mod known;
mod pages;
mod ratings;
mod revisions;
mod search;
mod shares;
mod transfer;
mod writer;

pub use self::{
    bulk::{BulkDone, BulkOperation, BulkOutcome, BulkRefusal},
    cooked::CookedNow,
    error::RecipeError,
    health_labels::HealthLabelCounts,
    images::ImageChange,
    revisions::HistoryEntry,
    search::{Found, PageWanted, RecipeQuery},
    shares::{CreatedShare, ShareRecipe},
    transfer::RecipeTransfer,
    writer::Writer,
};
pub use store::{ImageKey, Precondition, StoredRecipe, Viewer};

use std::sync::Arc;
use std::time::Duration;

use accounts::{Role, User, audit::Actor};
use ids::{RecipeId, Uid, UserId};
use jiff::Timestamp;
use recipes::allergens::{LabelHint, label_hints};
use recipes::amounts::{AppliedView, RecipeView, ViewedRecipe};
use recipes::{Draft, LabelPolicy, Ownerless, Quotas, Recipe, RecipePatch, RecipeState, Usage};
use store::{
    Context, Edit, EditTerms, Editor, IdempotencyKey, Listing, NewRecipe, Once, Page, PageEnd, PatchRecipe,
    ReadCache, RecipePage, RecipeSnapshot, ReplaceRecipe, RevisionsKept, Store, StoreError,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use self::import::ImportPlaces;
use super::Dependencies;
use super::accounts::Reading;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::images::ImageMaker;
use crate::jobs::search_index::SearchIndex;
use crate::page_fetcher::PageFetcher;

/// The use cases of recipes.
pub struct Recipes {
    store: Store,
    search: Option<SearchIndex>,
    quotas: Quotas,
    labels: LabelPolicy,
    reading: Reading,
    ownerless: Ownerless,
    require_verified_email: bool,
    require_if_match: bool,
    images: ImageMaker,
    revisions_kept: RevisionsKept,
    bin_days: u16,
    pages: Option<PageFetcher>,
    import_places: ImportPlaces,
    clock: Clock,
    entropy: Entropy,
    exports: Arc<Semaphore>,
}

/// A recipe for other servings or in other units, or as it is stored.
pub struct ShownRecipe {
    pub recipe: Recipe,
    pub applied: AppliedView,
    /// See [`StoredRecipe::modified_at`].
    pub modified_at: Timestamp,
}

/// Snapshots at a time. Reads that take long have two connections of PostgreSQL.
const EXPORTS: usize = 1;

/// A client waits so long for the exports of others.
const EXPORT_PATIENCE: Duration = Duration::from_secs(10);

impl Recipes {
    pub fn new(with: &Dependencies) -> Self {
        Self {
            store: with.store.clone(),
            search: with.search.clone(),
            quotas: with.settings.quotas,
            labels: with.settings.labels,
            reading: with.settings.reading,
            ownerless: with.settings.ownerless,
            require_verified_email: with.settings.require_verified_email,
            require_if_match: with.settings.require_if_match,
            images: with.images.clone(),
            revisions_kept: with.settings.revisions_kept,
            bin_days: with.settings.bin_days,
            pages: with.pages.clone(),
            import_places: ImportPlaces::default(),
            clock: with.clock.clone(),
            entropy: with.entropy.clone(),
            exports: Arc::new(Semaphore::new(EXPORTS)),
        }
    }

    /// The right to write recipes. What it includes is decided by the store when it writes: an administrator may change
    /// the recipes of all users.
    ///
    /// # Errors
    /// [`RecipeError::ReadOnlyAccount`]; [`RecipeError::EmailNotVerified`] if the operator requires a verified address.
    pub fn writer(&self, user: &User, actor: Actor, may_read: bool) -> Result<Writer, RecipeError> {
        if !user.may_write() {
            return Err(RecipeError::ReadOnlyAccount);
        }
        if self.require_verified_email && !user.email_verified {
            return Err(RecipeError::EmailNotVerified);
        }
        Ok(Writer { user: user.id, actor, may_read })
    }

    /// Whether requests without an account may read public recipes.
    pub fn are_public(&self) -> bool {
        self.reading == Reading::Public
    }

    /// What the user has, and may have. Administrators have no quota.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn usage(&self, user: &User) -> Result<(Usage, Quotas), RecipeError> {
        let quotas = if user.role == Role::Admin { Quotas::OFF } else { self.quotas };
        Ok((self.store.usage(user.id).await?, quotas))
    }

    /// Adds a recipe, which the writer owns.
    ///
    /// # Errors
    /// [`RecipeError::Invalid`], [`RecipeError::QuotaExceeded`], [`RecipeError::ActorRevoked`].
    pub async fn create(&self, writer: Writer, draft: &Draft) -> Result<StoredRecipe, RecipeError> {
        self.labels.check(draft.health_labels()).map_err(RecipeError::Invalid)?;
        let context = self.context(writer);
        Ok(self.store.create_recipe(self.new_recipe(writer, draft, context.now), context).await?)
    }

    /// [`create`](Self::create) for a request that the client may repeat with the same key. Answers with the recipe as it was
    /// created, and whether that was done before.
    ///
    /// # Errors
    /// As [`create`](Self::create), and [`RecipeError::IdempotencyKeyReused`].
    pub async fn create_once(
        &self,
        writer: Writer,
        draft: &Draft,
        key: &str,
    ) -> Result<(StoredRecipe, bool), RecipeError> {
        self.labels.check(draft.health_labels()).map_err(RecipeError::Invalid)?;
        let context = self.context(writer);
        let wanted = serde_json::to_vec(draft.content()).map_err(|why| StoreError::Bug(why.to_string()))?;
        let key = IdempotencyKey::new(key, &wanted);
        let new = self.new_recipe(writer, draft, context.now);
        match self.store.create_recipe_once(new, key, context).await? {
            Once::Created(recipe) => Ok((recipe, false)),
            Once::Replayed(recipe) => Ok((recipe, true)),
            Once::OtherContent => Err(RecipeError::IdempotencyKeyReused),
        }
    }

    fn new_recipe(&self, writer: Writer, draft: &Draft, now: Timestamp) -> NewRecipe {
        let uid = Uid::new(now, self.entropy.bytes());
        NewRecipe::new(draft, uid, Some(writer.user)).within(self.quotas)
    }

    /// # Errors
    /// [`RecipeError::NotFound`].
    pub async fn read(&self, id: RecipeId, viewer: Viewer) -> Result<StoredRecipe, RecipeError> {
        self.store.recipe(id, viewer).await?.ok_or(RecipeError::NotFound)
    }

    /// Reads a recipe for other servings or in other units.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::NoServings`], [`RecipeError::ScaleOutOfRange`].
    pub async fn view(
        &self,
        id: RecipeId,
        viewer: Viewer,
        view: RecipeView,
    ) -> Result<ShownRecipe, RecipeError> {
        let stored = self.read(id, viewer).await?;
        let recipe = whole(&stored)?;
        let ViewedRecipe { content, applied } = view.apply(recipe.content)?;
        Ok(ShownRecipe { recipe: Recipe { content, ..recipe }, applied, modified_at: stored.modified_at() })
    }

    /// The allergens that the ingredients of a recipe may contain.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`].
    pub async fn label_hints(&self, id: RecipeId, viewer: Viewer) -> Result<Vec<LabelHint>, RecipeError> {
        Ok(label_hints(&self.read_whole(id, viewer).await?.content))
    }

    async fn read_whole(&self, id: RecipeId, viewer: Viewer) -> Result<Recipe, RecipeError> {
        whole(&self.read(id, viewer).await?)
    }

    /// A cache of values that are made of recipes. It is valid until the store changes.
    pub fn cache<V: Clone>(&self) -> ReadCache<RecipeId, V> {
        self.store.recipe_cache()
    }

    /// Recipes in the order of their ids, as JSON behind `json`. A page of large recipes ends before its limit.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn list(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
        json: Vec<u8>,
    ) -> Result<Listing<RecipePage, RecipeId>, RecipeError> {
        Ok(self.store.recipes(page, viewer, json).await?)
    }

    /// Where a page of [`list`](Self::list) ends that has as many recipes as its limit says.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn end_of_page(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
    ) -> Result<Option<PageEnd<RecipeId>>, RecipeError> {
        Ok(self.store.end_of_recipe_page(page, viewer).await?)
    }

    /// The recipes of one user after this one, in the order of their ids.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn list_of_owner(
        &self,
        owner: UserId,
        after: Option<RecipeId>,
    ) -> Result<Listing<RecipePage, RecipeId>, RecipeError> {
        Ok(self.store.recipes_of(owner, Page::longest(after)).await?)
    }

    /// All recipes that the viewer may see, as they are at one moment. The permit is to be kept until all are read: a
    /// snapshot keeps a transaction open, so only few run at a time.
    ///
    /// # Errors
    /// [`RecipeError::TooManyExports`] if others do not end in time.
    pub async fn snapshot(
        &self,
        viewer: Viewer,
    ) -> Result<(RecipeSnapshot, OwnedSemaphorePermit), RecipeError> {
        let permit = self.export_permit().await?;
        Ok((self.store.recipe_snapshot(viewer), permit))
    }

    async fn export_permit(&self) -> Result<OwnedSemaphorePermit, RecipeError> {
        let permit = timeout(EXPORT_PATIENCE, Arc::clone(&self.exports).acquire_owned()).await;
        permit.ok().and_then(Result::ok).ok_or(RecipeError::TooManyExports)
    }

    /// How many recipes [`list`](Self::list) has in all.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn count(&self, viewer: Viewer) -> Result<u64, RecipeError> {
        Ok(self.store.count_recipes(viewer).await?)
    }

    /// Replaces a recipe as a whole.
    ///
    /// # Errors
    /// [`RecipeError::Invalid`], [`RecipeError::QuotaExceeded`], [`RecipeError::NotFound`], [`RecipeError::NotTheOwner`],
    /// [`RecipeError::Stale`].
    pub async fn replace(
        &self,
        writer: Writer,
        id: RecipeId,
        draft: Draft,
        precondition: Precondition,
    ) -> Result<StoredRecipe, RecipeError> {
        self.labels.check(draft.health_labels()).map_err(RecipeError::Invalid)?;
        let (ownerless, quotas, revisions_kept) = (self.ownerless, self.quotas, self.revisions_kept);
        let command = ReplaceRecipe { id, draft, precondition, ownerless, quotas, revisions_kept };
        done(writer, self.store.replace_recipe(command, self.context(writer)).await)
    }

    /// Changes some fields of a recipe.
    ///
    /// # Errors
    /// As [`replace`](Self::replace), and [`RecipeError::Invalid`].
    pub async fn patch(
        &self,
        writer: Writer,
        id: RecipeId,
        patch: RecipePatch,
        precondition: Precondition,
    ) -> Result<StoredRecipe, RecipeError> {
        self.labels.check(patch.health_labels()).map_err(RecipeError::Invalid)?;
        let (ownerless, quotas, revisions_kept) = (self.ownerless, self.quotas, self.revisions_kept);
        let command = PatchRecipe { id, patch, precondition, ownerless, quotas, revisions_kept };
        done(writer, self.store.patch_recipe(command, self.context(writer)).await)
    }

    /// Whether this user may change the recipe. The store decides about each change.
    pub fn may_edit(&self, user: &User, recipe: &Recipe) -> bool {
        let editor = match user.role {
            Role::Viewer => return false,
            Role::User => Editor::User(user.id),
            Role::Admin => Editor::Admin,
        };
        let (owner, revision) = (recipe.server.owner, recipe.server.revision);
        RecipeState { owner, visibility: recipe.content.visibility, revision }
            .may_edit(editor, self.ownerless)
    }

    /// Whether each change must say which revision it replaces.
    pub fn requires_if_match(&self) -> bool {
        self.require_if_match
    }

    /// What decides about a change, with the operator's choice.
    fn terms(&self, precondition: Precondition) -> EditTerms {
        EditTerms { precondition, ownerless: self.ownerless }
    }

    fn context(&self, writer: Writer) -> Context {
        Context { actor: writer.actor, now: self.clock.now() }
    }
}

fn whole(stored: &StoredRecipe) -> Result<Recipe, RecipeError> {
    let mut json = Vec::with_capacity(stored.json_len());
    stored.write_json(&mut json);
    Ok(Recipe::from_json(&json)?)
}

fn done<T>(writer: Writer, edit: Result<Edit<T>, StoreError>) -> Result<T, RecipeError> {
    match edit? {
        Edit::Done(done) => Ok(done),
        Edit::NotFound => Err(RecipeError::NotFound),
        Edit::Forbidden => Err(RecipeError::NotTheOwner),
        Edit::Ownerless => Err(RecipeError::NoOwner),
        Edit::Stale(current) => Err(RecipeError::Stale {
            id: current.id,
            revision: current.revision,
            current: writer.may_read.then_some(current),
        }),
        Edit::Invalid(errors) => Err(RecipeError::Invalid(errors)),
        Edit::NoSuchRevision => Err(RecipeError::NoSuchRevision),
    }
}
