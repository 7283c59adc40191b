//! Users: one address, one account; nothing of a deleted one comes back.

use accounts::{Email, NewUser, PasswordHash, Role};
use ids::UserId;
use serde_json::{Value, json};
use store::{Access, Context, EmailChange, NewRecipe, Page, StoreError, UpdateProfile, UserFilter, Viewer};
use tokio::task::JoinSet;

use super::{Kitchen, draft, email, json_of, new_user};

fn hash(last: char) -> PasswordHash {
    PasswordHash::parse(&format!("$2b$10${}{last}", "a".repeat(52))).unwrap()
}

pub(super) fn move_to(user: UserId, email: Email, password_hash: Option<PasswordHash>) -> UpdateProfile {
    UpdateProfile { user, name: None, email: Some(EmailChange { email, password_hash }) }
}

#[tokio::test]
async fn a_user_comes_back_as_created() {
    let kitchen = Kitchen::new().await;
    let new = NewUser { password_hash: Some(hash('a')), role: Role::Admin, ..new_user("Alice") };
    let alice = kitchen.create_user(new, kitchen.now()).await.unwrap();
    assert_eq!(
        (alice.id.get(), alice.name.as_str(), alice.email.as_str()),
        (1, "Alice", "Alice@example.com")
    );
    assert_eq!((alice.role, alice.disabled), (Role::Admin, false));
    assert_eq!((alice.created_at, alice.updated_at), (kitchen.now(), kitchen.now()));
    assert_eq!(kitchen.store.user(alice.id).await.unwrap(), Some(alice.clone()));
    let found = kitchen.user_by_email(&email("aLICE")).await.unwrap();
    assert_eq!(found, Some((alice, Some(hash('a')))), "an address is the same in whatever case");
}

#[tokio::test]
async fn nobody_is_an_answer() {
    let kitchen = Kitchen::new().await;
    let nobody = UserId::from_i64(1).unwrap();
    assert_eq!(kitchen.store.user(nobody).await.unwrap(), None);
    assert_eq!(kitchen.user_by_email(&email("alice")).await.unwrap(), None);
    assert_eq!(kitchen.set_role(&email("alice"), Role::Admin, kitchen.operator()).await.unwrap(), None);
    assert_eq!(
        kitchen.set_access(&email("alice"), Access::Disabled, kitchen.operator()).await.unwrap(),
        None
    );
    assert!(!kitchen.delete_user(nobody, None, kitchen.operator()).await.unwrap());
    assert!(!kitchen.replace_password_hash(nobody, &hash('a'), hash('b'), kitchen.now()).await.unwrap());
}

#[tokio::test]
async fn name_and_address_change_apart_and_nobody_takes_anothers() {
    let kitchen = Kitchen::new().await;
    let (alice, _) = (kitchen.user("alice").await, kitchen.user("bob").await);
    let later = kitchen.later();
    let name = Some(accounts::Name::parse("Ada").unwrap());
    let renamed = kitchen
        .update_profile(UpdateProfile { user: alice.id, name, email: None }, Context::operator(later))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((renamed.name.as_str(), renamed.updated_at), ("Ada", later));
    assert_eq!(renamed.email, alice.email);
    let moved = kitchen
        .update_profile(move_to(alice.id, email("ADA"), None), Context::operator(later))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((moved.name.as_str(), moved.email.as_str()), ("Ada", "ADA@example.com"));
    assert_eq!(kitchen.user_by_email(&email("ada")).await.unwrap().unwrap().0, moved);
    let taken = kitchen.update_profile(move_to(alice.id, email("BOB"), None), Context::operator(later)).await;
    assert!(matches!(taken, Err(StoreError::EmailTaken)));
    let nobody = UserId::from_i64(99).unwrap();
    assert_eq!(
        kitchen.update_profile(move_to(nobody, email("eve"), None), Context::operator(later)).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn an_address_is_verified_still_if_only_the_case_of_ascii_letters_changes() {
    let kitchen = Kitchen::new().await;
    // The KELVIN SIGN and the LONG S are a k and an s to those who fold Unicode, and other mailboxes to mail servers.
    for (before, after, still) in [
        ("kim", "KIM", true),
        ("kate", "\u{212a}ate", false),
        ("\u{212a}arl", "karl", false),
        ("ſam", "SAM", false),
        ("zoë", "ZOË", false),
    ] {
        let user = kitchen.user(before).await;
        let moved = email(after);
        let moved = kitchen.update_profile(move_to(user.id, moved, None), kitchen.operator()).await;
        let moved = moved.unwrap().unwrap();
        assert_eq!((user.email_verified, moved.email_verified), (true, still), "{before} -> {after}");
        assert_eq!(moved.email, email(after));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_500_who_want_one_address_at_once_one_gets_it() {
    let kitchen = Kitchen::new().await;
    let mut tasks = JoinSet::new();
    for n in 0..500 {
        let (store, now) = (kitchen.store.clone(), kitchen.now());
        let name = if n % 2 == 0 { "alice" } else { "ALICE" };
        tasks.spawn(async move { store.create_user(new_user(name), now).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 499));
    assert!(lost.iter().all(|why| matches!(why, Err(StoreError::EmailTaken))));
    assert_eq!(kitchen.users(UserFilter::default(), Page::longest(None)).await.unwrap().rows.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_500_at_once_with_addresses_of_their_own_each_gets_an_id_of_its_own() {
    let kitchen = Kitchen::new().await;
    let mut tasks = JoinSet::new();
    for n in 0..500 {
        let (store, now) = (kitchen.store.clone(), kitchen.now());
        tasks.spawn(async move { store.create_user(new_user(&format!("user{n}")), now).await.unwrap().id });
    }
    let mut ids: Vec<i64> = tasks.join_all().await.into_iter().map(UserId::get).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 500);
}

#[tokio::test]
async fn a_hash_is_upgraded_only_if_it_is_still_the_one_that_was_checked() {
    let kitchen = Kitchen::new().await;
    let new = NewUser { password_hash: Some(hash('a')), ..new_user("alice") };
    let alice = kitchen.create_user(new, kitchen.now()).await.unwrap();
    let later = kitchen.later();
    assert!(kitchen.replace_password_hash(alice.id, &hash('a'), hash('b'), later).await.unwrap());
    assert!(!kitchen.replace_password_hash(alice.id, &hash('a'), hash('c'), later).await.unwrap());
    let (found, stored) = kitchen.user_by_email(&alice.email).await.unwrap().unwrap();
    assert_eq!((stored, found.updated_at), (Some(hash('b')), later));
}

#[tokio::test]
async fn role_and_access_are_set_by_address() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let later = kitchen.later();
    let admin =
        kitchen.set_role(&email("ALICE"), Role::Admin, Context::operator(later)).await.unwrap().unwrap();
    assert_eq!((admin.role, admin.updated_at, admin.created_at), (Role::Admin, later, alice.created_at));
    let disabled = kitchen
        .set_access(&email("ALICE"), Access::Disabled, Context::operator(later))
        .await
        .unwrap()
        .unwrap();
    assert!(disabled.disabled && disabled.role == Role::Admin);
    assert_eq!(kitchen.store.user(alice.id).await.unwrap(), Some(disabled));
    let enabled = kitchen
        .set_access(&email("alice"), Access::Enabled, Context::operator(later))
        .await
        .unwrap()
        .unwrap();
    assert!(!enabled.disabled);
}

#[tokio::test]
async fn users_are_listed_in_pages_by_id() {
    let kitchen = Kitchen::new().await;
    for name in ["alice", "bob", "carol"] {
        kitchen.user(name).await;
    }
    let first = kitchen.users(UserFilter::default(), Page::new(None, 2).unwrap()).await.unwrap();
    assert_eq!(first.rows.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["alice", "bob"]);
    let second = kitchen.users(UserFilter::default(), Page::new(first.next, 2).unwrap()).await.unwrap();
    assert_eq!(second.rows.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["carol"]);
    assert_eq!((first.next, second.next), (Some(first.rows[1].id), None));
}

#[tokio::test]
async fn a_deleted_users_public_recipes_become_communal_and_the_private_ones_go() {
    let kitchen = Kitchen::new().await;
    let (alice, bob) = (kitchen.user("alice").await, kitchen.user("bob").await);
    // What looks like a tail in a free text must not be taken for it.
    let soup = super::parse(&json!({
        "name": "Soup", "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null, "ingredients": [],
        "extra": { "ownerId": 1, "x": ",\"ownerId\":1,\"uid\":\"" },
    }));
    let soup = NewRecipe::new(&soup, kitchen.uid(), Some(alice.id));
    let soup = kitchen.create_recipe(soup, kitchen.now()).await.unwrap();
    let stew = kitchen.public("Stew", Some(alice.id)).await;
    let secret = kitchen.private("Secret", Some(alice.id)).await;
    let bobs = kitchen.public("Bread", Some(bob.id)).await;

    let later = kitchen.later();
    assert!(kitchen.delete_user(alice.id, None, Context::operator(later)).await.unwrap());

    assert_eq!(kitchen.store.user(alice.id).await.unwrap(), None);
    assert_eq!(kitchen.recipe(secret.id, Viewer::Admin).await.unwrap(), None);
    assert_eq!(kitchen.recipe(bobs.id, Viewer::Anyone).await.unwrap(), Some(bobs));
    for before in [soup, stew] {
        let after = kitchen.recipe(before.id, Viewer::Anyone).await.unwrap().unwrap();
        assert_eq!((after.revision, after.updated_at), (2, later), "another text, another ETag");
        let mut want: Value = serde_json::from_str(&json_of(&before)).unwrap();
        want.as_object_mut().unwrap().remove("ownerId");
        want["revision"] = json!(2);
        want["updatedAt"] = json!(later.to_string());
        assert_eq!(serde_json::from_str::<Value>(&json_of(&after)).unwrap(), want);
    }
}

#[tokio::test]
async fn an_id_is_not_given_out_again_even_after_a_restart() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let bob = kitchen.user("bob").await;
    assert!(kitchen.delete_user(bob.id, None, kitchen.operator()).await.unwrap());
    kitchen.close().await;
    let store = kitchen.opened_again().await;
    let carol = store.create_user(new_user("bob"), kitchen.now()).await.unwrap();
    assert_eq!((alice.id.get(), bob.id.get(), carol.id.get()), (1, 2, 3));
}

#[tokio::test]
async fn a_recipe_of_an_owner_who_was_deleted_meanwhile_is_refused() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    kitchen.delete_user(alice.id, None, kitchen.operator()).await.unwrap();
    let new = NewRecipe::new(&draft("Soup"), kitchen.uid(), Some(alice.id));
    let why = kitchen.create_recipe(new, kitchen.now()).await.unwrap_err();
    assert!(matches!(why, StoreError::ActorRevoked), "{why}");
}
