//! The log of what users cooked.

use ids::{CookedId, RecipeId, UserId};
use jiff::civil::{Date, date};
use rstest_reuse::apply;
use store::{Cooked, MAX_COOKED_OF_RECIPE, Noted, Precondition};

use super::{Database, TestStore, each_database};

impl TestStore {
    fn cooked_on(&self, recipe: RecipeId, on: Date, note: &str) -> Cooked {
        let note = Some(note.to_owned()).filter(|note| !note.is_empty());
        Cooked { id: CookedId::new(self.now(), self.entropy.bytes()), recipe, on, note }
    }

    async fn notes_of(&self, user: UserId, recipe: Option<RecipeId>) -> Vec<String> {
        let entries = self.cooked(user, recipe).await.unwrap();
        entries.into_iter().map(|entry| entry.note.unwrap_or_default()).collect()
    }
}

#[apply(each_database)]
#[tokio::test]
async fn entries_are_their_users_own_and_the_newest_day_is_first(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let (soup, bread) = (test.public("Soup", Some(bob)).await.id, test.public("Bread", None).await.id);
    let may = |day| date(2024, 5, day);
    let first = test.cooked_on(soup, may(1), "first");
    for new in [
        test.cooked_on(soup, may(3), ""),
        first.clone(),
        test.cooked_on(bread, may(2), "bread"),
        test.cooked_on(soup, may(4), "last"),
    ] {
        test.later();
        assert_eq!(test.add_cooked(new, test.by(alice)).await.unwrap(), Noted::Done);
    }
    assert_eq!(test.notes_of(alice, Some(soup)).await, ["last", "", "first"]);
    assert_eq!(test.notes_of(alice, None).await, ["last", "", "bread", "first"]);
    assert_eq!(test.cooked(alice, Some(soup)).await.unwrap()[2], first);
    assert_eq!(test.notes_of(bob, None).await, [""; 0]);
    assert!(!test.remove_cooked(soup, first.id, test.by(bob)).await.unwrap());
    assert!(!test.remove_cooked(bread, first.id, test.by(alice)).await.unwrap());
    assert!(test.remove_cooked(soup, first.id, test.by(alice)).await.unwrap());
    assert!(!test.remove_cooked(soup, first.id, test.by(alice)).await.unwrap());
    assert_eq!(test.notes_of(alice, Some(soup)).await, ["last", ""]);
}

#[apply(each_database)]
#[tokio::test]
async fn entries_need_a_recipe_that_the_user_may_read_and_end_with_it(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let secret = test.private("Secret", Some(bob)).await.id;
    let soup = test.public("Soup", Some(bob)).await.id;
    let day = date(2024, 5, 1);
    for recipe in [secret, RecipeId::from_i64(99).unwrap()] {
        let refused = test.add_cooked(test.cooked_on(recipe, day, "x"), test.by(alice)).await.unwrap();
        assert_eq!(refused, Noted::NoSuchRecipe);
    }
    for user in [alice, bob] {
        test.add_cooked(test.cooked_on(soup, day, "x"), test.by(user)).await.unwrap();
    }
    assert_eq!(test.add_cooked(test.cooked_on(secret, day, "y"), test.by(bob)).await.unwrap(), Noted::Done);
    assert!(test.delete_user(alice, None, test.operator()).await.unwrap());
    while test.continue_deletion(test.now()).await.unwrap() {}
    assert_eq!(test.sql("SELECT count(*) FROM cooked").await, Some(2));
    test.delete_recipe(soup, Precondition::None, test.by(bob)).await.unwrap();
    assert_eq!(test.notes_of(bob, None).await, ["y"]);
}

#[apply(each_database)]
#[tokio::test]
async fn entries_of_one_recipe_are_limited(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let (soup, bread) = (test.public("Soup", None).await.id, test.public("Bread", None).await.id);
    let add = async |recipe| {
        test.add_cooked(test.cooked_on(recipe, date(2024, 5, 1), ""), test.by(alice)).await.unwrap()
    };
    for _ in 0..MAX_COOKED_OF_RECIPE {
        assert_eq!(add(soup).await, Noted::Done);
    }
    assert_eq!(add(soup).await, Noted::TooMany);
    assert_eq!(add(bread).await, Noted::Done);
}
