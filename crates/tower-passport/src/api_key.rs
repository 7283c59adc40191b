//! API keys: long-lived tokens that the program itself issues.

mod format;

use std::fmt;

use http::request::Parts;

pub use self::format::{ApiKeyFormat, InvalidPrefix, NotAnApiKey};
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
/// | a token that is no key of this format | 401 `invalid_token`, without a look-up |
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
/// With [`pass_other_tokens`](Self::pass_other_tokens), `api_key.or(jwt)` accepts both in one header.
pub struct ApiKey<V> {
    format: ApiKeyFormat,
    verify: V,
    tokens: Box<dyn TokenSource>,
    other_tokens: OtherTokens,
    challenges: TokenChallenges,
}

/// The outcome for a token with another prefix.
#[derive(Clone, Copy, Debug)]
enum OtherTokens {
    Reject,
    Pass,
}

impl<V: Verify<TokenDigest>> ApiKey<V> {
    /// The strategy for keys of this format, with this verification.
    pub fn new(format: ApiKeyFormat, verify: V) -> Self {
        let challenges = TokenChallenges::bearer();
        Self { format, verify, tokens: Box::new(BearerHeader), other_tokens: OtherTokens::Reject, challenges }
    }
}

impl<V> ApiKey<V> {
    /// Leaves tokens without the prefix to the next strategy of the chain: `api_key.or(jwt)`.
    ///
    /// The last strategy that reads this place should not pass other tokens. Otherwise a key with a mistyped prefix is treated as
    /// an anonymous request where those are allowed.
    #[must_use]
    pub fn pass_other_tokens(self) -> Self {
        Self { other_tokens: OtherTokens::Pass, ..self }
    }

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
        let key = match self.tokens.token(request) {
            Ok(Some(key)) => key,
            Ok(None) => return Ok(self.challenges.pass()),
            Err(error) => return self.challenges.unreadable(error),
        };
        let digest = match self.format.digest(&key) {
            Ok(digest) => digest,
            Err(NotAnApiKey::OtherPrefix) if matches!(self.other_tokens, OtherTokens::Pass) => {
                return Ok(self.challenges.pass());
            }
            Err(error) => return Ok(Outcome::Reject(self.challenges.invalid_token(error.cause()))),
        };
        let verification = self.verify.verify(digest, request).await?;
        Ok(self.challenges.verified(verification, "unknown_key"))
    }
}

/// Leaves out the verification.
impl<V> fmt::Debug for ApiKey<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApiKey")
            .field("format", &self.format)
            .field("other_tokens", &self.other_tokens)
            .field("challenge", self.challenges.ask())
            .finish_non_exhaustive()
    }
}
