//! All recipes at one moment.

use rstest_reuse::apply;
use store::{NewRecipe, Precondition, RecipeSnapshot, Viewer};

use super::{Database, TestStore, each_database, parse};

/// The names in the JSON of all pages.
async fn names(mut snapshot: RecipeSnapshot) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(page) = snapshot.next().await.unwrap() {
        for (_, json) in page.iter() {
            let recipe: serde_json::Value = serde_json::from_slice(json).unwrap();
            names.push(recipe["name"].as_str().unwrap().to_owned());
        }
    }
    names
}

#[apply(each_database)]
#[tokio::test]
async fn a_snapshot_has_every_recipe_that_the_viewer_may_see(database: Database) {
    let test = TestStore::on(database).await;
    assert_eq!(names(test.recipe_snapshot(Viewer::Admin)).await, [""; 0]);
    let alice = test.user("alice").await.id;
    test.public("One", None).await;
    test.private("Two", Some(alice)).await;
    test.public("Three", Some(alice)).await;
    for (viewer, want) in [
        (Viewer::Anyone, vec!["One", "Three"]),
        (Viewer::User(alice), vec!["One", "Two", "Three"]),
        (Viewer::Admin, vec!["One", "Two", "Three"]),
    ] {
        assert_eq!(names(test.recipe_snapshot(viewer)).await, want, "{viewer:?}");
    }
}

#[apply(each_database)]
#[tokio::test]
async fn a_snapshot_does_not_see_later_changes(database: Database) {
    let test = TestStore::on(database).await;
    // Several pages: a page ends behind 128 KiB.
    let steps = serde_json::json!(vec!["x".repeat(4_000); 20]);
    for number in 0..12 {
        let large = serde_json::json!({
            "name": format!("Soup {number}"), "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null,
            "ingredients": [], "instructions": steps,
        });
        let new = NewRecipe::new(&parse(&large), test.uid(), None);
        test.create_recipe(new, test.operator()).await.unwrap();
    }
    let mut snapshot = test.recipe_snapshot(Viewer::Anyone);
    let first = snapshot.next().await.unwrap().unwrap();
    assert!(first.len() < 12);
    test.public("Later", None).await;
    let rest = names(snapshot).await;
    assert_eq!(first.len() + rest.len(), 12, "{rest:?}");
    assert_eq!(names(test.recipe_snapshot(Viewer::Anyone)).await.len(), 13);
}

#[apply(each_database)]
#[tokio::test]
async fn a_snapshot_that_is_not_read_to_its_end_holds_nothing_up(database: Database) {
    let test = TestStore::on(database).await;
    for _ in 0..5 {
        let mut snapshot = test.recipe_snapshot(Viewer::Anyone);
        test.public("Soup", None).await;
        let _ = snapshot.next().await.unwrap();
    }
    assert!(!names(test.recipe_snapshot(Viewer::Anyone)).await.is_empty());
    test.close().await;
}

#[apply(each_database)]
#[tokio::test]
async fn a_snapshot_of_some_recipes_does_not_see_later_changes(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let steps = serde_json::json!(vec!["x".repeat(4_000); 20]);
    let mut ids = Vec::new();
    for number in 0..12 {
        let large = serde_json::json!({
            "name": format!("Soup {number}"), "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null,
            "ingredients": [], "instructions": steps,
        });
        let new = NewRecipe::new(&parse(&large), test.uid(), None);
        ids.push(test.create_recipe(new, test.operator()).await.unwrap().id);
    }
    ids.push(test.private("Hidden", Some(alice)).await.id);
    ids.push(test.public("Last", None).await.id);
    let some: Vec<_> = ids.iter().copied().skip(1).collect();
    let mut snapshot = test.recipe_snapshot_of(some.clone().into_iter(), Viewer::Anyone);
    let first = snapshot.next().await.unwrap().unwrap();
    assert_eq!(first.iter().next().map(|(id, _)| id), Some(ids[1]));
    test.delete_recipe(ids[11], Precondition::None, test.operator()).await.unwrap();
    let rest = names(snapshot).await;
    assert_eq!(first.len() + rest.len(), 12, "{rest:?}");
    assert!(rest.contains(&"Soup 11".to_owned()) && rest.last().unwrap() == "Last");
    let now = names(test.recipe_snapshot_of(some.into_iter(), Viewer::User(alice))).await;
    assert_eq!((now.len(), now.contains(&"Hidden".to_owned())), (12, true));
    assert_eq!(names(test.recipe_snapshot_of(std::iter::empty(), Viewer::Admin)).await, [""; 0]);
}
