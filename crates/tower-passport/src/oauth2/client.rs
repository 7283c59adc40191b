use std::fmt;

use http::{HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::encode;
use super::invalid_setup::{InvalidSetup, is_secure};
use crate::Error;

/// The registration of this program at a provider: its client id, redirect URI and credential.
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

/// How a client sends its secret to the token endpoint (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// In the `Authorization` header: `client_secret_basic`.
    Basic,
    /// In the body: `client_secret_post`.
    Post,
}

impl Client {
    /// A client with this id and redirect URI.
    ///
    /// The provider compares the URI character by character, so it is sent exactly as written here (RFC 9700, section 2.1).
    ///
    /// # Errors
    /// [`InvalidSetup::RedirectUri`] if it is not an absolute `https` URL without a fragment. `http` is allowed for loopback.
    pub fn new(id: impl Into<String>, redirect_uri: impl Into<String>) -> Result<Self, InvalidSetup> {
        let redirect_uri = redirect_uri.into();
        let url = Url::parse(&redirect_uri).map_err(|_| InvalidSetup::RedirectUri("not an absolute URL"))?;
        if url.fragment().is_some() {
            return Err(InvalidSetup::RedirectUri("with a fragment"));
        }
        if !is_secure(&url) {
            return Err(InvalidSetup::RedirectUri("neither https nor http at loopback"));
        }
        Ok(Self { id: id.into(), redirect_uri, credential: Credential::None })
    }

    /// Sets the secret that the provider issued to this client.
    #[must_use]
    pub fn secret(self, secret: impl Into<SecretString>) -> Self {
        Self { credential: Credential::Secret(secret.into()), ..self }
    }

    /// Sets the private key for `private_key_jwt` (RFC 7523). The provider knows its public key.
    ///
    /// It is safer than a secret, because it never leaves this program. The constructor of the strategy rejects public and
    /// symmetric keys.
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

    /// Whether the callback uses https, where cookies can have all protections.
    pub(super) fn comes_back_by_https(&self) -> bool {
        self.redirect_uri.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    }

    /// Adds the client authentication to a token request: parameters, or the `Authorization` header that it returns.
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

/// The claims of a `private_key_jwt` beside the client's id (RFC 7523, section 3).
pub(super) struct Assertion<'a> {
    /// The issuer if there is one: a token endpoint with a false address cannot use the assertion elsewhere.
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

/// The header with the client authentication of a token request.
pub(super) const AUTHORIZATION: header::HeaderName = header::AUTHORIZATION;

/// Leaves out the secret and the key.
impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("id", &self.id)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
