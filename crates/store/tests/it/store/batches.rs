//! Recipes that are created or read at the same time are written or read together, and each is judged alone.

use ::recipes::{Quota, Quotas, Viewer};
use accounts::Access;
use ids::{RecipeId, UserId};
use rstest_reuse::apply;
use store::{Context, NewRecipe, StoreError, StoredRecipe};
use tokio::task::JoinSet;

use super::{Database, TestStore, draft, each_database, email, json_of, private_draft};

const AT_ONCE: usize = 64;

impl TestStore {
    /// Creates these recipes at the same time. The outcomes are in the order of the recipes.
    async fn create_at_once(
        &self,
        recipes: Vec<(NewRecipe, Context)>,
    ) -> Vec<Result<StoredRecipe, StoreError>> {
        let mut tasks = JoinSet::new();
        for (number, (new, context)) in recipes.into_iter().enumerate() {
            let store = self.store.clone();
            tasks.spawn(async move { (number, store.create_recipe(new, context).await) });
        }
        let mut outcomes = tasks.join_all().await;
        outcomes.sort_by_key(|(number, _)| *number);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

#[apply(each_database)]
#[tokio::test]
async fn each_caller_gets_its_own_recipe_and_refused_ones_are_not_written(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    test.set_access(&email("bob"), Access::Disabled, test.operator()).await.unwrap();
    let taken = test.uid();
    let first = NewRecipe::new(&draft("First"), taken, None);
    test.create_recipe(first, test.operator()).await.unwrap();
    let unknown_user = UserId::from_i64(4_711).unwrap();
    let none = Quotas { recipes: Quota(Some(0)), ..Quotas::OFF };
    let name = |number: usize| format!("Soup {number}");
    let recipes = (0..AT_ONCE).map(|number| {
        let draft = draft(&name(number));
        match number % 8 {
            0 => (NewRecipe::new(&draft, test.uid(), Some(bob)), test.by(bob)),
            1 => (NewRecipe::new(&draft, test.uid(), Some(alice)).within(none), test.by(alice)),
            // No check comes before the constraints of the tables, so these fail the statement of the whole batch.
            2 => (NewRecipe::new(&draft, taken, Some(alice)), test.by(alice)),
            3 => (NewRecipe::new(&draft, test.uid(), Some(unknown_user)), test.operator()),
            _ => (NewRecipe::new(&draft, test.uid(), Some(alice)), test.by(alice)),
        }
    });
    for (number, outcome) in test.create_at_once(recipes.collect()).await.into_iter().enumerate() {
        match (number % 8, outcome) {
            (0 | 3, Err(StoreError::ActorRevoked)) | (1, Err(StoreError::QuotaExceeded { .. })) => {}
            (2, Err(StoreError::Bug(why))) => assert!(why.to_lowercase().contains("unique"), "{why}"),
            (4.., Ok(stored)) => {
                assert!(json_of(&stored).contains(&format!(r#""name":"{}""#, name(number))));
                let read = test.recipe(stored.id, Viewer::User(alice)).await.unwrap();
                assert_eq!(read, Some(stored));
            }
            unexpected => panic!("{unexpected:?}"),
        }
    }
    let written = 1 + AT_ONCE as u64 / 2;
    assert_eq!(test.count_recipes(Viewer::Admin).await.unwrap(), written);
    assert_eq!(test.usage(alice).await.unwrap().recipes, written - 1);
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_the_acknowledged_recipes_are_stored_when_statements_of_batches_fail(database: Database) {
    let test = TestStore::on(database).await;
    let taken = test.uid();
    let first = NewRecipe::new(&draft("First"), taken, None);
    let first = test.create_recipe(first, test.operator()).await.unwrap();
    let (mut acknowledged, mut failed) = (vec![first.id.get()], 0);
    for _ in 0..5 {
        let recipes = (0..AT_ONCE).map(|number| {
            let uid = if number % 16 == 7 { taken } else { test.uid() };
            (NewRecipe::new(&draft("Soup"), uid, None), test.operator())
        });
        for outcome in test.create_at_once(recipes.collect()).await {
            match outcome {
                Ok(stored) => acknowledged.push(stored.id.get()),
                Err(StoreError::Bug(_)) => failed += 1,
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert_eq!(failed, 5 * AT_ONCE / 16);
    acknowledged.sort_unstable();
    assert_eq!(test.ids(Viewer::Admin, 1_000).await, acknowledged);
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_reader_gets_its_own_recipe_and_others_private_and_absent_ones_are_none(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let is_private = |number: usize| number.is_multiple_of(4);
    let recipes = (0..4 * AT_ONCE).map(|number| {
        let name = format!("Soup {number}");
        let draft = if is_private(number) { private_draft(&name) } else { draft(&name) };
        (NewRecipe::new(&draft, test.uid(), Some(alice)), test.by(alice))
    });
    let stored: Vec<_> =
        test.create_at_once(recipes.collect()).await.into_iter().map(Result::unwrap).collect();
    let mut tasks = JoinSet::new();
    // Each recipe twice, by different viewers.
    for (number, recipe) in stored.iter().chain(&stored).cloned().enumerate() {
        let store = test.store.clone();
        let absent = RecipeId::from_i64(1_000_000 + i64::try_from(number).unwrap()).unwrap();
        tasks.spawn(async move {
            let (own, public, none) = tokio::join!(
                store.recipe(recipe.id, Viewer::User(alice)),
                store.recipe(recipe.id, Viewer::Anyone),
                store.recipe(absent, Viewer::Admin),
            );
            assert_eq!(public.unwrap(), (!is_private(number)).then(|| recipe.clone()));
            assert_eq!(own.unwrap(), Some(recipe));
            assert_eq!(none.unwrap(), None);
        });
    }
    tasks.join_all().await;
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_recipe_is_left_behind_by_a_user_who_is_deleted_while_recipes_are_created(database: Database) {
    let test = TestStore::on(database).await;
    for round in 0..5 {
        let name = format!("alice{round}");
        let alice = test.user(&name).await.id;
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let (store, context) = (test.store.clone(), test.by(alice));
            let (clock, entropy) = (test.clock.clone(), test.entropy.clone());
            tasks.spawn(async move {
                loop {
                    let uid = ids::Uid::new(clock.now(), entropy.bytes());
                    let new = NewRecipe::new(&draft("Soup"), uid, Some(context.actor.user.unwrap()));
                    match store.create_recipe(new, context).await {
                        Ok(_) => {}
                        Err(StoreError::ActorRevoked) => return,
                        Err(other) => panic!("{other}"),
                    }
                }
            });
        }
        while test.usage(alice).await.unwrap().recipes < 20 {
            tokio::task::yield_now().await;
        }
        test.delete_user(alice, None, test.operator()).await.unwrap();
        let late = NewRecipe::new(&draft("Late"), test.uid(), Some(alice));
        let late = test.create_recipe(late, test.by(alice)).await;
        assert!(matches!(late, Err(StoreError::ActorRevoked)), "{late:?}");
        tasks.join_all().await;
        while test.continue_deletion(test.now()).await.unwrap() {}
        assert_eq!(test.user_by_email(&email(&name)).await.unwrap(), None);
        assert_eq!(test.sql("SELECT count(*) FROM recipes WHERE owner_id IS NOT NULL").await, Some(0));
    }
}

#[apply(each_database)]
#[tokio::test]
async fn recipes_that_were_asked_for_are_written_before_the_store_is_closed(database: Database) {
    let test = TestStore::on(database).await;
    let recipes =
        (0..AT_ONCE).map(|_| (NewRecipe::new(&draft("Soup"), test.uid(), None), test.operator())).collect();
    let (outcomes, ()) = tokio::join!(test.create_at_once(recipes), async {
        tokio::task::yield_now().await;
        test.close().await;
    });
    let written: Vec<RecipeId> = outcomes.into_iter().flatten().map(|stored| stored.id).collect();
    let again = test.opened_again().await;
    assert_eq!(again.count_recipes(Viewer::Anyone).await.unwrap(), written.len() as u64);
}
