//! Runs each example as its first lines describe.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use http::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use strict_jose::Key;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower_passport::{ApiKeyFormat, MemoryStore, Sessions, TokenDigest};

use crate::answer::{answer, get, post};
use crate::browser::Browser;
use crate::identity_provider::{Answer, CLIENT_ID, CLIENT_SECRET, IdentityProvider};

#[expect(dead_code, unreachable_pub, reason = "a program of its own, with a `main`")]
#[path = "../../examples/chain.rs"]
mod chain;
#[expect(dead_code, reason = "a program of its own, with a `main`")]
#[path = "../../examples/cookie_session.rs"]
mod cookie_session;
#[expect(dead_code, unreachable_pub, reason = "a program of its own, with a `main`")]
#[path = "../../examples/hello.rs"]
mod hello;
#[expect(dead_code, reason = "a program of its own, with a `main`")]
#[path = "../../examples/hyper.rs"]
mod hyper_server;
#[expect(dead_code, unreachable_pub, reason = "a program of its own, with a `main`")]
#[path = "../../examples/local_login.rs"]
mod local_login;
#[expect(dead_code, reason = "a program of its own, with a `main`")]
#[path = "../../examples/oidc_login.rs"]
mod oidc_login;
#[expect(dead_code, unreachable_pub, reason = "a program of its own, with a `main`")]
#[path = "../../examples/recipes/main.rs"]
mod recipes;
#[expect(dead_code, reason = "a program of its own, with a `main`")]
#[path = "../../examples/tonic.rs"]
mod tonic_server;

fn key() -> Key {
    Key::hs256(b"a secret of at least thirty-two bytes").unwrap()
}

fn token(sub: &str) -> String {
    let exp = SystemTime::UNIX_EPOCH.elapsed().unwrap() + Duration::from_mins(1);
    key().sign("at+jwt", &json!({ "sub": sub, "exp": exp.as_secs() })).unwrap()
}

#[tokio::test]
async fn hello() {
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = get(headers);
        *request.uri_mut() = "/me".parse().unwrap();
        answer(hello::app(key()), request).await
    };
    assert!(ask(&[]).await.starts_with("401 [Bearer] {"));
    assert_eq!(ask(&[("authorization", &format!("Bearer {}", token("Alice")))]).await, "200 Hello, Alice\n");
}

#[tokio::test]
async fn chain() {
    let ask = async |headers: &[(&str, &str)]| answer(chain::app(key()), get(headers)).await;
    assert_eq!(ask(&[]).await, "200 Hello, guest\n");
    assert_eq!(ask(&[("x-api-key", "open sesame")]).await, "200 Hello, machine \"printer\"\n");
    assert!(ask(&[("x-api-key", "open barley")]).await.starts_with("401 [ApiKey]"));
    assert_eq!(ask(&[("authorization", &format!("Bearer {}", token("Alice")))]).await, "200 Hello, Alice\n");
    assert!(ask(&[("authorization", "Bearer forged")]).await.starts_with("401 [Bearer error="));
}

#[tokio::test]
async fn local_login() {
    let ask = async |content_type: &str, body: &'static str| {
        let mut request = post(content_type, body);
        *request.uri_mut() = "/login".parse().unwrap();
        answer(local_login::app(key()), request).await
    };
    let form = "application/x-www-form-urlencoded";
    for answer in [
        ask(form, "email=ali%40example.com&password=open+sesame").await,
        ask("application/json", r#"{"email":"ali@example.com","password":"open sesame"}"#).await,
    ] {
        let body: Value = serde_json::from_str(answer.strip_prefix("200 ").unwrap()).unwrap();
        let claims = strict_jose::inspect(body["token"].as_str().unwrap()).unwrap().claims;
        assert_eq!(claims["sub"], "40");
    }
    assert!(ask(form, "email=ali%40example.com&password=x").await.starts_with("401 [Form]"));
    assert!(ask(form, "email=ali%40example.com").await.contains(r#""missing_fields":["password"]"#));
}

#[tokio::test]
async fn cookie_session() {
    let app = cookie_session::app(Sessions::new(MemoryStore::new())).unwrap();
    let send = async |method: Method, uri: &str, cookie: &str, body: &'static str| {
        let mut request = post("application/x-www-form-urlencoded", body);
        (*request.method_mut(), *request.uri_mut()) = (method, uri.parse().unwrap());
        request.headers_mut().insert("accept", "text/html".parse().unwrap());
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        answer(app.clone(), request).await
    };
    assert_eq!(send(Method::GET, "/", "", "").await, "303 location: /login?return_to=%2F");
    assert!(send(Method::GET, "/login", "", "").await.starts_with("200 <form"));
    let wrong = send(Method::POST, "/login", "", "username=ali&password=x").await;
    assert_eq!(wrong, "303 location: /login?error=wrong_credentials");
    let mut elsewhere = post("application/x-www-form-urlencoded", "username=ali&password=open+sesame");
    *elsewhere.uri_mut() = "/login".parse().unwrap();
    elsewhere.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert!(answer(app.clone(), elsewhere).await.starts_with("403 "));
    let logged_in = send(Method::POST, "/login", "", "username=ali&password=open+sesame").await;
    let cookie = logged_in.strip_prefix("303 location: / set-cookie: ").unwrap().split(';').next().unwrap();
    assert_eq!(send(Method::GET, "/", cookie, "").await, "200 Hello, ali\n");
    let logged_out = send(Method::POST, "/logout", cookie, "").await;
    assert!(logged_out.starts_with("303 location: /login set-cookie: __Host-session=;"), "{logged_out}");
    let ended = send(Method::GET, "/", cookie, "").await;
    let to_log_in = "303 location: /login?error=session_ended&return_to=%2F set-cookie: __Host-session=;";
    assert!(ended.starts_with(to_log_in), "{ended}");
    let again = send(Method::POST, "/logout", cookie, "").await;
    assert!(again.starts_with("303 location: /login set-cookie: __Host-session=;"), "{again}");
    assert_eq!(send(Method::GET, "/nowhere", "", "").await, "404");
}

#[tokio::test]
async fn oidc_login() {
    let provider = IdentityProvider::start().await;
    // The program uses the system's clock.
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    provider.now().claims = json!({ "iat": now, "exp": now + 300 });
    let app = oidc_login::app(|name| {
        Ok(match name {
            "BASE_URL" => "http://127.0.0.1:3000",
            "ISSUER" => &provider.url,
            "CLIENT_ID" => CLIENT_ID,
            "CLIENT_SECRET" => CLIENT_SECRET,
            "SECRET" => "a secret of at least thirty-two bytes",
            name => return Err(name.to_owned()),
        }
        .to_owned())
    });
    let app = app.unwrap();
    let mut browser = Browser::default();
    let page = [("accept", "text/html")];
    assert_eq!(answer(app.clone(), get(&page)).await, "303 location: /login?return_to=%2F");
    let begun = browser.get(&app, "/login?return_to=%2F").await;
    let answer = provider.consent(&begun.location.unwrap());
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&answer).finish();
    let back = browser.get(&app, &format!("/login?{query}")).await;
    assert_eq!((back.status, back.location.as_deref()), (303, Some("/")), "{back:?}");
    assert!(browser.get(&app, "/").await.body.starts_with("<p>Hello, alice-7</p>"));
    assert!(browser.cookies.contains_key("session"));

    let over = browser.ask(&app, Method::POST, "/logout", String::new()).await;
    let (there, goodbye) = (&provider.url, "http%3A%2F%2F127.0.0.1%3A3000%2Fgoodbye");
    let there = format!("{there}/logout?client_id={CLIENT_ID}&post_logout_redirect_uri={goodbye}&state=");
    assert!(over.status == 303 && over.location.as_ref().unwrap().starts_with(&there), "{over:?}");
    assert!(!browser.cookies.contains_key("session"));
    // The redirect back works once with the state, and without it shows the same page.
    let (_, state) = over.location.as_ref().unwrap().split_once("&state=").unwrap();
    let back = browser.get(&app, &format!("/goodbye?state={state}")).await;
    assert_eq!((back.status, back.location.as_deref()), (303, Some("/goodbye")), "{back:?}");
    assert!(browser.cookies.is_empty(), "{browser:?}");
    for uri in ["/goodbye", &format!("/goodbye?state={state}")] {
        assert_eq!(browser.get(&app, uri).await.body, "You are logged out.");
    }
    browser.get(&app, "/").await.is(401, "no_credentials");
    // People see a page also if the provider is down.
    assert!(browser.get(&app, "/failed").await.body.contains("Try again"));
    let begun = browser.get(&app, "/login").await;
    let consent = provider.consent(&begun.location.unwrap());
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&consent).finish();
    provider.now().answers = [("/token", Answer::Status(502))].into();
    let flow =
        browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let mut callback = get(&[("accept", "text/html"), ("cookie", &flow)]);
    *callback.uri_mut() = format!("/login?{query}").parse().unwrap();
    let down = crate::answer::answer(app, callback).await;
    assert!(down.starts_with("303 location: /failed?error=temporarily_unavailable"), "{down}");
}

/// A listener on a free local port.
async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test]
async fn hyper() {
    let format = ApiKeyFormat::new("example").unwrap();
    let key = format.generate(&[7; 32]);
    let (listener, address) = listener().await;
    let server = tokio::spawn(hyper_server::serve(listener, format, TokenDigest::of(key.expose_secret())));
    let ask = async |authorization: &str| {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{authorization}Connection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let good = ask(&format!("Authorization: Bearer {}\r\n", key.expose_secret())).await;
    assert!(good.starts_with("HTTP/1.1 200 OK\r\n") && good.ends_with("\r\n\r\nHello, printer\n"), "{good}");
    let anonymous = ask("").await;
    assert!(
        anonymous.starts_with("HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\n"),
        "{anonymous}"
    );
    assert!(anonymous.contains("content-type: application/problem+json\r\n"), "{anonymous}");
    let junk = ask("Authorization: Bearer example_junk\r\n").await;
    assert!(junk.starts_with("HTTP/1.1 401 Unauthorized\r\n") && junk.contains("invalid_token"), "{junk}");
    server.abort();
}

#[tokio::test]
async fn tonic() {
    let (listener, address) = listener().await;
    let server = tokio::spawn(tonic_server::serve(listener, key()));
    let channel =
        tonic::transport::Endpoint::try_from(format!("http://{address}")).unwrap().connect().await.unwrap();
    let ask = async |authorization: Option<&str>| {
        let mut client = tonic::client::Grpc::new(channel.clone());
        client.ready().await.unwrap();
        let mut request = tonic::Request::new("Hello".to_owned());
        if let Some(value) = authorization {
            request.metadata_mut().insert("authorization", value.parse().unwrap());
        }
        let path = http::uri::PathAndQuery::from_static("/example.Greeter/Greet");
        client.unary(request, path, tonic_prost::ProstCodec::<String, String>::default()).await
    };
    let good = ask(Some(&format!("Bearer {}", token("Alice")))).await.unwrap();
    assert_eq!(good.into_inner(), "Hello, Alice");
    let anonymous = ask(None).await.unwrap_err();
    assert_eq!(anonymous.code(), tonic::Code::Unauthenticated);
    assert_eq!(anonymous.message(), "This needs credentials, and the request has none.");
    assert_eq!(anonymous.metadata().get("www-authenticate").unwrap(), "Bearer");
    let forged = ask(Some("Bearer forged")).await.unwrap_err();
    assert_eq!((forged.code(), forged.message()), (tonic::Code::Unauthenticated, "The token is not valid."));
    server.abort();
}

#[tokio::test]
async fn recipes() {
    use self::recipes::users::{User, Users};

    let password = "$2b$04$V7mQd0xT1sYb2nLw8aKceuDTWGbElyVzDF0W.aCiJxKotp9xHtiE6";
    let users = || Users(vec![User { id: 1, email: "ada@example.com", password }].into());
    let app = recipes::app(users(), key());
    let send = async |method: Method, uri: &str, token: &str, body: &'static str| {
        let mut request = post("application/json", body);
        (*request.method_mut(), *request.uri_mut()) = (method, uri.parse().unwrap());
        if !token.is_empty() {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        answer(app.clone(), request).await
    };
    let (log_in, all) = ("/api/v1/users/login", "/api/v1/recipes");
    let good = r#"{"email":"ada@example.com","password":"a stitch in thyme"}"#;
    let logged_in = send(Method::POST, log_in, "", good).await;
    let body: Value = serde_json::from_str(logged_in.strip_prefix("200 ").expect(&logged_in)).unwrap();
    let token = body["token"].as_str().unwrap();
    for wrong in [
        r#"{"email":"ada@example.com","password":"a stitch in time"}"#,
        r#"{"email":"bob@example.com","password":"a stitch in thyme"}"#,
    ] {
        assert!(send(Method::POST, log_in, "", wrong).await.starts_with("401 [Form]"));
    }
    assert!(send(Method::POST, log_in, "", "{}").await.starts_with("400 "));
    assert!(send(Method::POST, all, "", "\"Soup\"").await.starts_with("401 [Bearer]"));
    assert!(send(Method::POST, all, "forged", "\"Soup\"").await.starts_with("401 [Bearer error="));
    let of_unknown_user = key().sign("at+jwt", &json!({ "sub": "2", "exp": 4_000_000_000_u64 })).unwrap();
    assert!(send(Method::POST, all, &of_unknown_user, "\"Soup\"").await.starts_with("401 [Bearer error="));
    assert_eq!(send(Method::POST, all, token, "\"Soup\"").await, "201 Soup, by ada@example.com");
    assert_eq!(send(Method::GET, all, "", "").await, r#"200 ["Soup, by ada@example.com"]"#);
    assert_eq!(send(Method::GET, "/nowhere", "", "").await, "404");
}
