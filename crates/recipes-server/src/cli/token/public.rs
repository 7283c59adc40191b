//! `recipes token public`: prints the public part of a key.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::bail;
use clap::Args;
use strict_jose::{Key, KeySet};

use super::keys::KeyFile;
use crate::cli::InvalidArgument;

pub(super) const EXAMPLES: &str = "\
For a set, all keys are printed, as a set. A shared secret has no public part.

Examples:
  recipes token public --jwk key.json
  recipes token public --jwk key.json --set > jwks.json
  recipes token public --jwks private-jwks.json
  recipes token public --pem private.pem --alg RS256 --kid 2026-05";

#[derive(Debug, Args)]
pub(in crate::cli) struct Public {
    #[command(flatten)]
    key: KeyFile,
    /// Name of a single key
    #[arg(long, conflicts_with = "jwks")]
    kid: Option<String>,
    /// Print a set, even for a single key
    #[arg(long)]
    set: bool,
}

impl Public {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let mut keys = self.key.load()?;
        if let (Some(kid), [key]) = (self.kid, &mut *keys) {
            *key = key.clone().with_kid(kid);
        }
        if keys.iter().any(|key| key.algorithm().is_symmetric()) {
            bail!(InvalidArgument(
                "a shared secret has no public part: the same secret signs and verifies".into()
            ));
        }
        let text = match &*keys {
            [key] if !self.set && !self.key.is_set() => Key::to_public_jwk(key).unwrap_or_default(),
            _ => KeySet::new(keys)?.to_public_jwks(),
        };
        writeln!(io::stdout(), "{text}")?;
        Ok(ExitCode::SUCCESS)
    }
}
