use std::fmt;

use strict_jose::{Header, Keys};

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
/// use tower_passport::{Error, ProvideKeys, UnverifiedHeader};
///
/// struct Latest(RwLock<Arc<Key>>);
///
/// impl ProvideKeys for Latest {
///     type Keys<'a> = Arc<Key>;
///
///     async fn keys(&self, _: &UnverifiedHeader<'_>) -> Result<Arc<Key>, Error> {
///         self.0.read().map(|key| Arc::clone(&key)).map_err(|_| Error::new("the lock is poisoned"))
///     }
/// }
/// ```
pub trait ProvideKeys: Send + Sync + 'static {
    /// The keys, borrowed or shared.
    type Keys<'a>: Keys;

    /// The current keys for a token with this header. This is called for every token, so slow work must be done beforehand.
    ///
    /// The rules then check that the token agrees with these keys. A source that has one set of keys ignores the header.
    ///
    /// # Errors
    /// [`Error`] if the keys are not available. The response is 503, not 401.
    fn keys(
        &self,
        header: &UnverifiedHeader<'_>,
    ) -> impl Future<Output = Result<Self::Keys<'_>, Error>> + Send;

    /// Newer keys that may contain the `kid` of this header, which [`keys`](Self::keys) did not; `None` if there are none.
    ///
    /// A client can send any `kid`, so an implementation must not do more work for many unknown ids than for one.
    ///
    /// # Errors
    /// [`Error`] if it is not known whether the key exists.
    fn keys_beyond(
        &self,
        header: &UnverifiedHeader<'_>,
    ) -> impl Future<Output = Result<Option<Self::Keys<'_>>, Error>> + Send {
        let _ = header;
        async { Ok(None) }
    }
}

impl<K: Keys + 'static> ProvideKeys for K {
    type Keys<'a> = &'a K;

    async fn keys(&self, _: &UnverifiedHeader<'_>) -> Result<&K, Error> {
        Ok(self)
    }
}

/// The header of a token whose signature is not verified yet, for [`ProvideKeys`].
///
/// The client wrote it, so use it only to find keys. It is decoded when it is read, not before. Every value is `None` if the
/// token is malformed; such a token is rejected with 401, whatever the keys are.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Arc;
///
/// use strict_jose::KeySet;
/// use tower_passport::{Error, ProvideKeys, UnverifiedHeader};
///
/// /// The keys of each tenant; a `kid` is `tenant/number`.
/// struct Tenants(HashMap<String, Arc<KeySet>>);
///
/// impl ProvideKeys for Tenants {
///     type Keys<'a> = Arc<KeySet>;
///
///     async fn keys(&self, header: &UnverifiedHeader<'_>) -> Result<Arc<KeySet>, Error> {
///         let kid = header.kid().unwrap_or_default();
///         let tenant = kid.split('/').next().and_then(|tenant| self.0.get(tenant));
///         // An empty set rejects the token.
///         Ok(tenant.cloned().unwrap_or_default())
///     }
/// }
/// ```
#[derive(Clone, Copy)]
pub struct UnverifiedHeader<'a> {
    token: &'a str,
}

impl<'a> UnverifiedHeader<'a> {
    pub(crate) fn of(token: &'a str) -> Self {
        Self { token }
    }

    /// The parameter `kid`, the name of the key (RFC 7515, section 4.1.4). Compare it only; it can contain any character.
    pub fn kid(&self) -> Option<String> {
        self.read(|header| header.kid().map(str::to_owned))
    }

    /// The parameter `alg`, the algorithm (RFC 7515, section 4.1.1).
    pub fn alg(&self) -> Option<String> {
        self.read(|header| Some(header.alg().to_owned()))
    }

    /// The parameter `typ`, the type of the token (RFC 7515, section 4.1.9).
    pub fn typ(&self) -> Option<String> {
        self.read(|header| header.typ().map(str::to_owned))
    }

    fn read(&self, read: impl FnOnce(&Header<'_>) -> Option<String>) -> Option<String> {
        Header::peek(self.token, read).ok().flatten()
    }
}

/// Leaves out the token.
impl fmt::Debug for UnverifiedHeader<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("UnverifiedHeader");
        debug.field("kid", &self.kid()).field("alg", &self.alg()).field("typ", &self.typ()).finish()
    }
}
