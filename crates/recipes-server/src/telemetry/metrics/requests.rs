//! The durations of requests by method, route and status.
//!
//! - What it does: it finds the route of a path again, and records into a series that was registered before.
//! - What it gains: no allocation and no look-up of labels.
//! - What must hold: the number of series is bounded. A client chooses method and path, so unknown ones share one label.

use std::{sync::OnceLock, time::Duration};

use http::{Method, StatusCode};
use metrics::{Histogram, histogram};

use crate::telemetry::routes::Routes;

pub(super) const NAME: &str = "recipes_http_request_duration_seconds";

const METHODS: [Method; 7] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::OPTIONS];

/// Those that the service answers with. The first are the most frequent.
const STATUSES: [u16; 26] = [
    200, 304, 201, 204, 401, 404, 202, 206, 302, 303, 307, 400, 403, 405, 406, 408, 409, 412, 413, 415, 422,
    428, 429, 431, 500, 503,
];

/// The label of everything that has none of its own.
const OTHER: &str = "other";

/// Durations of requests.
pub struct RequestMetrics {
    routes: Routes,
    /// One for each route and for [`OTHER`], method and status. Only those that occurred are registered.
    series: Box<[OnceLock<Histogram>]>,
}

impl RequestMetrics {
    pub fn new(routes: Routes) -> Self {
        let series = (routes.count() + 1) * (METHODS.len() + 1) * (STATUSES.len() + 1);
        Self { routes, series: (0..series).map(|_| OnceLock::new()).collect() }
    }

    pub(in crate::telemetry) fn record(
        &self,
        method: &Method,
        path: &str,
        status: StatusCode,
        duration: Duration,
    ) {
        let route = self.routes.number(path).unwrap_or(self.routes.count());
        let method = METHODS.iter().position(|known| known == method).unwrap_or(METHODS.len());
        let status = STATUSES.iter().position(|known| *known == status.as_u16()).unwrap_or(STATUSES.len());
        let index = (route * (METHODS.len() + 1) + method) * (STATUSES.len() + 1) + status;
        if let Some(series) = self.series.get(index) {
            series.get_or_init(|| self.register(route, method, status)).record(duration);
        }
    }

    #[cold]
    fn register(&self, route: usize, method: usize, status: usize) -> Histogram {
        let route = self.routes.template(route).unwrap_or(OTHER).to_owned();
        let method = METHODS.get(method).map_or(OTHER, Method::as_str).to_owned();
        let status = STATUSES.get(status).map_or(OTHER.to_owned(), ToString::to_string);
        histogram!(NAME, "method" => method, "route" => route, "status" => status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::builder;

    /// The counts of requests after these, as Prometheus reads them.
    fn counts(requests: &[(&str, &str, u16)]) -> Vec<String> {
        let recorder = builder().unwrap().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let templates =
                ["/api/v1/recipes", "/api/v1/recipes/{id}", "/api/v1/users/me"].map(str::to_owned);
            let metrics = RequestMetrics::new(Routes::new(templates));
            for (method, path, status) in requests {
                let (method, status) = (method.parse().unwrap(), StatusCode::from_u16(*status).unwrap());
                metrics.record(&method, path, status, Duration::from_millis(3));
            }
        });
        let text = recorder.handle().render();
        let counts =
            text.lines().filter_map(|line| line.strip_prefix("recipes_http_request_duration_seconds_count"));
        let mut counts: Vec<_> = counts.map(str::to_owned).collect();
        counts.sort();
        counts
    }

    #[test]
    fn requests_are_counted_by_method_route_and_status() {
        assert_eq!(
            counts(&[
                ("GET", "/api/v1/recipes/1", 200),
                ("GET", "/api/v1/recipes/2", 200),
                ("GET", "/api/v1/recipes/3", 404),
                ("GET", "/api/v1/recipes", 200),
                ("POST", "/api/v1/recipes", 201),
            ]),
            [
                r#"{method="GET",route="/api/v1/recipes",status="200"} 1"#,
                r#"{method="GET",route="/api/v1/recipes/{id}",status="200"} 2"#,
                r#"{method="GET",route="/api/v1/recipes/{id}",status="404"} 1"#,
                r#"{method="POST",route="/api/v1/recipes",status="201"} 1"#,
            ]
        );
    }

    #[test]
    fn client_cannot_make_series() {
        let paths = ["", "/", "/nowhere", "/api/v1/recipes/1/2", "/\"\n{}", "/api/v1/recipes/"];
        let requests: Vec<_> = paths.into_iter().map(|path| ("BREW", path, 599)).collect();
        assert_eq!(counts(&requests), [r#"{method="other",route="other",status="other"} 6"#]);
    }
}
