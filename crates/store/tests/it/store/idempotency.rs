//! Creations with a key.

use ids::UserId;
use jiff::{SignedDuration, Timestamp};
use recipes::{Quota, Quotas};
use rstest_reuse::apply;
use store::{IdempotencyKey, NewRecipe, Once, Precondition, StoreError, StoredRecipe, Viewer};
use tokio::task::JoinSet;

use super::{Database, TestStore, draft, each_database};

impl TestStore {
    fn soup(&self, owner: UserId) -> NewRecipe {
        NewRecipe::new(&draft("Soup"), self.uid(), Some(owner))
    }

    async fn once(&self, user: UserId, key: &str, content: &str) -> Once<StoredRecipe> {
        let key = IdempotencyKey::new(key, content.as_bytes());
        self.create_recipe_once(self.soup(user), key, self.by(user)).await.unwrap()
    }
}

#[apply(each_database)]
#[tokio::test]
async fn repeated_key_gets_the_recipe_as_it_was_created(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let Once::Created(soup) = test.once(alice, "a", "soup").await else { panic!("not created") };
    assert_eq!(test.recipe(soup.id, Viewer::Anyone).await.unwrap(), Some(soup.clone()));
    test.later();
    assert_eq!(test.once(alice, "a", "soup").await, Once::Replayed(soup.clone()));
    assert_eq!(test.once(alice, "a", "bread").await, Once::OtherContent);
    assert!(matches!(test.once(alice, "b", "soup").await, Once::Created(_)), "another key");
    assert!(matches!(test.once(bob, "a", "bread").await, Once::Created(_)), "another user");
    test.delete_recipe(soup.id, Precondition::None, test.by(alice)).await.unwrap();
    assert_eq!(test.once(alice, "a", "soup").await, Once::Replayed(soup), "also after its end");
    assert_eq!(test.count_recipes(Viewer::Admin).await.unwrap(), 2);
}

#[apply(each_database)]
#[tokio::test]
async fn key_is_forgotten_after_a_day(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let at = |time: Timestamp| store::Context { now: time, ..test.by(alice) };
    let key = IdempotencyKey::new("a", b"soup");
    let begun = test.now();
    let day = SignedDuration::from_hours(24);
    let second = SignedDuration::from_secs(1);
    let create = async |time| test.create_recipe_once(test.soup(alice), key, at(time)).await.unwrap();
    assert!(matches!(create(begun).await, Once::Created(_)));
    assert!(matches!(create(begun + day - second).await, Once::Replayed(_)));
    assert_eq!(test.trim_idempotency_keys(begun + day - second).await.unwrap(), 0);
    assert!(matches!(create(begun + day).await, Once::Created(_)), "though it was not deleted");
    assert!(matches!(create(begun + day + second).await, Once::Replayed(_)));
    assert_eq!(test.trim_idempotency_keys(begun + day + day).await.unwrap(), 1);
    assert_eq!(test.sql("SELECT count(*) FROM idempotency_keys").await, Some(0));
}

#[apply(each_database)]
#[tokio::test]
async fn refused_creation_does_not_use_the_key(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let key = IdempotencyKey::new("a", b"soup");
    let none = Quotas { recipes: Quota(Some(0)), bytes: Quota(None) };
    let refused = test.create_recipe_once(test.soup(alice).within(none), key, test.by(alice)).await;
    assert!(matches!(refused, Err(StoreError::QuotaExceeded { .. })), "{refused:?}");
    assert!(matches!(test.once(alice, "a", "soup").await, Once::Created(_)));
    assert_eq!(test.usage(alice).await.unwrap().recipes, 1);
    assert!(test.delete_user(alice, None, test.operator()).await.unwrap());
    while test.continue_deletion(test.now()).await.unwrap() {}
    assert_eq!(test.sql("SELECT count(*) FROM idempotency_keys").await, Some(0), "gone with the account");
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_100_concurrent_creations_with_a_key_creates(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let (store, new, context) = (test.store.clone(), test.soup(alice), test.by(alice));
        let key = IdempotencyKey::new("a", b"soup");
        tasks.spawn(async move { store.create_recipe_once(new, key, context).await.unwrap() });
    }
    let (mut created, mut replayed) = (Vec::new(), Vec::new());
    for once in tasks.join_all().await {
        match once {
            Once::Created(recipe) => created.push(recipe),
            Once::Replayed(recipe) => replayed.push(recipe),
            Once::OtherContent => panic!("the same content"),
        }
    }
    assert_eq!((created.len(), replayed.len()), (1, 99));
    assert!(replayed.iter().all(|recipe| *recipe == created[0]));
    assert_eq!(test.count_recipes(Viewer::Admin).await.unwrap(), 1);
}
