//! `recipes token keygen`: a new key.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Args;
use strict_jose::{Algorithm, Key};

use super::keys::algorithm;

pub(super) const EXAMPLES: &str = "\
The JWK contains the private part: keep it in a file that only you can read. Its \"kid\" is its \
thumbprint (RFC 7638), or the name given by --kid. A shared secret is as long as the hash, an RSA key has 3072 bits.

Examples:
  umask 077 && recipes token keygen --alg EdDSA > key.json
  recipes token keygen --alg HS256 --kid 2026-05";

#[derive(Debug, Args)]
pub(in crate::cli) struct Keygen {
    /// Algorithm of the key, as in ES256
    #[arg(long, value_parser = algorithm)]
    alg: Algorithm,
    /// Name of the key
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
