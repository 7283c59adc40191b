//! What an `OpenID` provider says of itself (`OpenID` Connect Discovery, sections 3 and 4).

use serde::Deserialize;

use crate::{HttpClient, HttpError};

/// The provider's metadata, as far as it is used. serde refuses a member that is there twice.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    pub(crate) jwks_uri: String,
    /// These two are for log-ins. An issuer of workload tokens (a cluster, a build service) has neither.
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
    /// Fetches the metadata below `base`, which must be those of `issuer`: the same but for providers with many tenants.
    pub(crate) async fn fetch(http: &HttpClient, base: &str, issuer: &str) -> Result<Self, HttpError> {
        let base = base.strip_suffix('/').unwrap_or(base);
        let document = http.document(&format!("{base}/.well-known/openid-configuration")).await?;
        let metadata: Self = serde_json::from_str(&document)
            .map_err(|error| HttpError::NotUnderstood(format!("no provider metadata: {error}").into()))?;
        // Whoever gets us to ask him must not make us take his answers for those of another (section 4.3).
        if metadata.issuer != issuer {
            return Err(HttpError::NotUnderstood("the metadata of another issuer".into()));
        }
        Ok(metadata)
    }
}
