//! Access tokens: signed by this instance, for this instance.
//!
//! `iss` and `aud` name the instance: `PUBLIC_URL`, or without it the name that is kept in the database. A token that
//! names another issuer or another audience is refused, even if the same key signed it (RFC 8725 sections 3.8 and 3.9).
//!
//! Versions before these claims signed tokens without them. Such a token is accepted until it expires, if it was issued
//! before the instance got its name. A later token without them was not made by [`TokenIssuer::issue`] and is refused.

use std::time::SystemTime;

use ids::{SessionId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use store::Instance;
use strict_jose::{Error, Rules, SignError};

use crate::auth::token_keys::TokenKeys;
use crate::public_url::PublicUrl;

/// The `typ` of an access token, so that no other kind of token passes as one (RFC 8725 section 3.11).
pub const ACCESS_TOKEN: &str = "at+jwt";

/// The claims of an access token besides issuer and audience. None of them is personal. `id` is the original API's name
/// for the user.
#[derive(Clone, Debug, Deserialize)]
pub struct AccessClaims {
    pub id: UserId,
    /// The session. The token ends with it.
    pub sid: SessionId,
    /// Seconds since 1970.
    pub iat: i64,
    pub exp: i64,
}

/// Issues the access tokens of this instance and knows the rules for accepting them.
#[derive(Clone)]
pub struct TokenIssuer {
    keys: TokenKeys,
    /// The name in new tokens.
    name: String,
    /// The names that are accepted as issuer and as audience.
    accepted: Vec<String>,
    /// Tokens without a name were issued before this time. `None`: unknown, so they are refused.
    named_at: Option<Timestamp>,
}

impl TokenIssuer {
    /// A change from the name in the database to `PUBLIC_URL` ends no tokens. A change from one `PUBLIC_URL` to another
    /// does, as the old address may belong to another service by then.
    pub fn new(keys: impl Into<TokenKeys>, instance: Instance, public_url: Option<&PublicUrl>) -> Self {
        let own_name = format!("urn:uuid:{}", instance.id);
        let public = public_url.map(|url| url.as_str().to_owned());
        let name = public.clone().unwrap_or_else(|| own_name.clone());
        let accepted = [Some(own_name), public].into_iter().flatten().collect();
        Self { keys: keys.into(), name, accepted, named_at: Some(instance.named_at) }
    }

    /// For verifying tokens without the database.
    pub fn of_public_url(keys: TokenKeys, public_url: &PublicUrl) -> Self {
        let name = public_url.as_str().to_owned();
        Self { keys, accepted: vec![name.clone()], name, named_at: None }
    }

    /// Signs a token with these claims.
    ///
    /// # Errors
    /// Those of the key.
    pub fn issue(&self, &AccessClaims { id, sid, iat, exp }: &AccessClaims) -> Result<String, SignError> {
        let (iss, aud) = (&*self.name, &*self.name);
        self.keys.current().sign(ACCESS_TOKEN, &IssuedClaims { id, sid, iss, aud, iat, exp })
    }

    pub fn keys(&self) -> &TokenKeys {
        &self.keys
    }

    /// The rules for the tokens of [`issue`](Self::issue).
    pub fn rules(&self) -> Rules {
        Rules::typ(ACCESS_TOKEN).issuers(&self.accepted).audiences(&self.accepted)
    }

    /// The rules for tokens of earlier versions, whose claims have to pass [`accept_unnamed`](Self::accept_unnamed), too.
    pub fn unnamed_rules() -> Rules {
        Rules::typ(ACCESS_TOKEN).any_issuer().any_audience()
    }

    /// The claims, if the token names neither issuer nor audience and was issued before this instance got its name.
    pub fn accept_unnamed(&self, UnnamedClaims { iss, aud, claims }: UnnamedClaims) -> Option<AccessClaims> {
        let issued_at = Timestamp::from_second(claims.iat).ok()?;
        let is_older = self.named_at.is_some_and(|named_at| issued_at < named_at);
        (iss.is_none() && aud.is_none() && is_older).then_some(claims)
    }

    /// Verifies a token by all these rules.
    ///
    /// # Errors
    /// Why the token is refused.
    pub fn verify(&self, token: &str, now: SystemTime) -> Result<AccessClaims, Error> {
        match self.rules().verify(token, &self.keys, now) {
            Ok(verified) => Ok(verified.claims),
            Err(refused @ Error::MissingClaim("iss")) => {
                let unnamed = Self::unnamed_rules().verify(token, &self.keys, now)?;
                self.accept_unnamed(unnamed.claims).ok_or(refused)
            }
            Err(refused) => Err(refused),
        }
    }
}

#[derive(Serialize)]
struct IssuedClaims<'a> {
    id: UserId,
    sid: SessionId,
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

/// The claims of a token that may be of an earlier version.
#[derive(Debug, Deserialize)]
pub struct UnnamedClaims {
    iss: Option<IgnoredAny>,
    aud: Option<IgnoredAny>,
    #[serde(flatten)]
    claims: AccessClaims,
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use ids::Uid;
    use serde_json::{Value, json};
    use strict_jose::Key;

    use super::*;

    const NAMED_AT: i64 = 1_000;
    const NAME: &str = "urn:uuid:00000000-03e8-7000-8000-000000000000";
    const SID: &str = "01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d";

    fn issuer(public_url: &str) -> TokenIssuer {
        let key = Key::hs256(b"a secret of exactly 32 bytes, ok").unwrap();
        let named_at = Timestamp::from_second(NAMED_AT).unwrap();
        let id = Uid::parse(&NAME["urn:uuid:".len()..]).unwrap();
        TokenIssuer::new(key, Instance { id, named_at }, public_url.parse().ok().as_ref())
    }

    fn claims(iat: i64) -> AccessClaims {
        AccessClaims {
            id: UserId::from_i64(7).unwrap(),
            sid: SessionId::parse(SID).unwrap(),
            iat,
            exp: 5_000,
        }
    }

    fn at(second: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(second)
    }

    #[track_caller]
    fn check(issuer: &TokenIssuer, claims: &Value, want: Result<(), &str>) {
        let mut all = json!({ "id": 7, "sid": SID, "iat": 2_000, "exp": 5_000 });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let token = issuer.keys().current().sign(ACCESS_TOKEN, &all).unwrap();
        let verdict = issuer.verify(&token, at(3_000));
        assert_eq!(verdict.map(drop).map_err(|error| error.reason()), want, "{claims}");
    }

    #[test]
    fn issued_token_names_the_instance_as_issuer_and_audience() {
        for (public_url, name) in [("", NAME), ("https://a.example", "https://a.example")] {
            let issuer = issuer(public_url);
            let token = issuer.issue(&claims(2_000)).unwrap();
            assert_eq!(issuer.verify(&token, at(3_000)).unwrap().iat, 2_000);
            let seen = strict_jose::inspect(&token).unwrap().claims;
            assert_eq!(
                seen,
                json!({ "id": 7, "sid": SID, "iss": name, "aud": name, "iat": 2_000, "exp": 5_000 })
            );
        }
    }

    #[test]
    fn other_issuer_and_other_audience_are_refused() {
        let issuer = issuer("https://a.example");
        let (own, other) = ("https://a.example", "https://b.example");
        check(&issuer, &json!({ "iss": own, "aud": own }), Ok(()));
        check(&issuer, &json!({ "iss": own, "aud": [other, own] }), Ok(()));
        check(&issuer, &json!({ "iss": own, "aud": other }), Err("wrong_audience"));
        check(&issuer, &json!({ "iss": own, "aud": [] }), Err("wrong_audience"));
        check(&issuer, &json!({ "iss": other, "aud": own }), Err("wrong_issuer"));
        check(&issuer, &json!({ "iss": own }), Err("missing_claim"));
        check(&issuer, &json!({ "aud": own }), Err("missing_claim"));
    }

    #[test]
    fn tokens_survive_when_public_url_is_set_and_end_when_it_changes() {
        let token = issuer("").issue(&claims(2_000)).unwrap();
        issuer("https://a.example").verify(&token, at(3_000)).unwrap();
        let token = issuer("https://a.example").issue(&claims(2_000)).unwrap();
        let refused = issuer("https://b.example").verify(&token, at(3_000)).unwrap_err();
        assert_eq!(refused.reason(), "wrong_issuer");
        assert_eq!(issuer("").verify(&token, at(3_000)).unwrap_err().reason(), "wrong_issuer");
    }

    #[test]
    fn token_without_names_is_accepted_only_from_before_the_naming_and_until_it_expires() {
        let issuer = issuer("");
        check(&issuer, &json!({ "iat": NAMED_AT - 1 }), Ok(()));
        check(&issuer, &json!({ "iat": NAMED_AT - 1, "exp": 3_000 }), Err("expired"));
        check(&issuer, &json!({ "iat": NAMED_AT }), Err("missing_claim"));
        check(&issuer, &json!({ "iat": 2_000 }), Err("missing_claim"));
        check(&issuer, &json!({ "iat": NAMED_AT - 1, "aud": "https://b.example" }), Err("missing_claim"));
        check(&issuer, &json!({ "iat": NAMED_AT - 1, "iss": "https://b.example" }), Err("wrong_issuer"));
        let issuer = TokenIssuer::of_public_url(issuer.keys, &"https://a.example".parse().unwrap());
        check(&issuer, &json!({ "iat": NAMED_AT - 1 }), Err("missing_claim"));
        check(&issuer, &json!({ "iss": "https://a.example", "aud": "https://a.example" }), Ok(()));
    }
}
