//! `Session`.

use std::cell::Cell;

use http::HeaderName;
use http::header::COOKIE;

use super::{head, optional, required, session, table};

#[tokio::test]
async fn session_rejections() {
    // The session of a deleted user ends at the first request, so there is one each for the layer and the extractor.
    let users = ["alice", "down", "stranger", "stranger", "stranger", "stranger"];
    let (session, cookies) = session(&users).await;
    let next = Cell::new(2);
    let rows = || {
        let of_a_stranger = &cookies[next.replace(next.get() + 1)];
        let cross_site = (HeaderName::from_static("sec-fetch-site"), "cross-site");
        let (name, mut from_elsewhere) =
            head("good, and another site posts", &[(COOKIE, cookies[0].as_str()), cross_site]);
        *from_elsewhere.method_mut() = http::Method::POST;
        vec![
            head("nothing", &[]),
            head("good", &[(COOKIE, &cookies[0])]),
            (name, from_elsewhere),
            head("of no session", &[(COOKIE, "__Host-session=x")]),
            head("of a deleted user", &[(COOKIE, of_a_stranger)]),
            head("store down", &[(COOKIE, &cookies[1])]),
            head("twice", &[(COOKIE, "__Host-session=x; __Host-session=y")]),
        ]
    };
    insta::assert_snapshot!("session", table(required(session.clone()), rows).await);
    insta::assert_snapshot!("session_optional", table(optional(session), rows).await);
}
