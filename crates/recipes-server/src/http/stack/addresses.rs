//! The addresses of requests and responses: without a trailing slash, and under the path of `PUBLIC_URL`.
//!
//! With `PUBLIC_URL=https://example.com/recipes` the routes know nothing of the path. It is taken from requests, for proxies that pass it on and for clients that follow our
//! addresses without the proxy; and it is put before the addresses in `Location` and `Link`.

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header, uri::PathAndQuery};

/// `/api/v1/recipes/` is `/api/v1/recipes`, as in the original API.
pub(super) fn remove_trailing_slash(uri: &mut Uri) {
    let path = uri.path();
    if path.starts_with("/api/") && path.ends_with('/') {
        let path = path.trim_end_matches('/').to_owned();
        set_path(uri, path);
    }
}

/// Removes the path of the service from the beginning of an address, if it is there.
pub(super) fn remove(base: &str, uri: &mut Uri) {
    let Some(rest) = uri.path().strip_prefix(base) else { return };
    // A proxy that removes `/api` from `/api/api/v1/recipes` leaves an address that begins with it.
    // One that removes `/recipes` from `/recipes/recipes/7` leaves the page of a recipe.
    let is_rest_of_page = base == "/recipes"
        && rest.strip_prefix('/').is_some_and(|rest| {
            let first = rest.split('/').next().unwrap_or_default();
            first == "new" || !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit())
        });
    let is_of_api = base.starts_with("/api") && rest.starts_with("/v1");
    let is_ours = rest.starts_with('/') && !is_of_api && !is_rest_of_page;
    if !is_ours && !rest.is_empty() {
        return;
    }
    let path = if rest.is_empty() { "/" } else { rest }.to_owned();
    set_path(uri, path);
}

/// Changes the path and keeps the rest. In HTTP/2 the address also names the host.
fn set_path(uri: &mut Uri, mut path: String) {
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    // A part of a valid path is a valid path.
    parts.path_and_query = PathAndQuery::try_from(path).ok();
    if let Ok(changed) = Uri::from_parts(parts) {
        *uri = changed;
    }
}

/// Puts the path of the service before the addresses of a response.
pub(super) fn add(base: &str, headers: &mut HeaderMap) {
    for (name, opening) in [(header::LOCATION, "/"), (header::LINK, "</")] {
        prefix(headers, &name, opening, base);
    }
}

fn prefix(headers: &mut HeaderMap, name: &HeaderName, opening: &str, base: &str) {
    let Some(rest) = headers.get(name).and_then(|value| value.to_str().ok()?.strip_prefix(opening)) else {
        return;
    };
    let before = opening.trim_end_matches('/');
    if let Ok(value) = HeaderValue::try_from(format!("{before}{base}/{rest}")) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_slash_is_removed_and_the_host_kept() {
        for (sent, seen) in [
            ("/api/v1/recipes/?limit=1", "/api/v1/recipes?limit=1"),
            ("https://a.example/api/v1/recipes//", "https://a.example/api/v1/recipes"),
            ("/docs/", "/docs/"),
        ] {
            let mut uri = sent.parse().unwrap();
            remove_trailing_slash(&mut uri);
            assert_eq!(uri, seen, "{sent}");
        }
    }

    #[test]
    fn path_of_the_service_is_taken_from_requests() {
        for (base, sent, seen) in [
            ("/recipes", "/recipes/api/v1/recipes?limit=1", "/api/v1/recipes?limit=1"),
            ("/recipes", "/api/v1/recipes", "/api/v1/recipes"),
            ("/recipes", "/recipes", "/"),
            ("/recipes", "/recipes/", "/"),
            ("/recipes", "/recipes?x", "/?x"),
            ("/recipes", "/recipesque", "/recipesque"),
            ("/recipes", "/recipes/recipes/7", "/recipes/7"),
            ("/recipes", "/recipes/7", "/recipes/7"),
            ("/recipes", "/recipes/7/edit", "/recipes/7/edit"),
            ("/recipes", "/recipes/new", "/recipes/new"),
            ("/api", "/api/v1/recipes", "/api/v1/recipes"),
            ("/api", "/api/api/v1/recipes", "/api/v1/recipes"),
            ("/recipes", "https://a.example/recipes/docs", "https://a.example/docs"),
        ] {
            let mut uri = sent.parse().unwrap();
            remove(base, &mut uri);
            assert_eq!(uri, seen, "{base} {sent}");
        }
    }

    #[test]
    fn path_of_the_service_is_put_before_addresses() {
        for (name, before, after) in [
            ("location", "/api/v1/recipes/1", "/recipes/api/v1/recipes/1"),
            (
                "link",
                "</api/v1/recipes?cursor=x>; rel=\"next\"",
                "</recipes/api/v1/recipes?cursor=x>; rel=\"next\"",
            ),
            ("location", "https://b.example/", "https://b.example/"),
        ] {
            let name: HeaderName = name.parse().unwrap();
            let mut headers = HeaderMap::from_iter([(name.clone(), before.parse().unwrap())]);
            add("/recipes", &mut headers);
            assert_eq!(headers[&name], after);
        }
    }
}
