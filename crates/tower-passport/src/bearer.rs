//! Opaque tokens: `Authorization: Bearer <whatever your store knows>`.

use std::fmt;

use http::request::Parts;
use secrecy::{ExposeSecret, SecretString};

use crate::token_challenges::TokenChallenges;
use crate::{BearerHeader, Error, InvalidChallenge, Outcome, Strategy, TokenDigest, TokenSource};

/// A bearer token that means nothing by itself: the application knows whose it is.
///
/// The verification is a function of the [`BearerToken`] or a [`VerifyToken`] type. Keep the tokens' digests, not the
/// tokens, and look up by [`BearerToken::digest`].
///
/// ```
/// use tower_passport::{Bearer, BearerToken, TokenDigest};
///
/// # #[derive(Clone)] struct Users;
/// # impl Users { async fn by_token(&self, _: TokenDigest) -> Result<Option<String>, std::io::Error> { Ok(None) } }
/// # fn example(users: Users) {
/// let guard = Bearer::new(move |token: BearerToken| {
///     let users = users.clone();
///     async move { users.by_token(token.digest()).await }
/// });
/// # }
/// ```
///
/// | the request has | outcome |
/// | --- | --- |
/// | no `Authorization`, or another scheme | pass, `WWW-Authenticate: Bearer` |
/// | two `Authorization` fields, or `Bearer` and not exactly one token | 400 `invalid_request` |
/// | a token, and the verification said `Ok(None)` | 401 `invalid_token` |
/// | a token, and the verification said `Err` | 503 |
///
/// For tokens that your own program makes, [`ApiKey`](crate::ApiKey) refuses junk before any look-up.
///
/// Source: RFC 6750.
pub struct Bearer<V, T = BearerHeader> {
    verify: V,
    tokens: T,
    challenges: TokenChallenges,
}

impl<V: VerifyToken> Bearer<V> {
    /// The strategy with this verification.
    pub const fn new(verify: V) -> Self {
        Self { verify, tokens: BearerHeader, challenges: TokenChallenges::bearer() }
    }
}

impl<V, T> Bearer<V, T> {
    /// Names the realm in the challenges: `Bearer realm="recipes"`.
    ///
    /// # Errors
    /// [`InvalidChallenge`] if the name is not printable ASCII.
    pub fn realm(self, realm: &str) -> Result<Self, InvalidChallenge> {
        Ok(Self { challenges: self.challenges.with_realm(realm)?, ..self })
    }

    /// Takes the token from elsewhere than the `Authorization` header: see [`TokenSource`].
    pub fn tokens_from<Other: TokenSource>(self, tokens: Other) -> Bearer<V, Other> {
        let challenges = self.challenges.for_source(&tokens, "Bearer");
        Bearer { verify: self.verify, tokens, challenges }
    }
}

impl<V: VerifyToken, T: TokenSource> Strategy for Bearer<V, T> {
    type User = V::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<V::User>, Error> {
        let token = match self.tokens.token(request) {
            Ok(Some(token)) => BearerToken(token.into_owned().into()),
            Ok(None) => return Ok(self.challenges.pass()),
            Err(error) => return self.challenges.no_token(error),
        };
        match self.verify.verify(token).await {
            Ok(Some(user)) => Ok(Outcome::Accept(user)),
            Ok(None) => Ok(self.challenges.invalid_token("unknown_token")),
            Err(error) => Err(Error::new(error)),
        }
    }
}

/// A token as it came: not empty, and nothing in it but letters, digits and `-._~+/=`. It does not print, and is wiped
/// from memory when dropped.
pub struct BearerToken(SecretString);

impl BearerToken {
    /// What a store should know of it.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.0.expose_secret())
    }

    /// The token itself, for example to ask its issuer about it (RFC 7662).
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BearerToken(..)")
    }
}

/// Decides whose token it is. A function of the [`BearerToken`] is one.
pub trait VerifyToken: Send + Sync + 'static {
    /// Who it turns out to be.
    type User: Send + 'static;
    /// Why it cannot be found out now; any error, also [`tower_passport::Error`](crate::Error) with a `Retry-After`.
    type Error: Into<Box<dyn std::error::Error + Send + Sync>>;

    /// Finds the user. Write it as `async fn`.
    ///
    /// # Errors
    /// If it could not decide: the answer is 503. A token that is unknown, expired or revoked is no error but
    /// `Ok(None)`, and the answer 401.
    fn verify(
        &self,
        token: BearerToken,
    ) -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;
}

impl<F, Answer, U, E> VerifyToken for F
where
    F: Fn(BearerToken) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Option<U>, E>> + Send,
    U: Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type User = U;
    type Error = E;

    fn verify(&self, token: BearerToken) -> impl Future<Output = Result<Option<U>, E>> + Send {
        self(token)
    }
}

/// The verification stays out of it.
impl<V, T> fmt::Debug for Bearer<V, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bearer").field("challenge", self.challenges.ask()).finish_non_exhaustive()
    }
}
