//! Several servers on one database: what one of them ends or changes, the others refuse within a second.

use std::time::{Duration, Instant};

use accounts::{ApiTokens, RefreshToken, Role, User};
use rstest_reuse::apply;
use store::{Access, ChangePassword, SessionUser, Store};

use super::sessions::{passwords, session_of};
use super::{Database, TestStore, each_database, email};

/// The delay that the documentation promises.
const PROMISE: Duration = Duration::from_secs(1);

/// Looks the session up until the server surely knows it and its cache is in use.
async fn is_known(replica: &Store, session: &RefreshToken, user: &User) -> SessionUser {
    let began = Instant::now();
    loop {
        let found = replica.session_user(session.session(), user.id).await.unwrap().unwrap();
        if began.elapsed() > Duration::from_millis(100) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// How long the server goes on with what it knew, asked all the time.
async fn lag(replica: &Store, session: &RefreshToken, known: &SessionUser) -> Duration {
    let began = Instant::now();
    while replica.session_user(session.session(), known.user.id).await.unwrap().as_ref() == Some(known) {
        assert!(began.elapsed() < 5 * PROMISE, "the change is not seen");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    began.elapsed()
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_servers_refuse_within_a_second_what_one_has_ended(database: Database) {
    let test = TestStore::on(database).await;
    let replicas = [test.opened_again().await, test.opened_again().await];
    for number in 0..7 {
        let name = format!("alice{number}");
        let alice = test.user(&name).await;
        test.set_password(alice.id, passwords::hash('a'), test.now()).await.unwrap();
        let session = test.logs_in_with(&alice, Some(&passwords::hash('a'))).await;
        let mut known = Vec::new();
        for replica in &replicas {
            known.push(is_known(replica, &session, &alice).await);
        }
        let context = test.operator();
        match number {
            0 => drop(test.end_session(alice.id, session.session(), context).await.unwrap()),
            1 => drop(test.end_sessions(alice.id, context).await.unwrap()),
            2 => drop(test.set_access(&email(&name), Access::Disabled, context).await.unwrap()),
            3 => drop(test.set_role(&email(&name), Role::Admin, context).await.unwrap()),
            4 => {
                let (user, old, new) = (alice.id, Some(passwords::hash('a')), passwords::hash('b'));
                let change = ChangePassword { user, old, new, keep: None, api_tokens: ApiTokens::Revoked };
                assert!(test.change_password(change, context).await.unwrap());
            }
            5 => assert!(test.delete_user(alice.id, Some(&passwords::hash('a')), context).await.unwrap()),
            // The oldest session makes room for a new one.
            _ => {
                for _ in 0..accounts::MAX_SESSIONS {
                    test.clock.advance(Duration::from_secs(1));
                    let new = session_of(alice.id, Some(passwords::hash('a')), test.new_session());
                    test.create_session(new, test.now()).await.unwrap().unwrap();
                }
            }
        }
        for (replica, known) in replicas.iter().zip(&known) {
            let lag = lag(replica, &session, known).await;
            assert!(lag < PROMISE, "{number}: {lag:?}");
        }
    }
}

#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn session_is_cached_and_without_any_news_for_a_second_at_most_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let alice = test.user("alice").await;
    let session = test.logs_in(&alice).await;
    // No trigger tells of the deletion.
    test.sql("ALTER TABLE sessions DISABLE TRIGGER sessions_end").await;
    let known = is_known(&test, &session, &alice).await;
    test.sql("DELETE FROM sessions").await;
    let found = test.session_user(session.session(), alice.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&known), "this look-up is answered from the cache");
    assert!(lag(&test, &session, &known).await <= PROMISE + Duration::from_millis(100));
}
