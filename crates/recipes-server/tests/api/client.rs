//! A client of the application under test, and the responses that it gets.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use recipes_server::http::stack::HttpService;
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) struct Client {
    pub(crate) service: HttpService,
    pub(crate) token: Option<String>,
}

impl Client {
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The same client with this token.
    pub(crate) fn bearing(&self, token: &str) -> Self {
        Self { service: self.service.clone(), token: Some(token.to_owned()) }
    }

    /// The id of the session that the token belongs to.
    pub(crate) fn session(&self) -> String {
        strict_jose::inspect(self.token()).unwrap().claims["sid"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::PATCH, path, body).await
    }

    pub(crate) async fn delete_with(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::DELETE, path, body).await
    }

    pub(crate) async fn post_form(&self, path: &str, form: &str) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        self.send(request.unwrap()).await
    }

    async fn send_json(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self
            .request(method, path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        self.send(request.unwrap()).await
    }

    /// A request with this client's token, without a body.
    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let request = Request::builder().method(method).uri(path);
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.service.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Creates a recipe and returns its address.
    pub(crate) async fn posts_recipe(&self, name: &str) -> String {
        let answer = self.post("/api/v1/recipes", &recipe(name)).await.is(201);
        answer.header("location").to_owned()
    }
}

/// A recipe with the required fields only.
pub(crate) fn recipe(name: &str) -> Value {
    json!({
        "name": name, "healthLabels": ["Vegan"], "cookTimeMinutes": 60, "prepTimeMinutes": 10,
        "ingredients": ["1/2 cup olive oil"],
    })
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers)).to_str().unwrap()
    }

    /// The names in all fields `Vary`.
    pub(crate) fn vary(&self) -> Vec<&str> {
        let fields = self.headers.get_all("vary").iter();
        fields.flat_map(|field| field.to_str().unwrap().split(',')).map(str::trim).collect()
    }

    /// The pointers of the invalid fields.
    #[track_caller]
    pub(crate) fn refused_fields(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors in {body}"));
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }
}
