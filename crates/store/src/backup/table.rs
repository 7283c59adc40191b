//! The tables and columns of a backup, under the names that both kinds of database give them.
//!
//! Derived data is not here: `usages`, `address_collisions` and the sums of ratings in `recipes` are made anew by a restore, and
//! `migrations` belongs to the schema. `codes`, `device_codes`, `pushed_requests` and `used_proofs` are valid for minutes,
//! `idempotency_keys` for a day, and the rows of `ended_grants` for as long as an access token. `mails`, `logout_deliveries` and
//! `webhook_deliveries` are not here either: a restore must not send again what was sent since.

use super::columns::Kind::{Address, Boolean, Bytes, Digest, Integer, Text, Time, Uuid};
use super::columns::{Table, optional, required};
use super::recipe_tables::{
    BIN, BINNED_COOKED, BINNED_FAVOURITES, BINNED_IMAGES, BINNED_PLAN_ENTRIES, BINNED_SHARES, COOKED,
    FAVOURITES, IMAGES, RATINGS, RECIPE_IMAGES, RECIPES, REVISIONS, SHARES,
};

/// In an order in which no record refers to a later one.
pub(crate) const TABLES: [&Table; 32] = [
    &USERS,
    &RECIPES,
    &SESSIONS,
    &API_TOKENS,
    &MAIL_TOKENS,
    &INVITATIONS,
    &CLIENTS,
    &SIGNING_KEYS,
    &GRANTS,
    &CONSENTS,
    &IDENTITIES,
    &FAVOURITES,
    &COOKED,
    &SHARES,
    &RATINGS,
    &HOUSEHOLDS,
    &HOUSEHOLD_MEMBERS,
    &PLAN_ENTRIES,
    &SHOPPING_ITEMS,
    &REVISIONS,
    &BIN,
    &BINNED_FAVOURITES,
    &BINNED_COOKED,
    &BINNED_SHARES,
    &BINNED_PLAN_ENTRIES,
    &IMAGES,
    &RECIPE_IMAGES,
    &BINNED_IMAGES,
    &WEBHOOKS,
    &META,
    &AUDIT,
    &SEQUENCES,
];

const USERS: Table = Table {
    name: "users",
    columns: &[
        required("id", Integer),
        required("name", Text),
        required("email", Text),
        required("email_key", Text),
        optional("password_hash", Text),
        required("role", Text),
        required("disabled", Boolean),
        required("created_at", Time),
        required("updated_at", Time),
        optional("email_verified_at", Time),
        optional("language", Text),
    ],
    has_sequence: true,
};

const SESSIONS: Table = Table {
    name: "sessions",
    columns: &[
        required("id", Uuid),
        required("user_id", Integer),
        required("family", Digest),
        required("current", Digest),
        optional("previous", Digest),
        optional("nonce", Digest),
        optional("rotated_at", Time),
        optional("device", Text),
        optional("address", Address),
        optional("place", Text),
        required("created_at", Time),
        required("last_used_at", Time),
        optional("browser", Digest),
    ],
    has_sequence: false,
};

const API_TOKENS: Table = Table {
    name: "api_tokens",
    columns: &[
        required("id", Uuid),
        required("user_id", Integer),
        required("name", Text),
        required("digest", Digest),
        required("scopes", Text),
        required("created_at", Time),
        optional("expires_at", Time),
        optional("last_used_at", Time),
    ],
    has_sequence: false,
};

const MAIL_TOKENS: Table = Table {
    name: "mail_tokens",
    columns: &[
        required("digest", Digest),
        required("user_id", Integer),
        required("purpose", Text),
        required("email_key", Text),
        required("created_at", Time),
        required("expires_at", Time),
    ],
    has_sequence: false,
};

const INVITATIONS: Table = Table {
    name: "invitations",
    columns: &[
        required("id", Uuid),
        required("digest", Digest),
        optional("email", Text),
        optional("email_key", Text),
        optional("created_by", Integer),
        required("created_at", Time),
        required("expires_at", Time),
        optional("mail_digest", Digest),
    ],
    has_sequence: false,
};

const CLIENTS: Table = Table {
    name: "clients",
    columns: &[required("id", Text), required("record", Text), required("created_at", Time)],
    has_sequence: false,
};

const SIGNING_KEYS: Table = Table {
    name: "signing_keys",
    columns: &[required("kid", Text), required("record", Text), required("sealed", Bytes)],
    has_sequence: false,
};

const GRANTS: Table = Table {
    name: "grants",
    columns: &[
        required("id", Uuid),
        required("user_id", Integer),
        required("client_id", Text),
        optional("session_id", Uuid),
        optional("current", Digest),
        required("record", Text),
        required("expires_at", Time),
        optional("logout_session", Uuid),
        optional("status_index", Integer),
    ],
    has_sequence: false,
};

const CONSENTS: Table = Table {
    name: "consents",
    columns: &[
        required("id", Uuid),
        required("user_id", Integer),
        required("client_id", Text),
        required("resource", Text),
        required("scopes", Text),
        required("given_at", Time),
    ],
    has_sequence: false,
};

const IDENTITIES: Table = Table {
    name: "identities",
    columns: &[
        required("id", Uuid),
        required("user_id", Integer),
        required("issuer", Text),
        required("subject", Text),
    ],
    has_sequence: false,
};

const HOUSEHOLDS: Table = Table {
    name: "households",
    columns: &[
        required("id", Uuid),
        required("created_at", Time),
        optional("invitation", Digest),
        optional("invitation_expires_at", Time),
    ],
    has_sequence: false,
};

const HOUSEHOLD_MEMBERS: Table = Table {
    name: "household_members",
    columns: &[
        required("user_id", Integer),
        required("household_id", Uuid),
        required("joined_at", Time),
        optional("feed", Digest),
    ],
    has_sequence: false,
};

const PLAN_ENTRIES: Table = Table {
    name: "plan_entries",
    columns: &[
        required("id", Uuid),
        required("household_id", Uuid),
        required("day", Text),
        required("position", Integer),
        optional("recipe_id", Integer),
        optional("servings", Text),
        optional("note", Text),
    ],
    has_sequence: false,
};

const SHOPPING_ITEMS: Table = Table {
    name: "shopping_items",
    columns: &[
        required("id", Uuid),
        required("household_id", Uuid),
        required("position", Integer),
        required("text", Text),
        required("version", Integer),
        optional("ticked_at", Time),
        optional("sources", Text),
    ],
    has_sequence: false,
};

const WEBHOOKS: Table = Table {
    name: "webhooks",
    columns: &[
        required("id", Uuid),
        required("url", Text),
        required("events", Text),
        required("secret", Bytes),
        optional("former_secret", Bytes),
        optional("former_until", Time),
        required("created_at", Time),
        optional("disabled_at", Time),
        optional("disabled_because", Text),
    ],
    has_sequence: false,
};

const META: Table =
    Table { name: "meta", columns: &[required("name", Text), required("value", Bytes)], has_sequence: false };

const AUDIT: Table = Table {
    name: "audit",
    columns: &[
        required("id", Integer),
        required("at", Time),
        required("event", Text),
        required("class", Integer),
        optional("subject_id", Integer),
        optional("actor_id", Integer),
        optional("session_id", Uuid),
        optional("address", Address),
        optional("detail", Text),
    ],
    has_sequence: true,
};

/// Not a table of a database: the last id that each table has given out.
pub(crate) const SEQUENCES: Table = Table {
    name: "sequences",
    columns: &[required("name", Text), required("value", Integer)],
    has_sequence: false,
};

impl Table {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        TABLES.into_iter().find(|table| table.name == name)
    }

    /// Its place in the order of an archive.
    pub(crate) fn position(&self) -> usize {
        TABLES.iter().position(|table| *table == self).unwrap_or(TABLES.len())
    }
}
