//! `recipes token verify`: whether a token is to be believed, by the rules of whoever asks.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use crate::clock::Clock;
use clap::Args;
use jiff::Timestamp;
use strict_jose::{NeedsIssuer, Rules};

use super::{given, keys::KeyFile};
use crate::http::conditional::system_time;

pub(super) const EXAMPLES: &str = "\
Prints the claims as they were signed, one JSON object. The algorithm is the key's; the token only has to agree. A token
without \"exp\" is refused unless --no-exp is given, and so is one without what --iss, --aud or --typ name.

Exit code 0: valid. 1: refused, with the reason on standard error. 2: a mistake in the arguments, or an unusable key.
A token from others goes behind -- or by standard input, so that it is never taken for an option.

Examples:
  recipes token verify --jwks jwks.json --iss https://id.example --aud https://api.example TOKEN
  recipes token verify --pem public.pem --alg RS256 --now 2026-05-01T12:00:00Z - < token.txt
  recipes token verify --secret-file data/jwt-secret --typ at+jwt TOKEN
  recipes token verify --jwk key.json --any-payload -- \"$TOKEN\" > payload.bin";

#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    #[command(flatten)]
    key: KeyFile,
    /// Who must have issued it; several times: one of them. Without, anybody may have
    #[arg(long = "iss", value_name = "ISSUER")]
    issuers: Vec<String>,
    /// Whom it must be for; several times: one of them. Without, it may be for anybody
    #[arg(long = "aud", value_name = "AUDIENCE")]
    audiences: Vec<String>,
    /// What kind of token it must be, as in at+jwt. Without, it may be any
    #[arg(long)]
    typ: Option<String>,
    /// How many seconds the clocks may differ
    #[arg(long, default_value = "0", value_parser = given::seconds)]
    leeway: Duration,
    /// The time to verify at: seconds since 1970 or RFC 3339. Without, the time it is
    #[arg(long, value_name = "TIME", value_parser = given::time)]
    now: Option<Timestamp>,
    /// Accept a token without "exp"; one that is there still counts
    #[arg(long)]
    no_exp: bool,
    /// Accept a payload that is no JSON and print its bytes; nothing in it is looked at, also no time
    #[arg(long, conflicts_with_all = ["issuers", "audiences", "now", "leeway", "no_exp"])]
    any_payload: bool,
    /// The token; - reads it from standard input, where other people on the machine cannot see it
    #[arg(allow_hyphen_values = true)]
    token: String,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let keys = self.key.for_verifying()?;
        let token = given::token(&self.token)?;
        let rules = match &self.typ {
            Some(typ) => Rules::typ(typ),
            None => Rules::any_type(),
        };
        let verified = if self.any_payload {
            rules.any_payload().max_len(given::MAX_TOKEN).verify(&token, &*keys)
        } else {
            let now = self.now.unwrap_or_else(|| Clock::system().now());
            self.claims_rules(rules)
                .verify_bytes(&token, &*keys, system_time(now))
                .map(|claims| shown(&claims))
        };
        match verified {
            Ok(payload) => {
                let mut stdout = io::stdout();
                stdout.write_all(&payload)?;
                // What has no line break at its end is still in the buffer, which reports nothing when the program ends.
                stdout.flush()?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                // Refused is refused, also when nobody is left to hear it.
                let _ = writeln!(io::stderr(), "refused ({}): {error}", error.reason());
                Ok(ExitCode::FAILURE)
            }
        }
    }

    fn claims_rules(&self, rules: NeedsIssuer) -> Rules {
        let rules = match &*self.issuers {
            [] => rules.any_issuer(),
            issuers => rules.issuers(issuers),
        };
        let rules = match &*self.audiences {
            [] => rules.any_audience(),
            audiences => rules.audiences(audiences),
        };
        // What "sign" signs is verified here, however long it is: nobody sends this program a flood of tokens.
        let rules = rules.leeway(self.leeway).max_len(given::MAX_TOKEN);
        if self.no_exp { rules.without_expiry() } else { rules }
    }
}

/// The claims as they were signed. A control character in a string is written as an escape, which means the same and
/// commands no terminal; JSON has none of them unescaped but those from U+007F on.
fn shown(claims: &[u8]) -> Vec<u8> {
    let mut text = String::with_capacity(claims.len() + 1);
    for c in String::from_utf8_lossy(claims).chars() {
        match c {
            '\u{7f}'..='\u{9f}' => {
                // Writing to a String does not fail.
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('\n');
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_cannot_command_the_terminal_and_mean_what_they_meant() {
        let claims = "{ \"a\" :\r\n\"\u{9b}2J\u{7f}é\" }";
        let shown = String::from_utf8(shown(claims.as_bytes())).unwrap();
        assert_eq!(shown, "{ \"a\" :\r\n\"\\u009b2J\\u007fé\" }\n");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&shown), read(claims));
    }
}
