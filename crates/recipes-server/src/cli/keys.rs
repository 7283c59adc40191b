//! `recipes keys`: the signing keys of the authorization server.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::bail;
use clap::{Args, Subcommand};

use super::database::open_existing;
use crate::clock::Clock;
use crate::config::Config;
use crate::provider::{replace_signing_keys, signing_key_records};

pub(super) const EXAMPLES: &str = "\
The server makes its keys itself, and replaces them every 30 days without an interruption.

Examples:
  recipes keys list
  recipes keys replace";

#[derive(Args, Debug)]
pub(super) struct KeysCommand {
    #[command(subcommand)]
    command: Keys,
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// List the published keys
    #[command(after_help = "Example:\n  recipes keys list")]
    List,
    /// Replace all keys at once, because one was stolen: access tokens and ID tokens are refused within a minute
    #[command(after_help = "Example:\n  recipes keys replace")]
    Replace,
}

impl KeysCommand {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let clock = Clock::system();
        let store = open_existing(config, &clock).await?;
        let mut out = io::stdout();
        match self.command {
            Keys::List => {
                for key in signing_key_records(&store).await? {
                    writeln!(out, "{}  {:?}, {}", key.kid, key.state, key.algorithm.name())?;
                }
            }
            Keys::Replace => {
                if !replace_signing_keys(&store, clock.now()).await? {
                    bail!("the keys were changed by another process at the same time: try again");
                }
                writeln!(out, "All keys are deleted; each server makes or loads new ones within a minute")?;
            }
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
