//! Query parameters and preferences. An unknown parameter is an error that suggests the nearest known one: a misspelt filter
//! that is silently ignored returns the wrong data.

use std::{borrow::Cow, convert::Infallible};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderValue, Uri, request::Parts};
use jiff::Timestamp;
use jiff::civil::Date;
use recipes::time::{parse_date, parse_time_or_date};

use crate::http::error::RequestError;

/// The query parameters of one request: each is known to the route and given once.
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// # Errors
    /// [`RequestError::Malformed`] for a parameter that is not in `known`, or is given twice.
    pub fn parse(uri: &'a Uri, known: &[&str]) -> Result<Self, RequestError> {
        Self::parse_repeatable(uri, known, &[])
    }

    /// The same, where parameters of `repeatable` may be given several times.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_repeatable(uri: &'a Uri, known: &[&str], repeatable: &[&str]) -> Result<Self, RequestError> {
        let mut parameters: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            // jQuery and others add the time as `_`, so that no cache answers.
            if name == "_" {
                continue;
            }
            if !known.contains(&&*name) {
                let message = format!("Unknown query parameter \"{name}\"; {}", did_you_mean(&name, known));
                return Err(RequestError::Malformed(message.into()));
            }
            if parameters.iter().any(|(earlier, _)| *earlier == name) && !repeatable.contains(&&*name) {
                let message = format!("The query parameter \"{name}\" is given more than once");
                return Err(RequestError::Malformed(message.into()));
            }
            parameters.push((name, value));
        }
        Ok(Self(parameters))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// All values of a repeatable parameter.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// A time that results are bounded by. A date stands for its beginning in UTC.
    ///
    /// # Errors
    /// [`RequestError::Malformed`].
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, RequestError> {
        self.parsed(name, parse_time_or_date)
    }

    /// # Errors
    /// [`RequestError::Malformed`].
    pub fn date(&self, name: &str) -> Result<Option<Date>, RequestError> {
        self.parsed(name, parse_date)
    }

    fn parsed<T>(
        &self,
        name: &str,
        parse: fn(&str) -> Result<T, &'static str>,
    ) -> Result<Option<T>, RequestError> {
        let malformed = |expected: &'static str| RequestError::Malformed(format!("{name} {expected}").into());
        self.get(name).map(|text| parse(text).map_err(malformed)).transpose()
    }

    /// The parameters with these names as a query, in the order in which they came.
    pub fn canonical(&self, names: &[&str]) -> String {
        let mut canonical = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.0.iter().filter(|(name, _)| names.contains(&&**name)) {
            canonical.append_pair(name, value);
        }
        canonical.finish()
    }
}

/// For routes without parameters: any parameter is an error.
pub struct NoQuery;

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = RequestError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, RequestError> {
        Query::parse(&parts.uri, &[]).map(|_| Self)
    }
}

/// Suggests the nearest known name, or lists them all when none is near.
pub fn did_you_mean(name: &str, known: &[&str]) -> String {
    let nearest =
        known.iter().max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)));
    match nearest {
        Some(nearest) if strsim::jaro_winkler(name, nearest) > 0.7 => format!("did you mean \"{nearest}\"?"),
        Some(_) => format!("known parameters: {}", known.join(", ")),
        None => "this address has no parameters".to_owned(),
    }
}

/// Whether a list includes its total count, which must be counted for each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    Exact,
    NotAsked,
}

impl Count {
    /// The count, if the client asked for it.
    ///
    /// # Errors
    /// Those of `counting`.
    pub async fn of<E>(self, counting: impl Future<Output = Result<u64, E>>) -> Result<Option<u64>, E> {
        match self {
            Self::Exact => counting.await.map(Some),
            Self::NotAsked => Ok(None),
        }
    }
}

/// Sets `Preference-Applied` (RFC 7240 section 3) on a list with its total count.
pub fn set_count_applied(headers: &mut HeaderMap) {
    headers.insert("preference-applied", HeaderValue::from_static("count=exact"));
}

impl<S: Sync> FromRequestParts<S> for Count {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(if prefers(&parts.headers, "count", "exact") { Self::Exact } else { Self::NotAsked })
    }
}

/// Whether `Prefer` (RFC 7240) contains `token=value`.
pub fn prefers(headers: &HeaderMap, token: &str, value: &str) -> bool {
    let lines = headers.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|preference| {
        let preference = preference.split(';').next().unwrap_or_default();
        let (name, asked) = preference.split_once('=').unwrap_or((preference, ""));
        name.trim().eq_ignore_ascii_case(token) && asked.trim().trim_matches('"') == value
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_buster_is_ignored() {
        let uri: Uri = "/?_=1695&limit=2&_=1696".parse().unwrap();
        assert_eq!(Query::parse(&uri, &["limit"]).ok().unwrap().get("limit"), Some("2"));
        assert!(Query::parse(&uri, &[]).is_err());
    }

    #[test]
    fn near_name_is_suggested_and_otherwise_all_are_listed() {
        assert_eq!(did_you_mean("limt", &["limit", "cursor"]), "did you mean \"limit\"?");
        assert_eq!(did_you_mean("zzz", &["limit", "cursor"]), "known parameters: limit, cursor");
    }

    #[test]
    fn preference_is_found_in_any_spelling() {
        for (line, want) in [
            ("count=exact", true),
            ("handling=strict, Count = \"exact\"; x=y", true),
            ("count=estimated", false),
            ("count", false),
            ("discount=exact", false),
        ] {
            let headers =
                HeaderMap::from_iter([(http::HeaderName::from_static("prefer"), line.parse().unwrap())]);
            assert_eq!(prefers(&headers, "count", "exact"), want, "{line}");
        }
    }
}
