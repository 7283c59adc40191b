//! The parameters of a request, as a query or a form.

use url::form_urlencoded;
use zeroize::Zeroize as _;

use crate::error::{ErrorCode, OAuthError};

/// The longest query or form that is read: 16 KiB. Servers accept 8 KiB in a URL, a pushed request may be longer.
const MAX_LEN: usize = 16 * 1024;

/// The parameters of a request: a query or a form of the type `application/x-www-form-urlencoded`
/// ([RFC 6749, appendix B](https://www.rfc-editor.org/rfc/rfc6749#appendix-B)).
///
/// A parameter without a value counts as absent. A parameter that is read and was sent twice is an error
/// ([RFC 6749 §3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)). Unknown parameters are ignored.
///
/// ```
/// use strict_oidc::Parameters;
///
/// let parameters = Parameters::parse("state=a%20b&nonce=&prompt=none&prompt=login")?;
/// assert_eq!(parameters.get("state")?, Some("a b"));
/// assert_eq!(parameters.get("nonce")?, None);
/// assert_eq!(parameters.get("prompt").unwrap_err().to_string(), "invalid_request: the parameter 'prompt' was sent twice");
/// # Ok::<(), strict_oidc::OAuthError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

/// Wiped, because parameters can be the secret of a client or a password.
impl Drop for Parameters {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|(_, value)| value.zeroize());
    }
}

impl Parameters {
    /// Reads a query, without its `?`, or a form.
    ///
    /// # Errors
    /// `invalid_request` if the text is longer than 16 KiB.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        if text.len() > MAX_LEN {
            return Err(OAuthError::new(ErrorCode::InvalidRequest, "the request is longer than 16 KiB"));
        }
        Ok(Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect()))
    }

    /// The value of a parameter that may be sent once.
    ///
    /// # Errors
    /// `invalid_request` if the parameter was sent twice.
    pub fn get(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut values = self.0.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            let description = format!("the parameter '{name}' was sent twice");
            return Err(OAuthError::new(ErrorCode::InvalidRequest, description));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// The value of a parameter that the request needs.
    ///
    /// ```
    /// # use strict_oidc::Parameters;
    /// let refused = Parameters::parse("a=b")?.require("code").unwrap_err();
    /// assert_eq!(refused.to_string(), "invalid_request: the parameter 'code' is missing");
    /// # Ok::<(), strict_oidc::OAuthError>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_request` if the parameter is missing, empty or sent twice.
    pub fn require(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name)?.ok_or_else(|| {
            OAuthError::new(ErrorCode::InvalidRequest, format!("the parameter '{name}' is missing"))
        })
    }

    /// Every value of a parameter that may be repeated, such as `resource`.
    ///
    /// ```
    /// # use strict_oidc::Parameters;
    /// assert!(Parameters::parse("resource=a&resource=b")?.all("resource").eq(["a", "b"]));
    /// # Ok::<(), strict_oidc::OAuthError>(())
    /// ```
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(own, value)| own == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The parameters as a query, in their order.
    ///
    /// ```
    /// # use strict_oidc::Parameters;
    /// assert_eq!(Parameters::parse("a=%20&b=<")?.to_query(), "a=+&b=%3C");
    /// # Ok::<(), strict_oidc::OAuthError>(())
    /// ```
    pub fn to_query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// These parameters without one of them.
    pub(crate) fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(own, _)| own != name).cloned().collect())
    }

    /// These parameters and one more, for example for a test.
    ///
    /// ```
    /// # use strict_oidc::Parameters;
    /// assert_eq!(Parameters::default().with("state", "a b").to_query(), "state=a+b");
    /// ```
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }
}
