//! The application under test: a new database, a stopped clock, seeded randomness.

use std::{
    fs,
    num::NonZero,
    sync::{Mutex, OnceLock},
    time::Duration,
};

use accounts::{Email, Name, NewUser, PasswordHash, Role, SessionLimits, User};
use recipes_server::Clock;
use recipes_server::Entropy;
use recipes_server::api::front_end::FrontEnd;
use recipes_server::app::{App, Deployment};
use recipes_server::auth::issuer_tokens::{FindIdentity, IssuerTokens, TrustedIssuer};
use recipes_server::auth::rate_limit::{Quotas, RateLimits};
use recipes_server::http::stack::{CorsOrigins, Draining, HttpConfig, HttpService};
use recipes_server::images::ImageMaker;
use recipes_server::jobs::mail::{
    MailTemplate, MailWorker, Mailer, MailerConfig, Outbox, RETRY_PAUSES, Transport,
};
use recipes_server::jobs::search_index::SearchIndex;
use recipes_server::mode::Mode;
use recipes_server::page_fetcher::PageFetcher;
use recipes_server::passwords::{Passwords, Scheme, policy::Policy};
use recipes_server::public_url::PublicUrl;
use recipes_server::router::router;
use recipes_server::telemetry::{access_log::AccessLog, traces::Traces};
use recipes_server::use_cases::{
    Dependencies,
    accounts::{ClientInfo, Reading, Settings, SignUpMode},
};
use recipes_server::webhook_sender::WebhookSender;
use search::RecipeIndex;
use serde_json::json;
use store::{RevisionsKept, Store};
use tower_passport::Network;

pub(crate) use crate::client::{Answer, Client, recipe};
use crate::database::Database;
use crate::outbox::Mail;

pub(crate) const SECRET: &[u8] = b"a secret of exactly 32 bytes, ok";
pub(crate) const PASSWORD: &str = "a stitch in thyme";

/// The environment of the application: the database, the origins of other front ends, the address, a front end of its own.
struct Surroundings {
    database: Database,
    origins: CorsOrigins,
    public_url: Option<PublicUrl>,
    front_end: Option<FrontEnd>,
    mode: Mode,
    /// Other APIs.
    resources: Vec<String>,
    issuer: Option<TrustedIssuer>,
    index: RecipeIndex,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            database: Database::of_this_run(),
            origins: CorsOrigins::Any,
            public_url: None,
            front_end: None,
            mode: Mode::AllInOne,
            resources: Vec::new(),
            issuer: None,
            index: RecipeIndex::in_memory().unwrap(),
        }
    }
}

pub(crate) struct TestApp {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) app: App,
    pub(crate) search: Option<SearchIndex>,
    service: HttpService,
    mail_worker: Mutex<MailWorker>,
    folder: tempfile::TempDir,
}

impl TestApp {
    pub(crate) fn new() -> Self {
        Self::with_origins(CorsOrigins::Any)
    }

    pub(crate) fn with_origins(origins: CorsOrigins) -> Self {
        Self::surrounded_by(Surroundings { origins, ..Surroundings::default() })
    }

    /// For tests whose clock is paused: it advances while a test waits, and the answer of a database over a socket would
    /// always be late.
    pub(crate) fn on_sqlite() -> Self {
        Self::surrounded_by(Surroundings { database: Database::Sqlite, ..Surroundings::default() })
    }

    /// At the address that clients reach through a proxy.
    pub(crate) fn at_public_url(url: &str) -> Self {
        Self::surrounded_by(Surroundings {
            public_url: Some(url.parse().unwrap()),
            ..Surroundings::default()
        })
    }

    /// The same with rate limits.
    pub(crate) fn limited_at_public_url(url: &str, quotas: &str) -> Self {
        let surroundings = Surroundings { public_url: Some(url.parse().unwrap()), ..Surroundings::default() };
        let quotas = quotas.parse().unwrap();
        Self::hashing(passwords(Scheme::Argon2id), surroundings, quotas, settings())
    }

    /// Accounts and the authorization server, which issues tokens for these APIs as well.
    pub(crate) fn accounts_only(url: &str, resources: &[&str]) -> Self {
        Self::surrounded_by(Surroundings {
            public_url: Some(url.parse().unwrap()),
            mode: Mode::AccountsOnly,
            resources: resources.iter().map(|uri| (*uri).to_owned()).collect(),
            ..Surroundings::default()
        })
    }

    /// Recipes of the users of another server.
    pub(crate) fn resource_server(url: &str, issuer: &str) -> Self {
        let (issuer, audience) = (issuer.to_owned(), format!("{url}/api/v1"));
        Self::surrounded_by(Surroundings {
            public_url: Some(url.parse().unwrap()),
            mode: Mode::ResourceServer,
            issuer: Some(TrustedIssuer { issuer, audience }),
            ..Surroundings::default()
        })
    }

    /// An app with this search index.
    pub(crate) fn with_index(index: RecipeIndex) -> Self {
        Self::surrounded_by(Surroundings { index, ..Surroundings::default() })
    }

    pub(crate) fn with_front_end(front_end: FrontEnd) -> Self {
        Self::surrounded_by(Surroundings { front_end: Some(front_end), ..Surroundings::default() })
    }

    fn surrounded_by(surroundings: Surroundings) -> Self {
        Self::hashing(passwords(Scheme::Argon2id), surroundings, Quotas::OFF, settings())
    }

    pub(crate) fn hashing_with(scheme: Scheme) -> Self {
        Self::with(scheme, Quotas::OFF, settings())
    }

    pub(crate) fn limited(quotas: &str) -> Self {
        Self::with(Scheme::Argon2id, quotas.parse().unwrap(), settings())
    }

    /// With one hashing thread and a queue of one, so that concurrent log-ins are refused.
    pub(crate) fn with_short_hash_queue(quotas: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let one = NonZero::<usize>::MIN;
        let hashing = Passwords::with_threads(Scheme::Argon2id, &Entropy::system(), one, one).unwrap();
        Self::hashing(hashing, Surroundings::default(), quotas.parse().unwrap(), settings)
    }

    /// With changed settings.
    pub(crate) fn with_settings(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        Self::with(Scheme::Argon2id, Quotas::OFF, settings)
    }

    fn with(scheme: Scheme, quotas: Quotas, settings: Settings) -> Self {
        Self::hashing(passwords(scheme), Surroundings::default(), quotas, settings)
    }

    fn hashing(hashing: Passwords, surroundings: Surroundings, quotas: Quotas, settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::stopped("2026-01-01T12:00:00Z".parse().unwrap());
        let Surroundings { database, origins, public_url, front_end, mode, resources, issuer, index } =
            surroundings;
        let store = database.open_new(folder.path(), clock.now());
        let entropy = Entropy::seeded(1);
        let limits = RateLimits::new(quotas, clock.clone(), store.shared_limits().as_ref());
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
        let search = mode.has_recipes().then(|| SearchIndex::follow(store.clone(), index));
        let dependencies = Dependencies {
            store: store.clone(),
            passwords: hashing,
            issuer: crate::access_tokens::issuer(&clock),
            settings,
            limits: limits.clone(),
            mailer,
            search: search.clone(),
            images: ImageMaker::start().unwrap(),
            pages: Some(PageFetcher::new(Network::Loopback).unwrap()),
            webhooks: Some(WebhookSender::new(Network::Loopback).unwrap()),
            clock: clock.clone(),
            entropy,
        };
        let draining = Draining::default();
        let deployment = Deployment {
            public_url: public_url.clone(),
            provider_url: public_url.clone(),
            resources,
            issuer: issuer.map(|issuer| {
                let metadata = issuer.metadata().unwrap();
                let (store, clock, entropy) = (store.clone(), clock.clone(), Entropy::seeded(3));
                (metadata, IssuerTokens::new(issuer, FindIdentity { store, clock, entropy }).unwrap())
            }),
            mode,
            has_pages: front_end.is_none(),
            draining: draining.clone(),
        };
        let app = App::new(dependencies, deployment);
        let base_path = public_url.as_ref().map_or("", PublicUrl::path);
        let routes =
            router(&limits, base_path, front_end, mode).0.merge(broken_routes()).with_state(app.clone());
        let config = HttpConfig {
            clock: clock.clone(),
            entropy: Entropy::seeded(7),
            cors_origins: origins,
            trusted_proxies: "10.0.0.1".parse().unwrap(),
            public_url,
            resource_metadata: app.resource_metadata_address(),
            access_log: AccessLog::off(),
            traces: Traces::off(),
            memory_budget: recipes_server::limits::MEMORY_BUDGET,
            draining,
        };
        let service = HttpService::new(routes, config);
        Self { store, clock, app, search, service, mail_worker: Mutex::new(mail_worker), folder }
    }

    /// With the files of the database, if it has files.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
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

    /// A user who may read, and not write.
    pub(crate) async fn viewer(&self) -> Client {
        self.member("vera", Role::Viewer).await
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
        self.mail_worker.lock().unwrap().deliver_waiting().await.unwrap();
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

    pub(crate) async fn member(&self, name: &str, role: Role) -> Client {
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

fn settings() -> Settings {
    let day = Duration::from_hours(24);
    Settings {
        token_lifetime: day,
        sessions: SessionLimits::new(14 * day, 30 * day),
        sign_up: SignUpMode::Open,
        require_verified_email: false,
        require_if_match: false,
        revisions_kept: RevisionsKept(100),
        bin_days: 30,
        password_policy: Policy::default(),
        quotas: recipes::Quotas::OFF,
        reading: Reading::Public,
        ownerless: recipes::Ownerless::Users,
        labels: recipes::LabelPolicy::Open,
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
