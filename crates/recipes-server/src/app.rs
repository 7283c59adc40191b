//! What the handlers share.

use std::{ops::Deref, sync::Arc};

use crate::clock::Clock;
use crate::entropy::Entropy;
use axum::extract::FromRef;
use ids::RecipeId;
use store::{ReadCache, Store};

use crate::api::recipes::RecipeAnswer;
use crate::auth::caller::{self, Guard};
use crate::auth::log_in::{PasswordStrategy, password_strategy};
use crate::use_cases::accounts::{Accounts, LogIn};

/// The application: cheap to clone, the same for all requests.
#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub store: Store,
    pub accounts: Accounts,
    pub clock: Clock,
    pub entropy: Entropy,
    pub public_recipes: ReadCache<RecipeId, RecipeAnswer>,
    guard: Arc<Guard>,
    log_in: Arc<PasswordStrategy>,
}

impl App {
    pub fn new(accounts: Accounts) -> Self {
        let Accounts { store, passwords, key, settings, limits, clock, entropy, .. } = &accounts;
        let guard = caller::guard(key.clone(), store.clone(), settings.sessions, clock.clone());
        let log_in = LogIn {
            store: store.clone(),
            passwords: passwords.clone(),
            limits: limits.clone(),
            sessions: settings.sessions,
            clock: clock.clone(),
        };
        let (guard, log_in) = (Arc::new(guard), Arc::new(password_strategy(log_in)));
        let (store, clock, entropy) = (store.clone(), clock.clone(), entropy.clone());
        let public_recipes = store.recipe_cache();
        Self(Arc::new(Parts { store, accounts, clock, entropy, public_recipes, guard, log_in }))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<App> for Arc<Guard> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.guard)
    }
}

impl FromRef<App> for Arc<PasswordStrategy> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.log_in)
    }
}
