//! User name and password with every request: `Authorization: Basic dXNlcjpwYXNz`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use secrecy::zeroize::Zeroizing;

use crate::{
    Challenge, Credentials, Error, InvalidChallenge, LocalCredentials, Outcome, Rejection, Strategy, Verify,
};

/// Authenticates by a user name and a password in `Authorization: Basic`, from programs and browser dialogues.
///
/// The [verification](Verify) takes [`LocalCredentials`], so [`Local`](crate::Local) can share it.
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
/// | two `Authorization` headers | 400 `invalid_request` |
/// | `Basic` without the Base64 of a name, a colon and a password in UTF-8, or with one of them empty | 400 `invalid_request` |
/// | both, and the verification denies | 401 `wrong_credentials`, unless the [`Denial`](crate::Denial) says otherwise |
/// | both, and the verification fails | 503 |
///
/// The password is everything after the first colon. Names and passwords arrive as they were sent, because RFC 7617 has the
/// *client* normalize them (NFC). If users type them on different keyboards, normalize them in the verification.
///
/// A good password hash is slow on purpose, and here it is computed for every request. Use tokens for anything busier than an
/// administration page. Use TLS: the password travels with every request.
///
/// A browser stores the name and the password and sends them with requests that other sites cause. Put
/// [`CrossOriginProtection`](crate::CrossOriginProtection) around routes where such a request could change something.
///
/// Source: RFC 7617.
pub struct Basic<V> {
    verify: V,
    challenge: Challenge,
}

impl<V: Verify<LocalCredentials>> Basic<V> {
    /// The strategy for this realm, which the browser's dialogue shows.
    ///
    /// # Errors
    /// [`InvalidChallenge`] if the realm is not printable ASCII.
    pub fn new(realm: &str, verify: V) -> Result<Self, InvalidChallenge> {
        let challenge = Challenge::new("Basic", &[("realm", realm), ("charset", "UTF-8")])?;
        Ok(Self { verify, challenge })
    }
}

impl<V: Verify<LocalCredentials>> Strategy for Basic<V> {
    type User = V::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<V::User>, Error> {
        let credentials = match credentials(request) {
            Ok(Some(credentials)) => credentials,
            Ok(None) => return Ok(Outcome::Pass(self.challenge.clone().into())),
            Err(rejection) => {
                return Ok(Outcome::Reject(rejection.with_challenges(self.challenge.clone())));
            }
        };
        let verification = self.verify.verify(credentials, request).await?;
        Ok(verification.into_outcome(|| Rejection::wrong_credentials(self.challenge.clone())))
    }
}

fn credentials(request: &Parts) -> Result<Option<LocalCredentials>, Rejection> {
    let Some(credentials) = Credentials::of(request)?.filter(|credentials| credentials.is("Basic")) else {
        return Ok(None);
    };
    decode(credentials.token68()?).map(Some).ok_or_else(|| {
        Rejection::invalid_request("Send Basic, a space, and the Base64 of name:password in UTF-8.")
            .with_cause("malformed_credentials")
    })
}

fn decode(encoded: &str) -> Option<LocalCredentials> {
    let bytes = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let text = std::str::from_utf8(&bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    // RFC 7617, section 2, forbids control characters. Some directory servers accept any user with an empty password.
    if username.is_empty() || password.is_empty() || text.chars().any(char::is_control) {
        return None;
    }
    Some(LocalCredentials { username: username.to_owned(), password: password.into() })
}

/// Leaves out the verification.
impl<V> fmt::Debug for Basic<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Basic").field("challenge", &self.challenge).finish_non_exhaustive()
    }
}
