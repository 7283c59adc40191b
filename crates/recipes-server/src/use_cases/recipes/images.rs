//! The pictures of recipes.

use formats::ItemImage;
use ids::{RecipeId, Uid};
use recipes::{Image, ImageSize};
use store::{ChangeImage, Context, ImageContent, ImageEdit, NewImage, Precondition, Viewer};

use super::{RecipeError, Recipes, Writer, done};

/// Which picture is changed, and what must hold.
#[derive(Clone, Debug)]
pub struct ImageChange {
    pub recipe: RecipeId,
    /// From 1. `None`: the picture of the dish.
    pub step: Option<u32>,
    pub precondition: Precondition,
}

/// Which picture is read, in which size.
#[derive(Clone, Copy, Debug)]
pub struct ImageView {
    pub recipe: RecipeId,
    pub step: Option<u32>,
    pub size: ImageSize,
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
        let checked = self.store.check_edit(change.recipe, &change.precondition, self.context(writer)).await;
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
        let command = ChangeImage { recipe, step, image, id, precondition, quotas, revisions_kept };
        done(writer, self.store.change_image(command, context).await)
    }

    /// A picture of a recipe that the viewer may read.
    ///
    /// # Errors
    /// [`RecipeError::NoSuchImage`].
    pub async fn image(&self, view: ImageView, viewer: Viewer) -> Result<ImageContent, RecipeError> {
        let ImageView { recipe, step, size } = view;
        self.store.image(recipe, step, size, viewer).await?.ok_or(RecipeError::NoSuchImage)
    }
}
