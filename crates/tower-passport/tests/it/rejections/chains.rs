//! Chains of two, three and four.

use http::header::{AUTHORIZATION, COOKIE};
use tower_passport::{Anonymous, Strategy};

use super::{
    NOW, api_key, api_key_of, authorization, basic, basic_value, head, jwt, optional, required, session,
    table, token,
};

#[tokio::test]
async fn chain_rejections() {
    let (session, cookies) = session(&["carol"]).await;
    let (good, forged) = (format!("Bearer {}", token("alice", NOW + 60)), "Bearer forged");
    let (key, mistyped) = (format!("Bearer {}", api_key_of(1)), format!("Bearer {}x", &api_key_of(1)[..56]));
    let carol = cookies[0].as_str();
    let rows = || {
        vec![
            head("nothing", &[]),
            authorization("a token", &good),
            authorization("a forged token", forged),
            authorization("a key", &key),
            authorization("a mistyped key", &mistyped),
            authorization("name and password", &basic_value("bob:sesame")),
            authorization("a wrong password", &basic_value("bob:x")),
            head("a session", &[(COOKIE, carol)]),
            head("an ended session", &[(COOKIE, "__Host-session=x")]),
            head("a forged token and a good session", &[(AUTHORIZATION, forged), (COOKIE, carol)]),
            head(
                "a good token and an ended session",
                &[(AUTHORIZATION, &good), (COOKIE, "__Host-session=x")],
            ),
            authorization("another scheme", "Digest a=\"b\""),
            authorization("malformed", "Bearer a b"),
        ]
    };
    let two = || api_key().or(jwt());
    let three = || two().or(basic());
    let four = || three().or(session.clone());
    insta::assert_snapshot!("chain_of_two", table(required(two().boxed()), rows).await);
    insta::assert_snapshot!("chain_of_two_optional", table(optional(two().boxed()), rows).await);
    insta::assert_snapshot!("chain_of_three", table(required(three().boxed()), rows).await);
    insta::assert_snapshot!("chain_of_three_optional", table(optional(three().boxed()), rows).await);
    insta::assert_snapshot!("chain_of_four", table(required(four().boxed()), rows).await);
    insta::assert_snapshot!("chain_of_four_optional", table(optional(four().boxed()), rows).await);
    let with_guests = four().or(Anonymous::new(|| "(guest)".to_owned())).boxed();
    insta::assert_snapshot!("chain_of_four_with_guests", table(required(with_guests), rows).await);
}
