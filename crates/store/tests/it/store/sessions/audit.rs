//! What the audit log has of sessions.

use accounts::{audit::Actor, audit::Filter};
use rstest_reuse::apply;

use super::*;

#[apply(each_database)]
#[tokio::test]
async fn log_ins_and_log_outs_are_recorded_with_actor_and_address(database: Database) {
    let test = TestStore::on(database).await;
    let new = NewUser { password_hash: Some(hash('a')), ..new_user("alice") };
    let (alice, first) = test.sign_up(sign_up(new, test.new_session(), None), test.now()).await.unwrap();
    let second = test.new_session();
    let token = second.token.clone();
    test.create_session(session_of(alice.id, Some(hash('a')), second), test.now()).await.unwrap();
    let next = good(test.refresh(&token).await);
    good(test.refresh(&next).await);
    test.refresh(&token).await;
    let alices = Actor { user: Some(alice.id), session: Some(first.id), ..Actor::anonymous(first.address) };
    let (old, now) = (hash('a'), test.now());
    test.change_password(new_password(alice.id, old, hash('b'), first.id), Context { actor: alices, now })
        .await
        .unwrap();
    test.end_other_sessions(alice.id, first.id, Context { actor: alices, now }).await.unwrap();
    let third = test.new_session();
    let of_third = Actor { session: Some(third.token.session()), ..alices };
    test.create_session(session_of(alice.id, Some(hash('b')), third), now).await.unwrap();
    test.end_other_sessions(alice.id, first.id, Context { actor: alices, now }).await.unwrap();
    test.end_session(alice.id, token.session(), Context { actor: alices, now }).await.unwrap();
    test.end_session(alice.id, first.id, Context { actor: alices, now }).await.unwrap();
    test.end_sessions(alice.id, Context::operator(now)).await.unwrap();
    test.create_session(session_of(alice.id, Some(hash('b')), test.new_session()), now).await.unwrap();
    test.end_sessions(alice.id, Context::operator(now)).await.unwrap();
    test.end_sessions(alice.id, Context::operator(now)).await.unwrap();

    let mut log = test.entries(Filter::default(), 100).await;
    log.reverse();
    assert!(log.iter().all(|entry| entry.subject == Some(alice.id)));
    let mut seen: Vec<_> = log.iter().map(|entry| (entry.event.as_str(), entry.actor)).collect();
    let fourth = seen.remove(7);
    assert_eq!(fourth.0, "logged_in");
    let of_second = Actor { session: Some(token.session()), ..alices };
    let thief = Actor { session: Some(token.session()), ..Actor::anonymous(ELSEWHERE.parse().ok()) };
    assert_eq!(
        seen,
        [
            ("signed_up", alices),
            ("logged_in", of_second),
            ("refresh_reused", thief),
            ("password_changed", alices),
            ("logged_in", of_third),
            ("other_sessions_ended", alices),
            ("session_ended", alices),
            ("sessions_ended", Actor::OPERATOR),
        ],
        "and what ended nothing is not there"
    );
}
