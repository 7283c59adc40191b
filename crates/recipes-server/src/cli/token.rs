//! `recipes token`: makes keys, and signs, verifies and decodes tokens.

mod decode;
mod input;
mod keygen;
mod keys;
mod public;
mod sign;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::{Config, Secret};

pub(super) const EXAMPLES: &str = "\
Examples:
  recipes token decode eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9...
  pbpaste | recipes token decode -
  recipes token verify --jwks jwks.json --iss https://id.example --aud https://api.example TOKEN
  recipes token keygen --alg ES256 > key.json
  recipes token public --jwk key.json --set > jwks.json
  echo '{\"sub\":\"7\"}' | recipes token sign --jwk key.json --typ at+jwt --exp-in 300";

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Show header, claims and times of a token, and whether this server accepts it
    #[command(after_help = decode::EXAMPLES)]
    Decode(decode::Decode),
    /// Verify a token with your own key and print its claims
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::Verify),
    /// Sign claims as a token and print it
    #[command(after_help = sign::EXAMPLES)]
    Sign(sign::Sign),
    /// Make a key and print it as a JWK, including the private part
    #[command(after_help = keygen::EXAMPLES)]
    Keygen(keygen::Keygen),
    /// Print the public part of a private key, as a JWK or a JWK set
    #[command(after_help = public::EXAMPLES)]
    Public(public::Public),
}

impl Token {
    /// The secrets that the command uses.
    pub(super) fn secrets(&self) -> &'static [Secret] {
        match self {
            Self::Decode(_) => &[Secret::JwtSecret, Secret::JwtSecretPrevious, Secret::DatabaseUrl],
            Self::Verify(_) | Self::Sign(_) | Self::Keygen(_) | Self::Public(_) => &[],
        }
    }

    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Decode(decode) => decode.run(config).await,
            Self::Verify(verify) => verify.run(),
            Self::Sign(sign) => sign.run(),
            Self::Keygen(keygen) => keygen.run(),
            Self::Public(public) => public.run(),
        }
    }
}
