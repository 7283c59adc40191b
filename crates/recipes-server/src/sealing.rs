//! Encryption of what the database keeps and its readers shall not see: the signing keys, and answers with secrets.
//!
//! A random data key encrypts the signing keys. It is stored too, encrypted with a key that HKDF derives from `JWT_SECRET`. So a new
//! `JWT_SECRET` changes one row, and the keys that are derived from the data key stay. This protects backups and dumps. A reader of the
//! whole disk finds the secret as well, if it is kept in the data folder.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use strict_jose::Key;
use zeroize::Zeroizing;

/// A key of AES-256-GCM.
pub(crate) struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key for the data key, derived from the secret of the access tokens.
    pub(crate) fn of_secret(secret: &Key) -> Option<Self> {
        #[derive(Deserialize)]
        struct Symmetric {
            k: String,
        }
        let jwk: Symmetric = serde_json::from_str(secret.to_jwk().expose()).ok()?;
        let text = Zeroizing::new(jwk.k);
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.as_bytes()).ok()?);
        Self::derived(&bytes, b"recipes data key").ok()
    }

    /// Another key for another purpose.
    pub(crate) fn derive(&self, purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>, Unspecified> {
        Self::derived(&*self.0, purpose).map(|key| key.0)
    }

    fn derived(secret: &[u8], purpose: &[u8]) -> Result<Self, Unspecified> {
        let mut bytes = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, &[]).extract(secret).expand(&[purpose], HKDF_SHA256)?.fill(&mut *bytes)?;
        Ok(Self(bytes))
    }

    /// Encrypts. `name` must be given again to decrypt, so that two sealed texts cannot be exchanged for each other.
    pub(crate) fn seal(
        &self,
        name: &str,
        text: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, Unspecified> {
        let mut sealed = Zeroizing::new(text.to_vec());
        let tag = self.key()?.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(name.as_bytes()),
            &mut sealed,
        )?;
        Ok([&nonce[..], &sealed, tag.as_ref()].concat())
    }

    /// Decrypts. An error: another key sealed it, or it was changed.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unspecified)?;
        let mut text = Zeroizing::new(rest.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let len = self.key()?.open_in_place(nonce, Aad::from(name.as_bytes()), &mut text)?.len();
        text.truncate(len);
        Ok(text)
    }

    fn key(&self) -> Result<LessSafeKey, Unspecified> {
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*self.0)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_text_opens_with_its_key_and_its_name_only() {
        let key = SealingKey::of_secret(&Key::hs256(&[1; 32]).unwrap()).unwrap();
        let other = SealingKey::of_secret(&Key::hs256(&[2; 32]).unwrap()).unwrap();
        let mut sealed = key.seal("a", b"text", [7; 12]).unwrap();
        assert_eq!(key.open("a", &sealed).unwrap().as_slice(), b"text");
        assert!(key.open("b", &sealed).is_err() && other.open("a", &sealed).is_err());
        *sealed.last_mut().unwrap() ^= 1;
        assert!(key.open("a", &sealed).is_err() && key.open("a", &sealed[..11]).is_err());
    }
}
