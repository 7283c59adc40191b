//! What handlers share.

use std::sync::Arc;

use axum::extract::FromRef;

use crate::api::recipes::response::RecipeResponses;
use crate::auth::{
    caller::{self, Guard},
    log_in::{PasswordStrategy, password_strategy},
};
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
}

impl App {
    pub fn new(with: Dependencies) -> Self {
        let Dependencies { store, passwords, issuer, settings, limits, clock, .. } = with.clone();
        let guard = caller::guard(issuer, store.clone(), settings.sessions, clock.clone());
        let log_in = LogIn { store: store.clone(), passwords, limits, sessions: settings.sessions, clock };
        let recipes = Arc::new(Recipes::new(&with));
        Self(Arc::new(Parts {
            recipe_responses: RecipeResponses::new(&recipes),
            recipes,
            health: Health::new(store),
            guard: Arc::new(guard),
            log_in: Arc::new(password_strategy(log_in)),
            accounts: Accounts::new(with),
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
