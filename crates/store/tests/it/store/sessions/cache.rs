//! What is remembered of a session for a moment, and when it is forgotten.

use super::*;

#[tokio::test]
async fn what_was_known_of_a_session_a_moment_ago_is_forgotten_when_it_changes() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let (phone, laptop) = (kitchen.logs_in(&alice).await, kitchen.logs_in(&alice).await);
    let seen = async |token: &RefreshToken| {
        kitchen.session_user(token.session(), alice.id).await.unwrap().map(|found| found.user)
    };
    assert_eq!(seen(&phone).await.unwrap().role, Role::User);
    kitchen.set_role(&email("alice"), Role::Admin, kitchen.operator()).await.unwrap();
    assert_eq!(seen(&phone).await.unwrap().role, Role::Admin);
    assert!(seen(&laptop).await.is_some());
    kitchen.end_session(alice.id, laptop.session(), kitchen.operator()).await.unwrap();
    assert!(seen(&laptop).await.is_none() && seen(&phone).await.is_some());
    kitchen.delete_user(alice.id, None, kitchen.operator()).await.unwrap();
    assert!(seen(&phone).await.is_none());
}

#[tokio::test]
async fn what_another_process_ends_is_forgotten_soon() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let token = kitchen.logs_in(&alice).await;
    assert!(kitchen.alive(alice.id, &token).await);
    kitchen.opened_again().await.end_sessions(alice.id, kitchen.operator()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), async {
        while kitchen.alive(alice.id, &token).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}
