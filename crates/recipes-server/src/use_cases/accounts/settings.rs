//! What the operator decides about accounts and recipes.

use std::time::Duration;

use accounts::SessionLimits;
use clap::ValueEnum;
use recipes::{LabelPolicy, Ownerless, Quotas};
use store::RevisionsKept;

use crate::passwords::policy::Policy;

/// What the operator decides about accounts and recipes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long an access token is valid, if its session lasts.
    pub token_lifetime: Duration,
    pub sessions: SessionLimits,
    pub sign_up: SignUpMode,
    /// Whether writing recipes requires a verified e-mail address.
    pub require_verified_email: bool,
    /// Whether changes of a recipe must name the revision that they replace.
    pub require_if_match: bool,
    /// How many former revisions of a recipe are kept.
    pub revisions_kept: RevisionsKept,
    /// How long deleted recipes can be restored. 0: they are deleted for good at once.
    pub bin_days: u16,
    pub password_policy: Policy,
    pub quotas: Quotas,
    /// Who may read recipes that are not private.
    pub reading: Reading,
    /// Who may change recipes without an owner.
    pub ownerless: Ownerless,
    /// Which health labels a written recipe may have.
    pub labels: LabelPolicy,
}

/// Who may read recipes that are not private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reading {
    /// Every client.
    Public,
    /// Users who have logged in: a household, a company.
    Members,
}

/// Who may create an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SignUpMode {
    Open,
    /// Only with an invitation.
    Invite,
    /// Only the operator creates accounts.
    Closed,
}
