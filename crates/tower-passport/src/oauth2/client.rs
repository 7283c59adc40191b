use std::fmt;

use http::{HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{InvalidSetup, encode};
use crate::Error;

/// Who this program is at a provider: what was agreed when it was registered there.
///
/// ```
/// use tower_passport::Client;
///
/// # fn example(secret: &str) -> Result<(), tower_passport::InvalidSetup> {
/// let client = Client::new("s6BhdRkqt3", "https://recipes.example/login/callback")?.secret(secret);
/// assert!(Client::new("s6BhdRkqt3", "/login/callback").is_err());
/// # Ok(()) }
/// ```
///
/// Without a secret or a key it is a public client, which only PKCE protects (RFC 6749, section 2.1).
#[derive(Clone)]
pub struct Client {
    pub(crate) id: String,
    pub(super) redirect_uri: String,
    credential: Credential,
}

#[derive(Clone)]
enum Credential {
    None,
    Secret(SecretString),
    PrivateKey(Box<strict_jose::Key>),
}

/// How a client's secret goes to the token endpoint (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// In the `Authorization` field: `client_secret_basic`.
    Basic,
    /// In the body: `client_secret_post`.
    Post,
}

impl Client {
    /// A client with this id, to which the provider sends the browser back at this URI.
    ///
    /// The URI goes to the provider character by character as it is here, because that is how a provider compares it
    /// (RFC 9700, section 2.1).
    ///
    /// # Errors
    /// [`InvalidSetup::RedirectUri`] if it is not an absolute `https` URL without fragment; `http` goes for loopback.
    pub fn new(id: impl Into<String>, redirect_uri: impl Into<String>) -> Result<Self, InvalidSetup> {
        let redirect_uri = redirect_uri.into();
        let url = Url::parse(&redirect_uri).map_err(|_| InvalidSetup::RedirectUri("not an absolute URL"))?;
        if url.fragment().is_some() {
            return Err(InvalidSetup::RedirectUri("with a fragment"));
        }
        if !super::is_secure(&url) {
            return Err(InvalidSetup::RedirectUri("neither https nor http at loopback"));
        }
        Ok(Self { id: id.into(), redirect_uri, credential: Credential::None })
    }

    /// The secret that the provider gave out for this client.
    #[must_use]
    pub fn secret(self, secret: impl Into<SecretString>) -> Self {
        Self { credential: Credential::Secret(secret.into()), ..self }
    }

    /// A private key of which the provider knows the public one: `private_key_jwt` (RFC 7523). Better than a secret,
    /// because it never leaves this program. A public or a shared key is refused by the strategy's constructor.
    #[must_use]
    pub fn private_key(self, key: strict_jose::Key) -> Self {
        Self { credential: Credential::PrivateKey(Box::new(key)), ..self }
    }

    pub(crate) fn check(&self) -> Result<(), InvalidSetup> {
        match &self.credential {
            Credential::PrivateKey(key) if !key.can_sign() || key.algorithm().is_symmetric() => {
                Err(InvalidSetup::ClientKey)
            }
            _ => Ok(()),
        }
    }

    /// Whether the browser comes back by https, where cookies can have all their protections.
    pub(super) fn comes_back_by_https(&self) -> bool {
        self.redirect_uri.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    }

    /// Adds to a token request what proves who we are.
    pub(super) fn authenticate(
        &self,
        form: &mut Vec<(&'static str, String)>,
        how: ClientAuthentication,
        assertion: &Assertion<'_>,
    ) -> Result<Option<HeaderValue>, Error> {
        match (&self.credential, how) {
            (Credential::Secret(secret), ClientAuthentication::Basic) => {
                // RFC 6749, section 2.3.1: each encoded as in a form, before they are joined.
                let pair = [&self.id, secret.expose_secret()]
                    .map(|text| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>());
                let value = encode::authorization("Basic", &encode::base64(&pair.join(":")));
                return value.map(Some).map_err(Error::new);
            }
            (Credential::Secret(secret), ClientAuthentication::Post) => {
                form.push(("client_secret", secret.expose_secret().to_owned()));
            }
            (Credential::PrivateKey(key), _) => {
                form.push(("client_assertion_type", JWT_BEARER.to_owned()));
                form.push(("client_assertion", assertion.sign(&self.id, key)?));
            }
            (Credential::None, _) => {}
        }
        form.push(("client_id", self.id.clone()));
        Ok(None)
    }
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What is in a `private_key_jwt` beside the client's id (RFC 7523, section 3).
pub(super) struct Assertion<'a> {
    /// The issuer where there is one: a token endpoint that lies about its address gets nothing it could use elsewhere.
    pub(super) audience: &'a str,
    pub(super) jti: String,
    pub(super) now: u64,
}

impl Assertion<'_> {
    fn sign(&self, client_id: &str, key: &strict_jose::Key) -> Result<String, Error> {
        let claims = serde_json::json!({
            "iss": client_id,
            "sub": client_id,
            "aud": self.audience,
            "jti": self.jti,
            "iat": self.now,
            "exp": self.now + 60,
        });
        key.sign("JWT", &claims).map_err(Error::new)
    }
}

/// The field in which a token request proves who we are.
pub(super) const AUTHORIZATION: header::HeaderName = header::AUTHORIZATION;

/// The secret and the key stay out of it.
impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("id", &self.id)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
