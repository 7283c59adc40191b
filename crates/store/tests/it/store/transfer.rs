//! Recipes that get another owner.

use accounts::audit::Filter;
use accounts::{NewUser, Role};
use ids::{RecipeId, UserId};
use rstest_reuse::apply;
use store::{
    Context, Edit, EditTerms, Ownerless, Page, Precondition, StoreError, Transfer, Transferred, Viewer,
};

use super::{Database, TestStore, each_database, json_of, new_user};

impl TestStore {
    async fn hands_over(&self, from: UserId, to: Option<UserId>) -> Transferred {
        let transfer = Transfer { from, to, is_first: true };
        self.transfer_recipes(transfer, self.operator()).await.unwrap()
    }

    async fn owner_in_text(&self, id: RecipeId) -> Option<i64> {
        let recipe = self.recipe(id, Viewer::Admin).await.unwrap().unwrap();
        let json: serde_json::Value = serde_json::from_str(&json_of(&recipe)).unwrap();
        json["ownerId"].as_i64()
    }
}

const ALL: fn(u64) -> Transferred = |recipes| Transferred::Moved { recipes, may_be_more: false };

#[apply(each_database)]
#[tokio::test]
async fn recipes_of_a_user_are_handed_over_to_another_one(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let soup = test.public("Soup", Some(alice)).await;
    let secret = test.private("Secret", Some(alice)).await.id;
    let bread = test.public("Bread", None).await.id;
    test.later();
    assert_eq!(test.hands_over(alice, Some(bob)).await, ALL(2));
    for id in [soup.id, secret] {
        assert_eq!(test.owner_in_text(id).await, Some(bob.get()));
    }
    assert_eq!(test.owner_in_text(bread).await, None);
    let after = test.recipe(soup.id, Viewer::Anyone).await.unwrap().unwrap();
    assert_eq!(after.revision, 2, "clients revalidate");
    assert!(after.updated_at > soup.updated_at);
    assert_eq!(test.recipe(secret, Viewer::User(alice)).await.unwrap(), None);
    assert!(test.recipe(secret, Viewer::User(bob)).await.unwrap().is_some());
    for (user, recipes) in [(alice, 0), (bob, 2)] {
        assert_eq!(test.usage(user).await.unwrap().recipes, recipes);
        let own = test.recipes_of(user, Page::default()).await.unwrap().rows;
        assert_eq!(own.len() as u64, recipes);
    }
    let filter = Filter { subject: Some(alice), ..Filter::default() };
    let audit = test.audit_log(filter, Page::default()).await.unwrap().rows;
    assert!(audit.iter().any(|entry| entry.event == "recipes_transferred"), "{audit:?}");
    assert_eq!(test.hands_over(alice, Some(bob)).await, ALL(0), "repeated");
}

#[apply(each_database)]
#[tokio::test]
async fn transfer_without_a_new_owner_keeps_the_owner_of_private_recipes(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let soup = test.public("Soup", Some(alice)).await.id;
    let secret = test.private("Secret", Some(alice)).await.id;
    assert_eq!(test.hands_over(alice, None).await, ALL(1));
    assert_eq!(test.owner_in_text(soup).await, None);
    assert_eq!(test.owner_in_text(secret).await, Some(alice.get()));
    assert_eq!(test.usage(alice).await.unwrap().recipes, 1);
    let admins_only = EditTerms { precondition: Precondition::None, ownerless: Ownerless::Admins };
    let refused = test.delete_recipe(soup, admins_only, test.by(bob)).await.unwrap();
    assert_eq!(refused, Edit::Ownerless);
    assert_eq!(test.delete_recipe(soup, Precondition::None, test.by(bob)).await.unwrap(), Edit::Done(()));
}

#[apply(each_database)]
#[tokio::test]
async fn only_administrators_hand_recipes_over_to_users_who_exist(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let root = test.create_user(NewUser { role: Role::Admin, ..new_user("root") }, test.now()).await.unwrap();
    let soup = test.public("Soup", Some(alice)).await.id;
    let transfer = Transfer { from: alice, to: Some(bob), is_first: true };
    let refused = test.transfer_recipes(transfer, test.by(bob)).await;
    assert!(matches!(refused, Err(StoreError::AdminRequired)), "{refused:?}");
    let unknown_user = UserId::from_i64(99).unwrap();
    for (from, to) in [(alice, Some(unknown_user)), (unknown_user, Some(alice)), (unknown_user, None)] {
        assert_eq!(test.hands_over(from, to).await, Transferred::NoSuchUser);
    }
    assert_eq!(test.owner_in_text(soup).await, Some(alice.get()));
    let by_root: Context = test.by(root.id);
    assert_eq!(test.transfer_recipes(transfer, by_root).await.unwrap(), ALL(1));
}

#[apply(each_database)]
#[tokio::test]
async fn many_recipes_are_handed_over_in_steps(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    for number in 0..101 {
        test.public(&format!("Soup {number}"), Some(alice)).await;
    }
    let first = test.hands_over(alice, Some(bob)).await;
    assert_eq!(first, Transferred::Moved { recipes: 100, may_be_more: true });
    assert_eq!(test.hands_over(alice, Some(bob)).await, ALL(1));
}
