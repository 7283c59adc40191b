//! One `tracing` event for each rejection, with a cause that the client does not see.

use std::convert::Infallible;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get as on_get;
use strict_jose::{Key, Rules};
use tower::ServiceExt;
use tower_passport::{Authenticate, BoxStrategy, Jwt, Strategy};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::answer::get;
use crate::says::Says;

/// Records each event of this crate as a line.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    pub(crate) fn written(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tower_passport")
    }

    fn event(&self, event: &Event<'_>) {
        let target = event.metadata().target();
        assert!(
            ["tower_passport", "tower_passport::cached_document", "tower_passport::remote_keys"]
                .contains(&target),
            "{target}"
        );
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn each_rejection_is_one_event_with_its_reason() {
    for (says, want) in [
        ("Alice", &[][..]),
        (
            "invalid token",
            &[
                r#"INFO message=Credentials rejected: it says so reason="invalid_token" cause="it says so" strategy="Says" path="/""#,
            ],
        ),
        (
            "wrong",
            &[
                r#"INFO message=Credentials rejected: wrong_credentials reason="wrong_credentials" cause="wrong_credentials" strategy="Says" path="/""#,
            ],
        ),
        (
            "undecided",
            &[
                r#"ERROR message=Authentication failed: the request could not be authenticated reason="temporarily_unavailable" strategy="Says" path="/" error=the database is down: secret"#,
            ],
        ),
        (
            "misconfigured",
            &[
                r#"ERROR message=Authentication failed: authentication is not set up completely reason="server_error" strategy="Says" path="/" error=a layer: secret"#,
            ],
        ),
        (
            "elsewhere",
            &[
                r#"DEBUG message=Request not authenticated: redirect reason="redirect" cause="redirect" strategy="Says" path="/""#,
            ],
        ),
    ] {
        assert_eq!(events(&[("a", says)]).await, want, "{says}");
    }
    let rejected = r#"DEBUG message=Request not authenticated: no_credentials reason="no_credentials" cause="no_credentials" strategy="Says" path="/""#;
    assert_eq!(events(&[]).await, [rejected]);
}

#[tokio::test]
async fn admit_logs_the_same_events() {
    for says in ["Alice", "wrong", "denied", "undecided", "misconfigured", "elsewhere"] {
        let headers = [("a", says)];
        let (head, _) = get(&headers).into_parts();
        let lines = Lines::default();
        let guard = tracing::subscriber::set_default(lines.clone());
        let admitted = Says("A").admit(&head).await;
        drop(guard);
        assert_eq!(admitted.is_ok(), says == "Alice");
        assert_eq!(lines.written(), events(&headers).await, "{says}");
    }
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(lines.clone());
    let rejected = Says("A").authenticate(&get(&[]).into_parts().0).await.unwrap().admit();
    drop(guard);
    assert_eq!(rejected.unwrap_err().status(), 401);
    let line = r#"DEBUG message=Request not authenticated: no_credentials reason="no_credentials" cause="no_credentials" strategy="unknown""#;
    assert_eq!(lines.written(), [line]);
}

#[tokio::test]
async fn events_name_the_strategy_of_a_chain_that_rejected() {
    let names = async |chain: BoxStrategy<String>, headers: &[(&str, &str)]| {
        let lines = Lines::default();
        let guard = tracing::subscriber::set_default(lines.clone());
        let (head, _) = get(headers).into_parts();
        chain.admit(&head).await.unwrap_err();
        drop(guard);
        let line = lines.written().concat();
        line.split("strategy=").nth(1).unwrap().split(" path").next().unwrap().to_owned()
    };
    let jwt = || {
        Jwt::new(key(), Rules::typ("JWT").any_issuer().any_audience(), async |name: String| {
            Ok::<_, Infallible>(Some(name))
        })
    };
    let chain = || jwt().or(Says("A").map(|name| name)).or(Arc::new(Says("B"))).boxed();
    assert_eq!(names(chain(), &[]).await, r#""Jwt or Says or Says""#);
    assert_eq!(names(chain(), &[("authorization", "Bearer a.b.c")]).await, r#""Jwt""#);
    assert_eq!(names(chain(), &[("a", "wrong")]).await, r#""Says""#);
    assert_eq!(names(chain(), &[("b", "undecided")]).await, r#""Says""#);
    assert_eq!(names(jwt().or(Says("A").or(jwt())).boxed(), &[("a", "wrong")]).await, r#""Says""#);
}

#[tokio::test]
async fn a_postponed_fetch_of_keys_is_logged_as_information() {
    use crate::remote_keys::{Api, key};

    let api = Api::start().await;
    let known = api.issuer.now().published[0].clone();
    api.ask(&known).await;
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(lines.clone());
    api.ask(&key("invented")).await;
    drop(guard);
    assert_eq!(
        lines.written(),
        [
            r#"INFO message=Credentials not checked yet: the request could not be authenticated reason="temporarily_unavailable" strategy="Jwt" path="/" error=the next fetch of the keys is not allowed yet"#
        ]
    );
}

fn key() -> Key {
    Key::hs256(b"a secret of at least thirty-two bytes").unwrap()
}

async fn events(headers: &[(&str, &str)]) -> Vec<String> {
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(lines.clone());
    let app = Router::new().route("/", on_get(|| async {})).layer(Authenticate::new(Says("A")));
    app.oneshot(get(headers)).await.unwrap();
    drop(guard);
    lines.written()
}
