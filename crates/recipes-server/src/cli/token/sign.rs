//! `recipes token sign`: claims become a token.

use std::{
    borrow::Cow,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use crate::clock::Clock;
use anyhow::anyhow;
use clap::Args;
use jiff::Timestamp;
use serde_json::value::RawValue;
use strict_jose::{Error, Key, SignError, Typ};

use super::{given, keys::KeyFile};
use crate::cli::Unusable;

pub(super) const EXAMPLES: &str = "\
The claims are one JSON object and are signed as they are written, with \"exp\" behind them if --exp-in is given. What is no
claims set, as one with a member twice or an \"exp\" that is text, is not signed.

Exit code 0: signed. 1: the claims are refused. 2: a mistake in the arguments, or an unusable key.

Examples:
  recipes token sign --jwk key.json --typ at+jwt --exp-in 300 claims.json
  echo '{\"sub\":\"7\",\"exp\":1900000000}' | recipes token sign --pem private.pem --alg RS256 --kid 2026-05
  recipes token sign --jwks private-jwks.json --kid 2026-05 claims.json
  recipes token sign --secret-file secret.txt --any-payload photo.jpg";

#[derive(Debug, Args)]
pub(in crate::cli) struct Sign {
    #[command(flatten)]
    key: KeyFile,
    /// What kind of token it is, as in at+jwt. Without, the token does not say
    #[arg(long)]
    typ: Option<String>,
    /// The key's name: what a single key is called in the token, or which one of a set signs
    #[arg(long)]
    kid: Option<String>,
    /// Let the token expire in so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = given::seconds)]
    exp_in: Option<Duration>,
    /// The time that --exp-in counts from: seconds since 1970 or RFC 3339. Without, the time it is
    #[arg(long, value_name = "TIME", value_parser = given::time)]
    now: Option<Timestamp>,
    /// Sign any bytes, as a JWS that is no JWT
    #[arg(long, conflicts_with = "exp_in")]
    any_payload: bool,
    /// A file with the claims; - is standard input
    #[arg(default_value = "-")]
    claims: PathBuf,
}

impl Sign {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let key = self.key()?;
        let payload = given::file_or_stdin(&self.claims)?;
        let typ = self.typ.as_deref().map_or(Typ::Absent, Typ::Named);
        let signed = if self.any_payload {
            key.sign_bytes(typ, &payload)
        } else {
            let claims =
                self.claims(&payload).map_err(|why| anyhow!("the claims of {} are {why}", self.place()))?;
            key.sign(typ, &claims)
        };
        let token = signed.map_err(|error| match error {
            SignError::VerifyOnly => Unusable(format!("{error}; sign with the private one")).into(),
            SignError::Claims(Error::Malformed(why)) => {
                anyhow!("the claims of {} are refused: {why}", self.place())
            }
            SignError::Claims(why) => anyhow!("the claims of {} are refused: {why}", self.place()),
            error => anyhow!(error),
        })?;
        writeln!(io::stdout(), "{token}")?;
        Ok(ExitCode::SUCCESS)
    }

    fn place(&self) -> Cow<'_, str> {
        if self.claims == Path::new("-") { "standard input".into() } else { self.claims.to_string_lossy() }
    }

    fn key(&self) -> Result<Key, Unusable> {
        let mut keys = self.key.own()?;
        match (keys.pop(), &self.kid) {
            (Some(key), None) if keys.is_empty() => Ok(key),
            (Some(key), Some(kid)) if !self.key.is_set() => Ok(key.with_kid(kid)),
            (Some(key), Some(kid)) => {
                let mut named = keys.into_iter().chain([key]).filter(|key| key.kid() == Some(kid));
                named.next().ok_or_else(|| Unusable(format!("no key of the set is called {kid:?}")))
            }
            (Some(_), None) => Err(Unusable("the set has several keys; say which with --kid".into())),
            (None, _) => Err(Unusable("the set has no keys".into())),
        }
    }

    /// The claims with `exp` behind them. As text, so that every other member stays as it is written: there is no number
    /// type that all of JSON's numbers fit.
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
