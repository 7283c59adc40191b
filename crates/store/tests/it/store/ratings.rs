//! Ratings, and what they add up to.

use ::recipes::{Quotas, Rating, Stars};
use ids::{RecipeId, UserId};
use rstest_reuse::apply;
use store::{
    BinEdit, Edit, MAX_RATINGS, Ownerless, Page, Precondition, Rated, ReplaceRecipe, Store, StoreError,
    UserRating, Viewer,
};
use tokio::task::JoinSet;

use super::{Database, KEPT, TestStore, draft, each_database, json_of, jsons};

fn stars(number: i64) -> Stars {
    Stars::new(number).unwrap()
}

impl TestStore {
    pub(super) async fn rates(&self, user: UserId, recipe: RecipeId, number: i64) -> Rated {
        self.rate_recipe(recipe, stars(number), *self.uid().as_bytes(), self.by(user)).await.unwrap()
    }

    /// What the recipe shows, alone and in lists.
    pub(super) async fn rating(&self, recipe: RecipeId) -> Option<Rating> {
        rating_in(self, recipe).await
    }
}

async fn rating_in(store: &Store, recipe: RecipeId) -> Option<Rating> {
    let stored = store.recipe(recipe, Viewer::Admin).await.unwrap().unwrap();
    let (page, _) = store.recipes_by_id(&[recipe], Viewer::Admin, Vec::new()).await.unwrap();
    assert_eq!(jsons(&page), [json_of(&stored)]);
    let page = Page::new(RecipeId::from_i64(recipe.get() - 1), 1).unwrap();
    let listed = store.recipes(page, Viewer::Admin, Vec::new()).await.unwrap();
    assert_eq!(jsons(&listed.rows), [json_of(&stored)]);
    stored.rating()
}

#[apply(each_database)]
#[tokio::test]
async fn recipe_shows_the_average_of_what_each_user_gave_last(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let soup = test.public("Soup", Some(alice)).await;
    assert_eq!((soup.rating(), test.rating(soup.id).await), (None, None));
    assert!(!json_of(&soup).contains("rating"));

    for (user, number, count, sum) in [(alice, 4, 1, 4), (bob, 5, 2, 9), (alice, 1, 2, 6), (alice, 1, 2, 6)] {
        assert_eq!(test.rates(user, soup.id, number).await, Rated::Done);
        assert_eq!(test.rating(soup.id).await, Rating::of(count, sum));
        assert_eq!(test.rating_of(user, soup.id).await.unwrap(), Some(stars(number)));
    }
    let json = json_of(&test.recipe(soup.id, Viewer::Anyone).await.unwrap().unwrap());
    assert!(json.ends_with(r#"Z","rating":{"average":3,"count":2}}"#), "{json}");
    let mine = test.recipes_of(alice, Page::default()).await.unwrap();
    assert_eq!(jsons(&mine.rows), [json]);

    for _ in 0..2 {
        assert!(test.remove_rating(soup.id, test.by(bob)).await.unwrap());
        assert_eq!(test.rating(soup.id).await, Rating::of(1, 1));
    }
    assert_eq!(test.rating_of(bob, soup.id).await.unwrap(), None);
    assert!(test.remove_rating(soup.id, test.by(alice)).await.unwrap());
    assert_eq!(test.rating(soup.id).await, None);
}

/// A rating is no edit. What clients get changes with it all the same, and the programs that follow the recipes are told.
#[apply(each_database)]
#[tokio::test]
async fn rating_is_no_revision_but_a_change_of_what_clients_get(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let soup = test.public("Soup", Some(alice)).await;
    assert_eq!(soup.modified_at(), soup.updated_at);
    let usage = test.usage(alice).await.unwrap();
    let rated_at = test.later();
    let position = test.recipe_changes(None).await.unwrap().position;
    test.rates(bob, soup.id, 4).await;
    let rated = test.recipe(soup.id, Viewer::Anyone).await.unwrap().unwrap();
    assert_eq!((rated.revision, rated.updated_at), (soup.revision, soup.updated_at));
    assert_eq!(rated.modified_at(), rated_at);
    let changes = test.recipe_changes(Some(&position)).await.unwrap();
    assert_eq!(changes.ids, Some(vec![soup.id]));
    assert_eq!(test.usage(alice).await.unwrap(), usage);

    // The same stars again change nothing.
    test.later();
    test.rates(bob, soup.id, 4).await;
    assert_eq!(test.recipe_changes(Some(&changes.position)).await.unwrap().ids, Some(vec![]));
    assert_eq!(test.ratings(bob).await.unwrap()[0].rated_at, rated_at);

    // An edit of what was read before the rating.
    let edited_at = test.later();
    let command = ReplaceRecipe {
        id: soup.id,
        draft: draft("Stew"),
        precondition: Precondition::Revisions(vec![soup.revision]),
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    };
    let Edit::Done(edited) = test.replace_recipe(command, test.by(alice)).await.unwrap() else { panic!() };
    assert_eq!((edited.revision, edited.rating(), edited.modified_at()), (2, Rating::of(1, 4), edited_at));
    assert_eq!(test.recipe(soup.id, Viewer::Anyone).await.unwrap(), Some(edited));
    let page = test.revisions(soup.id, Page::new(None, 10).unwrap(), Viewer::Anyone).await.unwrap().unwrap();
    assert_eq!(page.rows.len(), 2);
    assert!(page.rows.iter().all(|revision| !json_of(&revision.recipe).contains("rating")));

    let removed_at = test.later();
    assert!(test.remove_rating(soup.id, test.by(bob)).await.unwrap());
    let unrated = test.recipe(soup.id, Viewer::Anyone).await.unwrap().unwrap();
    assert_eq!((unrated.rating(), unrated.modified_at()), (None, removed_at));
    assert_eq!((unrated.revision, unrated.updated_at), (2, edited_at));
}

#[apply(each_database)]
#[tokio::test]
async fn recipe_that_a_user_may_not_read_cannot_be_rated(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let secret = test.private("Secret", Some(bob)).await.id;
    for recipe in [secret, RecipeId::from_i64(99).unwrap()] {
        assert_eq!(test.rates(alice, recipe, 1).await, Rated::NoSuchRecipe);
        assert!(!test.remove_rating(recipe, test.by(alice)).await.unwrap());
        assert_eq!(test.rating_of(alice, recipe).await.unwrap(), None);
    }
    assert_eq!(test.rates(bob, secret, 5).await, Rated::Done);
    let refused = test.rate_recipe(secret, stars(1), [1; 16], test.operator()).await;
    assert!(matches!(refused, Err(StoreError::ActorRevoked)), "{refused:?}");
}

#[apply(each_database)]
#[tokio::test]
async fn averages_stay_right_when_accounts_are_deleted(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    // More than one step of a deletion.
    let mut recipes = Vec::new();
    for number in 0..205 {
        let recipe = test.public(&format!("Soup {number}"), Some(bob)).await.id;
        test.rates(alice, recipe, 1 + number % 5).await;
        recipes.push(recipe);
    }
    for recipe in &recipes[..3] {
        test.rates(bob, *recipe, 5).await;
    }
    let secret = test.private("Secret", Some(alice)).await.id;
    test.rates(alice, secret, 5).await;
    let deleted_at = test.later();
    assert!(test.delete_user(alice, None, test.operator()).await.unwrap());
    while test.continue_deletion(test.now()).await.unwrap() {}
    for (number, recipe) in recipes.iter().enumerate() {
        let want = if number < 3 { Rating::of(1, 5) } else { None };
        assert_eq!(test.rating(*recipe).await, want, "{number}");
        let stored = test.recipe(*recipe, Viewer::Anyone).await.unwrap().unwrap();
        assert_eq!(stored.modified_at(), deleted_at);
    }
    assert_eq!(test.sql("SELECT count(*) FROM ratings").await, Some(3), "Bob's");
}

/// As a server of the version before deletes an account.
#[apply(each_database)]
#[tokio::test]
async fn averages_stay_right_when_a_row_of_a_user_is_deleted(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let [soup, bread] = [test.public("Soup", None).await.id, test.public("Bread", None).await.id];
    for (user, recipe, number) in [(alice, soup, 1), (bob, soup, 4), (alice, bread, 2)] {
        test.rates(user, recipe, number).await;
    }
    test.sql_all(&format!("DELETE FROM users WHERE id = {}", alice.get())).await;
    let other = test.opened_again().await;
    assert_eq!(rating_in(&other, soup).await, Rating::of(1, 4));
    assert_eq!(rating_in(&other, bread).await, None);
    other.close().await;
}

#[apply(each_database)]
#[tokio::test]
async fn recipe_in_the_bin_keeps_its_ratings(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let eve = test.user("eve").await.id;
    let soup = test.public("Soup", Some(alice)).await.id;
    for (user, number) in [(alice, 5), (bob, 2), (eve, 3)] {
        test.rates(user, soup, number).await;
    }
    let before = test.recipe(soup, Viewer::Anyone).await.unwrap();
    test.bin_recipe(soup, Precondition::None, test.by(alice)).await.unwrap();
    assert_eq!(test.rates(bob, soup, 1).await, Rated::NoSuchRecipe);
    let rated = UserRating { recipe: soup, stars: stars(2), rated_at: test.now() };
    assert_eq!(test.ratings(bob).await.unwrap(), [rated], "for the export of the account");
    let restored = test.restore_binned(soup, Ownerless::Users, Quotas::OFF, test.by(alice)).await.unwrap();
    assert_eq!((restored, test.rating(soup).await), (BinEdit::Done(before.unwrap()), Rating::of(3, 10)));

    // Of an account that is deleted meanwhile, nothing comes back.
    test.bin_recipe(soup, Precondition::None, test.by(alice)).await.unwrap();
    assert!(test.delete_user(eve, None, test.operator()).await.unwrap());
    test.restore_binned(soup, Ownerless::Users, Quotas::OFF, test.by(alice)).await.unwrap();
    assert_eq!(test.rating(soup).await, Rating::of(2, 7));

    let bread = test.public("Bread", Some(alice)).await.id;
    test.rates(bob, bread, 4).await;
    test.bin_recipe(soup, Precondition::None, test.by(alice)).await.unwrap();
    assert_eq!(test.delete_binned(soup, Ownerless::Users, test.by(alice)).await.unwrap(), BinEdit::Done(()));
    assert_eq!(test.sql("SELECT count(*) FROM ratings").await, Some(1), "that of the bread");
    test.delete_recipe(bread, Precondition::None, test.by(alice)).await.unwrap();
    assert_eq!(test.sql("SELECT count(*) FROM ratings").await, Some(0));
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_concurrent_rating_is_lost(database: Database) {
    let test = TestStore::on(database).await;
    let soup = test.public("Soup", None).await.id;
    let mut users = Vec::new();
    for number in 0..50 {
        users.push(test.user(&format!("user{number}")).await.id);
    }
    // Each rates, changes its mind, and one in five removes the rating again.
    let mut tasks = JoinSet::new();
    for (number, user) in (0_i64..).zip(users) {
        let (store, context) = (test.store.clone(), test.by(user));
        let ids = [*test.uid().as_bytes(), *test.uid().as_bytes()];
        tasks.spawn(async move {
            for (id, number) in ids.into_iter().zip([5 - number % 5, 1 + number % 5]) {
                let rated = store.rate_recipe(soup, stars(number), id, context).await;
                assert_eq!(rated.unwrap(), Rated::Done);
            }
            if number % 5 == 0 {
                assert!(store.remove_rating(soup, context).await.unwrap());
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(test.rating(soup).await, Rating::of(40, 10 * (2 + 3 + 4 + 5)));
    assert_eq!(test.sql("SELECT count(*) FROM ratings").await, Some(40));
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_ratings_of_one_user_are_one(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let soup = test.public("Soup", None).await.id;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let (store, id, context) = (test.store.clone(), *test.uid().as_bytes(), test.by(alice));
        tasks
            .spawn(async move { store.rate_recipe(soup, stars(1 + number % 5), id, context).await.unwrap() });
    }
    assert!(tasks.join_all().await.iter().all(|done| *done == Rated::Done));
    let mine = test.rating_of(alice, soup).await.unwrap().unwrap();
    assert_eq!(test.rating(soup).await, Rating::of(1, mine.get().into()));
}

#[apply(each_database)]
#[tokio::test]
async fn a_user_has_a_limited_number_of_ratings(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let (soup, bread) = (test.public("Soup", None).await.id, test.public("Bread", None).await.id);
    let (key, time) = match database {
        Database::Sqlite => ("CAST(printf('%016d', i) AS BLOB)", "0"),
        Database::Postgres => ("convert_to(lpad(CAST(i AS text), 16, '0'), 'UTF8')", "now()"),
    };
    test.sql_all(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < {last})
         INSERT INTO ratings (id, user_id, recipe_id, stars, rated_at) SELECT {key}, {alice}, i, 3, {time} FROM n",
        last = 8 + i64::from(MAX_RATINGS),
        alice = alice.get(),
    ))
    .await;
    assert_eq!(test.rates(alice, soup, 4).await, Rated::Done, "the last one");
    assert_eq!(test.rates(alice, bread, 4).await, Rated::TooMany);
    assert_eq!(test.rates(alice, soup, 5).await, Rated::Done, "a change is no new one");
    assert_eq!((test.rating(soup).await, test.rating(bread).await), (Rating::of(1, 5), None));
}
