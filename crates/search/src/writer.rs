//! Brings changes of recipes into the index.

use ids::RecipeId;
use recipes::Recipe;
use tantivy::IndexWriter;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};

use crate::error::SearchError;
use crate::index::RecipeIndex;

/// The least that the index allows, in bytes. More only makes fewer and larger segments.
const MEMORY: usize = 15_000_000;

/// Two, so that a merge of large segments does not keep small ones waiting.
const MERGE_THREADS: usize = 2;

/// Segments with fewer documents are of one layer. With the default, 10,000, a small index is merged again and again.
const LAYER: u32 = 1_000;

/// Segments are merged when this share of their documents is deleted. By default deletions never cause a merge.
const DELETED: f32 = 0.3;

/// Adds, replaces and removes recipes. Nothing is visible before [`commit`](Self::commit).
pub struct Writer {
    writer: IndexWriter,
    index: RecipeIndex,
}

impl RecipeIndex {
    /// The writer, of which there can be only one at a time. It uses 15 MB and three threads until it is dropped.
    ///
    /// # Errors
    /// [`SearchError`] if another writer exists, also in another process.
    pub fn writer(&self) -> Result<Writer, SearchError> {
        Writer::new(self)
    }
}

impl Writer {
    fn new(index: &RecipeIndex) -> Result<Self, SearchError> {
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(MEMORY)
            .num_worker_threads(1)
            .num_merge_threads(MERGE_THREADS)
            .build();
        let writer: IndexWriter = index.index.writer_with_options(options)?;
        let mut policy = LogMergePolicy::default();
        policy.set_min_layer_size(LAYER);
        policy.set_del_docs_ratio_before_merge(DELETED);
        writer.set_merge_policy(Box::new(policy));
        Ok(Self { writer, index: index.clone() })
    }

    /// Adds a recipe, or replaces it.
    ///
    /// # Errors
    /// [`SearchError`] if the index cannot be written.
    pub fn put(&self, recipe: &Recipe) -> Result<(), SearchError> {
        self.delete(recipe.id);
        self.writer.add_document(self.index.fields.document(recipe))?;
        Ok(())
    }

    pub fn delete(&self, id: RecipeId) {
        self.writer.delete_term(self.index.fields.id_term(id));
    }

    /// Removes all recipes, to build the index anew.
    ///
    /// # Errors
    /// [`SearchError`] if the index cannot be written.
    pub fn clear(&self) -> Result<(), SearchError> {
        self.writer.delete_all_documents()?;
        Ok(())
    }

    /// Makes the changes visible and durable, together with the position among the store's changes that they reach.
    ///
    /// # Errors
    /// [`SearchError`] if the index cannot be written; then the changes since the last commit are lost.
    pub fn commit(&mut self, position: Option<String>) -> Result<(), SearchError> {
        let payload = serde_json::to_string(&self.index.payload_for(position)).unwrap_or_default();
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&payload);
        commit.commit()?;
        self.index.reader.reload()?;
        Ok(())
    }

    /// Waits for merges that are running. Without it they are given up when the writer is dropped.
    ///
    /// # Errors
    /// [`SearchError`] if a merge has failed.
    pub fn finish(self) -> Result<(), SearchError> {
        self.writer.wait_merging_threads()?;
        Ok(())
    }
}
