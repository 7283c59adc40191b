//! Who may have an account, and what an account takes.

use clap::Args;

use crate::passwords::policy;
use crate::use_cases::accounts::SignUpMode;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = super::HEADING)]
pub struct Membership {
    /// Who may sign up: open for everybody, invite for whoever is invited, closed for nobody
    #[arg(long, env, global = true, value_name = "WHO", default_value = "open", hide_possible_values = true)]
    pub(super) signup: SignUpMode,

    /// Whether writing recipes takes a verified e-mail address: true or false
    #[arg(
        long, env, global = true, value_name = "BOOL", default_value = "false", value_parser = boolean,
        action = clap::ArgAction::Set
    )]
    pub(super) require_verified_email: bool,

    /// How many characters a new password has at least, 8 to 64
    #[arg(long, env, global = true, value_name = "CHARACTERS", default_value = "8", value_parser = characters)]
    pub(super) password_min_length: usize,
}

/// At most what everybody may have (NIST SP 800-63B section 3.1.1.2): nobody shall be asked for more than 64 characters.
fn characters(text: &str) -> Result<usize, &'static str> {
    let characters =
        text.parse().ok().filter(|characters| (policy::MIN_CHARACTERS..=64).contains(characters));
    characters.ok_or("must be a number of characters from 8 to 64")
}

fn boolean(text: &str) -> Result<bool, &'static str> {
    match text {
        "true" | "on" | "1" => Ok(true),
        "false" | "off" | "0" => Ok(false),
        _ => Err("must be true or false"),
    }
}
