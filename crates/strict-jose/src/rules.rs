//! The requirements for a token, and the only place where tokens are accepted.

pub(crate) mod builder;
pub(crate) mod payload;
mod typ;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;

use self::typ::TypRule;
use crate::algorithm::Algorithm;
use crate::base64url::Decoded;
use crate::claims::{Claims, Registered, Verified};
use crate::error::{Error, Excerpt, Wanted};
use crate::header::VerifiedHeader;
use crate::jws::Compact;
use crate::keys::Keys;

/// The requirements that a token must meet to be accepted.
///
/// Rules cannot be made without a type, an issuer and an audience, in this order. To accept any of them, say so in the code:
/// [`any_type`](Rules::any_type), [`any_issuer`](crate::NeedsIssuer::any_issuer),
/// [`any_audience`](crate::NeedsAudience::any_audience). A token must contain every claim that the rules name: naming an
/// issuer makes `iss` required. `exp` is required unless [`without_expiry`](Rules::without_expiry) is used.
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
/// Make rules once and share them.
#[derive(Clone, Debug)]
pub struct Rules {
    typ: TypRule,
    issuers: Option<Wanted>,
    audiences: Option<Wanted>,
    subject: Option<Box<str>>,
    required: Vec<&'static str>,
    expiry: Expiry,
    leeway: Duration,
    max_age: Option<Duration>,
    max_len: usize,
}

#[derive(Clone, Copy, Debug)]
enum Expiry {
    Required,
    Optional,
}

/// A token that passed every check, before its claims are deserialized.
struct Accepted<'a> {
    payload: &'a str,
    registered: Registered,
    algorithm: Algorithm,
    header: VerifiedHeader,
}

impl Rules {
    /// Tolerates this difference between the clocks of issuer and receiver, in both directions. Zero by default.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use strict_jose::{Key, Rules};
    /// # let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// # let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    /// let token = key.sign("at+jwt", &serde_json::json!({ "nbf": 1000, "exp": 2000 }))?;
    /// let rules = Rules::typ("at+jwt").any_issuer().any_audience().leeway(Duration::from_secs(30));
    /// assert!(rules.verify_bytes(&token, &key, at(970)).is_ok() && rules.verify_bytes(&token, &key, at(2029)).is_ok());
    /// assert!(rules.verify_bytes(&token, &key, at(969)).is_err() && rules.verify_bytes(&token, &key, at(2030)).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        Self { leeway, ..self }
    }

    /// Refuses tokens that were issued longer ago than `age`, even if their `exp` has not passed. Makes `iat` required, and
    /// refuses an `iat` in the future.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use strict_jose::{Key, Rules};
    /// # let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// # let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    /// let token = key.sign("at+jwt", &serde_json::json!({ "iat": 1000, "exp": 9000 }))?;
    /// let rules = Rules::typ("at+jwt").any_issuer().any_audience().max_age(Duration::from_mins(5));
    /// assert!(rules.verify_bytes(&token, &key, at(1299)).is_ok());
    /// assert_eq!(rules.verify_bytes(&token, &key, at(1300)).unwrap_err().reason(), "too_old");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn max_age(self, age: Duration) -> Self {
        Self { max_age: Some(age), ..self }.require("iat")
    }

    /// The end of validity of a verified token with these times, without leeway: its `exp`, or its `iat` plus the
    /// [maximum age](Self::max_age), whichever is earlier. `None` if it does not expire.
    ///
    /// For programs that cache verified tokens.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use strict_jose::{Registered, Rules};
    /// let rules = Rules::typ("at+jwt").any_issuer().any_audience().max_age(Duration::from_secs(10));
    /// let mut times = Registered::default();
    /// assert_eq!(rules.valid_until(&times), None);
    /// times.exp = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(100));
    /// assert_eq!(rules.valid_until(&times), times.exp);
    /// times.iat = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(20));
    /// assert_eq!(rules.valid_until(&times), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(30)));
    /// ```
    pub fn valid_until(&self, times: &Registered) -> Option<SystemTime> {
        let too_old = times.iat.zip(self.max_age).and_then(|(iat, age)| iat.checked_add(age));
        times.exp.into_iter().chain(too_old).min()
    }

    /// Accepts only tokens about `subject` ([RFC 7519 §4.1.2](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.2)). Makes
    /// `sub` required.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use strict_jose::{Key, Rules};
    /// # let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// # let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    /// let token = key.sign("at+jwt", &serde_json::json!({ "sub": "7", "exp": 2000 }))?;
    /// let rules = Rules::typ("at+jwt").any_issuer().any_audience().subject("8");
    /// assert_eq!(rules.verify_bytes(&token, &key, at(1000)).unwrap_err().reason(), "wrong_subject");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn subject(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into().into()), ..self }
    }

    /// Requires `claim` to be present and not `null`. The type of your claims determines its value.
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

    /// Accepts tokens without `exp`. If `exp` is present, it is still checked.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use strict_jose::{Key, Rules};
    /// # let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// # let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    /// let rules = Rules::typ("at+jwt").any_issuer().any_audience().without_expiry();
    /// assert!(rules.verify_bytes(&key.sign("at+jwt", &serde_json::json!({}))?, &key, at(1000)).is_ok());
    /// let token = key.sign("at+jwt", &serde_json::json!({ "exp": 1000 }))?;
    /// assert!(rules.verify_bytes(&token, &key, at(1000)).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn without_expiry(self) -> Self {
        Self { expiry: Expiry::Optional, ..self }
    }

    /// Sets the maximum length of a token in bytes. The default is [`DEFAULT_MAX_LEN`](crate::DEFAULT_MAX_LEN).
    ///
    /// A payload longer than the default is decoded on the heap, but only after its signature was verified. The limit for
    /// the header and the signature stays at the default.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use strict_jose::{Key, Rules};
    /// # let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// # let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    /// let token = key.sign("at+jwt", &serde_json::json!({ "exp": 2000, "picture": "x".repeat(10_000) }))?;
    /// let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    /// assert!(rules.verify_bytes(&token, &key, at(1000)).is_err());
    /// assert!(rules.max_len(20_000).verify_bytes(&token, &key, at(1000)).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn max_len(self, bytes: usize) -> Self {
        Self { max_len: bytes, ..self }
    }

    /// Verifies `token` and reads its claims into `C`.
    ///
    /// The order of the checks is: format, key, signature, type, claims. The clock is an argument, so that tests can set it.
    ///
    /// `C` must own its data, because the decoded payload lives only during this call. To compare a claim without storing it,
    /// write a [`Deserialize`](serde::Deserialize) implementation that compares while it reads.
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
    /// Every [`Error`]. A token with a bad signature is refused before its claims are read.
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        keys: &(impl Keys + ?Sized),
        now: SystemTime,
    ) -> Result<Verified<C>, Error> {
        let mut buffer = Decoded::default();
        let Accepted { payload, registered, algorithm, header } =
            self.accept(token, keys, now, &mut buffer)?;
        let claims = serde_json::from_str(payload).map_err(|error| Error::Claims(Arc::new(error)))?;
        Ok(Verified { claims, registered, algorithm, header })
    }

    /// Verifies `token` as [`verify`](Rules::verify) does, and returns the signed payload: one JSON object in UTF-8 without
    /// duplicate members. For claims that another JSON parser reads.
    ///
    /// After that, [`Header::peek`](crate::Header::peek) gives the verified header of the token.
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
    /// Every [`Error`] except [`Error::Claims`].
    pub fn verify_bytes(
        &self,
        token: &str,
        keys: &(impl Keys + ?Sized),
        now: SystemTime,
    ) -> Result<Vec<u8>, Error> {
        let mut buffer = Decoded::default();
        let accepted = self.accept(token, keys, now, &mut buffer)?;
        Ok(accepted.payload.as_bytes().to_vec())
    }

    /// Makes every check of a token, and decodes its payload into `buffer`.
    fn accept<'b>(
        &self,
        token: &str,
        keys: &(impl Keys + ?Sized),
        now: SystemTime,
        buffer: &'b mut Decoded,
    ) -> Result<Accepted<'b>, Error> {
        let token = Compact::split(token, self.max_len)?;
        let mut header_buffer = Decoded::default();
        let header = token.header(&mut header_buffer)?;
        let key = keys.find(&header)?;
        token.verify(&header, key)?;
        self.typ.check(header.typ())?;
        let payload = token.payload_text(buffer)?;
        let claims = Claims::read(payload, &self.required)?;
        self.check_names(&claims)?;
        self.check_times(claims.registered, now)?;
        let (registered, algorithm) = (claims.registered, key.algorithm());
        Ok(Accepted { payload, registered, algorithm, header: VerifiedHeader::of(&header) })
    }

    fn check_names(&self, claims: &Claims<'_>) -> Result<(), Error> {
        if let Some(wanted) = &self.issuers {
            let iss = claims.iss.ok_or(Error::MissingClaim("iss"))?;
            if !wanted.iter().any(|issuer| iss.is(issuer)) {
                return Err(Error::WrongIssuer { wanted: wanted.clone(), found: Excerpt::of_text(iss) });
            }
        }
        if let Some(wanted) = &self.audiences {
            let aud = claims.aud.ok_or(Error::MissingClaim("aud"))?;
            if !aud.contains_one_of(wanted) {
                return Err(Error::WrongAudience { wanted: wanted.clone(), found: aud.excerpt() });
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

    /// Checks the times. This check is last, so `expired` means that all else was right.
    fn check_times(&self, times: Registered, now: SystemTime) -> Result<(), Error> {
        let is_in_future = |at: SystemTime| now.checked_add(self.leeway).is_some_and(|latest| latest < at);
        // RFC 7519 §4.1.4: "on or after which the JWT MUST NOT be accepted". A sum beyond the range of the clock never passes.
        let has_passed = |end: Option<SystemTime>| {
            end.and_then(|end| end.checked_add(self.leeway)).is_some_and(|end| end <= now)
        };
        match (times.exp, self.expiry) {
            (None, Expiry::Required) => return Err(Error::MissingClaim("exp")),
            (Some(at), _) if has_passed(Some(at)) => return Err(Error::Expired { at }),
            _ => {}
        }
        if let Some(at) = times.nbf
            && is_in_future(at)
        {
            return Err(Error::NotYetValid { at });
        }
        if let (Some(at), Some(age)) = (times.iat, self.max_age) {
            if is_in_future(at) {
                return Err(Error::NotYetValid { at });
            }
            if has_passed(at.checked_add(age)) {
                return Err(Error::TooOld { at });
            }
        }
        Ok(())
    }
}
