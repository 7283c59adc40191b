//! The metadata of `OpenID` providers (`OpenID` Connect Discovery, sections 3 and 4).

use serde::Deserialize;

use crate::{HttpClient, HttpError};

/// The used members of the metadata. serde rejects a member that appears twice.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    pub(crate) jwks_uri: String,
    /// The endpoints for log-ins. An issuer of workload tokens (a cluster, a build service) has none.
    #[cfg(feature = "oidc")]
    pub(crate) authorization_endpoint: Option<String>,
    #[cfg(feature = "oidc")]
    pub(crate) token_endpoint: Option<String>,
    #[cfg(feature = "oidc")]
    pub(crate) userinfo_endpoint: Option<String>,
    #[cfg(feature = "oidc")]
    pub(crate) end_session_endpoint: Option<String>,
    #[cfg(feature = "oidc")]
    pub(crate) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[cfg(feature = "oidc")]
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Fetches the metadata at the base URL `base` and checks that they are those of `issuer`.
    pub(crate) async fn fetch(http: &HttpClient, base: &str, issuer: &str) -> Result<Self, HttpError> {
        let base = base.strip_suffix('/').unwrap_or(base);
        let document = http.document(&format!("{base}/.well-known/openid-configuration")).await?;
        let metadata: Self = serde_json::from_str(&document)
            .map_err(|error| HttpError::Unusable(format!("no provider metadata: {error}").into()))?;
        // Section 4.3: a server must not impersonate another issuer.
        if metadata.issuer != issuer {
            return Err(HttpError::Unusable("the metadata of another issuer".into()));
        }
        Ok(metadata)
    }
}
