//! Chooses the key that verifies a token.

use std::sync::Arc;

use crate::error::Error;
use crate::header::Header;
use crate::key::Key;

/// A source of keys: one [`Key`], or several from which one is chosen.
///
/// An implementation only *chooses* a key. The crate then checks that the token agrees with that key (`alg`, `kid`) and is
/// signed with it, so an implementation cannot weaken the checks.
///
/// ```
/// use strict_jose::{Error, Header, Key, Keys, Excerpt};
///
/// /// The current key, and the previous one until its last tokens expire.
/// struct Rotating { current: Key, previous: Key }
///
/// impl Keys for Rotating {
///     fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
///         [&self.current, &self.previous]
///             .into_iter()
///             .find(|key| key.kid() == header.kid())
///             .ok_or_else(|| Error::UnknownKey { kid: Excerpt::of(header.kid().unwrap_or_default()) })
///     }
/// }
/// ```
pub trait Keys: Send + Sync {
    /// Finds the key that the header names.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] if there is no such key.
    fn find(&self, header: &Header<'_>) -> Result<&Key, Error>;
}

impl Keys for Key {
    fn find(&self, _: &Header<'_>) -> Result<&Key, Error> {
        Ok(self)
    }
}

impl<K: Keys + ?Sized> Keys for &K {
    fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
        (**self).find(header)
    }
}

impl<K: Keys + ?Sized> Keys for Arc<K> {
    fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
        (**self).find(header)
    }
}
