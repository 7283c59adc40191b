//! What a password that was checked is good for: nothing, once it is another.

use accounts::{NewSession, NewUser, PasswordHash};
use ids::{SessionId, UserId};
use store::{ApiTokens, ChangePassword, Context};

use super::super::users::move_to;
use super::super::{Kitchen, email, new_user};
use super::{session_of, sign_up};

pub(super) fn new_password(
    user: UserId,
    old: PasswordHash,
    new: PasswordHash,
    keep: SessionId,
) -> ChangePassword {
    ChangePassword { user, old: Some(old), new, keep: Some(keep), api_tokens: ApiTokens::Kept }
}

pub(super) fn hash(last: char) -> PasswordHash {
    PasswordHash::parse(&format!("$2b$10${}{last}", "a".repeat(52))).unwrap()
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_a_log_in_under_way_with_the_old_one() {
    let kitchen = Kitchen::new().await;
    let new = NewUser { password_hash: Some(hash('a')), ..new_user("alice") };
    let (alice, current) =
        kitchen.sign_up(sign_up(new, kitchen.new_session(), None), kitchen.now()).await.unwrap();
    let other = kitchen.new_session();
    let begin = |hash: PasswordHash, new: NewSession| {
        let (store, now) = (kitchen.store.clone(), kitchen.now());
        async move { store.create_session(session_of(alice.id, Some(hash), new), now).await.unwrap() }
    };
    begin(hash('a'), other.clone()).await.unwrap();
    let change = |old: PasswordHash, new: PasswordHash| {
        let (store, now) = (kitchen.store.clone(), kitchen.now());
        async move {
            store
                .change_password(new_password(alice.id, old, new, current.id), Context::operator(now))
                .await
                .unwrap()
        }
    };
    assert!(!change(hash('x'), hash('b')).await, "somebody was quicker");
    assert!(kitchen.alive(alice.id, &other.token).await);
    assert!(change(hash('a'), hash('b')).await);
    assert_eq!(kitchen.ids_of_sessions(alice.id).await, [current.id]);
    assert_eq!(
        begin(hash('a'), kitchen.new_session()).await,
        None,
        "its password was checked before the change"
    );
    begin(hash('b'), kitchen.new_session()).await.unwrap();
}

#[tokio::test]
async fn a_password_that_was_replaced_since_it_was_checked_neither_moves_nor_deletes_the_account() {
    let kitchen = Kitchen::new().await;
    let new = NewUser { password_hash: Some(hash('a')), ..new_user("alice") };
    let alice = kitchen.create_user(new, kitchen.now()).await.unwrap();
    let (store, now) = (&kitchen.store, kitchen.now());
    let moves = async |confirmed: Option<PasswordHash>| {
        let moved = email("eve");
        store.update_profile(move_to(alice.id, moved, confirmed), Context::operator(now)).await.unwrap()
    };
    for old in [Some(hash('x')), None] {
        assert_eq!(moves(old.clone()).await, None);
        assert!(!store.delete_user(alice.id, old.as_ref(), Context::operator(now)).await.unwrap());
    }
    assert_eq!(store.user(alice.id).await.unwrap().unwrap().email, alice.email);
    assert_eq!(moves(Some(hash('a'))).await.unwrap().email, email("eve"));
    assert!(store.delete_user(alice.id, Some(&hash('a')), Context::operator(now)).await.unwrap());
}

#[tokio::test]
async fn a_new_password_revokes_the_api_tokens_if_it_is_to() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let (digest, _) = kitchen.api_token(&alice).await;
    for (api_tokens, old, left) in
        [(ApiTokens::Kept, None, true), (ApiTokens::Revoked, Some(hash('a')), false)]
    {
        let change = ChangePassword { user: alice.id, old, new: hash('a'), keep: None, api_tokens };
        assert!(kitchen.change_password(change, kitchen.operator()).await.unwrap());
        assert_eq!(kitchen.api_token_user(digest).await.unwrap().is_some(), left);
    }
}
