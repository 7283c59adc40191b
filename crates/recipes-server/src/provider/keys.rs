//! The signing keys: loaded from the store, made and rotated when the schedule says so.

use accounts::audit::Event;
use jiff::Timestamp;
use store::{Context, SigningKeyRow, Store};
use strict_jose::{Algorithm, Key, KeyError};
use strict_oidc::{
    DpopNonces, KeyPolicy, KeyRecord, KeyState, KeyStep, OAuthError, Provider, SigningKeys, TicketKey,
    UnixTime, key_schedule,
};

use super::failure::{internal, unavailable};
use super::verified_tokens::VerifiedTokens;
use crate::auth::token_keys::TokenKeys;
use crate::entropy::Entropy;
use crate::sealing::SealingKey;

/// RS256 for ID tokens, because most libraries expect it. ES256 for access tokens, because it signs 16 times as fast.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::Rs256, Algorithm::Es256];

/// The name under which the data key is encrypted.
pub(super) const DATA_KEY: &str = "data key";

/// Other processes may change the rows at the same time, but not for ever.
const ATTEMPTS: usize = 5;

/// The keys of the authorization server.
pub(super) struct KeyRing {
    pub(super) keys: SigningKeys,
    pub(super) tickets: TicketKey,
    pub(super) nonces: DpopNonces,
    /// With the salt of pairwise subjects, which is derived from the data key.
    pub(super) provider: Provider,
    /// Tokens that these keys have verified.
    pub(super) api_tokens: VerifiedTokens,
    pub(super) userinfo_tokens: VerifiedTokens,
    pub(super) introspected_tokens: VerifiedTokens,
    pub(super) loaded_at: Timestamp,
}

/// Makes [`KeyRing`]s.
pub(super) struct KeyLoader {
    pub(super) store: Store,
    pub(super) secrets: TokenKeys,
    pub(super) entropy: Entropy,
    pub(super) protocol: Provider,
}

impl KeyLoader {
    /// Loads the keys, after the steps of the schedule that are due.
    pub(super) async fn load(&self, now: Timestamp) -> Result<KeyRing, OAuthError> {
        let data_key = data_key(&self.store, &self.secrets, &self.entropy, Use::Seal).await?;
        let at = UnixTime(u64::try_from(now.as_second()).unwrap_or(0));
        for _ in 0..ATTEMPTS {
            let rows = self.store.signing_keys().await.map_err(unavailable)?;
            let records = rows.iter().map(record_of).collect::<Result<Vec<_>, _>>()?;
            let steps = key_schedule(&KeyPolicy::default(), &ALGORITHMS, &records, at);
            if steps.is_empty() {
                let derive = |purpose: &[u8]| data_key.derive(purpose).map_err(internal);
                let mut provider = self.protocol.clone();
                provider.pairwise_salt = Some(*derive(b"pairwise subjects")?);
                let keys = rows.iter().zip(&records).map(|(row, record)| opened(&data_key, row, record));
                return Ok(KeyRing {
                    keys: SigningKeys::new(keys.collect::<Result<Vec<_>, _>>()?),
                    tickets: TicketKey::new(&*derive(b"tickets")?).map_err(internal)?,
                    nonces: DpopNonces::new(&*derive(b"dpop nonces")?),
                    provider,
                    api_tokens: VerifiedTokens::default(),
                    userinfo_tokens: VerifiedTokens::default(),
                    introspected_tokens: VerifiedTokens::default(),
                    loaded_at: now,
                });
            }
            let new = self.apply(&steps, &rows, &data_key, at).await?;
            self.store.replace_signing_keys(rows, new).await.map_err(unavailable)?;
        }
        Err(internal("other processes kept changing the signing keys"))
    }

    /// The rows after these steps.
    async fn apply(
        &self,
        steps: &[KeyStep],
        rows: &[SigningKeyRow],
        data_key: &SealingKey,
        now: UnixTime,
    ) -> Result<Vec<SigningKeyRow>, OAuthError> {
        let mut rows = rows.to_vec();
        for step in steps {
            match step {
                KeyStep::Create { algorithm, state } => {
                    rows.push(self.create(*algorithm, *state, data_key, now).await?);
                }
                KeyStep::Move { kid, state } => {
                    for row in rows.iter_mut().filter(|row| row.kid == *kid) {
                        let record = KeyRecord { state: *state, since: now, ..record_of(row)? };
                        row.record = serde_json::to_string(&record).map_err(internal)?;
                    }
                }
                KeyStep::Delete { kid } => rows.retain(|row| row.kid != *kid),
            }
        }
        Ok(rows)
    }

    async fn create(
        &self,
        algorithm: Algorithm,
        state: KeyState,
        data_key: &SealingKey,
        now: UnixTime,
    ) -> Result<SigningKeyRow, OAuthError> {
        // An RSA key takes up to a second, which other requests on this thread would wait for.
        let made = tokio::task::spawn_blocking(move || generated(algorithm)).await.map_err(internal)?;
        let key = made.map_err(internal)?.with_thumbprint_as_kid();
        let kid = key.kid().unwrap_or_default().to_owned();
        let record = KeyRecord { kid: kid.clone(), algorithm, state, since: now };
        let sealed = data_key.seal(&kid, key.to_jwk().expose().as_bytes(), self.entropy.bytes());
        tracing::info!(key = %kid, "Made a signing key for {}", algorithm.name());
        Ok(SigningKeyRow {
            kid,
            record: serde_json::to_string(&record).map_err(internal)?,
            sealed: sealed.map_err(internal)?,
        })
    }
}

/// What the data key is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A new key will do, if the stored one was encrypted with a `JWT_SECRET` that is lost, and no signing key needs it.
    Seal,
    Open,
}

/// The key that secrets in the database are encrypted with. It is made at the first call.
pub(super) async fn data_key(
    store: &Store,
    secrets: &TokenKeys,
    entropy: &Entropy,
    use_of_key: Use,
) -> Result<SealingKey, OAuthError> {
    let sealing = |secret| SealingKey::of_secret(secret).ok_or_else(|| internal("JWT_SECRET has no bytes"));
    let current = sealing(secrets.current())?;
    for _ in 0..ATTEMPTS {
        let found = store.data_key().await.map_err(unavailable)?;
        let bytes = match &found {
            None => entropy.bytes::<32>(),
            Some(sealed) => {
                if let Ok(bytes) = current.open(DATA_KEY, sealed) {
                    return Ok(SealingKey::new(key_bytes(&bytes)?));
                }
                let opened = match secrets.previous() {
                    Some(previous) => sealing(previous)?.open(DATA_KEY, sealed).ok(),
                    None => None,
                };
                match opened {
                    Some(bytes) => key_bytes(&bytes)?,
                    // There are none after `recipes keys replace`, and until an authorization server was set up.
                    None if use_of_key == Use::Seal
                        && store.signing_keys().await.map_err(unavailable)?.is_empty() =>
                    {
                        tracing::warn!(
                            "What was encrypted with another JWT_SECRET is given up: the secrets of webhooks"
                        );
                        entropy.bytes::<32>()
                    }
                    None => return Err(internal(LOST)),
                }
            }
        };
        let sealed = current.seal(DATA_KEY, &bytes, entropy.bytes()).map_err(internal)?;
        store.replace_data_key(found, sealed).await.map_err(unavailable)?;
    }
    Err(internal("other processes kept changing the data key"))
}

/// RS256 signs each ID token. A key that lives for months needs no more than 2048 bits, with which it signs five times as fast.
fn generated(algorithm: Algorithm) -> Result<Key, KeyError> {
    if algorithm == Algorithm::Rs256 { Key::generate_rsa_2048(algorithm) } else { Key::generate(algorithm) }
}

/// The published keys.
///
/// # Errors
/// When the store is unavailable.
pub async fn signing_key_records(store: &Store) -> Result<Vec<KeyRecord>, OAuthError> {
    store.signing_keys().await.map_err(unavailable)?.iter().map(record_of).collect()
}

/// Deletes all keys, so that each server loads or makes new ones within a minute. `false`: another process changed
/// them first.
///
/// # Errors
/// When the store is unavailable.
pub async fn replace_signing_keys(store: &Store, now: Timestamp) -> Result<bool, OAuthError> {
    let found = store.signing_keys().await.map_err(unavailable)?;
    let is_done = store.replace_signing_keys(found, Vec::new()).await.map_err(unavailable)?;
    if is_done {
        let context = Context::operator(now);
        store.audit(Event::SigningKeyChanged, None, context).await.map_err(unavailable)?;
    }
    Ok(is_done)
}

const LOST: &str = "the signing keys in the database were encrypted with another JWT_SECRET: set JWT_SECRET_PREVIOUS to it, \
                    or give them up with recipes keys replace";

fn key_bytes(bytes: &[u8]) -> Result<[u8; 32], OAuthError> {
    bytes.try_into().map_err(internal)
}

fn record_of(row: &SigningKeyRow) -> Result<KeyRecord, OAuthError> {
    serde_json::from_str(&row.record).map_err(internal)
}

fn opened(
    data_key: &SealingKey,
    row: &SigningKeyRow,
    record: &KeyRecord,
) -> Result<(KeyState, Key), OAuthError> {
    let jwk = data_key.open(&row.kid, &row.sealed).map_err(internal)?;
    let jwk = std::str::from_utf8(&jwk).map_err(internal)?;
    Ok((record.state, Key::from_jwk(jwk).map_err(internal)?.with_kid(&row.kid)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use store::DatabaseUrl;

    use super::*;

    fn secret(byte: u8) -> Key {
        Key::hs256(&[byte; 32]).unwrap()
    }

    async fn kids(store: &Store, secrets: TokenKeys, now: Timestamp) -> Result<Vec<String>, OAuthError> {
        let loader = KeyLoader {
            store: store.clone(),
            secrets,
            entropy: Entropy::system(),
            protocol: Provider::new("https://id.example").unwrap(),
        };
        let jwks: serde_json::Value = serde_json::from_str(&loader.load(now).await?.keys.jwks()?).unwrap();
        let kids = jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned());
        Ok(kids.collect())
    }

    #[tokio::test]
    async fn keys_survive_a_new_secret_and_are_lost_without_the_previous_one() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("recipes.db").display());
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        let store = Store::open(&DatabaseUrl::parse(&url).unwrap(), now).await.unwrap();
        let first = kids(&store, secret(1).into(), now).await.unwrap();
        assert_eq!(first.len(), 4, "two algorithms, each with its next key");
        assert_eq!(kids(&store, secret(1).into(), now).await.unwrap(), first);
        assert!(kids(&store, secret(2).into(), now).await.is_err());
        let rotated = TokenKeys::new(secret(2), Some(secret(1)));
        assert_eq!(kids(&store, rotated, now).await.unwrap(), first);
        assert_eq!(kids(&store, secret(2).into(), now).await.unwrap(), first, "it was sealed again");

        let later = kids(&store, secret(2).into(), now + Duration::from_hours(31 * 24)).await.unwrap();
        assert!(first.iter().all(|kid| later.contains(kid)), "the previous keys are still published");
        assert_eq!(later.len(), 6);
    }
}
