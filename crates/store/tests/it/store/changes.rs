//! What programs learn that follow the recipes.

use std::collections::BTreeSet;
use std::time::Duration;

use ::recipes::Quotas;
use ids::RecipeId;
use rstest_reuse::apply;
use serde_json::json;
use store::{NewRecipe, Ownerless, Precondition, ReplaceRecipe, Store, Viewer};

use super::{Database, KEPT, TestStore, connected, draft, each_database, jsons, parse};

/// Follows the changes from one position to the next.
struct Follower {
    position: String,
}

impl Follower {
    async fn begin(store: &Store) -> Self {
        let begin = store.recipe_changes(None).await.unwrap();
        assert_eq!(begin.ids, None);
        Self { position: begin.position }
    }

    /// What has changed since the last call.
    async fn next(&mut self, store: &Store) -> Vec<i64> {
        let changes = store.recipe_changes(Some(&self.position)).await.unwrap();
        self.position = changes.position;
        let ids: Vec<_> = changes.ids.unwrap().iter().map(|id| id.get()).collect();
        let distinct: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(distinct.len(), ids.len());
        distinct.into_iter().collect()
    }
}

impl TestStore {
    async fn edit(&self, id: RecipeId, name: &str) {
        let command = ReplaceRecipe {
            id,
            draft: draft(name),
            precondition: Precondition::None,
            ownerless: Ownerless::Users,
            quotas: Quotas::OFF,
            revisions_kept: KEPT,
        };
        self.replace_recipe(command, self.operator()).await.unwrap();
    }
}

#[apply(each_database)]
#[tokio::test]
async fn each_change_is_told_once(database: Database) {
    let test = TestStore::on(database).await;
    let old = test.public("Old", None).await.id;
    let mut follower = Follower::begin(&test).await;
    assert_eq!(follower.next(&test).await, [] as [i64; 0]);

    let new = test.public("New", None).await.id;
    assert_eq!(follower.next(&test).await, [new.get()]);
    test.edit(old, "Older").await;
    test.edit(new, "Newer").await;
    test.edit(new, "Newest").await;
    assert_eq!(follower.next(&test).await, [old.get(), new.get()]);
    test.delete_recipe(old, Precondition::None, test.operator()).await.unwrap();
    let brief = test.public("Brief", None).await.id;
    test.delete_recipe(brief, Precondition::None, test.operator()).await.unwrap();
    let told = follower.next(&test).await;
    assert!(told.contains(&old.get()), "{told:?}");
    assert_eq!(follower.next(&test).await, [] as [i64; 0]);

    let another = test.opened_again().await;
    test.edit(new, "Once more").await;
    assert_eq!(follower.next(&another).await, [new.get()], "a position is good for every handle");
}

#[apply(each_database)]
#[tokio::test]
async fn an_unknown_position_means_that_all_must_be_read(database: Database) {
    let (test, other) = (TestStore::on(database).await, TestStore::on(database).await);
    test.public("Soup", None).await;
    let foreign = other.recipe_changes(None).await.unwrap().position;
    for position in ["", "1", "x/y", "a-b-c", "1:2:", "x/99999999:99999999:", &foreign] {
        let changes = test.recipe_changes(Some(position)).await.unwrap();
        assert_eq!(changes.ids, None, "{position}");
        assert_eq!(test.recipe_changes(Some(&changes.position)).await.unwrap().ids, Some(vec![]));
    }
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread")]
async fn no_change_of_concurrent_writers_is_missed(database: Database) {
    let test = TestStore::on(database).await;
    let mut follower = Follower::begin(&test).await;
    let writer = async |writer: usize| {
        let mut ids = Vec::new();
        for number in 0..25 {
            ids.push(test.public(&format!("Soup {writer}-{number}"), None).await.id.get());
        }
        ids
    };
    let follow = async {
        let mut seen = Vec::new();
        for _ in 0..50 {
            seen.extend(follower.next(&test).await);
            tokio::task::yield_now().await;
        }
        seen
    };
    let (mut seen, a, b, c) = tokio::join!(follow, writer(0), writer(1), writer(2));
    seen.extend(follower.next(&test).await);
    let mut written = [a, b, c].concat();
    written.sort_unstable();
    seen.sort_unstable();
    assert_eq!(seen, written, "each exactly once");
}

/// Three ways to follow: by the number of the row, by transactions that are certainly over, and by snapshots. Only the last one
/// neither misses a recipe nor waits for a transaction that has nothing to do with recipes.
#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn a_transaction_that_ends_late_is_not_missed_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let mut follower = Follower::begin(&test).await;
    let (slow, reader) = (connected(&test.url.to_string()).await, connected(&test.url.to_string()).await);
    let insert = "INSERT INTO recipes (uid, private, revision, created_at, updated_at, document)
                  VALUES ('019b7954-1234-7abc-9def-0123456789ab', false, 1, now(), now(), '}')";
    slow.batch_execute(&format!("BEGIN; {insert}")).await.unwrap();
    let fast = test.public("Fast", None).await.id.get();
    let behind_transactions =
        "SELECT count(*) FROM recipes WHERE changed_in < pg_snapshot_xmin(pg_current_snapshot())";
    let number = async |sql: &str| -> i64 { reader.query_one(sql, &[]).await.unwrap().get(0) };

    assert_eq!(follower.next(&test).await, [fast], "at once");
    assert_eq!(number(behind_transactions).await, 0, "the second way waits");
    slow.batch_execute("COMMIT").await.unwrap();
    assert_eq!(follower.next(&test).await, [fast - 1], "the late one");
    assert_eq!(
        number(&format!("SELECT count(*) FROM recipes WHERE id > {fast}")).await,
        0,
        "the first way misses it"
    );
    // Transactions of other tests at this server, also in other databases, delay it.
    for _ in 0..100 {
        if number(behind_transactions).await == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the second way misses a recipe");
}

#[apply(each_database)]
#[tokio::test]
async fn recipes_are_read_in_the_order_of_the_ids(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let a = test.public("A", None).await.id;
    let b = test.private("B", Some(alice)).await.id;
    let c = test.public("C", Some(bob)).await.id;
    let gone = RecipeId::from_i64(99).unwrap();
    for (viewer, want) in [
        (Viewer::Anyone, vec![c, a]),
        (Viewer::User(bob), vec![c, a]),
        (Viewer::User(alice), vec![c, b, a]),
        (Viewer::Admin, vec![c, b, a]),
    ] {
        let (page, looked_up) = test.recipes_by_id(&[c, gone, b, a], viewer, b"[".to_vec()).await.unwrap();
        assert_eq!(page.iter().map(|(id, _)| id).collect::<Vec<_>>(), want, "{viewer:?}");
        assert_eq!(looked_up, 4);
        assert_eq!(page.into_json().first(), Some(&b'['));
    }
}

#[apply(each_database)]
#[tokio::test]
async fn a_page_of_large_recipes_ends_early(database: Database) {
    let test = TestStore::on(database).await;
    let mut ids = Vec::new();
    for number in 0..8 {
        let large = parse(&json!({
            "name": format!("Soup {number}"), "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null,
            "ingredients": vec!["x".repeat(400); 100],
        }));
        let new = NewRecipe::new(&large, test.uid(), None);
        ids.push(test.create_recipe(new, test.operator()).await.unwrap().id);
    }
    let (mut rest, mut read, mut pages) = (&ids[..], Vec::new(), 0);
    while !rest.is_empty() {
        let (page, looked_up) = test.recipes_by_id(rest, Viewer::Admin, Vec::new()).await.unwrap();
        assert!(looked_up > 0 && page.json_len() <= 128 << 10);
        read.extend(jsons(&page));
        rest = &rest[looked_up..];
        pages += 1;
    }
    assert_eq!((read.len(), pages), (8, 3));
}
