//! The responders: problem documents, gRPC statuses, redirects to pages.

use axum::Router;
use axum::body::Body;
use axum::routing::any as on_any;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_passport::{
    Authenticate, BufferBody, GrpcStatus, LoginPage, ProblemJson, Reason, Rejection, RejectionPages, Respond,
    Strategy,
};

use crate::answer::{answer, get, post};
use crate::says::Says;

fn app<R: Respond<Body>>(layer: Authenticate<impl Strategy<User = String>, R>) -> Router {
    Router::new().route("/{*path}", on_any(async || "reached")).layer(layer)
}

fn at(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = get(headers);
    *request.uri_mut() = path.parse().unwrap();
    request
}

async fn respond<R: Respond<Body>>(respond: R, headers: &[(&str, &str)]) -> Response<Body> {
    app(Authenticate::new(Says("A")).respond_as(respond)).oneshot(at("/a", headers)).await.unwrap()
}

async fn body(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
}

#[tokio::test]
async fn a_problem_document() {
    let response = respond(ProblemJson, &[("a", "invalid token")]).await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "A");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(response.extensions().get::<Rejection>().unwrap().reason(), Reason::InvalidToken);
    assert_eq!(
        body(response).await,
        r#"{"detail":"The token is not valid.","error":"invalid_token","status":401,"title":"Unauthorized"}"#
    );
    let later = respond(ProblemJson, &[("a", "later")]).await;
    assert_eq!(
        (later.status().as_u16(), &later.headers()[header::RETRY_AFTER]),
        (503, &"2".parse().unwrap())
    );
    let elsewhere = respond(ProblemJson, &[("a", "elsewhere")]).await;
    assert_eq!((elsewhere.status().as_u16(), body(elsewhere).await.as_str()), (303, ""));
    let too_large =
        Router::new().route("/", on_any(async || ())).layer(BufferBody::new(1).respond_as(ProblemJson));
    assert!(answer(too_large, post("", "ab")).await.starts_with(r#"413 {"detail":"The body is too large.""#));
}

#[tokio::test]
async fn a_grpc_status() {
    for (says, want) in [
        ("", 16),
        ("invalid token", 16),
        ("wrong", 16),
        ("malformed", 16),
        ("elsewhere", 16),
        ("scope", 7),
        ("denied", 7),
        ("undecided", 14),
        ("later", 14),
        ("misconfigured", 13),
    ] {
        let headers = [("a", says)];
        let response = respond(GrpcStatus, if says.is_empty() { &[] } else { &headers }).await;
        assert_eq!(response.status(), 200, "{says}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/grpc", "{says}");
        assert_eq!(response.headers()["grpc-status"], want.to_string(), "{says}");
        assert!(http_body::Body::is_end_stream(response.body()), "{says}: trailers only");
        let pushback = response.headers().get("grpc-retry-pushback-ms");
        assert_eq!(
            pushback.map(|value| value.to_str().unwrap()),
            (says == "later").then_some("1001"),
            "{says}"
        );
    }
    let response = respond(GrpcStatus, &[("a", "invalid token")]).await;
    assert_eq!(response.headers()["grpc-message"], "The token is not valid.");
    assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "A");
    assert_eq!(response.extensions().get::<Rejection>().unwrap().cause(), "it says so");
}

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

async fn ask(page: &str, request: Request<Body>) -> (u16, HeaderMap) {
    let app = app(Authenticate::new(Says("A")).login_page(page).unwrap());
    let response = app.oneshot(request).await.unwrap();
    assert!(response.status() == 200 || response.extensions().get::<Rejection>().is_some());
    (response.status().as_u16(), response.headers().clone())
}

async fn sent_to(page: &str, path: &str) -> String {
    let (status, headers) = ask(page, at(path, &[BROWSER])).await;
    let location = headers.get(header::LOCATION).map_or("", |location| location.to_str().unwrap());
    format!("{status} {location}")
}

#[tokio::test]
async fn browsers_are_redirected_to_the_log_in_page_with_return_to() {
    assert_eq!(sent_to("/login", "/recipes").await, "303 /login?return_to=%2Frecipes");
    assert_eq!(sent_to("/login", "/a?b=c&d=%2F").await, "303 /login?return_to=%2Fa%3Fb%3Dc%26d%3D%252F");
    assert_eq!(sent_to("/login?lang=de#form", "/a").await, "303 /login?lang=de&return_to=%2Fa#form");
    assert_eq!(sent_to("https://id.example/", "/a").await, "303 https://id.example/?return_to=%2Fa");
    let (_, headers) = ask("/login", at("/a", &[BROWSER])).await;
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    for page in ["", "/a b", "/\n"] {
        assert!(LoginPage::new(page, ProblemJson).is_err(), "{page:?}");
    }
}

#[tokio::test]
async fn return_to_is_never_another_site() {
    for path in ["//evil.example", "//evil.example/%2f.."] {
        assert_eq!(sent_to("/login", path).await, "303 /login", "{path}");
    }
    let long = format!("/{}", "a".repeat(600));
    assert_eq!(sent_to("/login", &long).await, "303 /login");
    assert_eq!(sent_to("/login", "https://evil.example/a").await, "303 /login?return_to=%2Fa");
}

#[tokio::test]
async fn the_page_does_not_redirect_to_itself() {
    assert_eq!(sent_to("/login?lang=de", "/login").await, "401 ");
    assert_eq!(sent_to("/login", "/login?return_to=%2Fa").await, "401 ");
}

#[tokio::test]
async fn only_page_navigations_are_redirected() {
    let html = BROWSER;
    for (method, headers, want) in [
        (Method::GET, &[html][..], 303),
        (Method::HEAD, &[html], 303),
        (Method::GET, &[("accept", "Text/HTML")], 303),
        (Method::GET, &[html, ("sec-fetch-mode", "navigate")], 303),
        (Method::GET, &[html, ("a", "invalid token")], 303),
        (Method::GET, &[html, ("sec-fetch-mode", "cors")], 401),
        (Method::GET, &[html, ("sec-fetch-mode", "no-cors")], 401),
        (Method::POST, &[html], 303),
        (Method::POST, &[html, ("sec-fetch-mode", "cors")], 401),
        (Method::DELETE, &[html], 401),
        (Method::GET, &[], 401),
        (Method::GET, &[("accept", "*/*")], 401),
        (Method::GET, &[("accept", "application/json")], 401),
        (Method::GET, &[("accept", "text/html2, x/text/html")], 401),
        (Method::GET, &[html, ("a", "scope")], 403),
        (Method::GET, &[html, ("a", "malformed")], 400),
        (Method::GET, &[html, ("a", "undecided")], 503),
        (Method::GET, &[html, ("a", "Alice")], 200),
    ] {
        let mut request = at("/a", headers);
        *request.method_mut() = method.clone();
        assert_eq!(ask("/login", request).await.0, want, "{method} {headers:?}");
    }
}

#[tokio::test]
async fn other_clients_get_the_usual_response() {
    let layer = Authenticate::new(Says("A")).respond_as(ProblemJson).login_page("/login").unwrap();
    let response = app(layer).oneshot(at("/a", &[])).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn the_redirect_keeps_the_cookies_of_the_rejection() {
    let (_, headers) = ask("/login", at("/a", &[BROWSER, ("a", "ended")])).await;
    assert_eq!(headers[header::SET_COOKIE], "a=; Max-Age=0");
    assert_eq!(headers[header::LOCATION], "/login?error=session_ended&return_to=%2Fa");
}

#[tokio::test]
async fn a_form_of_an_ended_session_gets_the_log_in_page() {
    let sent = async |says| {
        let (status, headers) = ask("/login", posted(at("/a?b", &[BROWSER, ("a", says)]))).await;
        (status, headers[header::LOCATION].to_str().unwrap().to_owned())
    };
    assert_eq!(sent("ended").await, (303, "/login?error=session_ended".into()));
    assert_eq!(sent("wrong").await, (303, "/login?error=wrong_credentials".into()));
    assert_eq!(ask("/login", posted(at("/login", &[BROWSER, ("a", "wrong")]))).await.0, 401);
}

async fn fail(app: Router, request: Request<Body>) -> String {
    let response = app.oneshot(request).await.unwrap();
    assert!(response.extensions().get::<Rejection>().is_some());
    let location = response.headers().get(header::LOCATION).map_or("", |to| to.to_str().unwrap());
    format!("{} {location}", response.status().as_u16())
}

fn posted(mut request: Request<Body>) -> Request<Body> {
    *request.method_mut() = Method::POST;
    request
}

#[tokio::test]
async fn failed_log_ins_are_redirected_to_the_failure_page() {
    let failing = async |request| {
        fail(app(Authenticate::new(Says("A")).failure_page("/login").unwrap()), request).await
    };
    let html = BROWSER;
    for (says, want) in [
        ("wrong", "303 /login?error=wrong_credentials"),
        ("malformed", "303 /login?error=invalid_request"),
        ("denied", "303 /login?error=access_denied"),
        ("scope", "303 /login?error=insufficient_scope"),
        ("ended", "303 /login?error=session_ended"),
        ("undecided", "303 /login?error=temporarily_unavailable"),
        ("later", "303 /login?error=temporarily_unavailable"),
        ("misconfigured", "303 /login?error=server_error"),
        ("elsewhere", "303 https://id.example/?a=b"),
    ] {
        for mode in [html, ("sec-fetch-mode", "navigate")] {
            let request = at("/callback?code=secret", &[html, mode, ("a", says)]);
            assert_eq!(failing(request).await, want, "{says}");
            assert_eq!(failing(posted(at("/login", &[html, mode, ("a", says)]))).await, want, "{says}");
        }
    }
    assert_eq!(failing(posted(at("/login", &[html]))).await, "303 /login?error=no_credentials");
    // Scripts, programs, and the page itself.
    for headers in [&[("a", "wrong")][..], &[html, ("a", "wrong"), ("sec-fetch-mode", "cors")]] {
        assert_eq!(failing(posted(at("/login", headers))).await, "401 ");
    }
    assert_eq!(failing(at("/login?error=x", &[html, ("a", "wrong")])).await, "401 ");
    for elsewhere in ["https://evil.example/", "//evil.example", "login"] {
        assert!(Authenticate::new(Says("A")).failure_page(elsewhere).is_err(), "{elsewhere}");
    }
}

#[tokio::test]
async fn the_failure_page_keeps_return_to() {
    let layer = || Authenticate::new(Says("A")).failure_page("/login?lang=de#form").unwrap();
    for (asked, want) in [
        ("/in?return_to=%2Fsoup%3Fa", "/login?lang=de&error=wrong_credentials&return_to=%2Fsoup%3Fa#form"),
        ("/in?return_to=%2F%2Fevil.example", "/login?lang=de&error=wrong_credentials#form"),
        ("/in?return_to=/a&return_to=/b", "/login?lang=de&error=wrong_credentials#form"),
    ] {
        let request = posted(at(asked, &[BROWSER, ("a", "wrong")]));
        assert_eq!(fail(app(layer()), request).await, format!("303 {want}"));
    }
    let response = app(layer()).oneshot(at("/callback", &[BROWSER, ("a", "denied")])).await.unwrap();
    assert_eq!(response.headers()[header::SET_COOKIE], "flow=; Max-Age=0");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn log_in_page_and_failure_page_can_be_combined() {
    let layer =
        || Authenticate::new(Says("A")).failure_page("/failed").unwrap().login_page("/login").unwrap();
    for (request, want) in [
        (at("/a", &[BROWSER]), "303 /login?return_to=%2Fa"),
        (at("/a", &[BROWSER, ("a", "invalid token")]), "303 /login?return_to=%2Fa"),
        (at("/a", &[BROWSER, ("a", "denied")]), "303 /failed?error=access_denied"),
        (posted(at("/a", &[BROWSER, ("a", "wrong")])), "303 /login?error=wrong_credentials"),
        (at("/a", &[]), "401 "),
    ] {
        assert_eq!(fail(app(layer()), request).await, want);
    }
}

#[tokio::test]
async fn rejections_of_extractors_have_pages_too() {
    type Guard = std::sync::Arc<Says>;
    let whoami = async |tower_passport::Auth(user): tower_passport::Auth<Says>| user;
    let guarded = || Router::<Guard>::new().route("/{*path}", on_any(whoami)).with_state(Says("A").into());
    let pages = || RejectionPages::new().login_page("/login").unwrap().failure_page("/failed").unwrap();
    for (request, want) in [
        (at("/a", &[BROWSER]), "303 /login?return_to=%2Fa"),
        (at("/a", &[BROWSER, ("a", "denied")]), "303 /failed?error=access_denied"),
        (posted(at("/a", &[BROWSER, ("a", "ended")])), "303 /login?error=session_ended"),
        (posted(at("/login", &[BROWSER, ("a", "wrong")])), "303 /failed?error=wrong_credentials"),
        (posted(at("/a", &[("a", "wrong")])), "401 "),
        (at("/a", &[BROWSER, ("a", "later")]), "303 /failed?error=temporarily_unavailable"),
    ] {
        assert_eq!(fail(guarded().layer(pages()), request).await, want);
    }
    let response = guarded().layer(pages()).oneshot(at("/a", &[BROWSER, ("a", "denied")])).await.unwrap();
    assert_eq!(response.headers()[header::SET_COOKIE], "flow=; Max-Age=0");
    assert!(!response.headers().contains_key(header::CONTENT_TYPE));
    let later = guarded().layer(pages()).oneshot(at("/a", &[BROWSER, ("a", "later")])).await.unwrap();
    assert!(!later.headers().contains_key(header::RETRY_AFTER), "it would delay the redirect");
    assert_eq!(answer(guarded().layer(pages()), at("/a", &[BROWSER, ("a", "Alice")])).await, "200 Alice");
    let shown = guarded().layer(RejectionPages::new()).oneshot(at("/a", &[BROWSER, ("a", "denied")])).await;
    assert_eq!(shown.unwrap().status(), 403);
}

#[tokio::test]
async fn a_response_with_another_status_is_unchanged() {
    let pages = || RejectionPages::new().login_page("/outer").unwrap().failure_page("/outer").unwrap();
    let guard = || Authenticate::new(Says("A"));
    let hidden = |_: &Rejection, _: &http::request::Parts| {
        Response::builder().status(404).body(Body::empty()).unwrap()
    };
    let visit = || at("/a", &[BROWSER]);
    let sent_on = app(guard().login_page("/inner").unwrap());
    assert_eq!(fail(sent_on.layer(pages()), visit()).await, "303 /inner?return_to=%2Fa");
    assert_eq!(fail(app(guard().respond_with(hidden)).layer(pages()), visit()).await, "404 ");
    let inner = RejectionPages::new().login_page("/inner").unwrap();
    assert_eq!(fail(app(guard()).layer(inner).layer(pages()), visit()).await, "303 /inner?return_to=%2Fa");
    assert_eq!(fail(app(guard()).layer(pages()), visit()).await, "303 /outer?return_to=%2Fa");
}

#[tokio::test]
async fn missing_headers_are_added_to_the_response_of_a_function() {
    let ask = async |says: &'static str, status: u16, own: &'static [(&str, &str)]| {
        let page = move |_: &Rejection, _: &http::request::Parts| {
            let response = Response::builder().status(status);
            let response =
                own.iter().fold(response, |response, (name, value)| response.header(*name, *value));
            response.body(Body::empty()).unwrap()
        };
        let layer = Authenticate::new(Says("A")).respond_with(page);
        app(layer).oneshot(at("/a", &[("a", says)])).await.unwrap().headers().clone()
    };
    let wrong = ask("wrong", 401, &[]).await;
    assert_eq!(wrong[header::WWW_AUTHENTICATE], "A");
    assert_eq!(
        (&wrong[header::CACHE_CONTROL], &wrong[header::REFERRER_POLICY]),
        (&"no-store".parse().unwrap(), &"no-referrer".parse().unwrap(),)
    );
    assert_eq!(ask("later", 503, &[]).await[header::RETRY_AFTER], "2");
    assert_eq!(ask("elsewhere", 303, &[]).await[header::LOCATION], "https://id.example/?a=b");
    let own = &[("www-authenticate", "Own"), ("cache-control", "private"), ("referrer-policy", "origin")];
    let said = ask("wrong", 401, own).await;
    for (name, value) in own {
        assert_eq!(said.get_all(*name).iter().collect::<Vec<_>>(), [value], "{name}");
    }
    let hidden = ask("wrong", 404, &[]).await;
    assert!(!hidden.contains_key(header::WWW_AUTHENTICATE) && hidden.contains_key(header::CACHE_CONTROL));
}

#[tokio::test]
async fn responses_forbid_the_referrer() {
    let response = respond(tower_passport::DefaultResponse, &[("a", "denied")]).await;
    assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
    let (_, headers) = ask("/login", at("/a", &[BROWSER])).await;
    assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
}
