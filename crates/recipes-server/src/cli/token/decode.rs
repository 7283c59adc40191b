//! `recipes token decode`: shows a token, and whether this server accepts it.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use store::Store;

use super::input;
use crate::auth::{access_tokens::TokenIssuer, token_keys::TokenKeys};
use crate::cli::database::open_existing;
use crate::clock::Clock;
use crate::config::Config;
use crate::http::conditional::system_time;
use crate::signing_key;
use crate::telemetry::escape::escape_lines;

pub(super) const EXAMPLES: &str = "\
The key is made of JWT_SECRET, else of the file jwt-secret in the data folder; JWT_SECRET_PREVIOUS \
verifies, too. Issuer and audience must be PUBLIC_URL or the name of this server in its database.

Exit code 0: this server accepts the token, unless its session has ended. 1: it does not.

Examples:
  recipes token decode TOKEN
  echo $TOKEN | recipes token decode -
  JWT_SECRET=... recipes token decode TOKEN";

#[derive(Debug, Args)]
pub(in crate::cli) struct Decode {
    /// The token; - reads it from standard input, where other users of the machine cannot see it
    #[arg(allow_hyphen_values = true)]
    token: String,
}

/// Whether this server accepts a token.
enum Verdict {
    Accepted,
    Refused(strict_jose::Error),
    Undecided(String),
}

impl Decode {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let token = input::token(&self.token)?;
        let clock = Clock::system();
        let now = clock.now();
        let (verdict, accepted) = match verdict(&token, config, &clock).await? {
            Verdict::Accepted => ("This server accepts the token.".to_owned(), true),
            Verdict::Refused(error) => (format!("This server refuses the token: {error}."), false),
            Verdict::Undecided(why) => (format!("Cannot be verified: {why}."), false),
        };
        let mut text = match strict_jose::inspect(&token) {
            Ok(seen) => description(&seen.header, &seen.claims, now)?,
            // The verdict has the reason.
            Err(_) => String::new(),
        };
        writeln!(text, "{verdict}")?;
        let printed = io::stdout().write_all(escape_lines(&text).as_bytes());
        if !accepted {
            // The exit code says so even if the output is closed.
            return Ok(ExitCode::FAILURE);
        }
        printed?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn verdict(token: &str, config: &Config, clock: &Clock) -> anyhow::Result<Verdict> {
    let Some(key) = signing_key::load(config)? else {
        let file = signing_key::file(config);
        let file = file.display();
        return Ok(Verdict::Undecided(format!("JWT_SECRET is not set and there is no {file}")));
    };
    let keys = TokenKeys::new(key, signing_key::previous(config)?);
    let public_url = config.mail.public_url.as_ref();
    let mut instance = None;
    if Store::exists(config.database_url()).await? {
        let store = open_existing(config, clock).await?;
        instance = store.instance().await?;
        store.close().await;
    }
    let issuer = match (instance, public_url) {
        (Some(instance), _) => TokenIssuer::new(keys, instance, public_url),
        (None, Some(public_url)) => TokenIssuer::of_public_url(keys, public_url),
        (None, None) => {
            let url = config.database_url();
            return Ok(Verdict::Undecided(format!(
                "PUBLIC_URL is not set and the name of this server is not in the database {url}"
            )));
        }
    };
    Ok(match issuer.verify(token, system_time(clock.now())) {
        Ok(_) => Verdict::Accepted,
        Err(error) => Verdict::Refused(error),
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
        writeln!(text, "{word} {}, at {at}", relative(at, now))?;
    }
    Ok(text)
}

/// A `NumericDate` (RFC 7519 section 2), if it is one.
fn time(value: &Value) -> Option<Timestamp> {
    let seconds = SignedDuration::try_from_secs_f64(value.as_f64()?).ok()?;
    Timestamp::from_duration(seconds).ok()
}

fn relative(at: Timestamp, now: Timestamp) -> String {
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
    fn times_are_told_relative() {
        let now = at("2024-05-01T12:00:00Z");
        for (time, want) in [
            ("2024-05-02T11:30:00Z", "in 23 h"),
            ("2024-05-01T12:00:59Z", "in 59 s"),
            ("2024-05-01T11:58:00Z", "2 min ago"),
            ("2024-05-01T12:00:00Z", "0 s ago"),
            ("2024-04-01T12:00:00Z", "30 days ago"),
            ("2034-05-01T12:00:00Z", "in 3652 days"),
        ] {
            assert_eq!(relative(at(time), now), want, "{time}");
        }
    }

    #[test]
    fn past_and_future_times_have_different_words() {
        let claims = json!({ "id": 7, "iat": 1_714_561_200, "nbf": 1_714_568_400.5, "exp": 1_714_561_201 });
        let text = description(&json!({ "alg": "HS256" }), &claims, at("2024-05-01T12:00:00Z")).unwrap();
        for line in [
            "Issued 60 min ago, at 2024-05-01T11:00:00Z",
            "Valid from in 60 min, at 2024-05-01T13:00:00.5Z",
            "Expired 59 min ago, at 2024-05-01T11:00:01Z",
        ] {
            assert!(text.lines().any(|candidate| candidate == line), "{line}\n{text}");
        }
    }

    #[test]
    fn invalid_time_is_shown_only_in_the_claims() {
        let claims = json!({ "iat": "now", "nbf": 1e30, "exp": -1e300 });
        let text = description(&json!({}), &claims, at("2024-05-01T12:00:00Z")).unwrap();
        assert!(!text.contains("ago") && !text.contains(" in "), "{text}");
    }
}
