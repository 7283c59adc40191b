//! `recipes secret`: a good `JWT_SECRET`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use crate::entropy::Entropy;
use secrecy::ExposeSecret as _;

use crate::config::new_secret;

pub(super) const EXAMPLES: &str = "\
Examples:
  recipes secret
  echo JWT_SECRET=$(recipes secret) >> .env";

pub(super) fn run() -> anyhow::Result<ExitCode> {
    writeln!(io::stdout(), "{}", new_secret(&Entropy::system()).expose_secret())?;
    Ok(ExitCode::SUCCESS)
}
