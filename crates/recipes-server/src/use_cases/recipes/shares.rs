//! Share links: each shows one recipe to visitors without an account.

use accounts::TokenDigest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ids::{RecipeId, ShareId, UserId};
use jiff::Timestamp;
use recipes::FieldError;
use secrecy::{ExposeSecret as _, SecretString};
use store::{EditRefusal, NewShare, Share, ShareRequest, SharedByUser, StoredRecipe};

use super::{RecipeError, Recipes, Writer};
use crate::use_cases::repeats::Once;

/// What a user states of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShareRecipe {
    /// Without it the link is valid until it is revoked.
    pub expires_at: Option<Timestamp>,
}

/// A new link. Its token is shown once and not stored.
#[derive(Clone)]
pub struct CreatedShare {
    pub share: Share,
    pub token: SecretString,
}

impl CreatedShare {
    /// The page that shows the recipe to all visitors who have its address. The token is in the query, which the access log leaves out.
    pub fn link(&self, site: &str) -> String {
        format!("{site}/shared?token={}", self.token.expose_secret())
    }
}

impl Recipes {
    /// Makes a link to a recipe that the writer may change, also to a private one.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::NotTheOwner`], [`RecipeError::NoOwner`], [`RecipeError::Invalid`] for a time that is
    /// over, [`RecipeError::TooManyShares`], [`RecipeError::ActorRevoked`].
    pub async fn share(
        &self,
        writer: Writer,
        recipe: RecipeId,
        ShareRecipe { expires_at }: ShareRecipe,
        once: Option<Once<CreatedShare>>,
    ) -> Result<CreatedShare, RecipeError> {
        let request = self.share_request(writer, recipe);
        if expires_at.is_some_and(|end| end <= request.context.now) {
            let message = "must be in the future".to_owned();
            return Err(RecipeError::Invalid(vec![FieldError { pointer: "/expiresAt".to_owned(), message }]));
        }
        let token = SecretString::from(URL_SAFE_NO_PAD.encode(self.entropy.bytes::<32>()));
        let id = ShareId::new(request.context.now, self.entropy.bytes());
        let digest = TokenDigest::of(token.expose_secret().as_bytes());
        let store = {
            let token = token.clone();
            Once::store(once, &self.store, move |made: &Result<Option<Share>, EditRefusal>| {
                let share = (*made.as_ref().ok()?)?;
                Some(CreatedShare { share, token: token.clone() })
            })
        };
        let made = store.create_share(NewShare { id, digest, expires_at }, request).await?;
        let share = made.map_err(refused)?.ok_or(RecipeError::TooManyShares)?;
        Ok(CreatedShare { share, token })
    }

    /// The links of a recipe that the writer may change.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::NotTheOwner`], [`RecipeError::NoOwner`], [`RecipeError::ActorRevoked`].
    pub async fn shares(&self, writer: Writer, recipe: RecipeId) -> Result<Vec<Share>, RecipeError> {
        self.store.shares(self.share_request(writer, recipe)).await?.map_err(refused)
    }

    /// The links that a user has made.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn shares_of(&self, user: UserId) -> Result<Vec<SharedByUser>, RecipeError> {
        Ok(self.store.shares_of(user).await?)
    }

    /// # Errors
    /// As [`shares`](Self::shares), and [`RecipeError::NoSuchShare`].
    pub async fn revoke_share(
        &self,
        writer: Writer,
        recipe: RecipeId,
        id: ShareId,
    ) -> Result<(), RecipeError> {
        let revoked = self.store.revoke_share(id, self.share_request(writer, recipe)).await?;
        if revoked.map_err(refused)? { Ok(()) } else { Err(RecipeError::NoSuchShare) }
    }

    /// The recipe that a link shows to all visitors, also where only members read. The addresses of its pictures have the token.
    ///
    /// # Errors
    /// [`RecipeError::NoSuchShare`].
    pub async fn shared(&self, token: &str) -> Result<StoredRecipe, RecipeError> {
        let digest = TokenDigest::of(token.as_bytes());
        let found = self.store.shared_recipe(digest, self.clock.now()).await?;
        Ok(found.ok_or(RecipeError::NoSuchShare)?.with_images(|images| images.with_share(token))?)
    }

    fn share_request(&self, writer: Writer, recipe: RecipeId) -> ShareRequest {
        ShareRequest { recipe, ownerless: self.ownerless, context: self.context(writer) }
    }
}

fn refused(refusal: EditRefusal) -> RecipeError {
    match refusal {
        EditRefusal::Forbidden => RecipeError::NotTheOwner,
        EditRefusal::Ownerless => RecipeError::NoOwner,
        // Without a precondition nothing is stale.
        EditRefusal::NotFound | EditRefusal::Stale => RecipeError::NotFound,
    }
}
