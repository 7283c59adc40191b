use std::collections::BTreeMap;

use serde::Deserialize;
use strict_jose::Algorithm;

use super::settings::{InvalidSettings, Settings};
use crate::{AccessTokenIn, ClientAuthentication, EmailList, OidcProvider, ProfilePointers, Provider};
use crate::{ResponseMode, Userinfo, UserinfoUse};

/// The record of one provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The id, which is also that of the provider made from it, and so part of the key of every user.
    pub id: String,
    /// The display name.
    pub name: String,
    /// The URL of the documentation for log-ins.
    pub documentation: String,
    /// The day (RFC 3339) on which the record was compared with the published documentation.
    pub checked_on: String,
    /// Whether the provider supports PKCE. The strategies use it in any case.
    pub pkce: Pkce,
    /// The settings that differ for each installation, with a description: `{"realm": "the realm's name"}`.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Notes for users of the record.
    #[serde(default)]
    pub notes: String,
    /// How the client authenticates at the token endpoint.
    #[serde(default)]
    pub authentication: TokenEndpointAuth,

    issuer: Option<String>,
    tenants_at: Option<String>,
    #[serde(default)]
    algorithms: Vec<String>,
    #[serde(default)]
    response_mode: Mode,

    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    /// The issuer that every response names (RFC 9207), if the provider's metadata promise it
    /// (`authorization_response_iss_parameter_supported`). A response without it is rejected. Only GitHub is known to do it;
    /// the metadata of `OpenID` providers are fetched at the log-in.
    response_issuer: Option<String>,
    userinfo: Option<UserinfoSource>,
    #[serde(default)]
    userinfo_headers: BTreeMap<String, String>,
    access_token_in: Option<TokenIn>,
    #[serde(default)]
    renamed: BTreeMap<String, String>,
    scope_separator: Option<String>,
    emails: Option<Emails>,

    scopes: Option<Vec<String>>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    profile: Profile,
}

/// How a client authenticates at the token endpoint, by the names of the IANA registry (RFC 8414, section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenEndpointAuth {
    /// As the provider's metadata say.
    #[default]
    Discovered,
    /// With a secret in the `Authorization` header.
    ClientSecretBasic,
    /// With a secret in the body.
    ClientSecretPost,
    /// With a JWT that is signed with a private key (RFC 7523).
    PrivateKeyJwt,
    /// Not at all: the provider has public clients only.
    None,
}

/// The support of a provider for PKCE (RFC 7636).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// The provider requires it.
    Required,
    /// The provider documents it, or names it in its metadata.
    Documented,
    /// The provider does not mention it, and probably ignores it as it should (RFC 6749, section 3.1). `state` and the secret
    /// remain.
    Undocumented,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Query,
    FormPost,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UserinfoSource {
    Get(String),
    Post(String),
    TokenResponse,
    Skip,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TokenIn {
    Scheme(String),
    Query(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Emails {
    url: String,
    items: String,
    email: String,
    primary: String,
    verified: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    subject: String,
    email: Option<String>,
    email_verified: Option<String>,
    name: Option<String>,
    picture: Option<String>,
}

impl Record {
    /// Parses a record of your own. The [module](super) has an example.
    ///
    /// # Errors
    /// [`InvalidRecord`] if it is not a JSON object with the members of a record, or names neither an issuer nor endpoints, or
    /// both.
    pub fn parse(json: &str) -> Result<Self, InvalidRecord> {
        serde_json::from_str::<Self>(json).map_err(InvalidRecord::Unreadable)?.checked()
    }

    pub(super) fn parse_all(json: &str) -> Result<Vec<Self>, InvalidRecord> {
        let records: Vec<Self> = serde_json::from_str(json).map_err(InvalidRecord::Unreadable)?;
        records.into_iter().map(Self::checked).collect()
    }

    fn checked(self) -> Result<Self, InvalidRecord> {
        let endpoints = [self.authorization_endpoint.is_some(), self.token_endpoint.is_some()];
        let unknown = self.algorithms.iter().find(|name| algorithm(name).is_none());
        match (&self.issuer, endpoints, unknown) {
            (_, _, Some(name)) => Err(InvalidRecord::Algorithm(name.clone())),
            (Some(_), [false, false], None) => Ok(self),
            (None, [true, true], None) if !matches!(self.userinfo, None | Some(UserinfoSource::Skip)) => {
                Ok(self)
            }
            _ => Err(InvalidRecord::Endpoints(self.id)),
        }
    }

    /// Whether the provider supports `OpenID` Connect: then use [`oidc`](Self::oidc), otherwise [`oauth2`](Self::oauth2).
    pub const fn is_openid(&self) -> bool {
        self.issuer.is_some()
    }

    /// How the provider returns its response, for [`Oidc::response_mode`](crate::Oidc::response_mode).
    pub const fn response_mode(&self) -> ResponseMode {
        match self.response_mode {
            Mode::Query => ResponseMode::Query,
            Mode::FormPost => ResponseMode::FormPost,
        }
    }

    /// The provider for [`OAuth2::new`](crate::OAuth2::new).
    ///
    /// # Errors
    /// [`InvalidSettings`] if a setting is missing, unknown or invalid, or if this is an `OpenID` provider.
    pub fn oauth2(&self, settings: &[(&str, &str)]) -> Result<Provider, InvalidSettings> {
        let settings = Settings::check(&self.settings, settings)?;
        let fill = |text: &String| settings.fill(text);
        let (Some(authorization_endpoint), Some(token_endpoint), Some(userinfo)) =
            (&self.authorization_endpoint, &self.token_endpoint, &self.userinfo)
        else {
            return Err(InvalidSettings::OpenId);
        };
        let userinfo = match userinfo {
            UserinfoSource::Get(url) => Userinfo::Get(fill(url)),
            UserinfoSource::Post(url) => Userinfo::Post(fill(url)),
            UserinfoSource::TokenResponse | UserinfoSource::Skip => Userinfo::TokenResponse,
        };
        Ok(Provider {
            issuer: self.response_issuer.as_ref().map(fill),
            names_its_issuer: self.response_issuer.is_some(),
            scopes: self.scopes.clone().unwrap_or_default(),
            scope_separator: self.scope_separator.clone().unwrap_or_else(|| " ".into()),
            client_authentication: self.client_authentication().unwrap_or(ClientAuthentication::Basic),
            parameters: self.parameters(&settings),
            renamed: self.renamed.clone().into_iter().collect(),
            userinfo_headers: self.userinfo_headers.clone().into_iter().collect(),
            userinfo_token: match self.access_token_in.clone() {
                None => AccessTokenIn::Bearer,
                Some(TokenIn::Scheme(scheme)) => AccessTokenIn::Scheme(scheme),
                Some(TokenIn::Query(name)) => AccessTokenIn::Query(name),
            },
            emails: self.emails.as_ref().map(|emails| EmailList {
                url: fill(&emails.url),
                items: emails.items.clone(),
                email: emails.email.clone(),
                primary: emails.primary.clone(),
                verified: emails.verified.clone(),
            }),
            profile: self.pointers(),
            ..Provider::new(&self.id, fill(authorization_endpoint), fill(token_endpoint), userinfo)
        })
    }

    /// The provider for [`Oidc::new`](crate::Oidc::new).
    ///
    /// # Errors
    /// [`InvalidSettings`] if a setting is missing, unknown or invalid, or if this is not an `OpenID` provider.
    pub fn oidc(&self, settings: &[(&str, &str)]) -> Result<OidcProvider, InvalidSettings> {
        let settings = Settings::check(&self.settings, settings)?;
        let issuer = settings.fill(self.issuer.as_ref().ok_or(InvalidSettings::OAuth2)?);
        let mut provider = match &self.tenants_at {
            None => OidcProvider::new(&self.id, issuer),
            Some(base) => OidcProvider::multi_tenant(&self.id, settings.fill(base), issuer),
        };
        if let Some(scopes) = &self.scopes {
            provider.scopes.clone_from(scopes);
        }
        if !self.algorithms.is_empty() {
            provider.algorithms = self.algorithms.iter().filter_map(|name| algorithm(name)).collect();
        }
        if matches!(self.userinfo, Some(UserinfoSource::Skip)) {
            provider.userinfo = UserinfoUse::Skip;
        }
        provider.client_authentication = self.client_authentication();
        provider.parameters = self.parameters(&settings);
        provider.profile = self.pointers();
        Ok(provider)
    }

    fn parameters(&self, settings: &Settings<'_>) -> Vec<(String, String)> {
        self.parameters.iter().map(|(name, value)| (name.clone(), settings.fill(value))).collect()
    }

    const fn client_authentication(&self) -> Option<ClientAuthentication> {
        match self.authentication {
            TokenEndpointAuth::ClientSecretBasic => Some(ClientAuthentication::Basic),
            TokenEndpointAuth::ClientSecretPost => Some(ClientAuthentication::Post),
            TokenEndpointAuth::Discovered | TokenEndpointAuth::PrivateKeyJwt | TokenEndpointAuth::None => {
                None
            }
        }
    }

    fn pointers(&self) -> ProfilePointers {
        let Profile { subject, email, email_verified, name, picture } = self.profile.clone();
        ProfilePointers { subject, email, email_verified, name, picture }
    }
}

fn algorithm(name: &str) -> Option<Algorithm> {
    name.parse().ok()
}

/// The text is not a [`Record`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRecord {
    /// It is not JSON, lacks a member, or has an unknown one.
    #[error("this is not the record of a provider")]
    Unreadable(#[source] serde_json::Error),
    /// It must have either an issuer, or both endpoints and the userinfo.
    #[error("the record {0:?} must have an issuer, or else endpoints and userinfo")]
    Endpoints(String),
    /// The algorithm is unknown.
    #[error("{0:?} is not a signature algorithm")]
    Algorithm(String),
}
