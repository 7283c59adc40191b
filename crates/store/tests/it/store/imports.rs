//! Imported recipes: they keep their past, and nothing is added twice.

use ::recipes::{ImportedHistory, Quotas};
use ids::{Uid, UserId};
use rstest_reuse::apply;
use serde_json::{Value, json};
use store::{
    Edit, ImportRecipe, Imported, NewRecipe, Precondition, ReplaceRecipe, StoreError, StoredRecipe, Viewer,
};

use super::{Database, TestStore, draft, each_database, json_of, parse};

async fn import_one(test: &TestStore, recipe: ImportRecipe) -> Imported {
    test.import_recipes(vec![recipe], test.now()).await.unwrap().remove(0)
}

fn text_of(stored: &StoredRecipe, field: &str) -> String {
    let recipe: Value = serde_json::from_str(&json_of(stored)).unwrap();
    recipe[field].as_str().unwrap().to_owned()
}

#[apply(each_database)]
#[tokio::test]
async fn an_import_keeps_the_past_and_a_second_one_changes_nothing(database: Database) {
    let test = TestStore::on(database).await;
    let exported = json!({
        "id": 99, "name": "Borscht", "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": 2,
        "ingredients": [], "ownerId": 77, "uid": "9b2d6a0e-2f5c-4c33-8a77-0f1f9d3a5b11", "revision": 12,
        "createdAt": "2020-01-01T00:00:00Z", "updatedAt": "2021-01-01T00:00:00.5Z",
    });
    let history = ImportedHistory::parse(exported.as_object().unwrap()).unwrap();
    let import = async |name: &str| {
        let draft =
            parse(&json!({ "name": name, "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": 2,
            "ingredients": [] }));
        import_one(&test, ImportRecipe { new: NewRecipe::new(&draft, test.uid(), None), history }).await
    };
    let Imported::Added(stored) = import("Borscht").await else { panic!("it was new") };
    let mut want = exported.clone();
    want["id"] = json!(1);
    want.as_object_mut().unwrap().remove("ownerId");
    assert_eq!(serde_json::from_str::<Value>(&json_of(&stored)).unwrap(), want);
    assert_eq!(stored.revision, 12);
    assert_eq!(stored.updated_at.to_string(), "2021-01-01T00:00:00.5Z");

    assert_eq!(import("Another text").await, Imported::AlreadyThere(stored.id));
    assert_eq!(test.recipe(stored.id, Viewer::Anyone).await.unwrap(), Some(stored.clone()));
    assert_eq!(test.count_recipes(Viewer::Anyone).await.unwrap(), 1);

    let editor = test.operator();
    let edit = test
        .replace_recipe(
            ReplaceRecipe {
                id: stored.id,
                draft: draft("Soup"),
                precondition: Precondition::None,
                quotas: Quotas::OFF,
            },
            editor,
        )
        .await;
    assert!(matches!(edit.unwrap(), Edit::Done(after) if after.revision == 13));
}

#[apply(each_database)]
#[tokio::test]
async fn an_import_without_a_past_begins_now(database: Database) {
    let test = TestStore::on(database).await;
    let uid = test.uid();
    let new = NewRecipe::new(&draft("Soup"), uid, None);
    let imported =
        import_one(&test, ImportRecipe { new: new.clone(), history: ImportedHistory::default() }).await;
    let Imported::Added(stored) = imported else { panic!("it was new") };
    assert!(json_of(&stored).contains(&uid.to_string()));
    assert_eq!((stored.revision, stored.updated_at), (1, test.now()));
    let of_its_own = ImportedHistory {
        uid: Uid::parse("9b2d6a0e-2f5c-4c33-8a77-0f1f9d3a5b11"),
        ..ImportedHistory::default()
    };
    let again = ImportRecipe { new, history: of_its_own };
    assert!(matches!(import_one(&test, again).await, Imported::Added(_)));
}

#[apply(each_database)]
#[tokio::test]
async fn recipes_are_imported_together_in_their_order(database: Database) {
    let test = TestStore::on(database).await;
    let there = test.public("there", None).await;
    let owner = test.user("ada").await.id;
    let recipe = |name: &str, uid: Uid, owner| ImportRecipe {
        new: NewRecipe::new(&draft(name), uid, owner),
        history: ImportedHistory::default(),
    };
    let uid_there = Uid::parse(&text_of(&there, "uid")).unwrap();
    let twice = test.uid();
    let batch = vec![
        recipe("first", test.uid(), None),
        recipe("another text", uid_there, None),
        recipe("second", twice, Some(owner)),
        recipe("the same", twice, None),
        recipe("third", test.uid(), None),
    ];
    let imported = test.import_recipes(batch.clone(), test.now()).await.unwrap();
    let added: Vec<_> = imported
        .iter()
        .filter_map(|imported| match imported {
            Imported::Added(stored) => Some((stored.id, text_of(stored, "name"))),
            Imported::AlreadyThere(_) => None,
        })
        .collect();
    let names: Vec<_> = added.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["first", "second", "third"]);
    assert!(added.is_sorted(), "{added:?}");
    assert_eq!(imported[1], Imported::AlreadyThere(there.id));
    assert_eq!(imported[3], Imported::AlreadyThere(added[1].0));
    assert_eq!(test.recipe(there.id, Viewer::Anyone).await.unwrap(), Some(there));

    let again = test.import_recipes(batch, test.now()).await.unwrap();
    assert!(again.iter().all(|imported| matches!(imported, Imported::AlreadyThere(_))), "{again:?}");
    assert_eq!(test.import_recipes(Vec::new(), test.now()).await.unwrap(), []);
    assert_eq!(test.count_recipes(Viewer::Anyone).await.unwrap(), 4);

    // One transaction: with the recipe of a user who is not there, none is added.
    let nobody = UserId::from_i64(999).unwrap();
    let batch = vec![recipe("fourth", test.uid(), None), recipe("fifth", test.uid(), Some(nobody))];
    let refused = test.import_recipes(batch, test.now()).await.unwrap_err();
    assert!(matches!(refused, StoreError::ActorRevoked), "{refused:?}");
    assert_eq!(test.count_recipes(Viewer::Anyone).await.unwrap(), 4);
}
