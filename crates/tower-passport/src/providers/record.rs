use std::collections::BTreeMap;

use serde::Deserialize;
use strict_jose::Algorithm;

use super::InvalidSettings;
use super::settings::Settings;
use crate::{AccessTokenIn, ClientAuthentication, EmailList, OidcProvider, ProfilePointers, Provider};
use crate::{ResponseMode, Userinfo, UserinfoUse};

/// What is known about one provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its name for programs: that of the provider which is made of it, and so part of every user's key.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Where it documents how to log in with it.
    pub documentation: String,
    /// The day (RFC 3339) on which this record was compared with what is published.
    pub checked_on: String,
    /// Whether it knows of PKCE, which is used in any case.
    pub pkce: Pkce,
    /// What differs for everybody, and what that is: `{"realm": "the realm's name"}`.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// What one should know before using it.
    #[serde(default)]
    pub notes: String,
    /// How the client proves at the token endpoint who it is.
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
    /// The issuer that every answer of it names (RFC 9207), as its own metadata promise by
    /// `authorization_response_iss_parameter_supported`. Those of GitHub do; of no other of these providers is it known, and
    /// an answer without the name would be refused. (An `OpenID` provider is asked for its metadata at the log-in.)
    response_issuer: Option<String>,
    userinfo: Option<Where>,
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

/// How a client proves at the token endpoint who it is, by the names of the IANA's registry (RFC 8414, section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenEndpointAuth {
    /// As the provider's metadata say.
    #[default]
    Discovered,
    /// A secret in the `Authorization` field.
    ClientSecretBasic,
    /// A secret in the body.
    ClientSecretPost,
    /// A JWT that is signed with a private key (RFC 7523).
    PrivateKeyJwt,
    /// Not at all: there are only public clients.
    None,
}

/// What a provider does with PKCE (RFC 7636), as far as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// It demands it.
    Required,
    /// It documents it, or publishes it in its metadata.
    Documented,
    /// It does not say, and so probably ignores it, as it should (RFC 6749, section 3.1). `state` and the secret remain.
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
enum Where {
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
    /// Reads a record of your own. The [module](super) shows one.
    ///
    /// # Errors
    /// [`InvalidRecord`] if it is no JSON object with the members that a record has, or names neither an issuer nor
    /// endpoints, or both.
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
            (None, [true, true], None) if !matches!(self.userinfo, None | Some(Where::Skip)) => Ok(self),
            _ => Err(InvalidRecord::Endpoints(self.id)),
        }
    }

    /// Whether it does `OpenID` Connect: [`oidc`](Self::oidc) is for those, [`oauth2`](Self::oauth2) for the others.
    pub const fn is_openid(&self) -> bool {
        self.issuer.is_some()
    }

    /// How it wants to send the browser back: give it to [`Oidc::response_mode`](crate::Oidc::response_mode).
    pub const fn response_mode(&self) -> ResponseMode {
        match self.response_mode {
            Mode::Query => ResponseMode::Query,
            Mode::FormPost => ResponseMode::FormPost,
        }
    }

    /// The provider for [`OAuth2::new`](crate::OAuth2::new).
    ///
    /// # Errors
    /// [`InvalidSettings`] if a setting is missing, unknown or impossible, or if this is an `OpenID` provider.
    pub fn oauth2(&self, settings: &[(&str, &str)]) -> Result<Provider, InvalidSettings> {
        let settings = Settings::check(&self.settings, settings)?;
        let fill = |text: &String| settings.fill(text);
        let (Some(authorization_endpoint), Some(token_endpoint), Some(userinfo)) =
            (&self.authorization_endpoint, &self.token_endpoint, &self.userinfo)
        else {
            return Err(InvalidSettings::OpenId);
        };
        let userinfo = match userinfo {
            Where::Get(url) => Userinfo::Get(fill(url)),
            Where::Post(url) => Userinfo::Post(fill(url)),
            Where::TokenResponse | Where::Skip => Userinfo::TokenResponse,
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
    /// [`InvalidSettings`] if a setting is missing, unknown or impossible, or if this is no `OpenID` provider.
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
        if matches!(self.userinfo, Some(Where::Skip)) {
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

/// A text that is no [`Record`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRecord {
    /// It is no JSON, or lacks a member, or has one that no record has.
    #[error("this is no record of a provider")]
    Unreadable(#[source] serde_json::Error),
    /// It must have either an issuer, or both endpoints and the userinfo.
    #[error("the record {0:?} must have an issuer, or else endpoints and userinfo")]
    Endpoints(String),
    /// There is no such algorithm.
    #[error("{0:?} is no signature algorithm")]
    Algorithm(String),
}
