/// The issuer of ID tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// A single issuer. Its metadata are below its own URL.
    One(String),
    /// A provider with one issuer for each tenant and a shared metadata document (Microsoft).
    ManyTenants {
        /// The base URL of the metadata: `https://login.microsoftonline.com/common/v2.0`.
        discovery: String,
        /// The issuer in the metadata, in which an ID token replaces the placeholder by its own `tid`:
        /// `https://login.microsoftonline.com/{tenantid}/v2.0`.
        template: String,
    },
}

impl Issuer {
    /// The base URL of the metadata.
    pub(super) fn discovery(&self) -> &str {
        match self {
            Self::One(issuer) => issuer,
            Self::ManyTenants { discovery, .. } => discovery,
        }
    }

    /// The issuer in the metadata, character by character.
    pub(super) fn in_metadata(&self) -> &str {
        match self {
            Self::One(issuer) => issuer,
            Self::ManyTenants { template, .. } => template,
        }
    }

    /// Whether a template has exactly one place for the tenant, so that an issuer can be split in only one way.
    pub(super) fn has_valid_template(&self) -> bool {
        match self {
            Self::One(_) => true,
            Self::ManyTenants { template, .. } => template.matches(TENANT).count() == 1,
        }
    }

    /// Whether an ID token of this tenant may name this issuer.
    pub(super) fn is(&self, iss: &str, tenant: Option<&str>) -> bool {
        match self {
            Self::One(issuer) => issuer == iss,
            Self::ManyTenants { template, .. } => {
                tenant.is_some_and(|tenant| is_tenant(tenant) && template.replace(TENANT, tenant) == iss)
            }
        }
    }

    /// Whether an authorization response may name this issuer. The ID token names the tenant later.
    pub(super) fn may_be(&self, iss: &str) -> bool {
        match self {
            Self::One(issuer) => issuer == iss,
            Self::ManyTenants { template, .. } => {
                let tenant = template.split_once(TENANT).and_then(|(before, after)| {
                    iss.strip_prefix(before).and_then(|rest| rest.strip_suffix(after))
                });
                tenant.is_some_and(is_tenant)
            }
        }
    }
}

const TENANT: &str = "{tenantid}";

/// Whether the name cannot change the rest of the URL.
fn is_tenant(tenant: &str) -> bool {
    !tenant.is_empty() && tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many() -> Issuer {
        Issuer::ManyTenants {
            discovery: "https://id.example/common".into(),
            template: "https://id.example/{tenantid}/v2.0".into(),
        }
    }

    #[test]
    fn a_single_issuer_is_compared_character_by_character() {
        let issuer = Issuer::One("https://id.example".into());
        assert!(issuer.is("https://id.example", None) && issuer.may_be("https://id.example"));
        for other in ["https://id.example/", "https://ID.example", "http://id.example", ""] {
            assert!(!issuer.is(other, None) && !issuer.may_be(other), "{other}");
        }
    }

    #[test]
    fn the_token_names_the_tenant() {
        assert!(many().is("https://id.example/9188-40ad/v2.0", Some("9188-40ad")));
        for (iss, tenant) in [
            ("https://id.example/9188-40ad/v2.0", None),
            ("https://id.example/9188-40ad/v2.0", Some("0000")),
            ("https://id.example/{tenantid}/v2.0", Some("{tenantid}")),
            ("https://id.example/a/../b/v2.0", Some("a/../b")),
            ("https://id.example//v2.0", Some("")),
            ("https://evil.example/9188-40ad/v2.0", Some("9188-40ad")),
        ] {
            assert!(!many().is(iss, tenant), "{iss}");
        }
    }

    #[test]
    fn an_authorization_response_may_name_any_tenant() {
        assert!(many().may_be("https://id.example/9188-40ad/v2.0"));
        for other in ["https://id.example/v2.0", "https://id.example/a/b/v2.0", "https://evil.example/a/v2.0"]
        {
            assert!(!many().may_be(other), "{other}");
        }
    }
}
