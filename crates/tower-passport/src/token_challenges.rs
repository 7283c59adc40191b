//! The responses to a missing, malformed or invalid token.

use std::borrow::Cow;

use http::request::Parts;

use crate::{Challenge, Error, InvalidChallenge, Outcome, Rejection, TokenError, TokenSource, Verification};

/// The three challenges of RFC 6750, section 3, built once, so that no request allocates one.
pub(crate) struct TokenChallenges {
    scheme: Cow<'static, str>,
    realm: Option<Box<str>>,
    ask: Challenge,
    invalid: Challenge,
    malformed: Challenge,
}

impl TokenChallenges {
    pub(crate) const fn bearer() -> Self {
        Self {
            scheme: Cow::Borrowed("Bearer"),
            realm: None,
            ask: Challenge::bearer(),
            invalid: Challenge::from_static(r#"Bearer error="invalid_token""#),
            malformed: Challenge::from_static(r#"Bearer error="invalid_request""#),
        }
    }

    fn of(scheme: Cow<'static, str>, realm: Option<Box<str>>) -> Result<Self, InvalidChallenge> {
        let challenge = |error: Option<&str>| {
            let realm = realm.as_deref().map(|realm| ("realm", realm));
            let parameters: Vec<_> = realm.into_iter().chain(error.map(|error| ("error", error))).collect();
            Challenge::new(&scheme, &parameters)
        };
        let [ask, invalid, malformed] =
            [challenge(None)?, challenge(Some("invalid_token"))?, challenge(Some("invalid_request"))?];
        Ok(Self { scheme, realm, ask, invalid, malformed })
    }

    pub(crate) fn with_realm(self, realm: &str) -> Result<Self, InvalidChallenge> {
        Self::of(self.scheme, Some(realm.into()))
    }

    /// The challenges for tokens from this source. They stay the same if the scheme of the source cannot be sent.
    pub(crate) fn for_source(self, source: &dyn TokenSource, otherwise: &'static str) -> Self {
        let scheme = source.scheme().map_or(Cow::Borrowed(otherwise), |scheme| Cow::Owned(scheme.to_owned()));
        if scheme == self.scheme {
            return self;
        }
        Self::of(scheme, self.realm.clone()).unwrap_or(self)
    }

    /// The scheme, if the request has a token of the strategy's kind, or one that it must reject as malformed.
    pub(crate) fn recognizes(
        &self,
        tokens: &dyn TokenSource,
        request: &Parts,
        is_of_kind: impl FnOnce(&str) -> bool,
    ) -> Option<&str> {
        let recognized = match tokens.raw_token(request) {
            Ok(token) => token.is_some_and(|token| is_of_kind(&token)),
            Err(_) => true,
        };
        recognized.then_some(&*self.scheme)
    }

    /// The outcome for a token that is visibly of another kind.
    #[cfg(any(feature = "api-key", feature = "jwt"))]
    pub(crate) fn unrecognized<U>(&self) -> Outcome<U> {
        Outcome::Unrecognized(self.invalid.clone().into())
    }

    /// The challenge to a request without a token.
    pub(crate) const fn ask(&self) -> &Challenge {
        &self.ask
    }

    pub(crate) fn pass<U>(&self) -> Outcome<U> {
        Outcome::Pass(self.ask.clone().into())
    }

    pub(crate) fn invalid_token(&self, cause: &'static str) -> Rejection {
        Rejection::invalid_token(self.invalid.clone()).with_cause(cause)
    }

    /// The outcome of a verification, with this cause for a denial that names none.
    pub(crate) fn verified<U>(&self, verification: Verification<U>, cause: &'static str) -> Outcome<U> {
        verification.into_outcome(|| self.invalid_token(cause))
    }

    /// The outcome of a strategy that could not read a token.
    pub(crate) fn unreadable<U>(&self, error: TokenError) -> Result<Outcome<U>, Error> {
        match error {
            TokenError::Malformed(malformed) => {
                let challenge = self.malformed.clone();
                Ok(Outcome::Reject(Rejection::from(malformed).with_challenges(challenge)))
            }
            TokenError::Undecided(error) => Err(error),
        }
    }
}
