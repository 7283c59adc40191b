//! Settings of recipes: who reads them, and how they may be changed.

use clap::{Args, ValueEnum};
use recipes::{LabelPolicy, Ownerless};

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

    /// Whether changes of a recipe without If-Match are refused with 428, so that clients cannot undo changes that they have not
    /// seen: true or false
    #[arg(
        long, env, global = true, value_name = "BOOL", default_value = "false", value_parser = boolean,
        action = clap::ArgAction::Set
    )]
    pub(super) require_if_match: bool,
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

    pub(super) fn labels(&self) -> LabelPolicy {
        match self.labels {
            Labels::Open => LabelPolicy::Open,
            Labels::Known => LabelPolicy::Known,
        }
    }
}
