//! The second door: a layer for any tower service, whatever its body.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::refusal::{Admission, admit, logged};
use crate::{AsItIs, FailurePage, InvalidLocation, InvalidPath, LoginPage, Refusal, Respond, Strategy};

/// A layer that lets only those requests through whose sender the strategy recognizes, and tells the service who it
/// is with a [`CurrentUser`] among the request's extensions.
///
/// It serves what is no axum handler (hyper, tonic, a directory of files), or a whole router at once.
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
///     .layer(Authenticate::new(guard))
/// # }
/// ```
pub struct Authenticate<S, R = AsItIs> {
    strategy: Arc<S>,
    absent: Absent,
    respond: Arc<R>,
}

/// What happens to a request without credentials.
#[derive(Clone, Copy, Debug)]
enum Absent {
    Refused,
    Welcome,
}

impl<S: Strategy> Authenticate<S> {
    /// The layer that asks this strategy (which may be in an [`Arc`] that others use too).
    pub fn new(strategy: S) -> Self {
        Self { strategy: Arc::new(strategy), absent: Absent::Refused, respond: Arc::new(AsItIs) }
    }
}

impl<S, R> Authenticate<S, R> {
    /// Also lets requests without credentials through, without a [`CurrentUser`]. Bad credentials are refused still.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { absent: Absent::Welcome, ..self }
    }

    /// Answers refused requests as this function says, instead of with [`Refusal::to_response`]: with the
    /// application's own JSON, with a page, with a gRPC status. Any body goes. The head of the request is there too,
    /// for its `Accept` field. Of the header fields, what such an answer must have is added (see [`Respond`]).
    ///
    /// ```
    /// # use tower_passport::{Authenticate, BoxStrategy};
    /// # fn example(guard: BoxStrategy<String>) {
    /// Authenticate::new(guard).respond_with(|refusal, _request| {
    ///     let mut response = http::Response::new(format!("<h1>{refusal}</h1>"));
    ///     *response.status_mut() = refusal.status();
    ///     response
    /// });
    /// # }
    /// ```
    pub fn respond_with<F, B>(self, respond: F) -> Authenticate<S, F>
    where
        F: Fn(&Refusal, &Parts) -> Response<B> + Send + Sync + 'static,
    {
        self.respond_as(respond)
    }

    /// Answers refused requests in one of the ready-made ways, or in one of your own that is a type:
    /// [`ProblemJson`](crate::ProblemJson), [`GrpcStatus`](crate::GrpcStatus).
    ///
    /// ```
    /// # use tower_passport::{Authenticate, BoxStrategy, ProblemJson};
    /// # fn example(guard: BoxStrategy<String>) {
    /// Authenticate::new(guard).respond_as(ProblemJson);
    /// # }
    /// ```
    pub fn respond_as<Other>(self, respond: Other) -> Authenticate<S, Other> {
        Authenticate { strategy: self.strategy, absent: self.absent, respond: Arc::new(respond) }
    }

    /// Sends people to the page where they log in, instead of 401: with 303, and only those who are looking at pages
    /// in a browser. Scripts, programs, forms and images get the answer that they would get without this. See
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
        Ok(Authenticate { strategy: self.strategy, absent: self.absent, respond: Arc::new(respond) })
    }

    /// Sends people to a page that says what went wrong, instead of 400, 401 and 403: with 303, forms too, but neither
    /// scripts nor programs. See [`FailurePage`].
    ///
    /// Of several ways to answer, the one that is named last is asked first: with this one before
    /// [`login_page`](Self::login_page), whoever is not logged in goes to the one, and every other failure to the other.
    ///
    /// ```
    /// # use tower_passport::{Authenticate, BoxStrategy};
    /// # fn example(local: BoxStrategy<String>) -> Result<(), Box<dyn std::error::Error>> {
    /// Authenticate::new(local).failure_page("/login")?; // POST /login -> 303 /login?error=wrong_credentials
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`InvalidPath`] if it is no path of this site.
    pub fn failure_page(self, page: &str) -> Result<Authenticate<S, FailurePage<Arc<R>>>, InvalidPath> {
        let respond = FailurePage::new(page, self.respond)?;
        Ok(Authenticate { strategy: self.strategy, absent: self.absent, respond: Arc::new(respond) })
    }
}

impl<S, R, Inner> Layer<Inner> for Authenticate<S, R> {
    type Service = AuthenticateService<Inner, S, R>;

    fn layer(&self, inner: Inner) -> Self::Service {
        AuthenticateService { inner, door: self.clone() }
    }
}

impl<S, R> Clone for Authenticate<S, R> {
    fn clone(&self) -> Self {
        Self { strategy: Arc::clone(&self.strategy), absent: self.absent, respond: Arc::clone(&self.respond) }
    }
}

impl<S, R> fmt::Debug for Authenticate<S, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authenticate").field("absent", &self.absent).finish_non_exhaustive()
    }
}

/// The user whom [`Authenticate`] recognized: an extension of the request and, with the feature `axum`, an extractor.
///
/// The extractor clones the user, because extensions stay with the request: make it an `Arc` if it is large.
/// `Option<CurrentUser<U>>` is for a layer that is [`optional`](Authenticate::optional).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentUser<U>(pub U);

/// A service behind [`Authenticate`].
pub struct AuthenticateService<Inner, S, R = AsItIs> {
    inner: Inner,
    door: Authenticate<S, R>,
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
    /// Boxed: it borrows the strategy that it owns, which only an unnameable type can. `Auth` does not need this.
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that was polled ready is the one to call; its clone was not.
        let fresh = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, fresh);
        let door = self.door.clone();
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            let refusal = match admit(door.strategy.authenticate(&head).await) {
                Ok(Admission::Known(user)) => {
                    head.extensions.insert(CurrentUser(user));
                    return ready.call(Request::from_parts(head, body)).await;
                }
                Ok(Admission::Nobody(_)) if matches!(door.absent, Absent::Welcome) => {
                    // Nor is it whom a layer outside knows: the innermost door has the last word.
                    head.extensions.remove::<CurrentUser<S::User>>();
                    return ready.call(Request::from_parts(head, body)).await;
                }
                Ok(Admission::Nobody(challenges)) => logged(Refusal::no_credentials(challenges)),
                Err(refusal) => refusal,
            };
            Ok(door.respond.respond(&refusal, &head))
        })
    }
}

impl<Inner: Clone, S, R> Clone for AuthenticateService<Inner, S, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), door: self.door.clone() }
    }
}

impl<Inner: fmt::Debug, S, R> fmt::Debug for AuthenticateService<Inner, S, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AuthenticateService")
            .field("inner", &self.inner)
            .field("door", &self.door)
            .finish()
    }
}
