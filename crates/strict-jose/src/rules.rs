//! What a caller demands of a token, and the one place where tokens are accepted.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;

use crate::claims::{Claims, Registered, Verified};
use crate::error::Error;
use crate::jws::{Compact, KnownHeader};
use crate::{Algorithm, DEFAULT_MAX_LEN, Keys};

/// What a token must be, to be accepted.
///
/// The three questions that decide *whose* token it is and *what for* have to be answered before there are any rules:
/// type, issuer, audience, in this order. To accept any is possible, but it is written in the code:
/// [`any_type`](Rules::any_type), [`any_issuer`](NeedsIssuer::any_issuer), [`any_audience`](NeedsAudience::any_audience).
/// Whatever is named here, the token must have: naming an issuer makes `iss` required. `exp` is required unless
/// [`without_expiry`](Rules::without_expiry) says otherwise.
///
/// ```
/// use std::time::Duration;
/// use strict_jose::Rules;
///
/// let rules = Rules::typ("at+jwt")
///     .issuer("https://id.example")
///     .audiences(["https://api.example", "https://admin.example"])
///     .leeway(Duration::from_secs(30))
///     .max_age(Duration::from_hours(24));
/// ```
///
/// A clone is independent of the original; make rules once and share them.
#[derive(Clone, Debug)]
pub struct Rules {
    typ: TypRule,
    issuers: Option<Box<[Box<str>]>>,
    audiences: Option<Box<[Box<str>]>>,
    subject: Option<Box<str>>,
    required: Vec<&'static str>,
    expiry: Expiry,
    leeway: Duration,
    max_age: Option<Duration>,
    max_len: usize,
    /// Of the first tokens accepted that had different ones. Measured: the tokens that follow take 1.1 µs instead of 1.35.
    headers: [OnceLock<KnownHeader>; KNOWN_HEADERS],
}

/// An issuer has one key in use, and another after each rotation. A slot that is written once is read without a lock.
const KNOWN_HEADERS: usize = 4;

/// Which types a token may have.
#[derive(Clone, Debug)]
enum TypRule {
    Named(Box<str>),
    NamedOrAbsent(Box<str>),
    Any,
}

impl TypRule {
    fn check(&self, typ: Option<&str>) -> Result<(), Error> {
        match (self, typ) {
            (Self::Any, _) | (Self::NamedOrAbsent(_), None) => Ok(()),
            (Self::Named(ours) | Self::NamedOrAbsent(ours), Some(theirs))
                if subtype(ours).eq_ignore_ascii_case(subtype(theirs)) =>
            {
                Ok(())
            }
            _ => Err(Error::WrongType),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Expiry {
    Required,
    Optional,
}

impl Rules {
    /// Begins rules for tokens of one type, such as `at+jwt`
    /// ([RFC 8725 §3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)).
    ///
    /// An access token is then never taken for an ID token, an e-mail confirmation or a refresh token. Types are media
    /// types, so letter case does not count, and `application/` may be left out on either side
    /// ([RFC 7515 §4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
    pub fn typ(typ: impl Into<String>) -> NeedsIssuer {
        NeedsIssuer { typ: TypRule::Named(typ.into().into()) }
    }

    /// Begins rules for tokens of one type, and for tokens that say none.
    ///
    /// For issuers that leave it out, such as those of ID tokens
    /// ([OpenID Connect Core §2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)): a token that says what it
    /// is for, and is for something else, is still refused.
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
        NeedsIssuer { typ: TypRule::NamedOrAbsent(typ.into().into()) }
    }

    /// Begins rules for tokens of any type, also of none. For issuers that give you no choice.
    ///
    /// Then only `iss`, `aud` and the claims you read keep two kinds of token apart.
    pub fn any_type() -> NeedsIssuer {
        NeedsIssuer { typ: TypRule::Any }
    }

    /// How far the clocks may differ, both ways. None by default.
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        Self { leeway, ..self }
    }

    /// Refuses tokens issued longer ago than `age`, whatever their `exp`. Makes `iat` required, and refuses one in the
    /// future.
    #[must_use]
    pub fn max_age(self, age: Duration) -> Self {
        Self { max_age: Some(age), ..self }.require("iat")
    }

    /// Until when a token with these times, verified now, stays good by these rules: its `exp`, or `iat` and the
    /// [maximal age](Self::max_age), whichever is sooner; `None` if it never ends. Leeway is not added.
    ///
    /// For programs that keep what they have verified.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use strict_jose::{Registered, Rules};
    /// let rules = Rules::typ("at+jwt").any_issuer().any_audience().max_age(Duration::from_secs(10));
    /// let mut times = Registered::default();
    /// assert_eq!(rules.good_until(&times), None);
    /// times.exp = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(100));
    /// assert_eq!(rules.good_until(&times), times.exp);
    /// times.iat = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(20));
    /// assert_eq!(rules.good_until(&times), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(30)));
    /// ```
    pub fn good_until(&self, times: &Registered) -> Option<SystemTime> {
        let too_old = times.iat.zip(self.max_age).and_then(|(iat, age)| iat.checked_add(age));
        times.exp.into_iter().chain(too_old).min()
    }

    /// Accepts only tokens about `subject`. Makes `sub` required.
    #[must_use]
    pub fn subject(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into().into()), ..self }
    }

    /// Demands that `claim` is there and not `null`. What it must be is for the type of your claims to say.
    ///
    /// ```
    /// # use strict_jose::Rules;
    /// let rules = Rules::typ("JWT").issuer("https://id.example").audience("client-7").require("nonce");
    /// ```
    #[must_use]
    pub fn require(mut self, claim: &'static str) -> Self {
        if !self.required.contains(&claim) {
            self.required.push(claim);
        }
        self
    }

    /// Accepts tokens that never expire. An `exp` that is there still counts.
    #[must_use]
    pub fn without_expiry(self) -> Self {
        Self { expiry: Expiry::Optional, ..self }
    }

    /// How long a token may be, in bytes: [`DEFAULT_MAX_LEN`] unless said.
    ///
    /// A payload beyond the default is decoded into an allocation, but only after its signature was found good.
    #[must_use]
    pub fn max_len(self, bytes: usize) -> Self {
        Self { max_len: bytes, ..self }
    }

    /// Verifies `token` and reads its claims into `C`.
    ///
    /// In this order: form, key, signature, type, claims. `now` is an argument, so that tests can choose it.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use serde::{Deserialize, Serialize};
    /// use strict_jose::{Error, Key, Rules};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Access<'a> { iss: &'a str, aud: &'a str, sub: &'a str, exp: u64 }
    /// #[derive(Deserialize)]
    /// struct Caller { sub: String }
    ///
    /// let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// let token = key.sign("at+jwt", &Access { iss: "me", aud: "me", sub: "7", exp: 1_000 })?;
    /// let rules = Rules::typ("at+jwt").issuer("me").audience("me");
    ///
    /// let before = SystemTime::UNIX_EPOCH + Duration::from_secs(999);
    /// assert_eq!(rules.verify::<Caller>(&token, &key, before)?.claims.sub, "7");
    ///
    /// let after = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    /// assert!(matches!(rules.verify::<Caller>(&token, &key, after), Err(Error::Expired { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Every [`Error`]. What is not the key's own signature is refused before a claim is looked at.
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        keys: &(impl Keys + ?Sized),
        now: SystemTime,
    ) -> Result<Verified<C>, Error> {
        self.open(token, keys, now, |payload, registered, algorithm| {
            let claims = serde_json::from_str(payload).map_err(|error| Error::Claims(Arc::new(error)))?;
            Ok(Verified { claims, registered, algorithm })
        })
    }

    /// Verifies `token` as [`verify`](Rules::verify) does and gives the payload as it was signed: one JSON object in
    /// UTF-8, no member twice. For claims that another reader than serde's derive takes apart.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use strict_jose::{Key, Rules};
    /// let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// let token = key.sign("JWT", &serde_json::json!({ "a": 1 }))?;
    /// let rules = Rules::typ("JWT").any_issuer().any_audience().without_expiry();
    /// assert_eq!(rules.verify_bytes(&token, &key, SystemTime::now())?, br#"{"a":1}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Every [`Error`] but [`Error::Claims`].
    pub fn verify_bytes(
        &self,
        token: &str,
        keys: &(impl Keys + ?Sized),
        now: SystemTime,
    ) -> Result<Vec<u8>, Error> {
        self.open(token, keys, now, |payload, _, _| Ok(payload.as_bytes().to_vec()))
    }

    /// The one way from a token to its payload.
    fn open<R>(
        &self,
        token: &str,
        keys: &(impl Keys + ?Sized),
        now: SystemTime,
        accept: impl FnOnce(&str, Registered, Algorithm) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let token = Compact::split(token, self.max_len)?;
        let known = self.headers.iter().map_while(OnceLock::get).find(|known| token.has_header(known));
        let algorithm = token.header(known, |header| {
            let key = keys.find(header)?;
            token.verify(header, key)?;
            self.typ.check(header.typ())?;
            Ok(key.algorithm())
        })?;
        let accepted = token.payload(|payload| {
            let claims = Claims::read(payload, &self.required)?;
            self.check_names(&claims)?;
            self.check_times(claims.registered, now)?;
            accept(payload, claims.registered, algorithm)
        })?;
        if known.is_none()
            && let Some(free) = self.headers.iter().find(|header| header.get().is_none())
        {
            let known = token.known_header()?;
            free.get_or_init(|| known);
        }
        Ok(accepted)
    }

    fn check_names(&self, claims: &Claims<'_>) -> Result<(), Error> {
        if let Some(issuers) = &self.issuers {
            let iss = claims.iss.ok_or(Error::MissingClaim("iss"))?;
            if !issuers.iter().any(|issuer| iss.is(issuer)) {
                return Err(Error::WrongIssuer);
            }
        }
        if let Some(audiences) = &self.audiences {
            let aud = claims.aud.ok_or(Error::MissingClaim("aud"))?;
            if !aud.names_one_of(audiences) {
                return Err(Error::WrongAudience);
            }
        }
        if let Some(subject) = &self.subject {
            let sub = claims.sub.ok_or(Error::MissingClaim("sub"))?;
            if !sub.is(subject) {
                return Err(Error::WrongSubject);
            }
        }
        Ok(())
    }

    /// Last of all, so that "expired" means: everything else was right.
    fn check_times(&self, times: Registered, now: SystemTime) -> Result<(), Error> {
        let is_to_come = |at: SystemTime| now.checked_add(self.leeway).is_some_and(|latest| latest < at);
        // "on or after which the JWT MUST NOT be accepted", RFC 7519 §4.1.4. A sum that no clock can show never comes.
        let has_passed = |end: Option<SystemTime>| {
            end.and_then(|end| end.checked_add(self.leeway)).is_some_and(|end| end <= now)
        };
        match (times.exp, self.expiry) {
            (None, Expiry::Required) => return Err(Error::MissingClaim("exp")),
            (Some(at), _) if has_passed(Some(at)) => return Err(Error::Expired { at }),
            _ => {}
        }
        if let Some(at) = times.nbf
            && is_to_come(at)
        {
            return Err(Error::NotYetValid { at });
        }
        if let (Some(at), Some(age)) = (times.iat, self.max_age) {
            if is_to_come(at) {
                return Err(Error::NotYetValid { at });
            }
            if has_passed(at.checked_add(age)) {
                return Err(Error::TooOld { at });
            }
        }
        Ok(())
    }
}

/// A media type without `application/`, unless that would leave another slash: RFC 7515 §4.1.9.
fn subtype(typ: &str) -> &str {
    const APPLICATION: &str = "application/";
    match typ.split_at_checked(APPLICATION.len()) {
        Some((tree, rest)) if tree.eq_ignore_ascii_case(APPLICATION) && !rest.contains('/') => rest,
        _ => typ,
    }
}

/// [`Rules`] that know the type and still need to know who issues the tokens.
#[derive(Clone, Debug)]
#[must_use = "rules need an issuer and an audience"]
pub struct NeedsIssuer {
    typ: TypRule,
}

impl NeedsIssuer {
    /// Accepts tokens of this issuer only, compared byte for byte
    /// ([RFC 8725 §3.8](https://www.rfc-editor.org/rfc/rfc8725#section-3.8)).
    pub fn issuer(self, issuer: impl Into<String>) -> NeedsAudience {
        self.issuers([issuer])
    }

    /// Accepts tokens of any of these issuers. Of none of them, if there are none.
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
        PayloadRules { typ: self.typ, max_len: DEFAULT_MAX_LEN }
    }
}

/// [`Rules`] that know type and issuer and still need to know whom the tokens are for.
#[derive(Clone, Debug)]
#[must_use = "rules need an audience"]
pub struct NeedsAudience {
    typ: TypRule,
    issuers: Option<Box<[Box<str>]>>,
}

impl NeedsAudience {
    /// Accepts tokens for this audience: you
    /// ([RFC 8725 §3.9](https://www.rfc-editor.org/rfc/rfc8725#section-3.9)).
    pub fn audience(self, audience: impl Into<String>) -> Rules {
        self.audiences([audience])
    }

    /// Accepts tokens for any of these audiences. For none of them, if there are none.
    pub fn audiences<S: Into<String>>(self, audiences: impl IntoIterator<Item = S>) -> Rules {
        self.rules(Some(boxed(audiences)))
    }

    /// Accepts tokens for anybody, also those that name an audience which is not you.
    ///
    /// Safe only if the issuer makes tokens for nobody else: otherwise any other service that receives one can use it
    /// here.
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

/// What a JWS with any payload must be, to be accepted: see [`NeedsIssuer::any_payload`].
#[derive(Clone, Debug)]
pub struct PayloadRules {
    typ: TypRule,
    max_len: usize,
}

impl PayloadRules {
    /// How long a JWS may be, in bytes: [`DEFAULT_MAX_LEN`] unless said.
    #[must_use]
    pub fn max_len(self, bytes: usize) -> Self {
        Self { max_len: bytes, ..self }
    }

    /// Verifies form, key, signature and type, and gives the payload.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::CriticalHeader`], [`Error::UnknownKey`], [`Error::UnnamedKey`],
    /// [`Error::WrongAlgorithm`], [`Error::BadSignature`], [`Error::WrongType`].
    pub fn verify(&self, token: &str, keys: &(impl Keys + ?Sized)) -> Result<Vec<u8>, Error> {
        let token = Compact::split(token, self.max_len)?;
        token.header(None, |header| {
            token.verify(header, keys.find(header)?)?;
            self.typ.check(header.typ())
        })?;
        token.payload_bytes(|payload| Ok(payload.to_vec()))
    }
}

fn boxed<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Box<[Box<str>]> {
    texts.into_iter().map(|text| text.into().into_boxed_str()).collect()
}
