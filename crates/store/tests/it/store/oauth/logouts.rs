//! The queue of messages that a session has ended.

use std::time::Duration;

use rstest_reuse::apply;
use store::{DueLogout, TakeLogout};

use super::super::{Database, TestStore, each_database};
use super::CLIENT;

impl TestStore {
    async fn takes_logout(&self) -> Option<DueLogout> {
        let until = self.now() + Duration::from_secs(30);
        self.take_logout(TakeLogout { now: self.now(), until }).await.unwrap()
    }
}

#[apply(each_database)]
#[tokio::test]
async fn end_of_a_session_queues_a_message_for_each_client_that_wants_one(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let session = test.logs_in(&user).await.session();
    let told = test.granted(&user, Some(session)).await;
    let silent = test.new_grant(&user, Some(session));
    let code = test.stored_code(&user, None).await;
    let silent = store::NewGrant { logout_session: None, ..silent };
    test.redeem_code(code, silent, test.now()).await.unwrap();
    assert_eq!(test.takes_logout().await, None);
    test.end_session(user.id, session, test.by(user.id)).await.unwrap();
    let due = test.takes_logout().await.unwrap();
    assert_eq!((&*due.client, due.user, due.grant, due.tries), (CLIENT, user.id, told.id, 1));
    assert_eq!(test.takes_logout().await, None, "it is taken");

    test.clock.advance(Duration::from_secs(30));
    let again = test.takes_logout().await.unwrap();
    assert_eq!((again.id, again.tries), (due.id, 2), "the first worker has crashed");
    test.remove_logout(&due).await.unwrap();
    test.retry_logout(&again, test.now() + Duration::from_mins(1)).await.unwrap();
    assert_eq!(test.takes_logout().await, None);
    test.clock.advance(Duration::from_mins(1));
    let last = test.takes_logout().await.unwrap();
    assert_eq!(last.tries, 3);
    test.remove_logout(&last).await.unwrap();
    test.clock.advance(Duration::from_hours(1));
    assert_eq!(test.takes_logout().await, None);
}

#[apply(each_database)]
#[tokio::test]
async fn grant_that_outlives_its_session_is_told_and_stays(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let session = test.logs_in(&user).await.session();
    let code = test.stored_code(&user, None).await;
    let offline = store::NewGrant { session: None, ..test.new_grant(&user, Some(session)) };
    test.redeem_code(code, offline.clone(), test.now()).await.unwrap();
    test.end_session(user.id, session, test.by(user.id)).await.unwrap();
    assert_eq!(test.takes_logout().await.unwrap().grant, offline.id);
    assert!(test.has_grant(offline.id).await);
}

#[apply(each_database)]
#[tokio::test]
async fn deleted_account_is_reported_and_a_revoked_grant_is_not(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let session = test.logs_in(&user).await.session();
    let (revoked, other) =
        (test.granted(&user, Some(session)).await, test.granted(&user, Some(session)).await);
    test.end_grant(revoked.id).await.unwrap();
    assert_eq!(test.takes_logout().await, None);
    test.remove_user(user.id, test.operator()).await.unwrap();
    assert_eq!(test.takes_logout().await.unwrap().grant, other.id);
    assert_eq!(test.takes_logout().await, None);
}
