//! Paths that are safe to redirect to.

use std::fmt;

/// A path of this site that is safe to redirect to, for example the page that a user wanted before the log-in.
///
/// Client input must be parsed as one before a redirect. Browsers treat `//evil.example` and `/\evil.example` as other sites,
/// and remove tabs and line breaks from a URL.
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
    /// The path `/`.
    pub fn root() -> Self {
        Self("/".into())
    }

    /// Parses a path, with an optional query and fragment.
    ///
    /// # Errors
    /// [`InvalidPath`] if the path does not begin with exactly one slash, contains a backslash or anything but visible ASCII, or is
    /// longer than 512 characters (it travels in a cookie).
    pub fn parse(path: &str) -> Result<Self, InvalidPath> {
        let rest = path.strip_prefix('/').ok_or(InvalidPath)?;
        let is_plain = rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if rest.starts_with('/') || !is_plain || path.len() > 512 {
            return Err(InvalidPath);
        }
        Ok(Self(path.to_owned()))
    }

    /// The text of the path.
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

/// The text is not a [`LocalPath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a path must begin with one slash, be visible ASCII without backslashes, and have at most 512 characters"
)]
pub struct InvalidPath;
