//! Imports: several recipes in one transaction, and what happens to those that are there already.

use ::recipes::{ImportedHistory, Quota, Quotas};
use ids::{RecipeId, Uid, UserId};
use rstest_reuse::apply;
use serde_json::{Value, json};
use store::{
    BinEdit, Edit, ImportBatch, ImportOutcome, ImportRefusal, OnConflict, Ownerless, Page, Precondition,
    RecipeImport, ReplaceRecipe, StoreError, StoredRecipe, Viewer,
};
use tokio::task::JoinSet;

use super::{Database, KEPT, TestStore, draft, each_database, json_of, parse, private_draft};

pub(super) fn batch(
    owner: Option<UserId>,
    on_conflict: OnConflict,
    recipes: Vec<RecipeImport>,
) -> ImportBatch {
    ImportBatch {
        recipes,
        owner,
        on_conflict,
        is_atomic: false,
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    }
}

fn import(test: &TestStore, name: &str, uid: Option<Uid>) -> RecipeImport {
    let history = ImportedHistory { uid, ..ImportedHistory::default() };
    RecipeImport { draft: draft(name), history, uid: test.uid(), same: None }
}

async fn names(test: &TestStore) -> Vec<String> {
    let page = Page::longest(None);
    let listing = test.recipes(page, Viewer::Admin, Vec::new()).await.unwrap();
    let name = |json: &[u8]| {
        let recipe: Value = serde_json::from_slice(json).unwrap();
        recipe["name"].as_str().unwrap().to_owned()
    };
    listing.rows.iter().map(|(_, json)| name(json)).collect()
}

/// Imports recipes without an owner, as the command line does.
async fn import_all(test: &TestStore, recipes: Vec<RecipeImport>) -> Vec<ImportOutcome> {
    test.import_recipes(batch(None, OnConflict::Skip, recipes), test.operator()).await.unwrap()
}

async fn stored(test: &TestStore, id: RecipeId) -> StoredRecipe {
    test.recipe(id, Viewer::Admin).await.unwrap().unwrap()
}

fn id(outcome: ImportOutcome) -> RecipeId {
    match outcome {
        ImportOutcome::Added(id) | ImportOutcome::Updated(id) | ImportOutcome::AlreadyThere(id) => id,
        ImportOutcome::Refused(why) => panic!("{why:?}"),
    }
}

#[apply(each_database)]
#[tokio::test]
async fn recipe_with_a_known_uid_is_skipped_updated_or_copied(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let uid = test.uid();
    let run = async |name: &str, on_conflict| {
        let recipes = vec![import(&test, name, Some(uid))];
        test.import_recipes(batch(Some(alice), on_conflict, recipes), test.by(alice)).await.unwrap()[0]
    };
    let added = run("Soup", OnConflict::Skip).await;
    let first = id(added);
    assert_eq!(added, ImportOutcome::Added(first));
    assert_eq!(run("Stew", OnConflict::Skip).await, ImportOutcome::AlreadyThere(first));
    assert_eq!(run("Soup", OnConflict::Update).await, ImportOutcome::AlreadyThere(first));
    assert_eq!(run("Stew", OnConflict::Update).await, ImportOutcome::Updated(first));
    let stored = test.recipe(first, Viewer::User(alice)).await.unwrap().unwrap();
    assert_eq!(stored.revision, 2);
    assert!(matches!(run("Broth", OnConflict::Copy).await, ImportOutcome::Added(other) if other != first));
    assert_eq!(names(&test).await, ["Stew", "Broth"]);
}

#[apply(each_database)]
#[tokio::test]
async fn uid_of_a_recipe_in_the_bin_is_kept_for_its_owner(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let uid = test.uid();
    let run = async |user, name: &str| {
        let recipes = vec![import(&test, name, Some(uid))];
        id(test.import_recipes(batch(Some(user), OnConflict::Skip, recipes), test.by(user)).await.unwrap()[0])
    };
    let soup = run(alice, "Soup").await;
    test.bin_recipe(soup, Precondition::None, test.by(alice)).await.unwrap();
    let stew = run(bob, "Stew").await;
    assert_ne!(stew, soup);
    let restored = test.restore_binned(soup, Ownerless::Users, Quotas::OFF, test.by(alice)).await.unwrap();
    assert!(matches!(restored, BinEdit::Done(_)), "{restored:?}");
    assert_eq!(names(&test).await, ["Soup", "Stew"]);
}

#[apply(each_database)]
#[tokio::test]
async fn recipe_that_the_caller_found_is_the_same(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let soup = test.public("Soup", Some(alice)).await;
    let mut recipe = import(&test, "Better soup", None);
    recipe.same = Some(soup.id);
    let outcomes = test
        .import_recipes(batch(Some(alice), OnConflict::Update, vec![recipe]), test.by(alice))
        .await
        .unwrap();
    assert_eq!(outcomes, [ImportOutcome::Updated(soup.id)]);
    assert_eq!(names(&test).await, ["Better soup"]);
}

#[apply(each_database)]
#[tokio::test]
async fn recipe_of_another_user_is_not_changed_and_a_private_one_not_revealed(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let (open, hidden) = (test.uid(), test.uid());
    let mut secret = import(&test, "Secret", Some(hidden));
    secret.draft = private_draft("Secret");
    let recipes = vec![import(&test, "Soup", Some(open)), secret];
    let added =
        test.import_recipes(batch(Some(alice), OnConflict::Skip, recipes), test.by(alice)).await.unwrap();
    let recipes = || vec![import(&test, "Mine", Some(open)), import(&test, "Other", Some(hidden))];
    let outcomes =
        test.import_recipes(batch(Some(bob), OnConflict::Update, recipes()), test.by(bob)).await.unwrap();
    assert_eq!(outcomes[0], ImportOutcome::Refused(ImportRefusal::NotTheOwner(id(added[0]))));
    assert!(matches!(outcomes[1], ImportOutcome::Added(_)));
    assert_eq!(names(&test).await, ["Soup", "Secret", "Other"]);

    let all = ImportBatch { is_atomic: true, ..batch(Some(bob), OnConflict::Update, recipes()) };
    let refused = test.import_recipes(all, test.by(bob)).await;
    assert!(matches!(refused, Err(StoreError::ImportRefused { index: 0, .. })), "{refused:?}");
}

#[apply(each_database)]
#[tokio::test]
async fn quota_refuses_the_recipes_beyond_it_or_all(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let two = Quotas { recipes: Quota(Some(2)), ..Quotas::OFF };
    let three = || (1..=3).map(|n| import(&test, &format!("Soup {n}"), None)).collect();
    let all = ImportBatch { quotas: two, is_atomic: true, ..batch(Some(alice), OnConflict::Skip, three()) };
    let refused = test.import_recipes(all, test.by(alice)).await;
    assert!(matches!(refused, Err(StoreError::ImportRefused { index: 2, .. })), "{refused:?}");
    assert!(names(&test).await.is_empty());

    let each = ImportBatch { quotas: two, ..batch(Some(alice), OnConflict::Skip, three()) };
    let outcomes = test.import_recipes(each, test.by(alice)).await.unwrap();
    assert!(
        matches!(outcomes[2], ImportOutcome::Refused(ImportRefusal::QuotaExceeded { .. })),
        "{outcomes:?}"
    );
    assert_eq!(names(&test).await, ["Soup 1", "Soup 2"]);
    assert_eq!(test.usage(alice).await.unwrap().recipes, 2);
}

#[apply(each_database)]
#[tokio::test]
async fn deleted_account_imports_nothing(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let context = test.by(alice);
    test.delete_user(alice, None, test.by(alice)).await.unwrap();
    let recipes = vec![import(&test, "Soup", None)];
    let refused = test.import_recipes(batch(Some(alice), OnConflict::Skip, recipes), context).await;
    assert!(matches!(refused, Err(StoreError::ActorRevoked)), "{refused:?}");
}

#[apply(each_database)]
#[tokio::test]
async fn import_keeps_the_past_and_a_second_one_changes_nothing(database: Database) {
    let test = TestStore::on(database).await;
    let exported = json!({
        "id": 99, "name": "Borscht", "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": 2,
        "ingredients": [], "ownerId": 77, "uid": "9b2d6a0e-2f5c-4c33-8a77-0f1f9d3a5b11", "revision": 12,
        "createdAt": "2020-01-01T00:00:00Z", "updatedAt": "2021-01-01T00:00:00.5Z",
    });
    let history = ImportedHistory::parse(exported.as_object().unwrap()).unwrap();
    let run = async |name: &str| {
        let draft =
            parse(&json!({ "name": name, "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": 2,
            "ingredients": [] }));
        import_all(&test, vec![RecipeImport { draft, history, uid: test.uid(), same: None }]).await[0]
    };
    let added = run("Borscht").await;
    let recipe = stored(&test, id(added)).await;
    assert_eq!(added, ImportOutcome::Added(recipe.id));
    let mut want = exported.clone();
    want["id"] = json!(1);
    want.as_object_mut().unwrap().remove("ownerId");
    assert_eq!(serde_json::from_str::<Value>(&json_of(&recipe)).unwrap(), want);
    assert_eq!(recipe.revision, 12);
    assert_eq!(recipe.updated_at.to_string(), "2021-01-01T00:00:00.5Z");

    assert_eq!(run("Another text").await, ImportOutcome::AlreadyThere(recipe.id));
    assert_eq!(stored(&test, recipe.id).await, recipe);
    assert_eq!(test.count_recipes(Viewer::Anyone).await.unwrap(), 1);

    let replacement = ReplaceRecipe {
        id: recipe.id,
        draft: draft("Soup"),
        precondition: Precondition::None,
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    };
    let edit = test.replace_recipe(replacement, test.operator()).await;
    assert!(matches!(edit.unwrap(), Edit::Done(after) if after.revision == 13));
}

#[apply(each_database)]
#[tokio::test]
async fn import_without_a_past_begins_now(database: Database) {
    let test = TestStore::on(database).await;
    let recipe = import(&test, "Soup", None);
    let uid = recipe.uid;
    let recipe = stored(&test, id(import_all(&test, vec![recipe]).await[0])).await;
    assert!(json_of(&recipe).contains(&uid.to_string()));
    assert_eq!((recipe.revision, recipe.updated_at), (1, test.now()));
}

#[apply(each_database)]
#[tokio::test]
async fn recipes_are_added_in_their_order_and_a_repeated_uid_once(database: Database) {
    let test = TestStore::on(database).await;
    let (there, twice) = (test.uid(), test.uid());
    let first = id(import_all(&test, vec![import(&test, "There", Some(there))]).await[0]);
    let recipes = vec![
        import(&test, "First", None),
        import(&test, "Another text", Some(there)),
        import(&test, "Second", Some(twice)),
        import(&test, "The same", Some(twice)),
        import(&test, "Third", None),
    ];
    let outcomes = import_all(&test, recipes.clone()).await;
    assert_eq!(outcomes[1], ImportOutcome::AlreadyThere(first));
    assert_eq!(outcomes[3], ImportOutcome::AlreadyThere(id(outcomes[2])));
    assert_eq!(names(&test).await, ["There", "First", "Second", "Third"]);
    assert!(import_all(&test, Vec::new()).await.is_empty());

    // Of the same uid in one batch, the second one updates the first one.
    let recipes = vec![import(&test, "Second", Some(twice)), import(&test, "Fourth", Some(twice))];
    let update = batch(None, OnConflict::Update, recipes);
    let outcomes = test.import_recipes(update, test.operator()).await.unwrap();
    assert_eq!(outcomes[0], ImportOutcome::AlreadyThere(id(outcomes[1])));
    assert!(matches!(outcomes[1], ImportOutcome::Updated(_)));
    assert_eq!(names(&test).await, ["There", "First", "Fourth", "Third"]);
}

/// More than one statement of PostgreSQL takes.
#[apply(each_database)]
#[tokio::test]
async fn large_batch_is_all_or_nothing(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let recipes: Vec<_> = (0..600).map(|n| import(&test, &format!("Soup {n}"), None)).collect();
    let almost = Quotas { recipes: Quota(Some(599)), ..Quotas::OFF };
    let all = ImportBatch {
        quotas: almost,
        is_atomic: true,
        ..batch(Some(alice), OnConflict::Skip, recipes.clone())
    };
    let refused = test.import_recipes(all, test.by(alice)).await;
    assert!(matches!(refused, Err(StoreError::ImportRefused { index: 599, .. })), "{refused:?}");
    assert_eq!(test.count_recipes(Viewer::Admin).await.unwrap(), 0);

    let outcomes =
        test.import_recipes(batch(Some(alice), OnConflict::Skip, recipes), test.by(alice)).await.unwrap();
    assert!(outcomes.iter().map(|it| id(*it)).is_sorted());
    assert_eq!(test.usage(alice).await.unwrap().recipes, 600);
    // An unknown user, after recipes that could be added.
    let unknown_user = UserId::from_i64(999).unwrap();
    let recipes = (0..2).map(|n| import(&test, &format!("Stew {n}"), None)).collect();
    let refused =
        test.import_recipes(batch(Some(unknown_user), OnConflict::Skip, recipes), test.operator()).await;
    assert!(matches!(refused, Err(StoreError::ActorRevoked)), "{refused:?}");
    assert_eq!(test.count_recipes(Viewer::Admin).await.unwrap(), 600);
}

#[apply(each_database)]
#[tokio::test]
async fn imports_of_one_file_at_the_same_time_add_each_recipe_once(database: Database) {
    let test = TestStore::on(database).await;
    let uids: Vec<_> = (0..20).map(|_| test.uid()).collect();
    let mut imports = JoinSet::new();
    for _ in 0..4 {
        let recipes = uids.iter().map(|uid| import(&test, "Soup", Some(*uid))).collect();
        let (store, context) = ((*test).clone(), test.operator());
        imports.spawn(async move {
            store.import_recipes(batch(None, OnConflict::Skip, recipes), context).await.unwrap()
        });
    }
    let outcomes = imports.join_all().await;
    let added = outcomes.iter().flatten().filter(|it| matches!(it, ImportOutcome::Added(_))).count();
    assert_eq!(added, 20);
    assert_eq!(test.count_recipes(Viewer::Admin).await.unwrap(), 20);
}
