//! The feed of changes: what each viewer learns, and what not.

use ::recipes::{Draft, Quotas};
use ids::RecipeId;
use rstest_reuse::apply;
use store::{Edit, FeedPage, Ownerless, Precondition, ReplaceRecipe, Viewer};

use super::{Database, KEPT, TestStore, draft, each_database, members_draft, private_draft};

impl TestStore {
    async fn rewrites(&self, id: RecipeId, draft: Draft) {
        let (precondition, ownerless, quotas) = (Precondition::None, Ownerless::Users, Quotas::OFF);
        let command = ReplaceRecipe { id, draft, precondition, ownerless, quotas, revisions_kept: KEPT };
        assert!(matches!(self.replace_recipe(command, self.operator()).await.unwrap(), Edit::Done(_)));
    }

    async fn deletes(&self, id: RecipeId) {
        self.delete_recipe(id, Precondition::None, self.operator()).await.unwrap();
    }

    async fn page(&self, position: &str, viewer: Viewer, limit: u16) -> FeedPage {
        self.feed(position, viewer, limit).await.unwrap().unwrap()
    }

    /// The ids of the changes, negative for those that are gone.
    async fn told(&self, position: &str, viewer: Viewer) -> Vec<i64> {
        let page = self.page(position, viewer, 100).await;
        assert!(!page.has_more);
        numbers(&page)
    }
}

fn numbers(page: &FeedPage) -> Vec<i64> {
    let number = |change: &store::FeedChange| if change.is_gone { -change.id.get() } else { change.id.get() };
    page.changes.iter().map(number).collect()
}

fn id(number: i64) -> RecipeId {
    RecipeId::from_i64(number).unwrap()
}

#[apply(each_database)]
#[tokio::test]
async fn viewers_learn_only_of_recipes_that_they_can_or_could_read(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let viewers = [Viewer::Anyone, Viewer::User(bob), Viewer::User(alice), Viewer::Admin];
    let hidden = test.public("Hidden", Some(alice)).await.id;
    let shown = test.private("Shown", Some(alice)).await.id;
    let secret = test.private("Secret", Some(alice)).await.id;
    let deleted = test.public("Deleted", None).await.id;
    let secretly_deleted = test.private("Secretly deleted", Some(alice)).await.id;
    assert_eq!([hidden, shown, secret, deleted, secretly_deleted].map(RecipeId::get), [1, 2, 3, 4, 5]);
    let position = test.feed_position().await.unwrap();
    for viewer in viewers {
        assert_eq!(test.told(&position, viewer).await, [0; 0]);
    }
    test.rewrites(hidden, private_draft("Hidden")).await;
    test.rewrites(shown, draft("Shown")).await;
    test.rewrites(secret, private_draft("Still secret")).await;
    test.deletes(deleted).await;
    test.deletes(secretly_deleted).await;
    test.public("New", Some(bob)).await;
    test.private("New secret", Some(bob)).await;
    let told = async |viewer| test.told(&position, viewer).await;
    assert_eq!(told(Viewer::Anyone).await, [-1, 2, -4, 6]);
    assert_eq!(told(Viewer::User(bob)).await, [-1, 2, -4, 6, 7]);
    assert_eq!(told(Viewer::User(alice)).await, [1, 2, 3, -4, -5, 6]);
    assert_eq!(told(Viewer::Admin).await, [1, 2, 3, -4, -5, 6, 7]);

    // Each change once, and the later ones of a hidden recipe are for its owner.
    let position = test.feed_position().await.unwrap();
    test.rewrites(hidden, private_draft("Hidden again")).await;
    test.deletes(shown).await;
    test.deletes(hidden).await;
    let told = async |viewer| test.told(&position, viewer).await;
    assert_eq!(told(Viewer::Anyone).await, [-2]);
    assert_eq!(told(Viewer::User(bob)).await, [-2]);
    assert_eq!(told(Viewer::User(alice)).await, [-1, -2]);
    for viewer in viewers {
        let page = test.page(&position, viewer, 100).await;
        assert_eq!(test.told(&page.position, viewer).await, [0; 0]);
    }
}

#[apply(each_database)]
#[tokio::test]
async fn recipe_that_comes_back_is_not_gone(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let soup = test.public("Soup", Some(alice)).await.id;
    let position = test.feed_position().await.unwrap();
    test.rewrites(soup, private_draft("Soup")).await;
    let between = test.feed_position().await.unwrap();
    test.rewrites(soup, draft("Soup")).await;
    assert_eq!(test.told(&position, Viewer::Anyone).await, [1]);
    assert_eq!(test.told(&between, Viewer::Anyone).await, [1]);
    test.bin_recipe(soup, Precondition::None, test.by(alice)).await.unwrap();
    assert_eq!(test.told(&between, Viewer::Anyone).await, [-1]);
    let binned = test.feed_position().await.unwrap();
    test.restore_binned(soup, Ownerless::Users, Quotas::OFF, test.by(alice)).await.unwrap();
    assert_eq!(test.told(&between, Viewer::Anyone).await, [1]);
    assert_eq!(test.told(&binned, Viewer::Anyone).await, [1]);
}

#[apply(each_database)]
#[tokio::test]
async fn private_recipes_of_a_deleted_user_are_gone_for_administrators_only(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    test.private("Secret", Some(alice)).await;
    test.public("Soup", Some(alice)).await;
    let position = test.feed_position().await.unwrap();
    test.delete_user(alice, None, test.operator()).await.unwrap();
    while test.continue_deletion(test.now()).await.unwrap() {}
    assert_eq!(test.told(&position, Viewer::Anyone).await, [2], "it has no owner any more");
    assert_eq!(test.told(&position, Viewer::Admin).await, [-1, 2]);
}

#[apply(each_database)]
#[tokio::test]
async fn long_lists_come_in_pages_and_nothing_is_missed_between_them(database: Database) {
    let test = TestStore::on(database).await;
    let position = test.feed_position().await.unwrap();
    for number in 1..=5 {
        test.public(&format!("Soup {number}"), None).await;
    }
    let first = test.page(&position, Viewer::Anyone, 2).await;
    assert_eq!((numbers(&first), first.has_more), (vec![1, 2], true));
    // In a page before, and in a page to come.
    test.rewrites(id(1), draft("Stew")).await;
    test.deletes(id(4)).await;
    let second = test.page(&first.position, Viewer::Anyone, 2).await;
    assert_eq!((numbers(&second), second.has_more), (vec![3, -4], true));
    let third = test.page(&second.position, Viewer::Anyone, 2).await;
    assert_eq!((numbers(&third), third.has_more), (vec![5], false));
    let told = test.told(&third.position, Viewer::Anyone).await;
    assert_eq!(told, [1, -4], "what has changed since the first page");
    let exactly = test.page(&third.position, Viewer::Anyone, 2).await;
    assert!(!exactly.has_more);
    assert_eq!(test.told(&exactly.position, Viewer::Anyone).await, [0; 0]);
}

#[apply(each_database)]
#[tokio::test]
async fn positions_of_other_databases_and_of_the_future_are_unknown(database: Database) {
    let (test, other) = (TestStore::on(database).await, TestStore::on(database).await);
    test.public("Soup", None).await;
    let foreign = other.feed_position().await.unwrap();
    let own = test.feed_position().await.unwrap();
    let name = own.split_once('/').map_or(&*own, |(name, _)| name);
    let whole = own.rsplit_once(if own.contains('/') { '/' } else { '-' }).unwrap().0;
    let snapshots = ["9:5:", "0:5:", "5:9:9", "1:999999999999999999999:", "1:2:x", "1:999999999999:"];
    let future = format!("{whole}-999999");
    let mut texts = vec!["", "1", "x/y", "a-b-c", "|||", &foreign, &future];
    let made = snapshots.map(|snapshot| format!("{name}/{snapshot}"));
    let lists = [format!("{own}|{own}"), format!("{own}|{own}|x"), format!("{foreign}|{own}|1")];
    texts.extend(made.iter().chain(&lists).map(String::as_str));
    for text in texts {
        assert_eq!(test.feed(text, Viewer::Anyone, 10).await.unwrap(), None, "{text}");
    }
    assert_eq!(test.told(&own, Viewer::Anyone).await, [0; 0]);
}

#[apply(each_database)]
#[tokio::test]
async fn members_learn_of_recipes_for_members(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let soup = test.public("Soup", Some(alice)).await.id;
    let readers = [Viewer::Anyone, Viewer::User(bob), Viewer::User(alice)];
    let told = async |position: &str| {
        let mut told = Vec::new();
        for reader in readers {
            told.push(test.told(position, reader).await);
        }
        told
    };
    let start = test.feed_position().await.unwrap();
    test.rewrites(soup, members_draft("Soup")).await;
    assert_eq!(told(&start).await, [[-1], [1], [1]]);
    let for_members = test.feed_position().await.unwrap();
    test.rewrites(soup, private_draft("Soup")).await;
    assert_eq!(told(&for_members).await, [vec![], vec![-1], vec![1]]);
    assert_eq!(told(&start).await, [[-1], [-1], [1]]);
    let hidden = test.feed_position().await.unwrap();
    test.rewrites(soup, members_draft("Soup")).await;
    assert_eq!(told(&hidden).await, [vec![], vec![1], vec![1]]);
    test.deletes(soup).await;
    assert_eq!(told(&for_members).await, [vec![], vec![-1], vec![-1]]);
    assert_eq!(told(&start).await, [[-1], [-1], [-1]]);
}
