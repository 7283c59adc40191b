//! What handlers share.

use std::sync::Arc;

use axum::extract::FromRef;

use crate::api::recipes::response::RecipeResponses;
use crate::auth::{
    caller::{self, FindSession, Guard},
    log_in::{PasswordStrategy, password_strategy},
};
use crate::http::cookies::SessionCookies;
use crate::public_url::PublicUrl;
use crate::use_cases::{
    Dependencies,
    accounts::{Accounts, LogIn},
    health::Health,
    recipes::Recipes,
};

/// The application: one value, which all requests share.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    accounts: Accounts,
    recipes: Arc<Recipes>,
    recipe_responses: RecipeResponses,
    health: Health,
    guard: Arc<Guard>,
    log_in: Arc<PasswordStrategy>,
    cookies: SessionCookies,
    public_url: Option<PublicUrl>,
}

impl App {
    /// `public_url` is the address at which clients reach the service, if it is set.
    pub fn new(with: Dependencies, public_url: Option<PublicUrl>) -> Self {
        let Dependencies { store, passwords, issuer, settings, limits, clock, .. } = with.clone();
        let cookies = SessionCookies::of(public_url.as_ref());
        let find_session = FindSession::new(store.clone(), settings.sessions, clock.clone());
        let guard = caller::guard(issuer, find_session, cookies.access);
        let log_in = LogIn { store: store.clone(), passwords, limits, sessions: settings.sessions, clock };
        let recipes = Arc::new(Recipes::new(&with));
        Self(Arc::new(Parts {
            recipe_responses: RecipeResponses::new(&recipes),
            recipes,
            health: Health::new(store),
            guard: Arc::new(guard),
            log_in: Arc::new(password_strategy(log_in)),
            accounts: Accounts::new(with),
            cookies,
            public_url,
        }))
    }

    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    pub fn recipes(&self) -> &Recipes {
        &self.0.recipes
    }

    pub fn recipe_responses(&self) -> &RecipeResponses {
        &self.0.recipe_responses
    }

    pub fn health(&self) -> &Health {
        &self.0.health
    }

    pub fn cookies(&self) -> &SessionCookies {
        &self.0.cookies
    }

    pub fn public_url(&self) -> Option<&PublicUrl> {
        self.0.public_url.as_ref()
    }
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
