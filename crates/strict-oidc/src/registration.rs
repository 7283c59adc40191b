//! The rules for the registration of a client.

use std::fmt;

use strict_jose::Algorithm;

use crate::client::{Client, ClientFlag, ClientKind, Credentials, GrantType};
use crate::provider::Provider;

/// Everything that is wrong with a registration.
///
/// ```
/// use strict_oidc::{Client, ClientKind, Provider};
///
/// let refused = Client::new("7", "Kitchen Timer", ClientKind::Browser).check(&Provider::new("https://id.example")?).unwrap_err();
/// assert_eq!(refused.problems().len(), 2); // the id, and no redirect URI
/// # Ok::<(), strict_oidc::InvalidIssuer>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationError(Vec<String>);

impl RegistrationError {
    /// One sentence a problem.
    pub fn problems(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for RegistrationError {}

impl Client {
    /// Checks a registration before it is stored. Reports every problem at once.
    ///
    /// # Errors
    /// [`RegistrationError`] if the id, the name, the credentials, a URI, a grant, a scope, a resource, an algorithm or a flag
    /// does not fit the kind of the client or the server.
    pub fn check(&self, provider: &Provider) -> Result<(), RegistrationError> {
        let mut problems = Vec::new();
        let mut demand = |is_met: bool, problem: &str| {
            if !is_met {
                problems.push(problem.to_owned());
            }
        };
        demand(
            is_client_id(&self.id),
            "the id of a client is `c_` and up to 126 letters, digits, - and _: an id without `c_` could be that of a user",
        );
        let has_visible_name = !self.name.trim().is_empty() && !self.name.chars().any(char::is_control);
        demand(
            has_visible_name && self.name.chars().count() <= 100,
            "the name of a client has 1 to 100 characters and no control characters",
        );
        let has_credentials = match &self.credentials {
            Credentials::None => false,
            Credentials::Secrets(secrets) => !secrets.is_empty(),
            Credentials::Keys(keys) => keys.iter().next().is_some(),
        };
        demand(
            self.kind.is_confidential() || !has_credentials,
            "browser and native clients cannot keep a secret: they have no credentials",
        );
        demand(
            !self.kind.is_confidential() || has_credentials,
            "web and service clients authenticate: they have a secret or a key",
        );
        demand(
            self.kind != ClientKind::Service || self.grants == [GrantType::ClientCredentials],
            "service clients have no users: their only grant is client_credentials",
        );
        demand(
            self.kind.is_confidential() || !self.may_use(GrantType::ClientCredentials),
            "client_credentials is for clients that authenticate: web and service",
        );
        demand(
            !self.may_use(GrantType::AuthorizationCode) || !self.redirect_uris.is_empty(),
            "authorization_code needs a redirect URI",
        );
        demand(
            self.kind.is_confidential() || !self.has(ClientFlag::WithoutPkce),
            "PKCE is the only protection of browser and native clients: it stays on",
        );
        demand(
            matches!(self.id_token_algorithm, Algorithm::Rs256 | Algorithm::Es256 | Algorithm::EdDsa),
            "ID tokens are signed with RS256, ES256 or EdDSA",
        );
        demand(
            provider.signs_userinfo || !self.has(ClientFlag::SignedUserinfo),
            "this server does not sign userinfo",
        );
        let is_web_address = |uri: &String| uri.starts_with("https://") || uri.starts_with("http://");
        demand(
            self.backchannel_logout_uri.iter().all(|uri| is_web_address(uri) && !uri.contains('#')),
            "the back-channel logout URI is an http or https URL without a fragment",
        );
        for scope in self.scopes.iter().filter(|scope| !provider.knows_scope(scope)) {
            problems.push(format!("the scope `{scope}` is unknown: define it with a resource first"));
        }
        for uri in self.resources.iter().chain(&self.serves).filter(|uri| provider.resource(uri).is_none()) {
            problems.push(format!("the resource `{uri}` is unknown: define it first"));
        }
        if problems.is_empty() { Ok(()) } else { Err(RegistrationError(problems)) }
    }
}

fn is_client_id(id: &str) -> bool {
    id.strip_prefix("c_").is_some_and(|rest| {
        (1..=126).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}
