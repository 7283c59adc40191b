//! `recipes token keygen`: a new key.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Args;
use strict_jose::{Algorithm, Key};

use super::keys::algorithm;

pub(super) const EXAMPLES: &str = "\
The JWK has what is secret in it: keep it in a file that only you can read. Its \"kid\" is its thumbprint (RFC 7638) unless
--kid says otherwise. A secret is as long as the hash, an RSA key has 3072 bits.

Examples:
  umask 077 && recipes token keygen --alg EdDSA > key.json
  recipes token keygen --alg HS256 --kid 2026-05";

#[derive(Debug, Args)]
pub(in crate::cli) struct Keygen {
    /// What the key is for, as in ES256
    #[arg(long, value_parser = algorithm)]
    alg: Algorithm,
    /// What it is called
    #[arg(long)]
    kid: Option<String>,
}

impl Keygen {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let key = Key::generate(self.alg)?;
        let key = match self.kid {
            Some(kid) => key.with_kid(kid),
            None => key.with_thumbprint_as_kid(),
        };
        writeln!(io::stdout(), "{}", key.to_jwk().expose())?;
        Ok(ExitCode::SUCCESS)
    }
}
