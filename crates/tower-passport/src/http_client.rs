//! The one way out: requests to identity providers and key servers.

mod network;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode};

pub use self::network::Network;
use self::network::{Forbidden, GuardedResolver};

/// An HTTP client that goes where it may, and does not wait for ever.
///
/// The addresses that it is told come from elsewhere: a provider's metadata name the key server, an administrator types
/// an issuer. So that none of them makes this program knock at its own neighbours (server-side request forgery), it
/// asks public addresses only, resolves a name once and checks what it connects to, follows no redirect, takes no proxy
/// from the environment, uncompresses nothing, and stops reading at a limit. `https` always, except to loopback.
///
/// # What it does not do, on purpose
///
/// - **Plain http**, but to loopback: the keys that it fetches decide who is let in.
/// - **Roots of your own.** It trusts what the system trusts: install the root of a private authority there.
/// - **Proxies.** The name would be resolved where nobody checks the address. If only a proxy leads out, fetch the JWK set
///   by other means and give it to `Jwt` with a `ProvideKeys` of your own.
///
/// A clone shares the connections; one client serves all strategies.
///
/// ```
/// use std::time::Duration;
/// use tower_passport::{HttpClient, Network};
///
/// let http = HttpClient::new(Network::Public)?.timeout(Duration::from_secs(3)).max_body(64 * 1024);
/// # Ok::<(), tower_passport::HttpError>(())
/// ```
///
/// Source: OWASP API Security Top 10 2023, API7; RFC 9700, section 4.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: reqwest::Client,
    network: Network,
    timeout: Duration,
    max_body: usize,
}

impl HttpClient {
    /// A client for this part of the network, with 5 seconds for each request and its answer, of at most 256 KiB.
    ///
    /// # Errors
    /// [`HttpError::Setup`] if the system has no root certificates: on Debian, install `ca-certificates`.
    pub fn new(network: Network) -> Result<Self, HttpError> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("tower-passport/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(GuardedResolver(network))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()
            .map_err(|error| HttpError::Setup(Arc::new(error)))?;
        Ok(Self { client, network, timeout: Duration::from_secs(5), max_body: 256 * 1024 })
    }

    /// How long a request and the whole of its answer may take.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// How long the body of an answer may be, in bytes.
    #[must_use]
    pub fn max_body(self, bytes: usize) -> Self {
        Self { max_body: bytes, ..self }
    }

    /// Sends a request and gives the answer, whatever its status, unless that is a redirect.
    ///
    /// For what a verification wants to ask besides: the groups of a user, say, with his access token.
    ///
    /// ```
    /// # use tower_passport::{HttpClient, HttpError};
    /// # async fn example(http: HttpClient, access_token: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = http::Request::get("https://id.example/groups")
    ///     .header("authorization", format!("Bearer {access_token}"))
    ///     .body(bytes::Bytes::new())?;
    /// let groups = http.send(request).await?.into_body();
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Every other [`HttpError`] but [`HttpError::Setup`].
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request).map_err(|_| HttpError::Forbidden(NO_URL))?;
        self.network.check(request.url()).map_err(HttpError::Forbidden)?;
        match tokio::time::timeout(self.timeout, self.answer(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::TimedOut { after: self.timeout }),
        }
    }

    async fn answer(&self, request: reqwest::Request) -> Result<Response<Bytes>, HttpError> {
        let mut answer = self.client.execute(request).await.map_err(HttpError::of)?;
        if answer.status().is_redirection() {
            return Err(HttpError::Status(answer.status()));
        }
        let too_large = HttpError::TooLarge { limit: self.max_body };
        if answer.content_length().is_some_and(|length| length > self.max_body as u64) {
            return Err(too_large);
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(HttpError::of)? {
            if body.len() + chunk.len() > self.max_body {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body.freeze());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }

    /// The JSON document at a URL, as text.
    #[cfg(feature = "remote-keys")]
    pub(crate) async fn document(&self, url: &str) -> Result<String, HttpError> {
        let request = Request::get(url).header(http::header::ACCEPT, "application/json").body(Bytes::new());
        let answer = self.send(request.map_err(|_| HttpError::Forbidden(NO_URL))?).await?;
        if answer.status() != StatusCode::OK {
            return Err(HttpError::Status(answer.status()));
        }
        String::from_utf8(answer.into_body().into()).map_err(|_| HttpError::NotUnderstood("not UTF-8".into()))
    }

    /// Whether a request to this URL would be sent, as far as that can be told without resolving its name: for those
    /// who are told a URL when the program starts.
    ///
    /// # Errors
    /// [`HttpError::Forbidden`].
    pub fn check(&self, url: &str) -> Result<(), HttpError> {
        let url = url::Url::parse(url).map_err(|_| HttpError::Forbidden(NO_URL))?;
        self.network.check(&url).map_err(HttpError::Forbidden)
    }
}

const NO_URL: &str = "this is no absolute URL";

/// Why a request to a provider has no answer that can be used. Neither the URL nor anything sent is in it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The client could not be made.
    #[error("the HTTP client cannot be set up (are there root certificates, `ca-certificates`?)")]
    Setup(#[source] Arc<dyn StdError + Send + Sync>),
    /// The URL, or the address that its name stands for, is not to be asked.
    #[error("this must not be asked: {0}")]
    Forbidden(&'static str),
    /// No whole answer in time.
    #[error("no answer after {after:?}")]
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// More than the limit.
    #[error("an answer of more than {limit} bytes")]
    TooLarge {
        /// How much would have been read.
        limit: usize,
    },
    /// A redirect, which is never followed, or a status that is no success where one is needed.
    #[error("the answer has the status {0}")]
    Status(StatusCode),
    /// The answer is there and cannot be read; this says what is wrong.
    #[error("the answer is {0}")]
    NotUnderstood(Cow<'static, str>),
    /// No connection, or it broke.
    #[error("no connection")]
    Transport(#[source] Arc<dyn StdError + Send + Sync>),
}

impl HttpError {
    fn of(error: reqwest::Error) -> Self {
        let mut cause: Option<&(dyn StdError + 'static)> = error.source();
        while let Some(found) = cause {
            if let Some(Forbidden(why)) = found.downcast_ref() {
                return Self::Forbidden(why);
            }
            cause = found.source();
        }
        // The URL may have a token in its query.
        Self::Transport(Arc::new(error.without_url()))
    }
}
