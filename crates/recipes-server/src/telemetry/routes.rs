//! The template of a path, as in `/api/v1/recipes/{id}`, for metrics and traces.
//!
//! It is found with the router that axum uses. axum's `MatchedPath` would be an allocation for each request, also where nothing
//! is measured.

/// The routes of the service.
#[derive(Clone, Default)]
pub struct Routes {
    router: matchit::Router<usize>,
    templates: Vec<String>,
}

impl Routes {
    /// The routes with these templates. A template that the router refuses is left out.
    pub fn new(templates: impl IntoIterator<Item = String>) -> Self {
        let mut routes = Self::default();
        for template in templates {
            if routes.router.insert(template.clone(), routes.templates.len()).is_ok() {
                routes.templates.push(template);
            }
        }
        routes
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.templates.len()
    }

    /// The number of the route of this path, below [`count`](Self::count).
    pub(super) fn number(&self, path: &str) -> Option<usize> {
        self.router.at(path).ok().map(|found| *found.value)
    }

    /// The template of the route with this number.
    pub(super) fn template(&self, number: usize) -> Option<&str> {
        self.templates.get(number).map(String::as_str)
    }
}
