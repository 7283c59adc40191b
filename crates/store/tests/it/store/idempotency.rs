//! Writes with a key.

use std::sync::{Arc, OnceLock};

use accounts::{ApiToken, NewApiToken, Scope, TokenDigest, TokenName};
use ids::{ApiTokenId, UserId};
use jiff::{SignedDuration, Timestamp};
use recipes::{Quota, Quotas};
use rstest_reuse::apply;
use store::{
    IdempotencyKey, NewRecipe, Once, OnceWrite, Precondition, Store, StoreError, StoredRecipe, Viewer,
};
use tokio::task::JoinSet;

use super::{Database, TestStore, draft, each_database};

impl TestStore {
    fn soup(&self, owner: UserId) -> NewRecipe {
        NewRecipe::new(&draft("Soup"), self.uid(), Some(owner))
    }

    async fn creates_once(&self, user: UserId, key: &str, content: &str) -> Once<StoredRecipe> {
        let key = IdempotencyKey::new(key, content.as_bytes());
        self.create_recipe_once(self.soup(user), key, self.by(user)).await.unwrap()
    }
}

#[apply(each_database)]
#[tokio::test]
async fn repeated_key_gets_the_recipe_as_it_was_created(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let Once::Created(soup) = test.creates_once(alice, "a", "soup").await else { panic!("not created") };
    assert_eq!(test.recipe(soup.id, Viewer::Anyone).await.unwrap(), Some(soup.clone()));
    test.later();
    assert_eq!(test.creates_once(alice, "a", "soup").await, Once::Replayed(soup.clone()));
    assert_eq!(test.creates_once(alice, "a", "bread").await, Once::OtherContent);
    assert!(matches!(test.creates_once(alice, "b", "soup").await, Once::Created(_)), "another key");
    assert!(matches!(test.creates_once(bob, "a", "bread").await, Once::Created(_)), "another user");
    test.delete_recipe(soup.id, Precondition::None, test.by(alice)).await.unwrap();
    assert_eq!(test.creates_once(alice, "a", "soup").await, Once::Replayed(soup), "also after its end");
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
    assert!(matches!(test.creates_once(alice, "a", "soup").await, Once::Created(_)));
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

/// A new API token, and the handle that creates it once. The answer is the name.
fn token_once(test: &TestStore, key: &str, name: &str) -> (Store, Arc<OnceLock<String>>, NewApiToken) {
    let former: Arc<OnceLock<String>> = Arc::default();
    let answer = |token: &Option<ApiToken>| Ok(token.as_ref().map(|token| format!("made {}", token.id)));
    let key = IdempotencyKey::new(key, name.as_bytes());
    let id = ApiTokenId::new(test.now(), test.entropy.bytes());
    let new = NewApiToken {
        id,
        digest: TokenDigest::of(id.to_string().as_bytes()),
        name: TokenName::parse(name).unwrap(),
        scopes: Scope::ALL.into_iter().collect(),
        expires_at: None,
    };
    (test.once(OnceWrite::new(key, answer, Arc::clone(&former))), former, new)
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_20_concurrent_writes_with_a_key_has_an_effect(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (store, former, new) = token_once(&test, "a", "phone");
        let context = test.by(alice);
        tasks.spawn(async move {
            match store.create_api_token(alice, new, context).await {
                Ok(token) => format!("made {}", token.unwrap().id),
                Err(StoreError::Replayed) => former.get().unwrap().clone(),
                Err(why) => panic!("{why}"),
            }
        });
    }
    let answers = tasks.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(test.api_tokens(alice).await.unwrap().len(), 1);
}

#[apply(each_database)]
#[tokio::test]
async fn key_holds_for_all_writes_of_its_user(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let create = async |key: &str, name: &str, user| {
        let (store, former, new) = token_once(&test, key, name);
        (store.create_api_token(user, new, test.by(user)).await, former)
    };
    create("a", "phone", alice).await.0.unwrap();
    let (again, former) = create("a", "phone", alice).await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    let of_key = IdempotencyKey::new("a", b"phone");
    assert_eq!(test.answer_of(alice, &of_key, test.now()).await.unwrap().as_ref(), former.get());
    assert_eq!(test.answer_of(bob, &of_key, test.now()).await.unwrap(), None);
    let (other, _) = create("a", "laptop", alice).await;
    assert!(matches!(other, Err(StoreError::IdempotencyKeyReused)), "{other:?}");
    assert_eq!(
        test.creates_once(alice, "a", "phone of soup").await,
        Once::OtherContent,
        "a recipe with the key"
    );
    assert!(matches!(test.creates_once(alice, "r", "soup").await, Once::Created(_)));
    let (other, _) = create("r", "phone", alice).await;
    assert!(matches!(other, Err(StoreError::IdempotencyKeyReused)), "{other:?}");
    create("a", "phone", bob).await.0.unwrap();
    assert_eq!(test.api_tokens(alice).await.unwrap().len(), 1);
}

#[apply(each_database)]
#[tokio::test]
async fn effect_and_answer_are_written_together_or_not_at_all(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    for answer in [Ok(None), Err(StoreError::Bug("no answer".to_owned()))] {
        let (_, former, new) = token_once(&test, "a", "phone");
        let fails = answer.is_err();
        let write = OnceWrite::new(
            IdempotencyKey::new("a", b"phone"),
            move |_: &Option<ApiToken>| answer.clone(),
            former,
        );
        let created = test.store.once(write).create_api_token(alice, new, test.by(alice)).await;
        assert_eq!(created.is_err(), fails);
        assert_eq!(test.api_tokens(alice).await.unwrap().len(), 1, "that of the write without an answer");
        assert_eq!(test.sql("SELECT count(*) FROM idempotency_keys").await, Some(0));
    }
    let wrong = OnceWrite::new(IdempotencyKey::new("a", b"phone"), |(): &()| Ok(None), Arc::default());
    let (.., new) = token_once(&test, "a", "phone");
    let failed = test.store.once(wrong).create_api_token(alice, new, test.by(alice)).await;
    assert!(matches!(failed, Err(StoreError::Bug(_))), "{failed:?}");
    assert_eq!(test.api_tokens(alice).await.unwrap().len(), 1);
}
