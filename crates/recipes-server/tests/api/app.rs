//! The application under test: a new database, a stopped clock, seeded randomness.

use std::{
    fs,
    num::NonZero,
    sync::{Mutex, OnceLock},
    time::Duration,
};

use accounts::{Email, Name, NewUser, PasswordHash, Role, SessionLimits, User};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use recipes_server::Clock;
use recipes_server::Entropy;
use recipes_server::app::App;
use recipes_server::auth::rate_limit::{Quotas, RateLimits};
use recipes_server::http::stack::{CorsOrigins, HttpConfig, HttpService};
use recipes_server::jobs::mail::{
    MailTemplate, MailWorker, Mailer, MailerConfig, Outbox, RETRY_PAUSES, Transport,
};
use recipes_server::passwords::{Passwords, Scheme, policy::Policy};
use recipes_server::router::router;
use recipes_server::telemetry::access_log::AccessLog;
use recipes_server::use_cases::{
    Dependencies,
    accounts::{ClientInfo, Settings, SignUpMode},
};
use serde_json::{Value, json};
use store::{DatabaseUrl, Store};
use tower::ServiceExt;

use crate::outbox::Mail;

pub(crate) const SECRET: &[u8] = b"a secret of exactly 32 bytes, ok";
pub(crate) const PASSWORD: &str = "a stitch in thyme";

pub(crate) struct TestApp {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) app: App,
    service: HttpService,
    mail_worker: Mutex<MailWorker>,
    folder: tempfile::TempDir,
}

impl TestApp {
    pub(crate) fn new() -> Self {
        Self::with_origins(CorsOrigins::Any)
    }

    pub(crate) fn with_origins(origins: CorsOrigins) -> Self {
        Self::with(Scheme::Argon2id, origins, Quotas::OFF, settings())
    }

    pub(crate) fn hashing_with(scheme: Scheme) -> Self {
        Self::with(scheme, CorsOrigins::Any, Quotas::OFF, settings())
    }

    pub(crate) fn limited(quotas: &str) -> Self {
        Self::with(Scheme::Argon2id, CorsOrigins::Any, quotas.parse().unwrap(), settings())
    }

    /// With one hashing thread and a queue of one, so that concurrent log-ins are refused.
    pub(crate) fn with_short_hash_queue(quotas: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let one = NonZero::<usize>::MIN;
        let hashing = Passwords::with_threads(Scheme::Argon2id, &Entropy::system(), one, one).unwrap();
        Self::hashing(hashing, CorsOrigins::Any, quotas.parse().unwrap(), settings)
    }

    /// With changed settings.
    pub(crate) fn with_settings(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        Self::with(Scheme::Argon2id, CorsOrigins::Any, Quotas::OFF, settings)
    }

    fn with(scheme: Scheme, origins: CorsOrigins, quotas: Quotas, settings: Settings) -> Self {
        Self::hashing(passwords(scheme), origins, quotas, settings)
    }

    fn hashing(hashing: Passwords, origins: CorsOrigins, quotas: Quotas, settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::stopped("2026-01-01T12:00:00Z".parse().unwrap());
        let url = DatabaseUrl::parse(&format!("sqlite:{}", folder.path().join("test.db").display())).unwrap();
        let store = open(&url, clock.now());
        let entropy = Entropy::seeded(1);
        let limits = RateLimits::new(quotas, clock.clone());
        let (mailer, mail_worker) = Mailer::new(MailerConfig {
            store: store.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            template: MailTemplate {
                from: "recipes@example.com".parse().unwrap(),
                site: "https://recipes.example.com".parse().unwrap(),
            },
            transport: Transport::Outbox(Outbox {
                folder: folder.path().join("outbox"),
                clock: clock.clone(),
                entropy: entropy.clone(),
            }),
            retry_pauses: RETRY_PAUSES,
        });
        let app = App::new(Dependencies {
            store: store.clone(),
            passwords: hashing,
            issuer: crate::access_tokens::issuer(&clock),
            settings,
            limits: limits.clone(),
            mailer,
            clock: clock.clone(),
            entropy,
        });
        let routes = router(&limits).0.merge(broken_routes()).with_state(app.clone());
        let config = HttpConfig {
            clock: clock.clone(),
            entropy: Entropy::seeded(7),
            cors_origins: origins,
            trusted_proxies: "10.0.0.1".parse().unwrap(),
            access_log: AccessLog::off(),
        };
        let service = HttpService::new(routes, config);
        Self { store, clock, app, service, mail_worker: Mutex::new(mail_worker), folder }
    }

    pub(crate) fn anonymous(&self) -> Client {
        Client { service: self.service.clone(), token: None }
    }

    pub(crate) fn bearing(&self, token: impl Into<String>) -> Client {
        Client { service: self.service.clone(), token: Some(token.into()) }
    }

    pub(crate) async fn alice(&self) -> Client {
        self.member("alice", Role::User).await
    }

    pub(crate) async fn bob(&self) -> Client {
        self.member("bob", Role::User).await
    }

    pub(crate) async fn admin(&self) -> Client {
        self.member("root", Role::Admin).await
    }

    /// A client without a token, at this address.
    pub(crate) fn at(&self, peer: &str) -> Client {
        Client { service: self.service.with_peer(peer.parse().unwrap()), token: None }
    }

    /// The mails since the last call, in order.
    #[expect(clippy::await_holding_lock, reason = "a test is alone with its application")]
    pub(crate) async fn mails(&self) -> Vec<Mail> {
        self.mail_worker.lock().unwrap().deliver_waiting().await;
        let Ok(outbox) = fs::read_dir(self.folder.path().join("outbox")) else { return Vec::new() };
        // The clock is stopped, so the names of the files do not show the order.
        let mut mails: Vec<_> = outbox.map(|entry| entry.unwrap()).collect();
        mails.sort_by_key(|mail| (mail.metadata().unwrap().modified().unwrap(), mail.file_name()));
        let read = |mail: fs::DirEntry| {
            let text = fs::read_to_string(mail.path()).unwrap();
            fs::remove_file(mail.path()).unwrap();
            Mail::read(&text)
        };
        mails.into_iter().map(read).collect()
    }

    async fn member(&self, name: &str, role: Role) -> Client {
        let user = self.user(name, role).await;
        let begun =
            self.app.accounts().begin_session(user, None, ClientInfo::default()).await.unwrap().unwrap();
        self.bearing(begun.access_token)
    }

    /// A client with an API token of Alice that has these scopes.
    pub(crate) async fn program(&self, scopes: &[&str]) -> Client {
        let wanted = json!({"name": "A program", "scopes": scopes});
        let made = self.alice().await.post("/api/v1/users/me/api-tokens", &wanted).await.is(201).json();
        self.bearing(made["data"]["token"].as_str().unwrap())
    }

    /// The user with this name and no password, created at the first call.
    pub(crate) async fn user(&self, name: &str, role: Role) -> User {
        let email = Email::parse(&format!("{name}@example.org")).unwrap();
        if let Some((user, _)) = self.store.user_by_email(&email).await.unwrap() {
            return user;
        }
        let new = NewUser { name: Name::parse(name).unwrap(), email, password_hash: None, role };
        self.store.create_user(new, self.clock.now()).await.unwrap()
    }

    /// A new user with [`PASSWORD`], created through the API.
    pub(crate) async fn signed_up(&self, email: &str) -> SignedUp {
        let body = json!({"name": "Ada", "email": email, "password": PASSWORD});
        SignedUp::of(self, &self.anonymous().post("/api/v1/users/signup", &body).await.is(200))
    }

    pub(crate) async fn logged_in(&self, email: &str) -> SignedUp {
        let body = json!({"email": email, "password": PASSWORD});
        SignedUp::of(self, &self.anonymous().post("/api/v1/users/login", &body).await.is(200))
    }

    /// A user with the password hash of another program.
    pub(crate) async fn imported_user(&self, email: &str, password_hash: &str) -> User {
        let new = NewUser {
            name: Name::parse("Imported").unwrap(),
            email: Email::parse(email).unwrap(),
            password_hash: Some(PasswordHash::parse(password_hash).unwrap()),
            role: Role::User,
        };
        self.store.create_user(new, self.clock.now()).await.unwrap()
    }
}

/// Opens a store in a function that is not async.
fn open(url: &DatabaseUrl, now: Timestamp) -> Store {
    std::thread::scope(|scope| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        scope.spawn(move || runtime.block_on(Store::open(url, now)).unwrap()).join().unwrap()
    })
}

fn settings() -> Settings {
    let day = Duration::from_hours(24);
    Settings {
        token_lifetime: day,
        sessions: SessionLimits::new(14 * day, 30 * day),
        sign_up: SignUpMode::Open,
        require_verified_email: false,
        password_policy: Policy::default(),
        quotas: recipes_server::use_cases::recipes::Quotas::OFF,
    }
}

/// A session, as its client sees it.
pub(crate) struct SignedUp {
    pub(crate) client: Client,
    pub(crate) refresh_token: String,
}

impl SignedUp {
    /// From the response to sign-up, log-in or refresh.
    pub(crate) fn of(app: &TestApp, answer: &Answer) -> Self {
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self { client: app.bearing(text("token")), refresh_token: text("refreshToken") }
    }
}

/// Hashing threads need much memory, so all tests share them.
fn passwords(scheme: Scheme) -> Passwords {
    static ARGON2ID: OnceLock<Passwords> = OnceLock::new();
    match scheme {
        Scheme::Argon2id => {
            ARGON2ID.get_or_init(|| Passwords::start(scheme, &Entropy::system()).unwrap()).clone()
        }
        Scheme::Bcrypt { .. } => Passwords::start(scheme, &Entropy::system()).unwrap(),
    }
}

/// Routes that panic or never answer.
fn broken_routes() -> axum::Router<App> {
    use axum::routing::get;
    async fn panics() {
        panic!("a bug in a handler");
    }
    axum::Router::new()
        .route("/broken/panics", get(panics))
        .route("/broken/hangs", get(std::future::pending::<()>))
}

pub(crate) struct Client {
    service: HttpService,
    token: Option<String>,
}

impl Client {
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The same client with this token.
    pub(crate) fn bearing(&self, token: &str) -> Self {
        Self { service: self.service.clone(), token: Some(token.to_owned()) }
    }

    /// The id of the session that the token belongs to.
    pub(crate) fn session(&self) -> String {
        strict_jose::inspect(self.token()).unwrap().claims["sid"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::PATCH, path, body).await
    }

    pub(crate) async fn delete_with(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::DELETE, path, body).await
    }

    pub(crate) async fn post_form(&self, path: &str, form: &str) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        self.send(request.unwrap()).await
    }

    async fn send_json(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self
            .request(method, path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        self.send(request.unwrap()).await
    }

    /// A request with this client's token, without a body.
    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let request = Request::builder().method(method).uri(path);
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.service.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Creates a recipe and returns its address.
    pub(crate) async fn posts_recipe(&self, name: &str) -> String {
        let answer = self.post("/api/v1/recipes", &recipe(name)).await.is(201);
        answer.header("location").to_owned()
    }
}

/// A recipe with the required fields only.
pub(crate) fn recipe(name: &str) -> Value {
    json!({
        "name": name, "healthLabels": ["Vegan"], "cookTimeMinutes": 60, "prepTimeMinutes": 10,
        "ingredients": ["1/2 cup olive oil"],
    })
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers)).to_str().unwrap()
    }

    /// The pointers of the invalid fields.
    #[track_caller]
    pub(crate) fn refused_fields(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors in {body}"));
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }
}
