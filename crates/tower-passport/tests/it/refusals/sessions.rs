//! `Session`.

use http::HeaderName;
use http::header::COOKIE;

use super::{head, optional, required, session, table};

#[tokio::test]
async fn of_session() {
    let (session, cookies) = session(["alice", "stranger", "down"]).await;
    let rows = || {
        let cross_site = (HeaderName::from_static("sec-fetch-site"), "cross-site");
        let (name, mut from_elsewhere) =
            head("good, and another site posts", &[(COOKIE, cookies[0].as_str()), cross_site]);
        *from_elsewhere.method_mut() = http::Method::POST;
        vec![
            head("nothing", &[]),
            head("good", &[(COOKIE, &cookies[0])]),
            (name, from_elsewhere),
            head("of no session", &[(COOKIE, "__Host-session=x")]),
            head("of a user who is gone", &[(COOKIE, &cookies[1])]),
            head("store down", &[(COOKIE, &cookies[2])]),
            head("twice", &[(COOKIE, "__Host-session=x; __Host-session=y")]),
        ]
    };
    insta::assert_snapshot!("session", table(required(session.clone()), rows).await);
    insta::assert_snapshot!("session_optional", table(optional(session), rows).await);
}
