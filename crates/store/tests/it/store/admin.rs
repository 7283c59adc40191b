//! What administrators see of users and do with them.

use std::time::Duration;

use accounts::{Name, NewInvitation, NewUser, Role, TokenDigest, User};
use accounts::{audit::Actor, audit::Filter};
use ids::{InvitationId, UserId};
use rstest_reuse::apply;
use store::{Access, Administered, Context, Page, StoreError, UserChange, UserFilter};

use super::sessions::session_of;
use super::{Database, TestStore, each_database, new_user};

const DAY: Duration = Duration::from_hours(24);
const DEMOTE: UserChange = UserChange { role: Some(Role::User), access: None };
const DISABLE: UserChange = UserChange { role: None, access: Some(Access::Disabled) };

impl TestStore {
    pub(super) async fn admin(&self, name: &str) -> User {
        self.create_user(NewUser { role: Role::Admin, ..new_user(name) }, self.now()).await.unwrap()
    }

    async fn changes(&self, id: UserId, change: UserChange) -> Administered {
        self.administer(id, change, self.operator()).await.unwrap()
    }
}

#[apply(each_database)]
#[tokio::test]
async fn users_are_filtered_by_text_role_and_access(database: Database) {
    let test = TestStore::on(database).await;
    test.admin("root").await;
    for (name, called) in [("alice", "Alice Baker"), ("bob", "100% Bob_Baker"), ("carol", r"Carol \ Cook")] {
        let new = NewUser { name: Name::parse(called).unwrap(), ..new_user(name) };
        test.create_user(new, test.now()).await.unwrap();
    }
    let bob = test.user_by_email(&super::email("bob")).await.unwrap().unwrap().0;
    test.changes(bob.id, DISABLE).await;
    let found = async |filter: UserFilter, after: Option<i64>, limit| {
        let after = after.and_then(UserId::from_i64);
        let users = test.users(filter, Page::new(after, limit).unwrap()).await.unwrap().rows;
        users.iter().map(|user| user.id.get()).collect::<Vec<_>>()
    };
    for (text, ids) in [
        ("BAKER", vec![2, 3]),
        ("Alice@Example", vec![2]),
        ("@example.com", vec![1, 2, 3, 4]),
        ("%", vec![3]),
        ("_", vec![3]),
        ("\\", vec![4]),
        ("b_b", vec![3]),
        ("b%b", vec![]),
        ("' OR 1 --", vec![]),
    ] {
        let filter = UserFilter { text: Some(text.to_owned()), ..UserFilter::default() };
        assert_eq!(test.count_users(filter.clone()).await.unwrap(), ids.len() as u64, "{text}");
        assert_eq!(found(filter, None, 10).await, ids, "{text}");
    }
    let disabled = UserFilter { access: Some(Access::Disabled), ..UserFilter::default() };
    assert_eq!(found(disabled, None, 10).await, [3]);
    let enabled = UserFilter { access: Some(Access::Enabled), role: Some(Role::User), text: None };
    assert_eq!(found(enabled.clone(), None, 10).await, [2, 4]);
    assert_eq!(found(enabled.clone(), None, 1).await, [2]);
    assert_eq!(found(enabled, Some(2), 1).await, [4]);
}

#[apply(each_database)]
#[tokio::test]
async fn last_active_admin_cannot_be_demoted_or_disabled(database: Database) {
    let test = TestStore::on(database).await;
    let (root, second) = (test.admin("root").await, test.admin("second").await);
    assert!(matches!(test.changes(second.id, DISABLE).await, Administered::Done(_)));
    for change in [DEMOTE, DISABLE] {
        assert_eq!(test.changes(root.id, change).await, Administered::LastAdmin);
    }
    assert_eq!(test.store.user(root.id).await.unwrap(), Some(root.clone()));
    assert!(
        matches!(test.changes(second.id, DEMOTE).await, Administered::Done(_)),
        "a disabled administrator does not count"
    );
    let both = UserChange { role: Some(Role::Admin), access: Some(Access::Enabled) };
    let Administered::Done(second) = test.changes(second.id, both).await else { panic!("she is there") };
    assert_eq!((second.role, second.disabled), (Role::Admin, false));
    assert!(matches!(test.changes(root.id, DEMOTE).await, Administered::Done(_)));
    assert_eq!(test.changes(UserId::from_i64(99).unwrap(), DEMOTE).await, Administered::NoSuchUser);
    let log = test.entries(Filter { subject: Some(second.id), ..Filter::default() }, 10).await;
    let events: Vec<_> = log.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(events, ["enabled", "role_changed", "role_changed", "disabled", "created"]);
}

#[apply(each_database)]
#[tokio::test]
async fn last_admin_cannot_delete_the_own_account_but_an_operator_can(database: Database) {
    let test = TestStore::on(database).await;
    let (root, second) = (test.admin("root").await, test.admin("second").await);
    let himself = Actor { user: Some(root.id), ..Actor::OPERATOR };
    let now = test.now();
    assert!(test.delete_user(second.id, None, Context::operator(now)).await.unwrap());
    let refused = test.delete_user(root.id, None, Context { actor: himself, now }).await;
    assert!(matches!(refused, Err(StoreError::LastAdmin)), "{refused:?}");
    assert_eq!(test.store.user(root.id).await.unwrap(), Some(root.clone()));
    test.admin("third").await;
    assert!(test.delete_user(root.id, None, Context { actor: himself, now }).await.unwrap());
}

#[apply(each_database)]
#[tokio::test]
async fn revoked_admin_changes_nothing(database: Database) {
    let test = TestStore::on(database).await;
    let (_root, alice) = (test.admin("root").await, test.user("alice").await);
    for (name, change) in [("demoted", Some(DEMOTE)), ("disabled", Some(DISABLE)), ("logged_out", None)] {
        let admin = test.admin(name).await;
        let now = test.now();
        let session = test.create_session(session_of(admin.id, None, test.new_session()), now).await;
        let session = session.unwrap().map(|session| session.id);
        let actor = Actor { user: Some(admin.id), session, ..Actor::OPERATOR };
        assert!(matches!(
            test.administer(alice.id, UserChange::default(), Context { actor, now }).await,
            Ok(Administered::Done(_))
        ));
        if let Some(change) = change {
            test.changes(admin.id, change).await;
        } else {
            test.end_sessions(admin.id, Context::operator(now)).await.unwrap();
        }
        let id = InvitationId::new(now, test.entropy.bytes());
        let new = NewInvitation { id, digest: TokenDigest::of(b"x"), email: None, expires_at: now + DAY };
        for refused in [
            test.administer(alice.id, DISABLE, Context { actor, now }).await.map(drop),
            test.end_sessions(alice.id, Context { actor, now }).await.map(drop),
            test.create_invitation(new, Context { actor, now }).await.map(drop),
            test.revoke_invitation(id, Context { actor, now }).await.map(drop),
        ] {
            match name {
                "demoted" => assert!(matches!(refused, Err(StoreError::AdminRequired)), "{refused:?}"),
                _ => assert!(matches!(refused, Err(StoreError::ActorRevoked)), "{name}: {refused:?}"),
            }
        }
    }
    assert_eq!(test.store.user(alice.id).await.unwrap(), Some(alice));
}
