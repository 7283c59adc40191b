//! Settings of recipes: who reads them, and what may be written.

use clap::{Args, ValueEnum};
use recipes::LabelPolicy;

use super::values::HEADING;
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
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Labels {
    Open,
    Known,
}

impl RecipeSettings {
    pub(super) fn labels(&self) -> LabelPolicy {
        match self.labels {
            Labels::Open => LabelPolicy::Open,
            Labels::Known => LabelPolicy::Known,
        }
    }
}
