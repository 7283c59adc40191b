//! Favourites.

use ids::{RecipeId, UserId};
use rstest_reuse::apply;
use store::{Favoured, MAX_FAVOURITES, Precondition, StoreError};
use tokio::task::JoinSet;

use super::{Database, TestStore, each_database};

impl TestStore {
    async fn favours(&self, user: UserId, recipe: RecipeId) -> Favoured {
        self.add_favourite(recipe, *self.uid().as_bytes(), self.by(user)).await.unwrap()
    }

    async fn favourites_of(&self, user: UserId) -> Vec<i64> {
        self.favourites(user).await.unwrap().iter().map(|favourite| favourite.recipe.get()).collect()
    }
}

#[apply(each_database)]
#[tokio::test]
async fn each_user_has_favourites_of_their_own(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let (soup, bread) = (test.public("Soup", Some(bob)).await.id, test.public("Bread", None).await.id);
    let added_at = test.now();
    for recipe in [bread, soup, bread] {
        assert_eq!(test.favours(alice, recipe).await, Favoured::Done);
        test.later();
    }
    assert_eq!(test.favourites_of(alice).await, [soup.get(), bread.get()]);
    assert_eq!(test.favourites(alice).await.unwrap()[1].added_at, added_at, "the first time counts");
    assert_eq!(test.favourites_of(bob).await, [0; 0]);
    for _ in 0..2 {
        assert!(test.remove_favourite(soup, test.by(alice)).await.unwrap());
    }
    assert_eq!(test.favourites_of(alice).await, [bread.get()]);
}

#[apply(each_database)]
#[tokio::test]
async fn recipe_that_a_user_may_not_read_is_no_favourite(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let secret = test.private("Secret", Some(bob)).await.id;
    let absent = RecipeId::from_i64(99).unwrap();
    for recipe in [secret, absent] {
        assert_eq!(test.favours(alice, recipe).await, Favoured::NoSuchRecipe);
        assert!(!test.remove_favourite(recipe, test.by(alice)).await.unwrap());
    }
    assert_eq!(test.favours(bob, secret).await, Favoured::Done);
    let refused = test.add_favourite(secret, [1; 16], test.operator()).await;
    assert!(matches!(refused, Err(StoreError::ActorRevoked)), "{refused:?}");
}

#[apply(each_database)]
#[tokio::test]
async fn favourites_end_with_the_recipe_and_with_the_account(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let (soup, bread) = (test.public("Soup", Some(bob)).await.id, test.public("Bread", Some(alice)).await.id);
    for (user, recipe) in [(alice, soup), (alice, bread), (bob, bread)] {
        test.favours(user, recipe).await;
    }
    test.delete_recipe(soup, Precondition::None, test.by(bob)).await.unwrap();
    assert_eq!(test.favourites_of(alice).await, [bread.get()]);
    assert!(test.delete_user(alice, None, test.operator()).await.unwrap());
    while test.continue_deletion(test.now()).await.unwrap() {}
    assert_eq!(test.sql("SELECT count(*) FROM favourites").await, Some(1), "Bob's");
    assert_eq!(test.favourites_of(bob).await, [bread.get()]);
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_wishes_for_one_recipe_make_one_favourite(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let soup = test.public("Soup", None).await.id;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (store, id, context) = (test.store.clone(), *test.uid().as_bytes(), test.by(alice));
        tasks.spawn(async move { store.add_favourite(soup, id, context).await.unwrap() });
    }
    assert!(tasks.join_all().await.iter().all(|done| *done == Favoured::Done));
    assert_eq!(test.favourites_of(alice).await, [soup.get()]);
}

#[apply(each_database)]
#[tokio::test]
async fn a_user_has_a_limited_number_of_favourites(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let soup = test.public("Soup", None).await.id;
    let last = i64::from(MAX_FAVOURITES) + soup.get();
    let (no, time, overriding) = match database {
        Database::Sqlite => ("0", "0", ""),
        Database::Postgres => ("false", "now()", "OVERRIDING SYSTEM VALUE"),
    };
    let numbers =
        format!("WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {last})");
    test.sql_all(&format!(
        "{numbers} INSERT INTO recipes (id, uid, private, revision, created_at, updated_at, document) {overriding}
         SELECT i, CAST(i AS text), {no}, 1, {time}, {time}, '' FROM n"
    ))
    .await;
    let key = match database {
        Database::Sqlite => "CAST(printf('%016d', id) AS BLOB)",
        Database::Postgres => "convert_to(lpad(CAST(id AS text), 16, '0'), 'UTF8')",
    };
    test.sql_all(&format!(
        "INSERT INTO favourites (id, user_id, recipe_id, added_at)
         SELECT {key}, {alice}, id, {time} FROM recipes WHERE id > 1 AND id < {last}",
        alice = alice.get(),
    ))
    .await;
    assert_eq!(test.favours(alice, soup).await, Favoured::Done, "the last one");
    let one_more = RecipeId::from_i64(last).unwrap();
    assert_eq!(test.favours(alice, one_more).await, Favoured::TooMany);
    assert_eq!(test.favours(alice, soup).await, Favoured::Done, "it is one already");
    assert!(test.remove_favourite(soup, test.by(alice)).await.unwrap());
    assert_eq!(test.favours(alice, one_more).await, Favoured::Done);
}
