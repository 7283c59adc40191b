//! The index on disk: opened, or made anew when it cannot be used.

use std::path::Path;
use std::{fs, io};

use ids::RecipeId;
use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::{Index, IndexReader, ReloadPolicy};

use crate::columns::first;
use crate::error::SearchError;
use crate::fields::{Fields, TOKENIZER, VERSION, column};
use crate::words::{Side, analyzer};

/// The index of all recipes. Cheap to clone; searches run on the calling thread and see the last commit.
#[derive(Clone)]
pub struct RecipeIndex {
    pub(crate) index: Index,
    pub(crate) reader: IndexReader,
    pub(crate) fields: Fields,
    boot: String,
}

/// What an index says it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// See [`RecipeIndex::position`].
    pub position: Option<String>,
    /// The revision of every recipe, in the order of the ids.
    pub revisions: Vec<(RecipeId, i64)>,
}

/// What a commit says of itself.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payload {
    version: u32,
    /// Of the store's changes: everything up to here is in the index.
    pub(crate) position: Option<String>,
    /// The start of the system that wrote it. After another one, a power failure may have lost parts of files.
    boot: String,
}

impl RecipeIndex {
    /// Opens the index in a folder, and creates it where there is none. An index of another version, or one that is damaged, is
    /// deleted and created anew: then its [`position`](Self::position) is `None`, and the store has to be read from the beginning.
    ///
    /// `boot` names the current start of the system, as `/proc/sys/kernel/random/boot_id` does.
    ///
    /// # Errors
    /// [`SearchError`] if the folder cannot be written.
    pub fn open(folder: &Path, boot: &str) -> Result<Self, SearchError> {
        if let Some(index) = Self::existing(folder, boot) {
            return Ok(index);
        }
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => fs::create_dir_all(folder)?,
        }
        let fields = Fields::new();
        let directory = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
        let index = Index::create(directory, fields.schema(), Fields::settings())?;
        Self::new(index, fields, boot)
    }

    /// An index in memory, for tests and examples.
    ///
    /// # Errors
    /// [`SearchError`] if a thread cannot be started.
    pub fn in_memory() -> Result<Self, SearchError> {
        let fields = Fields::new();
        let index = Index::builder().schema(fields.schema()).settings(Fields::settings()).create_in_ram()?;
        Self::new(index, fields, "")
    }

    fn new(index: Index, fields: Fields, boot: &str) -> Result<Self, SearchError> {
        index.tokenizers().register(TOKENIZER, analyzer(Side::Index));
        // The writer reloads it after each commit; an index has only one writer.
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { index, reader, fields, boot: boot.to_owned() })
    }

    /// An index that can be used as it is.
    fn existing(folder: &Path, boot: &str) -> Option<Self> {
        let index = Index::open_in_dir(folder).ok()?;
        let fields = Fields::new();
        let index = Self::new(index, fields, boot).ok()?;
        let payload = index.payload();
        // After a power failure a file may be shorter than when it was committed.
        let is_whole = || {
            payload.boot == boot || index.index.validate_checksum().is_ok_and(|damaged| damaged.is_empty())
        };
        (payload.version == VERSION && is_whole()).then_some(index)
    }

    fn payload(&self) -> Payload {
        let text = self.index.load_metas().ok().and_then(|metas| metas.payload);
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// The position among the store's changes up to which everything is in the index; `None` for a new index.
    pub fn position(&self) -> Option<String> {
        self.payload().position
    }

    /// What the index in a folder says it has, to compare it with the store. Every file is read and compared with its checksum, and
    /// nothing is changed. `None` where there is no index, or one of another version, or one that is damaged.
    ///
    /// # Errors
    /// [`SearchError`] if the index cannot be read.
    pub fn examine(folder: &Path) -> Result<Option<Examined>, SearchError> {
        let Some(index) = Self::existing(folder, "") else { return Ok(None) };
        // Read before the recipes: the service may write in between, and only recipes up to this position must be equal.
        let position = index.position();
        index.reader.reload()?;
        Ok(Some(Examined { position, revisions: index.revisions()? }))
    }

    fn revisions(&self) -> Result<Vec<(RecipeId, i64)>, SearchError> {
        let mut revisions = Vec::new();
        for segment in self.reader.searcher().segment_readers() {
            let ids = segment.fast_fields().u64(column::ID)?;
            let values = segment.fast_fields().u64(column::REVISION)?;
            let signed = |number| i64::try_from(number).unwrap_or(0);
            revisions.extend(segment.doc_ids_alive().filter_map(|doc| {
                let id = RecipeId::from_i64(signed(first(&ids, doc)))?;
                Some((id, signed(first(&values, doc))))
            }));
        }
        revisions.sort_unstable();
        Ok(revisions)
    }

    /// The size of its files, in bytes.
    ///
    /// # Errors
    /// [`SearchError`] if the index cannot be read.
    pub fn bytes(&self) -> Result<u64, SearchError> {
        Ok(self.reader.searcher().space_usage()?.total().get_bytes())
    }

    /// How many recipes are in the index.
    pub fn len(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn payload_for(&self, position: Option<String>) -> Payload {
        Payload { version: VERSION, position, boot: self.boot.clone() }
    }
}
