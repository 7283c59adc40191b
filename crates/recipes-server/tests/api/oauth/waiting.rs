//! Started log-ins cost nothing: the request stays in the address of the browser.

use strict_oidc::ClientKind;

use super::registered::{ISSUER, Registered};

#[tokio::test]
async fn ten_thousand_started_log_ins_store_nothing() {
    let test = Registered::new(ClientKind::Web).await;
    let rows = async || {
        let mut snapshot = test.app.store.snapshot();
        let mut rows = 0;
        while let Some(records) = snapshot.next().await.unwrap() {
            rows += records.len();
        }
        rows
    };
    test.get("/oauth/jwks.json", "").await.is(200);
    let before = rows().await;
    let client = test.app.anonymous();
    for number in 0..10_000 {
        let query = Registered::query(&[("extra", &number.to_string())]);
        let answer = client.get(&format!("/oauth/authorize?{query}")).await;
        assert_eq!(answer.status, 303);
        assert!(answer.headers.get("set-cookie").is_none(), "nor in the browser");
    }
    assert_eq!(rows().await, before);
    let (cookie, next) = test.logs_in(&[]).await;
    assert!(test.get(&next, &cookie).await.is(200).text().contains("wants to:"), "log-ins go on at {ISSUER}");
}
