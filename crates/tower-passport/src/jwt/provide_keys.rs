use strict_jose::{Keys, KidExcerpt};

use crate::Error;

/// Where [`Jwt`](crate::Jwt) takes its keys from, if they may have to be fetched first.
///
/// Everything that is [`Keys`] provides itself: a `Key`, a `KeySet`, an `Arc` of either. Keys that somebody else
/// publishes and changes are `RemoteKeys`, with the feature `remote-keys`. Your own source, say a table that an
/// administrator edits:
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

    /// The keys of now. Called for every token, so whatever takes time should be done already.
    ///
    /// # Errors
    /// If there are none, because whoever has them does not answer: that is 503, not 401.
    fn keys(&self) -> impl Future<Output = Result<Self::Keys<'_>, Error>> + Send;

    /// Keys that may know `kid`, after those of [`keys`](Self::keys) did not; `None` if nobody has newer ones.
    ///
    /// Anybody can name any `kid`, so an implementation must not do more work for many names than for one.
    ///
    /// # Errors
    /// If it cannot be found out whether the key exists.
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
