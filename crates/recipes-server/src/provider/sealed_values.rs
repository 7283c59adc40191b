//! Examines what the database has in encrypted form, and changes nothing.

use ids::WebhookId;
use store::{Store, StoreError};
use strict_jose::Key;

use super::keys::DATA_KEY;
use crate::sealing::SealingKey;
use crate::webhook_sender::secret_name;

/// The encrypted values of a database: signing keys and secrets of webhooks.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SealedValues {
    /// How many can be decrypted.
    pub opened: usize,
    /// The names of the signing keys that cannot.
    pub lost_keys: Vec<String>,
    /// The webhooks whose secrets cannot. The former secret of a webhook is needed no more when it cannot be decrypted.
    pub lost_webhooks: Vec<WebhookId>,
    /// Whether the key that encrypts the others can be decrypted itself. `None`: there is none.
    pub data_key: Option<bool>,
}

/// Decrypts each value with one of these secrets.
///
/// # Errors
/// When the store is unavailable.
pub async fn examine_sealed(store: &Store, secrets: &[Key]) -> Result<SealedValues, StoreError> {
    let (signing_keys, webhooks) = (store.signing_keys().await?, store.webhooks().await?);
    let sealed = store.data_key().await?;
    let data_key = sealed.as_ref().and_then(|sealed| secrets.iter().find_map(|it| open(it, sealed)));
    let opens = |name: &str, value: &[u8]| data_key.as_ref().is_some_and(|key| key.open(name, value).is_ok());
    let mut found =
        SealedValues { data_key: sealed.is_some().then_some(data_key.is_some()), ..Default::default() };
    for row in signing_keys {
        if opens(&row.kid, &row.sealed) {
            found.opened += 1;
        } else {
            found.lost_keys.push(row.kid);
        }
    }
    for webhook in webhooks {
        if opens(&secret_name(webhook.id), &webhook.secret) {
            found.opened += 1;
        } else {
            found.lost_webhooks.push(webhook.id);
        }
    }
    Ok(found)
}

/// The data key, if this secret decrypts it.
fn open(secret: &Key, sealed: &[u8]) -> Option<SealingKey> {
    let bytes = SealingKey::of_secret(secret)?.open(DATA_KEY, sealed).ok()?;
    bytes.as_slice().try_into().ok().map(SealingKey::new)
}

#[cfg(test)]
mod tests {
    use store::{DatabaseUrl, SigningKeyRow};

    use super::super::keys::{Use, data_key};
    use super::*;
    use crate::auth::token_keys::TokenKeys;
    use crate::entropy::Entropy;

    fn secret(byte: u8) -> Key {
        Key::hs256(&[byte; 32]).unwrap()
    }

    #[tokio::test]
    async fn values_that_cannot_be_decrypted_are_named_and_nothing_changes() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("recipes.db").display());
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        let store = Store::open(&DatabaseUrl::parse(&url).unwrap(), now).await.unwrap();
        let examine = async |secrets: &[Key]| examine_sealed(&store, secrets).await.unwrap();
        assert_eq!(examine(&[secret(1)]).await, SealedValues::default());

        let keys = TokenKeys::from(secret(1));
        let key = data_key(&store, &keys, &Entropy::system(), Use::Seal).await.unwrap();
        let row = |kid: &str, sealed_as: &str| {
            let sealed = key.seal(sealed_as, b"jwk", [7; 12]).unwrap();
            SigningKeyRow { kid: kid.to_owned(), record: "{}".to_owned(), sealed }
        };
        let rows = vec![row("damaged", "another"), row("good", "good")];
        assert!(store.replace_signing_keys(Vec::new(), rows).await.unwrap());
        let before = store.data_key().await.unwrap();
        let damaged = SealedValues {
            opened: 1,
            lost_keys: vec!["damaged".to_owned()],
            data_key: Some(true),
            ..SealedValues::default()
        };
        assert_eq!(examine(&[secret(1)]).await, damaged);
        assert_eq!(examine(&[secret(2), secret(1)]).await, damaged);
        let lost = SealedValues {
            lost_keys: vec!["damaged".to_owned(), "good".to_owned()],
            data_key: Some(false),
            ..SealedValues::default()
        };
        for secrets in [&[secret(2)][..], &[]] {
            assert_eq!(examine(secrets).await, lost);
        }
        assert_eq!(store.data_key().await.unwrap(), before, "the previous secret decrypts it still");
    }
}
