//! Clients as they are stored.

use serde::{Deserialize, Serialize};
use store::ClientRow;
use strict_oidc::{
    Client, ClientFlag, ClientKind, Credentials, GrantType, Provider, RedirectUri, Scopes, SecretRecord,
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
    #[serde(default)]
    pub redirect_uris: Vec<RedirectUri>,
    pub grants: Vec<GrantType>,
    pub scopes: Scopes,
    /// Where the browser may go after a log-out.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// The resources that the client is the server of. It may introspect the tokens for them.
    #[serde(default)]
    pub serves: Vec<String>,
    /// The resources that the client may ask for, the default first. Empty: the recipe API of this service.
    #[serde(default)]
    pub audiences: Vec<String>,
    #[serde(default)]
    pub flags: Vec<ClientFlag>,
}

impl ClientRecord {
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
        client.credentials = match &self.secrets[..] {
            [] => Credentials::None,
            secrets => Credentials::Secrets(secrets.to_vec()),
        };
        client.redirect_uris.clone_from(&self.redirect_uris);
        client.grants.clone_from(&self.grants);
        client.scopes = self.scopes.clone();
        client.resources = match &self.audiences[..] {
            [] => provider.resources.first().map(|resource| resource.uri.clone()).into_iter().collect(),
            own => own.to_vec(),
        };
        client.post_logout_redirect_uris.clone_from(&self.post_logout_redirect_uris);
        client.serves.clone_from(&self.serves);
        client.flags.clone_from(&self.flags);
        client
    }
}
