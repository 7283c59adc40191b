use std::collections::BTreeMap;

use url::Url;

/// The values of the settings of a record: a tenant, a realm, a server.
pub(super) struct Settings<'a>(Vec<(&'a str, String)>);

impl<'a> Settings<'a> {
    /// Checks that exactly the settings of the record are given, and that no value can change the rest of a URL.
    pub(super) fn check(
        wanted: &'a BTreeMap<String, String>,
        given: &[(&str, &str)],
    ) -> Result<Self, InvalidSettings> {
        if let Some((unknown, _)) = given.iter().find(|(name, _)| !wanted.contains_key(*name)) {
            return Err(InvalidSettings::Unknown((*unknown).to_owned()));
        }
        let value_of = |(name, about): (&'a String, &String)| {
            let value = given.iter().find(|(given, _)| given == name).map(|(_, value)| *value);
            let value =
                value.ok_or_else(|| InvalidSettings::Missing { name: name.clone(), about: about.clone() })?;
            let checked = if name == "base" { base(value) } else { part(value) };
            let invalid = || InvalidSettings::Invalid { name: name.clone(), about: about.clone() };
            Ok((name.as_str(), checked.ok_or_else(invalid)?))
        };
        wanted.iter().map(value_of).collect::<Result<_, _>>().map(Self)
    }

    /// The text with the placeholders of the settings replaced. Other placeholders are replaced at the log-in.
    pub(super) fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }
}

/// A server: `https` (or `http` for loopback) and perhaps a path, without a query.
fn base(value: &str) -> Option<String> {
    let url = Url::parse(value).ok()?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let is_loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let is_secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback);
    (is_plain && url.password().is_none() && is_secure).then(|| value.trim_end_matches('/').to_owned())
}

/// A host name, a part of one, or a path segment.
fn part(value: &str) -> Option<String> {
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_part =
        value.starts_with(|first: char| first.is_ascii_alphanumeric()) && value.bytes().all(is_inside);
    is_part.then(|| value.to_owned())
}

/// The settings of a record are invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSettings {
    /// The record has no such setting.
    #[error("this provider has no setting {0:?}")]
    Unknown(String),
    /// A setting is missing.
    #[error("this provider needs the setting {name:?}: {about}")]
    Missing {
        /// The name of the setting.
        name: String,
        /// Its description.
        about: String,
    },
    /// `base` must be an `https` URL without a query. Every other setting must be letters, digits, `.`, `-` and `_`.
    #[error("the setting {name:?} is invalid, it is {about}")]
    Invalid {
        /// The name of the setting.
        name: String,
        /// Its description.
        about: String,
    },
    /// [`Record::oauth2`](super::Record::oauth2) was called for an `OpenID` provider.
    #[error("this is an OpenID provider: use `Record::oidc`")]
    OpenId,
    /// [`Record::oidc`](super::Record::oidc) was called for a provider without `OpenID` Connect.
    #[error("this is an OAuth 2.0 provider: use `Record::oauth2`")]
    OAuth2,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &[(&str, &str)], want: Result<&str, &str>) {
        let wanted = [("base", "the server"), ("realm", "its realm")];
        let wanted = wanted.map(|(name, about)| (name.to_owned(), about.to_owned())).into();
        let filled =
            Settings::check(&wanted, given).map(|settings| settings.fill("{base}/realms/{realm}?{uid}"));
        assert_eq!(filled.map_err(|error| error.to_string()), want.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn settings_replace_placeholders() {
        let want = Ok("https://id.example/auth/realms/Kitchen-1.x_y?{uid}");
        check(&[("base", "https://id.example/auth/"), ("realm", "Kitchen-1.x_y")], want);
        check(
            &[("realm", "a"), ("base", "http://127.0.0.1:8080")],
            Ok("http://127.0.0.1:8080/realms/a?{uid}"),
        );
    }

    #[test]
    fn missing_and_unknown_settings_are_named() {
        check(
            &[("base", "https://id.example")],
            Err(r#"this provider needs the setting "realm": its realm"#),
        );
        check(&[("tenant", "a")], Err(r#"this provider has no setting "tenant""#));
    }

    #[test]
    fn a_setting_cannot_change_the_rest_of_the_url() {
        let bad = Err(r#"the setting "realm" is invalid, it is its realm"#);
        for realm in ["", "..", "a/b", "a?b", "a#b", "a@b", "a%2fb", ".a", "-a", "a:1", "{base}", "ä"] {
            check(&[("base", "https://id.example"), ("realm", realm)], bad);
        }
        let bad = Err(r#"the setting "base" is invalid, it is the server"#);
        for base in [
            "",
            "id.example",
            "http://id.example",
            "https://a:b@id.example",
            "https://id.example?a",
            "ftp://a",
        ] {
            check(&[("base", base), ("realm", "a")], bad);
        }
    }
}
