//! What a password that was checked is good for: nothing, once it is another.

use accounts::{NewSession, NewUser, PasswordHash};
use ids::{SessionId, UserId};
use rstest_reuse::apply;
use store::{ApiTokens, ChangePassword, Context};

use super::super::users::move_to;
use super::super::{TestStore, email, new_user};
use super::{Database, each_database, session_of, sign_up};

pub(super) fn new_password(
    user: UserId,
    old: PasswordHash,
    new: PasswordHash,
    keep: SessionId,
) -> ChangePassword {
    ChangePassword { user, old: Some(old), new, keep: Some(keep), api_tokens: ApiTokens::Kept }
}

pub(crate) fn hash(last: char) -> PasswordHash {
    PasswordHash::parse(&format!("$2b$10${}{last}", "a".repeat(52))).unwrap()
}

#[apply(each_database)]
#[tokio::test]
async fn password_change_ends_other_sessions_and_concurrent_log_ins(database: Database) {
    let test = TestStore::on(database).await;
    let new = NewUser { password_hash: Some(hash('a')), ..new_user("alice") };
    let (alice, current) = test.sign_up(sign_up(new, test.new_session(), None), test.now()).await.unwrap();
    let other = test.new_session();
    let begin = |hash: PasswordHash, new: NewSession| {
        let (store, now) = (test.store.clone(), test.now());
        async move { store.create_session(session_of(alice.id, Some(hash), new), now).await.unwrap() }
    };
    begin(hash('a'), other.clone()).await.unwrap();
    let change = |old: PasswordHash, new: PasswordHash| {
        let (store, now) = (test.store.clone(), test.now());
        async move {
            store
                .change_password(new_password(alice.id, old, new, current.id), Context::operator(now))
                .await
                .unwrap()
        }
    };
    assert!(!change(hash('x'), hash('b')).await, "another change came first");
    assert!(test.alive(alice.id, &other.token).await);
    assert!(change(hash('a'), hash('b')).await);
    assert_eq!(test.ids_of_sessions(alice.id).await, [current.id]);
    assert_eq!(
        begin(hash('a'), test.new_session()).await,
        None,
        "its password was checked before the change"
    );
    begin(hash('b'), test.new_session()).await.unwrap();
}

#[apply(each_database)]
#[tokio::test]
async fn outdated_password_check_changes_no_address_and_deletes_no_account(database: Database) {
    let test = TestStore::on(database).await;
    let new = NewUser { password_hash: Some(hash('a')), ..new_user("alice") };
    let alice = test.create_user(new, test.now()).await.unwrap();
    let (store, now) = (&test.store, test.now());
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

#[apply(each_database)]
#[tokio::test]
async fn password_change_revokes_api_tokens_on_request(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let (digest, _) = test.api_token(&alice).await;
    for (api_tokens, old, left) in
        [(ApiTokens::Kept, None, true), (ApiTokens::Revoked, Some(hash('a')), false)]
    {
        let change = ChangePassword { user: alice.id, old, new: hash('a'), keep: None, api_tokens };
        assert!(test.change_password(change, test.operator()).await.unwrap());
        assert_eq!(test.api_token_user(digest).await.unwrap().is_some(), left);
    }
}
