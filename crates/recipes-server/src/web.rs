//! The pages for people. A handler parses the request, calls one use case, and renders a template.
//!
//! Each page works without JavaScript: forms are answered with 303 after a change, and with the form and its problems otherwise.

mod about;
mod account;
mod admin;
pub mod assets;
mod cards;
mod edit;
mod editor;
pub mod error_page;
mod field_names;
mod form;
pub mod form_token;
mod frame;
mod history;
mod home;
mod household;
mod import;
mod labels;
pub mod languages;
mod links;
mod log_in;
mod nutrition;
mod pending_cookies;
mod personal;
mod picture;
mod plan;
mod recipe;
mod refusals;
mod results;
mod scaling;
mod shared;
mod shares;
mod shopping_list;
mod show;
mod sign_up;
mod visitor;

use std::convert::Infallible;

use axum::{
    Router,
    extract::{Path, Request},
    middleware::from_fn,
    response::Response,
    routing::{Route, get, post},
};
use tower_layer::Layer;
use tower_service::Service;

use self::pending_cookies::PendingCookies;
use crate::app::App;
use crate::auth::rate_limit::Limit;
use crate::mode::Mode;

/// The addresses of all pages, for metrics. A test compares them with the routes.
pub const PATHS: &[&str] = &[
    "/",
    "/about",
    "/language",
    "/recipes",
    "/recipes/{id}",
    "/recipes/new",
    "/recipes/import",
    "/recipes/export",
    "/recipes/{id}/edit",
    "/recipes/{id}/delete",
    "/recipes/{id}/image",
    "/recipes/{id}/shares",
    "/recipes/{id}/shares/{share}",
    "/shared",
    "/recipes/{id}/favourite",
    "/recipes/{id}/rating",
    "/recipes/{id}/cooked",
    "/recipes/{id}/cooked/{entry}",
    "/plan",
    "/plan/meals/{id}",
    "/shopping-list",
    "/shopping-list/{id}",
    "/household",
    "/household/join",
    "/recipes/{id}/history",
    "/bin",
    "/log-in",
    "/log-out",
    "/sign-up",
    "/forgotten-password",
    "/account",
    "/account/sign-up",
    "/account/reset-password",
    "/account/verify-email",
    "/account/profile",
    "/account/password",
    "/account/verification",
    "/account/sessions",
    "/account/sessions/{id}",
    "/account/tokens",
    "/account/tokens/{id}",
    "/account/export",
    "/account/delete",
    "/admin",
    "/admin/first-run",
    "/admin/users",
    "/admin/users/{id}",
    "/admin/invitations",
    "/admin/invitations/{id}",
    "/admin/audit",
    "/admin/clients",
    "/admin/webhooks",
    "/-/{file}",
    "/manifest.webmanifest",
    "/sw.js",
];

/// The pages of a server in this mode. Those with which secrets can be guessed get a layer that limits them.
pub fn pages<L>(mode: Mode, limit: impl Fn(Limit) -> L) -> Router<App>
where
    L: Layer<Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request>>::Future: Send + 'static,
{
    let mut pages = Router::new()
        .route("/", get(home::home))
        .route("/about", get(about::about))
        .route("/manifest.webmanifest", get(about::manifest))
        .route("/sw.js", get(about::service_worker))
        .route("/language", post(log_in::language));
    if mode.has_recipes() {
        pages = pages.route("/recipes", get(results::results)).route("/recipes/{id}", get(recipe::read));
        pages = pages.route("/shared", get(shared::read));
    }
    if mode.has_accounts() {
        let limited = |limited: Limit, router: Router<App>| router.layer(limit(limited));
        pages = pages.merge(account_pages()).merge(admin::routes());
        pages = pages.merge(limited(Limit::LogIn, Router::new().route("/log-in", post(log_in::submit))));
        let sign_up = Router::new()
            .route("/sign-up", post(sign_up::sign_up))
            .route("/account/sign-up", post(sign_up::invited));
        pages = pages.merge(limited(Limit::SignUp, sign_up));
        let reset = Router::new()
            .route("/forgotten-password", post(links::forgotten))
            .route("/account/reset-password", post(links::reset))
            .route("/account/verify-email", post(links::verify))
            .route("/admin/first-run", post(sign_up::first_run));
        pages = pages.merge(limited(Limit::Reset, reset));
    }
    if mode == Mode::AllInOne {
        pages = pages
            .route("/recipes/new", get(edit::new_form).post(edit::create))
            .route("/recipes/import", get(import::form).post(import::submit))
            .route("/recipes/export", get(import::export))
            .route("/recipes/{id}/edit", get(edit::edit_form).post(edit::update))
            .route("/recipes/{id}/delete", get(edit::delete_form).post(edit::delete))
            .route("/recipes/{id}/image", post(picture::change))
            .route("/recipes/{id}/shares", get(shares::list).post(shares::create))
            .route("/recipes/{id}/shares/{share}", post(shares::revoke))
            .route("/recipes/{id}/favourite", post(personal::favourite))
            .route("/recipes/{id}/rating", post(personal::rate))
            .route("/recipes/{id}/cooked", post(personal::add_cooked))
            .route("/recipes/{id}/cooked/{entry}", post(personal::remove_cooked))
            .route("/plan", get(plan::read).post(plan::add))
            .route("/plan/meals/{id}", post(plan::remove))
            .route("/shopping-list", get(shopping_list::read).post(shopping_list::add))
            .route("/shopping-list/{id}", post(shopping_list::change))
            .route("/household", get(household::read).post(household::change))
            .route("/household/join", get(household::join_form).post(household::join))
            .merge(history::routes());
    }
    pages.layer(from_fn(PendingCookies::deliver)).merge(files())
}

fn account_pages() -> Router<App> {
    Router::new()
        .route("/log-in", get(log_in::form))
        .route("/log-out", post(log_in::log_out))
        .route("/sign-up", get(sign_up::form))
        .route("/account/sign-up", get(sign_up::invited_form))
        .route("/admin/first-run", get(sign_up::first_run_form))
        .route("/forgotten-password", get(links::forgotten_form))
        .route("/account/reset-password", get(links::reset_form))
        .route("/account/verify-email", get(links::verify_form))
        .route("/account", get(account::read))
        .route("/account/profile", post(account::update_profile))
        .route("/account/password", post(account::change_password))
        .route("/account/verification", post(account::send_verification))
        .route("/account/sessions", post(account::end_other_sessions))
        .route("/account/sessions/{id}", post(account::end_session))
        .route("/account/tokens", post(account::create_token))
        .route("/account/tokens/{id}", post(account::delete_token))
        .route("/account/export", get(account::export))
        .route("/account/delete", post(account::delete))
}

/// The files that pages load. They need no visitor. Their folder has a name that no front end uses.
pub fn files() -> Router<App> {
    let asset = async |Path(name): Path<String>| -> Response { assets::respond(&name) };
    Router::new().route("/-/{file}", get(asset))
}
