//! The session cache: its entries and their invalidation.

use rstest_reuse::apply;

use super::*;

#[apply(each_database)]
#[tokio::test]
async fn cached_session_is_invalid_after_a_change(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let (phone, laptop) = (test.logs_in(&alice).await, test.logs_in(&alice).await);
    let seen = async |token: &RefreshToken| {
        test.session_user(token.session(), alice.id).await.unwrap().map(|found| found.user)
    };
    assert_eq!(seen(&phone).await.unwrap().role, Role::User);
    test.set_role(&email("alice"), Role::Admin, test.operator()).await.unwrap();
    assert_eq!(seen(&phone).await.unwrap().role, Role::Admin);
    assert!(seen(&laptop).await.is_some());
    test.end_session(alice.id, laptop.session(), test.operator()).await.unwrap();
    assert!(seen(&laptop).await.is_none() && seen(&phone).await.is_some());
    test.delete_user(alice.id, None, test.operator()).await.unwrap();
    assert!(seen(&phone).await.is_none());
}

#[apply(each_database)]
#[tokio::test]
async fn session_ended_by_another_process_leaves_the_cache_soon(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let token = test.logs_in(&alice).await;
    assert!(test.alive(alice.id, &token).await);
    test.opened_again().await.end_sessions(alice.id, test.operator()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), async {
        while test.alive(alice.id, &token).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}
