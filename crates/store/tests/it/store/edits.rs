//! Several changes in one transaction.

use ::recipes::{Quota, Quotas, RecipePatch, Scalars};
use ids::{RecipeId, UserId};
use rstest_reuse::apply;
use serde_json::{Value, json};
use store::{
    Atomicity, Edit, EditOutcome, FoundRevision, NewRecipe, Ownerless, Page, PatchRecipe, Precondition,
    RecipeEdit, ReplaceRecipe, StoreError, Viewer,
};

use super::{Database, KEPT, TestStore, draft, each_database, json_of};

/// What became of each change, in a word.
fn words(outcomes: &[EditOutcome]) -> Vec<&'static str> {
    let word = |outcome: &EditOutcome| match outcome {
        Ok(Edit::Done(Some(_))) => "written",
        Ok(Edit::Done(None)) => "deleted",
        Ok(Edit::NotFound) => "not found",
        Ok(Edit::Forbidden) => "forbidden",
        Ok(Edit::Stale(_)) => "stale",
        Ok(Edit::Invalid(_)) => "not valid",
        Err(StoreError::QuotaExceeded { .. }) => "over the quota",
        Err(StoreError::EditsTooLarge) => "too large",
        _ => "failed",
    };
    outcomes.iter().map(word).collect()
}

fn replace(id: RecipeId, revision: i64) -> RecipeEdit {
    let precondition = Precondition::Revisions(vec![revision]);
    RecipeEdit::Replace(Box::new(ReplaceRecipe {
        id,
        draft: draft("New"),
        precondition,
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    }))
}

fn patch(id: RecipeId, patch: &Value) -> RecipeEdit {
    let patch = RecipePatch::parse(patch.as_object().unwrap(), Scalars::Typed).unwrap();
    let precondition = Precondition::None;
    let (ownerless, quotas) = (Ownerless::Users, Quotas::OFF);
    RecipeEdit::Patch(PatchRecipe { id, patch, precondition, ownerless, quotas, revisions_kept: KEPT })
}

fn bin(id: RecipeId) -> RecipeEdit {
    RecipeEdit::Bin { id, terms: Precondition::None.into() }
}

impl TestStore {
    fn creates(&self, name: &str, owner: UserId, quotas: Quotas) -> RecipeEdit {
        RecipeEdit::Create(NewRecipe::new(&draft(name), self.uid(), Some(owner)).within(quotas))
    }

    async fn names(&self) -> Vec<String> {
        let listing = self.recipes(Page::default(), Viewer::Anyone, Vec::new()).await.unwrap();
        let name =
            |json: &[u8]| serde_json::from_slice::<Value>(json).unwrap()["name"].as_str().unwrap().to_owned();
        listing.rows.iter().map(|(_, json)| name(json)).collect()
    }
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
        vec![
            test.creates("First", alice, quotas),
            replace(soup.id, 1),
            bin(bread.id),
            // The one before has made room for it.
            test.creates("Second", alice, quotas),
            test.creates("Third", alice, quotas),
            replace(soup.id, 1),
            bin(of_bob.id),
            bin(bread.id),
            patch(soup.id, &json!({"servings": 4})),
            patch(soup.id, &json!({"servings": "many"})),
        ]
    };
    let before = test.recipe_changes(None).await.unwrap().position;
    let outcomes = test.edit_recipes(edits(), Atomicity::All, test.by(alice)).await.unwrap();
    assert_eq!(words(&outcomes), ["written", "written", "deleted", "written", "over the quota"]);
    assert_eq!(test.names().await, ["Soup", "Bread", "Tea"]);
    assert_eq!(test.usage(alice).await.unwrap().recipes, 2);
    assert_eq!(test.recipe_changes(Some(&before)).await.unwrap().ids, Some(vec![]));
    assert!(test.bin(Page::default(), Viewer::Admin, Ownerless::Users).await.unwrap().rows.is_empty());

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
            "written",
            "not valid",
        ]
    );
    assert_eq!(test.names().await, ["New", "Tea", "First", "Second"]);
    assert_eq!(test.usage(alice).await.unwrap().recipes, 3);
    let Ok(Edit::Done(Some(revised))) = &outcomes[8] else { panic!("{outcomes:?}") };
    assert_eq!((revised.id, revised.revision), (soup.id, 3));
    let stored = test.recipe(soup.id, Viewer::Anyone).await.unwrap().unwrap();
    let json: Value = serde_json::from_str(&json_of(&stored)).unwrap();
    assert_eq!((stored.revision, &json["servings"]), (3, &json!(4)));
    for revision in [1, 2] {
        let former = test.revision(soup.id, revision, Viewer::Anyone).await.unwrap();
        assert!(matches!(former, FoundRevision::Found(_)), "the history has {revision}");
    }
    let binned = test.bin(Page::default(), Viewer::User(alice), Ownerless::Users).await.unwrap().rows;
    assert_eq!(binned.iter().map(|it| it.id).collect::<Vec<_>>(), [bread.id]);

    let delete = RecipeEdit::Delete { id: soup.id, terms: Precondition::None.into() };
    let outcomes = test.edit_recipes(vec![delete], Atomicity::All, test.by(alice)).await.unwrap();
    assert_eq!(words(&outcomes), ["deleted"]);
    assert_eq!(
        test.bin(Page::default(), Viewer::Admin, Ownerless::Users).await.unwrap().rows.len(),
        1,
        "for good"
    );
    let revoked = test.edit_recipes(Vec::new(), Atomicity::All, test.by(UserId::from_i64(99).unwrap()));
    assert!(matches!(revoked.await, Err(StoreError::ActorRevoked)));
}

#[apply(each_database)]
#[tokio::test]
async fn changes_of_one_transaction_write_16_mebibytes(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let steps = json!({"instructions": vec!["x".repeat(4_000); 200]});
    let large = test.public("Soup", Some(alice)).await.id;
    let edits = || (0..25).map(|_| patch(large, &steps)).collect::<Vec<_>>();
    let outcomes = test.edit_recipes(edits(), Atomicity::All, test.by(alice)).await.unwrap();
    assert_eq!(words(&outcomes).last(), Some(&"too large"));
    assert_eq!(test.recipe(large, Viewer::Anyone).await.unwrap().unwrap().revision, 1);
    let outcomes = test.edit_recipes(edits(), Atomicity::Each, test.by(alice)).await.unwrap();
    let written = words(&outcomes).iter().filter(|word| **word == "written").count();
    assert_eq!((outcomes.len(), written), (25, 21), "of 0.8 MB each");
    assert_eq!(test.recipe(large, Viewer::Anyone).await.unwrap().unwrap().revision, 22);
}
