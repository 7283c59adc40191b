//! `recipes token decode`: what a token says, and whether this server would believe it.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
};

use crate::clock::Clock;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{given, printable};
use crate::config::Config;
use crate::http::conditional::system_time;
use crate::use_cases::accounts::{AccessClaims, access_rules};

pub(super) const EXAMPLES: &str = "\
The key is that of JWT_SECRET; without it, that of the file jwt-secret beside the database.

Exit code 0: this server accepts the token (if its session has not ended). 1: it does not.

Examples:
  recipes token decode TOKEN
  echo $TOKEN | recipes token decode -
  JWT_SECRET=... recipes token decode TOKEN";

#[derive(Debug, Args)]
pub(in crate::cli) struct Decode {
    /// The token; - reads it from standard input, where other people on the machine cannot see it
    #[arg(allow_hyphen_values = true)]
    token: String,
}

impl Decode {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let token = given::token(&self.token)?;
        let now = Clock::system().now();
        let (verified, verdict) = verdict(&token, config, now)?;
        let mut text = match strict_jose::inspect(&token) {
            Ok(seen) => description(&seen.header, &seen.claims, now)?,
            // The verdict says so.
            Err(_) => String::new(),
        };
        writeln!(text, "{verdict}")?;
        let told = io::stdout().write_all(printable(&text).as_bytes());
        if !verified {
            // Not accepted is not accepted, also when nobody is left to hear it.
            return Ok(ExitCode::FAILURE);
        }
        told?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Whether the guard of the protected routes accepts it, and why not.
fn verdict(token: &str, config: &Config, now: Timestamp) -> anyhow::Result<(bool, String)> {
    let Some(key) = config.existing_key()? else {
        let place = config.secret_file();
        let place = place.display();
        return Ok((false, format!("Cannot be verified: JWT_SECRET is not set and there is no {place}.")));
    };
    Ok(match access_rules().verify::<AccessClaims>(token, &key, system_time(now)) {
        Ok(_) => (true, "Verifies with the configured key.".to_owned()),
        Err(error) => (false, format!("Does not verify with the configured key: {error}.")),
    })
}

fn description(header: &Value, claims: &Value, now: Timestamp) -> anyhow::Result<String> {
    let mut text = String::new();
    writeln!(text, "Header {header:#}\nClaims {claims:#}")?;
    for (claim, past, future) in
        [("iat", "Issued", "Issued"), ("nbf", "Valid since", "Valid from"), ("exp", "Expired", "Expires")]
    {
        let Some(at) = claims.get(claim).and_then(time) else { continue };
        let word = if at <= now { past } else { future };
        writeln!(text, "{word} {}, at {at}", in_words(at, now))?;
    }
    Ok(text)
}

/// A `NumericDate` (RFC 7519 section 2), if it is one.
fn time(value: &Value) -> Option<Timestamp> {
    let seconds = SignedDuration::try_from_secs_f64(value.as_f64()?).ok()?;
    Timestamp::from_duration(seconds).ok()
}

fn in_words(at: Timestamp, now: Timestamp) -> String {
    let distance = at.duration_since(now);
    let seconds = distance.as_secs().unsigned_abs();
    let (number, unit) = match seconds {
        0..120 => (seconds, "s"),
        120..7_200 => (seconds / 60, "min"),
        7_200..172_800 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    if distance.is_positive() { format!("in {number} {unit}") } else { format!("{number} {unit} ago") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_told_in_words() {
        let now = at("2024-05-01T12:00:00Z");
        for (time, want) in [
            ("2024-05-02T11:30:00Z", "in 23 h"),
            ("2024-05-01T12:00:59Z", "in 59 s"),
            ("2024-05-01T11:58:00Z", "2 min ago"),
            ("2024-05-01T12:00:00Z", "0 s ago"),
            ("2024-04-01T12:00:00Z", "30 days ago"),
            ("2034-05-01T12:00:00Z", "in 3652 days"),
        ] {
            assert_eq!(in_words(at(time), now), want, "{time}");
        }
    }

    #[test]
    fn each_time_is_named_by_what_it_means_now() {
        let claims = json!({ "id": 7, "iat": 1_714_561_200, "nbf": 1_714_568_400.5, "exp": 1_714_561_201 });
        let text = description(&json!({ "alg": "HS256" }), &claims, at("2024-05-01T12:00:00Z")).unwrap();
        for line in [
            "Issued 60 min ago, at 2024-05-01T11:00:00Z",
            "Valid from in 60 min, at 2024-05-01T13:00:00.5Z",
            "Expired 59 min ago, at 2024-05-01T11:00:01Z",
        ] {
            assert!(text.lines().any(|there| there == line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_shown_among_the_claims_only() {
        let claims = json!({ "iat": "now", "nbf": 1e30, "exp": -1e300 });
        let text = description(&json!({}), &claims, at("2024-05-01T12:00:00Z")).unwrap();
        assert!(!text.contains("ago") && !text.contains(" in "), "{text}");
    }
}
