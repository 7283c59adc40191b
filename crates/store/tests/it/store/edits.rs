//! Several changes in one transaction.

use ::recipes::{Quota, Quotas};
use rstest_reuse::apply;
use store::{
    Atomicity, Edit, EditOutcome, NewRecipe, Precondition, RecipeEdit, ReplaceRecipe, StoreError, Viewer,
};

use super::{Database, TestStore, draft, each_database};

/// What became of each change, in a word.
fn words(outcomes: &[EditOutcome]) -> Vec<&'static str> {
    let word = |outcome: &EditOutcome| match outcome {
        Ok(Edit::Done(Some(_))) => "written",
        Ok(Edit::Done(None)) => "deleted",
        Ok(Edit::NotFound) => "not found",
        Ok(Edit::Forbidden) => "forbidden",
        Ok(Edit::Stale { .. }) => "stale",
        Err(StoreError::QuotaExceeded { .. }) => "over the quota",
        Err(_) => "failed",
    };
    outcomes.iter().map(word).collect()
}

#[apply(each_database)]
#[tokio::test]
async fn changes_are_made_all_together_or_each_on_its_own(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let soup = test.public("Soup", Some(alice)).await;
    let bread = test.public("Bread", Some(alice)).await;
    let of_bob = test.public("Tea", Some(bob)).await;
    let quotas = Quotas { recipes: Quota(Some(3)), ..Quotas::OFF };
    let edits = || {
        let create =
            |name| RecipeEdit::Create(NewRecipe::new(&draft(name), test.uid(), Some(alice)).within(quotas));
        let replace = |id, revision| {
            let precondition = Precondition::Revisions(vec![revision]);
            RecipeEdit::Replace(ReplaceRecipe { id, draft: draft("New"), precondition, quotas })
        };
        let delete = |id| RecipeEdit::Delete { id, precondition: Precondition::None };
        vec![
            create("First"),
            replace(soup.id, 1),
            delete(bread.id),
            // The one before has made room for it.
            create("Second"),
            create("Third"),
            replace(soup.id, 1),
            delete(of_bob.id),
            delete(bread.id),
            replace(soup.id, 2),
        ]
    };
    let names = async || {
        let listing = test.recipes(store::Page::default(), Viewer::Anyone, Vec::new()).await.unwrap();
        let name = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).unwrap()["name"].clone();
        listing.rows.iter().map(|(_, json)| name(json)).collect::<Vec<_>>()
    };

    let before = test.recipe_changes(None).await.unwrap().position;
    let outcomes = test.edit_recipes(edits(), Atomicity::All, test.by(alice)).await.unwrap();
    assert_eq!(words(&outcomes), ["written", "written", "deleted", "written", "over the quota"]);
    assert_eq!(names().await, ["Soup", "Bread", "Tea"]);
    assert_eq!(test.usage(alice).await.unwrap().recipes, 2);
    assert_eq!(test.recipe_changes(Some(&before)).await.unwrap().ids, Some(vec![]));

    let outcomes = test.edit_recipes(edits(), Atomicity::Each, test.by(alice)).await.unwrap();
    assert_eq!(
        words(&outcomes),
        [
            "written",
            "written",
            "deleted",
            "written",
            "over the quota",
            "stale",
            "forbidden",
            "not found",
            "written"
        ]
    );
    assert_eq!(names().await, ["New", "Tea", "First", "Second"]);
    assert_eq!(test.usage(alice).await.unwrap().recipes, 3);
    let Ok(Edit::Done(Some(soup))) = &outcomes[8] else { panic!("{outcomes:?}") };
    assert_eq!(soup.revision, 3);
    assert_eq!(test.recipe(soup.id, Viewer::Anyone).await.unwrap().as_ref(), Some(soup));

    let all = test.edit_recipes(edits().drain(1..2).collect(), Atomicity::All, test.by(alice)).await.unwrap();
    assert_eq!(words(&all), ["stale"]);
    let revoked = test.edit_recipes(Vec::new(), Atomicity::All, test.by(ids::UserId::from_i64(99).unwrap()));
    assert!(matches!(revoked.await, Err(StoreError::ActorRevoked)));
}
