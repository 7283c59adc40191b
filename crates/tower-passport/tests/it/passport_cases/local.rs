//! passport-local.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use http::request::Parts;
use http::{Request, Response};
use secrecy::ExposeSecret;
use tower_passport::{
    Authenticate, BufferBody, Denial, Error, Local, LocalCredentials, Rejection, Strategy, Verification,
    Verify, with_request,
};

use super::{COMPILES_NOT, seen, send, site, told};
use crate::answer::{get, post};

const JSON: &str = "application/json";
const GOOD: &str = r#"{"username":"johndoe","password":"secret"}"#;

pub(super) async fn run(number: usize) -> String {
    match number {
        1 | 2 => Local::new(verify).name().into_owned(),
        3 => COMPILES_NOT.to_owned(),
        4 => seen(site(Local::new(verify)), post(JSON, GOOD)).await,
        5 => seen(site(Local::new(with_info)), post(JSON, GOOD)).await,
        6 | 7 => in_query("/?username=johndoe&password=secret").await,
        8 => seen(site(Local::new(verify)), post("", "")).await,
        9 => missing("{}").await,
        10 => missing(r#"{"username":"johndoe"}"#).await,
        11 => missing(r#"{"password":"secret"}"#).await,
        12 => seen(site(Local::new(verify)), post(JSON, r#"{"username":"johndoe","password":"x"}"#)).await,
        13 => denied(Denial::new("wrong_password").with_description("authentication failed")).await,
        14 => denied(Denial::forbidden("blocked").with_description("authentication failed")).await,
        15 => decided(async |_| Err(Error::new("something went wrong"))).await,
        16 => decided(async |_| panic!("something went horribly wrong")).await,
        17 => seen(site(renamed(verify)), post(JSON, r#"{"userid":"johndoe","passwd":"secret"}"#)).await,
        18 => seen(site(renamed(with_info)), post(JSON, r#"{"userid":"johndoe","passwd":"secret"}"#)).await,
        19 => nested(verify).await,
        20 => nested(with_info).await,
        21 => {
            let respond = |rejection: &Rejection, _: &Parts| {
                let mut response = Response::new(Body::from("Something is wrong with this request"));
                *response.status_mut() = rejection.status();
                response
            };
            let guard = Authenticate::new(Local::new(verify)).respond_with(respond);
            let app = Router::new().route("/", axum::routing::post(async || "reached"));
            let app = app.route_layer(guard).route_layer(BufferBody::new(100));
            let response = send(app, post(JSON, "{}")).await;
            let status = response.status().as_u16();
            let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
            format!("{status} {}", String::from_utf8(body.into()).unwrap())
        }
        22 => with_header(|_| String::new()).await,
        23 => with_header(|_| " read".to_owned()).await,
        24 => with_header(|head| format!(" read {}", head.headers["x-foo"].to_str().unwrap())).await,
        25 => parsed(verify).await,
        26 => parsed(with_info).await,
        27 => missing(r#"{"username":{"object":1},"password":"secret"}"#).await,
        28 => missing(r#"{"username":"johndoe","password":{"object":1}}"#).await,
        29 => in_query("/?username[object]=1&password=secret").await,
        30 => in_query("/?username=johndoe&password[object]=1").await,
        _ => panic!("L{number} has no test"),
    }
}

fn is_good(credentials: &LocalCredentials) -> bool {
    let known = ["johndoe", "johndoe@test.com"];
    known.contains(&credentials.username.as_str()) && credentials.password.expose_secret() == "secret"
}

async fn verify(credentials: LocalCredentials) -> Result<Option<String>, Infallible> {
    Ok(is_good(&credentials).then(|| "1234".to_owned()))
}

async fn with_info(credentials: LocalCredentials) -> Result<Option<String>, Infallible> {
    Ok(is_good(&credentials).then(|| "1234 read".to_owned()))
}

async fn in_query(uri: &str) -> String {
    seen(site(Local::new(verify)), Request::get(uri).body(Body::empty()).unwrap()).await
}

async fn missing(body: &'static str) -> String {
    let response = send(site(Local::new(verify)), post(JSON, body)).await;
    let rejection = response.extensions().get::<Rejection>().unwrap();
    let (status, reason) = (rejection.status().as_u16(), rejection.reason().as_str());
    format!("{status} {reason}, missing {}", rejection.missing_fields().join(", "))
}

async fn denied(denial: Denial) -> String {
    let verify = move |_: LocalCredentials| {
        let denial = denial.clone();
        async move { Ok::<Verification<String>, Infallible>(denial.into()) }
    };
    told(site(Local::new(verify)), post(JSON, GOOD)).await
}

async fn decided<F>(verify: impl Fn(LocalCredentials) -> F + Send + Sync + 'static) -> String
where
    F: Future<Output = Result<Option<String>, Error>> + Send + 'static,
{
    seen(site(Local::new(verify)), post(JSON, GOOD)).await
}

fn renamed<V: Verify<LocalCredentials, User = String>>(verify: V) -> Local<V> {
    Local::new(verify).username_field("userid").password_field("passwd")
}

async fn nested<V: Verify<LocalCredentials, User = String>>(verify: V) -> String {
    let local = Local::new(verify).username_field("user[username]").password_field("user[password]");
    seen(site(local), post(JSON, r#"{"user":{"username":"johndoe","password":"secret"}}"#)).await
}

async fn with_header(info: impl Fn(&Parts) -> String + Send + Sync + 'static) -> String {
    let verify = with_request(move |credentials: LocalCredentials, head: &Parts| {
        let user = is_good(&credentials).then(|| format!("1234{}", info(head)));
        async move { Ok::<_, Infallible>(user) }
    });
    let mut request = post(JSON, GOOD);
    request.headers_mut().insert("x-foo", "hello".parse().unwrap());
    seen(site(Local::new(verify)), request).await
}

/// The application reads the body, in which the name of the user has one of two names.
async fn parsed<V: Verify<LocalCredentials, User = String>>(verify: V) -> String {
    let mut request = get(&[]);
    request.extensions_mut().insert(LocalCredentials::new("johndoe@test.com", "secret"));
    seen(site(Local::new(verify)), request).await
}
