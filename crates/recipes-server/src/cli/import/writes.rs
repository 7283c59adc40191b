//! The writes of an import: recipes in batches, users one after the other.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::task::Poll;

use accounts::NewUser;
use anyhow::{Context as _, anyhow};
use formats::ItemImage;
use futures_util::{StreamExt as _, stream};
use ids::{RecipeId, Uid, UserId};
use recipes::{ImportedRecipe, Quotas};
use store::{
    ChangeImage, Context, ImportBatch, ImportOutcome, ImportRefusal, OnConflict, Ownerless, Precondition,
    RecipeImport, Store, StoreError,
};

use super::tally::{Kind, Outcome};
use super::{Duplicates, Importer, Owner};
use crate::images::ImageMaker;
use crate::use_cases::recipes::known::{KnownRecipes, Same};

/// Recipes of one transaction, and users in flight: as many as the store's writer of SQLite commits in one batch.
pub(super) const BATCH: usize = 256;

/// Bytes of the pictures of a batch, unless a single recipe has more.
const IMAGE_BYTES: usize = 32 << 20;

/// Pictures that are decoded and stored at the same time. Those of SQLite share commits; those of PostgreSQL would be in each other's way.
const IMAGES_AT_ONCE: usize = 32;

/// A recipe that waits for its batch.
pub(super) struct PendingRecipe {
    place: String,
    import: RecipeImport,
    images: Vec<ItemImage>,
}

/// A picture of a recipe that was written.
struct NewPicture<'a> {
    recipe: RecipeId,
    image: ItemImage,
    /// Of the recipe, in the files.
    place: &'a str,
}

/// A queued write of a user without a result yet.
pub(super) struct PendingUser {
    place: String,
    write: Pin<Box<dyn Future<Output = Result<Outcome, StoreError>>>>,
    result: Option<Result<Outcome, StoreError>>,
}

impl Importer {
    /// Queues the write of a user.
    pub(super) async fn add_user(&mut self, user: NewUser, place: String) -> anyhow::Result<()> {
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
        // The first poll puts the write into the queue of the store's writer.
        let result = match poll_fn(|context| Poll::Ready(write.as_mut().poll(context))).await {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        };
        self.users.push_back(PendingUser { place, write, result });
        if self.users.len() >= self.max_users { self.finish_user().await } else { Ok(()) }
    }

    /// Adds a recipe to the batch. Ids are assigned in the order of the calls.
    pub(super) async fn add_recipe(
        &mut self,
        recipe: ImportedRecipe,
        images: Vec<ItemImage>,
        place: String,
    ) -> anyhow::Result<()> {
        let Some(store) = self.store.clone() else {
            self.tally.count(Kind::Recipe, Outcome::Added);
            return Ok(());
        };
        let mut same = self.find_same(&store, &recipe).await?;
        if let Some(found) = same
            && self.on_conflict == OnConflict::Skip
        {
            self.report(
                &place,
                match found {
                    Same::Content(_) => {
                        "a recipe with this content is already there; --duplicates copy adds it again"
                    }
                    Same::Source(_) => {
                        "a recipe of this name from this address is already there; --on-conflict update replaces it"
                    }
                },
            );
            self.tally.count(Kind::Recipe, Outcome::AlreadyThere);
            return Ok(());
        }
        if same.is_some_and(|found| found.id().is_none()) {
            // It is in the batch: afterwards it has an id.
            self.flush().await?;
            same = self.find_same(&store, &recipe).await?;
        }
        let now = self.clock.now();
        let import = RecipeImport {
            draft: recipe.draft,
            history: recipe.history,
            uid: Uid::new(now, self.entropy.bytes()),
            same: same.and_then(Same::id),
        };
        if let Some(known) = &mut self.known {
            known.add(import.draft.content(), None);
        }
        self.recipes.push(PendingRecipe { place, import, images });
        let images = self.recipes.iter().flat_map(|pending| &pending.images);
        let is_full =
            self.recipes.len() >= BATCH || images.map(|it| it.bytes.len()).sum::<usize>() >= IMAGE_BYTES;
        if is_full && !self.is_atomic { self.flush().await } else { Ok(()) }
    }

    /// A recipe with a uid is compared by its uid, in the store.
    async fn find_same(&mut self, store: &Store, recipe: &ImportedRecipe) -> anyhow::Result<Option<Same>> {
        if self.duplicates == Duplicates::Copy || recipe.history.uid.is_some() {
            return Ok(None);
        }
        if self.known.is_none() {
            // The recipes before this one must be in the store before it is read, or known without an id.
            if self.is_atomic {
                let mut known = KnownRecipes::of(store, None).await?;
                self.recipes.iter().for_each(|pending| known.add(pending.import.draft.content(), None));
                self.known = Some(known);
            } else {
                self.flush().await?;
                self.known = Some(KnownRecipes::of(store, None).await?);
            }
        }
        Ok(self.known.as_ref().and_then(|known| known.find(recipe.draft.content(), false)))
    }

    /// Writes the recipes of the batch.
    pub(super) async fn flush(&mut self) -> anyhow::Result<()> {
        if self.recipes.is_empty() {
            return Ok(());
        }
        let owner = self.owner().await?;
        let Some(store) = self.store.clone() else { return Ok(()) };
        let pending = mem::take(&mut self.recipes);
        let (mut places, mut recipes, mut pictures) = (Vec::new(), Vec::new(), Vec::new());
        for PendingRecipe { place, import, images } in pending {
            places.push(place);
            recipes.push(import);
            pictures.push(images);
        }
        let contents: Vec<_> = recipes.iter().map(|it| it.draft.clone()).collect();
        let batch = ImportBatch {
            recipes,
            owner,
            on_conflict: self.on_conflict,
            is_atomic: self.is_atomic,
            ownerless: Ownerless::default(),
            quotas: Quotas::OFF,
            revisions_kept: self.revisions_kept,
        };
        let outcomes = store.import_recipes(batch, Context::operator(self.clock.now())).await;
        let first = places.first().cloned().unwrap_or_default();
        let outcomes = outcomes.with_context(|| format!("{first}: the import stopped here"))?;
        let mut wanted = Vec::new();
        for ((place, images), outcome) in places.iter().zip(pictures).zip(&outcomes) {
            if let ImportOutcome::Added(recipe) | ImportOutcome::Updated(recipe) = *outcome {
                wanted.extend(images.into_iter().map(|image| NewPicture { recipe, image, place }));
            }
        }
        self.add_images(&store, wanted).await?;
        for ((place, draft), outcome) in places.iter().zip(contents).zip(outcomes) {
            let (outcome, id) = match outcome {
                ImportOutcome::Added(id) => (Outcome::Added, Some(id)),
                ImportOutcome::Updated(id) => (Outcome::Updated, Some(id)),
                ImportOutcome::AlreadyThere(id) => {
                    self.report(place, Kind::Recipe.already_there());
                    (Outcome::AlreadyThere, Some(id))
                }
                // The operator has all rights and no quota.
                ImportOutcome::Refused(
                    ImportRefusal::NotTheOwner(_) | ImportRefusal::QuotaExceeded { .. },
                ) => (Outcome::Failed, None),
            };
            if let Some(known) = &mut self.known {
                known.add(draft.content(), id);
            }
            self.tally.count(Kind::Recipe, outcome);
        }
        Ok(())
    }

    /// Gives recipes the pictures that came with them. One that cannot be decoded is reported, and the recipe is imported in any case.
    async fn add_images(&mut self, store: &Store, images: Vec<NewPicture<'_>>) -> anyhow::Result<()> {
        if images.is_empty() {
            return Ok(());
        }
        let maker = match &self.image_maker {
            Some(maker) => maker.clone(),
            None => self.image_maker.insert(ImageMaker::start_for_import()?).clone(),
        };
        let (clock, entropy, revisions_kept) = (&self.clock, &self.entropy, self.revisions_kept);
        let at_once = if self.max_users > 1 { IMAGES_AT_ONCE } else { 1 };
        let made = stream::iter(images).map(|NewPicture { recipe, image, place }| {
            let maker = &maker;
            async move {
                let ItemImage { step, bytes, .. } = image;
                let image = match maker.make(bytes).await {
                    Ok(image) => Some(image),
                    Err(error) => return Ok(Some((place, error))),
                };
                let context = Context::operator(clock.now());
                let id = *Uid::new(context.now, entropy.bytes()).as_bytes();
                let (terms, quotas) = (Precondition::None.into(), Quotas::OFF);
                let command = ChangeImage { recipe, step, image, id, terms, quotas, revisions_kept };
                store.change_image(command, context).await.map(|_| None)
            }
        });
        let outcomes: Vec<_> = made.buffered(at_once).collect().await;
        for outcome in outcomes {
            if let Some((place, error)) = outcome? {
                self.report(place, &format!("a picture was left out: it {error}"));
            }
        }
        Ok(())
    }

    async fn owner(&mut self) -> anyhow::Result<Option<UserId>> {
        match &self.owner {
            Owner::Communal => Ok(None),
            Owner::User(id) => Ok(Some(*id)),
            Owner::Email(email) => {
                let email = email.clone();
                self.finish_users().await?;
                let Some(store) = &self.store else { return Ok(None) };
                let Some((user, _)) = store.user_by_email(&email).await? else {
                    return Err(anyhow!("--owner: no user has the e-mail address {}", email.as_str()));
                };
                self.owner = Owner::User(user.id);
                Ok(Some(user.id))
            }
        }
    }

    pub(super) async fn finish_users(&mut self) -> anyhow::Result<()> {
        while !self.users.is_empty() {
            self.finish_user().await?;
        }
        Ok(())
    }

    async fn finish_user(&mut self) -> anyhow::Result<()> {
        let Some(PendingUser { place, write, result }) = self.users.pop_front() else { return Ok(()) };
        let outcome = match result {
            Some(result) => result,
            None => write.await,
        };
        let outcome = outcome.with_context(|| format!("{place}: the import stopped here"))?;
        if outcome == Outcome::AlreadyThere {
            self.report(&place, Kind::User.already_there());
        }
        self.tally.count(Kind::User, outcome);
        Ok(())
    }
}
