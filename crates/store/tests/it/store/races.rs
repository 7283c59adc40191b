//! Rules that hold however many clients, of two servers, write at the same moment.

use std::time::Duration;

use accounts::{
    ApiTokens, MAX_API_TOKENS, MAX_INVITATIONS, MAX_SESSIONS, NewInvitation, Role, TokenDigest, UserChange,
};
use ids::InvitationId;
use rstest_reuse::apply;
use store::{Access, Administered, ChangePassword, Refresh, RefreshSession, Store, StoreError, UserFilter};
use tokio::task::JoinSet;

use super::sessions::{limits, passwords, session_of};
use super::{Database, TestStore, each_database};

const TASKS: usize = 64;

/// Runs the writes at the same moment, half of them on each of two servers.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    test: &TestStore,
    writes: impl IntoIterator<Item = impl FnOnce(Store) -> F>,
) -> Vec<T> {
    let stores = [test.store.clone(), test.opened_again().await];
    let mut tasks = JoinSet::new();
    for (write, store) in writes.into_iter().zip(stores.iter().cycle()) {
        tasks.spawn(write(store.clone()));
    }
    tasks.join_all().await
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_administrator_is_left_when_all_are_demoted_disabled_and_deleted_at_once(database: Database) {
    let test = TestStore::on(database).await;
    let mut admins = Vec::new();
    // More of them wait for each other longer than a transaction may wait, if the machine is busy.
    for number in 0..TASKS / 3 {
        admins.push(test.admin(&format!("root{number}")).await.id);
    }
    let writes = admins.iter().enumerate().map(|(number, &admin)| {
        let (own, operator) = (test.by(admin), test.operator());
        move |store: Store| async move {
            let demote = UserChange { role: Some(Role::User), access: None };
            let disable = UserChange { role: None, access: Some(Access::Disabled) };
            match number % 3 {
                0 => store.administer(admin, demote, operator).await.unwrap() == Administered::LastAdmin,
                1 => store.administer(admin, disable, operator).await.unwrap() == Administered::LastAdmin,
                _ => match store.delete_user(admin, None, own).await {
                    Err(StoreError::LastAdmin) => true,
                    done => !done.unwrap(),
                },
            }
        }
    });
    let refused = at_once(&test, writes).await;
    assert_eq!(refused.iter().filter(|refused| **refused).count(), 1);
    let active = UserFilter { role: Some(Role::Admin), access: Some(Access::Enabled), text: None };
    assert_eq!(test.count_users(active).await.unwrap(), 1);
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn user_has_at_most_so_many_sessions(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    for _ in 0..MAX_SESSIONS - 10 {
        test.logs_in(&alice).await;
    }
    let now = test.now();
    let writes = (0..TASKS).map(|_| {
        let new = session_of(alice.id, None, test.new_session());
        move |store: Store| async move { store.create_session(new, now).await.unwrap().is_some() }
    });
    assert!(at_once(&test, writes).await.into_iter().all(|is_made| is_made));
    let sessions = test.sql("SELECT count(*) FROM sessions").await;
    assert_eq!(sessions, Some(MAX_SESSIONS.into()));
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn user_has_at_most_so_many_api_tokens(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    for _ in 0..MAX_API_TOKENS - 10 {
        test.api_token(&alice).await;
    }
    let context = test.operator();
    let writes = (0..TASKS).map(|_| {
        let new = test.new_api_token();
        let user = alice.id;
        move |store: Store| async move { store.create_api_token(user, new, context).await.unwrap().is_some() }
    });
    let made = at_once(&test, writes).await;
    assert_eq!(made.into_iter().filter(|is_made| *is_made).count(), 10);
    assert_eq!(test.sql("SELECT count(*) FROM api_tokens").await, Some(MAX_API_TOKENS.into()));
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn there_are_at_most_so_many_invitations(database: Database) {
    let test = TestStore::on(database).await;
    let new_invitation = || NewInvitation {
        id: InvitationId::new(test.now(), test.entropy.bytes()),
        digest: TokenDigest::of(&test.entropy.bytes::<32>()),
        email: None,
        expires_at: test.now() + Duration::from_hours(24),
    };
    for _ in 0..MAX_INVITATIONS - 10 {
        test.create_invitation(new_invitation(), test.operator()).await.unwrap().unwrap();
    }
    let context = test.operator();
    let writes = (0..TASKS).map(|_| {
        let new = new_invitation();
        move |store: Store| async move { store.create_invitation(new, context).await.unwrap().is_some() }
    });
    let made = at_once(&test, writes).await;
    assert_eq!(made.into_iter().filter(|is_made| *is_made).count(), 10);
    assert_eq!(test.sql("SELECT count(*) FROM invitations").await, Some(MAX_INVITATIONS.into()));
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_refresh_wins_and_the_others_get_its_token(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let token = test.logs_in(&alice).await;
    let now = test.now();
    let writes = (0..TASKS).map(|_| {
        let refresh = RefreshSession {
            token: token.clone(),
            nonce: test.entropy.bytes(),
            limits: limits(),
            address: None,
        };
        move |store: Store| async move { store.refresh_session(refresh, now).await.unwrap() }
    });
    let mut digests = Vec::new();
    for outcome in at_once(&test, writes).await {
        let Refresh::Refreshed(refreshed) = outcome else { panic!("{outcome:?}") };
        digests.push(*refreshed.token.digest().as_bytes());
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);
    assert_eq!(test.sessions(alice.id, limits(), now).await.unwrap().len(), 1);
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_session_survives_a_change_of_the_password_beside_log_ins(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let (old, new) = (passwords::hash('a'), passwords::hash('b'));
    test.set_password(alice.id, old.clone(), test.now()).await.unwrap();
    let (now, context) = (test.now(), test.operator());
    let writes = (0..TASKS).map(|number| {
        let log_in = session_of(alice.id, Some(old.clone()), test.new_session());
        let (user, old, new) = (alice.id, Some(old.clone()), new.clone());
        move |store: Store| async move {
            if number == TASKS / 2 {
                let change = ChangePassword { user, old, new, keep: None, api_tokens: ApiTokens::Revoked };
                assert!(store.change_password(change, context).await.unwrap());
            } else {
                store.create_session(log_in, now).await.unwrap();
            }
        }
    });
    at_once(&test, writes).await;
    assert_eq!(test.sessions(alice.id, limits(), now).await.unwrap(), []);
}
