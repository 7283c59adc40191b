//! Claims about users, and the parameter `claims`
//! ([OpenID Connect Core §5](https://openid.net/specs/openid-connect-core-1_0.html#Claims)).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{ErrorCode, OAuthError};
use crate::provider::Provider;
use crate::scopes::Scopes;

/// The claims of each scope ([OpenID Connect Core §5.4](https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims)).
const BY_SCOPE: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// The most claims that a request may name. A consent page that lists more is not read.
const MAX_NAMES: usize = 64;

/// What the server knows about a user, as claims.
///
/// Only the claims of OpenID Connect's scopes are ever sent, and of those only what the user consented to.
///
/// ```
/// use strict_oidc::UserClaims;
///
/// let user = UserClaims::default().with("name", "Ada").with("email", "ada@example.org").with("email_verified", true);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserClaims(Map<String, Value>);

impl UserClaims {
    /// Adds a claim. `updated_at` is in seconds since 1970.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The claims that these scopes and names allow.
    pub(crate) fn select(&self, scopes: &Scopes, names: &[String]) -> Map<String, Value> {
        let is_allowed = |name: &str| {
            scope_of(name).is_some_and(|scope| scopes.contains(scope) || names.iter().any(|own| own == name))
        };
        self.0
            .iter()
            .filter(|(name, _)| is_allowed(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// The scope that a claim belongs to.
fn scope_of(claim: &str) -> Option<&'static str> {
    BY_SCOPE.iter().find(|(_, claims)| claims.contains(&claim)).map(|(scope, _)| *scope)
}

/// The claims that a server with these scopes can send, for its metadata.
pub(crate) fn supported(provider: &Provider) -> Vec<&'static str> {
    let protocol = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"];
    let of_users = BY_SCOPE
        .iter()
        .filter(|(scope, _)| provider.is_identity_scope(scope))
        .flat_map(|(_, claims)| *claims);
    protocol.iter().chain(of_users).copied().collect()
}

/// The parameter `claims` of an authorization request, as far as it is supported: names of claims for userinfo and for the ID
/// token, a wanted `sub`, and an essential `acr`
/// ([OpenID Connect Core §5.5](https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter)).
///
/// ```
/// use strict_oidc::ClaimsRequest;
///
/// let request = ClaimsRequest::parse(r#"{"userinfo":{"name":{"essential":true}},"id_token":{"acr":{"essential":true,"value":"aal2"}}}"#)?;
/// assert_eq!(request.userinfo, ["name"]);
/// assert_eq!(request.essential_acr, ["aal2"]);
/// # Ok::<(), strict_oidc::OAuthError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClaimsRequest {
    /// The claims for userinfo.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub userinfo: Vec<String>,
    /// The claims for the ID token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id_token: Vec<String>,
    /// The accepted authentication levels. Empty: the request demands none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub essential_acr: Vec<String>,
    /// The `sub` that the user must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl ClaimsRequest {
    /// Reads the parameter. Unknown claims and members are ignored.
    ///
    /// # Errors
    /// `invalid_request` if the text is not a JSON object of objects, or names more than 64 claims.
    pub fn parse(json: &str) -> Result<Self, OAuthError> {
        let invalid = |problem| OAuthError::new(ErrorCode::InvalidRequest, problem);
        let root: Map<String, Value> =
            serde_json::from_str(json).map_err(|_| invalid("the parameter 'claims' is not a JSON object"))?;
        let mut request = Self::default();
        for (place, names) in [("userinfo", &mut request.userinfo), ("id_token", &mut request.id_token)] {
            let claims = match root.get(place) {
                None | Some(Value::Null) => continue,
                Some(Value::Object(claims)) => claims,
                Some(_) => return Err(invalid("the members of the parameter 'claims' are objects")),
            };
            if claims.len() > MAX_NAMES {
                return Err(invalid("the parameter 'claims' names more than 64 claims"));
            }
            names.extend(claims.keys().filter(|name| scope_of(name).is_some()).cloned());
            if let Some(subject) = claims.get("sub").and_then(|sub| sub.get("value")).and_then(Value::as_str)
            {
                request.subject = Some(subject.to_owned());
            }
            if let Some(acr) = claims.get("acr").filter(|_| place == "id_token") {
                request.essential_acr = essential_values(acr);
            }
        }
        Ok(request)
    }

    /// The scopes that the user must consent to before these claims are sent.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = &'static str> {
        self.userinfo.iter().chain(&self.id_token).filter_map(|claim| scope_of(claim))
    }

    /// Removes the claims whose scope is not allowed.
    pub(crate) fn retain(&mut self, is_allowed: impl Fn(&str) -> bool) {
        for names in [&mut self.userinfo, &mut self.id_token] {
            names.retain(|claim| scope_of(claim).is_some_and(&is_allowed));
        }
    }
}

/// The values of an essential claim.
fn essential_values(claim: &Value) -> Vec<String> {
    if claim.get("essential") != Some(&Value::Bool(true)) {
        return Vec::new();
    }
    let one = claim.get("value").into_iter();
    let several = claim.get("values").and_then(Value::as_array).into_iter().flatten();
    one.chain(several).filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_claims_of_granted_scopes_and_names_are_selected() {
        let user = UserClaims::default()
            .with("name", "Ada")
            .with("email", "a@b")
            .with("iss", "evil")
            .with("role", "x");
        let selected = |scopes: &str, names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            user.select(&Scopes::parse(scopes).unwrap(), &names)
                .into_iter()
                .map(|(name, _)| name)
                .collect::<Vec<_>>()
        };
        assert_eq!(selected("openid profile", &[]), ["name"]);
        assert_eq!(selected("openid", &["name", "iss", "role"]), ["name"]);
        assert_eq!(selected("email profile", &[]), ["email", "name"]);
        assert!(selected("openid", &[]).is_empty());
    }

    #[test]
    fn other_json_is_refused_and_unknown_members_are_ignored() {
        for json in ["", "[]", "1", "{", r#"{"userinfo":[]}"#, r#"{"id_token":"name"}"#] {
            assert_eq!(ClaimsRequest::parse(json).unwrap_err().code(), ErrorCode::InvalidRequest, "{json}");
        }
        let many: Map<_, _> = (0..65).map(|index| (format!("claim{index}"), Value::Null)).collect();
        assert!(ClaimsRequest::parse(&serde_json::json!({ "userinfo": many }).to_string()).is_err());
        for json in ["{}", r#"{"userinfo":null,"other":[1]}"#, r#"{"userinfo":{"role":null}}"#] {
            assert_eq!(ClaimsRequest::parse(json), Ok(ClaimsRequest::default()), "{json}");
        }
    }
}
