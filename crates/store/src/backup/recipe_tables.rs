//! The tables of a backup that have recipes, and what users keep about them.

use super::columns::Kind::{Boolean, Bytes, Digest, Integer, Text, Time, Uuid};
use super::columns::{Table, optional, required};

pub(super) const RECIPES: Table = Table {
    name: "recipes",
    columns: &[
        required("id", Integer),
        required("uid", Text),
        optional("owner_id", Integer),
        required("private", Boolean),
        optional("members", Boolean),
        required("revision", Integer),
        required("created_at", Time),
        required("updated_at", Time),
        required("document", Text),
    ],
    has_sequence: true,
};

pub(super) const FAVOURITES: Table = Table {
    name: "favourites",
    columns: &[
        required("id", Uuid),
        required("user_id", Integer),
        required("recipe_id", Integer),
        required("added_at", Time),
    ],
    has_sequence: false,
};

pub(super) const COOKED: Table = Table {
    name: "cooked",
    columns: &[
        required("id", Uuid),
        required("user_id", Integer),
        required("recipe_id", Integer),
        required("cooked_on", Text),
        optional("note", Text),
    ],
    has_sequence: false,
};

pub(super) const SHARES: Table = Table {
    name: "shares",
    columns: &[
        required("id", Uuid),
        required("recipe_id", Integer),
        required("digest", Digest),
        required("created_by", Integer),
        required("created_at", Time),
        optional("expires_at", Time),
    ],
    has_sequence: false,
};

pub(super) const IMAGES: Table = Table {
    name: "images",
    columns: &[
        required("digest", Digest),
        required("width", Integer),
        required("height", Integer),
        required("small", Bytes),
        required("medium", Bytes),
        required("large", Bytes),
    ],
    has_sequence: false,
};

pub(super) const RECIPE_IMAGES: Table = Table {
    name: "recipe_images",
    columns: &[
        required("id", Uuid),
        required("recipe_id", Integer),
        required("step", Integer),
        required("digest", Digest),
        required("bytes", Integer),
    ],
    has_sequence: false,
};

pub(super) const RATINGS: Table = Table {
    name: "ratings",
    columns: &[
        required("id", Uuid),
        required("user_id", Integer),
        required("recipe_id", Integer),
        required("stars", Integer),
        required("rated_at", Time),
    ],
    has_sequence: false,
};

pub(super) const REVISIONS: Table = Table {
    name: "revisions",
    columns: &[
        required("id", Integer),
        required("recipe_id", Integer),
        required("revision", Integer),
        optional("owner_id", Integer),
        required("private", Boolean),
        optional("members", Boolean),
        required("updated_at", Time),
        optional("replaced_by", Integer),
        required("document", Text),
    ],
    has_sequence: true,
};

pub(super) const BIN: Table = Table {
    name: "bin",
    columns: &[
        required("id", Integer),
        required("uid", Text),
        optional("owner_id", Integer),
        required("private", Boolean),
        optional("members", Boolean),
        required("revision", Integer),
        required("created_at", Time),
        required("updated_at", Time),
        required("deleted_at", Time),
        optional("deleted_by", Integer),
        required("name", Text),
        required("document", Text),
    ],
    has_sequence: false,
};

pub(super) const BINNED_FAVOURITES: Table =
    Table { name: "binned_favourites", columns: FAVOURITES.columns, has_sequence: false };

pub(super) const BINNED_COOKED: Table =
    Table { name: "binned_cooked", columns: COOKED.columns, has_sequence: false };

pub(super) const BINNED_SHARES: Table =
    Table { name: "binned_shares", columns: SHARES.columns, has_sequence: false };

pub(super) const BINNED_PLAN_ENTRIES: Table = Table {
    name: "binned_plan_entries",
    columns: &[required("id", Uuid), required("recipe_id", Integer)],
    has_sequence: false,
};

pub(super) const BINNED_IMAGES: Table =
    Table { name: "binned_images", columns: RECIPE_IMAGES.columns, has_sequence: false };
