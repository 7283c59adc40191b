//! Where somebody may be sent without a thought.

use std::fmt;

/// A path of this site, to which somebody may be sent without a thought: where he was going when he had to log in.
///
/// Whatever a request says about that is checked here first. `//evil.example` and `/\evil.example` are other sites for a
/// browser, and so may be what has a tab or a line break in it.
///
/// ```
/// use tower_passport::LocalPath;
///
/// assert_eq!(LocalPath::parse("/recipes?page=2#soup")?.as_str(), "/recipes?page=2#soup");
/// for elsewhere in ["https://evil.example", "//evil.example", r"/\evil.example", "/\t/evil.example", "javascript:1"] {
///     assert!(LocalPath::parse(elsewhere).is_err());
/// }
/// # Ok::<(), tower_passport::InvalidPath>(())
/// ```
///
/// Source: RFC 9700, section 4.11 (open redirectors); WHATWG URL, section 4.4.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "oauth2", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "oauth2", serde(try_from = "String", into = "String"))]
pub struct LocalPath(String);

impl LocalPath {
    /// `/`.
    pub fn root() -> Self {
        Self("/".into())
    }

    /// A path, perhaps with a query and a fragment.
    ///
    /// # Errors
    /// [`InvalidPath`] if it does not begin with exactly one slash, has a backslash or anything but visible ASCII in it,
    /// or is longer than 512 characters, as it travels in a cookie.
    pub fn parse(path: &str) -> Result<Self, InvalidPath> {
        let rest = path.strip_prefix('/').ok_or(InvalidPath)?;
        let is_plain = rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if rest.starts_with('/') || !is_plain || path.len() > 512 {
            return Err(InvalidPath);
        }
        Ok(Self(path.to_owned()))
    }

    /// The text of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LocalPath {
    type Error = InvalidPath;

    fn try_from(path: String) -> Result<Self, InvalidPath> {
        Self::parse(&path)
    }
}

impl From<LocalPath> for String {
    fn from(LocalPath(path): LocalPath) -> Self {
        path
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The text is no [`LocalPath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a path must begin with one slash, be visible ASCII without backslashes, and have at most 512 characters"
)]
pub struct InvalidPath;
