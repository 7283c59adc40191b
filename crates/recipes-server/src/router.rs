//! All routes: the table of contents of the service.

mod described;

use axum::{
    Router,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use utoipa::openapi::{OpenApi, server::ServerBuilder};
use utoipa_axum::{router::UtoipaMethodRouterExt, routes};

use self::described::{DescribedRoutes, Descriptions, Handlers};
use crate::api::{self, front_end::FrontEnd};
use crate::app::App;
use crate::auth::rate_limit::{Limit, RateLimits, limit_by_address};
use crate::http::error::RequestError;
use crate::mode::Mode;
use crate::web;

/// The routes that are not in the OpenAPI document, besides those of [`web::PATHS`].
const PAGES: [&str; 4] = ["/api/v1/openapi.json", "/docs", "/docs/", "/docs/{file}"];

/// The router, and the paths of its routes. `base_path` is the path of `PUBLIC_URL`.
pub fn router(
    limits: &RateLimits,
    base_path: &str,
    front_end: Option<FrontEnd>,
    mode: Mode,
) -> (Router<App>, Vec<String>) {
    let Handlers { router, mut paths } = api_routes(Handlers::default(), limits, mode);
    let described = (limits.clone(), base_path.to_owned());
    let router = router.merge(api::docs::pages(move || document(&described.0, &described.1, mode)));
    let router = if mode.has_accounts() { router.merge(account_pages(limits)) } else { router };
    let router = if mode.has_recipes() { router.merge(api::oauth::resource_routes()) } else { router };
    let router = if let Some(front_end) = front_end {
        // It has pages of its own. Those of links in mails are for front ends that have none.
        let router = if mode.has_accounts() { router.merge(api::links::pages()) } else { router };
        router.merge(web::files()).fallback(async move |request| front_end.clone().respond(request).await)
    } else {
        let limited = |limit| from_fn_with_state((limits.clone(), limit), limit_by_address);
        router.merge(web::pages(mode, limited)).fallback(no_such_route)
    };
    paths.extend(PAGES.iter().chain(web::PATHS).map(|&path| path.to_owned()));
    (router.method_not_allowed_fallback(other_method), paths)
}

/// The OpenAPI document that the routes describe.
pub fn document(limits: &RateLimits, base_path: &str, mode: Mode) -> OpenApi {
    let Descriptions(mut openapi) = api_routes(Descriptions(api::docs::document()), limits, mode);
    api::docs::complete_bodies(&mut openapi);
    api::docs::complete_repeats(&mut openapi);
    if !base_path.is_empty() {
        openapi.servers = Some(vec![ServerBuilder::new().url(base_path).build()]);
    }
    openapi
}

/// The routes that the document describes.
fn api_routes<R: DescribedRoutes>(all: R, limits: &RateLimits, mode: Mode) -> R {
    let all = health_routes(all);
    let all = if mode.has_recipes() { recipe_routes(all) } else { all };
    let all = if mode.has_accounts() { account_routes(all, limits) } else { all };
    // Those who manage webhooks have accounts here. With the accounts of another server, the command line does.
    if mode.has_accounts() && mode.has_recipes() { webhook_routes(all) } else { all }
}

fn recipe_routes<R: DescribedRoutes>(all: R) -> R {
    all.routes(routes!(api::recipes::list, api::recipes::create))
        .routes(routes!(api::recipes::bulk::edit))
        .routes(routes!(api::recipes::import::import))
        .routes(routes!(
            api::recipes::read,
            api::recipes::replace,
            api::recipes::change,
            api::recipes::delete
        ))
        .routes(routes!(api::recipes::changes::list))
        .routes(routes!(api::recipes::bin::list))
        .routes(routes!(api::recipes::bin::restore))
        .routes(routes!(api::recipes::bin::delete))
        .routes(routes!(api::recipes::revisions::list))
        .routes(routes!(api::recipes::revisions::read))
        .routes(routes!(api::recipes::revisions::diff))
        .routes(routes!(api::recipes::revisions::restore))
        .routes(routes!(api::label_hints::read))
        .routes(routes!(api::recipes::search::facets))
        .routes(routes!(api::recipes::search::suggest))
        .routes(routes!(api::recipes::health_labels::list))
        .routes(routes!(api::recipes::cooked::list, api::recipes::cooked::add))
        .routes(routes!(api::recipes::cooked::remove))
        .routes(routes!(api::recipes::images::read, api::recipes::images::set, api::recipes::images::remove))
        .routes(routes!(
            api::recipes::images::read_of_step,
            api::recipes::images::set_of_step,
            api::recipes::images::remove_of_step
        ))
        .routes(routes!(api::admin::recipes::transfer))
        .routes(routes!(api::recipes::shares::list, api::recipes::shares::create))
        .routes(routes!(api::recipes::shares::revoke))
        .routes(routes!(api::recipes::shares::read))
        .routes(routes!(api::recipes::favourite::add, api::recipes::favourite::remove))
        .routes(routes!(api::recipes::rating::read, api::recipes::rating::rate, api::recipes::rating::remove))
        .routes(routes!(api::plan::read, api::plan::replace))
        .routes(routes!(api::plan::add))
        .routes(routes!(api::plan::remove))
        .routes(routes!(api::plan::create_calendar, api::plan::revoke_calendar))
        .routes(routes!(api::plan::calendar_file))
        .routes(routes!(api::shopping_list::read, api::shopping_list::add, api::shopping_list::clear))
        .routes(routes!(api::shopping_list::change, api::shopping_list::remove))
        .routes(routes!(api::household::read, api::household::leave))
        .routes(routes!(api::household::invite))
        .routes(routes!(api::household::join))
}

fn account_routes<R: DescribedRoutes>(all: R, limits: &RateLimits) -> R {
    let limited = |limit| from_fn_with_state((limits.clone(), limit), limit_by_address);
    all.routes(routes!(api::accounts::sign_up).layer(limited(Limit::SignUp)))
        .routes(routes!(api::accounts::log_in).layer(limited(Limit::LogIn)))
        .routes(routes!(api::accounts::refresh).layer(limited(Limit::Refresh)))
        .routes(routes!(api::accounts::log_out))
        .routes(routes!(api::accounts::log_out_others))
        .routes(routes!(api::accounts::log_out_all))
        .routes(routes!(api::verification::send))
        .routes(routes!(api::verification::confirm).layer(limited(Limit::Reset)))
        .routes(routes!(api::password_reset::send).layer(limited(Limit::Reset)))
        .routes(routes!(api::password_reset::confirm).layer(limited(Limit::Reset)))
        .routes(routes!(api::me::read, api::me::update, api::me::delete))
        .routes(routes!(api::me::change_password))
        .routes(routes!(api::export::read))
        .routes(routes!(api::sessions::list))
        .routes(routes!(api::sessions::end))
        .routes(routes!(api::api_tokens::list, api::api_tokens::create))
        .routes(routes!(api::api_tokens::delete))
        .routes(routes!(api::applications::list))
        .routes(routes!(api::applications::end))
        .routes(routes!(api::admin::clients::list, api::admin::clients::create))
        .routes(routes!(api::admin::clients::read, api::admin::clients::update, api::admin::clients::delete))
        .routes(routes!(api::admin::clients::replace_secret))
        .routes(routes!(api::admin::users::list))
        .routes(routes!(api::admin::users::read, api::admin::users::update, api::admin::users::delete))
        .routes(routes!(api::admin::users::end_sessions))
        .routes(routes!(api::admin::users::send_password_reset))
        .routes(routes!(api::admin::audit::list))
        .routes(routes!(api::admin::invitations::list, api::admin::invitations::create))
        .routes(routes!(api::admin::invitations::revoke))
}

fn webhook_routes<R: DescribedRoutes>(all: R) -> R {
    use api::admin::webhooks;
    all.routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::read, webhooks::update, webhooks::delete))
        .routes(routes!(webhooks::replace_secret))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::deliveries))
}

fn health_routes<R: DescribedRoutes>(all: R) -> R {
    all.routes(routes!(api::health::alive)).routes(routes!(api::health::ready))
}

/// The pages of accounts, and the authorization server.
fn account_pages(limits: &RateLimits) -> Router<App> {
    let limited = from_fn_with_state((limits.clone(), Limit::LogIn), limit_by_address);
    api::oauth::routes().merge(api::oauth::log_in_route().layer(limited))
}

async fn no_such_route() -> RequestError {
    RequestError::NoSuchRoute
}

/// 204 for `OPTIONS` (RFC 9110 section 9.3.7), 405 for other methods. The router adds `Allow` to both.
async fn other_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return (StatusCode::NO_CONTENT, [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))])
            .into_response();
    }
    RequestError::MethodNotAllowed.into_response()
}
