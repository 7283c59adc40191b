//! Fetches web pages that users name, and the pictures of recipes on them, for imports.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use tower_passport::{HttpClient, HttpError, Network};

use crate::images::MAX_BYTES;

/// Bytes of a page. The largest of a thousand pages with recipes has 3 MiB.
const PAGE_BYTES: usize = 5 << 20;
/// For all redirects together, well below the time that a request may take.
const TIMEOUT: Duration = Duration::from_secs(12);
const REDIRECTS: usize = 5;
/// The picture of a recipe is fetched in the same request as its page.
const IMAGE_TIMEOUT: Duration = Duration::from_secs(6);

/// An HTTP client for pages: it connects to public addresses only, which it checks for each redirect.
#[derive(Clone, Debug)]
pub struct PageFetcher {
    pages: HttpClient,
    images: HttpClient,
}

/// Why there is no page. The texts are for the user.
#[derive(Debug)]
pub enum FetchError {
    /// The operator has switched it off.
    Off,
    Forbidden(&'static str),
    Status(u16),
    Failed(HttpError),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("is not fetched: importing from addresses is switched off (URL_IMPORT)"),
            Self::Forbidden(what) => write!(f, "is not fetched: the service may not connect to {what}"),
            Self::Status(status) => write!(f, "cannot be fetched: the site answers with the status {status}"),
            Self::Failed(error) => write!(f, "cannot be fetched: {error}"),
        }
    }
}

impl FetchError {
    /// What the user can do instead.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Forbidden(_) => "",
            _ => r#"; open it in a browser, and send its source as {"html": "..", "url": ".."}"#,
        }
    }
}

impl PageFetcher {
    /// A client for public addresses. `None` if it is switched off, or if this machine has no root certificates.
    pub fn public(is_on: bool) -> Option<Self> {
        if !is_on {
            return None;
        }
        let warn = |error: &HttpError| tracing::warn!("Importing from addresses is off: {error}");
        Self::new(Network::Public).inspect_err(warn).ok()
    }

    /// # Errors
    /// If the system has no root certificates.
    pub fn new(network: Network) -> Result<Self, HttpError> {
        let client = HttpClient::new(network)?;
        let pages = client.timeout(TIMEOUT).max_body(PAGE_BYTES).max_redirects(REDIRECTS);
        let images = pages.clone().timeout(IMAGE_TIMEOUT).max_body(MAX_BYTES);
        Ok(Self { pages, images })
    }

    /// The bytes of the page.
    ///
    /// # Errors
    /// Why there are none.
    pub async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let accept = "text/html,application/xhtml+xml,application/ld+json;q=0.9,*/*;q=0.5";
        fetch(&self.pages, url, accept).await
    }

    /// The bytes of a picture, at most as many as one may have that a user sends.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    pub async fn fetch_image(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        fetch(&self.images, url, "image/jpeg,image/png,image/webp,image/gif;q=0.9").await
    }
}

async fn fetch(client: &HttpClient, url: &str, accept: &'static str) -> Result<Vec<u8>, FetchError> {
    // The client sends nothing over plain HTTP, except to loopback in tests; nearly every site has HTTPS.
    let secure = url.strip_prefix("http://").map(|rest| format!("https://{rest}"));
    let url = secure.filter(|_| client.check(url).is_err()).unwrap_or_else(|| url.to_owned());
    let request = Request::get(url)
        .header(
            header::USER_AGENT,
            concat!("Mozilla/5.0 (compatible; Recipes/", env!("CARGO_PKG_VERSION"), ")"),
        )
        .header(header::ACCEPT, accept)
        .body(Bytes::new());
    let request = request.map_err(|_| FetchError::Forbidden("an address that is no web address"))?;
    match client.send(request).await {
        Ok(response) if response.status().is_success() => Ok(response.into_body().into()),
        Ok(response) => Err(FetchError::Status(response.status().as_u16())),
        Err(HttpError::Status(status)) => Err(FetchError::Status(status.as_u16())),
        Err(HttpError::Forbidden(what)) => Err(FetchError::Forbidden(what)),
        Err(error) => Err(FetchError::Failed(error)),
    }
}
