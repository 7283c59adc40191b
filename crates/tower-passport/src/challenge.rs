//! `WWW-Authenticate`: the schemes by which a client can authenticate.

use http::HeaderValue;
use smallvec::SmallVec;

/// A challenge: an authentication scheme and its parameters, as a `WWW-Authenticate` value.
///
/// A scheme that is written in the program costs no allocation, neither to create nor to clone:
///
/// ```
/// use tower_passport::Challenge;
///
/// let bearer = Challenge::bearer();
/// let api_key = Challenge::from_static("ApiKey");
/// let basic = Challenge::new("Basic", &[("realm", r#"the "old" part"#), ("charset", "UTF-8")])?;
/// assert_eq!(basic.as_header_value(), r#"Basic realm="the \"old\" part", charset="UTF-8""#);
/// # Ok::<(), tower_passport::InvalidChallenge>(())
/// ```
///
/// Source: RFC 9110, sections 11.3 and 11.6.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(HeaderValue);

impl Challenge {
    /// `Bearer` without parameters: the challenge to a request without credentials.
    ///
    /// Such a response "SHOULD NOT include an error code" (RFC 6750, section 3.1).
    pub const fn bearer() -> Self {
        Self::from_static("Bearer")
    }

    /// A challenge that is written out in the program.
    ///
    /// # Panics
    /// If the text is not visible ASCII. In a `const`, compilation fails.
    pub const fn from_static(challenge: &'static str) -> Self {
        Self(HeaderValue::from_static(challenge))
    }

    /// A challenge with parameters.
    ///
    /// Every value is sent as a quoted string, which RFC 9110 allows for all parameters and requires for `realm`. Quotes and
    /// backslashes are escaped.
    ///
    /// # Errors
    /// [`InvalidChallenge`] if the scheme or a parameter name is not a token, or a value is not printable ASCII.
    pub fn new(scheme: &str, parameters: &[(&str, &str)]) -> Result<Self, InvalidChallenge> {
        if !is_token(scheme) {
            return Err(InvalidChallenge);
        }
        let mut text = String::from(scheme);
        for (index, (name, value)) in parameters.iter().enumerate() {
            if !is_token(name) || !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
                return Err(InvalidChallenge);
            }
            text.push_str(if index == 0 { " " } else { ", " });
            text.push_str(name);
            text.push_str("=\"");
            for character in value.chars() {
                if matches!(character, '"' | '\\') {
                    text.push('\\');
                }
                text.push(character);
            }
            text.push('"');
        }
        HeaderValue::try_from(text).map(Self).map_err(|_| InvalidChallenge)
    }

    /// The value of the `WWW-Authenticate` header.
    pub const fn as_header_value(&self) -> &HeaderValue {
        &self.0
    }
}

impl From<Challenge> for HeaderValue {
    fn from(challenge: Challenge) -> Self {
        challenge.0
    }
}

/// The arguments of [`Challenge::new`] cannot be written as a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a challenge needs a token as its scheme and parameter names, and printable ASCII as its values")]
pub struct InvalidChallenge;

/// A list of challenges, each sent as a `WWW-Authenticate` header of its own.
///
/// Old clients misread several challenges in one header, because a challenge may itself contain commas. A list of up to
/// four challenges is stored inline, so a chain of four strategies builds it without an allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenges(SmallVec<[Challenge; 4]>);

impl Challenges {
    /// An empty list. A 401 response must have at least one challenge (RFC 9110, section 15.5.2).
    pub const fn none() -> Self {
        Self(SmallVec::new_const())
    }

    /// Adds a challenge at the end, unless the list contains it: two strategies of a chain may both read bearer tokens.
    pub fn push(&mut self, challenge: Challenge) {
        if !self.0.contains(&challenge) {
            self.0.push(challenge);
        }
    }

    /// This list followed by the challenges of another one.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        others.0.into_iter().for_each(|challenge| self.push(challenge));
        self
    }

    /// The challenges, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Challenge> {
        self.0.iter()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Challenge> for Challenges {
    fn from(challenge: Challenge) -> Self {
        let mut list = Self::none();
        list.0.push(challenge);
        list
    }
}

impl FromIterator<Challenge> for Challenges {
    fn from_iter<I: IntoIterator<Item = Challenge>>(challenges: I) -> Self {
        let mut list = Self::none();
        challenges.into_iter().for_each(|challenge| list.push(challenge));
        list
    }
}

/// RFC 9110, section 5.6.2.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scheme: &str, parameters: &[(&str, &str)], want: Option<&str>) {
        let challenge = Challenge::new(scheme, parameters).ok();
        assert_eq!(challenge.as_ref().map(|made| made.as_header_value().to_str().unwrap()), want);
    }

    #[test]
    fn a_challenge_is_a_scheme_and_quoted_parameters() {
        check("Bearer", &[], Some("Bearer"));
        check("Bearer", &[("realm", "recipes")], Some(r#"Bearer realm="recipes""#));
        check("Basic", &[("realm", "a"), ("charset", "UTF-8")], Some(r#"Basic realm="a", charset="UTF-8""#));
        check("Basic", &[("realm", r#"say "hi" \o/"#)], Some(r#"Basic realm="say \"hi\" \\o/""#));
        check("Basic", &[("realm", "")], Some(r#"Basic realm="""#));
    }

    #[test]
    fn schemes_and_names_must_be_tokens_and_values_printable() {
        check("", &[], None);
        check("Bea rer", &[], None);
        check("Bearer,", &[], None);
        check("Bearer", &[("re alm", "x")], None);
        check("Bearer", &[("", "x")], None);
        check("Bearer", &[("realm", "line\r\nSet-Cookie: a=b")], None);
        check("Bearer", &[("realm", "café")], None);
    }

    #[test]
    fn a_list_keeps_its_order_and_drops_duplicates() {
        let schemes = ["A", "B", "C", "D", "E", "F"];
        let list: Challenges = schemes.into_iter().map(Challenge::from_static).collect();
        let twice = list.clone().and(list);
        assert_eq!(twice.iter().map(Challenge::as_header_value).collect::<Vec<_>>(), schemes);
        assert!(Challenges::none().is_empty());
        assert!(!Challenges::from(Challenge::bearer()).is_empty());
    }
}
