//! Encrypts secrets that the service must read again, such as those of webhooks.

use store::Store;
use strict_oidc::OAuthError;
use zeroize::Zeroizing;

use super::failure::internal;
use super::keys::{Use, data_key};
use crate::auth::token_keys::TokenKeys;
use crate::entropy::Entropy;

/// Encrypts with the data key, which `JWT_SECRET` protects. Clones share the database.
#[derive(Clone)]
pub struct SecretSealer {
    store: Store,
    secrets: TokenKeys,
    entropy: Entropy,
}

impl SecretSealer {
    pub fn new(store: Store, secrets: TokenKeys, entropy: Entropy) -> Self {
        Self { store, secrets, entropy }
    }

    /// Encrypts. `name` must be given again to decrypt.
    ///
    /// # Errors
    /// When the store is unavailable, or the data key cannot be decrypted.
    pub async fn seal(&self, name: &str, secret: &[u8]) -> Result<Vec<u8>, OAuthError> {
        let key = data_key(&self.store, &self.secrets, &self.entropy, Use::Seal).await?;
        key.seal(name, secret, self.entropy.bytes()).map_err(internal)
    }

    /// Decrypts.
    ///
    /// # Errors
    /// As [`seal`](Self::seal), and when the secret was encrypted with another key.
    pub async fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OAuthError> {
        let key = data_key(&self.store, &self.secrets, &self.entropy, Use::Open).await?;
        key.open(name, sealed).map_err(internal)
    }
}
