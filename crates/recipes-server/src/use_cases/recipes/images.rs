//! The pictures of recipes.

use accounts::TokenDigest;
use formats::ItemImage;
use ids::{RecipeId, Uid};
use recipes::{Draft, Image};
use serde_json::Value;
use store::{ChangeImage, Context, ImageContent, ImageEdit, ImageKey, NewImage, Precondition, Viewer};

use super::{RecipeError, Recipes, Writer, done};

/// Which picture is changed, and what must hold.
#[derive(Clone, Debug)]
pub struct ImageChange {
    pub recipe: RecipeId,
    /// From 1. `None`: the picture of the dish.
    pub step: Option<u32>,
    pub precondition: Precondition,
}

impl Recipes {
    /// Gives a recipe or one of its steps a picture. Answers with the picture and the recipe's new revision.
    ///
    /// # Errors
    /// [`RecipeError::Image`] if it cannot be decoded, [`RecipeError::NotFound`], [`RecipeError::NoSuchStep`],
    /// [`RecipeError::NotTheOwner`], [`RecipeError::Stale`], [`RecipeError::QuotaExceeded`].
    pub async fn set_image(
        &self,
        writer: Writer,
        change: ImageChange,
        original: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<(Image, i64), RecipeError> {
        let terms = self.terms(change.precondition.clone());
        let checked = self.store.check_edit(change.recipe, &terms, self.context(writer)).await;
        done(writer, checked)?;
        let image = self.images.make(original).await?;
        match self.change_image(writer, change, Some(image)).await? {
            ImageEdit::Done { revision, image: Some(image) } => Ok((image, revision)),
            ImageEdit::NoSuchStep => Err(RecipeError::NoSuchStep),
            ImageEdit::Done { .. } | ImageEdit::NoSuchImage => Err(RecipeError::NoSuchImage),
        }
    }

    /// Takes a picture away.
    ///
    /// # Errors
    /// As [`set_image`](Self::set_image), and [`RecipeError::NoSuchImage`].
    pub async fn remove_image(&self, writer: Writer, change: ImageChange) -> Result<(), RecipeError> {
        match self.change_image(writer, change, None).await? {
            ImageEdit::Done { .. } => Ok(()),
            ImageEdit::NoSuchStep | ImageEdit::NoSuchImage => Err(RecipeError::NoSuchImage),
        }
    }

    /// Gives an imported recipe the pictures that came with it. Answers why some are left out: the recipe is imported in any case.
    pub(super) async fn add_images(
        &self,
        recipe: RecipeId,
        images: Vec<ItemImage>,
        writer: Writer,
    ) -> Vec<String> {
        let mut warnings = Vec::new();
        for ItemImage { step, bytes, .. } in images {
            let change = ImageChange { recipe, step, precondition: Precondition::None };
            if let Err(error) = self.set_image(writer, change, bytes).await {
                warnings.push(format!("a picture was left out: {error}"));
            }
        }
        warnings
    }

    /// The picture that the page of a recipe names, from its address.
    pub(super) async fn image_of_page(&self, draft: &Draft, warnings: &mut Vec<String>) -> Vec<ItemImage> {
        let extra = draft.content().extra.as_ref();
        let address = extra.and_then(|extra| extra.get("image")).and_then(Value::as_str);
        let (Some(pages), Some(address)) = (&self.pages, address) else { return Vec::new() };
        match pages.fetch_image(address).await {
            Ok(bytes) => vec![ItemImage::new(None, bytes)],
            Err(why) => {
                warnings.push(format!("a picture was left out: {address} {why}"));
                Vec::new()
            }
        }
    }

    async fn change_image(
        &self,
        writer: Writer,
        change: ImageChange,
        image: Option<NewImage>,
    ) -> Result<ImageEdit, RecipeError> {
        let ImageChange { recipe, step, precondition } = change;
        let context: Context = self.context(writer);
        let id = *Uid::new(context.now, self.entropy.bytes()).as_bytes();
        let (quotas, revisions_kept) = (self.quotas, self.revisions_kept);
        let terms = self.terms(precondition);
        let command = ChangeImage { recipe, step, image, id, terms, quotas, revisions_kept };
        done(writer, self.store.change_image(command, context).await)
    }

    /// A picture of a recipe that the viewer may read.
    ///
    /// # Errors
    /// [`RecipeError::NoSuchImage`].
    pub async fn image(&self, key: ImageKey, viewer: Viewer) -> Result<ImageContent, RecipeError> {
        self.store.image(key, viewer).await?.ok_or(RecipeError::NoSuchImage)
    }

    /// A picture of a recipe that a share link shows to all visitors, also where only members read.
    ///
    /// # Errors
    /// [`RecipeError::NoSuchImage`].
    pub async fn shared_image(&self, key: ImageKey, token: &str) -> Result<ImageContent, RecipeError> {
        let digest = TokenDigest::of(token.as_bytes());
        self.store.shared_image(key, digest, self.clock.now()).await?.ok_or(RecipeError::NoSuchImage)
    }
}
