//! `recipes token sign`: signs claims.

use std::{
    borrow::Cow,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::anyhow;
use clap::Args;
use jiff::Timestamp;
use serde_json::value::RawValue;
use strict_jose::{Error, Key, SignError, Typ};

use super::{input, keys::KeyFile};
use crate::cli::InvalidArgument;
use crate::clock::Clock;

pub(super) const EXAMPLES: &str = "\
The claims are one JSON object. They are signed as they are written; --exp-in appends \"exp\". Invalid \
claims are refused, for example a member that occurs twice or an \"exp\" that is a string.

Exit code 0: signed. 1: the claims are refused. 2: a wrong argument or an invalid key.

Examples:
  recipes token sign --jwk key.json --typ at+jwt --exp-in 300 claims.json
  echo '{\"sub\":\"7\",\"exp\":1900000000}' | recipes token sign --pem private.pem --alg RS256
  recipes token sign --jwks private-jwks.json --kid 2026-05 claims.json
  recipes token sign --secret-file secret.txt --any-payload photo.jpg";

#[derive(Debug, Args)]
pub(in crate::cli) struct Sign {
    #[command(flatten)]
    key: KeyFile,
    /// Type of the token, as in at+jwt; without it, the token has no type
    #[arg(long)]
    typ: Option<String>,
    /// Name of the key: written into the token, or selects a key of a set
    #[arg(long)]
    kid: Option<String>,
    /// Seconds until the token expires
    #[arg(long, value_name = "SECONDS", value_parser = input::seconds)]
    exp_in: Option<Duration>,
    /// The time that --exp-in counts from: seconds since 1970 or RFC 3339; default: now
    #[arg(long, value_name = "TIME", value_parser = input::time)]
    now: Option<Timestamp>,
    /// Sign any bytes, as a JWS that is not a JWT
    #[arg(long, conflicts_with = "exp_in")]
    any_payload: bool,
    /// File with the claims; - is standard input
    #[arg(default_value = "-")]
    claims: PathBuf,
}

impl Sign {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let key = self.key()?;
        let payload = input::file_or_stdin(&self.claims)?;
        let typ = self.typ.as_deref().map_or(Typ::Absent, Typ::Named);
        let signed = if self.any_payload {
            key.sign_bytes(typ, &payload)
        } else {
            let claims =
                self.claims(&payload).map_err(|why| anyhow!("the claims of {} are {why}", self.source()))?;
            key.sign(typ, &claims)
        };
        let token = signed.map_err(|error| match error {
            SignError::VerifyOnly => InvalidArgument(format!("{error}; sign with the private key")).into(),
            SignError::Claims(Error::Malformed(why)) => {
                anyhow!("the claims of {} are refused: {why}", self.source())
            }
            SignError::Claims(why) => anyhow!("the claims of {} are refused: {why}", self.source()),
            error => anyhow!(error),
        })?;
        writeln!(io::stdout(), "{token}")?;
        Ok(ExitCode::SUCCESS)
    }

    fn source(&self) -> Cow<'_, str> {
        if self.claims == Path::new("-") { "standard input".into() } else { self.claims.to_string_lossy() }
    }

    fn key(&self) -> Result<Key, InvalidArgument> {
        let mut keys = self.key.load()?;
        match (keys.pop(), &self.kid) {
            (Some(key), None) if keys.is_empty() => Ok(key),
            (Some(key), Some(kid)) if !self.key.is_set() => Ok(key.with_kid(kid)),
            (Some(key), Some(kid)) => {
                let mut named = keys.into_iter().chain([key]).filter(|key| key.kid() == Some(kid));
                named.next().ok_or_else(|| InvalidArgument(format!("no key of the set has the name {kid:?}")))
            }
            (Some(_), None) => Err(InvalidArgument("the set has several keys; choose one with --kid".into())),
            (None, _) => Err(InvalidArgument("the set has no keys".into())),
        }
    }

    /// Appends `exp` to the claims. In their text, so that all other members stay as they are written: no number type
    /// represents all numbers of JSON.
    fn claims(&self, payload: &[u8]) -> Result<Box<RawValue>, String> {
        let text = std::str::from_utf8(payload).map_err(|_| "not UTF-8")?;
        let claims: Box<RawValue> =
            serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
        let Some(exp_in) = self.exp_in else { return Ok(claims) };
        let now = self.now.unwrap_or_else(|| Clock::system().now());
        let exp = now.as_second().saturating_add_unsigned(exp_in.as_secs());
        let members = claims.get().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let members = members.ok_or("not one JSON object")?.trim_end();
        let comma = if members.trim_start().is_empty() { "" } else { "," };
        RawValue::from_string(format!("{{{members}{comma}\"exp\":{exp}}}"))
            .map_err(|error| format!("not JSON: {error}"))
    }
}
