//! Parsers of single settings. The errors follow "PORT (--port) is ..:" and say what to write instead.

use std::{net::IpAddr, time::Duration};

use store::DatabaseUrl;
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::http::origin::Origin;
use crate::http::stack::CorsOrigins;

/// The heading of the settings in every `--help`.
pub(super) const HEADING: &str = "Settings (flag, environment variable or line of .env)";

pub(super) fn host(text: &str) -> Result<String, &'static str> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let is_name = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        !text.is_empty() && text.len() <= 253 && text.chars().all(fits) && !text.starts_with(['-', '.'])
    };
    let looks_numeric = !bare.contains(|c: char| !(c.is_ascii_digit() || c == '.'));
    if bare.parse::<IpAddr>().is_ok() || (is_name(text) && !looks_numeric) {
        Ok(bare.to_owned())
    } else {
        Err("must be an address or a host name without scheme and port, as in 0.0.0.0, ::1 or localhost")
    }
}

pub(super) fn boolean(text: &str) -> Result<bool, &'static str> {
    match text {
        "true" | "on" | "1" => Ok(true),
        "false" | "off" | "0" => Ok(false),
        _ => Err("must be true or false"),
    }
}

pub(super) fn port(text: &str) -> Result<u16, &'static str> {
    text.parse().map_err(|_| "must be a number from 0 to 65535")
}

pub(super) fn database_url(text: &str) -> Result<DatabaseUrl, &'static str> {
    DatabaseUrl::parse(text)
}

pub(super) fn jwt_expires_in(text: &str) -> Result<Duration, &'static str> {
    const A_YEAR: u64 = 366 * 86_400;
    match text.parse() {
        Ok(seconds @ 1..=A_YEAR) => Ok(Duration::from_secs(seconds)),
        _ => Err("must be a number of seconds from 1 to 31622400, a year, as in 3600 for an hour"),
    }
}

pub(super) fn shutdown_time(text: &str) -> Result<Duration, &'static str> {
    match text.parse() {
        Ok(seconds @ 1..=3_600) => Ok(Duration::from_secs(seconds)),
        _ => Err("must be a number of seconds from 1 to 3600, as in 30"),
    }
}

pub(super) fn backup_time(text: &str) -> Result<Duration, &'static str> {
    const A_YEAR: u64 = 366 * 86_400;
    match text.parse() {
        Ok(seconds @ 60..=A_YEAR) => Ok(Duration::from_secs(seconds)),
        _ => Err("must be a number of seconds from 60 to 31622400, a year, as in 86400 for a day"),
    }
}

pub(super) fn backup_count(text: &str) -> Result<usize, &'static str> {
    match text.parse() {
        Ok(count @ 1..=10_000) => Ok(count),
        _ => Err("must be a number from 1 to 10000"),
    }
}

pub(super) fn drain_time(text: &str) -> Result<Duration, &'static str> {
    match text.parse() {
        Ok(seconds @ 0..=3_600) => Ok(Duration::from_secs(seconds)),
        _ => Err("must be a number of seconds from 0 to 3600, as in 5"),
    }
}

/// The time of the last use is stored once a minute, so a shorter limit could end a session that is in use.
pub(super) fn session_time(text: &str) -> Result<Duration, &'static str> {
    const A_YEAR: u64 = 366 * 86_400;
    match text.parse() {
        Ok(seconds @ 300..=A_YEAR) => Ok(Duration::from_secs(seconds)),
        _ => Err("must be a number of seconds from 300 to 31622400, a year, as in 86400 for a day"),
    }
}

/// Below 10 is too weak (OWASP); 15 makes a log-in too slow.
pub(super) fn bcrypt_cost(text: &str) -> Result<u32, &'static str> {
    match text.parse() {
        Ok(cost @ 10..=14) => Ok(cost),
        _ => Err("must be a number from 10 to 14"),
    }
}

pub(super) fn cors_origins(text: &str) -> Result<CorsOrigins, String> {
    if text.trim() == "*" {
        return Ok(CorsOrigins::Any);
    }
    let mut origins: Vec<Origin> = Vec::new();
    for text in text.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        let origin = Origin::parse(text).ok_or_else(|| {
            format!("{text:?} is not an origin: must be * or scheme://host[:port] without a path, as in https://app.example.com")
        })?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    if origins.is_empty() {
        Err("must be * or at least one origin".into())
    } else {
        Ok(CorsOrigins::Only(origins))
    }
}

/// A filter for `tracing`, which itself would accept any word as the name of a module: `LOG=verbose` would log nothing.
pub(super) fn log(text: &str) -> Result<String, &'static str> {
    let is_level = |text: &str| !text.is_empty() && text.parse::<LevelFilter>().is_ok();
    let is_directive = |text: &str| match text.rsplit_once('=') {
        Some((target, level)) => !target.is_empty() && is_level(level),
        None => is_level(text),
    };
    let directives: Vec<_> = text.split(',').map(str::trim).collect();
    let filter = directives.join(",");
    if directives.into_iter().all(is_directive) && filter.parse::<Targets>().is_ok() {
        Ok(filter)
    } else {
        Err("must be off, error, warn, info, debug or trace, or a list as in info,tower_passport=debug")
    }
}
