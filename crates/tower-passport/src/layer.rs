//! `Authenticate`: authentication as a layer for any tower service.

use std::any::{TypeId, type_name};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Extensions, Request, Response};
use smallvec::SmallVec;
use tower_layer::Layer;
use tower_service::Service;

use crate::response_cookies::ResponseCookies;
use crate::strategy::decide;
use crate::{
    DefaultResponse, FailurePage, InvalidLocation, InvalidPath, LoginPage, Rejection, Respond, Strategy,
};

/// A layer that lets only authenticated requests through and adds the user as [`CurrentUser`] to their extensions.
///
/// It protects services that are not axum handlers (hyper, tonic, a directory of files), or a whole router at once.
///
/// ```
/// use axum::Extension;
/// use tower_passport::{Authenticate, BoxStrategy, CurrentUser};
///
/// async fn whoami(Extension(CurrentUser(name)): Extension<CurrentUser<String>>) -> String {
///     name
/// }
///
/// # fn example(guard: BoxStrategy<String>) -> axum::Router {
/// axum::Router::new()
///     .route("/me", axum::routing::get(whoami))
///     .route_layer(Authenticate::new(guard))
/// # }
/// ```
///
/// # `route_layer`, not `layer`
///
/// axum's `Router::layer` also wraps the fallback of the router. A router that is merged with such a one responds to *every*
/// unknown path with 401 instead of 404, and with `Basic` a browser asks for a password anywhere. `Router::route_layer` wraps
/// only the routes that the router has at that moment. Use `layer` to hide unknown paths behind the log-in, and for services
/// without routes.
pub struct Authenticate<S, R = DefaultResponse> {
    strategy: Arc<S>,
    credentials: Credentials,
    respond: Arc<R>,
}

/// Whether a request needs credentials.
#[derive(Clone, Copy, Debug)]
enum Credentials {
    Required,
    Optional,
}

impl<S: Strategy> Authenticate<S> {
    /// The layer with this strategy, which may be in an [`Arc`] that others use too.
    pub fn new(strategy: S) -> Self {
        Self {
            strategy: Arc::new(strategy),
            credentials: Credentials::Required,
            respond: Arc::new(DefaultResponse),
        }
    }
}

impl<S, R> Authenticate<S, R> {
    /// Also lets requests without credentials through, without a [`CurrentUser`]. Bad credentials are still rejected.
    ///
    /// The cookie of a session that has ended is not bad credentials: the client is a guest, and the cookie is removed.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { credentials: Credentials::Optional, ..self }
    }

    /// Responds to rejected requests with this function instead of [`Rejection::to_response`].
    ///
    /// It can return the application's own JSON, a page or a gRPC status, with any body. It also gets the head of the request, for
    /// the `Accept` header. Missing headers that such a response needs are added (see [`Respond`]).
    ///
    /// ```
    /// # use tower_passport::{Authenticate, BoxStrategy};
    /// # fn example(guard: BoxStrategy<String>) {
    /// Authenticate::new(guard).respond_with(|rejection, _request| {
    ///     let mut response = http::Response::new(format!("<h1>{rejection}</h1>"));
    ///     *response.status_mut() = rejection.status();
    ///     response
    /// });
    /// # }
    /// ```
    pub fn respond_with<F, B>(self, respond: F) -> Authenticate<S, F>
    where
        F: Fn(&Rejection, &Parts) -> Response<B> + Send + Sync + 'static,
    {
        self.respond_as(respond)
    }

    /// Responds to rejected requests with a type that implements [`Respond`]: [`ProblemJson`](crate::ProblemJson),
    /// [`GrpcStatus`](crate::GrpcStatus), or one of your own.
    ///
    /// ```
    /// # use tower_passport::{Authenticate, BoxStrategy, ProblemJson};
    /// # fn example(guard: BoxStrategy<String>) {
    /// Authenticate::new(guard).respond_as(ProblemJson);
    /// # }
    /// ```
    pub fn respond_as<Other>(self, respond: Other) -> Authenticate<S, Other> {
        Authenticate { strategy: self.strategy, credentials: self.credentials, respond: Arc::new(respond) }
    }

    /// Redirects browsers to the log-in page with 303 instead of 401.
    ///
    /// Only for page views and forms. Scripts, programs and images get the response that they would get without this. See
    /// [`LoginPage`].
    ///
    /// ```
    /// # use tower_passport::{Authenticate, BoxStrategy};
    /// # fn example(guard: BoxStrategy<String>) -> Result<(), Box<dyn std::error::Error>> {
    /// Authenticate::new(guard).login_page("/login")?; // GET /recipes -> 303 /login?return_to=%2Frecipes
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`InvalidLocation`] if the address cannot be a header value: percent-encode it.
    pub fn login_page(self, page: &str) -> Result<Authenticate<S, LoginPage<Arc<R>>>, InvalidLocation> {
        let respond = LoginPage::new(page, self.respond)?;
        Ok(Authenticate {
            strategy: self.strategy,
            credentials: self.credentials,
            respond: Arc::new(respond),
        })
    }

    /// Redirects browsers to a page that explains the failure, with 303 instead of the status of the rejection.
    ///
    /// Forms are redirected too, scripts and programs are not. See [`FailurePage`].
    ///
    /// If several responders are set, the last one is asked first. With `failure_page` before [`login_page`](Self::login_page),
    /// users who are not logged in go to the log-in page, and all other failures go to the failure page.
    ///
    /// ```
    /// # use tower_passport::{Authenticate, BoxStrategy};
    /// # fn example(local: BoxStrategy<String>) -> Result<(), Box<dyn std::error::Error>> {
    /// Authenticate::new(local).failure_page("/login")?; // POST /login -> 303 /login?error=wrong_credentials
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`InvalidPath`] if it is not a path of this site.
    pub fn failure_page(self, page: &str) -> Result<Authenticate<S, FailurePage<Arc<R>>>, InvalidPath> {
        let respond = FailurePage::new(page, self.respond)?;
        Ok(Authenticate {
            strategy: self.strategy,
            credentials: self.credentials,
            respond: Arc::new(respond),
        })
    }
}

impl<S, R, Inner> Layer<Inner> for Authenticate<S, R> {
    type Service = AuthenticateService<Inner, S, R>;

    fn layer(&self, inner: Inner) -> Self::Service {
        AuthenticateService { inner, layer: self.clone() }
    }
}

impl<S, R> Clone for Authenticate<S, R> {
    fn clone(&self) -> Self {
        Self {
            strategy: Arc::clone(&self.strategy),
            credentials: self.credentials,
            respond: Arc::clone(&self.respond),
        }
    }
}

impl<S, R> fmt::Debug for Authenticate<S, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authenticate").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

/// The user that [`Authenticate`] authenticated: an extension of the request and, with the feature `axum`, an extractor.
///
/// The extractor clones the user, because extensions stay with the request: use an `Arc` for a large user.
/// `Option<CurrentUser<U>>` is for a layer that is [`optional`](Authenticate::optional).
///
/// Without a layer whose strategy has this user type, both are 500, and the log names the types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentUser<U>(pub U);

/// The user types of the [`Authenticate`] layers around a handler: an extractor for another type is a mistake.
#[derive(Clone, Default)]
pub(crate) struct UserTypes(SmallVec<[(TypeId, &'static str); 2]>);

impl UserTypes {
    fn note<U: 'static>(extensions: &mut Extensions) {
        let Self(types) = extensions.get_or_insert_default();
        types.push((TypeId::of::<U>(), type_name::<U>()));
    }

    #[cfg(feature = "axum")]
    pub(crate) fn contains<U: 'static>(&self) -> bool {
        self.0.iter().any(|(id, _)| *id == TypeId::of::<U>())
    }

    #[cfg(feature = "axum")]
    pub(crate) fn names(&self) -> String {
        self.0.iter().map(|(_, name)| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
    }
}

/// The service of [`Authenticate`].
pub struct AuthenticateService<Inner, S, R = DefaultResponse> {
    inner: Inner,
    layer: Authenticate<S, R>,
}

impl<Inner, S, R, B, Answer> Service<Request<B>> for AuthenticateService<Inner, S, R>
where
    Inner: Service<Request<B>, Response = Response<Answer>> + Clone + Send + 'static,
    Inner::Future: Send,
    B: Send + 'static,
    S: Strategy<User: Clone + Sync>,
    R: Respond<Answer>,
{
    type Response = Response<Answer>;
    type Error = Inner::Error;
    /// Boxed: it borrows the strategy that it owns, so its type has no name. `Auth` needs no box.
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Call the service that was polled ready. Its clone was not.
        let fresh = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, fresh);
        let layer = self.layer.clone();
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            let cookies = ResponseCookies::insert_into(&mut head);
            let user = match layer.credentials {
                Credentials::Required => decide::required(&*layer.strategy, &head).await.map(Some),
                Credentials::Optional => decide::optional(&*layer.strategy, &head).await,
            };
            match user {
                Ok(Some(user)) => {
                    head.extensions.insert(CurrentUser(user));
                }
                // The innermost layer decides: the user of an outer layer must not stay.
                Ok(None) => {
                    head.extensions.remove::<CurrentUser<S::User>>();
                }
                Err(rejection) => return Ok(layer.respond.respond(&rejection, &head)),
            }
            UserTypes::note::<S::User>(&mut head.extensions);
            let mut response = ready.call(Request::from_parts(head, body)).await?;
            if let Some(cookies) = cookies {
                cookies.add_to(response.headers_mut());
            }
            Ok(response)
        })
    }
}

impl<Inner: Clone, S, R> Clone for AuthenticateService<Inner, S, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<Inner: fmt::Debug, S, R> fmt::Debug for AuthenticateService<Inner, S, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AuthenticateService")
            .field("inner", &self.inner)
            .field("layer", &self.layer)
            .finish()
    }
}
