//! Imports: several recipes in one transaction, and what happens to those that are there already.

use ::recipes::{ImportedHistory, Quota, Quotas};
use ids::{RecipeId, Uid, UserId};
use rstest_reuse::apply;
use store::{ImportBatch, ImportOutcome, ImportRefusal, OnConflict, Page, RecipeImport, StoreError, Viewer};

use super::{Database, TestStore, draft, each_database, private_draft};

fn batch(owner: Option<UserId>, on_conflict: OnConflict, recipes: Vec<RecipeImport>) -> ImportBatch {
    ImportBatch { recipes, owner, on_conflict, is_atomic: false, quotas: Quotas::OFF }
}

fn import(test: &TestStore, name: &str, uid: Option<Uid>) -> RecipeImport {
    let history = ImportedHistory { uid, ..ImportedHistory::default() };
    RecipeImport { draft: draft(name), history, uid: test.uid(), same: None }
}

async fn names(test: &TestStore) -> Vec<String> {
    let page = Page::longest(None);
    let listing = test.recipes(page, Viewer::Admin, Vec::new()).await.unwrap();
    let name = |json: &[u8]| {
        let recipe: serde_json::Value = serde_json::from_slice(json).unwrap();
        recipe["name"].as_str().unwrap().to_owned()
    };
    listing.rows.iter().map(|(_, json)| name(json)).collect()
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
