//! Cookie sessions.

use std::borrow::Cow;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::routing::any as on_any;
use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request, Response};
use tower::ServiceExt;
use tower_passport::{
    Anonymous, Auth, Authenticate, BoxStrategy, MemoryStore, Rejection, RejectionPages, SameSite, Session,
    SessionKey, SessionRecord, SessionStore, SessionUser, Sessions, SetCookie, Strategy, Verify,
};

use crate::answer::{answer, get};
use crate::says::{Says, no_credentials};

const ENDED: &str =
    r#"401 [Cookie] {"error":"invalid_token","error_description":"The session has ended. Log in again."}"#;
const HOUR: u64 = 3600;

#[derive(Clone, Debug, PartialEq)]
struct User {
    id: &'static str,
    password_hash: &'static str,
}

impl SessionUser for User {
    fn id(&self) -> Cow<'_, str> {
        self.id.into()
    }

    fn session_auth_hash(&self) -> Cow<'_, [u8]> {
        self.password_hash.as_bytes().into()
    }
}

const ALICE: User = User { id: "alice", password_hash: "one" };

/// A store in memory that can fail.
#[derive(Clone, Default)]
struct Store {
    sessions: Arc<MemoryStore>,
    is_down: Arc<AtomicBool>,
    touches: Arc<AtomicU64>,
    /// Whether another tab logs out directly after a session was loaded.
    is_left: Arc<AtomicBool>,
}

impl Store {
    fn up(&self) -> Result<(), io::Error> {
        if self.is_down.load(Ordering::Relaxed) { Err(io::Error::other("the store is down")) } else { Ok(()) }
    }
}

impl SessionStore for Store {
    type Error = io::Error;

    async fn insert(&self, key: &SessionKey, session: SessionRecord) -> Result<(), io::Error> {
        self.up()?;
        self.sessions.insert(key, session).await.map_err(|never| match never {})
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<SessionRecord>, io::Error> {
        self.up()?;
        let found = self.sessions.load(key).await;
        if self.is_left.load(Ordering::Relaxed) {
            let _ = self.sessions.remove(key).await;
        }
        found.map_err(|never| match never {})
    }

    async fn touch(&self, key: &SessionKey, last_used_at: SystemTime) -> Result<(), io::Error> {
        self.touches.fetch_add(1, Ordering::Relaxed);
        self.sessions.touch(key, last_used_at).await.map_err(|never| match never {})
    }

    async fn remove(&self, key: &SessionKey) -> Result<bool, io::Error> {
        self.up()?;
        self.sessions.remove(key).await.map_err(|never| match never {})
    }
}

/// A site, its users, its store, and a stopped clock.
struct Site {
    sessions: Sessions<Store>,
    store: Store,
    users: Arc<Mutex<Vec<User>>>,
    now: Arc<AtomicU64>,
}

impl Site {
    fn new() -> Self {
        let (store, now) = (Store::default(), Arc::new(AtomicU64::new(1_800_000_000)));
        let clock = Arc::clone(&now);
        let sessions = Sessions::new(store.clone())
            .clock(move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)));
        Self { sessions, store, users: Arc::new(Mutex::new(vec![ALICE])), now }
    }

    fn guard(&self) -> Session<Store, impl Verify<SessionRecord, User = User>> {
        let users = Arc::clone(&self.users);
        Session::new(self.sessions.clone(), move |session: SessionRecord| {
            let id = session.user;
            let found = users.lock().unwrap().iter().find(|user| user.id == id).cloned();
            async move { if id == "unlucky" { Err("the users are down") } else { Ok(found) } }
        })
    }

    fn app(&self) -> Router {
        let whoami = on_any(async |axum::Extension(user): axum::Extension<CurrentUser>| user.0.id);
        Router::new().route("/", whoami).layer(Authenticate::new(self.guard()))
    }

    async fn ask(&self, cookies: &HeaderMap) -> String {
        self.send(Request::get("/"), cookies).await
    }

    async fn send(&self, request: http::request::Builder, cookies: &HeaderMap) -> String {
        let mut request = request.body(Body::empty()).unwrap();
        request.headers_mut().extend(cookies.clone());
        answer(self.app(), request).await
    }

    async fn cause(&self, cookies: &HeaderMap) -> &'static str {
        let mut request = get(&[]);
        request.headers_mut().extend(cookies.clone());
        let response = self.app().oneshot(request).await.unwrap();
        response.extensions().get::<Rejection>().unwrap().cause()
    }

    async fn log_in(&self, before: &HeaderMap) -> HeaderMap {
        browser(&self.sessions.log_in(before, &ALICE).await.unwrap())
    }

    fn wait(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }
}

type CurrentUser = tower_passport::CurrentUser<User>;

fn text(cookie: SetCookie) -> String {
    HeaderValue::from(cookie).to_str().unwrap().to_owned()
}

/// The `Cookie` header that a browser sends after this `Set-Cookie`.
fn browser(set_cookie: &SetCookie) -> HeaderMap {
    let text = text(set_cookie.clone());
    let pair = text.split(';').next().unwrap();
    HeaderMap::from_iter([(COOKIE, format!("theme=dark; {pair}").parse().unwrap())])
}

fn nothing() -> HeaderMap {
    HeaderMap::new()
}

#[tokio::test]
async fn a_session_lasts_from_log_in_to_log_out() {
    let site = Site::new();
    assert_eq!(site.ask(&nothing()).await, no_credentials("Cookie"));
    let alice = site.log_in(&nothing()).await;
    assert_eq!(site.ask(&alice).await, "200 alice");
    let gone = site.sessions.log_out(&alice).await.unwrap();
    assert_eq!(text(gone), "__Host-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0");
    assert_eq!(site.ask(&alice).await, ENDED);
    assert_eq!(site.cause(&alice).await, "unknown_session");
    for again in [&alice, &nothing()] {
        assert!(site.sessions.log_out(again).await.is_ok());
    }
}

#[tokio::test]
async fn each_log_in_has_a_new_token_and_ends_the_previous_session() {
    let site = Site::new();
    let planted = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("__Host-session=planted"))]);
    let first = site.log_in(&planted).await;
    assert_eq!(site.ask(&planted).await, ENDED);
    let second = site.log_in(&first).await;
    assert_ne!(first, second);
    assert_eq!(site.ask(&first).await, ENDED);
    assert_eq!(site.ask(&second).await, "200 alice");
    let elsewhere = site.log_in(&nothing()).await;
    assert_eq!(site.ask(&second).await, "200 alice");
    assert_eq!(site.ask(&elsewhere).await, "200 alice");
}

#[tokio::test]
async fn an_unused_session_ends() {
    let site = Site::new();
    let alice = site.log_in(&nothing()).await;
    for _ in 0..3 {
        site.wait(2 * HOUR - 1);
        assert_eq!(site.ask(&alice).await, "200 alice");
    }
    site.wait(2 * HOUR);
    assert_eq!(site.cause(&alice).await, "session_idle");
    assert_eq!(site.ask(&alice).await, ENDED);
    assert_eq!(site.cause(&alice).await, "unknown_session", "it was removed");
}

#[tokio::test]
async fn the_cookie_of_an_ended_session_is_removed() {
    let site = Site::new();
    let taken_back =
        "401 [Cookie] set-cookie: __Host-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0 {";
    let alice = site.log_in(&nothing()).await;
    site.wait(2 * HOUR);
    assert!(site.ask(&alice).await.starts_with(taken_back));
    let visit = || Request::get("/").header("accept", "text/html");
    // Of no session any more, and a page is asked for, or a form or a program logs out inside of the strategy.
    assert!(site.send(visit(), &alice).await.starts_with(taken_back));
    assert!(site.send(Request::post("/"), &alice).await.starts_with(taken_back));
}

const TAKEN_BACK: &str = "set-cookie: __Host-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0";

/// A page for guests, behind both doors.
fn with_guests(site: &Site) -> [(&'static str, Router); 3] {
    type Guard = BoxStrategy<User>;
    let greet = |user: Option<User>| user.map_or("guest", |user| user.id);
    let layer = Router::new()
        .route("/", on_any(async move |user: Option<CurrentUser>| greet(user.map(|user| user.0))))
        .route_layer(Authenticate::new(site.guard()).optional());
    let argument = Router::new()
        .route("/", on_any(async move |user: Option<Auth<Guard>>| greet(user.map(|Auth(user)| user))))
        .with_state(Arc::new(site.guard().boxed()))
        .layer(RejectionPages::new());
    let chain = site.guard().map(Some).or(Anonymous::new(|| None));
    let chain = Router::new()
        .route("/", on_any(async move |user: tower_passport::CurrentUser<Option<User>>| greet(user.0)))
        .route_layer(Authenticate::new(chain));
    [("layer", layer), ("argument", argument), ("chain", chain)]
}

#[tokio::test]
async fn the_client_of_an_ended_session_is_a_guest_and_the_cookie_is_removed() {
    let site = Site::new();
    for (door, app) in with_guests(&site) {
        let ask = async |cookies: &HeaderMap| {
            let mut request = get(&[("accept", "text/html")]);
            request.headers_mut().extend(cookies.clone());
            answer(app.clone(), request).await
        };
        let alice = site.log_in(&nothing()).await;
        assert_eq!(ask(&nothing()).await, "200 guest", "{door}");
        assert_eq!(ask(&alice).await, "200 alice", "{door}");
        site.wait(2 * HOUR);
        assert_eq!(ask(&alice).await, format!("200 {TAKEN_BACK} guest"), "{door}, idle");
        assert_eq!(ask(&alice).await, format!("200 {TAKEN_BACK} guest"), "{door}, unknown");
        let alice = site.log_in(&nothing()).await;
        site.users.lock().unwrap().clear();
        assert_eq!(ask(&alice).await, format!("200 {TAKEN_BACK} guest"), "{door}, deleted user");
        site.users.lock().unwrap().push(ALICE);
        let twice =
            HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("__Host-session=x; __Host-session=y"))]);
        assert!(ask(&twice).await.starts_with("400 "), "{door}");
        let alice = site.log_in(&nothing()).await;
        site.store.is_down.store(true, Ordering::Relaxed);
        assert!(ask(&alice).await.starts_with("503 "), "{door}");
        site.store.is_down.store(false, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_log_in_of_a_guest_is_not_undone_by_the_removal_of_the_old_cookie() {
    let site = Site::new();
    let sessions = site.sessions.clone();
    let log_in = async move |headers: HeaderMap| sessions.log_in(&headers, &ALICE).await.unwrap();
    let app =
        Router::new().route("/", on_any(log_in)).route_layer(Authenticate::new(site.guard()).optional());
    let alice = site.log_in(&nothing()).await;
    site.wait(2 * HOUR);
    let mut request = get(&[("accept", "text/html")]);
    request.headers_mut().extend(alice);
    let response = app.oneshot(request).await.unwrap();
    let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
    assert!(cookies.len() == 1 && !cookies[0].to_str().unwrap().contains("Max-Age=0"), "{cookies:?}");
}

#[tokio::test]
async fn ended_sessions_can_be_rejected_where_guests_are_allowed() {
    let site = Site::new();
    let strict = || site.guard().reject_ended_sessions();
    let optional = Router::new().route("/", on_any(async || "guest"));
    let optional = optional.route_layer(Authenticate::new(strict()).optional());
    let chain = Router::new().route("/", on_any(async || "guest"));
    let chain = chain.route_layer(Authenticate::new(strict().or(Anonymous::new(|| ALICE))));
    for app in [optional, chain] {
        assert_eq!(answer(app.clone(), get(&[])).await, "200 guest");
        assert_eq!(answer(app, get(&[("cookie", "__Host-session=x")])).await, ENDED);
    }
}

#[tokio::test]
async fn an_ended_session_does_not_end_a_chain() {
    let site = Site::new();
    let chain = || site.guard().map(|user| user.id.to_owned()).or(Says("A"));
    let ask = async |headers: &[(&str, &str)]| answer(crate::answer::app(chain()), get(headers)).await;
    let cookie = ("cookie", "__Host-session=x");
    assert_eq!(ask(&[cookie, ("a", "Bob")]).await, "200 Bob");
    assert_eq!(ask(&[cookie]).await, ENDED.replace("[Cookie]", "[Cookie; A]"));
    assert!(ask(&[cookie, ("a", "wrong")]).await.starts_with("401 [A] {\"error\":\"wrong_credentials\""));
    assert!(ask(&[cookie, ("a", "undecided")]).await.starts_with("503 "));
    // A log-out outside of the strategy works without a session.
    let sessions = site.sessions.clone();
    let log_out = async move |headers: HeaderMap| sessions.log_out(&headers).await.unwrap();
    let app = Router::new().route("/", on_any(log_out));
    assert_eq!(answer(app, get(&[cookie])).await, format!("200 {TAKEN_BACK}"));
}

/// Requests of a script with the old cookie get their responses after the new cookie was set.
#[tokio::test]
async fn a_late_response_to_the_old_cookie_does_not_remove_the_new_one() {
    let site = Site::new();
    let old = site.log_in(&nothing()).await;
    let new = browser(&site.sessions.renew(&old, &ALICE).await.unwrap().unwrap());
    let late = Request::get("/").header("accept", "text/html").header("sec-fetch-mode", "cors");
    let posted = Request::post("/").header("sec-fetch-mode", "same-origin");
    for late in [late, Request::get("/").header("accept", "application/json"), posted] {
        assert_eq!(site.send(late, &old).await, ENDED);
    }
    assert_eq!(site.ask(&new).await, "200 alice");
}

#[tokio::test]
async fn a_used_session_ends_at_the_absolute_limit() {
    let site = Site::new();
    let alice = site.log_in(&nothing()).await;
    for _ in 0..23 {
        site.wait(HOUR);
        assert_eq!(site.ask(&alice).await, "200 alice");
    }
    site.wait(HOUR);
    assert_eq!(site.cause(&alice).await, "session_expired");
}

#[tokio::test]
async fn the_time_of_use_is_not_written_at_every_request() {
    let site = Site::new();
    let alice = site.log_in(&nothing()).await;
    for _ in 0..100 {
        site.wait(9);
        assert_eq!(site.ask(&alice).await, "200 alice");
    }
    // The limit is 7200 s, so a write is due every 450 s.
    assert_eq!(site.store.touches.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_except_the_renewed_one() {
    let site = Site::new();
    let (here, there) = (site.log_in(&nothing()).await, site.log_in(&nothing()).await);
    let changed = User { password_hash: "two", ..ALICE };
    *site.users.lock().unwrap() = vec![changed.clone()];
    let here = browser(&site.sessions.renew(&here, &changed).await.unwrap().unwrap());
    assert_eq!(site.ask(&here).await, "200 alice");
    assert_eq!(site.cause(&there).await, "session_auth_hash_changed");
    assert_eq!(site.ask(&there).await, ENDED);
    *site.users.lock().unwrap() = vec![ALICE];
    assert_eq!(site.cause(&there).await, "unknown_session", "it does not come back with the old password");
}

#[tokio::test]
async fn a_renewed_session_has_a_new_token_and_keeps_its_age() {
    let site = Site::new();
    let first = site.log_in(&nothing()).await;
    site.wait(HOUR);
    let second = browser(&site.sessions.renew(&first, &ALICE).await.unwrap().unwrap());
    assert_eq!(site.ask(&first).await, ENDED);
    for _ in 0..22 {
        site.wait(HOUR);
        assert_eq!(site.ask(&second).await, "200 alice");
    }
    site.wait(HOUR);
    assert_eq!(site.cause(&second).await, "session_expired");
    assert_eq!(site.sessions.renew(&second, &ALICE).await.unwrap(), None, "ended");
    assert_eq!(site.sessions.renew(&nothing(), &ALICE).await.unwrap(), None, "none");
    let bob = User { id: "bob", ..ALICE };
    let alice = site.log_in(&nothing()).await;
    assert_eq!(site.sessions.renew(&alice, &bob).await.unwrap(), None, "another user's");
}

#[tokio::test]
async fn a_log_out_during_a_renewal_prevails() {
    let site = Site::new();
    let alice = site.log_in(&nothing()).await;
    site.store.is_left.store(true, Ordering::Relaxed);
    assert_eq!(site.sessions.renew(&alice, &ALICE).await.unwrap(), None);
    assert!(!format!("{:?}", site.store.sessions).contains("SessionRecord"), "none is left in the store");
}

#[tokio::test]
async fn the_data_of_a_session_stays_until_it_ends() {
    let site = Site::new();
    let data = async |cookies: &HeaderMap| site.sessions.data(cookies).await.unwrap();
    let alice = browser(&site.sessions.log_in_with(&nothing(), &ALICE, "eyJ.eyJ.sig").await.unwrap());
    assert_eq!(data(&alice).await.as_deref(), Some("eyJ.eyJ.sig"));
    let renewed = browser(&site.sessions.renew(&alice, &ALICE).await.unwrap().unwrap());
    assert_eq!(data(&alice).await, None);
    assert_eq!(data(&renewed).await.as_deref(), Some("eyJ.eyJ.sig"));
    assert!(!format!("{:?}", site.store.sessions).contains("eyJ"));
    site.wait(2 * HOUR);
    assert_eq!(data(&renewed).await, None);
    let bare = site.log_in(&nothing()).await;
    assert_eq!(data(&bare).await, None);
    site.store.is_down.store(true, Ordering::Relaxed);
    assert!(site.sessions.data(&bare).await.is_err());
}

#[tokio::test]
async fn the_session_of_a_deleted_user_ends() {
    let site = Site::new();
    let alice = site.log_in(&nothing()).await;
    site.users.lock().unwrap().clear();
    assert_eq!(site.cause(&alice).await, "unknown_user");
    assert_eq!(site.ask(&alice).await, ENDED);
}

#[tokio::test]
async fn a_failed_store_is_503_and_ends_no_session() {
    let site = Site::new();
    let alice = site.log_in(&nothing()).await;
    site.store.is_down.store(true, Ordering::Relaxed);
    assert!(site.ask(&alice).await.starts_with("503 {"));
    assert!(site.sessions.log_in(&nothing(), &ALICE).await.is_err());
    assert!(site.sessions.log_out(&alice).await.is_err());
    assert!(site.sessions.renew(&alice, &ALICE).await.is_err());
    site.store.is_down.store(false, Ordering::Relaxed);
    assert_eq!(site.ask(&alice).await, "200 alice");
    let unlucky = browser(&site.sessions.log_in(&nothing(), &User { id: "unlucky", ..ALICE }).await.unwrap());
    assert!(site.ask(&unlucky).await.starts_with("503 {"));
}

#[tokio::test]
async fn a_session_needs_random_bytes() {
    let sessions = Sessions::new(MemoryStore::new()).randomness(|_| Err(io::Error::other("none")));
    assert!(sessions.log_in(&nothing(), &ALICE).await.is_err());
    let forever = Sessions::new(MemoryStore::new()).absolute_limit(Duration::MAX);
    assert!(forever.log_in(&nothing(), &ALICE).await.unwrap_err().is_misconfigured());
}

#[tokio::test]
async fn other_sites_can_link_but_not_send_unsafe_requests() {
    let site = Site::new();
    let alice = site.log_in(&nothing()).await;
    let from = |request: http::request::Builder| {
        request.header("sec-fetch-site", "cross-site").header("origin", "https://evil.example")
    };
    assert_eq!(site.send(from(Request::get("/")), &alice).await, "200 alice");
    assert_eq!(
        site.send(from(Request::post("/")), &alice).await,
        r#"403 {"error":"access_denied","error_description":"Another site caused this request."}"#
    );
    let ours = Request::post("/").header("sec-fetch-site", "same-origin");
    assert_eq!(site.send(ours, &alice).await, "200 alice");
    assert_eq!(site.send(Request::post("/"), &alice).await, "200 alice");
    let site = Site { sessions: site.sessions.clone().trust_origin("https://evil.example").unwrap(), ..site };
    assert_eq!(site.send(from(Request::post("/")), &alice).await, "200 alice");
}

#[tokio::test]
async fn two_session_cookies_are_rejected() {
    let site = Site::new();
    let mut alice = site.log_in(&nothing()).await;
    alice.append(COOKIE, HeaderValue::from_static("__Host-session=planted"));
    assert!(site.ask(&alice).await.starts_with("400 {"));
    for junk in ["", "x", "\u{e9}", "\"quoted\""] {
        let line = HeaderValue::from_bytes(format!("__Host-session={junk}").as_bytes()).unwrap();
        let want = if junk.is_empty() { no_credentials("Cookie") } else { ENDED.to_owned() };
        assert_eq!(site.ask(&HeaderMap::from_iter([(COOKIE, line)])).await, want, "{junk}");
    }
}

#[tokio::test]
async fn the_cookie_follows_the_settings() {
    let sessions = || {
        Sessions::new(MemoryStore::new()).randomness(|place| {
            place.fill(0);
            Ok(())
        })
    };
    let cookie = async |sessions: Sessions<_>| text(sessions.log_in(&nothing(), &ALICE).await.unwrap());
    let token = "A".repeat(43);
    let usual = cookie(sessions()).await;
    assert_eq!(usual, format!("__Host-session={token}; Path=/; HttpOnly; SameSite=Lax; Secure"));
    let strict = cookie(sessions().same_site(SameSite::Strict).cookie_name("__Host-id").unwrap()).await;
    assert_eq!(strict, format!("__Host-id={token}; Path=/; HttpOnly; SameSite=Strict; Secure"));
    let lasting = sessions().persistent().absolute_limit(Duration::from_mins(1));
    assert_eq!(cookie(lasting).await, format!("{usual}; Max-Age=60"));
    let elsewhere = cookie(sessions().same_site(SameSite::None)).await;
    assert_eq!(elsewhere, format!("__Host-session={token}; Path=/; HttpOnly; SameSite=None; Secure"));
    let insecure = cookie(sessions().insecure().same_site(SameSite::Strict)).await;
    assert_eq!(insecure, format!("session={token}; Path=/; HttpOnly; SameSite=Strict"));
    assert!(sessions().cookie_name("a=b").is_err());
}

#[tokio::test]
async fn a_cookie_that_browsers_reject_is_500() {
    let sessions = || Sessions::new(MemoryStore::new()).insecure();
    for promise in ["__Host-id", "__Secure-id", "__host-id"] {
        assert!(sessions().cookie_name(promise).is_err(), "{promise}");
    }
    let never = sessions().same_site(SameSite::None);
    assert!(never.log_in(&nothing(), &ALICE).await.unwrap_err().is_misconfigured());
}

#[tokio::test]
async fn a_set_cookie_forbids_caching_of_the_response() {
    let sessions = Sessions::new(MemoryStore::new());
    let set_cookie = sessions.log_in(&nothing(), &ALICE).await.unwrap();
    let response =
        axum::response::IntoResponse::into_response((set_cookie.clone(), [(SET_COOKIE, "a=b")], "hi"));
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert!(response.headers()[SET_COOKIE] == "a=b", "axum's arrays replace");
    let mut response = Response::new(());
    response.headers_mut().insert(SET_COOKIE, HeaderValue::from_static("a=b"));
    set_cookie.clone().add_to(response.headers_mut());
    assert_eq!(response.headers().get_all(SET_COOKIE).iter().count(), 2);
    assert_eq!(format!("{set_cookie:?}"), "SetCookie(..)");
}

#[test]
fn debug_shows_neither_keys_nor_functions() {
    let printed = format!("{:?}", Site::new().sessions);
    assert!(printed.starts_with("Sessions { cookie") && printed.contains("idle_limit"), "{printed}");
}
