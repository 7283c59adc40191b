//! Routes that describe themselves: a service needs their handlers, the OpenAPI document their descriptions.

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::app::App;

/// A list of routes, of which one part is kept.
pub(super) trait DescribedRoutes: Sized {
    /// Adds the routes of one path.
    fn routes(self, routes: UtoipaMethodRouter<App>) -> Self;
}

/// The handlers, and the paths. The descriptions would take 3 MB at the start, for a document that few clients ask for.
#[derive(Default)]
pub(super) struct Handlers {
    pub(super) router: Router<App>,
    pub(super) paths: Vec<String>,
}

impl DescribedRoutes for Handlers {
    fn routes(self, (_, described, methods): UtoipaMethodRouter<App>) -> Self {
        described.paths.into_keys().fold(self, |Self { router, mut paths }, path| {
            let router = router.route(&path, methods.clone());
            paths.push(path);
            Self { router, paths }
        })
    }
}

/// The descriptions.
pub(super) struct Descriptions(pub(super) OpenApi);

impl DescribedRoutes for Descriptions {
    fn routes(self, routes: UtoipaMethodRouter<App>) -> Self {
        Self(OpenApiRouter::with_openapi(self.0).routes(routes).into_openapi())
    }
}
