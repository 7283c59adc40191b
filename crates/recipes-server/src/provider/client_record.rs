//! Clients as they are stored.

use serde::{Deserialize, Serialize};
use store::ClientRow;
use strict_jose::{Algorithm, KeySet};
use strict_oidc::{
    AssertionAudience, Client, ClientFlag, ClientKind, Credentials, GrantType, Provider, RedirectUri, Scopes,
    SecretRecord,
};

/// The JSON text of a client. Fields are added with `#[serde(default)]`, so that old rows stay readable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientRecord {
    pub name: String,
    pub kind: ClientKind,
    #[serde(default)]
    pub disabled: bool,
    #[serde(default)]
    pub secrets: Vec<SecretRecord>,
    /// The public keys of a client that signs assertions instead of sending a secret, as a JWKS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    #[serde(default)]
    pub assertion_audience: AssertionAudience,
    #[serde(default)]
    pub redirect_uris: Vec<RedirectUri>,
    pub grants: Vec<GrantType>,
    pub scopes: Scopes,
    /// Where the browser may go after a log-out.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where the client is told that a session has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// The resources that the client is the server of. It may introspect the tokens for them.
    #[serde(default)]
    pub serves: Vec<String>,
    /// The resources that the client may ask for, the default first. Empty: the recipe API of this service.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// The name of the algorithm of its ID tokens. `None`: RS256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_algorithm: Option<String>,
    #[serde(default)]
    pub flags: Vec<ClientFlag>,
}

impl ClientRecord {
    /// A client with the usual grants and scopes of its kind, without redirect URIs and credentials.
    pub fn new(name: impl Into<String>, kind: ClientKind) -> Self {
        let usual = Client::new("c_new", name, kind);
        let scopes = format!("{} recipes:read", usual.scopes);
        let scopes = Scopes::parse(scopes.trim()).unwrap_or(usual.scopes);
        Self {
            name: usual.name,
            kind,
            disabled: false,
            secrets: Vec::new(),
            jwks: None,
            assertion_audience: AssertionAudience::default(),
            redirect_uris: Vec::new(),
            grants: usual.grants,
            scopes,
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            serves: Vec::new(),
            audiences: Vec::new(),
            id_token_algorithm: None,
            flags: Vec::new(),
        }
    }

    /// # Errors
    /// If the text is not one of [`to_json`](Self::to_json).
    pub fn of(row: &ClientRow) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&row.record)
    }

    /// # Errors
    /// None: every value has a text.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// The client as the protocol sees it. Without audiences of its own, it gets tokens for the recipe API of this service, so a
    /// change of `PUBLIC_URL` changes no rows.
    pub fn client(&self, id: &str, provider: &Provider) -> Client {
        let mut client = Client::new(id, &*self.name, self.kind);
        client.is_disabled = self.disabled;
        client.credentials = self.credentials();
        client.assertion_audience = self.assertion_audience;
        client.redirect_uris.clone_from(&self.redirect_uris);
        client.grants.clone_from(&self.grants);
        client.scopes = self.scopes.clone();
        client.resources = match &self.audiences[..] {
            [] => provider.resources.first().map(|resource| resource.uri.clone()).into_iter().collect(),
            own => own.to_vec(),
        };
        client.post_logout_redirect_uris.clone_from(&self.post_logout_redirect_uris);
        client.backchannel_logout_uri.clone_from(&self.backchannel_logout_uri);
        client.serves.clone_from(&self.serves);
        let algorithm = self.id_token_algorithm.as_deref().and_then(|name| name.parse().ok());
        client.id_token_algorithm = algorithm.unwrap_or(Algorithm::Rs256);
        client.flags.clone_from(&self.flags);
        client
    }

    /// Keys that cannot be read are no credentials, so that such a client is refused and not let in without any.
    fn credentials(&self) -> Credentials {
        match (&self.jwks, &self.secrets[..]) {
            (Some(jwks), _) => {
                KeySet::from_jwks(jwks).map_or(Credentials::Secrets(Vec::new()), Credentials::Keys)
            }
            (None, []) => Credentials::None,
            (None, secrets) => Credentials::Secrets(secrets.to_vec()),
        }
    }
}
