//! Users: one address, one account; nothing of a deleted one comes back.

use accounts::{Email, NewUser, PasswordHash, Role, audit::Filter};
use ids::UserId;
use rstest_reuse::apply;
use serde_json::{Value, json};
use store::{Access, Context, EmailChange, NewRecipe, Page, StoreError, UpdateProfile, UserFilter, Viewer};
use tokio::task::JoinSet;

use super::{Database, TestStore, draft, each_database, email, json_of, new_user};

pub(super) fn hash(last: char) -> PasswordHash {
    PasswordHash::parse(&format!("$2b$10${}{last}", "a".repeat(52))).unwrap()
}

pub(super) fn move_to(user: UserId, email: Email, password_hash: Option<PasswordHash>) -> UpdateProfile {
    UpdateProfile { user, name: None, email: Some(EmailChange { email, password_hash }) }
}

#[apply(each_database)]
#[tokio::test]
async fn a_user_comes_back_as_created(database: Database) {
    let test = TestStore::on(database).await;
    let new = NewUser { password_hash: Some(hash('a')), role: Role::Admin, ..new_user("Alice") };
    let alice = test.create_user(new, test.now()).await.unwrap();
    assert_eq!(
        (alice.id.get(), alice.name.as_str(), alice.email.as_str()),
        (1, "Alice", "Alice@example.com")
    );
    assert_eq!((alice.role, alice.disabled), (Role::Admin, false));
    assert_eq!((alice.created_at, alice.updated_at), (test.now(), test.now()));
    assert_eq!(test.store.user(alice.id).await.unwrap(), Some(alice.clone()));
    let found = test.user_by_email(&email("aLICE")).await.unwrap();
    assert_eq!(found, Some((alice, Some(hash('a')))), "an address is the same in whatever case");
}

#[apply(each_database)]
#[tokio::test]
async fn unknown_user_is_not_found(database: Database) {
    let test = TestStore::on(database).await;
    let unknown_user = UserId::from_i64(1).unwrap();
    assert_eq!(test.store.user(unknown_user).await.unwrap(), None);
    assert_eq!(test.user_by_email(&email("alice")).await.unwrap(), None);
    assert_eq!(test.set_role(&email("alice"), Role::Admin, test.operator()).await.unwrap(), None);
    assert_eq!(test.set_access(&email("alice"), Access::Disabled, test.operator()).await.unwrap(), None);
    assert!(!test.delete_user(unknown_user, None, test.operator()).await.unwrap());
    assert!(!test.replace_password_hash(unknown_user, &hash('a'), hash('b'), test.now()).await.unwrap());
}

#[apply(each_database)]
#[tokio::test]
async fn name_and_address_change_separately_and_addresses_are_unique(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, _) = (test.user("alice").await, test.user("bob").await);
    let later = test.later();
    let name = Some(accounts::Name::parse("Ada").unwrap());
    let renamed = test
        .update_profile(UpdateProfile { user: alice.id, name, email: None }, Context::operator(later))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((renamed.name.as_str(), renamed.updated_at), ("Ada", later));
    assert_eq!(renamed.email, alice.email);
    let moved = test
        .update_profile(move_to(alice.id, email("ADA"), None), Context::operator(later))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((moved.name.as_str(), moved.email.as_str()), ("Ada", "ADA@example.com"));
    assert_eq!(test.user_by_email(&email("ada")).await.unwrap().unwrap().0, moved);
    let taken = test.update_profile(move_to(alice.id, email("BOB"), None), Context::operator(later)).await;
    assert!(matches!(taken, Err(StoreError::EmailTaken)));
    let unknown_user = UserId::from_i64(99).unwrap();
    assert_eq!(
        test.update_profile(move_to(unknown_user, email("eve"), None), Context::operator(later))
            .await
            .unwrap(),
        None
    );
}

#[apply(each_database)]
#[tokio::test]
async fn an_address_is_verified_still_if_only_the_case_of_ascii_letters_changes(database: Database) {
    let test = TestStore::on(database).await;
    // The LONG S is an s to programs that fold Unicode, and another mailbox to mail servers. The KELVIN SIGN is a K in NFC,
    // the form in which addresses are stored.
    for (before, after, still) in [
        ("kim", "KIM", true),
        ("kate", "\u{212a}ate", true),
        ("\u{212a}arl", "karl", true),
        ("ſam", "SAM", false),
        ("zoë", "ZOË", false),
    ] {
        let user = test.user(before).await;
        let moved = email(after);
        let moved = test.update_profile(move_to(user.id, moved, None), test.operator()).await;
        let moved = moved.unwrap().unwrap();
        assert_eq!((user.email_verified, moved.email_verified), (true, still), "{before} -> {after}");
        assert_eq!(moved.email, email(after));
    }
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_500_concurrent_sign_ups_gets_the_address(database: Database) {
    let test = TestStore::on(database).await;
    let mut tasks = JoinSet::new();
    for n in 0..500 {
        let (store, now) = (test.store.clone(), test.now());
        let name = if n % 2 == 0 { "alice" } else { "ALICE" };
        tasks.spawn(async move { store.create_user(new_user(name), now).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 499));
    assert!(lost.iter().all(|why| matches!(why, Err(StoreError::EmailTaken))));
    assert_eq!(test.users(UserFilter::default(), Page::longest(None)).await.unwrap().rows.len(), 1);
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_20_concurrent_calls_creates_the_first_administrator(database: Database) {
    let test = TestStore::on(database).await;
    let mut tasks = JoinSet::new();
    for n in 0..20 {
        let (store, now) = (test.store.clone(), test.now());
        tasks.spawn(
            async move { store.create_first_admin(new_user(&format!("user{n}")), now).await.unwrap() },
        );
    }
    let created: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    let [admin] = &created[..] else { panic!("{created:?}") };
    assert_eq!(admin.role, Role::Admin);
    assert_eq!(test.create_first_admin(new_user("late"), test.now()).await.unwrap(), None);
    assert!(test.delete_user(admin.id, None, test.operator()).await.unwrap());
    let next = test.create_first_admin(new_user("next"), test.now()).await.unwrap();
    assert_eq!(next.map(|user| user.role), Some(Role::Admin), "after the deletion of the only one");
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_20_concurrent_users_becomes_the_first_administrator(database: Database) {
    let test = TestStore::on(database).await;
    let mut tasks = JoinSet::new();
    for n in 0..20 {
        let (store, user) = (test.store.clone(), test.user(&format!("user{n}")).await.id);
        let context = test.by(user);
        tasks.spawn(async move { store.become_first_admin(context).await.unwrap() });
    }
    let promoted: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    let [admin] = &promoted[..] else { panic!("{promoted:?}") };
    assert_eq!(admin.role, Role::Admin);
    assert!(test.has_admin().await.unwrap());
    let log = test.entries(Filter { subject: Some(admin.id), ..Filter::default() }, 1).await;
    assert_eq!((log[0].event.as_str(), log[0].actor.user), ("role_changed", Some(admin.id)));
    let late = test.user("late").await.id;
    assert_eq!(test.become_first_admin(test.by(late)).await.unwrap(), None);
    assert_eq!(test.create_first_admin(new_user("later"), test.now()).await.unwrap(), None);
    test.set_access(&admin.email, Access::Disabled, test.operator()).await.unwrap();
    assert!(!test.has_admin().await.unwrap(), "the only one is disabled");
    assert_eq!(test.become_first_admin(test.by(late)).await.unwrap().map(|user| user.id), Some(late));
    let refused = test.become_first_admin(test.operator()).await;
    assert!(matches!(refused, Err(StoreError::ActorRevoked)), "{refused:?}");
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_users_get_distinct_ids(database: Database) {
    let test = TestStore::on(database).await;
    let mut tasks = JoinSet::new();
    for n in 0..500 {
        let (store, now) = (test.store.clone(), test.now());
        tasks.spawn(async move { store.create_user(new_user(&format!("user{n}")), now).await.unwrap().id });
    }
    let mut ids: Vec<i64> = tasks.join_all().await.into_iter().map(UserId::get).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 500);
}

#[apply(each_database)]
#[tokio::test]
async fn a_hash_is_upgraded_only_if_it_is_still_the_one_that_was_checked(database: Database) {
    let test = TestStore::on(database).await;
    let new = NewUser { password_hash: Some(hash('a')), ..new_user("alice") };
    let alice = test.create_user(new, test.now()).await.unwrap();
    let later = test.later();
    assert!(test.replace_password_hash(alice.id, &hash('a'), hash('b'), later).await.unwrap());
    assert!(!test.replace_password_hash(alice.id, &hash('a'), hash('c'), later).await.unwrap());
    let (found, stored) = test.user_by_email(&alice.email).await.unwrap().unwrap();
    assert_eq!((stored, found.updated_at), (Some(hash('b')), later));
}

#[apply(each_database)]
#[tokio::test]
async fn role_and_access_are_set_by_address(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let later = test.later();
    let admin = test.set_role(&email("ALICE"), Role::Admin, Context::operator(later)).await.unwrap().unwrap();
    assert_eq!((admin.role, admin.updated_at, admin.created_at), (Role::Admin, later, alice.created_at));
    let disabled =
        test.set_access(&email("ALICE"), Access::Disabled, Context::operator(later)).await.unwrap().unwrap();
    assert!(disabled.disabled && disabled.role == Role::Admin);
    assert_eq!(test.store.user(alice.id).await.unwrap(), Some(disabled));
    let enabled =
        test.set_access(&email("alice"), Access::Enabled, Context::operator(later)).await.unwrap().unwrap();
    assert!(!enabled.disabled);
}

#[apply(each_database)]
#[tokio::test]
async fn users_are_listed_in_pages_by_id(database: Database) {
    let test = TestStore::on(database).await;
    for name in ["alice", "bob", "carol"] {
        test.user(name).await;
    }
    let first = test.users(UserFilter::default(), Page::new(None, 2).unwrap()).await.unwrap();
    assert_eq!(first.rows.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["alice", "bob"]);
    let second = test.users(UserFilter::default(), Page::new(first.next, 2).unwrap()).await.unwrap();
    assert_eq!(second.rows.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["carol"]);
    assert_eq!((first.next, second.next), (Some(first.rows[1].id), None));
}

#[apply(each_database)]
#[tokio::test]
async fn a_deleted_users_public_recipes_become_communal_and_the_private_ones_go(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await, test.user("bob").await);
    // What looks like a tail in a free text must not be taken for it.
    let soup = super::parse(&json!({
        "name": "Soup", "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null, "ingredients": [],
        "extra": { "ownerId": 1, "x": ",\"ownerId\":1,\"uid\":\"" },
    }));
    let soup = NewRecipe::new(&soup, test.uid(), Some(alice.id));
    let soup = test.create_recipe(soup, test.operator()).await.unwrap();
    let stew = test.public("Stew", Some(alice.id)).await;
    let secret = test.private("Secret", Some(alice.id)).await;
    let bobs = test.public("Bread", Some(bob.id)).await;

    let later = test.later();
    assert!(test.delete_user(alice.id, None, Context::operator(later)).await.unwrap());

    assert_eq!(test.store.user(alice.id).await.unwrap(), None);
    assert_eq!(test.recipe(secret.id, Viewer::Admin).await.unwrap(), None);
    assert_eq!(test.recipe(bobs.id, Viewer::Anyone).await.unwrap(), Some(bobs));
    for before in [soup, stew] {
        let after = test.recipe(before.id, Viewer::Anyone).await.unwrap().unwrap();
        assert_eq!((after.revision, after.updated_at), (2, later), "another text, another ETag");
        let mut want: Value = serde_json::from_str(&json_of(&before)).unwrap();
        want.as_object_mut().unwrap().remove("ownerId");
        want["revision"] = json!(2);
        want["updatedAt"] = json!(later.to_string());
        assert_eq!(serde_json::from_str::<Value>(&json_of(&after)).unwrap(), want);
    }
}

#[apply(each_database)]
#[tokio::test]
async fn an_id_is_not_given_out_again_even_after_a_restart(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let bob = test.user("bob").await;
    assert!(test.delete_user(bob.id, None, test.operator()).await.unwrap());
    test.close().await;
    let store = test.opened_again().await;
    let carol = store.create_user(new_user("bob"), test.now()).await.unwrap();
    assert_eq!((alice.id.get(), bob.id.get(), carol.id.get()), (1, 2, 3));
}

#[apply(each_database)]
#[tokio::test]
async fn recipe_of_a_deleted_owner_is_refused(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    test.delete_user(alice.id, None, test.operator()).await.unwrap();
    let new = NewRecipe::new(&draft("Soup"), test.uid(), Some(alice.id));
    let why = test.create_recipe(new, test.operator()).await.unwrap_err();
    assert!(matches!(why, StoreError::ActorRevoked), "{why}");
}

#[apply(each_database)]
#[tokio::test]
async fn deletion_of_many_recipes_goes_on_in_steps_also_after_a_restart(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    for _ in 0..150 {
        test.public("Soup", Some(alice.id)).await;
        test.private("Secret", Some(alice.id)).await;
    }
    assert!(test.delete_user(alice.id, None, test.operator()).await.unwrap());
    let left = test.store.user(alice.id).await.unwrap().unwrap();
    assert!(left.disabled, "the account cannot be used any more");
    assert_eq!(test.count_recipes(Viewer::Admin).await.unwrap(), 200);
    test.close().await;
    let again = test.opened_again().await;
    while again.continue_deletion(test.now()).await.unwrap() {}
    assert_eq!(again.user(alice.id).await.unwrap(), None);
    assert_eq!(again.count_recipes(Viewer::Admin).await.unwrap(), 150);
    assert_eq!(again.count_recipes(Viewer::Anyone).await.unwrap(), 150);
    assert!(!again.continue_deletion(test.now()).await.unwrap());
}
