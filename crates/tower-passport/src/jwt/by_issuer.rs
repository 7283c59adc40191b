use std::fmt;

use http::request::Parts;
use strict_jose::inspect;

use crate::token_challenges::TokenChallenges;
use crate::{BearerHeader, BoxStrategy, Error, Outcome, Strategy, TokenSource};

/// Authenticates tokens of several issuers on one route, each with the strategy for its issuer.
///
/// A chain cannot do this: `ours.or(theirs)` rejects their token at the first strategy, as a bad one. And one `Jwt` with the
/// keys and names of both issuers would let one issuer sign as the other.
///
/// ```
/// use strict_jose::Rules;
/// use tower_passport::{ByIssuer, HttpClient, HttpError, Jwt, Network, RemoteKeys, Verify};
///
/// # use serde_json::Value;
/// # fn example<U: Send + 'static>(
/// #     find_person: impl Verify<Value, User = U>, find_job: impl Verify<Value, User = U>,
/// # ) -> Result<(), HttpError> {
/// const PEOPLE: &str = "https://id.example";
/// const JOBS: &str = "https://token.actions.githubusercontent.com";
///
/// let http = HttpClient::new(Network::Public)?;
/// let people = RemoteKeys::of_issuer(PEOPLE, http.clone())?;
/// let people = Jwt::new(people, Rules::typ("at+jwt").issuer(PEOPLE).audience("recipes"), find_person);
/// let jobs = RemoteKeys::of_issuer(JOBS, http)?;
/// let jobs = Jwt::new(jobs, Rules::typ("JWT").issuer(JOBS).audience("recipes"), find_job);
/// let guard = ByIssuer::new().issuer(PEOPLE, people).issuer(JOBS, jobs);
/// # let _: ByIssuer<U> = guard;
/// # Ok(()) }
/// ```
///
/// | the request has | outcome |
/// | --- | --- |
/// | no token | pass, `WWW-Authenticate: Bearer` |
/// | a token that names one of these issuers | the outcome of the issuer's strategy |
/// | another token, or an unreadable one | the outcome of the strategy for [other](Self::otherwise) tokens; without one, 401 `invalid_token` |
///
/// A token of more than 8 KiB ([`DEFAULT_MAX_LEN`](strict_jose::DEFAULT_MAX_LEN)) counts as another token, whatever the rules
/// of the strategies allow.
///
/// The `iss` claim selects the strategy and proves nothing: **the rules of each strategy must name its issuer**, as above.
pub struct ByIssuer<U> {
    issuers: Vec<(Box<str>, BoxStrategy<U>)>,
    otherwise: Option<BoxStrategy<U>>,
    tokens: Box<dyn TokenSource>,
    challenges: TokenChallenges,
}

impl<U: Send + 'static> ByIssuer<U> {
    /// A strategy for no issuer yet.
    pub fn new() -> Self {
        Self {
            issuers: Vec::new(),
            otherwise: None,
            tokens: Box::new(BearerHeader),
            challenges: TokenChallenges::bearer(),
        }
    }
}

impl<U: Send + 'static> Default for ByIssuer<U> {
    fn default() -> Self {
        Self::new()
    }
}

impl<U: Send + 'static> ByIssuer<U> {
    /// Uses this strategy for tokens with this `iss`. The first strategy for an issuer wins.
    #[must_use]
    pub fn issuer(mut self, issuer: &str, strategy: impl Strategy<User = U>) -> Self {
        self.issuers.push((issuer.into(), strategy.boxed()));
        self
    }

    /// Uses this strategy for all other tokens, for example a `Bearer` for opaque ones.
    #[must_use]
    pub fn otherwise(self, strategy: impl Strategy<User = U>) -> Self {
        Self { otherwise: Some(strategy.boxed()), ..self }
    }

    /// Reads the token from this source instead of the `Authorization` header. The strategies must read it there, too.
    #[must_use]
    pub fn tokens_from(self, tokens: impl TokenSource) -> Self {
        let challenges = self.challenges.for_source(&tokens, "Bearer");
        Self { tokens: Box::new(tokens), challenges, ..self }
    }

    fn strategy_for(&self, token: &str) -> Option<&BoxStrategy<U>> {
        let seen = inspect(token).ok();
        let issuer = seen.as_ref().and_then(|seen| seen.claims.get("iss")?.as_str());
        let known = self.issuers.iter().find(|(known, _)| Some(&**known) == issuer);
        known.map(|(_, strategy)| strategy).or(self.otherwise.as_ref())
    }
}

impl<U: Send + 'static> Strategy for ByIssuer<U> {
    type User = U;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<U>, Error> {
        let token = match self.tokens.token(request) {
            Ok(Some(token)) => token,
            Ok(None) => return Ok(self.challenges.pass()),
            Err(error) => return self.challenges.unreadable(error),
        };
        match self.strategy_for(&token) {
            Some(strategy) => strategy.authenticate(request).await,
            None if !super::has_two_dots(&token) => Ok(self.challenges.unrecognized()),
            None => Ok(Outcome::Reject(self.challenges.invalid_token("unknown_issuer"))),
        }
    }

    fn recognizes(&self, request: &Parts) -> Option<&str> {
        self.challenges.recognizes(&*self.tokens, request, |token| {
            let otherwise = self.otherwise.as_ref();
            super::has_two_dots(token) || otherwise.is_some_and(|other| other.recognizes(request).is_some())
        })
    }
}

impl<U> fmt::Debug for ByIssuer<U> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers: Vec<_> = self.issuers.iter().map(|(issuer, _)| issuer).collect();
        formatter.debug_struct("ByIssuer").field("issuers", &issuers).finish_non_exhaustive()
    }
}
