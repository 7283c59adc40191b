//! The HTTP client for requests to identity providers and key servers.

mod network;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, Response, StatusCode, header};

pub use self::network::Network;
use self::network::{Forbidden, GuardedResolver};

/// An HTTP client that connects to allowed addresses only, with a timeout and a size limit.
///
/// The URLs come from others: metadata name the key server, an administrator enters an issuer. To prevent server-side request
/// forgery, the client connects to public addresses only, resolves a name once and checks the addresses that it connects to. It
/// follows no redirects by itself, uses no proxy from the environment, and decompresses nothing. It requires `https`, except for loopback.
///
/// # Not supported, on purpose
///
/// - **Plain http**, except for loopback: the fetched keys decide which clients are accepted.
/// - **Additional root certificates.** It uses the system's. Install the root of a private authority there.
/// - **Proxies.** A proxy would resolve the name, and the address could not be checked. If a proxy is the only way out, fetch the
///   JWK set by other means and pass it to `Jwt` with a `ProvideKeys` of your own.
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
    cuts_bodies: bool,
    max_redirects: usize,
    propagation: Option<Propagation>,
}

/// Adds the headers that continue the trace of the request that causes a request.
#[derive(Clone)]
struct Propagation(Arc<dyn Fn(&mut HeaderMap) + Send + Sync>);

impl fmt::Debug for Propagation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Propagation")
    }
}

impl HttpClient {
    /// A client for this part of the network, with a timeout of 5 seconds and a limit of 256 KiB for a response.
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
        Ok(Self {
            client,
            network,
            timeout: Duration::from_secs(5),
            max_body: 256 * 1024,
            cuts_bodies: false,
            max_redirects: 0,
            propagation: None,
        })
    }

    /// Sets how long a request with its whole response may take.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets the maximum length of a response body, in bytes.
    #[must_use]
    pub fn max_body(self, bytes: usize) -> Self {
        Self { max_body: bytes, ..self }
    }

    /// Cuts longer bodies off at the maximum length, instead of failing with [`HttpError::TooLarge`]: for requests of which only the
    /// status is of interest.
    #[must_use]
    pub fn cut_bodies(self) -> Self {
        Self { cuts_bodies: true, ..self }
    }

    /// Sets how many redirects of a GET request are followed; none by default. Each address is checked like the first, and a
    /// request to another host has no `Authorization` and no cookies. For pages, never for keys: a redirect is no proof.
    #[must_use]
    pub fn max_redirects(self, redirects: usize) -> Self {
        Self { max_redirects: redirects, ..self }
    }

    /// Lets `inject` add headers to each request, such as `traceparent`, so that a trace continues at the other server.
    ///
    /// It is called where the request is caused: for the keys that a token needs, in the task that authenticates the token,
    /// although they are fetched in another one. It replaces headers of the same name.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use tower_passport::{HttpClient, Network};
    ///
    /// # fn current_span() -> HeaderValue { HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") }
    /// let http = HttpClient::new(Network::Public)?.propagate(|headers: &mut HeaderMap| {
    ///     headers.insert("traceparent", current_span());
    /// });
    /// # Ok::<(), tower_passport::HttpError>(())
    /// ```
    #[must_use]
    pub fn propagate(self, inject: impl Fn(&mut HeaderMap) + Send + Sync + 'static) -> Self {
        Self { propagation: Some(Propagation(Arc::new(inject))), ..self }
    }

    /// The same client for a task that this one begins, with the headers of this one.
    #[cfg(any(feature = "remote-keys", feature = "status-list"))]
    pub(crate) fn for_task(&self) -> Self {
        let client = self.clone();
        let Some(Propagation(inject)) = &self.propagation else { return client };
        let mut captured = HeaderMap::new();
        inject(&mut captured);
        client.propagate(move |headers| headers.extend(captured.clone()))
    }

    /// Sends a request and returns the response with any status except a redirect.
    ///
    /// For additional requests of a verification, for example for the groups of a user with their access token.
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
    /// Every [`HttpError`] except [`HttpError::Setup`].
    pub async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        if let Some(Propagation(inject)) = &self.propagation {
            inject(request.headers_mut());
        }
        let request = reqwest::Request::try_from(request).map_err(|_| HttpError::Forbidden(NOT_A_URL))?;
        self.network.check(request.url()).map_err(HttpError::Forbidden)?;
        match tokio::time::timeout(self.timeout, self.execute(request)).await {
            Ok(response) => response,
            Err(_) => Err(HttpError::TimedOut { after: self.timeout }),
        }
    }

    async fn execute(&self, request: reqwest::Request) -> Result<Response<Bytes>, HttpError> {
        let mut next = (request.method() == Method::GET).then(|| request.try_clone()).flatten();
        let mut received = self.client.execute(request).await.map_err(HttpError::of)?;
        for _ in 0..self.max_redirects {
            let Some(mut request) = next.take() else { break };
            let Some(url) = redirect(&received) else { break };
            self.network.check(&url).map_err(HttpError::Forbidden)?;
            if url.origin() != request.url().origin() {
                request.headers_mut().remove(header::AUTHORIZATION);
                request.headers_mut().remove(header::COOKIE);
            }
            *request.url_mut() = url;
            next = request.try_clone();
            received = self.client.execute(request).await.map_err(HttpError::of)?;
        }
        if received.status().is_redirection() && received.status() != StatusCode::NOT_MODIFIED {
            return Err(HttpError::Status(received.status()));
        }
        let too_large = HttpError::TooLarge { limit: self.max_body };
        if !self.cuts_bodies && received.content_length().is_some_and(|length| length > self.max_body as u64)
        {
            return Err(too_large);
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = received.chunk().await.map_err(HttpError::of)? {
            if body.len() + chunk.len() > self.max_body {
                if self.cuts_bodies {
                    let rest = self.max_body - body.len();
                    body.extend_from_slice(chunk.get(..rest).unwrap_or_default());
                    break;
                }
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body.freeze());
        *response.status_mut() = received.status();
        *response.headers_mut() = std::mem::take(received.headers_mut());
        Ok(response)
    }

    /// The JSON document at a URL, as text.
    #[cfg(feature = "remote-keys")]
    pub(crate) async fn document(&self, url: &str) -> Result<String, HttpError> {
        let request = Request::get(url).header(header::ACCEPT, "application/json").body(Bytes::new());
        let response = self.send(request.map_err(|_| HttpError::Forbidden(NOT_A_URL))?).await?;
        if response.status() != StatusCode::OK {
            return Err(HttpError::Status(response.status()));
        }
        String::from_utf8(response.into_body().into()).map_err(|_| HttpError::Unusable("not UTF-8".into()))
    }

    /// Checks whether the client may send a request to this URL, without resolving its name: for URLs in a configuration.
    ///
    /// # Errors
    /// [`HttpError::Forbidden`] if it may not.
    pub fn check(&self, url: &str) -> Result<(), HttpError> {
        let url = url::Url::parse(url).map_err(|_| HttpError::Forbidden(NOT_A_URL))?;
        self.network.check(&url).map_err(HttpError::Forbidden)
    }
}

/// The address that a response redirects to.
fn redirect(response: &reqwest::Response) -> Option<url::Url> {
    let is_followed = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(header::LOCATION).filter(|_| is_followed)?;
    response.url().join(location.to_str().ok()?).ok()
}

const NOT_A_URL: &str = "not an absolute URL";

/// Why a request has no usable response. It contains neither the URL nor sent data.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The client could not be created.
    #[error("the HTTP client cannot be set up (are there root certificates, `ca-certificates`?)")]
    Setup(#[source] Arc<dyn StdError + Send + Sync>),
    /// The client may not connect to the URL, or to the address of its name.
    #[error("the client may not connect to {0}")]
    Forbidden(&'static str),
    /// No complete response within the timeout.
    #[error("no response after {after:?}")]
    TimedOut {
        /// The timeout.
        after: Duration,
    },
    /// The response is larger than the limit.
    #[error("a response of more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A redirect, which is never followed, or a status other than success where success is required.
    #[error("the response has the status {0}")]
    Status(StatusCode),
    /// The response cannot be used. The text names the problem.
    #[error("the response is {0}")]
    Unusable(Cow<'static, str>),
    /// No connection, or a broken one.
    #[error("no connection")]
    Transport(#[source] Arc<dyn StdError + Send + Sync>),
}

impl HttpError {
    fn of(error: reqwest::Error) -> Self {
        let mut cause: Option<&(dyn StdError + 'static)> = error.source();
        while let Some(found) = cause {
            if let Some(Forbidden(reason)) = found.downcast_ref() {
                return Self::Forbidden(reason);
            }
            cause = found.source();
        }
        // The query of the URL may contain a token.
        Self::Transport(Arc::new(error.without_url()))
    }
}
