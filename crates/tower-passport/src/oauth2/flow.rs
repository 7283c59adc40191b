//! What is remembered of a log-in between its beginning and its end, and where.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use http::request::Parts;
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};

use super::{InvalidSetup, encode};
use crate::Error;
use crate::LocalPath;

/// Where log-ins that have begun are kept until the browser comes back: in the browser, in one sealed cookie for each.
///
/// Why a cookie and not a store: it is in the one browser that began the log-in, and that is the point of it (nobody can
/// finish another's log-in, RFC 9700, section 4.7); it works on every replica and after a restart; and strangers who
/// begin log-ins and never finish them fill nothing. Encrypted and authenticated (AES-256-GCM-SIV), so that the browser's
/// owner learns and changes nothing. Each log-in has a cookie of its own, named after its `state`, so that two tabs do not
/// disturb each other; beyond four the oldest goes.
///
/// ```
/// use std::time::Duration;
/// use tower_passport::Flows;
///
/// # fn example(secret: &[u8]) -> Result<(), tower_passport::InvalidSetup> {
/// let flows = Flows::new(secret)?.lifetime(Duration::from_mins(5));
/// # Ok(()) }
/// ```
///
/// All replicas need the same secret; [`previous_secret`](Self::previous_secret) is for changing it. A clone is the same
/// place.
#[derive(Clone)]
pub struct Flows {
    key: Arc<LessSafeKey>,
    /// Those that only open.
    previous: Vec<Arc<LessSafeKey>>,
    lifetime: Duration,
}

/// One log-in under way.
#[derive(Serialize, Deserialize)]
pub(super) struct Flow {
    pub(super) state: String,
    pub(super) verifier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<String>,
    pub(super) return_to: LocalPath,
    /// Which provider, client and redirect URI it was begun with.
    pub(super) binding: String,
    pub(super) expires: u64,
}

impl Flows {
    /// Log-ins sealed with a key that is derived from this secret, each good for ten minutes.
    ///
    /// # Errors
    /// [`InvalidSetup::ShortSecret`] below 32 bytes, which should come from a random generator.
    pub fn new(secret: &[u8]) -> Result<Self, InvalidSetup> {
        Ok(Self { key: key_of(secret)?, previous: Vec::new(), lifetime: Duration::from_mins(10) })
    }

    /// Also takes log-ins that were begun under this secret, which a new one has replaced. Leave it out again when they
    /// have ended, a [lifetime](Self::lifetime) later.
    ///
    /// ```
    /// # use tower_passport::Flows;
    /// # fn example(secret: &[u8], last_years: &[u8]) -> Result<(), tower_passport::InvalidSetup> {
    /// let flows = Flows::new(secret)?.previous_secret(last_years)?;
    /// # Ok(()) }
    /// ```
    ///
    /// With several replicas, first tell all of them the new secret as one to take, then to use.
    ///
    /// # Errors
    /// [`InvalidSetup::ShortSecret`] below 32 bytes.
    pub fn previous_secret(mut self, secret: &[u8]) -> Result<Self, InvalidSetup> {
        self.previous.push(key_of(secret)?);
        Ok(self)
    }

    /// How much time there is between beginning and end: for the password, the second factor and the consent.
    #[must_use]
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    pub(super) fn expiry(&self, now: SystemTime) -> u64 {
        seconds(now).saturating_add(self.lifetime.as_secs())
    }

    /// The cookie of a flow that begins, and the ends of those that it pushes out.
    pub(super) fn begin(
        &self,
        flow: &Flow,
        cookies: CookieStyle,
        request: &Parts,
        nonce: [u8; NONCE_LEN],
        now: SystemTime,
    ) -> Result<Vec<HeaderValue>, Error> {
        let name = cookies.name(&flow.state);
        let sealed = self.seal(&name, flow, nonce)?;
        let mut set = vec![cookies.set(&name, &sealed, self.lifetime)?];
        // What does not open is a log-in of somebody else (another strategy, another program on this host), and his to end.
        let mut ours: Vec<(u64, &str)> = cookies_of(request)
            .filter(|(name, _)| name.starts_with(cookies.prefix()))
            .filter_map(|(name, value)| Some((self.open(name, value)?.expires, name)))
            .collect();
        ours.sort_unstable();
        let excess = (ours.len() + 1).saturating_sub(MOST_AT_ONCE);
        for (index, (expires, name)) in ours.into_iter().enumerate() {
            if index < excess || expires <= seconds(now) {
                set.push(cookies.end(name)?);
            }
        }
        Ok(set)
    }

    /// The flow that a callback belongs to, and the end of its cookie.
    pub(super) fn find(
        &self,
        state: &str,
        cookies: CookieStyle,
        request: &Parts,
        now: SystemTime,
    ) -> Result<(Flow, HeaderValue), NoFlow> {
        let name = cookies.name(state);
        let value = cookies_of(request).find(|(found, _)| *found == name).ok_or(NoFlow::AnotherBrowser)?.1;
        let flow = self.open(&name, value).ok_or(NoFlow::Sealed)?;
        if aws_lc_rs::constant_time::verify_slices_are_equal(flow.state.as_bytes(), state.as_bytes()).is_err()
        {
            return Err(NoFlow::WrongState);
        }
        if flow.expires <= seconds(now) {
            return Err(NoFlow::TooLate);
        }
        let end = cookies.end(&name).map_err(|_| NoFlow::WrongState)?;
        Ok((flow, end))
    }

    fn seal(&self, name: &str, flow: &Flow, nonce: [u8; NONCE_LEN]) -> Result<String, Error> {
        let mut sealed = serde_json::to_vec(flow).map_err(Error::new)?;
        // The name is sealed in: the value of one cookie is worth nothing in another.
        let (nonce_value, aad) = (Nonce::assume_unique_for_key(nonce), Aad::from(name.as_bytes()));
        self.key
            .seal_in_place_append_tag(nonce_value, aad, &mut sealed)
            .map_err(|_| Error::new("the flow cookie could not be sealed"))?;
        sealed.splice(0..0, nonce);
        Ok(encode::base64url(&sealed))
    }

    fn open(&self, name: &str, value: &str) -> Option<Flow> {
        let sealed = encode::from_base64url(value)?;
        std::iter::once(&self.key).chain(&self.previous).find_map(|key| {
            let mut sealed = sealed.clone();
            let (nonce, text) = sealed.split_first_chunk_mut::<NONCE_LEN>()?;
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let flow = key.open_in_place(nonce, Aad::from(name.as_bytes()), text).ok()?;
            serde_json::from_slice(flow).ok()
        })
    }
}

/// Derived, so that a secret which is also used elsewhere is another key here.
fn key_of(secret: &[u8]) -> Result<Arc<LessSafeKey>, InvalidSetup> {
    if secret.len() < 32 {
        return Err(InvalidSetup::ShortSecret);
    }
    Salt::new(HKDF_SHA256, b"tower-passport")
        .extract(secret)
        .expand(&[b"flow cookie"], &AES_256_GCM_SIV)
        .map(|okm| Arc::new(LessSafeKey::new(UnboundKey::from(okm))))
        .map_err(|_| InvalidSetup::ShortSecret)
}

/// Enough for the tabs of one person, and little enough for a server's limit of the header.
const MOST_AT_ONCE: usize = 4;

/// Why a callback has no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoFlow {
    /// No cookie: another browser, or the log-in has been finished, or given up for later ones.
    AnotherBrowser,
    /// A cookie that was not sealed here.
    Sealed,
    WrongState,
    TooLate,
}

impl NoFlow {
    pub(super) const fn cause(self) -> &'static str {
        match self {
            Self::AnotherBrowser => "unknown_state",
            Self::Sealed => "forged_flow",
            Self::WrongState => "wrong_state",
            Self::TooLate => "expired_flow",
        }
    }
}

/// How the flow cookies are protected; it depends on how the browser comes back.
#[derive(Clone, Copy, Debug)]
pub(super) enum CookieStyle {
    /// By a link from the provider's site: with that, `Lax` cookies come along.
    Https,
    /// By a form that the provider's page posts: only with `None` does a cookie come along. The flow is still bound to
    /// the browser, and nothing but a log-in's end can be done with it.
    HttpsFormPost,
    /// In development, by plain http. No prefix, because a browser takes `__Host-` only by https.
    Http,
    /// The same with a form: browsers take `Secure` cookies from loopback, and `None` needs it.
    HttpFormPost,
}

impl CookieStyle {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Https | Self::HttpsFormPost => "__Host-tower-passport-flow-",
            Self::Http | Self::HttpFormPost => "tower-passport-flow-",
        }
    }

    /// Half of the state is enough to tell flows apart, and no name needs the whole of a secret.
    fn name(self, state: &str) -> String {
        let start: String = state.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
        format!("{}{start}", self.prefix())
    }

    const fn attributes(self) -> &'static str {
        match self {
            Self::Https => "Path=/; HttpOnly; Secure; SameSite=Lax",
            Self::HttpsFormPost | Self::HttpFormPost => "Path=/; HttpOnly; Secure; SameSite=None",
            Self::Http => "Path=/; HttpOnly; SameSite=Lax",
        }
    }

    fn set(self, name: &str, value: &str, lifetime: Duration) -> Result<HeaderValue, Error> {
        let attributes = self.attributes();
        let cookie = format!("{name}={value}; Max-Age={}; {attributes}", lifetime.as_secs());
        HeaderValue::try_from(cookie).map_err(Error::new)
    }

    fn end(self, name: &str) -> Result<HeaderValue, Error> {
        let cookie = format!("{name}=; Max-Age=0; {}", self.attributes());
        HeaderValue::try_from(cookie).map_err(Error::new)
    }
}

/// RFC 6265, section 4.2.1. HTTP/2 may send several fields.
fn cookies_of(request: &Parts) -> impl Iterator<Item = (&str, &str)> {
    let fields = request.headers.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

pub(super) fn seconds(now: SystemTime) -> u64 {
    now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The key stays out of it.
impl fmt::Debug for Flows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Flows").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}
