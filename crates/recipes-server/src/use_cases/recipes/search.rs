//! Search: the index answers ids, and the store answers the recipes.

use ids::{RecipeId, UserId};
use search::{Cursor, Facets, Filter, Hits, Order, RecipeIndex, Search, Suggestions};
use store::{RecipePage, RecipeSnapshot, Viewer};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use super::{RecipeError, Recipes};
use crate::jobs::search_index::Freshness;

/// Texts and counts of one kind in facets, at most.
const FACETS: usize = 100;

/// Suggestions of one kind, at most.
const SUGGESTIONS: usize = 10;

/// What a user looks for.
#[derive(Clone, Debug, Default)]
pub struct RecipeQuery {
    pub text: String,
    pub filter: Filter,
    /// Only the favourites of this user.
    pub favourites_of: Option<UserId>,
}

/// A page of a search.
#[derive(Debug)]
pub struct Found {
    pub hits: Hits,
    /// All recipes that match, if they were counted.
    pub total: Option<u64>,
    /// The text without its misspellings, if it finds nothing as it is.
    pub did_you_mean: Option<String>,
    /// Whether the last changes may be missing.
    pub is_stale: bool,
}

/// The page that is wanted.
#[derive(Clone, Debug)]
pub struct PageWanted {
    pub order: Order,
    pub limit: usize,
    pub after: Option<Cursor>,
    pub with_total: bool,
}

impl Recipes {
    /// A page of the recipes that match.
    ///
    /// # Errors
    /// [`RecipeError::IndexIncomplete`] while the index is built.
    pub async fn search(
        &self,
        query: RecipeQuery,
        viewer: Viewer,
        page: PageWanted,
    ) -> Result<Found, RecipeError> {
        let query = self.among_favourites(query).await?;
        let (index, is_stale) = self.caught_up().await?;
        let found = spawn_blocking(move || {
            let search = Search { text: &query.text, filter: &query.filter, viewer };
            let hits = index.search(search, page.order, page.limit, page.after)?;
            let total = page.with_total.then(|| index.count(search)).transpose()?;
            let did_you_mean =
                if hits.ids.is_empty() { index.did_you_mean(&query.text, viewer)? } else { None };
            Ok::<_, search::SearchError>(Found { hits, total, did_you_mean, is_stale })
        });
        Ok(found.await??)
    }

    /// All recipes that match, in the order of their ids. Which ones these are, one commit of the index says; the recipes are
    /// read in one transaction, which begins at once after it.
    ///
    /// # Errors
    /// [`RecipeError::IndexIncomplete`], [`RecipeError::IndexBehind`], [`RecipeError::TooManyExports`].
    pub async fn snapshot_of(
        &self,
        query: RecipeQuery,
        viewer: Viewer,
    ) -> Result<(RecipeSnapshot, OwnedSemaphorePermit), RecipeError> {
        let permit = self.export_permit().await?;
        let query = self.among_favourites(query).await?;
        let (index, is_stale) = self.caught_up().await?;
        if is_stale {
            return Err(RecipeError::IndexBehind);
        }
        let found =
            spawn_blocking(move || index.all(Search { text: &query.text, filter: &query.filter, viewer }));
        Ok((self.store.recipe_snapshot_of(found.await??.into_ids(), viewer), permit))
    }

    /// How many of the recipes that match have which label, cuisine, category and keyword, and whether the last changes may be
    /// missing.
    ///
    /// # Errors
    /// [`RecipeError::IndexIncomplete`] while the index is built.
    pub async fn facets(&self, query: RecipeQuery, viewer: Viewer) -> Result<(Facets, bool), RecipeError> {
        let query = self.among_favourites(query).await?;
        let (index, is_stale) = self.caught_up().await?;
        let facets = spawn_blocking(move || {
            index.facets(Search { text: &query.text, filter: &query.filter, viewer }, FACETS)
        });
        Ok((facets.await??, is_stale))
    }

    /// Suggestions for a text that is being typed: names of recipes and words of ingredients.
    ///
    /// # Errors
    /// [`RecipeError::IndexIncomplete`] while the index is built.
    pub async fn suggest(&self, text: String, viewer: Viewer) -> Result<Suggestions, RecipeError> {
        let (index, _) = self.caught_up().await?;
        Ok(spawn_blocking(move || index.suggest(&text, viewer, SUGGESTIONS)).await??)
    }

    /// The first of these recipes that fit into one part of a response, and how many of the ids were looked up. Those that the
    /// viewer may not read any more are left out.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn read_all(
        &self,
        ids: &[RecipeId],
        viewer: Viewer,
    ) -> Result<(RecipePage, usize), RecipeError> {
        Ok(self.store.recipes_by_id(ids, viewer, Vec::new()).await?)
    }

    /// How much of the recipes a search finds. `None`: this program has no search.
    pub async fn freshness(&self) -> Option<Freshness> {
        match &self.search {
            Some(search) => Some(search.catch_up().await),
            None => None,
        }
    }

    /// The index, and whether the last changes may be missing.
    pub(super) async fn caught_up(&self) -> Result<(RecipeIndex, bool), RecipeError> {
        let search = self.search.as_ref().ok_or(RecipeError::NoSearch)?;
        let is_stale = match search.catch_up().await {
            Freshness::UpToDate => false,
            Freshness::Behind => true,
            Freshness::Building { indexed, total } => {
                return Err(RecipeError::IndexIncomplete { indexed, total });
            }
        };
        Ok((search.index().clone(), is_stale))
    }
}
