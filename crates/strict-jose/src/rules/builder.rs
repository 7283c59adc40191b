//! The steps to [`Rules`]: type, issuer, audience.

use std::time::Duration;

use super::payload::PayloadRules;
use super::typ::TypRule;
use super::{Expiry, Rules};
use crate::error::Wanted;
use crate::limits::DEFAULT_MAX_LEN;

impl Rules {
    /// Starts rules for tokens of one type, such as `at+jwt`
    /// ([RFC 8725 §3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)).
    ///
    /// An access token is then never mistaken for an ID token, an e-mail confirmation or a refresh token. Types are media
    /// types: they are not case-sensitive, and either side may omit `application/`
    /// ([RFC 7515 §4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use strict_jose::{Key, Rules};
    /// # let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// # let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    /// let token = key.sign("at+jwt", &serde_json::json!({ "exp": 2000 }))?;
    /// let verdict = |rules: Rules| rules.verify_bytes(&token, &key, at(1000)).map_err(|error| error.reason());
    ///
    /// assert!(verdict(Rules::typ("application/AT+JWT").any_issuer().any_audience()).is_ok());
    /// assert_eq!(verdict(Rules::typ("JWT").any_issuer().any_audience()), Err("wrong_type"));
    /// assert!(verdict(Rules::any_type().any_issuer().any_audience()).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn typ(typ: impl Into<String>) -> NeedsIssuer {
        NeedsIssuer { typ: TypRule::Named(Wanted::any_of([typ])) }
    }

    /// Starts rules for tokens of one type and for tokens without a type.
    ///
    /// For issuers that omit the type, such as those of ID tokens
    /// ([OpenID Connect Core §2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)). A token of another type is
    /// still refused.
    ///
    /// ```
    /// use strict_jose::{Key, Rules, Typ};
    ///
    /// let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// let rules = Rules::typ_or_absent("JWT").any_issuer().any_audience().without_expiry();
    /// let accepts = |token: &str| rules.verify_bytes(token, &key, std::time::SystemTime::now()).is_ok();
    ///
    /// let claims = serde_json::json!({ "sub": "7" });
    /// assert!(accepts(&key.sign("JWT", &claims)?));
    /// assert!(accepts(&key.sign(Typ::Absent, &claims)?));
    /// assert!(!accepts(&key.sign("at+jwt", &claims)?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn typ_or_absent(typ: impl Into<String>) -> NeedsIssuer {
        NeedsIssuer { typ: TypRule::NamedOrAbsent(Wanted::any_of([typ])) }
    }

    /// Starts rules for tokens of any type or without a type. Use them only if the issuer sets no useful type.
    ///
    /// Only `iss`, `aud` and the other claims then distinguish two kinds of tokens
    /// ([RFC 8725 §2.8](https://www.rfc-editor.org/rfc/rfc8725#section-2.8)).
    ///
    /// ```
    /// # use strict_jose::Rules;
    /// let rules = Rules::any_type().issuer("https://id.example").audience("client-7");
    /// ```
    pub fn any_type() -> NeedsIssuer {
        NeedsIssuer { typ: TypRule::Any }
    }
}

/// Incomplete [`Rules`] with a type. They still need an issuer.
///
/// ```
/// use strict_jose::{NeedsAudience, NeedsIssuer, Rules};
///
/// let access: NeedsIssuer = Rules::typ("at+jwt");
/// let from_issuer: NeedsAudience = access.issuer("https://id.example");
/// let rules: Rules = from_issuer.audience("https://api.example");
/// ```
#[derive(Clone, Debug)]
#[must_use = "rules need an issuer and an audience"]
pub struct NeedsIssuer {
    pub(super) typ: TypRule,
}

impl NeedsIssuer {
    /// Accepts tokens of this issuer only. Issuers are compared byte for byte
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

    /// Accepts tokens of any of these issuers. An empty list accepts no token.
    ///
    /// If several issuers share one key set, each of them can issue tokens in the name of the others.
    ///
    /// ```
    /// # use strict_jose::Rules;
    /// let rules = Rules::typ("at+jwt").issuers(["https://id.example", "https://old.id.example"]).audience("me");
    /// ```
    pub fn issuers<S: Into<String>>(self, issuers: impl IntoIterator<Item = S>) -> NeedsAudience {
        NeedsAudience { typ: self.typ, issuers: Some(Wanted::any_of(issuers)) }
    }

    /// Accepts tokens of any issuer or without an issuer. Safe only if one issuer has the key, or if you check the issuer
    /// yourself.
    ///
    /// Providers with many tenants need this, because the expected issuer depends on another claim:
    ///
    /// ```
    /// use serde::Deserialize;
    /// use strict_jose::{Error, Excerpt, Keys, Rules, Wanted};
    ///
    /// #[derive(Deserialize)]
    /// struct IdToken { iss: String, tid: String, sub: String }
    ///
    /// fn verify(token: &str, keys: &impl Keys, now: std::time::SystemTime) -> Result<IdToken, Error> {
    ///     let rules = Rules::typ_or_absent("JWT").any_issuer().audience("client-7").require("iss").require("tid");
    ///     let claims = rules.verify::<IdToken>(token, keys, now)?.claims;
    ///     let is_a_tenant = claims.tid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    ///     let issuer = format!("https://login.example/{}/v2.0", claims.tid);
    ///     if is_a_tenant && claims.iss == issuer {
    ///         return Ok(claims);
    ///     }
    ///     Err(Error::WrongIssuer { wanted: Wanted::any_of([issuer]), found: Excerpt::of(&claims.iss) })
    /// }
    /// ```
    pub fn any_issuer(self) -> NeedsAudience {
        NeedsAudience { typ: self.typ, issuers: None }
    }

    /// Rules for a JWS whose payload is not claims, and perhaps not JSON.
    ///
    /// The signature shows which key signed the payload. An audience or an expiry time, if needed, must be in the payload.
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

/// Incomplete [`Rules`] with a type and an issuer. They still need an audience. See [`NeedsIssuer`].
///
/// ```
/// use strict_jose::{NeedsAudience, Rules};
///
/// /// The rules of one of several services that accept tokens of one issuer.
/// fn rules_of(service: &str) -> Rules {
///     let from_issuer: NeedsAudience = Rules::typ("at+jwt").issuer("https://id.example");
///     from_issuer.audience(format!("https://{service}.example"))
/// }
/// # rules_of("api");
/// ```
#[derive(Clone, Debug)]
#[must_use = "rules need an audience"]
pub struct NeedsAudience {
    typ: TypRule,
    issuers: Option<Wanted>,
}

impl NeedsAudience {
    /// Accepts tokens for this audience, the receiver of the token
    /// ([RFC 8725 §3.9](https://www.rfc-editor.org/rfc/rfc8725#section-3.9)). Makes `aud` required; it may name more audiences.
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

    /// Accepts tokens for any of these audiences. An empty list accepts no token.
    ///
    /// ```
    /// # use strict_jose::Rules;
    /// let rules = Rules::typ("at+jwt").issuer("https://id.example").audiences(["https://api.example", "urn:old-name"]);
    /// ```
    pub fn audiences<S: Into<String>>(self, audiences: impl IntoIterator<Item = S>) -> Rules {
        self.rules(Some(Wanted::any_of(audiences)))
    }

    /// Accepts tokens for any audience or without an audience.
    ///
    /// Safe only if you are the only receiver of tokens from this issuer. Otherwise another service that receives a token
    /// can use it here ([RFC 8725 §3.9](https://www.rfc-editor.org/rfc/rfc8725#section-3.9)).
    ///
    /// ```
    /// # use strict_jose::Rules;
    /// let own = Rules::typ("session+jwt").issuer("me").any_audience();
    /// ```
    pub fn any_audience(self) -> Rules {
        self.rules(None)
    }

    fn rules(self, audiences: Option<Wanted>) -> Rules {
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
        }
    }
}
