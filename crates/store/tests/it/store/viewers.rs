//! Users with the role viewer.

use ::recipes::{ImportedHistory, Quotas, RecipePatch, Scalars};
use accounts::Role;
use rstest_reuse::apply;
use serde_json::json;
use store::{
    Atomicity, Favoured, IdempotencyKey, ImportBatch, Listed, NewRecipe, OnConflict, Ownerless, PatchRecipe,
    Precondition, RecipeEdit, RecipeImport, ReplaceRecipe, RestoreRevision, StoreError, Viewer,
};

use super::{Database, KEPT, TestStore, draft, each_database, email};

#[apply(each_database)]
#[tokio::test]
async fn viewer_writes_no_recipes_not_even_own_or_communal_ones(database: Database) {
    let test = TestStore::on(database).await;
    let vera = test.user("vera").await.id;
    let own = test.public("Soup", Some(vera)).await.id;
    let communal = test.public("Bread", None).await.id;
    let binned = test.public("Rösti", Some(vera)).await.id;
    test.bin_recipe(binned, Precondition::None, test.by(vera)).await.unwrap();
    // Also when the role was changed after the use case has looked at it.
    test.set_role(&email("vera"), Role::Viewer, test.operator()).await.unwrap();
    let by = test.by(vera);
    let new = || NewRecipe::new(&draft("Stew"), test.uid(), Some(vera));
    let (precondition, ownerless, quotas) = (Precondition::None, Ownerless::Users, Quotas::OFF);
    let mut outcomes = vec![
        test.create_recipe(new(), by).await.map(drop),
        test.create_recipe_once(new(), IdempotencyKey::new("a", b"stew"), by).await.map(drop),
        test.edit_recipes(vec![RecipeEdit::Create(new())], Atomicity::Each, by).await.map(drop),
    ];
    let history = ImportedHistory::default();
    let recipes = vec![RecipeImport { draft: draft("Stew"), history, uid: test.uid(), same: None }];
    let on_conflict = OnConflict::Update;
    let batch = ImportBatch {
        recipes,
        owner: Some(vera),
        on_conflict,
        is_atomic: false,
        ownerless,
        quotas,
        revisions_kept: KEPT,
    };
    outcomes.push(test.import_recipes(batch, by).await.map(drop));
    for id in [own, communal] {
        let (draft, precondition) = (draft("Stew"), precondition.clone());
        let replace = ReplaceRecipe {
            id,
            draft,
            precondition: precondition.clone(),
            ownerless,
            quotas,
            revisions_kept: KEPT,
        };
        outcomes.push(test.replace_recipe(replace, by).await.map(drop));
        let patch = RecipePatch::parse(json!({"name": "Stew"}).as_object().unwrap(), Scalars::Typed).unwrap();
        let patch = PatchRecipe {
            id,
            patch,
            precondition: precondition.clone(),
            ownerless,
            quotas,
            revisions_kept: KEPT,
        };
        outcomes.push(test.patch_recipe(patch, by).await.map(drop));
        let restore = RestoreRevision {
            id,
            revision: 1,
            precondition: precondition.clone(),
            ownerless,
            quotas,
            revisions_kept: KEPT,
        };
        outcomes.push(test.restore_revision(restore, by).await.map(drop));
        outcomes.push(test.bin_recipe(id, precondition.clone(), by).await.map(drop));
        outcomes.push(test.delete_recipe(id, precondition, by).await.map(drop));
    }
    outcomes.push(test.restore_binned(binned, ownerless, quotas, by).await.map(drop));
    outcomes.push(test.delete_binned(binned, ownerless, by).await.map(drop));
    for (number, outcome) in outcomes.iter().enumerate() {
        assert!(matches!(outcome, Err(StoreError::ActorRevoked)), "{number}: {outcome:?}");
    }
    assert_eq!(test.count_recipes(Viewer::Admin).await.unwrap(), 2);
}

#[apply(each_database)]
#[tokio::test]
async fn viewer_reads_keeps_favourites_and_shops(database: Database) {
    let test = TestStore::on(database).await;
    let vera = test.user("vera").await.id;
    let secret = test.private("Secret", Some(vera)).await.id;
    let others = test.private("Other secret", Some(test.user("alice").await.id)).await.id;
    let role = test.set_role(&email("vera"), Role::Viewer, test.operator()).await.unwrap().unwrap().role;
    assert_eq!(role, Role::Viewer);
    assert!(test.recipe(secret, Viewer::User(vera)).await.unwrap().is_some());
    for (recipe, favoured) in [(secret, Favoured::Done), (others, Favoured::NoSuchRecipe)] {
        let id = *test.uid().as_bytes();
        assert_eq!(test.add_favourite(recipe, id, test.by(vera)).await.unwrap(), favoured);
    }
    assert_eq!(test.lists(vera, &["Salt"]).await, Listed::Done);
    test.set_role(&email("vera"), Role::User, test.operator()).await.unwrap();
    test.delete_recipe(secret, Precondition::None, test.by(vera)).await.unwrap();
    assert_eq!(test.recipe(secret, Viewer::Admin).await.unwrap(), None, "a user again");
}
