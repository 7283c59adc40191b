//! Whose tokens, and for whom: the questions that have to be answered before there are [`Rules`].

use std::time::Duration;

use super::payload::PayloadRules;
use super::{Expiry, Rules, TypRule};
use crate::DEFAULT_MAX_LEN;

/// [`Rules`] that know the type and still need to know who issues the tokens.
///
/// ```
/// use strict_jose::{NeedsAudience, NeedsIssuer, Rules};
///
/// let access: NeedsIssuer = Rules::typ("at+jwt");
/// let of_ours: NeedsAudience = access.issuer("https://id.example");
/// let for_me: Rules = of_ours.audience("https://api.example");
/// ```
#[derive(Clone, Debug)]
#[must_use = "rules need an issuer and an audience"]
pub struct NeedsIssuer {
    pub(super) typ: TypRule,
}

impl NeedsIssuer {
    /// Accepts tokens of this issuer only, compared byte for byte
    /// ([RFC 8725 §3.8](https://www.rfc-editor.org/rfc/rfc8725#section-3.8)). Makes `iss` required.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use strict_jose::{Key, Rules};
    /// # let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// let rules = Rules::typ("at+jwt").issuer("https://id.example").any_audience().without_expiry();
    /// let verdict = |claims: serde_json::Value| -> Result<_, Box<dyn std::error::Error>> {
    ///     Ok(rules.verify_bytes(&key.sign("at+jwt", &claims)?, &key, SystemTime::now()).err().map(|error| error.reason()))
    /// };
    /// assert_eq!(verdict(serde_json::json!({ "iss": "https://id.example" }))?, None);
    /// assert_eq!(verdict(serde_json::json!({ "iss": "https://id.example/" }))?, Some("wrong_issuer"));
    /// assert_eq!(verdict(serde_json::json!({}))?, Some("missing_claim"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn issuer(self, issuer: impl Into<String>) -> NeedsAudience {
        self.issuers([issuer])
    }

    /// Accepts tokens of any of these issuers. Of none of them, if there are none.
    ///
    /// One key set for several issuers lets each of them speak for the others.
    ///
    /// ```
    /// # use strict_jose::Rules;
    /// let rules = Rules::typ("at+jwt").issuers(["https://id.example", "https://old.id.example"]).audience("me");
    /// ```
    pub fn issuers<S: Into<String>>(self, issuers: impl IntoIterator<Item = S>) -> NeedsAudience {
        NeedsAudience { typ: self.typ, issuers: Some(boxed(issuers)) }
    }

    /// Accepts tokens that name any issuer or none. Safe only if nobody else signs with the key, or if you check the
    /// issuer yourself.
    ///
    /// So it has to be where the right issuer depends on another claim, as it does for providers with many tenants:
    ///
    /// ```
    /// use serde::Deserialize;
    /// use strict_jose::{Error, Keys, Rules};
    ///
    /// #[derive(Deserialize)]
    /// struct IdToken { iss: String, tid: String, sub: String }
    ///
    /// fn verify(token: &str, keys: &impl Keys, now: std::time::SystemTime) -> Result<IdToken, Error> {
    ///     let rules = Rules::typ_or_absent("JWT").any_issuer().audience("client-7").require("iss").require("tid");
    ///     let claims = rules.verify::<IdToken>(token, keys, now)?.claims;
    ///     let is_a_tenant = claims.tid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    ///     let issuer = format!("https://login.example/{}/v2.0", claims.tid);
    ///     if is_a_tenant && claims.iss == issuer { Ok(claims) } else { Err(Error::WrongIssuer) }
    /// }
    /// ```
    pub fn any_issuer(self) -> NeedsAudience {
        NeedsAudience { typ: self.typ, issuers: None }
    }

    /// Rules for a JWS whose payload is no claims, perhaps not even JSON.
    ///
    /// It says who signed it, not for whom and not until when: that has to be in the payload, or not to matter.
    ///
    /// ```
    /// use strict_jose::{Key, Rules};
    ///
    /// let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// let jws = key.sign_bytes("bill", b"12 eggs: 3.60")?;
    /// let rules = Rules::typ("bill").any_payload();
    /// assert_eq!(rules.verify(&jws, &key)?, b"12 eggs: 3.60");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn any_payload(self) -> PayloadRules {
        PayloadRules::of(self.typ)
    }
}

/// [`Rules`] that know type and issuer and still need to know whom the tokens are for: see [`NeedsIssuer`].
///
/// ```
/// use strict_jose::{NeedsAudience, Rules};
///
/// /// One issuer, two services, each with rules of its own.
/// fn rules_of(service: &str) -> Rules {
///     let of_ours: NeedsAudience = Rules::typ("at+jwt").issuer("https://id.example");
///     of_ours.audience(format!("https://{service}.example"))
/// }
/// # rules_of("api");
/// ```
#[derive(Clone, Debug)]
#[must_use = "rules need an audience"]
pub struct NeedsAudience {
    typ: TypRule,
    issuers: Option<Box<[Box<str>]>>,
}

impl NeedsAudience {
    /// Accepts tokens for this audience: you
    /// ([RFC 8725 §3.9](https://www.rfc-editor.org/rfc/rfc8725#section-3.9)). Makes `aud` required; it may name others too.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use strict_jose::{Key, Rules};
    /// # let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// let rules = Rules::typ("at+jwt").any_issuer().audience("me").without_expiry();
    /// let verdict = |claims: serde_json::Value| -> Result<_, Box<dyn std::error::Error>> {
    ///     Ok(rules.verify_bytes(&key.sign("at+jwt", &claims)?, &key, SystemTime::now()).err().map(|error| error.reason()))
    /// };
    /// assert_eq!(verdict(serde_json::json!({ "aud": ["me", "others"] }))?, None);
    /// assert_eq!(verdict(serde_json::json!({ "aud": "others" }))?, Some("wrong_audience"));
    /// assert_eq!(verdict(serde_json::json!({}))?, Some("missing_claim"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn audience(self, audience: impl Into<String>) -> Rules {
        self.audiences([audience])
    }

    /// Accepts tokens for any of these audiences. For none of them, if there are none.
    ///
    /// ```
    /// # use strict_jose::Rules;
    /// let rules = Rules::typ("at+jwt").issuer("https://id.example").audiences(["https://api.example", "urn:old-name"]);
    /// ```
    pub fn audiences<S: Into<String>>(self, audiences: impl IntoIterator<Item = S>) -> Rules {
        self.rules(Some(boxed(audiences)))
    }

    /// Accepts tokens for anybody, also those that name an audience which is not you.
    ///
    /// Safe only if the issuer makes tokens for nobody else: otherwise any other service that receives one can use it
    /// here ([RFC 8725 §3.9](https://www.rfc-editor.org/rfc/rfc8725#section-3.9)).
    ///
    /// ```
    /// # use strict_jose::Rules;
    /// let own = Rules::typ("session+jwt").issuer("me").any_audience();
    /// ```
    pub fn any_audience(self) -> Rules {
        self.rules(None)
    }

    fn rules(self, audiences: Option<Box<[Box<str>]>>) -> Rules {
        Rules {
            typ: self.typ,
            issuers: self.issuers,
            audiences,
            subject: None,
            required: Vec::new(),
            expiry: Expiry::Required,
            leeway: Duration::ZERO,
            max_age: None,
            max_len: DEFAULT_MAX_LEN,
            headers: Default::default(),
        }
    }
}

fn boxed<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Box<[Box<str>]> {
    texts.into_iter().map(|text| text.into().into_boxed_str()).collect()
}
