//! The state of a log-in between its beginning and its callback, in an encrypted cookie.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use http::request::Parts;
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};

use super::encode;
use super::invalid_setup::InvalidSetup;
use crate::Error;
use crate::LocalPath;

/// Stores log-ins in progress in the browser, each in an encrypted cookie of its own.
///
/// A cookie instead of a server-side store binds the log-in to the browser that began it, so no other browser can finish it
/// (RFC 9700, section 4.7). It works on every replica and after a restart, and abandoned log-ins take no space. The cookie is
/// encrypted and authenticated (AES-256-GCM-SIV). It is named after the `state` of its log-in, so tabs do not interfere. Beyond
/// four log-ins in one browser, the oldest is removed.
///
/// ```
/// use std::time::Duration;
/// use tower_passport::FlowCookies;
///
/// # fn example(secret: &[u8]) -> Result<(), tower_passport::InvalidSetup> {
/// let flows = FlowCookies::new(secret)?.lifetime(Duration::from_mins(5));
/// # Ok(()) }
/// ```
///
/// All replicas need the same secret; [`previous_secret`](Self::previous_secret) is for rotating it. A clone shares the keys.
#[derive(Clone)]
pub struct FlowCookies {
    key: Arc<LessSafeKey>,
    /// Keys that only decrypt.
    previous: Vec<Arc<LessSafeKey>>,
    lifetime: Duration,
}

/// One log-in in progress.
#[derive(Serialize, Deserialize)]
pub(super) struct Flow {
    pub(super) state: String,
    pub(super) verifier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<String>,
    pub(super) return_to: LocalPath,
    /// A digest of the provider, the client and the redirect URI of the log-in.
    pub(super) binding: String,
    pub(super) expires: u64,
}

impl FlowCookies {
    /// Cookies that are encrypted with a key derived from this secret, with a lifetime of ten minutes.
    ///
    /// # Errors
    /// [`InvalidSetup::ShortSecret`] below 32 bytes. The secret should come from a random generator.
    pub fn new(secret: &[u8]) -> Result<Self, InvalidSetup> {
        Ok(Self { key: key_of(secret)?, previous: Vec::new(), lifetime: Duration::from_mins(10) })
    }

    /// Also accepts log-ins that were begun with this secret, which a new one has replaced.
    ///
    /// Remove it when those log-ins have ended, one [lifetime](Self::lifetime) later.
    ///
    /// ```
    /// # use tower_passport::FlowCookies;
    /// # fn example(secret: &[u8], last_years: &[u8]) -> Result<(), tower_passport::InvalidSetup> {
    /// let flows = FlowCookies::new(secret)?.previous_secret(last_years)?;
    /// # Ok(()) }
    /// ```
    ///
    /// With several replicas, first add the new secret as an accepted one on all of them. Then make it the current one.
    ///
    /// # Errors
    /// [`InvalidSetup::ShortSecret`] below 32 bytes.
    pub fn previous_secret(mut self, secret: &[u8]) -> Result<Self, InvalidSetup> {
        self.previous.push(key_of(secret)?);
        Ok(self)
    }

    /// Sets how long a log-in may take: the time for the password, the second factor and the consent.
    #[must_use]
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    pub(super) fn expiry(&self, now: SystemTime) -> u64 {
        seconds(now).saturating_add(self.lifetime.as_secs())
    }

    /// The cookie of a new flow, and the removal of the cookies that it evicts.
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
        // A cookie that does not decrypt belongs to another strategy or another program on this host.
        let mut ours: Vec<(u64, &str)> = cookies_of(request)
            .filter(|(name, _)| name.starts_with(cookies.prefix()))
            .filter_map(|(name, value)| Some((self.open(name, value)?.expires, name)))
            .collect();
        ours.sort_unstable();
        let excess = (ours.len() + 1).saturating_sub(MAX_FLOWS);
        for (index, (expires, name)) in ours.into_iter().enumerate() {
            if index < excess || expires <= seconds(now) {
                set.push(cookies.end(name)?);
            }
        }
        Ok(set)
    }

    /// The flow of a callback, and the removal of its cookie.
    pub(super) fn find(
        &self,
        state: &str,
        cookies: CookieStyle,
        request: &Parts,
        now: SystemTime,
    ) -> Result<(Flow, HeaderValue), FlowNotFound> {
        let name = cookies.name(state);
        let value = cookies_of(request).find(|(found, _)| *found == name).ok_or(FlowNotFound::NoCookie)?.1;
        let flow = self.open(&name, value).ok_or(FlowNotFound::NotOurs)?;
        if aws_lc_rs::constant_time::verify_slices_are_equal(flow.state.as_bytes(), state.as_bytes()).is_err()
        {
            return Err(FlowNotFound::WrongState);
        }
        if flow.expires <= seconds(now) {
            return Err(FlowNotFound::Expired);
        }
        let end = cookies.end(&name).map_err(|_| FlowNotFound::WrongState)?;
        Ok((flow, end))
    }

    fn seal(&self, name: &str, flow: &Flow, nonce: [u8; NONCE_LEN]) -> Result<String, Error> {
        let mut sealed = serde_json::to_vec(flow).map_err(Error::new)?;
        // The name is authenticated too: the value of one cookie does not decrypt in another.
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

/// Derives the key, so that a secret that is used for several purposes gives different keys.
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

/// Enough for the tabs of one browser, and within the header limits of servers.
const MAX_FLOWS: usize = 4;

/// Why there is no flow for a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlowNotFound {
    /// No cookie: another browser, or the log-in was finished or evicted.
    NoCookie,
    /// The cookie was not encrypted with our secret.
    NotOurs,
    WrongState,
    Expired,
}

impl FlowNotFound {
    pub(super) const fn cause(self) -> &'static str {
        match self {
            Self::NoCookie => "unknown_state",
            Self::NotOurs => "forged_flow",
            Self::WrongState => "wrong_state",
            Self::Expired => "expired_flow",
        }
    }
}

/// The attributes of flow cookies, which depend on how the browser returns.
#[derive(Clone, Copy, Debug)]
pub(super) enum CookieStyle {
    /// By a redirect over https. Browsers send `Lax` cookies with it.
    Https,
    /// By a form that the provider's page posts over https. Browsers send only `None` cookies with it. The flow is still
    /// bound to the browser.
    HttpsFormPost,
    /// By a redirect over plain http, in development. Browsers accept the prefix `__Host-` only over https.
    Http,
    /// By a form over plain http. `None` requires `Secure`, which browsers accept from loopback.
    HttpFormPost,
}

impl CookieStyle {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Https | Self::HttpsFormPost => "__Host-tower-passport-flow-",
            Self::Http | Self::HttpFormPost => "tower-passport-flow-",
        }
    }

    /// Half of the state distinguishes flows, and the name does not reveal the whole secret.
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

/// The cookies of a request (RFC 6265, section 4.2.1). HTTP/2 may send several headers.
fn cookies_of(request: &Parts) -> impl Iterator<Item = (&str, &str)> {
    let fields = request.headers.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

pub(super) fn seconds(now: SystemTime) -> u64 {
    now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Leaves out the keys.
impl fmt::Debug for FlowCookies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FlowCookies").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}
