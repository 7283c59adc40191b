//! Fetches web pages that users name, for imports.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use tower_passport::{HttpClient, HttpError, Network};

/// Bytes of a page. The largest of a thousand pages with recipes has 3 MiB.
const PAGE_BYTES: usize = 5 << 20;
/// For all redirects together, well below the time that a request may take.
const TIMEOUT: Duration = Duration::from_secs(12);
const REDIRECTS: usize = 5;

/// An HTTP client for pages: it connects to public addresses only, which it checks for each redirect.
#[derive(Clone, Debug)]
pub struct PageFetcher(HttpClient);

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
        const OFFER: &str = r#"; open it in a browser, and send its source as {"html": "..", "url": ".."}"#;
        match self {
            Self::Off => {
                write!(f, "is not fetched: importing from addresses is switched off (URL_IMPORT){OFFER}")
            }
            Self::Forbidden(what) => write!(f, "is not fetched: the service may not connect to {what}"),
            Self::Status(status) => {
                write!(f, "cannot be fetched: the site answers with the status {status}{OFFER}")
            }
            Self::Failed(error) => write!(f, "cannot be fetched: {error}{OFFER}"),
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
        Ok(Self(client.timeout(TIMEOUT).max_body(PAGE_BYTES).max_redirects(REDIRECTS)))
    }

    /// The bytes of the page.
    ///
    /// # Errors
    /// Why there are none.
    pub async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        // The client sends nothing over plain HTTP, except to loopback in tests; nearly every site has HTTPS.
        let secure = url.strip_prefix("http://").map(|rest| format!("https://{rest}"));
        let url = secure.filter(|_| self.0.check(url).is_err()).unwrap_or_else(|| url.to_owned());
        let request = Request::get(url)
            .header(
                header::USER_AGENT,
                concat!("Mozilla/5.0 (compatible; Recipes/", env!("CARGO_PKG_VERSION"), ")"),
            )
            .header(header::ACCEPT, "text/html,application/xhtml+xml,application/ld+json;q=0.9,*/*;q=0.5")
            .body(Bytes::new());
        let request = request.map_err(|_| FetchError::Forbidden("an address that is no web address"))?;
        match self.0.send(request).await {
            Ok(response) if response.status().is_success() => Ok(response.into_body().into()),
            Ok(response) => Err(FetchError::Status(response.status().as_u16())),
            Err(HttpError::Status(status)) => Err(FetchError::Status(status.as_u16())),
            Err(HttpError::Forbidden(what)) => Err(FetchError::Forbidden(what)),
            Err(error) => Err(FetchError::Failed(error)),
        }
    }
}
