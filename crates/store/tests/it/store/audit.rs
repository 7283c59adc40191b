//! The audit log: noted with what it is about, and bounded.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use accounts::{NewUser, Role, TokenDigest};
use accounts::{audit::Actor, audit::Event, audit::Filter, audit::Retention};
use ids::UserId;
use store::{Access, Context, Page};

use super::users::move_to;
use super::{Kitchen, email, new_user};

const HERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
const FOREVER: Duration = Duration::from_hours(24 * 365);

async fn names(kitchen: &Kitchen, filter: Filter) -> Vec<String> {
    kitchen.entries(filter, 1000).await.into_iter().map(|entry| entry.event).collect()
}

#[tokio::test]
async fn changes_of_an_account_are_noted_with_who_made_them() {
    let kitchen = Kitchen::new().await;
    let (root, alice) = (kitchen.admin("root").await, kitchen.user("alice").await);
    let actor = Actor { user: Some(root.id), session: None, address: HERE };
    kitchen.set_role(&alice.email, Role::Admin, Context { actor, now: kitchen.now() }).await.unwrap();
    kitchen.set_access(&alice.email, Access::Disabled, Context { actor, now: kitchen.now() }).await.unwrap();
    kitchen.set_access(&alice.email, Access::Enabled, Context { actor, now: kitchen.now() }).await.unwrap();
    kitchen
        .update_profile(move_to(alice.id, email("ada"), None), Context { actor, now: kitchen.now() })
        .await
        .unwrap();
    let later = kitchen.later();
    kitchen.delete_user(alice.id, None, Context { actor, now: later }).await.unwrap();

    let by_root = Filter { actor: Some(root.id), ..Filter::default() };
    let entries = kitchen.entries(by_root, 1000).await;
    let events: Vec<_> = entries.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(events, ["deleted", "email_changed", "enabled", "disabled", "role_changed"]);
    assert!(entries.iter().all(|entry| entry.subject == Some(alice.id) && entry.actor == actor));
    assert_eq!(kitchen.count_audit_log(by_root).await.unwrap(), 5);
    assert_eq!((entries[0].at, entries[4].detail.as_deref()), (later, Some("admin")));
    assert!(!format!("{entries:?}").contains("example.com"), "nothing personal");
}

#[tokio::test]
async fn what_concerns_a_user_is_what_happened_to_the_account_and_what_the_user_did() {
    let kitchen = Kitchen::new().await;
    let (root, alice) = (kitchen.admin("root").await, kitchen.user("alice").await);
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
        kitchen.audit(event, subject, Context { actor, now: kitchen.now() }).await.unwrap();
    }
    let (mut seen, mut before) = (Vec::new(), None);
    for rows in [2, 2, 1] {
        let listing = kitchen.audit_log_of(alice.id, Page::new(before, 2).unwrap()).await.unwrap();
        assert_eq!(listing.rows.len(), rows);
        before = listing.next;
        seen.extend(listing.rows.into_iter().map(|entry| entry.event));
    }
    assert_eq!(before, None);
    assert_eq!(seen, ["password_changed", "invitation_created", "disabled", "role_changed", "created"]);
}

#[tokio::test]
async fn what_does_not_happen_is_not_noted() {
    let kitchen = Kitchen::new().await;
    let (alice, _) = (kitchen.user("alice").await, kitchen.user("bob").await);
    let nobody = UserId::from_i64(99).unwrap();
    kitchen.set_role(&email("eve"), Role::Admin, kitchen.operator()).await.unwrap();
    kitchen.set_role(&alice.email, Role::User, kitchen.operator()).await.unwrap();
    kitchen.set_access(&alice.email, Access::Enabled, kitchen.operator()).await.unwrap();
    kitchen.end_sessions(alice.id, kitchen.operator()).await.unwrap();
    kitchen.delete_user(nobody, None, kitchen.operator()).await.unwrap();
    let spelling = email("ALICE");
    kitchen.update_profile(move_to(alice.id, spelling, None), kitchen.operator()).await.unwrap();
    let taken = email("bob");
    kitchen.update_profile(move_to(alice.id, taken, None), kitchen.operator()).await.unwrap_err();
    assert_eq!(names(&kitchen, Filter::default()).await, ["created"; 2]);
}

#[tokio::test]
async fn an_account_that_an_operator_makes_is_noted_with_its_role() {
    let kitchen = Kitchen::new().await;
    let root =
        kitchen.create_user(NewUser { role: Role::Admin, ..new_user("root") }, kitchen.now()).await.unwrap();
    let entry = kitchen.entries(Filter::default(), 1).await.remove(0);
    assert_eq!(
        (entry.event.as_str(), entry.subject, entry.actor),
        ("created", Some(root.id), Actor::OPERATOR)
    );
    assert_eq!(entry.detail.as_deref(), Some("admin"));
}

#[tokio::test]
async fn entries_are_found_by_event_and_account_and_page() {
    let kitchen = Kitchen::new().await;
    let (alice, bob) = (kitchen.user("alice").await.id, kitchen.user("bob").await.id);
    for (event, subject) in [
        (Event::LoggedIn, alice),
        (Event::LoggedIn, bob),
        (Event::LogInFailed, alice),
        (Event::LoggedIn, alice),
    ] {
        kitchen
            .audit(event, Some(subject), Context { actor: Actor::anonymous(HERE), now: kitchen.now() })
            .await
            .unwrap();
    }
    let of_alice = Filter { subject: Some(alice), ..Filter::default() };
    assert_eq!(names(&kitchen, of_alice).await, ["logged_in", "log_in_failed", "logged_in", "created"]);
    let her_log_ins = Filter { event: Some(Event::LoggedIn), ..of_alice };
    assert_eq!(names(&kitchen, her_log_ins).await, ["logged_in", "logged_in"]);
    let first = kitchen.entries(her_log_ins, 1).await;
    let second = kitchen.audit_log(her_log_ins, Page::longest(Some(first[0].id))).await.unwrap().rows;
    assert_eq!((first[0].id, second[0].id, second.len()), (6, 3, 1));
}

#[tokio::test]
async fn entries_are_found_by_who_did_it_and_when() {
    let kitchen = Kitchen::new().await;
    let (root, alice) = (kitchen.user("root").await.id, kitchen.user("alice").await.id);
    let by = |user| Actor { user: Some(user), ..Actor::OPERATOR };
    let noon = kitchen.now();
    kitchen.audit(Event::Disabled, Some(alice), Context { actor: by(root), now: noon }).await.unwrap();
    let later = kitchen.later();
    kitchen.audit(Event::EmailChanged, Some(alice), Context { actor: by(alice), now: later }).await.unwrap();
    let filter = Filter::default();
    assert_eq!(names(&kitchen, Filter { actor: Some(root), ..filter }).await, ["disabled"]);
    assert_eq!(names(&kitchen, Filter { since: Some(later), ..filter }).await, ["email_changed"]);
    let before = Filter { until: Some(later), ..filter };
    assert_eq!(names(&kitchen, before).await, ["disabled", "created", "created"]);
    assert_eq!(names(&kitchen, Filter { since: Some(later), ..before }).await, [""; 0]);
}

#[tokio::test]
async fn a_flood_of_failures_is_bounded_and_pushes_nothing_else_out() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await.id;
    let anybody = Actor::anonymous(HERE);
    kitchen
        .audit(Event::PasswordChanged, Some(alice), Context { actor: anybody, now: kitchen.now() })
        .await
        .unwrap();
    for _ in 0..1_205 {
        kitchen
            .audit(Event::LogInFailed, None, Context { actor: anybody, now: kitchen.now() })
            .await
            .unwrap();
    }
    let keep = Retention { age: FOREVER, entries: 5 };
    let mut gone = Vec::new();
    while let forgotten @ 1.. = kitchen.trim_audit_log(keep, kitchen.now()).await.unwrap() {
        gone.push(forgotten);
    }
    assert_eq!(gone, [1_000, 200], "in pieces, so that no writer waits long");
    let left = kitchen.entries(Filter::default(), 1000).await;
    let ids: Vec<_> = left.iter().map(|entry| entry.id).collect();
    assert_eq!(ids, [1207, 1206, 1205, 1204, 1203, 2, 1], "the newest failures, and what is none");
}

#[tokio::test]
async fn what_users_do_with_their_own_accounts_pushes_out_nothing_that_administrators_did() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    kitchen.set_role(&alice.email, Role::Admin, kitchen.operator()).await.unwrap();
    for _ in 0..20 {
        kitchen.audit(Event::ApiTokenCreated, Some(alice.id), kitchen.operator()).await.unwrap();
    }
    let keep = Retention { age: FOREVER, entries: 3 };
    assert_eq!(kitchen.trim_audit_log(keep, kitchen.now()).await.unwrap(), 18);
    assert_eq!(
        names(&kitchen, Filter::default()).await,
        ["api_token_created", "api_token_created", "api_token_created", "role_changed"]
    );
    assert_eq!(kitchen.trim_audit_log(keep, kitchen.now()).await.unwrap(), 0);
}

#[tokio::test]
async fn who_comes_and_goes_pushes_out_nothing_else_and_least_of_all_what_an_administrator_did() {
    let kitchen = Kitchen::new().await;
    let (root, alice) = (kitchen.user("root").await.id, kitchen.user("alice").await.id);
    let note = async |event, subject, actor| {
        let actor = Actor { user: Some(actor), ..Actor::OPERATOR };
        kitchen.audit(event, Some(subject), Context { actor, now: kitchen.now() }).await.unwrap();
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
    assert_eq!(kitchen.trim_audit_log(keep, kitchen.now()).await.unwrap(), 17);
    let about_root = names(&kitchen, Filter { subject: Some(root), ..Filter::default() }).await;
    assert_eq!(
        about_root,
        ["deleted", "password_reset_requested", "sessions_ended", "password_reset", "created"]
    );
}

#[tokio::test]
async fn another_signing_key_is_noted_and_the_first_and_the_same_are_not() {
    let kitchen = Kitchen::new().await;
    let (old, new) = (TokenDigest::of(b"old"), TokenDigest::of(b"new"));
    for (key, changed) in [(old, false), (old, false), (new, true), (new, false)] {
        assert_eq!(kitchen.note_signing_key(key, kitchen.now()).await.unwrap(), changed);
    }
    kitchen.close().await;
    assert!(kitchen.opened_again().await.note_signing_key(old, kitchen.now()).await.unwrap());
    let store = kitchen.opened_again().await;
    let noted = store.audit_log(Filter::default(), Page::default()).await.unwrap().rows;
    assert_eq!(noted.iter().map(|it| it.event.as_str()).collect::<Vec<_>>(), ["signing_key_changed"; 2]);
}

#[tokio::test]
async fn entries_grow_old() {
    let kitchen = Kitchen::new().await;
    kitchen.audit(Event::SignedUp, None, kitchen.operator()).await.unwrap();
    let later = kitchen.later();
    kitchen.audit(Event::LoggedIn, None, Context::operator(later)).await.unwrap();
    let keep = Retention { age: Duration::from_secs(59), entries: 100 };
    assert_eq!(kitchen.trim_audit_log(keep, later).await.unwrap(), 1);
    assert_eq!(names(&kitchen, Filter::default()).await, ["logged_in"]);
}
