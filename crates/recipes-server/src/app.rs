//! What handlers share.

use std::sync::Arc;

use axum::extract::FromRef;
use serde_json::{Map, Value};

use crate::api::recipes::response::RecipeResponses;
use crate::auth::{
    guard::{self, FindSession, Guard, Trust},
    issuer_tokens::IssuerTokens,
    log_in::{PasswordStrategy, password_strategy},
};
use crate::http::cookies::SessionCookies;
use crate::http::stack::Draining;
use crate::mode::Mode;
use crate::provider::{AuthorizationServer, ProviderDependencies, SecretSealer, protocol};
use crate::public_url::PublicUrl;
use crate::use_cases::{
    Dependencies,
    accounts::{Accounts, LogIn},
    clients::Clients,
    health::Health,
    planning::Planning,
    recipes::Recipes,
    repeats::Repeats,
    webhooks::Webhooks,
};
use crate::web::form_token::FormTokens;

/// The application: one value, which all requests share.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    accounts: Accounts,
    clients: Clients,
    recipes: Arc<Recipes>,
    recipe_responses: RecipeResponses,
    planning: Planning,
    repeats: Repeats,
    health: Health,
    guard: Arc<Guard>,
    log_in: Arc<PasswordStrategy>,
    cookies: SessionCookies,
    public_url: Option<PublicUrl>,
    password_check: LogIn,
    authorization_server: Option<Arc<AuthorizationServer>>,
    resource_metadata: Option<Map<String, Value>>,
    form_tokens: FormTokens,
    webhooks: Webhooks,
    has_pages: bool,
    mode: Mode,
    draining: Draining,
}

/// Where the service is, and which servers belong to it.
#[derive(Default)]
pub struct Deployment {
    /// The address at which clients reach the service, if it is set.
    pub public_url: Option<PublicUrl>,
    /// The name of the authorization server.
    pub provider_url: Option<PublicUrl>,
    /// The other APIs that its tokens may be for.
    pub resources: Vec<String>,
    /// The tokens of another authorization server, which is used instead, and the metadata that name it.
    pub issuer: Option<(Map<String, Value>, IssuerTokens)>,
    /// The parts of the program that this server has.
    pub mode: Mode,
    /// Whether the server has the pages for people, and no front end of its operator.
    pub has_pages: bool,
    /// Whether the server is about to end.
    pub draining: Draining,
}

impl App {
    pub fn new(with: Dependencies, deployment: Deployment) -> Self {
        let Deployment { public_url, provider_url, resources, issuer: trusted, mode, has_pages, draining } =
            deployment;
        let provider_url = provider_url.filter(|_| trusted.is_none());
        let clients = clients(&with, provider_url.as_ref(), &resources);
        let authorization_server = provider_url.and_then(|url| authorization_server(&with, &url, &resources));
        let (resource_metadata, trust) = match trusted {
            Some((metadata, tokens)) => (Some(metadata), Trust::Issuer(Box::new(tokens))),
            None => (
                authorization_server.as_ref().and_then(|server| server.resource_metadata()),
                Trust::Own(authorization_server.clone()),
            ),
        };
        let Dependencies { store, passwords, issuer, settings, limits, search, clock, .. } = with.clone();
        let cookies = SessionCookies::of(public_url.as_ref());
        let find_session = FindSession::new(store.clone(), settings.sessions, clock.clone());
        let form_tokens = FormTokens::of_secret(issuer.keys().current());
        let guard = guard::guard(issuer, find_session, cookies.access, trust);
        let log_in = LogIn { store: store.clone(), passwords, limits, sessions: settings.sessions, clock };
        let recipes = Arc::new(Recipes::new(&with));
        let sealer = SecretSealer::new(store.clone(), with.issuer.keys().clone(), with.entropy.clone());
        Self(Arc::new(Parts {
            recipe_responses: RecipeResponses::new(&recipes),
            planning: Planning::new(&with, Arc::clone(&recipes)),
            repeats: Repeats::new(&with),
            webhooks: Webhooks::new(&with, sealer),
            recipes,
            health: Health::new(store, search),
            guard: Arc::new(guard),
            log_in: Arc::new(password_strategy(log_in.clone())),
            password_check: log_in,
            authorization_server,
            resource_metadata,
            accounts: Accounts::new(with),
            clients,
            cookies,
            public_url,
            form_tokens,
            has_pages,
            mode,
            draining,
        }))
    }

    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    pub fn clients(&self) -> &Clients {
        &self.0.clients
    }

    pub fn recipes(&self) -> &Recipes {
        &self.0.recipes
    }

    pub fn recipe_responses(&self) -> &RecipeResponses {
        &self.0.recipe_responses
    }

    pub fn planning(&self) -> &Planning {
        &self.0.planning
    }

    pub fn repeats(&self) -> &Repeats {
        &self.0.repeats
    }

    pub fn webhooks(&self) -> &Webhooks {
        &self.0.webhooks
    }

    pub fn health(&self) -> &Health {
        &self.0.health
    }

    pub fn cookies(&self) -> &SessionCookies {
        &self.0.cookies
    }

    pub fn password_check(&self) -> &LogIn {
        &self.0.password_check
    }

    /// `None` if the service has no name that clients can trust.
    pub fn authorization_server(&self) -> Option<Arc<AuthorizationServer>> {
        self.0.authorization_server.clone()
    }

    /// Where clients get tokens for the recipe API (RFC 9728).
    pub fn resource_metadata(&self) -> Option<&Map<String, Value>> {
        self.0.resource_metadata.as_ref()
    }

    /// The address of that, if this server has the API and is known by a name.
    pub fn resource_metadata_address(&self) -> Option<String> {
        let url = self.0.public_url.as_ref().filter(|_| self.0.mode.has_recipes())?;
        self.0.resource_metadata.as_ref()?;
        Some(format!("{url}/.well-known/oauth-protected-resource/api/v1"))
    }

    pub fn form_tokens(&self) -> &FormTokens {
        &self.0.form_tokens
    }

    pub fn draining(&self) -> &Draining {
        &self.0.draining
    }

    /// Whether the server has the pages for people.
    pub fn has_pages(&self) -> bool {
        self.0.has_pages
    }

    pub fn mode(&self) -> Mode {
        self.0.mode
    }

    /// The path that the addresses of this service begin with: `/recipes`, or nothing.
    pub fn base_path(&self) -> &str {
        self.0.public_url.as_ref().map_or("", PublicUrl::path)
    }

    pub fn public_url(&self) -> Option<&PublicUrl> {
        self.0.public_url.as_ref()
    }
}

/// Clients can be registered before the service has a name that they can trust.
#[expect(clippy::expect_used, reason = "the name is a constant, which every test of the service parses")]
fn clients(with: &Dependencies, url: Option<&PublicUrl>, resources: &[String]) -> Clients {
    let named = url.and_then(|url| protocol(url, resources).ok());
    let protocol = named.unwrap_or_else(|| {
        let local = "http://localhost".parse().expect("localhost is a host");
        protocol(&local, resources).expect("localhost may be an issuer")
    });
    Clients::new(with.store.clone(), protocol, with.clock.clone(), with.entropy.clone())
}

fn authorization_server(
    with: &Dependencies,
    url: &PublicUrl,
    resources: &[String],
) -> Option<Arc<AuthorizationServer>> {
    let protocol = protocol(url, resources)
        .inspect_err(|why| tracing::warn!("The authorization server is off: PUBLIC_URL is {url}, and {why}"))
        .ok()?;
    let dependencies = ProviderDependencies {
        store: with.store.clone(),
        secrets: with.issuer.keys().clone(),
        sessions: with.settings.sessions,
        limits: with.limits.clone(),
        clock: with.clock.clone(),
        entropy: with.entropy.clone(),
    };
    Some(Arc::new(AuthorizationServer::new(protocol, dependencies)))
}

impl FromRef<App> for Arc<Guard> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.0.guard)
    }
}

impl FromRef<App> for Arc<PasswordStrategy> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.0.log_in)
    }
}

impl FromRef<App> for Arc<Recipes> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.0.recipes)
    }
}
