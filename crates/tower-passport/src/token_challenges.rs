//! What a client hears that sent no token, a bad one, or something that is none.

use std::borrow::Cow;

use crate::{Challenge, Error, InvalidChallenge, Outcome, Rejection, TokenError, TokenSource};

/// The three challenges of RFC 6750, section 3, made once: a refused request allocates none.
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

    /// The challenges for tokens from this source. A scheme that is no token cannot be sent: then it stays the same.
    pub(crate) fn for_source(self, source: &impl TokenSource, otherwise: &'static str) -> Self {
        let scheme = source.scheme().map_or(Cow::Borrowed(otherwise), |scheme| Cow::Owned(scheme.to_owned()));
        if scheme == self.scheme {
            return self;
        }
        Self::of(scheme, self.realm.clone()).unwrap_or(self)
    }

    /// What a client without a token hears.
    pub(crate) const fn ask(&self) -> &Challenge {
        &self.ask
    }

    pub(crate) fn pass<U>(&self) -> Outcome<U> {
        Outcome::Pass(self.ask.clone().into())
    }

    pub(crate) fn invalid_token<U>(&self, cause: &'static str) -> Outcome<U> {
        Outcome::Reject(Rejection::invalid_token(self.invalid.clone()).because(cause))
    }

    /// How a strategy ends that found no token.
    pub(crate) fn no_token<U>(&self, error: TokenError) -> Result<Outcome<U>, Error> {
        match error {
            TokenError::Malformed(malformed) => {
                let challenge = self.malformed.clone();
                Ok(Outcome::Reject(Rejection::from(malformed).with_challenges(challenge)))
            }
            TokenError::Undecided(error) => Err(error),
        }
    }
}
