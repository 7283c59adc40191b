//! `WWW-Authenticate`: what a client may send to be let in.

use http::HeaderValue;

/// One challenge: an authentication scheme and its parameters, ready to be a `WWW-Authenticate` value.
///
/// A scheme that is known when the program is written costs no allocation, neither to make nor to clone:
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
    /// `Bearer`, without parameters: what a request without any credentials is told
    /// (RFC 6750, section 3.1: such an answer "SHOULD NOT include an error code").
    pub const fn bearer() -> Self {
        Self::from_static("Bearer")
    }

    /// A challenge that is written out in the program.
    ///
    /// # Panics
    /// If the text is not visible ASCII. In a `const` the compiler says so.
    pub const fn from_static(challenge: &'static str) -> Self {
        Self(HeaderValue::from_static(challenge))
    }

    /// A challenge of a scheme and its parameters. Every value is sent as a quoted string, which RFC 9110 allows
    /// for all parameters and requires for `realm`; quotes and backslashes in it are escaped.
    ///
    /// # Errors
    /// [`InvalidChallenge`] if the scheme or a parameter's name is not a token, or a value is not printable ASCII.
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

    /// The value of the header field.
    pub const fn as_header_value(&self) -> &HeaderValue {
        &self.0
    }
}

impl From<Challenge> for HeaderValue {
    fn from(challenge: Challenge) -> Self {
        challenge.0
    }
}

/// The parts given to [`Challenge::new`] cannot be written as a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a challenge needs a token as its scheme and parameter names, and printable ASCII as its values")]
pub struct InvalidChallenge;

/// Several challenges, in the order in which they are sent, each in a `WWW-Authenticate` line of its own:
/// old clients misread a list in one line, because a challenge may itself contain commas.
///
/// The first four are kept in place: a chain of up to four strategies makes its list without allocating.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenges {
    first: [Option<Challenge>; 4],
    more: Vec<Challenge>,
}

impl Challenges {
    /// No challenge at all. An answer 401 must have one (RFC 9110, section 15.5.2).
    pub const fn none() -> Self {
        Self { first: [const { None }; 4], more: Vec::new() }
    }

    /// Adds a challenge at the end, unless the list has it already: two strategies of a chain may both
    /// take bearer tokens.
    pub fn push(&mut self, challenge: Challenge) {
        if self.iter().any(|known| *known == challenge) {
            return;
        }
        match self.first.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(challenge),
            None => self.more.push(challenge),
        }
    }

    /// This list with another one behind it.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        // Not `into_iter`: each request without credentials passes here once for each strategy of the chain.
        for challenge in others.first.into_iter().map_while(|place| place) {
            self.push(challenge);
        }
        others.more.into_iter().for_each(|challenge| self.push(challenge));
        self
    }

    /// The challenges in order.
    pub fn iter(&self) -> impl Iterator<Item = &Challenge> {
        self.first.iter().flatten().chain(&self.more)
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.first[0].is_none()
    }
}

impl From<Challenge> for Challenges {
    fn from(challenge: Challenge) -> Self {
        Self { first: [Some(challenge), None, None, None], more: Vec::new() }
    }
}

impl FromIterator<Challenge> for Challenges {
    fn from_iter<I: IntoIterator<Item = Challenge>>(challenges: I) -> Self {
        let mut list = Self::none();
        challenges.into_iter().for_each(|challenge| list.push(challenge));
        list
    }
}

impl IntoIterator for Challenges {
    type Item = Challenge;
    type IntoIter = std::iter::Chain<
        std::iter::Flatten<std::array::IntoIter<Option<Challenge>, 4>>,
        std::vec::IntoIter<Challenge>,
    >;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().flatten().chain(self.more)
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
    fn what_is_no_token_or_no_text_is_refused() {
        check("", &[], None);
        check("Bea rer", &[], None);
        check("Bearer,", &[], None);
        check("Bearer", &[("re alm", "x")], None);
        check("Bearer", &[("", "x")], None);
        check("Bearer", &[("realm", "line\r\nSet-Cookie: a=b")], None);
        check("Bearer", &[("realm", "café")], None);
    }

    #[test]
    fn a_list_keeps_order_beyond_four_and_drops_duplicates() {
        let schemes = ["A", "B", "C", "D", "E", "F"];
        let list: Challenges = schemes.into_iter().map(Challenge::from_static).collect();
        let twice = list.clone().and(list);
        assert_eq!(twice.iter().map(Challenge::as_header_value).collect::<Vec<_>>(), schemes);
        assert_eq!(twice.into_iter().count(), 6);
        assert!(Challenges::none().is_empty());
        assert!(!Challenges::from(Challenge::bearer()).is_empty());
    }
}
