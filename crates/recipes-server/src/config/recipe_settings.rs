//! Settings of recipes: who reads them, and how they may be changed.

use clap::{Args, ValueEnum};
use recipes::{LabelPolicy, Ownerless};
use store::RevisionsKept;

use super::values::{HEADING, boolean};
use crate::use_cases::accounts::Reading;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = HEADING)]
pub struct RecipeSettings {
    /// Who reads recipes: public (every client) or members (only users who have logged in)
    #[arg(
        long,
        env,
        global = true,
        value_name = "READERS",
        default_value = "public",
        hide_possible_values = true
    )]
    pub(super) reading: Reading,

    /// Who changes recipes without an owner: users (every user who has logged in) or admins (only administrators)
    #[arg(
        long,
        env,
        global = true,
        value_name = "EDITORS",
        default_value = "users",
        hide_possible_values = true
    )]
    ownerless: OwnerlessEditors,

    /// Health labels of new and changed recipes: open (all texts) or known (only those of GET /api/v1/health-labels)
    #[arg(
        long,
        env,
        global = true,
        value_name = "LABELS",
        default_value = "open",
        hide_possible_values = true
    )]
    labels: Labels,

    /// Whether changes of a recipe without If-Match or If-Unmodified-Since are refused with 428, so that clients cannot undo
    /// changes that they have not seen: true or false
    #[arg(
        long, env, global = true, value_name = "BOOL", default_value = "false", value_parser = boolean,
        action = clap::ArgAction::Set
    )]
    pub(super) require_if_match: bool,

    /// How many former revisions of a recipe are kept, 0 for none. Large recipes have fewer: about a megabyte
    #[arg(long, env, global = true, value_name = "COUNT", default_value = "100", value_parser = revisions)]
    revisions_kept: u16,

    /// How many days deleted recipes can be restored, 0 to delete them for good at once
    #[arg(long, env, global = true, value_name = "DAYS", default_value = "30", value_parser = bin_days)]
    bin_days: u16,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OwnerlessEditors {
    Users,
    Admins,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Labels {
    Open,
    Known,
}

impl RecipeSettings {
    pub(super) fn ownerless(&self) -> Ownerless {
        match self.ownerless {
            OwnerlessEditors::Users => Ownerless::Users,
            OwnerlessEditors::Admins => Ownerless::Admins,
        }
    }

    pub(super) fn revisions_kept(&self) -> RevisionsKept {
        RevisionsKept(self.revisions_kept)
    }

    pub(super) fn bin_days(&self) -> u16 {
        self.bin_days
    }

    pub(super) fn labels(&self) -> LabelPolicy {
        match self.labels {
            Labels::Open => LabelPolicy::Open,
            Labels::Known => LabelPolicy::Known,
        }
    }
}

fn revisions(text: &str) -> Result<u16, &'static str> {
    text.parse().ok().filter(|count| *count <= 1_000).ok_or("must be a number of revisions from 0 to 1000")
}

fn bin_days(text: &str) -> Result<u16, &'static str> {
    text.parse().ok().filter(|days| *days <= 3_650).ok_or("must be a number of days from 0 to 3650")
}
