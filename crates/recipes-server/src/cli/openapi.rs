//! `recipes openapi`: prints the document that the service has at `/api/v1/openapi.json`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  recipes openapi > openapi.json
  recipes openapi | jq '.paths | keys'";

pub(super) fn run() -> anyhow::Result<ExitCode> {
    writeln!(io::stdout(), "{}", crate::openapi_json())?;
    Ok(ExitCode::SUCCESS)
}
