//! The only access to the data.
//!
//! Two promises hold for every method. An acknowledged write is on disk: the method returns after the commit, and
//! neither `kill -9` nor a power failure undoes it. And every read after the acknowledgement sees the write.
//!
//! Reads of a row or of a page of recipes, which has at most 128 KiB, run inline on the caller's thread, because they
//! take microseconds and handing them to another thread would take more. What can be long goes to the blocking pool: a
//! count, a list of users, a page of more than [`DEFAULT_PAGE_SIZE`] other rows.
//! Writes wait for the writer thread, see `sqlite/writer.rs`.

mod api_tokens;
mod applications;
mod audit;
mod backup;
mod backup_schedule;
mod bin;
mod cache;
mod changes;
mod clients;
mod commit_metrics;
mod context;
mod cooked;
mod edits;
mod error;
mod favourites;
mod feed;
mod grants;
mod households;
mod idempotency;
mod identities;
mod images;
mod imports;
mod inspection;
mod instance;
mod invitations;
mod logouts;
mod mail_tokens;
mod mails;
mod page;
mod passwords;
mod plans;
mod postgres;
mod ratings;
mod recipe_commands;
mod recipe_page;
mod recipe_snapshot;
mod recipes;
mod requests;
mod revisions;
mod revisions_kept;
mod revocations;
mod sessions;
mod shared_limits;
mod shares;
mod shopping;
mod slow;
mod sqlite;
mod statistics;
mod transfer;
mod url;
mod users;
mod webhooks;

use std::io;

use jiff::Timestamp;

pub use self::applications::Application;
pub use self::backup::{Record, Restore, RestoreBatch, RestoreError, Restored, Snapshot};
pub use self::backup_schedule::BackupOutcome;
pub use self::bin::{BinEdit, BinExport, BinKey, BinnedRecipe, MAX_BINNED};
pub use self::cache::{CacheKey, Lookup, ReadCache, Slot};
pub use self::changes::RecipeChanges;
pub use self::clients::{ClientRow, SigningKeyRow};
pub use self::context::Context;
pub use self::cooked::{Cooked, MAX_COOKED, MAX_COOKED_OF_RECIPE, Noted};
pub use self::edits::{Atomicity, EditOutcome, MAX_EDITED_BYTES, RecipeEdit, Revised};
pub use self::error::{ImportRefusal, StoreError, Unavailable};
pub use self::favourites::{Favoured, Favourite, MAX_FAVOURITES};
pub use self::feed::{FeedChange, FeedPage};
pub use self::grants::{
    BrowserSession, CodeRow, ConsentRow, GrantRow, GrantState, NewCode, NewConsent, NewGrant, Outcome,
};
pub use self::households::{
    Household, HouseholdInvitation, HouseholdMember, Joined, MAX_HOUSEHOLD_MEMBERS, PlanFeed,
};
pub use self::idempotency::{IdempotencyKey, Once, OnceWrite};
pub use self::identities::{Identity, NewIdentity};
pub use self::images::{ChangeImage, ImageContent, ImageEdit, ImageKey, NewImage};
pub use self::imports::{ImportBatch, ImportOutcome, OnConflict, RecipeImport};
pub use self::inspection::Inspection;
pub use self::instance::Instance;
pub use self::logouts::{DueLogout, TakeLogout};
pub use self::mails::{DueMail, MailContent, TakeMail, TakenMail};
pub use self::page::{DEFAULT_PAGE_SIZE, Listing, MAX_PAGE_SIZE, Page, PageEnd};
pub use self::plans::{
    MAX_PLAN_ENTRIES, MAX_PLAN_ENTRIES_OF_DAY, NewPlanEntries, PlanEntry, Planned, ReplacedDays,
};
pub use self::ratings::{MAX_RATINGS, Rated, UserRating};
pub use self::recipe_commands::{NewRecipe, PatchRecipe, ReplaceRecipe, RestoreRevision};
pub use self::recipe_page::RecipePage;
pub use self::recipe_snapshot::RecipeSnapshot;
pub use self::recipes::{Edit, StoredRecipe};
pub use self::requests::{DeviceCodeKey, MAX_WAITING_REQUESTS, NewDeviceCode, NewPushedRequest};
pub use self::revisions::{FoundRevision, Revision, RevisionPage};
pub use self::revisions_kept::RevisionsKept;
pub use self::revocations::EndedGrants;
pub use self::sessions::{
    ChangePassword, CreateSession, Refresh, RefreshSession, Refreshed, SessionUser, SignUp,
};
pub use self::shared_limits::{LimitKey, SharedLimits, SharedQuota, TakenQuota};
pub use self::shares::{MAX_SHARES, NewShare, Share, ShareRequest, SharedByUser};
pub use self::shopping::{
    ChangeShoppingItem, ItemEdit, Listed, MAX_SHOPPING_ITEMS, NewShoppingLine, NewShoppingLines, ShoppingItem,
};
pub use self::slow::{Waited, log_slow_transactions, observe_waits, take_waited};
pub use self::statistics::Statistics;
pub use self::transfer::{Transfer, Transferred};
pub use self::url::DatabaseUrl;
use self::url::Location;
pub use self::users::{Administered, EmailChange, UpdateProfile, UserFilter};
pub use self::webhooks::{
    DueWebhookDelivery, FormerSecret, MAX_WEBHOOKS, NewWebhookSecret, TakeWebhookDelivery, WebhookChange,
    WebhookDelivery, WebhookOutcome, WebhookRow,
};
pub use ::recipes::{EditRefusal, EditTerms, Editor, Ownerless, Precondition, Viewer};
pub use accounts::{Access, ApiTokens, UserChange};

/// A database; clones are handles of the same one. The last handle to go lets the writer finish.
#[derive(Clone, Debug)]
pub enum Store {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens the database. Makes folders, file and tables where there are none.
    ///
    /// Only the file's owner can read it. `now` is stored with the migrations that are applied.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`], in words that say what to do.
    pub async fn open(url: &DatabaseUrl, now: Timestamp) -> Result<Self, StoreError> {
        match &url.0 {
            Location::Sqlite(file) => sqlite::Sqlite::open(file, now).await.map(Self::Sqlite),
            Location::Postgres(address) => postgres::Postgres::open(address, now).await.map(Self::Postgres),
        }
        .map_err(|why| StoreError::CannotOpen { url: url.clone(), why })
    }

    /// Whether there is a database to open. [`open`](Self::open) would make one.
    ///
    /// # Errors
    /// If the folder may not be read.
    pub async fn exists(url: &DatabaseUrl) -> io::Result<bool> {
        match &url.0 {
            Location::Sqlite(file) => file.try_exists(),
            Location::Postgres(address) => {
                postgres::Postgres::exists(address).await.map_err(io::Error::other)
            }
        }
    }

    /// Whether this handle's [`Store::open`] made the database.
    pub fn is_new(&self) -> bool {
        match self {
            Self::Sqlite(db) => db.is_new(),
            Self::Postgres(db) => db.is_new(),
        }
    }

    /// What was found at [`Store::open`] that the operator must know and decide: a sentence each.
    pub fn notices(&self) -> &[String] {
        match self {
            Self::Sqlite(db) => db.notices(),
            Self::Postgres(_) => &[],
        }
    }

    /// Whether requests can be served.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be read or its writer has ended.
    pub async fn ready(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.ready(),
            Self::Postgres(db) => db.ready().await,
        }
    }

    /// Waits for the writes that were asked for before, moves everything into the one database file,
    /// and closes it. All handles answer [`Unavailable::Closed`] from then on.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(db) => db.close().await,
            Self::Postgres(db) => db.close().await,
        }
    }
}
