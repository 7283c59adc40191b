//! Clients: the applications that delegate log-in to the server.

mod redirect_uri;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use strict_jose::{Algorithm, KeySet};

pub use self::redirect_uri::{InvalidRedirectUri, RedirectUri};
use crate::digest::Digest;
use crate::random::Random;
use crate::scopes::Scopes;
use crate::time::UnixTime;

/// An application that is registered at the server ([RFC 6749 §2](https://www.rfc-editor.org/rfc/rfc6749#section-2)).
///
/// Load it from your storage for each request. [`new`](Self::new) sets the usual values of the kind; change the fields, then
/// [`check`](Self::check).
///
/// ```
/// use strict_oidc::{Client, ClientKind, ClientSecret, Credentials, Provider, Random, RedirectUri};
///
/// let mut client = Client::new("c_kitchen", "Kitchen Timer", ClientKind::Web);
/// client.redirect_uris = vec![RedirectUri::parse("https://kitchen.example/callback", ClientKind::Web)?];
///
/// // Show the secret once. Store its digest.
/// let secret = ClientSecret::generate(&Random::new([7; 64])); // 64 random bytes
/// client.credentials = Credentials::Secrets(vec![secret.record()]);
///
/// client.check(&Provider::new("https://id.example")?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Client {
    /// The public id. Starts with `c_`, so that no client can take the id of a user
    /// ([RFC 9700 §4.15](https://www.rfc-editor.org/rfc/rfc9700#section-4.15)).
    pub id: String,
    /// The name that the consent page shows.
    pub name: String,
    /// The kind of application.
    pub kind: ClientKind,
    /// A disabled client gets nothing and its users are shown an error.
    pub is_disabled: bool,
    /// How the client authenticates.
    pub credentials: Credentials,
    /// The `aud` that assertions of this client may have.
    pub assertion_audience: AssertionAudience,
    /// Where users return after log-in.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where users return after log-out.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where logout tokens are sent ([OpenID Connect Back-Channel Logout](https://openid.net/specs/openid-connect-backchannel-1_0.html)).
    pub backchannel_logout_uri: Option<String>,
    /// The grants that the client may use.
    pub grants: Vec<GrantType>,
    /// The scopes that the client may ask for.
    pub scopes: Scopes,
    /// The URIs of the resources that the client may ask for. The first one is the default.
    pub resources: Vec<String>,
    /// The URIs of the resources that this client is the server of. It may introspect their access tokens.
    pub serves: Vec<String>,
    /// The algorithm of ID tokens. RS256 by default, because certification and most libraries demand it.
    pub id_token_algorithm: Algorithm,
    /// Differences from the defaults.
    pub flags: Vec<ClientFlag>,
}

/// The kind of an application ([RFC 6749 §2.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.1)).
///
/// ```
/// use strict_oidc::ClientKind;
///
/// assert!(ClientKind::Web.is_confidential() && !ClientKind::Browser.is_confidential());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientKind {
    /// A program on a server, with users. It can keep a secret.
    Web,
    /// A page with scripts. It cannot keep a secret.
    Browser,
    /// An application on a phone or a desktop, a command line ([RFC 8252](https://www.rfc-editor.org/rfc/rfc8252)). It cannot
    /// keep a secret.
    Native,
    /// A program on a server, without users.
    Service,
}

impl ClientKind {
    /// Whether clients of this kind can keep a secret.
    pub const fn is_confidential(self) -> bool {
        matches!(self, Self::Web | Self::Service)
    }
}

/// A grant: the way to an access token.
///
/// ```
/// use strict_oidc::GrantType;
///
/// assert_eq!(GrantType::parse("refresh_token"), Some(GrantType::RefreshToken));
/// assert_eq!(GrantType::parse("password"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GrantType {
    /// A user's browser brings a code ([RFC 6749 §4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1)).
    #[serde(rename = "authorization_code")]
    AuthorizationCode,
    /// A refresh token ([RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).
    #[serde(rename = "refresh_token")]
    RefreshToken,
    /// The client itself ([RFC 6749 §4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
    #[serde(rename = "client_credentials")]
    ClientCredentials,
    /// A user approves a device on another one ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
}

impl GrantType {
    /// Every grant.
    pub const ALL: &'static [Self] =
        &[Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials, Self::DeviceCode];

    /// The value of `grant_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    /// Reads the value of `grant_type`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|grant| grant.as_str() == name)
    }
}

/// A difference from the defaults of a client.
///
/// ```
/// use strict_oidc::{Client, ClientFlag, ClientKind};
///
/// let mut client = Client::new("c_kitchen", "Kitchen Timer", ClientKind::Web);
/// client.flags.push(ClientFlag::FirstParty);
/// assert!(client.has(ClientFlag::FirstParty));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ClientFlag {
    /// The application belongs to the owner of the server: users are not asked for consent.
    FirstParty,
    /// Requests without a code challenge are accepted. For confidential clients whose library cannot do better.
    WithoutPkce,
    /// Authorization requests must be pushed ([RFC 9126 §6](https://www.rfc-editor.org/rfc/rfc9126#section-6)).
    RequirePar,
    /// Token requests must have a proof of possession ([RFC 9449 §5.2](https://www.rfc-editor.org/rfc/rfc9449#section-5.2)).
    RequireDpop,
    /// The ID token contains the claims of the scopes. For libraries that never ask userinfo.
    IdTokenClaims,
    /// The client sees another `sub` than other clients
    /// ([OpenID Connect Core §8.1](https://openid.net/specs/openid-connect-core-1_0.html#PairwiseAlg)).
    Pairwise,
    /// Userinfo answers with a signed token ([`sign_userinfo`](crate::sign_userinfo)), by the algorithm of ID tokens.
    SignedUserinfo,
}

/// How a client proves that it is itself ([RFC 6749 §2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3)).
///
/// ```
/// use strict_jose::KeySet;
/// use strict_oidc::Credentials;
///
/// let keys = KeySet::from_jwks(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#)?;
/// let credentials = Credentials::Keys(keys);
/// # Ok::<(), strict_jose::KeySetError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// It does not: a public client. PKCE binds its codes.
    #[default]
    None,
    /// `client_secret_basic` or `client_secret_post`. Two secrets at once allow a rotation without an interruption.
    Secrets(Vec<SecretRecord>),
    /// `private_key_jwt`: the public keys of the client
    /// ([RFC 7523 §2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2)).
    Keys(KeySet),
}

/// A secret of a client as it is stored.
///
/// ```
/// use strict_oidc::{Digest, SecretRecord, UnixTime};
///
/// let record = SecretRecord { digest: Digest::of("the secret"), expires_at: Some(UnixTime(1_900_000_000)) };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRecord {
    /// The digest of the secret.
    pub digest: Digest,
    /// The end of a secret that was replaced. `None` for the current one.
    pub expires_at: Option<UnixTime>,
}

/// A new secret: 256 random bits as 43 characters, all of them unreserved in URLs, because clients disagree on how to encode
/// others in the header `Authorization`. `Debug` hides it.
///
/// ```
/// use strict_oidc::{ClientSecret, Random};
///
/// let secret = ClientSecret::generate(&Random::new([7; 64])); // 64 random bytes
/// assert_eq!(secret.expose().len(), 43);
/// assert!(secret.record().digest.is_of(secret.expose()));
/// ```
#[derive(Clone)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// Makes a secret of random bytes.
    pub fn generate(random: &Random) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random.secret()))
    }

    /// The text, to be shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What to store.
    pub fn record(&self) -> SecretRecord {
        SecretRecord { digest: Digest::of(&self.0), expires_at: None }
    }
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientSecret(..)")
    }
}

/// The `aud` that the assertions of a client may have.
///
/// The issuer alone is safe: an assertion for the token endpoint of one server could be meant for another server that claims the
/// same endpoint ([rfc7523bis §4](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-rfc7523bis)).
///
/// ```
/// assert_eq!(strict_oidc::AssertionAudience::default(), strict_oidc::AssertionAudience::Issuer);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssertionAudience {
    /// The issuer, as a string.
    #[default]
    Issuer,
    /// Also the URL of the token endpoint, and either of them in an array. For older libraries.
    TokenEndpoint,
}

impl Client {
    /// A client with the usual grants and scopes of its kind, without redirect URIs and credentials.
    ///
    /// ```
    /// use strict_oidc::{Client, ClientKind, GrantType};
    ///
    /// let service = Client::new("c_backup", "Backup", ClientKind::Service);
    /// assert_eq!(service.grants, [GrantType::ClientCredentials]);
    /// ```
    pub fn new(id: impl Into<String>, name: impl Into<String>, kind: ClientKind) -> Self {
        let (grants, scopes) = match kind {
            ClientKind::Service => (vec![GrantType::ClientCredentials], Scopes::default()),
            _ => (
                vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
                Scopes::parse("openid profile email offline_access").unwrap_or_default(),
            ),
        };
        Self {
            id: id.into(),
            name: name.into(),
            kind,
            is_disabled: false,
            credentials: Credentials::None,
            assertion_audience: AssertionAudience::default(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            grants,
            scopes,
            resources: Vec::new(),
            serves: Vec::new(),
            id_token_algorithm: Algorithm::Rs256,
            flags: Vec::new(),
        }
    }

    /// A random id: `c_` and 22 characters.
    ///
    /// ```
    /// use strict_oidc::{Client, Random};
    ///
    /// assert!(Client::random_id(&Random::new([7; 64])).starts_with("c_"));
    /// ```
    pub fn random_id(random: &Random) -> String {
        format!("c_{}", random.token_id())
    }

    /// Whether the client has this difference from the defaults.
    pub fn has(&self, flag: ClientFlag) -> bool {
        self.flags.contains(&flag)
    }

    /// Whether the client may use this grant.
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grants.contains(&grant)
    }
}
