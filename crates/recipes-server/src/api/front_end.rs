//! A built front end beside the API, from the folder of the setting `STATIC_DIR`.

use std::path::{Component, Path, PathBuf};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use tower_http::services::{ServeDir, ServeFile};
use tower_service::Service;

use crate::http::error::RequestError;

const INDEX: &str = "index.html";

/// The files of a front end.
#[derive(Clone, Debug)]
pub struct FrontEnd {
    files: ServeDir,
    index: ServeFile,
}

impl FrontEnd {
    /// The files in `folder`, which must not contain any of the `private` ones or lie in them.
    ///
    /// # Errors
    /// Why the folder cannot be served, and what to do.
    pub fn new<'a>(folder: &Path, private: impl Iterator<Item = &'a Path>) -> Result<Self, &'static str> {
        let index = folder.join(INDEX);
        if !index.is_file() {
            return Err(
                "there is no index.html in it; name the folder that the build of your front end wrote",
            );
        }
        let served = absolute(folder);
        for private in private.map(absolute) {
            if private.starts_with(&served) || served.starts_with(&private) {
                return Err(
                    "it has the files of this service in it, which must stay secret; use a folder of its own",
                );
            }
        }
        let files = ServeDir::new(folder).precompressed_gzip().precompressed_br();
        Ok(Self { files, index: ServeFile::new(index) })
    }

    /// The response to a request for which there is no other route.
    ///
    /// Pages of a front end have addresses of their own (`/recipes/7`), which its script reads. So an address without a file gets
    /// `index.html`, unless it looks like one of a file: a browser that asks for a missing script must not get a page.
    pub async fn respond(mut self, request: Request) -> Response {
        let path = request.uri().path();
        if request.method() != Method::GET && request.method() != Method::HEAD || is_hidden(path) {
            return RequestError::NoSuchRoute.into_response();
        }
        let is_page = !path.rsplit('/').next().unwrap_or_default().contains('.');
        let (head, body) = request.into_parts();
        let again = Request::from_parts(head.clone(), axum::body::Body::empty());
        let response = self.files.call(Request::from_parts(head, body)).await;
        let mut response = response.unwrap_or_else(|never| match never {}).map(axum::body::Body::new);
        if response.status() == StatusCode::NOT_FOUND {
            if !is_page {
                return RequestError::NoSuchRoute.into_response();
            }
            let index = self.index.call(again).await;
            response = index.unwrap_or_else(|never| match never {}).map(axum::body::Body::new);
        }
        // A new build must be seen at the next visit. Unchanged files are 304.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

/// Whether an address must not lead to a file: those of the API, and names that begin with a dot (`.env`, `.git`).
fn is_hidden(path: &str) -> bool {
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let mut names = path.split(['/', '\\']);
    path == "/api" || path.starts_with("/api/") || names.any(|name| name.starts_with('.'))
}

/// The real path of as much of a path as exists, and the rest of it.
fn absolute(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.components().next_back()) {
        (Some(parent), Some(Component::Normal(name))) => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            absolute(parent).join(name)
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn folder_with_private_files_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["web", "data"] {
            fs::create_dir(path(name)).unwrap();
            fs::write(path(name).join(INDEX), "").unwrap();
        }
        fs::write(path(INDEX), "").unwrap();
        std::os::unix::fs::symlink(folder.path(), path("link")).unwrap();
        let check =
            |served: PathBuf, private: PathBuf| FrontEnd::new(&served, [&*private].into_iter()).is_ok();
        assert!(check(path("web"), path("data")));
        assert!(check(path("web"), path("data/recipes.db")));
        assert!(!check(path("empty"), path("data")), "no index.html");
        assert!(!check(path(""), path("data")));
        assert!(!check(path(""), path("data/not-yet.db")));
        assert!(!check(path("data"), path("data")));
        assert!(!check(path("link"), path("data")));
        assert!(!check(path("web/../data"), path("data")));
    }

    #[test]
    fn hidden_files_and_the_api_have_no_files() {
        for path in [
            "/.env",
            "/%2eenv",
            "/a/.git/config",
            "/a/%2e%2e/x",
            "/api",
            "/api/v1/x",
            "/%61pi/x",
            "/a%5c.env",
        ] {
            assert!(is_hidden(path), "{path}");
        }
        for path in ["/", "/recipes/7", "/assets/a.b.js", "/apis"] {
            assert!(!is_hidden(path), "{path}");
        }
    }
}
