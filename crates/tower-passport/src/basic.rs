//! User name and password with every request: `Authorization: Basic dXNlcjpwYXNz`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use secrecy::zeroize::Zeroizing;

use crate::{
    Challenge, Credentials, Error, InvalidChallenge, LocalCredentials, Outcome, Rejection, Strategy,
    VerifyPassword,
};

/// User name and password from `Authorization: Basic`, for programs and for browsers' own dialogue.
///
/// The verification is the same as that of [`Local`](crate::Local): a function of [`LocalCredentials`] or a
/// [`VerifyPassword`] type.
///
/// ```
/// use secrecy::ExposeSecret;
/// use tower_passport::{Authenticate, Basic, LocalCredentials};
///
/// let basic = Basic::new("metrics", |credentials: LocalCredentials| async move {
///     // In earnest: look the user up, and verify the password even if there is none.
///     let good = credentials.password.expose_secret() == "open sesame";
///     Ok::<_, std::convert::Infallible>(good.then_some(credentials.username))
/// })?;
/// # Authenticate::new(basic);
/// # Ok::<(), tower_passport::InvalidChallenge>(())
/// ```
///
/// | the request has | outcome |
/// | --- | --- |
/// | no `Authorization`, or another scheme | pass, `WWW-Authenticate: Basic realm="metrics", charset="UTF-8"` |
/// | two `Authorization` fields | 400 `invalid_request` |
/// | `Basic` and no Base64 of a name, a colon, and a password in UTF-8, or one of them empty | 400 `invalid_request` |
/// | both, and the verification said `Ok(None)` | 401 `wrong_credentials` |
/// | both, and the verification said `Err` | 503 |
///
/// The password is everything after the first colon. Names and passwords arrive as they were sent: RFC 7617 has the
/// *client* normalize them (NFC). If yours must agree for people with different keyboards, normalize in the
/// verification, which a log-in form then shares.
///
/// A good password hash is slow on purpose, and here it is computed at each request: for more than an
/// administrator's page, take tokens. And whatever is sent with every request must go over TLS.
///
/// A browser remembers name and password, and sends them along with requests that other sites cause. Where such a request
/// could change something, put [`CrossOriginProtection`](crate::CrossOriginProtection) around it.
///
/// Source: RFC 7617.
pub struct Basic<V> {
    verify: V,
    challenge: Challenge,
}

impl<V: VerifyPassword> Basic<V> {
    /// The strategy for this realm (the name that a browser's dialogue shows) with this verification.
    ///
    /// # Errors
    /// [`InvalidChallenge`] if the realm is not printable ASCII.
    pub fn new(realm: &str, verify: V) -> Result<Self, InvalidChallenge> {
        let challenge = Challenge::new("Basic", &[("realm", realm), ("charset", "UTF-8")])?;
        Ok(Self { verify, challenge })
    }
}

impl<V: VerifyPassword> Strategy for Basic<V> {
    type User = V::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<V::User>, Error> {
        let credentials = match found(request) {
            Ok(Some(credentials)) => credentials,
            Ok(None) => return Ok(Outcome::Pass(self.challenge.clone().into())),
            Err(rejection) => {
                return Ok(Outcome::Reject(rejection.with_challenges(self.challenge.clone())));
            }
        };
        match self.verify.verify(credentials).await {
            Ok(Some(user)) => Ok(Outcome::Accept(user)),
            Ok(None) => Ok(Outcome::Reject(Rejection::wrong_credentials(self.challenge.clone()))),
            Err(error) => Err(Error::new(error)),
        }
    }
}

fn found(request: &Parts) -> Result<Option<LocalCredentials>, Rejection> {
    let Some(credentials) = Credentials::of(request)?.filter(|credentials| credentials.is("Basic")) else {
        return Ok(None);
    };
    decoded(credentials.token68()?).map(Some).ok_or_else(|| {
        Rejection::invalid_request("Send Basic, a space, and the Base64 of name:password in UTF-8.")
            .because("malformed_credentials")
    })
}

fn decoded(encoded: &str) -> Option<LocalCredentials> {
    let bytes = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let text = std::str::from_utf8(&bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    // RFC 7617, section 2, forbids control characters. An empty password is a way into some directories.
    if username.is_empty() || password.is_empty() || text.chars().any(char::is_control) {
        return None;
    }
    Some(LocalCredentials { username: username.to_owned(), password: password.into() })
}

/// The verification stays out of it.
impl<V> fmt::Debug for Basic<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Basic").field("challenge", &self.challenge).finish_non_exhaustive()
    }
}
