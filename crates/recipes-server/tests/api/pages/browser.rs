//! A browser without JavaScript: it keeps cookies, and sends forms as pages contain them.

use std::collections::BTreeMap;

use axum::body::Body;
use http::{Method, header};
use recipes_server::jobs::search_index::Freshness;

use crate::app::{Answer, Client, PASSWORD, TestApp};

const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

pub(crate) struct Browser {
    client: Client,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) language: &'static str,
    /// Of the header `Host`.
    pub(crate) host: Option<&'static str>,
}

impl Browser {
    pub(crate) fn new(app: &TestApp) -> Self {
        Self { client: app.anonymous(), cookies: BTreeMap::new(), language: "en", host: None }
    }

    /// After a sign-up in the browser.
    pub(crate) async fn of_new_user(app: &TestApp, email: &str) -> Self {
        let mut browser = Self::new(app);
        let fields = [("name", "Ada"), ("email", email), ("password", PASSWORD)];
        browser.submit("/sign-up", "/sign-up", &fields).await.is(303);
        browser
    }

    /// With the session of a user that the test has created.
    pub(crate) async fn of(app: &TestApp, name: &str, role: accounts::Role) -> Self {
        let user = app.user(name, role).await;
        let client = recipes_server::use_cases::accounts::ClientInfo::default();
        let begun = app.app.accounts().begin_session(user, None, client).await.unwrap().unwrap();
        let mut browser = Self::new(app);
        browser.cookies.insert("__Host-token".to_owned(), begun.access_token);
        browser
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// Sends fields to `action` with the form token of the page at `path`.
    pub(crate) async fn submit(&mut self, path: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let token = form_token(&self.get(path).await.text());
        self.post(action, &[&[("form_token", &*token)], fields].concat()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, Some(("application/x-www-form-urlencoded", form.into()))).await
    }

    /// [`submit`](Self::submit) for a form with a picture in the field `image`.
    pub(crate) async fn upload(
        &mut self,
        path: &str,
        action: &str,
        fields: &[(&str, &str)],
        file: &[u8],
    ) -> Answer {
        self.upload_as(("image", "a.jpg"), (path, action), fields, file).await
    }

    /// The same for a file with this name in this field.
    pub(crate) async fn upload_as(
        &mut self,
        (field, name): (&str, &str),
        (path, action): (&str, &str),
        fields: &[(&str, &str)],
        file: &[u8],
    ) -> Answer {
        let token = form_token(&self.get(path).await.text());
        let mut body = Vec::new();
        // A test may send another token.
        let token =
            fields.iter().find(|(name, _)| *name == "form_token").map_or(&*token, |(_, token)| *token);
        let others = fields.iter().copied().filter(|(name, _)| *name != "form_token");
        for (name, value) in [("form_token", token)].into_iter().chain(others) {
            let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend(head.into_bytes());
        }
        let head =
            format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\r\n");
        body.extend(head.into_bytes());
        body.extend(file);
        body.extend(b"\r\n--b--\r\n");
        self.send(Method::POST, action, Some(("multipart/form-data; boundary=b", body))).await
    }

    async fn send(&mut self, method: Method, path: &str, form: Option<(&str, Vec<u8>)>) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.client.request(method, path).header(header::ACCEPT, ACCEPT);
        request =
            request.header(header::ACCEPT_LANGUAGE, self.language).header("sec-fetch-site", "same-origin");
        if let Some(host) = self.host {
            request = request.header(header::HOST, host);
        }
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if let Some((media_type, _)) = form {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        let body = form.map_or_else(Body::empty, |(_, body)| Body::from(body));
        let answer = self.client.send(request.body(body).unwrap()).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// Waits until searches find everything.
pub(crate) async fn index_is_built(app: &TestApp) {
    while app.app.recipes().freshness().await != Some(Freshness::UpToDate) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// The token that every form of a page has.
pub(crate) fn form_token(page: &str) -> String {
    field(page, "form_token")
}

/// The value of a hidden field.
#[track_caller]
pub(crate) fn field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The addresses of the links that begin with this.
pub(crate) fn links(page: &str, start: &str) -> Vec<String> {
    let parts = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    parts.filter(|address| address.starts_with(start)).map(str::to_owned).collect()
}
