//! Which key a token is checked with.

use std::sync::Arc;

use crate::{Error, Header, Key};

/// Where the key for a token comes from: one [`Key`], or several of which one is chosen.
///
/// An implementation only *chooses*. That the token agrees with the chosen key (`alg`, `kid`) and is signed with it is
/// checked afterwards, in one place, so an implementation cannot weaken anything.
///
/// ```
/// use strict_jose::{Error, Header, Key, Keys, KidExcerpt};
///
/// /// The key of now, and the one of before, while its last tokens live.
/// struct Rotating { current: Key, previous: Key }
///
/// impl Keys for Rotating {
///     fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
///         [&self.current, &self.previous]
///             .into_iter()
///             .find(|key| key.kid() == header.kid())
///             .ok_or_else(|| Error::UnknownKey { kid: KidExcerpt::of(header.kid().unwrap_or_default()) })
///     }
/// }
/// ```
pub trait Keys: Send + Sync {
    /// The key that the token says it is signed with.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] when no key can be meant.
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
