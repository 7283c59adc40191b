use strict_jose::Algorithm;
use url::Url;

use super::issuer::Issuer;
use crate::discovery::Metadata;
use crate::oauth2::{check_extra_parameters, is_secure};
use crate::{
    ClientAuthentication, HttpClient, InvalidSetup, ProfilePointers, Provider, ProviderError, Userinfo,
};

/// The description of an `OpenID` provider. Its endpoints are discovered.
///
/// ```
/// use tower_passport::OidcProvider;
///
/// let google = OidcProvider {
///     parameters: vec![("access_type".into(), "offline".into())],
///     ..OidcProvider::new("google", "https://accounts.google.com")
/// };
/// assert_eq!(google.scopes, ["openid", "email", "profile"]);
/// ```
#[derive(Clone, Debug)]
pub struct OidcProvider {
    /// Its name in this program: [`Profile::provider`](crate::Profile::provider). A log-in is bound to it.
    pub id: String,
    /// The issuer of its ID tokens.
    pub issuer: Issuer,
    /// The scopes to request, including `openid`.
    pub scopes: Vec<String>,
    /// Additional parameters of the authorization request, such as `("prompt", "select_account")`.
    pub parameters: Vec<(String, String)>,
    /// The algorithms that this client is registered for (`id_token_signed_response_alg`).
    pub algorithms: Vec<Algorithm>,
    /// How the client sends its secret; `None` to follow the metadata.
    pub client_authentication: Option<ClientAuthentication>,
    /// Whether the userinfo endpoint is called.
    pub userinfo: UserinfoUse,
    /// The places of the profile's members in the claims.
    pub profile: ProfilePointers,
}

/// Whether the userinfo endpoint is called in addition to the ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserinfoUse {
    /// Yes, if there is one: many providers return the name and the e-mail address only there.
    Fetch,
    /// No: the ID token contains everything, and the log-in saves a request.
    Skip,
}

impl OidcProvider {
    /// A provider with one issuer and the usual settings: ID tokens signed with RS256, which every provider supports; the scopes
    /// `openid email profile`; the userinfo endpoint is called.
    pub fn new(id: impl Into<String>, issuer: impl Into<String>) -> Self {
        Self::with_issuer(id.into(), Issuer::One(issuer.into()))
    }

    /// A provider with one issuer for each tenant: see [`Issuer::ManyTenants`].
    ///
    /// The verification decides which tenants are accepted, by [`Profile::issuer`](crate::Profile::issuer).
    ///
    /// ```
    /// use tower_passport::OidcProvider;
    ///
    /// let microsoft = OidcProvider::multi_tenant(
    ///     "microsoft",
    ///     "https://login.microsoftonline.com/common/v2.0",
    ///     "https://login.microsoftonline.com/{tenantid}/v2.0",
    /// );
    /// # let _ = microsoft;
    /// ```
    pub fn multi_tenant(
        id: impl Into<String>,
        discovery: impl Into<String>,
        template: impl Into<String>,
    ) -> Self {
        let issuer = Issuer::ManyTenants { discovery: discovery.into(), template: template.into() };
        Self::with_issuer(id.into(), issuer)
    }

    fn with_issuer(id: String, issuer: Issuer) -> Self {
        Self {
            id,
            issuer,
            scopes: ["openid", "email", "profile"].map(Into::into).into(),
            parameters: Vec::new(),
            algorithms: vec![Algorithm::Rs256],
            client_authentication: None,
            userinfo: UserinfoUse::Fetch,
            profile: ProfilePointers::openid(),
        }
    }

    pub(super) fn check(&self, http: &HttpClient) -> Result<(), InvalidSetup> {
        http.check(self.issuer.discovery()).map_err(|_| InvalidSetup::Endpoint("issuer"))?;
        if !self.issuer.has_valid_template() {
            return Err(InvalidSetup::Template);
        }
        if self.scopes.iter().all(|scope| scope != "openid") {
            return Err(InvalidSetup::NoOpenid);
        }
        if let Some(symmetric) = self.algorithms.iter().find(|algorithm| algorithm.is_symmetric()) {
            return Err(InvalidSetup::Algorithm(*symmetric));
        }
        self.profile.check()?;
        check_extra_parameters(&self.parameters, &[])
    }

    /// The algorithm of RSA keys that name none.
    pub(super) fn rsa_algorithm(&self) -> Algorithm {
        let is_rsa = |algorithm: &&Algorithm| matches!(algorithm.name().as_bytes(), [b'R' | b'P', b'S', ..]);
        self.algorithms.iter().find(is_rsa).copied().unwrap_or(Algorithm::Rs256)
    }

    /// This provider with the endpoints of its metadata.
    pub(super) fn described_by(&self, metadata: &Metadata) -> Result<Provider, ProviderError> {
        let authorization_endpoint = metadata
            .authorization_endpoint
            .as_deref()
            .ok_or(ProviderError::Protocol("no authorization_endpoint"))?;
        let token_endpoint =
            metadata.token_endpoint.as_deref().ok_or(ProviderError::Protocol("no token_endpoint"))?;
        Url::parse(authorization_endpoint)
            .ok()
            .filter(is_secure)
            .ok_or(ProviderError::Protocol("an authorization_endpoint that is not https"))?;
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        let takes = |method: &str| methods.iter().any(|known| known == method);
        let discovered = if takes("client_secret_post") && !takes("client_secret_basic") {
            ClientAuthentication::Post
        } else {
            ClientAuthentication::Basic
        };
        Ok(Provider {
            // The audience of client assertions. A template is not a valid one.
            issuer: match &self.issuer {
                Issuer::One(issuer) => Some(issuer.clone()),
                Issuer::ManyTenants { .. } => None,
            },
            scopes: self.scopes.clone(),
            parameters: self.parameters.clone(),
            client_authentication: self.client_authentication.unwrap_or(discovered),
            ..Provider::new(&self.id, authorization_endpoint, token_endpoint, Userinfo::TokenResponse)
        })
    }
}
