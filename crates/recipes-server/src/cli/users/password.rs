//! Reads a new password from the operator.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret as _, SecretString};

pub(super) fn prompt() -> anyhow::Result<SecretString> {
    if !io::stdin().is_terminal() {
        bail!("standard input is not a terminal; pass the password with --password-stdin");
    }
    let password = SecretString::from(rpassword::prompt_password("Password: ")?);
    let again = SecretString::from(rpassword::prompt_password("Again: ")?);
    if password.expose_secret() != again.expose_secret() {
        bail!("the two passwords differ");
    }
    Ok(password)
}

pub(super) fn first_line() -> anyhow::Result<SecretString> {
    // Longer than the longest password, so that a longer one is refused and not cut.
    const MAX_BYTES: u64 = 2_048;
    let mut line = String::new();
    io::stdin().lock().take(MAX_BYTES).read_line(&mut line).context("the password cannot be read")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned().into())
}
