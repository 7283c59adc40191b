//! Opaque tokens: `Authorization: Bearer <token>`.

use std::fmt;

use http::request::Parts;
use secrecy::{ExposeSecret, SecretString};

use crate::token_challenges::TokenChallenges;
use crate::{BearerHeader, Error, InvalidChallenge, Outcome, Strategy, TokenDigest, TokenSource, Verify};

/// Authenticates by an opaque bearer token, which only the application can look up.
///
/// The [verification](Verify) takes the [`BearerToken`]. Store the digests of tokens, not the tokens, and look them up by
/// [`BearerToken::digest`].
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
/// | two `Authorization` headers, or `Bearer` and not exactly one token | 400 `invalid_request` |
/// | a token, and the verification denies | 401 `invalid_token`, unless the [`Denial`](crate::Denial) says otherwise |
/// | a token, and the verification fails | 503 |
///
/// In a chain of strategies that read the same header it must be the last one, because every token may be an opaque one:
/// `jwt.or(api_key).or(bearer)`.
///
/// For tokens that the program itself issues, [`ApiKey`](crate::ApiKey) rejects malformed ones without a look-up.
///
/// Source: RFC 6750.
pub struct Bearer<V> {
    verify: V,
    tokens: Box<dyn TokenSource>,
    challenges: TokenChallenges,
}

impl<V: Verify<BearerToken>> Bearer<V> {
    /// The strategy with this verification.
    pub fn new(verify: V) -> Self {
        Self { verify, tokens: Box::new(BearerHeader), challenges: TokenChallenges::bearer() }
    }
}

impl<V> Bearer<V> {
    /// Names the realm in the challenges: `Bearer realm="recipes"`.
    ///
    /// # Errors
    /// [`InvalidChallenge`] if the name is not printable ASCII.
    pub fn realm(self, realm: &str) -> Result<Self, InvalidChallenge> {
        Ok(Self { challenges: self.challenges.with_realm(realm)?, ..self })
    }

    /// Reads the token from this source instead of the `Authorization` header: see [`TokenSource`].
    #[must_use]
    pub fn tokens_from(self, tokens: impl TokenSource) -> Self {
        let challenges = self.challenges.for_source(&tokens, "Bearer");
        Self { tokens: Box::new(tokens), challenges, ..self }
    }
}

impl<V: Verify<BearerToken>> Strategy for Bearer<V> {
    type User = V::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<V::User>, Error> {
        let token = match self.tokens.token(request) {
            Ok(Some(token)) => BearerToken(token.into_owned().into()),
            Ok(None) => return Ok(self.challenges.pass()),
            Err(error) => return self.challenges.unreadable(error),
        };
        let verification = self.verify.verify(token, request).await?;
        Ok(self.challenges.verified(verification, "unknown_token"))
    }

    /// An opaque token may look like any other one.
    fn recognizes(&self, request: &Parts) -> Option<&str> {
        self.challenges.recognizes(&*self.tokens, request, |_| true)
    }
}

/// A bearer token as it was sent: not empty, only letters, digits and `-._~+/=`.
///
/// `Debug` does not show it, and it is wiped from memory when dropped.
pub struct BearerToken(SecretString);

impl BearerToken {
    /// The digest of the token, for a look-up in a store.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.0.expose_secret())
    }

    /// The token itself, for example to introspect it at its issuer (RFC 7662).
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BearerToken(..)")
    }
}

/// Leaves out the verification.
impl<V> fmt::Debug for Bearer<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bearer").field("challenge", self.challenges.ask()).finish_non_exhaustive()
    }
}
