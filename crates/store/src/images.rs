//! The pictures of recipes, whatever the database. A picture is kept in three sizes, under the digest of its content.

use std::fmt;

use accounts::TokenDigest;
use aws_lc_rs::digest::{SHA256, digest};
use ids::RecipeId;
use jiff::Timestamp;

use crate::{Context, Edit, EditTerms, RevisionsKept, Store, StoreError, StoredRecipe, Viewer};
use ::recipes::{ContentJson, Image, ImageSize, Quotas, Recipe, RecipeImages, StoredImage, moved_steps};

/// A picture that was made of what a client has sent: a JPEG in each size.
#[derive(Clone, PartialEq, Eq)]
pub struct NewImage {
    /// Of the largest size.
    pub width: u32,
    pub height: u32,
    pub small: Vec<u8>,
    pub medium: Vec<u8>,
    pub large: Vec<u8>,
    pub(crate) digest: [u8; 32],
}

impl NewImage {
    /// Names the content here, on the caller's thread, because all writes share one writer thread.
    pub fn new((width, height): (u32, u32), [small, medium, large]: [Vec<u8>; 3]) -> Self {
        let digest = content_digest(&large);
        Self { width, height, small, medium, large, digest }
    }

    /// What the recipe says of it.
    pub(crate) fn stored(&self, step: Option<u32>) -> StoredImage {
        StoredImage { step, digest: self.digest, width: self.width, height: self.height }
    }

    pub(crate) fn bytes(&self) -> u64 {
        [&self.small, &self.medium, &self.large].into_iter().map(|size| size.len() as u64).sum()
    }
}

/// Names a picture by its largest size.
pub(crate) fn content_digest(large: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, large).as_ref());
    bytes
}

/// Gives a recipe or one of its steps a picture, or takes it away.
#[derive(Clone, Debug)]
pub struct ChangeImage {
    pub recipe: RecipeId,
    /// From 1. `None`: the picture of the dish.
    pub step: Option<u32>,
    /// `None`: there shall be none.
    pub image: Option<NewImage>,
    /// The id of the row of a new picture.
    pub id: [u8; 16],
    pub terms: EditTerms,
    /// Of the owner of the recipe. Administrators have none.
    pub quotas: Quotas,
    pub revisions_kept: RevisionsKept,
}

/// What became of a change of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageEdit {
    /// The recipe has this revision now, and this picture at the place.
    Done { revision: i64, image: Option<Image> },
    /// The recipe has not so many steps.
    NoSuchStep,
    /// There was no picture to take away.
    NoSuchImage,
}

/// Which picture, in which size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageKey {
    pub recipe: RecipeId,
    /// From 1. `None`: the picture of the dish.
    pub step: Option<u32>,
    pub size: ImageSize,
}

/// A picture in one size, as it is in the database.
#[derive(Clone, PartialEq, Eq)]
pub struct ImageContent {
    pub digest: [u8; 32],
    pub jpeg: Vec<u8>,
}

impl fmt::Debug for NewImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewImage({} x {})", self.width, self.height)
    }
}

impl fmt::Debug for ImageContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImageContent({} bytes)", self.jpeg.len())
    }
}

/// The pictures of a recipe.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Changes a picture of a recipe, which is a change of the recipe: it gets a new revision.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`], [`StoreError::QuotaExceeded`].
    pub async fn change_image(
        &self,
        command: ChangeImage,
        context: Context,
    ) -> Result<Edit<ImageEdit>, StoreError> {
        match self {
            Self::Sqlite(db) => db.change_image(command, context).await,
            Self::Postgres(db) => db.change_image(command, context).await,
        }
    }

    /// Whether the actor may change the recipe now, before work that must not be done for nothing. The change decides again.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`].
    pub async fn check_edit(
        &self,
        recipe: RecipeId,
        terms: &EditTerms,
        context: Context,
    ) -> Result<Edit<()>, StoreError> {
        match self {
            Self::Sqlite(db) => db.check_edit(recipe, terms, &context),
            Self::Postgres(db) => db.check_edit(recipe, terms, &context).await,
        }
    }

    /// The picture, if the viewer may see the recipe and there is one.
    pub async fn image(&self, key: ImageKey, viewer: Viewer) -> Result<Option<ImageContent>, StoreError> {
        match self {
            Self::Sqlite(db) => db.image(key, viewer).await,
            Self::Postgres(db) => db.image(key, viewer).await,
        }
    }

    /// The picture of a recipe that a share link shows, see [`shared_recipe`](Self::shared_recipe).
    pub async fn shared_image(
        &self,
        key: ImageKey,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<ImageContent>, StoreError> {
        match self {
            Self::Sqlite(db) => db.shared_image(key, digest, now).await,
            Self::Postgres(db) => db.shared_image(key, digest, now).await,
        }
    }
}

impl StoredRecipe {
    /// With something else about its pictures.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`].
    pub fn with_images(
        mut self,
        change: impl FnOnce(RecipeImages) -> RecipeImages,
    ) -> Result<Self, StoreError> {
        let mut json = Vec::with_capacity(self.json_len());
        self.write_json(&mut json);
        let recipe = Recipe::from_json(&json)
            .map_err(|_| StoreError::Corrupt(format!("the text of recipe {}", self.id)))?;
        if !recipe.images.is_empty() {
            let content = ContentJson::new(&recipe.content).with_images(&change(recipe.images));
            self.text = content.finish(&recipe.server).into();
        }
        Ok(self)
    }

    /// Without what it says of pictures.
    pub(crate) fn without_images(self) -> Result<Self, StoreError> {
        self.with_images(|_| RecipeImages::default())
    }
}

/// The number of a step in the database.
pub(crate) fn step_number(step: Option<u32>) -> Result<i32, StoreError> {
    i32::try_from(step.unwrap_or(0)).map_err(|_| StoreError::Bug("a step beyond all limits".to_owned()))
}

pub(crate) fn step_of(number: i32) -> Option<u32> {
    u32::try_from(number).ok().filter(|step| *step > 0)
}

pub(crate) fn has_step(content: &ContentJson, step: Option<u32>) -> Result<bool, StoreError> {
    let Some(step) = step else { return Ok(true) };
    let steps = content.instructions();
    let steps = steps.ok_or_else(|| StoreError::Corrupt("the steps of a recipe".to_owned()))?;
    Ok(step >= 1 && u64::from(step) <= steps.len() as u64)
}

/// What a document that replaces another one does to the pictures of steps.
#[derive(Default)]
pub(crate) struct Moves {
    /// The steps whose pictures go.
    pub(crate) removed: Vec<i32>,
    /// The steps whose pictures move, each with its new one.
    pub(crate) moved: Vec<(i32, i32)>,
}

impl Moves {
    /// Between these two documents, for a recipe with these pictures.
    pub(crate) fn between(
        before: &ContentJson,
        after: &ContentJson,
        images: &[StoredImage],
    ) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt("the steps of a recipe".to_owned());
        let before = before.instructions().ok_or_else(corrupt)?;
        let after = after.instructions().ok_or_else(corrupt)?;
        let pictured: Vec<u32> = images.iter().filter_map(|image| image.step).collect();
        let mut moves = Self::default();
        for (step, place) in moved_steps(&before, &after, &pictured) {
            match place {
                None => moves.removed.push(step_number(Some(step))?),
                Some(place) if place != step => {
                    moves.moved.push((step_number(Some(step))?, step_number(Some(place))?));
                }
                Some(_) => {}
            }
        }
        Ok(moves)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.moved.is_empty()
    }

    /// The pictures afterwards.
    pub(crate) fn applied(&self, images: &[StoredImage]) -> Vec<StoredImage> {
        let step = |image: &StoredImage| image.step.and_then(|step| i32::try_from(step).ok()).unwrap_or(0);
        let stay = images.iter().filter(|image| !self.removed.contains(&step(image)));
        let moved = |image: &StoredImage| {
            let place = self.moved.iter().find(|(from, _)| *from == step(image)).map(|(_, to)| *to);
            StoredImage { step: place.map_or(image.step, step_of), ..*image }
        };
        stay.map(moved).collect()
    }
}

/// The document with these pictures in place of those that it has.
pub(crate) fn with_images(
    document: ContentJson,
    recipe: RecipeId,
    images: &[StoredImage],
) -> Result<ContentJson, StoreError> {
    let bare = document.without_images();
    let bare = bare.ok_or_else(|| StoreError::Corrupt(format!("the text of recipe {recipe}")))?;
    Ok(bare.with_images(&RecipeImages::of(recipe, images)))
}
