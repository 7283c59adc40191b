//! The options that name a key file. No option takes a secret itself, because other users of the machine can see the
//! arguments of a process.

use std::path::{Path, PathBuf};

use clap::Args;
use strict_jose::{Algorithm, Key, KeyError, KeySet, KeySetError, Keys};

use super::input;
use crate::cli::InvalidArgument;

#[derive(Debug, Args)]
pub(super) struct KeyFile {
    #[command(flatten)]
    file: OneFile,
    /// Algorithm of a key that does not name it: PEM, a shared secret (default: HS256), an RSA or oct JWK without "alg"
    #[arg(long, value_parser = algorithm)]
    alg: Option<Algorithm>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct OneFile {
    /// A JWK set
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// A single JWK; its "alg" is the algorithm
    #[arg(long, value_name = "FILE")]
    jwk: Option<PathBuf>,
    /// A shared secret: the bytes of the file without one line break at the end
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// A private or public key in PEM (PKCS#8, SPKI, PKCS#1 or SEC1); requires --alg
    #[arg(long, value_name = "FILE", requires = "alg")]
    pem: Option<PathBuf>,
}

pub(super) fn algorithm(name: &str) -> Result<Algorithm, String> {
    name.parse().map_err(|_| {
        let names: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
        format!("must be one of {}", names.join(", "))
    })
}

impl KeyFile {
    /// The key or key set for verifying. A set with private keys is refused, as issuers publish only public ones.
    pub(super) fn for_verifying(&self) -> Result<Box<dyn Keys>, InvalidArgument> {
        match &self.file.jwks {
            Some(path) => in_text_of(path, |jwks| self.published(jwks)).map(|keys| Box::new(keys) as _),
            None => match self.one()? {
                key if key.can_verify() => Ok(Box::new(key)),
                _ => Err(InvalidArgument(
                    "this key can only sign, because of its `key_ops`; \"recipes token public\" prints the key for verifying".into(),
                )),
            },
        }
    }

    /// The keys in the file, private or public.
    pub(super) fn load(&self) -> Result<Vec<Key>, InvalidArgument> {
        match &self.file.jwks {
            Some(path) => {
                let keys = in_text_of(path, |jwks| self.private(jwks).map_err(in_set))?;
                Ok(keys.iter().cloned().collect())
            }
            None => self.one().map(|key| vec![key]),
        }
    }

    pub(super) fn is_set(&self) -> bool {
        self.file.jwks.is_some()
    }

    fn published(&self, jwks: &str) -> Result<KeySet, String> {
        let keys = match self.alg {
            Some(alg) => KeySet::from_jwks_as(alg, jwks),
            None => KeySet::from_jwks(jwks),
        };
        match keys {
            // Shared secrets are never published: this is the user's own set. A mixed set is refused.
            Err(KeySetError::Private { member: "k", .. }) => self.private(jwks),
            keys => keys,
        }
        .map_err(in_set)
    }

    fn private(&self, jwks: &str) -> Result<KeySet, KeySetError> {
        match self.alg {
            Some(alg) => KeySet::from_private_jwks_as(alg, jwks),
            None => KeySet::from_private_jwks(jwks),
        }
    }

    fn one(&self) -> Result<Key, InvalidArgument> {
        let OneFile { jwk, secret_file, pem, .. } = &self.file;
        match (jwk, secret_file, pem, self.alg) {
            (Some(path), ..) => in_text_of(path, |jwk| self.of_jwk(jwk)),
            (_, Some(path), ..) => in_bytes_of(path, |secret| of_secret(secret, self.alg)),
            (.., Some(path), Some(alg)) => {
                in_bytes_of(path, |pem| Key::from_pem(alg, pem).map_err(|error| error.to_string()))
            }
            _ => {
                Err(InvalidArgument("give a key by --jwks, --jwk, --secret-file, or --pem with --alg".into()))
            }
        }
    }

    fn of_jwk(&self, jwk: &str) -> Result<Key, String> {
        let key = match self.alg {
            Some(alg) => Key::from_jwk_as(alg, jwk),
            None => Key::from_jwk(jwk),
        };
        key.map_err(|error| match error {
            KeyError::NoAlgorithm => format!("{error} with --alg"),
            KeyError::MissingMember("kty") => format!("{error}; if this is a JWK set, give it by --jwks"),
            error => error.to_string(),
        })
    }
}

fn of_secret(bytes: &[u8], alg: Option<Algorithm>) -> Result<Key, String> {
    let bytes = input::without_line_break(bytes);
    let key = match alg.unwrap_or(Algorithm::Hs256) {
        Algorithm::Hs256 => Key::hs256(bytes),
        Algorithm::Hs384 => Key::hs384(bytes),
        Algorithm::Hs512 => Key::hs512(bytes),
        other => {
            return Err(format!("{other} needs a key pair, not a shared secret; give it by --pem or --jwk"));
        }
    };
    key.map_err(|error| match error {
        KeyError::Pem => format!("{error}; give it by --pem"),
        error => error.to_string(),
    })
}

fn in_set(error: KeySetError) -> String {
    match error {
        KeySetError::Key { error: KeyError::NoAlgorithm, .. } => format!("{error} with --alg"),
        KeySetError::NoKeys => format!("{error}; if this is one JWK, give it by --jwk"),
        KeySetError::Private { .. } => format!("{error}; \"recipes token public --set\" makes one"),
        error => error.to_string(),
    }
}

fn in_text_of<K>(path: &Path, read: impl FnOnce(&str) -> Result<K, String>) -> Result<K, InvalidArgument> {
    in_bytes_of(path, |bytes| read(std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?))
}

fn in_bytes_of<K>(path: &Path, read: impl FnOnce(&[u8]) -> Result<K, String>) -> Result<K, InvalidArgument> {
    let bytes = input::file(path)?;
    read(&bytes).map_err(|why| InvalidArgument(format!("{} cannot be used: {why}", path.display())))
}
