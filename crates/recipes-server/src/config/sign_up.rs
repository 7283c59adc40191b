//! Settings of sign-up: which accounts and passwords are accepted.

use clap::Args;

use super::values::{HEADING, boolean};
use crate::passwords::policy;
use crate::use_cases::accounts::SignUpMode;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = HEADING)]
pub struct SignUpSettings {
    /// Sign-up: open, invite (only with an invitation) or closed (only the operator creates accounts)
    #[arg(
        long,
        env,
        global = true,
        value_name = "MODE",
        default_value = "open",
        hide_possible_values = true
    )]
    pub(super) signup: SignUpMode,

    /// Whether users need a verified e-mail address to write recipes: true or false
    #[arg(
        long, env, global = true, value_name = "BOOL", default_value = "false", value_parser = boolean,
        action = clap::ArgAction::Set
    )]
    pub(super) require_verified_email: bool,

    /// Minimum length of a new password, 8 to 64 characters
    #[arg(long, env, global = true, value_name = "CHARACTERS", default_value = "8", value_parser = characters)]
    pub(super) password_min_length: usize,
}

/// Users must be allowed to use 64 characters (NIST SP 800-63B section 3.1.1.2), so no minimum can be above it.
fn characters(text: &str) -> Result<usize, &'static str> {
    let characters =
        text.parse().ok().filter(|characters| (policy::MIN_CHARACTERS..=64).contains(characters));
    characters.ok_or("must be a number of characters from 8 to 64")
}
