//! The audit log: noted with what it is about, and bounded.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use accounts::{NewUser, Role, TokenDigest};
use accounts::{audit::Actor, audit::Event, audit::Filter, audit::Retention};
use ids::UserId;
use rstest_reuse::apply;
use store::{Access, Context, Page};

use super::users::move_to;
use super::{Database, TestStore, each_database, email, new_user};

const HERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
const FOREVER: Duration = Duration::from_hours(24 * 365);

async fn names(test: &TestStore, filter: Filter) -> Vec<String> {
    test.entries(filter, 1000).await.into_iter().map(|entry| entry.event).collect()
}

#[apply(each_database)]
#[tokio::test]
async fn account_changes_are_recorded_with_their_actor(database: Database) {
    let test = TestStore::on(database).await;
    let (root, alice) = (test.admin("root").await, test.user("alice").await);
    let actor = Actor { user: Some(root.id), ..Actor::anonymous(HERE) };
    test.set_role(&alice.email, Role::Admin, Context { actor, now: test.now() }).await.unwrap();
    test.set_access(&alice.email, Access::Disabled, Context { actor, now: test.now() }).await.unwrap();
    test.set_access(&alice.email, Access::Enabled, Context { actor, now: test.now() }).await.unwrap();
    test.update_profile(move_to(alice.id, email("ada"), None), Context { actor, now: test.now() })
        .await
        .unwrap();
    let later = test.later();
    test.delete_user(alice.id, None, Context { actor, now: later }).await.unwrap();

    let by_root = Filter { actor: Some(root.id), ..Filter::default() };
    let entries = test.entries(by_root, 1000).await;
    let events: Vec<_> = entries.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(events, ["deleted", "email_changed", "enabled", "disabled", "role_changed"]);
    assert!(entries.iter().all(|entry| entry.subject == Some(alice.id) && entry.actor == actor));
    assert_eq!(test.count_audit_log(by_root).await.unwrap(), 5);
    assert_eq!((entries[0].at, entries[4].detail.as_deref()), (later, Some("admin")));
    assert!(!format!("{entries:?}").contains("example.com"), "nothing personal");
}

#[apply(each_database)]
#[tokio::test]
async fn audit_log_of_a_user_has_events_on_and_by_the_user(database: Database) {
    let test = TestStore::on(database).await;
    let (root, alice) = (test.admin("root").await, test.user("alice").await);
    let (by_root, by_alice) =
        ([root.id, alice.id]).map(|id| Actor { user: Some(id), ..Actor::OPERATOR }).into();
    for (event, subject, actor) in [
        (Event::RoleChanged(Role::Admin), Some(alice.id), by_root),
        (Event::Disabled, Some(root.id), by_alice),
        (Event::PasswordChanged, Some(root.id), by_root),
        (Event::InvitationCreated, None, by_alice),
        (Event::LogInFailed, None, Actor::OPERATOR),
        (Event::PasswordChanged, Some(alice.id), by_alice),
    ] {
        test.audit(event, subject, Context { actor, now: test.now() }).await.unwrap();
    }
    let (mut seen, mut before) = (Vec::new(), None);
    for rows in [2, 2, 1] {
        let listing = test.audit_log_of(alice.id, Page::new(before, 2).unwrap()).await.unwrap();
        assert_eq!(listing.rows.len(), rows);
        before = listing.next;
        seen.extend(listing.rows.into_iter().map(|entry| entry.event));
    }
    assert_eq!(before, None);
    assert_eq!(seen, ["password_changed", "invitation_created", "disabled", "role_changed", "created"]);
}

#[apply(each_database)]
#[tokio::test]
async fn commands_without_effect_are_not_recorded(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, _) = (test.user("alice").await, test.user("bob").await);
    let unknown_user = UserId::from_i64(99).unwrap();
    test.set_role(&email("eve"), Role::Admin, test.operator()).await.unwrap();
    test.set_role(&alice.email, Role::User, test.operator()).await.unwrap();
    test.set_access(&alice.email, Access::Enabled, test.operator()).await.unwrap();
    test.end_sessions(alice.id, test.operator()).await.unwrap();
    test.delete_user(unknown_user, None, test.operator()).await.unwrap();
    let spelling = email("ALICE");
    test.update_profile(move_to(alice.id, spelling, None), test.operator()).await.unwrap();
    let taken = email("bob");
    test.update_profile(move_to(alice.id, taken, None), test.operator()).await.unwrap_err();
    assert_eq!(names(&test, Filter::default()).await, ["created"; 2]);
}

#[apply(each_database)]
#[tokio::test]
async fn an_account_that_an_operator_makes_is_noted_with_its_role(database: Database) {
    let test = TestStore::on(database).await;
    let root = test.create_user(NewUser { role: Role::Admin, ..new_user("root") }, test.now()).await.unwrap();
    let entry = test.entries(Filter::default(), 1).await.remove(0);
    assert_eq!(
        (entry.event.as_str(), entry.subject, entry.actor),
        ("created", Some(root.id), Actor::OPERATOR)
    );
    assert_eq!(entry.detail.as_deref(), Some("admin"));
}

#[apply(each_database)]
#[tokio::test]
async fn entries_are_filtered_by_event_and_subject_and_paged(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    for (event, subject) in [
        (Event::LoggedIn, alice),
        (Event::LoggedIn, bob),
        (Event::LogInFailed, alice),
        (Event::LoggedIn, alice),
    ] {
        test.audit(event, Some(subject), Context { actor: Actor::anonymous(HERE), now: test.now() })
            .await
            .unwrap();
    }
    let of_alice = Filter { subject: Some(alice), ..Filter::default() };
    assert_eq!(names(&test, of_alice).await, ["logged_in", "log_in_failed", "logged_in", "created"]);
    let her_log_ins = Filter { event: Some(Event::LoggedIn), ..of_alice };
    assert_eq!(names(&test, her_log_ins).await, ["logged_in", "logged_in"]);
    let first = test.entries(her_log_ins, 1).await;
    let second = test.audit_log(her_log_ins, Page::longest(Some(first[0].id))).await.unwrap().rows;
    assert_eq!((first[0].id, second[0].id, second.len()), (6, 3, 1));
}

#[apply(each_database)]
#[tokio::test]
async fn entries_are_filtered_by_actor_and_time(database: Database) {
    let test = TestStore::on(database).await;
    let (root, alice) = (test.user("root").await.id, test.user("alice").await.id);
    let by = |user| Actor { user: Some(user), ..Actor::OPERATOR };
    let noon = test.now();
    test.audit(Event::Disabled, Some(alice), Context { actor: by(root), now: noon }).await.unwrap();
    let later = test.later();
    test.audit(Event::EmailChanged, Some(alice), Context { actor: by(alice), now: later }).await.unwrap();
    let filter = Filter::default();
    assert_eq!(names(&test, Filter { actor: Some(root), ..filter }).await, ["disabled"]);
    assert_eq!(names(&test, Filter { since: Some(later), ..filter }).await, ["email_changed"]);
    let before = Filter { until: Some(later), ..filter };
    assert_eq!(names(&test, before).await, ["disabled", "created", "created"]);
    assert_eq!(names(&test, Filter { since: Some(later), ..before }).await, [""; 0]);
}

#[apply(each_database)]
#[tokio::test]
async fn a_flood_of_failures_is_bounded_and_pushes_nothing_else_out(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let anybody = Actor::anonymous(HERE);
    test.audit(Event::PasswordChanged, Some(alice), Context { actor: anybody, now: test.now() })
        .await
        .unwrap();
    for _ in 0..1_205 {
        test.audit(Event::LogInFailed, None, Context { actor: anybody, now: test.now() }).await.unwrap();
    }
    let keep = Retention { age: FOREVER, entries: 5 };
    let mut gone = Vec::new();
    while let forgotten @ 1.. = test.trim_audit_log(keep, test.now()).await.unwrap() {
        gone.push(forgotten);
    }
    assert_eq!(gone, [1_000, 200], "in pieces, so that no writer waits long");
    let left = test.entries(Filter::default(), 1000).await;
    let ids: Vec<_> = left.iter().map(|entry| entry.id).collect();
    assert_eq!(ids, [1207, 1206, 1205, 1204, 1203, 2, 1], "the newest failures, and the other events");
}

#[apply(each_database)]
#[tokio::test]
async fn entries_of_users_do_not_evict_entries_of_administrators(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    test.set_role(&alice.email, Role::Admin, test.operator()).await.unwrap();
    for _ in 0..20 {
        test.audit(Event::ApiTokenCreated, Some(alice.id), test.operator()).await.unwrap();
    }
    let keep = Retention { age: FOREVER, entries: 3 };
    assert_eq!(test.trim_audit_log(keep, test.now()).await.unwrap(), 18);
    assert_eq!(
        names(&test, Filter::default()).await,
        ["api_token_created", "api_token_created", "api_token_created", "role_changed"]
    );
    assert_eq!(test.trim_audit_log(keep, test.now()).await.unwrap(), 0);
}

#[apply(each_database)]
#[tokio::test]
async fn log_ins_and_log_outs_do_not_evict_other_entries(database: Database) {
    let test = TestStore::on(database).await;
    let (root, alice) = (test.user("root").await.id, test.user("alice").await.id);
    let note = async |event, subject, actor| {
        let actor = Actor { user: Some(actor), ..Actor::OPERATOR };
        test.audit(event, Some(subject), Context { actor, now: test.now() }).await.unwrap();
    };
    note(Event::PasswordReset, root, root).await;
    for event in [Event::SessionsEnded, Event::PasswordResetRequested, Event::Deleted] {
        note(event, root, alice).await;
    }
    for _ in 0..5 {
        for event in [Event::LoggedIn, Event::SessionEnded, Event::OtherSessionsEnded, Event::SessionsEnded] {
            note(event, alice, alice).await;
        }
    }
    let keep = Retention { age: FOREVER, entries: 3 };
    assert_eq!(test.trim_audit_log(keep, test.now()).await.unwrap(), 17);
    let about_root = names(&test, Filter { subject: Some(root), ..Filter::default() }).await;
    assert_eq!(
        about_root,
        ["deleted", "password_reset_requested", "sessions_ended", "password_reset", "created"]
    );
}

#[apply(each_database)]
#[tokio::test]
async fn only_a_changed_signing_key_is_recorded(database: Database) {
    let test = TestStore::on(database).await;
    let (old, new) = (TokenDigest::of(b"old"), TokenDigest::of(b"new"));
    for (key, changed) in [(old, false), (old, false), (new, true), (new, false)] {
        assert_eq!(test.note_signing_key(key, test.now()).await.unwrap(), changed);
    }
    test.close().await;
    assert!(test.opened_again().await.note_signing_key(old, test.now()).await.unwrap());
    let store = test.opened_again().await;
    let noted = store.audit_log(Filter::default(), Page::default()).await.unwrap().rows;
    assert_eq!(noted.iter().map(|it| it.event.as_str()).collect::<Vec<_>>(), ["signing_key_changed"; 2]);
}

#[apply(each_database)]
#[tokio::test]
async fn old_entries_are_deleted(database: Database) {
    let test = TestStore::on(database).await;
    test.audit(Event::SignedUp, None, test.operator()).await.unwrap();
    let later = test.later();
    test.audit(Event::LoggedIn, None, Context::operator(later)).await.unwrap();
    let keep = Retention { age: Duration::from_secs(59), entries: 100 };
    assert_eq!(test.trim_audit_log(keep, later).await.unwrap(), 1);
    assert_eq!(names(&test, Filter::default()).await, ["logged_in"]);
}
