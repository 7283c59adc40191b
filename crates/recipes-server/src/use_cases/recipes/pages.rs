//! Web pages with recipes, for imports.

use super::Recipes;
use crate::page_fetcher::FetchError;

impl Recipes {
    /// Whether pages can be imported from their addresses.
    pub fn fetches_pages(&self) -> bool {
        self.pages.is_some()
    }

    /// The page at an address.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn fetch_page(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        match &self.pages {
            Some(pages) => pages.fetch(url).await,
            None => Err(FetchError::Off),
        }
    }
}
