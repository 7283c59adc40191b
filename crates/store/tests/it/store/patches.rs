//! Merge patches of recipes.

use ::recipes::{Quotas, RecipePatch, Scalars};
use ids::RecipeId;
use rstest_reuse::apply;
use serde_json::{Value, json};
use store::{Edit, Ownerless, PatchRecipe, Precondition, Viewer};
use tokio::task::JoinSet;

use super::{Database, KEPT, TestStore, each_database, json_of};

fn patch(id: RecipeId, patch: &Value) -> PatchRecipe {
    let patch = RecipePatch::parse(patch.as_object().unwrap(), Scalars::Typed).unwrap();
    PatchRecipe {
        id,
        patch,
        precondition: Precondition::None,
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    }
}

#[apply(each_database)]
#[tokio::test]
async fn patch_changes_what_it_names(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let soup = test.private("Soup", Some(alice)).await;
    test.later();
    let command = patch(soup.id, &json!({"name": "Broth", "servings": 2}));
    let edit = test.patch_recipe(command, test.by(alice)).await.unwrap();
    let Edit::Done(changed) = edit else { panic!("{edit:?}") };
    assert_eq!(test.recipe(soup.id, Viewer::User(alice)).await.unwrap(), Some(changed.clone()));
    assert_eq!(test.recipe(soup.id, Viewer::Anyone).await.unwrap(), None, "still private");
    let (before, after): (Value, Value) =
        (serde_json::from_str(&json_of(&soup)).unwrap(), serde_json::from_str(&json_of(&changed)).unwrap());
    assert_eq!(
        (&after["name"], &after["servings"], &after["revision"]),
        (&json!("Broth"), &json!(2), &json!(2))
    );
    for same in ["ingredients", "cookTimeMinutes", "visibility", "uid", "createdAt", "ownerId"] {
        assert_eq!(before[same], after[same], "{same}");
    }
}

#[apply(each_database)]
#[tokio::test]
async fn refused_patches_change_nothing(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let id = test.public("Soup", Some(alice)).await.id;
    let before = test.recipe(id, Viewer::Anyone).await.unwrap();
    let invalid = test.patch_recipe(patch(id, &json!({"difficulty": 9})), test.by(alice)).await.unwrap();
    let Edit::Invalid(errors) = invalid else { panic!("{invalid:?}") };
    assert_eq!(errors[0].pointer, "/difficulty");
    let edit = test.patch_recipe(patch(id, &json!({"difficulty": 9})), test.by(bob)).await.unwrap();
    assert_eq!(edit, Edit::Forbidden, "rights come first");
    let absent = RecipeId::from_i64(99).unwrap();
    assert_eq!(test.patch_recipe(patch(absent, &json!({})), test.by(bob)).await.unwrap(), Edit::NotFound);
    let not_first =
        PatchRecipe { precondition: Precondition::NotRevisions(vec![1]), ..patch(id, &json!({})) };
    assert!(matches!(test.patch_recipe(not_first, test.by(alice)).await.unwrap(), Edit::Stale(_)));
    assert_eq!(test.recipe(id, Viewer::Anyone).await.unwrap(), before);
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_concurrent_patch_is_lost(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.by(test.user("alice").await.id);
    let id = test.public("Soup", None).await.id;
    let mut tasks = JoinSet::new();
    for n in 0..20 {
        let (store, change) = (test.store.clone(), patch(id, &json!({"extra": {format!("n{n}"): n}})));
        tasks.spawn(async move { store.patch_recipe(change, alice).await.unwrap() });
    }
    assert!(tasks.join_all().await.iter().all(|edit| matches!(edit, Edit::Done(_))));
    let recipe = test.recipe(id, Viewer::Anyone).await.unwrap().unwrap();
    let recipe: Value = serde_json::from_str(&json_of(&recipe)).unwrap();
    assert_eq!((recipe["extra"].as_object().unwrap().len(), &recipe["revision"]), (20, &json!(21)));
}
