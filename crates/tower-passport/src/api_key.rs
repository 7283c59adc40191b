//! API keys: long-lived tokens that the program itself issues.

mod format;

use std::fmt;

use http::request::Parts;

pub use self::format::{ApiKeyFormat, InvalidPrefix, NotAnApiKey};
use crate::credentials::is_token68;
use crate::token_challenges::TokenChallenges;
use crate::{BearerHeader, Error, InvalidChallenge, Outcome, Strategy, TokenDigest, TokenSource, Verify};

/// Authenticates by an API key of an [`ApiKeyFormat`]: `recipes_0Zf3..`.
///
/// The prefix and the checksum of the format reject other tokens without a look-up. The [verification](Verify) takes the
/// [`TokenDigest`] of a well-formed key and looks it up.
///
/// ```
/// use tower_passport::{ApiKey, ApiKeyFormat, TokenDigest};
///
/// # #[derive(Clone)] struct Users;
/// # impl Users { async fn by_key(&self, _: TokenDigest) -> Result<Option<String>, std::io::Error> { Ok(None) } }
/// # fn example(users: Users) -> Result<(), Box<dyn std::error::Error>> {
/// let guard = ApiKey::new(ApiKeyFormat::new("recipes")?, move |key: TokenDigest| {
///     let users = users.clone();
///     async move { users.by_key(key).await }
/// });
/// # Ok(()) }
/// ```
///
/// | the request has | outcome |
/// | --- | --- |
/// | no `Authorization`, or another scheme | pass, `WWW-Authenticate: Bearer` |
/// | two `Authorization` headers, or `Bearer` and not exactly one token | 400 `invalid_request` |
/// | a token without the prefix | the next strategy of a chain that recognizes it, otherwise 401 `invalid_token` |
/// | a token with the prefix that is no key of this format | 401 `invalid_token`, without a look-up |
/// | a key, and the verification denies | 401 `invalid_token`, unless the [`Denial`](crate::Denial) says otherwise |
/// | a key, and the verification fails | 503 |
///
/// # Elsewhere than in `Authorization: Bearer`
///
/// ```
/// use http::HeaderName;
/// use tower_passport::{ApiKey, BearerHeader, NamedHeader};
///
/// fn in_either_header<V>(guard: ApiKey<V>) -> ApiKey<V> {
///     guard.tokens_from((BearerHeader, NamedHeader::new(HeaderName::from_static("x-api-key"))))
/// }
/// ```
///
/// # Beside other bearer tokens
///
/// `jwt.or(api_key)` and `api_key.or(jwt)` accept both in one header, because the prefix tells them apart.
pub struct ApiKey<V> {
    format: ApiKeyFormat,
    verify: V,
    tokens: Box<dyn TokenSource>,
    challenges: TokenChallenges,
}

impl<V: Verify<TokenDigest>> ApiKey<V> {
    /// The strategy for keys of this format, with this verification.
    pub fn new(format: ApiKeyFormat, verify: V) -> Self {
        Self { format, verify, tokens: Box::new(BearerHeader), challenges: TokenChallenges::bearer() }
    }
}

impl<V> ApiKey<V> {
    /// Names the realm in the challenges: `Bearer realm="recipes"`.
    ///
    /// # Errors
    /// [`InvalidChallenge`] if the name is not printable ASCII.
    pub fn realm(self, realm: &str) -> Result<Self, InvalidChallenge> {
        Ok(Self { challenges: self.challenges.with_realm(realm)?, ..self })
    }

    /// Reads the key from this source instead of the `Authorization` header: see [`TokenSource`].
    ///
    /// If the source is not the `Authorization` header, the scheme of the challenges is `ApiKey`, because `Bearer` would not help
    /// the client.
    #[must_use]
    pub fn tokens_from(self, tokens: impl TokenSource) -> Self {
        let challenges = self.challenges.for_source(&tokens, "ApiKey");
        Self { tokens: Box::new(tokens), challenges, ..self }
    }
}

impl<V: Verify<TokenDigest>> Strategy for ApiKey<V> {
    type User = V::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<V::User>, Error> {
        // The format allows fewer characters than a token, so a good key needs no other check.
        let key = match self.tokens.raw_token(request) {
            Ok(Some(key)) => key,
            Ok(None) => return Ok(self.challenges.pass()),
            Err(error) => return self.challenges.unreadable(error),
        };
        let error = match self.format.digest(&key) {
            Ok(digest) => {
                let verification = self.verify.verify(digest, request).await?;
                return Ok(self.challenges.verified(verification, "unknown_key"));
            }
            Err(error) => error,
        };
        if !is_token68(&key)
            && let Err(error) = self.tokens.token(request)
        {
            return self.challenges.unreadable(error);
        }
        Ok(match error {
            NotAnApiKey::OtherPrefix => self.challenges.unrecognized(),
            error => Outcome::Reject(self.challenges.invalid_token(error.cause())),
        })
    }

    fn recognizes(&self, request: &Parts) -> Option<&str> {
        self.challenges.recognizes(&*self.tokens, request, |key| self.format.has_prefix(key))
    }
}

/// Leaves out the verification.
impl<V> fmt::Debug for ApiKey<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApiKey")
            .field("format", &self.format)
            .field("challenge", self.challenges.ask())
            .finish_non_exhaustive()
    }
}
