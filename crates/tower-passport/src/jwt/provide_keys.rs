use strict_jose::{Keys, KidExcerpt};

use crate::Error;

/// A source of keys for [`Jwt`](crate::Jwt) that may have to fetch them.
///
/// Every [`Keys`] type is one: a `Key`, a `KeySet`, an `Arc` of either. `RemoteKeys` (feature `remote-keys`) fetches the keys
/// that an issuer publishes. A source of your own, for example a table that an administrator edits:
///
/// ```
/// use std::sync::{Arc, RwLock};
///
/// use strict_jose::Key;
/// use tower_passport::{Error, ProvideKeys};
///
/// struct Latest(RwLock<Arc<Key>>);
///
/// impl ProvideKeys for Latest {
///     type Keys<'a> = Arc<Key>;
///
///     async fn keys(&self) -> Result<Arc<Key>, Error> {
///         self.0.read().map(|key| Arc::clone(&key)).map_err(|_| Error::new("the lock is poisoned"))
///     }
/// }
/// ```
pub trait ProvideKeys: Send + Sync + 'static {
    /// The keys, borrowed or shared.
    type Keys<'a>: Keys;

    /// The current keys. This is called for every token, so slow work must be done beforehand.
    ///
    /// # Errors
    /// [`Error`] if the keys are not available. The response is 503, not 401.
    fn keys(&self) -> impl Future<Output = Result<Self::Keys<'_>, Error>> + Send;

    /// Newer keys that may contain `kid`, which [`keys`](Self::keys) did not; `None` if there are none.
    ///
    /// A client can send any `kid`, so an implementation must not do more work for many unknown ids than for one.
    ///
    /// # Errors
    /// [`Error`] if it is not known whether the key exists.
    fn keys_beyond(
        &self,
        kid: &KidExcerpt,
    ) -> impl Future<Output = Result<Option<Self::Keys<'_>>, Error>> + Send {
        let _ = kid;
        async { Ok(None) }
    }
}

impl<K: Keys + 'static> ProvideKeys for K {
    type Keys<'a> = &'a K;

    async fn keys(&self) -> Result<&K, Error> {
        Ok(self)
    }
}
