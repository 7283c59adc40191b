//! API keys: long-lived tokens that your own program makes, and knows junk from.

mod format;

use std::fmt;

use http::request::Parts;

pub use self::format::{ApiKeyFormat, InvalidPrefix, NotAnApiKey};
use crate::token_challenges::TokenChallenges;
use crate::{BearerHeader, Error, InvalidChallenge, Outcome, Strategy, TokenDigest, TokenSource};

/// An API key, as the [`ApiKeyFormat`] of your program makes them: `recipes_0Zf3..`.
///
/// What is no such key is refused before any look-up, by its prefix and its checksum. The verification looks up the
/// digest of the others, and is a function of the [`TokenDigest`] or a [`VerifyApiKey`] type.
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
/// | two `Authorization` fields, or `Bearer` and not exactly one token | 400 `invalid_request` |
/// | a token that is no key of this format | 401 `invalid_token`, and no look-up |
/// | a key, and the verification said `Ok(None)` | 401 `invalid_token` |
/// | a key, and the verification said `Err` | 503 |
///
/// # Elsewhere than in `Authorization: Bearer`
///
/// ```
/// use http::HeaderName;
/// use tower_passport::{ApiKey, BearerHeader, NamedHeader, VerifyApiKey};
///
/// fn in_either_header<V: VerifyApiKey>(guard: ApiKey<V>) -> ApiKey<V, (BearerHeader, NamedHeader)> {
///     guard.tokens_from((BearerHeader, NamedHeader::new(HeaderName::from_static("x-api-key"))))
/// }
/// ```
///
/// # Beside other bearer tokens
///
/// With [`pass_other_tokens`](Self::pass_other_tokens), `api_key.or(jwt)` serves both in one header.
pub struct ApiKey<V, T = BearerHeader> {
    format: ApiKeyFormat,
    verify: V,
    tokens: T,
    others: Others,
    challenges: TokenChallenges,
}

/// What happens to a token with another prefix.
#[derive(Clone, Copy, Debug)]
enum Others {
    Refused,
    Passed,
}

impl<V: VerifyApiKey> ApiKey<V> {
    /// The strategy for keys of this format, with this verification.
    pub const fn new(format: ApiKeyFormat, verify: V) -> Self {
        let challenges = TokenChallenges::bearer();
        Self { format, verify, tokens: BearerHeader, others: Others::Refused, challenges }
    }
}

impl<V, T> ApiKey<V, T> {
    /// Leaves tokens that do not begin with the prefix to the next strategy of the chain: `api_key.or(jwt)`. The last
    /// one that reads this place should take all of its tokens, or a mistyped prefix comes in as a guest where guests
    /// may.
    #[must_use]
    pub fn pass_other_tokens(self) -> Self {
        Self { others: Others::Passed, ..self }
    }

    /// Names the realm in the challenges: `Bearer realm="recipes"`.
    ///
    /// # Errors
    /// [`InvalidChallenge`] if the name is not printable ASCII.
    pub fn realm(self, realm: &str) -> Result<Self, InvalidChallenge> {
        Ok(Self { challenges: self.challenges.with_realm(realm)?, ..self })
    }

    /// Takes the key from elsewhere than the `Authorization` header: see [`TokenSource`]. If that is no
    /// `Authorization` at all, the scheme of the challenges is `ApiKey`, because `Bearer` would not help.
    pub fn tokens_from<Other: TokenSource>(self, tokens: Other) -> ApiKey<V, Other> {
        let Self { format, verify, tokens: _, others, challenges } = self;
        let challenges = challenges.for_source(&tokens, "ApiKey");
        ApiKey { format, verify, tokens, others, challenges }
    }
}

impl<V: VerifyApiKey, T: TokenSource> Strategy for ApiKey<V, T> {
    type User = V::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<V::User>, Error> {
        let key = match self.tokens.token(request) {
            Ok(Some(key)) => key,
            Ok(None) => return Ok(self.challenges.pass()),
            Err(error) => return self.challenges.no_token(error),
        };
        let digest = match self.format.digest(&key) {
            Ok(digest) => digest,
            Err(NotAnApiKey::OtherPrefix) if matches!(self.others, Others::Passed) => {
                return Ok(self.challenges.pass());
            }
            Err(why) => return Ok(self.challenges.invalid_token(why.cause())),
        };
        match self.verify.verify(digest).await {
            Ok(Some(user)) => Ok(Outcome::Accept(user)),
            Ok(None) => Ok(self.challenges.invalid_token("unknown_key")),
            Err(error) => Err(Error::new(error)),
        }
    }
}

/// Decides whose key it is, by the key's digest. A function of the [`TokenDigest`] is one.
pub trait VerifyApiKey: Send + Sync + 'static {
    /// Who it turns out to be.
    type User: Send + 'static;
    /// Why it cannot be found out now; any error, also [`tower_passport::Error`](crate::Error) with a `Retry-After`.
    type Error: Into<Box<dyn std::error::Error + Send + Sync>>;

    /// Finds the user. Write it as `async fn`.
    ///
    /// # Errors
    /// If it could not decide: the answer is 503. A key that is unknown, expired or revoked is no error but
    /// `Ok(None)`, and the answer 401.
    fn verify(
        &self,
        key: TokenDigest,
    ) -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;
}

impl<F, Answer, U, E> VerifyApiKey for F
where
    F: Fn(TokenDigest) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Option<U>, E>> + Send,
    U: Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type User = U;
    type Error = E;

    fn verify(&self, key: TokenDigest) -> impl Future<Output = Result<Option<U>, E>> + Send {
        self(key)
    }
}

/// The verification stays out of it.
impl<V, T> fmt::Debug for ApiKey<V, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApiKey")
            .field("format", &self.format)
            .field("others", &self.others)
            .field("challenge", self.challenges.ask())
            .finish_non_exhaustive()
    }
}
