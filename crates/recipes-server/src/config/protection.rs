//! Who is believed, and how often anything may be tried.

use std::time::Duration;

use accounts::audit::Retention;
use clap::Args;

use crate::auth::rate_limit::Quotas;
use crate::http::client_address::TrustedProxies;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = super::HEADING)]
pub struct Protection {
    /// Proxies whose X-Forwarded-For or Forwarded is believed: addresses or networks with commas between
    #[arg(long, env, global = true, value_name = "NETWORKS", default_value = "")]
    pub trusted_proxies: TrustedProxies,

    /// How often one place or account may try: off, or what is not as by default, as in log-in=60/5m,sign-up=off
    #[arg(long, env, global = true, value_name = "LIMITS", default_value_t = Quotas::default())]
    pub rate_limits: Quotas,

    /// For how many days the audit log keeps what has happened to accounts
    #[arg(long, env, global = true, value_name = "DAYS", default_value = "365", value_parser = days)]
    audit_days: u32,

    /// How many events it keeps, and as many of each: failed log-ins, log-ins and log-outs, what administrators do
    #[arg(long, env, global = true, value_name = "EVENTS", default_value = "100000", value_parser = events)]
    audit_events: u32,
}

impl Protection {
    pub fn audit_retention(&self) -> Retention {
        let age = Duration::from_hours(24 * u64::from(self.audit_days));
        Retention { age, entries: self.audit_events }
    }
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
