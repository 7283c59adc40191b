//! `recipes token verify`: verifies a token by the rules in the arguments.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use jiff::Timestamp;
use strict_jose::{NeedsIssuer, Rules};

use super::{input, keys::KeyFile};
use crate::clock::Clock;
use crate::http::conditional::system_time;
use crate::telemetry::escape::escape_json;

pub(super) const EXAMPLES: &str = "\
Prints the claims as they were signed, one JSON object. The key determines the algorithm; a token with \
another algorithm is refused. Each of --iss, --aud and --typ makes its claim required, and \"exp\" is \
required unless --no-exp is given. Access tokens of this server name it in both \"iss\" and \"aud\".

Exit code 0: valid. 1: refused, with the reason on standard error. 2: a wrong argument or an invalid key.

Pass a token from others on standard input, or after --, so that it is never read as an option.

Examples:
  recipes token verify --jwks jwks.json --iss https://id.example --aud https://api.example TOKEN
  recipes token verify --pem public.pem --alg RS256 --now 2026-05-01T12:00:00Z - < token.txt
  recipes token verify --secret-file data/jwt-secret --typ at+jwt TOKEN
  recipes token verify --jwk key.json --any-payload -- \"$TOKEN\" > payload.bin";

#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    #[command(flatten)]
    key: KeyFile,
    /// Required issuer; if repeated, one of them. Default: any issuer
    #[arg(long = "iss", value_name = "ISSUER")]
    issuers: Vec<String>,
    /// Required audience; if repeated, one of them. Default: any audience
    #[arg(long = "aud", value_name = "AUDIENCE")]
    audiences: Vec<String>,
    /// Required type, as in at+jwt. Default: any type
    #[arg(long)]
    typ: Option<String>,
    /// Allowed difference of the clocks, in seconds
    #[arg(long, default_value = "0", value_parser = input::seconds)]
    leeway: Duration,
    /// The time of the verification: seconds since 1970 or RFC 3339; default: now
    #[arg(long, value_name = "TIME", value_parser = input::time)]
    now: Option<Timestamp>,
    /// Accept a token without "exp"; if the token has one, it still counts
    #[arg(long)]
    no_exp: bool,
    /// Accept any payload, print its bytes and check only the signature and --typ
    #[arg(long, conflicts_with_all = ["issuers", "audiences", "now", "leeway", "no_exp"])]
    any_payload: bool,
    /// The token; - reads it from standard input, where other users of the machine cannot see it
    #[arg(allow_hyphen_values = true)]
    token: String,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let keys = self.key.for_verifying()?;
        let token = input::token(&self.token)?;
        let rules = match &self.typ {
            Some(typ) => Rules::typ(typ),
            None => Rules::any_type(),
        };
        let verified = if self.any_payload {
            rules.any_payload().max_len(input::MAX_TOKEN).verify(&token, &*keys)
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
                // Without a line break at the end the buffer is not empty, and errors at the end of the program are lost.
                stdout.flush()?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                // The exit code says so even if the output is closed.
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
        // Every token of "sign" can be verified: the limit of a server against floods is not needed here.
        let rules = rules.leeway(self.leeway).max_len(input::MAX_TOKEN);
        if self.no_exp { rules.without_expiry() } else { rules }
    }
}

/// The claims as they were signed, with control characters escaped, which means the same and does not control the
/// terminal. Valid JSON contains only those from U+007F on unescaped.
fn shown(claims: &[u8]) -> Vec<u8> {
    let mut text = escape_json(&String::from_utf8_lossy(claims)).into_owned();
    text.push('\n');
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_claims_keep_their_meaning() {
        let claims = "{ \"a\" :\r\n\"\u{9b}2J\u{7f}é\" }";
        let shown = String::from_utf8(shown(claims.as_bytes())).unwrap();
        assert_eq!(shown, "{ \"a\" :\r\n\"\\u009b2J\\u007fé\" }\n");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&shown), read(claims));
    }
}
