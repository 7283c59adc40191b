//! Settings against abuse: trusted proxies, rate limits, quotas, the audit log.

use std::time::Duration;

use accounts::audit::Retention;
use clap::{ArgAction, Args};
use recipes::{Quota, Quotas};

use super::values::{HEADING, boolean};
use crate::auth::rate_limit::Quotas as RateLimits;
use crate::http::client_address::TrustedProxies;
use crate::limits;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = HEADING)]
pub struct Protection {
    /// Reverse proxies whose X-Forwarded-For or Forwarded is trusted: addresses or networks, separated by commas
    #[arg(long, env, global = true, value_name = "NETWORKS", default_value = "", hide_default_value = true)]
    pub trusted_proxies: TrustedProxies,

    /// Rate limits per client address or account: off, or those that differ from the default, as in log-in=60/5m,sign-up=off
    #[arg(long, env, global = true, value_name = "LIMITS", default_value_t = RateLimits::default())]
    pub rate_limits: RateLimits,

    /// How many recipes a user may have, or off; administrators may have more
    #[arg(long, env, global = true, value_name = "RECIPES", default_value = "20000", value_parser = quota)]
    quota_recipes: Quota,

    /// How many bytes the recipes of a user may have in all, or off; administrators may have more
    #[arg(long, env, global = true, value_name = "BYTES", default_value = "268435456", value_parser = quota)]
    quota_bytes: Quota,

    /// Bytes of memory for all request bodies that are being read and all responses that are being sent; beyond it, 503
    #[arg(
        long, env, global = true, value_name = "BYTES", default_value_t = limits::MEMORY_BUDGET, value_parser = memory
    )]
    pub memory_budget: usize,

    /// Whether users may import recipes from web addresses: on or off. The service connects to public addresses only
    #[arg(long, env, global = true, value_name = "SWITCH", default_value = "on", value_parser = switch, action = ArgAction::Set)]
    pub url_import: bool,

    /// Whether webhooks may be in private networks and on this machine: true or false. Without it, only at public addresses
    #[arg(
        long, env, global = true, value_name = "BOOL", default_value = "false", value_parser = boolean, action = ArgAction::Set
    )]
    pub webhook_private: bool,

    /// How many days the audit log keeps an event
    #[arg(long, env, global = true, value_name = "DAYS", default_value = "365", value_parser = days)]
    audit_days: u32,

    /// How many events of each class the audit log keeps: changes of accounts, acts of administrators, log-ins and log-outs,
    /// failed log-ins
    #[arg(long, env, global = true, value_name = "EVENTS", default_value = "100000", value_parser = events)]
    audit_events: u32,
}

impl Protection {
    pub fn quotas(&self) -> Quotas {
        Quotas { recipes: self.quota_recipes, bytes: self.quota_bytes }
    }

    pub fn audit_retention(&self) -> Retention {
        let age = Duration::from_hours(24 * u64::from(self.audit_days));
        Retention { age, entries: self.audit_events }
    }
}

fn quota(text: &str) -> Result<Quota, &'static str> {
    match text {
        "off" => Ok(Quota(None)),
        number => number.parse().map(|number| Quota(Some(number))).map_err(|_| "must be a number or off"),
    }
}

fn switch(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be on or off"),
    }
}

/// Below 16 MiB a few large requests at a time would use it up.
fn memory(text: &str) -> Result<usize, &'static str> {
    let within = |bytes: &usize| *bytes >= 16 << 20;
    text.parse().ok().filter(within).ok_or("must be a number of bytes from 16777216, which is 16 MiB")
}

fn days(text: &str) -> Result<u32, &'static str> {
    text.parse()
        .ok()
        .filter(|days| (1..=36_500).contains(days))
        .ok_or("must be a number of days from 1 to 36500")
}

fn events(text: &str) -> Result<u32, &'static str> {
    let within = |events: &u32| (100..=100_000_000).contains(events);
    text.parse().ok().filter(within).ok_or("must be a number from 100 to 100000000")
}
