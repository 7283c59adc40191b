use std::fmt;

use http::request::Parts;
use strict_jose::inspect;

use crate::token_challenges::TokenChallenges;
use crate::{BearerHeader, BoxStrategy, Error, Outcome, Strategy, TokenSource};

/// Tokens of several issuers on one route, each verified by the strategy that knows this issuer's keys.
///
/// A chain cannot do it: `ours.or(theirs)` refuses a token of theirs at the first strategy, as a bad one. And one `Jwt` with
/// the keys of both and both names among its rules lets the one issuer sign as the other.
///
/// ```
/// use strict_jose::Rules;
/// use tower_passport::{ByIssuer, HttpClient, HttpError, Jwt, Network, RemoteKeys, VerifyClaims};
///
/// # fn example<U: Send + 'static>(
/// #     find_person: impl VerifyClaims<User = U>, find_job: impl VerifyClaims<User = U>,
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
/// | a token that says it is of one of these issuers | as that strategy concludes |
/// | another token, or none that can be read | as the strategy for all [others](Self::otherwise) concludes; without one 401 `invalid_token` |
///
/// A token of more than 8 KiB ([`DEFAULT_MAX_LEN`](strict_jose::DEFAULT_MAX_LEN)) is not looked into, whatever the rules
/// of the strategies allow: it is one of the others.
///
/// What a token says of its issuer chooses who looks at it and is not believed: **each strategy's rules must name its
/// issuer**, as above.
pub struct ByIssuer<U, T = BearerHeader> {
    issuers: Vec<(Box<str>, BoxStrategy<U>)>,
    otherwise: Option<BoxStrategy<U>>,
    tokens: T,
    challenges: TokenChallenges,
}

impl<U: Send + 'static> ByIssuer<U> {
    /// Nobody's tokens yet.
    pub const fn new() -> Self {
        Self {
            issuers: Vec::new(),
            otherwise: None,
            tokens: BearerHeader,
            challenges: TokenChallenges::bearer(),
        }
    }
}

impl<U: Send + 'static> Default for ByIssuer<U> {
    fn default() -> Self {
        Self::new()
    }
}

impl<U: Send + 'static, T> ByIssuer<U, T> {
    /// Gives tokens with this `iss` to this strategy. Of two for one issuer the first counts.
    #[must_use]
    pub fn issuer(mut self, issuer: &str, strategy: impl Strategy<User = U>) -> Self {
        self.issuers.push((issuer.into(), strategy.boxed()));
        self
    }

    /// Gives all other tokens to this strategy, also those that are no JSON Web Tokens: a `Bearer` for your own, say.
    #[must_use]
    pub fn otherwise(self, strategy: impl Strategy<User = U>) -> Self {
        Self { otherwise: Some(strategy.boxed()), ..self }
    }

    /// Looks for the token elsewhere than in the `Authorization` header: where the strategies look, too.
    pub fn tokens_from<Other: TokenSource>(self, tokens: Other) -> ByIssuer<U, Other> {
        let challenges = self.challenges.for_source(&tokens, "Bearer");
        ByIssuer { issuers: self.issuers, otherwise: self.otherwise, tokens, challenges }
    }

    fn strategy_for(&self, token: &str) -> Option<&BoxStrategy<U>> {
        let seen = inspect(token).ok();
        let issuer = seen.as_ref().and_then(|seen| seen.claims.get("iss")?.as_str());
        let known = self.issuers.iter().find(|(known, _)| Some(&**known) == issuer);
        known.map(|(_, strategy)| strategy).or(self.otherwise.as_ref())
    }
}

impl<U: Send + 'static, T: TokenSource> Strategy for ByIssuer<U, T> {
    type User = U;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<U>, Error> {
        let token = match self.tokens.token(request) {
            Ok(Some(token)) => token,
            Ok(None) => return Ok(self.challenges.pass()),
            Err(error) => return self.challenges.no_token(error),
        };
        match self.strategy_for(&token) {
            Some(strategy) => strategy.authenticate(request).await,
            None => Ok(self.challenges.invalid_token("unknown_issuer")),
        }
    }
}

impl<U, T> fmt::Debug for ByIssuer<U, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers: Vec<_> = self.issuers.iter().map(|(issuer, _)| issuer).collect();
        formatter.debug_struct("ByIssuer").field("issuers", &issuers).finish_non_exhaustive()
    }
}
