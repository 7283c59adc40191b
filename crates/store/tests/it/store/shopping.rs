//! Shopping lists.

use ids::{ShoppingItemId, UserId};
use rstest_reuse::apply;
use store::{
    ChangeShoppingItem, ItemEdit, Listed, MAX_SHOPPING_ITEMS, NewShoppingLine, NewShoppingLines, ShoppingItem,
};

use super::{Database, TestStore, each_database};

impl TestStore {
    pub(super) async fn lists(&self, user: UserId, lines: &[&str]) -> Listed {
        self.lists_from(user, None, lines).await
    }

    pub(super) async fn lists_from(&self, user: UserId, source: Option<&str>, lines: &[&str]) -> Listed {
        let new = self.lines(source, lines, false);
        self.add_to_shopping_list(new, self.by(user)).await.unwrap()
    }

    fn lines(&self, source: Option<&str>, lines: &[&str], again: bool) -> NewShoppingLines {
        let lines = lines.iter().map(|text| NewShoppingLine {
            id: ShoppingItemId::new(self.now(), self.entropy.bytes()),
            text: (*text).to_owned(),
            decimal: '.',
            source: source.map(str::to_owned),
        });
        NewShoppingLines { lines: lines.collect(), again, new: self.new_household() }
    }

    async fn items(&self, user: UserId) -> Vec<ShoppingItem> {
        self.shopping_list(user).await.unwrap()
    }

    async fn texts(&self, user: UserId) -> Vec<String> {
        let mark = |item: &ShoppingItem| if item.ticked_at.is_some() { "x " } else { "" };
        self.items(user).await.iter().map(|item| format!("{}{}", mark(item), item.text)).collect()
    }

    async fn change(&self, user: UserId, change: ChangeShoppingItem) -> ItemEdit {
        self.change_shopping_item(change, self.by(user)).await.unwrap()
    }
}

fn tick(item: &ShoppingItem) -> ChangeShoppingItem {
    ChangeShoppingItem { id: item.id, text: None, ticked: Some(true), version: Some(item.version) }
}

#[apply(each_database)]
#[tokio::test]
async fn source_that_is_in_the_list_is_added_again_only_on_request(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let soup = ["2 onions", "1 l water"];
    let adds = async |source| test.lists_from(alice, Some(source), &soup).await;
    test.lists(alice, &["1 onion"]).await;
    assert_eq!((adds("recipe 1 4").await, adds("recipe 1 4").await), (Listed::Done, Listed::Before));
    assert_eq!(test.texts(alice).await, ["3 onions", "1 l water"]);
    assert_eq!(adds("recipe 1 2").await, Listed::Done, "for other servings");
    assert_eq!(test.texts(alice).await, ["5 onions", "2 l water"]);
    let again = test.lines(Some("recipe 1 4"), &soup, true);
    assert_eq!(test.add_to_shopping_list(again, test.by(alice)).await.unwrap(), Listed::Done);
    assert_eq!(test.texts(alice).await, ["7 onions", "3 l water"]);
    // Ticked items are there as well.
    for item in test.items(alice).await {
        test.change(alice, tick(&item)).await;
        test.later();
    }
    assert_eq!(adds("recipe 1 4").await, Listed::Before);
    test.clear_shopping_list(true, test.by(alice)).await.unwrap();
    assert_eq!(adds("recipe 1 4").await, Listed::Done);
    assert_eq!(test.texts(alice).await, ["2 onions", "1 l water"]);
    // Lines without a source are always added.
    assert_eq!(
        (test.lists(alice, &["1 onion"]).await, test.lists(alice, &["1 onion"]).await),
        (Listed::Done, Listed::Done)
    );
    assert_eq!(test.texts(alice).await, ["4 onions", "1 l water"]);
}

#[apply(each_database)]
#[tokio::test]
async fn equal_foods_are_added_up_to_items_that_are_not_ticked(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    assert_eq!(test.texts(alice).await, [""; 0]);
    test.lists(alice, &["2 eggs", "500 g flour", "Salt", "1 cup flour"]).await;
    test.lists(alice, &["3 eggs", "1 kg flour", "salt", "1 kg flour", "Milk"]).await;
    assert_eq!(test.texts(alice).await, ["5 eggs", "2.5 kg flour", "Salt", "1 cup flour", "Milk"]);
    let items = test.items(alice).await;
    assert_eq!(items.iter().map(|item| item.version).collect::<Vec<_>>(), [2, 2, 1, 1, 1]);
    test.change(alice, tick(&items[0])).await;
    test.later();
    test.change(alice, tick(&items[2])).await;
    test.lists(alice, &["1 egg"]).await;
    assert_eq!(
        test.texts(alice).await,
        ["2.5 kg flour", "1 cup flour", "Milk", "1 egg", "x Salt", "x 5 eggs"],
        "ticked items are at the end"
    );
}

#[apply(each_database)]
#[tokio::test]
async fn change_of_an_item_that_another_user_has_changed_is_refused(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    test.share(alice, bob).await;
    test.lists(alice, &["2 eggs", "Milk", "Bread"]).await;
    let seen = test.items(bob).await;
    test.lists(alice, &["3 eggs"]).await;
    let ItemEdit::Changed(now) = test.change(bob, tick(&seen[0])).await else { panic!() };
    assert_eq!((&*now.text, now.version, now.ticked_at), ("5 eggs", 2, None));
    // Each ticks another item, with what they saw at the beginning.
    let (one, other) = tokio::join!(test.change(alice, tick(&seen[1])), test.change(bob, tick(&seen[2])));
    assert!(matches!((one, other), (ItemEdit::Done(_), ItemEdit::Done(_))));
    assert_eq!(test.texts(alice).await[0], "5 eggs");
    assert!(test.items(alice).await[1..].iter().all(|item| item.ticked_at.is_some()));
    // Both tick the same one.
    for user in [alice, bob] {
        assert!(matches!(test.change(user, tick(&now)).await, ItemEdit::Done(_)));
    }
    let text = ChangeShoppingItem { text: Some("6 eggs".into()), ticked: Some(false), ..tick(&now) };
    let ItemEdit::Done(changed) = test.change(alice, text.clone()).await else { panic!() };
    assert_eq!((&*changed.text, changed.version, changed.ticked_at), ("6 eggs", 3, None));
    assert!(matches!(test.change(bob, text).await, ItemEdit::Changed(_)));
}

#[apply(each_database)]
#[tokio::test]
async fn items_are_removed_by_members_of_the_household_only(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    test.lists(alice, &["Milk", "Bread", "Butter"]).await;
    test.lists(bob, &["Tea"]).await;
    let items = test.items(alice).await;
    assert_eq!(test.change(bob, tick(&items[0])).await, ItemEdit::NotFound);
    assert!(!test.remove_shopping_item(items[0].id, test.by(bob)).await.unwrap());
    assert!(test.remove_shopping_item(items[0].id, test.by(alice)).await.unwrap());
    assert!(!test.remove_shopping_item(items[0].id, test.by(alice)).await.unwrap());
    test.change(alice, tick(&items[2])).await;
    test.clear_shopping_list(true, test.by(alice)).await.unwrap();
    assert_eq!(test.texts(alice).await, ["Bread"]);
    test.clear_shopping_list(false, test.by(alice)).await.unwrap();
    assert_eq!((test.texts(alice).await.len(), test.texts(bob).await.len()), (0, 1));
}

#[apply(each_database)]
#[tokio::test]
async fn items_are_limited(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    // A number would be an amount.
    let letter = |number: u32| char::from(b'a' + u8::try_from(number % 26).unwrap());
    let name = |number: u32| format!("thing{}{}", letter(number / 26), letter(number));
    let lines: Vec<_> = (0..=MAX_SHOPPING_ITEMS).map(name).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    assert_eq!(test.lists(alice, &lines).await, Listed::TooMany);
    assert_eq!(test.texts(alice).await.len(), 0);
    let household = test.household(alice, test.now()).await.unwrap();
    assert!(household.members.is_empty(), "refused items make no household");
    assert_eq!(test.lists(alice, &lines[1..]).await, Listed::Done);
    assert_eq!(test.lists(alice, &["thingab"]).await, Listed::Done, "it is there already");
    assert_eq!(test.lists(alice, &["another"]).await, Listed::TooMany);
}
