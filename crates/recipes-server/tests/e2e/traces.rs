//! Traces in the OpenTelemetry protocol, received by a collector of the test. `cargo test --features otel`

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, body::Bytes, extract::Request, response::IntoResponse};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use strict_jose::{Algorithm, Key};

use crate::program::{Client, Program, recipe};

/// The trace and the span of a client.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn traceparent() -> String {
    format!("00-{TRACE}-{PARENT}-01")
}

/// One field of a message of protobuf: all that this test reads of them.
#[derive(Clone, Debug)]
struct Field {
    number: u64,
    /// A number as its bytes, little endian; a string; or a message.
    value: Vec<u8>,
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn fields(mut bytes: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let length = match key & 7 {
            0 => {
                let value = varint(&mut bytes).to_le_bytes().to_vec();
                fields.push(Field { number: key >> 3, value });
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)).unwrap(),
            5 => 4,
            other => panic!("wire type {other}"),
        };
        let (value, rest) = bytes.split_at(length);
        fields.push(Field { number: key >> 3, value: value.to_vec() });
        bytes = rest;
    }
    fields
}

fn all(message: &[u8], number: u64) -> Vec<Vec<u8>> {
    fields(message).into_iter().filter(|field| field.number == number).map(|field| field.value).collect()
}

fn one(message: &[u8], number: u64) -> Vec<u8> {
    all(message, number).pop().unwrap_or_default()
}

fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// `KeyValue`: a name, and a string or an integer.
fn attributes(messages: Vec<Vec<u8>>) -> BTreeMap<String, String> {
    let pair = |message: Vec<u8>| {
        let value = fields(&one(&message, 2)).remove(0);
        let text = match value.number {
            1 => String::from_utf8(value.value).unwrap(),
            _ => number(&value.value).to_string(),
        };
        (String::from_utf8(one(&message, 1)).unwrap(), text)
    };
    messages.into_iter().map(pair).collect()
}

/// A `Span` of the protocol.
#[derive(Clone, Debug)]
struct Span {
    service: String,
    trace: String,
    id: String,
    parent: String,
    name: String,
    kind: u64,
    nanoseconds: u64,
    attributes: BTreeMap<String, String>,
}

const SERVER: u64 = 2;
const CLIENT: u64 = 3;

/// The spans of an `ExportTraceServiceRequest`.
fn spans(request: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    for of_resource in all(request, 1) {
        let service = attributes(all(&one(&of_resource, 1), 1)).remove("service.name").unwrap();
        for span in all(&of_resource, 2).iter().flat_map(|of_scope| all(of_scope, 2)) {
            spans.push(Span {
                service: service.clone(),
                trace: hex(&one(&span, 1)),
                id: hex(&one(&span, 2)),
                parent: hex(&one(&span, 4)),
                name: String::from_utf8(one(&span, 5)).unwrap(),
                kind: number(&one(&span, 6)),
                nanoseconds: number(&one(&span, 8)).checked_sub(number(&one(&span, 7))).unwrap(),
                attributes: attributes(all(&span, 9)),
            });
        }
    }
    spans
}

/// A collector, and a server of an issuer.
#[derive(Clone, Default)]
struct Peer {
    address: String,
    bodies: Arc<Mutex<Vec<Bytes>>>,
    headers: Arc<Mutex<Vec<(String, HeaderMap)>>>,
    answers: Arc<Mutex<Option<StatusCode>>>,
}

impl Peer {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = Self { address: format!("http://{}", listener.local_addr().unwrap()), ..Self::default() };
        let served = peer.clone();
        let app = Router::new().fallback(async move |request: Request| served.answer(request).await);
        tokio::spawn(async move { axum::serve(listener, app).await });
        peer
    }

    async fn answer(&self, request: Request) -> axum::response::Response {
        let path = request.uri().path().to_owned();
        self.headers.lock().unwrap().push((path.clone(), request.headers().clone()));
        if path != "/v1/traces" {
            let url = &self.address;
            return Json(json!({"issuer": url, "jwks_uri": format!("{url}/jwks"), "keys": []}))
                .into_response();
        }
        let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
        if let Some(status) = *self.answers.lock().unwrap() {
            return status.into_response();
        }
        self.bodies.lock().unwrap().push(body);
        StatusCode::OK.into_response()
    }

    fn spans(&self) -> Vec<Span> {
        self.bodies.lock().unwrap().iter().flat_map(|body| spans(body)).collect()
    }

    /// The first span with this name, as soon as it has come.
    async fn span(&self, name: &str) -> Span {
        for _ in 0..2_000 {
            if let Some(span) = self.spans().into_iter().find(|span| span.name == name) {
                return span;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no {name} in {:#?}", self.spans());
    }
}

fn settings(collector: &Peer) -> Vec<(&str, &str)> {
    vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("LOG_FORMAT", "json"),
    ]
}

fn traced(client: &Client) -> Client {
    let mut client = client.clone();
    client.headers.push(("traceparent", traceparent()));
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_spans_below_those_of_the_client_and_above_what_they_wait_for() {
    let collector = Peer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start_with(folder.path(), &settings(&collector));
    let client = program.signed_up("ada@example.org").await;
    assert_eq!(traced(&client).post("/api/v1/recipes?a=secret", &recipe("Soup")).await.unwrap().0, 201);
    client.get("/no/such/route").await.unwrap();

    let sign_up = collector.span("POST /api/v1/users/signup").await;
    assert_eq!((&*sign_up.service, sign_up.kind, &*sign_up.parent), ("recipes", SERVER, ""));
    assert_ne!(sign_up.trace, TRACE);
    let password = collector.span("password").await;
    assert_eq!((&password.trace, &password.parent), (&sign_up.trace, &sign_up.id));
    assert!(password.nanoseconds > 1_000_000 && password.nanoseconds < sign_up.nanoseconds, "{password:?}");

    let create = collector.span("POST /api/v1/recipes").await;
    assert_eq!((&*create.trace, &*create.parent), (TRACE, PARENT));
    let log = program.logged(r#""path":"/api/v1/recipes""#).await;
    let log: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(log["trace.id"], TRACE);
    let has = |name: &str, value: &str| assert_eq!(create.attributes[name], value, "{create:#?}");
    has("http.request.method", "POST");
    has("http.route", "/api/v1/recipes");
    has("http.response.status_code", "201");
    has("url.path", "/api/v1/recipes");
    has("client.address", "127.0.0.1");
    has("request.id", log["request.id"].as_str().unwrap());
    let below: Vec<_> = collector.spans().into_iter().filter(|span| span.parent == create.id).collect();
    let names: Vec<_> = below.iter().map(|span| (&*span.name, span.kind)).collect();
    assert_eq!(names, [("body", 1), ("write", CLIENT)]);
    assert_eq!(below[1].attributes["db.system.name"], "sqlite");
    assert!(
        below.iter().all(|span| span.trace == TRACE && span.nanoseconds < create.nanoseconds),
        "{below:#?}"
    );

    let unknown = collector.span("GET").await;
    assert_eq!(unknown.attributes["http.response.status_code"], "404");
    let bodies = collector.bodies.lock().unwrap().concat();
    for secret in ["secret", "ada@example.org", "a stitch in thyme"] {
        assert!(!bodies.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_continues_at_the_issuer_of_a_token() {
    let peer = Peer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&peer);
    settings.extend([("ISSUER", &*peer.address), ("PUBLIC_URL", "http://recipes.example")]);
    let program = Program::start_with(folder.path(), &settings);
    let key = Key::generate(Algorithm::EdDsa).unwrap().with_kid("unknown");
    let claims = json!({
        "iss": peer.address, "aud": "http://recipes.example/api/v1", "sub": "ada", "client_id": "a", "scope": "",
        "exp": 4_000_000_000_u64, "iat": 1, "jti": "1",
    });
    let mut client = traced(&program.client());
    client.token = Some(key.sign("at+jwt", &claims).unwrap());
    let (status, answer) = client.post("/api/v1/recipes", &recipe("Soup")).await.unwrap();
    assert_eq!(status, 503, "the issuer has no keys: {answer}");
    let span = peer.span("POST /api/v1/recipes").await;
    assert_eq!(span.attributes["error.type"], "503");
    let headers = peer.headers.lock().unwrap();
    let sent: Vec<_> = headers.iter().filter(|(path, _)| path != "/v1/traces").collect();
    assert!(!sent.is_empty());
    for (path, headers) in sent {
        assert_eq!(headers["traceparent"], format!("00-{TRACE}-{}-01", span.id), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn collector_that_fails_costs_traces_and_one_line() {
    let collector = Peer::start().await;
    *collector.answers.lock().unwrap() = Some(StatusCode::BAD_REQUEST);
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start_with(folder.path(), &settings(&collector));
    let client = program.client();
    for _ in 0..5 {
        assert_eq!(client.get("/api/v1/recipes").await.unwrap().0, 200);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let line = program.logged("cannot be sent").await;
    assert!(line.contains(&collector.address) && line.contains("it answers 400 Bad Request"), "{line}");
    *collector.answers.lock().unwrap() = None;
    client.get("/healthz").await.unwrap();
    program.logged("are sent to").await;
    collector.span("GET /healthz").await;
    program.logged("/v1/traces again").await;
    assert_eq!(program.log().iter().filter(|line| line.contains("cannot be sent")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn last_spans_are_sent_at_the_end() {
    let collector = Peer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&collector);
    settings.push(("OTEL_BSP_SCHEDULE_DELAY", "600000"));
    settings.push(("OTEL_SERVICE_NAME", "kitchen"));
    let program = Program::start_with(folder.path(), &settings);
    program.client().get("/healthz").await.unwrap();
    assert!(collector.spans().is_empty());
    program.signal(rustix::process::Signal::TERM);
    assert_eq!(program.code(), Some(0));
    assert_eq!(collector.span("GET /healthz").await.service, "kitchen");
}
