//! The known health labels, with how many recipes have them.

use recipes::HealthLabel;
use search::{Filter, Search};
use store::Viewer;
use tokio::task::spawn_blocking;

use super::{RecipeError, Recipes};

/// How many recipes have each known label.
#[derive(Clone, Debug)]
pub struct HealthLabelCounts {
    pub labels: Vec<(&'static HealthLabel, u64)>,
    /// Whether the last changes may be missing.
    pub is_stale: bool,
}

impl Recipes {
    /// Counts the recipes that the viewer may read for each known label, in any spelling that the filters also find.
    ///
    /// # Errors
    /// [`RecipeError::IndexIncomplete`] while the index is built.
    pub async fn health_labels(&self, viewer: Viewer) -> Result<HealthLabelCounts, RecipeError> {
        let (index, is_stale) = self.caught_up().await?;
        let found = spawn_blocking(move || {
            // Without a limit, because authors invent labels that may be more frequent than the known ones.
            index.facets(Search { text: "", filter: &Filter::default(), viewer }, usize::MAX)
        });
        let facets = found.await??.labels;
        let count = |label: &HealthLabel| {
            let slug = label.slug();
            facets.iter().find(|facet| facet.slug == slug).map_or(0, |facet| facet.count)
        };
        let labels = HealthLabel::ALL.iter().map(|label| (label, count(label))).collect();
        Ok(HealthLabelCounts { labels, is_stale })
    }
}
