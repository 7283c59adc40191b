//! `passport.authenticate`.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Redirect as SeeOther, Response};
use axum::routing::any;
use http::request::Parts;
use http::{HeaderMap, Request, Uri};
use tower_passport::{
    Authenticate, Bearer, BearerToken, Challenge, Challenges, CurrentUser, Denial, Error, LocalPath, Outcome,
    Redirect, Rejection, SessionKey, SessionRecord, SessionStore, SessionUser, Sessions, Strategy,
    Verification,
};

use super::{COMPILES_NOT, challenged, seen, send, site};
use crate::answer::get;

/// A strategy that ends as this function says.
#[derive(Clone, Copy)]
struct Ends(fn() -> Result<Outcome<String>, Error>);

impl Strategy for Ends {
    type User = String;

    async fn authenticate(&self, _: &Parts) -> Result<Outcome<String>, Error> {
        self.0()
    }
}

const JARED: Ends = Ends(|| Ok(Outcome::Accept("jared".into())));
const PASS: Ends = Ends(|| Ok(Outcome::Pass(Challenges::none())));
const BASIC: Ends = Ends(|| Ok(Outcome::Pass(Challenge::from_static("BASIC challenge").into())));
const DIGEST: Ends = Ends(|| Ok(Outcome::Pass(Challenge::from_static("DIGEST challenge").into())));
const BAD: Ends = Ends(|| Ok(Outcome::Reject(Rejection::invalid_token(Challenge::bearer()))));
const WRONG: Ends = Ends(|| Ok(Outcome::Reject(Rejection::wrong_credentials(Challenge::bearer()))));
const MALFORMED: Ends = Ends(|| Ok(Outcome::Reject(Rejection::invalid_request("Send it in another way."))));
const DENIED: Ends = Ends(|| Ok(Outcome::Reject(Rejection::access_denied("No."))));
const ERROR: Ends = Ends(|| Err(Error::new("something is wrong")));

pub(super) async fn run(number: usize) -> String {
    match number {
        1 => JARED.name().into_owned(),
        2 | 18..=20 => seen(site(JARED), get(&[])).await,
        3 | 4 => two_kinds().await,
        5 => seen(site(with_scope("email")), get(&[])).await,
        6 => seen(after(async |_| SeeOther::to("/account").into_response()), get(&[])).await,
        7 => seen(after(return_to), at("/?return_to=%2Freturn")).await,
        8 => seen(after(return_to), at("/?return_to=https%3A%2F%2Fevil.example")).await,
        9 => seen(after(log_in), get(&[])).await,
        10 => seen(site(verified(Ok("jared 123 read".into()))), token()).await,
        11 => {
            let info = verified(Ok("jared 123 read".into()));
            seen(site(info.map(|user: String| user.replace("123", "123 Foo"))), token()).await
        }
        12 => seen(site(verified(Err("something went wrong"))), token()).await,
        13 | 14 => admitted(JARED).await,
        15 => seen(site(Ends(|| Ok(accept("bob-a"))).or(Ends(|| Ok(accept("bob-b"))))), get(&[])).await,
        16 => {
            let after_pass = seen(site(BASIC.or(Ends(|| Ok(accept("bob-b"))))), get(&[])).await;
            let after_bad = seen(site(BAD.or(Ends(|| Ok(accept("bob-b"))))), get(&[])).await;
            format!("{after_pass}; after bad credentials {after_bad}")
        }
        17 => {
            let asked = Arc::new(AtomicUsize::new(0));
            let seen = seen(site(BASIC.or(Counts(Arc::clone(&asked)))), get(&[])).await;
            format!("{seen}, asked {} time", asked.load(Ordering::Relaxed))
        }
        21 => seen(site(PASS), get(&[])).await,
        22 => {
            let app = || paged(Authenticate::new(PASS).login_page("/login").unwrap());
            let program = send(app(), get(&[])).await.status().as_u16();
            format!("{}; for programs {program}", seen(app(), get(&[("accept", "text/html")])).await)
        }
        23 => rejection(Ends(|| Ok(Outcome::Pass(Challenge::from_static("MOCK challenge").into())))).await,
        24 => rejection(DENIED).await,
        25 => rejection(MALFORMED).await,
        26 => format!("{} in an extension", rejection(PASS).await),
        27 | 31 => admitted(PASS).await,
        28 => {
            let denial = Denial::new("wrong_password").with_description("Invalid password");
            let denied: Verification<String> = denial.into();
            let outcome = denied.into_outcome(|| Rejection::wrong_credentials(Challenges::none()));
            let rejection = outcome.admit().unwrap_err();
            format!("Err {}: {rejection}", challenged(&rejection))
        }
        29 => {
            admitted(Ends(|| {
                let challenge = Challenge::from_static("Bearer challenge");
                Ok(Outcome::Reject(Rejection::insufficient_scope(challenge)))
            }))
            .await
        }
        30 => {
            let respond =
                |_: &Rejection, _: &Parts| http::Response::builder().status(402).body(Body::empty()).unwrap();
            let app = Router::new().route("/", any(async || "reached"));
            let app = app.route_layer(Authenticate::new(PASS).respond_with(respond));
            send(app, get(&[])).await.status().as_u16().to_string()
        }
        32 => rejection(BASIC.or(PASS).or(DIGEST)).await,
        33 => rejection(MALFORMED.or(DENIED).or(BAD)).await,
        34 => form_failure(WRONG.or(MALFORMED)).await,
        35 => admitted(BASIC.or(PASS).or(DIGEST)).await,
        36 => admitted(MALFORMED.or(DENIED).or(BAD)).await,
        37 => admitted(BASIC).await,
        38..=40 => form_failure(WRONG).await,
        41 => {
            let greet =
                async |user: Option<CurrentUser<String>>| user.map_or("guest".to_owned(), |user| user.0);
            let optional =
                Router::new().route("/", any(greet)).route_layer(Authenticate::new(PASS).optional());
            format!("{}; optional {}", seen(site(PASS), get(&[])).await, seen(optional, get(&[])).await)
        }
        42..=45 => {
            let elsewhere = Ends(|| Ok(Outcome::Redirect(Redirect::to("https://id.example/").unwrap())));
            seen(site(elsewhere), get(&[])).await
        }
        46 => seen(site(ERROR), get(&[])).await,
        47 => COMPILES_NOT.to_owned(),
        48 | 49 => admitted(ERROR).await,
        _ => panic!("P{number} has no test"),
    }
}

fn accept(name: &str) -> Outcome<String> {
    Outcome::Accept(name.to_owned())
}

fn at(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::empty()).unwrap()
}

/// The rejection that the response carries, with its challenges.
async fn rejection(strategy: impl Strategy<User = String>) -> String {
    let response = send(site(strategy), get(&[])).await;
    challenged(response.extensions().get::<Rejection>().unwrap())
}

/// `Ok jared`, or `Err` and the rejection.
async fn admitted(strategy: impl Strategy<User = String>) -> String {
    let (head, _) = get(&[]).into_parts();
    match strategy.admit(&head).await {
        Ok(user) => format!("Ok {user}"),
        Err(rejection) => format!("Err {}", challenged(&rejection)),
    }
}

/// A page for customers inside of one for the staff.
async fn two_kinds() -> String {
    #[derive(Clone)]
    struct Customer(String);
    #[derive(Clone)]
    struct Staff(&'static str);

    let greet = async |CurrentUser(Customer(a)): CurrentUser<Customer>,
                       CurrentUser(Staff(b)): CurrentUser<Staff>| { format!("{a} and {b}") };
    let app = Router::new()
        .route("/", any(greet))
        .route_layer(Authenticate::new(JARED.map(Customer)))
        .route_layer(Authenticate::new(JARED.map(|_| Staff("ann"))));
    seen(app, get(&[])).await
}

/// A strategy with an option.
fn with_scope(scope: &'static str) -> impl Strategy<User = String> {
    JARED.map(move |user| format!("{user} with {scope}"))
}

/// A site whose handler responds after a log-in.
fn after<F: Future<Output = Response> + Send + 'static>(
    handler: impl Fn(Uri) -> F + Clone + Send + Sync + 'static,
) -> Router {
    Router::new().route("/", any(handler)).route_layer(Authenticate::new(JARED))
}

async fn return_to(uri: Uri) -> Response {
    let mut query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let wanted = query.find(|(name, _)| name == "return_to");
    let path = wanted.and_then(|(_, path)| LocalPath::parse(&path).ok());
    SeeOther::to(path.as_ref().map_or("/default", LocalPath::as_str)).into_response()
}

async fn log_in(_: Uri) -> Response {
    struct Down;
    impl SessionStore for Down {
        type Error = &'static str;

        async fn insert(&self, _: &SessionKey, _: SessionRecord) -> Result<(), &'static str> {
            Err("something went wrong")
        }

        async fn load(&self, _: &SessionKey) -> Result<Option<SessionRecord>, &'static str> {
            Ok(None)
        }

        async fn touch(&self, _: &SessionKey, _: std::time::SystemTime) -> Result<(), &'static str> {
            Ok(())
        }

        async fn remove(&self, _: &SessionKey) -> Result<bool, &'static str> {
            Ok(false)
        }
    }
    struct User;
    impl SessionUser for User {
        fn id(&self) -> Cow<'_, str> {
            "1".into()
        }

        fn session_auth_hash(&self) -> Cow<'_, [u8]> {
            b"".into()
        }
    }
    let begun = Sessions::new(Down).log_in(&HeaderMap::new(), &User).await;
    begun.map_err(Rejection::from).into_response()
}

/// A bearer token whose verification decides this.
fn verified(decision: Result<String, &'static str>) -> impl Strategy<User = String> {
    Bearer::new(move |_: BearerToken| {
        let decision = decision.clone();
        async move { decision.map(Some) }
    })
}

fn token() -> Request<Body> {
    get(&[("authorization", "Bearer abc")])
}

fn paged<R>(layer: Authenticate<Ends, R>) -> Router
where
    R: tower_passport::Respond<Body>,
{
    Router::new().route("/", any(async || "reached")).route_layer(layer)
}

/// The response to a form of a browser.
async fn form_failure(strategy: impl Strategy<User = String>) -> String {
    let app = Router::new().route("/", any(async || "reached"));
    let app = app.route_layer(Authenticate::new(strategy).failure_page("/login").unwrap());
    let mut request = get(&[("accept", "text/html")]);
    *request.method_mut() = http::Method::POST;
    seen(app, request).await
}

struct Counts(Arc<AtomicUsize>);

impl Strategy for Counts {
    type User = String;

    async fn authenticate(&self, _: &Parts) -> Result<Outcome<String>, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(accept("bob-b"))
    }
}
