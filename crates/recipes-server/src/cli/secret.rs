//! `recipes secret`: prints a new `JWT_SECRET`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use secrecy::ExposeSecret as _;

use crate::entropy::Entropy;
use crate::signing_key::new_secret;

pub(super) const EXAMPLES: &str = "\
Examples:
  recipes secret
  echo JWT_SECRET=$(recipes secret) >> .env";

pub(super) fn run() -> anyhow::Result<ExitCode> {
    writeln!(io::stdout(), "{}", new_secret(&Entropy::system()).expose_secret())?;
    Ok(ExitCode::SUCCESS)
}
