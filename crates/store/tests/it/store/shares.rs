//! Share links.

use accounts::{NewUser, Role, TokenDigest};
use ids::{RecipeId, ShareId, UserId};
use jiff::Timestamp;
use rstest_reuse::apply;
use store::{
    Access, EditRefusal, MAX_SHARES, NewShare, Ownerless, Precondition, Share, ShareRequest, SharedByUser,
    StoreError, Transfer, Viewer,
};
use tokio::task::JoinSet;

use super::{Database, TestStore, each_database, email, new_user};

impl TestStore {
    fn share_request(&self, recipe: RecipeId, user: UserId) -> ShareRequest {
        ShareRequest { recipe, ownerless: Ownerless::Users, context: self.by(user) }
    }

    fn new_share(&self, secret: &str, expires_at: Option<Timestamp>) -> NewShare {
        let id = ShareId::new(self.now(), self.entropy.bytes());
        NewShare { id, digest: TokenDigest::of(secret.as_bytes()), expires_at }
    }

    pub(super) async fn shares_recipe(&self, recipe: RecipeId, user: UserId, secret: &str) -> Share {
        let new = self.new_share(secret, None);
        self.create_share(new, self.share_request(recipe, user)).await.unwrap().unwrap().unwrap()
    }

    async fn shown_by(&self, secret: &str) -> Option<RecipeId> {
        let shown = self.shared_recipe(TokenDigest::of(secret.as_bytes()), self.now()).await.unwrap();
        shown.map(|recipe| recipe.id)
    }
}

#[apply(each_database)]
#[tokio::test]
async fn link_shows_one_private_recipe_until_it_is_revoked(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let secret = test.private("Secret", Some(alice)).await;
    let other = test.private("Other secret", Some(alice)).await.id;
    let share = test.shares_recipe(secret.id, alice, "a").await;
    let shown = test.shared_recipe(TokenDigest::of(b"a"), test.now()).await.unwrap();
    assert_eq!(shown, Some(secret.clone()));
    assert_eq!(test.shown_by("b").await, None);
    assert_eq!(test.recipe(secret.id, Viewer::Anyone).await.unwrap(), None, "still private");
    assert_eq!(test.count_recipes(Viewer::Anyone).await.unwrap(), 0);
    let request = test.share_request(secret.id, alice);
    assert_eq!(test.shares(request).await.unwrap(), Ok(vec![share]));
    assert_eq!(test.shares(test.share_request(other, alice)).await.unwrap(), Ok(vec![]));
    assert_eq!(test.shares_of(alice).await.unwrap(), [SharedByUser { recipe: secret.id, share }]);
    assert_eq!(test.shares_of(test.user("bob").await.id).await.unwrap(), []);
    let of_other = test.share_request(other, alice);
    assert_eq!(test.revoke_share(share.id, of_other).await.unwrap(), Ok(false), "of another recipe");
    assert_eq!(test.shown_by("a").await, Some(secret.id));
    test.set_role(&email("alice"), Role::Viewer, test.operator()).await.unwrap();
    assert_eq!(test.shown_by("a").await, None, "viewers share nothing");
    test.set_role(&email("alice"), Role::User, test.operator()).await.unwrap();
    assert_eq!(test.shown_by("a").await, Some(secret.id));
    for revoked in [true, false] {
        assert_eq!(test.revoke_share(share.id, request).await.unwrap(), Ok(revoked));
    }
    assert_eq!(test.shown_by("a").await, None);
    assert_eq!(test.sql("SELECT count(*) FROM shares").await, Some(0));
}

#[apply(each_database)]
#[tokio::test]
async fn link_expires(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let soup = test.public("Soup", Some(alice)).await.id;
    let request = test.share_request(soup, alice);
    let end = test.later();
    let before = jiff::SignedDuration::from_micros(1);
    test.create_share(test.new_share("a", Some(end + before)), request).await.unwrap().unwrap().unwrap();
    assert_eq!(test.shown_by("a").await, Some(soup));
    let now = end + before;
    assert_eq!(test.shared_recipe(TokenDigest::of(b"a"), now).await.unwrap(), None);
    let later = ShareRequest { context: store::Context { now, ..request.context }, ..request };
    assert_eq!(test.shares(later).await.unwrap(), Ok(vec![]));
    test.create_share(test.new_share("b", None), later).await.unwrap().unwrap().unwrap();
    assert_eq!(test.sql("SELECT count(*) FROM shares").await, Some(1), "the expired one is gone");
}

#[apply(each_database)]
#[tokio::test]
async fn only_editors_of_a_recipe_manage_its_links(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let root =
        test.create_user(NewUser { role: Role::Admin, ..new_user("root") }, test.now()).await.unwrap().id;
    let (soup, secret) =
        (test.public("Soup", Some(alice)).await.id, test.private("Secret", Some(alice)).await.id);
    let (communal, absent) = (test.public("Bread", None).await.id, RecipeId::from_i64(99).unwrap());
    let share = test.shares_recipe(soup, alice, "a").await;
    for (user, recipe, ownerless, want) in [
        (bob, soup, Ownerless::Users, Err(EditRefusal::Forbidden)),
        (bob, secret, Ownerless::Users, Err(EditRefusal::NotFound)),
        (bob, absent, Ownerless::Users, Err(EditRefusal::NotFound)),
        (bob, communal, Ownerless::Admins, Err(EditRefusal::Ownerless)),
        (bob, communal, Ownerless::Users, Ok(())),
        (root, secret, Ownerless::Users, Ok(())),
    ] {
        let request = ShareRequest { ownerless, ..test.share_request(recipe, user) };
        let new = test.new_share(&format!("{user} {recipe} {ownerless:?}"), None);
        assert_eq!(test.create_share(new, request).await.unwrap().map(drop), want, "{user} {recipe}");
        assert_eq!(test.shares(request).await.unwrap().map(drop), want, "{user} {recipe}");
        assert_eq!(test.revoke_share(share.id, request).await.unwrap().map(drop), want, "{user} {recipe}");
    }
    assert_eq!(test.shown_by("a").await, Some(soup), "none of them was of this recipe");
    test.set_role(&email("alice"), Role::Viewer, test.operator()).await.unwrap();
    let request = test.share_request(soup, alice);
    let refused = test.create_share(test.new_share("v", None), request).await;
    assert!(matches!(refused, Err(StoreError::ActorRevoked)), "{refused:?}");
    let operator = ShareRequest { context: test.operator(), ..request };
    let refused = test.create_share(test.new_share("o", None), operator).await;
    assert!(matches!(refused, Err(StoreError::ActorRevoked)), "{refused:?}");
}

#[apply(each_database)]
#[tokio::test]
async fn links_end_with_the_recipe_its_owner_and_the_account_that_made_them(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let deleted = test.public("Deleted", Some(alice)).await.id;
    let moved = test.public("Moved", Some(bob)).await.id;
    let left = test.public("Left", Some(alice)).await.id;
    for (recipe, user, secret) in [(deleted, alice, "a"), (moved, bob, "b"), (left, alice, "c")] {
        test.shares_recipe(recipe, user, secret).await;
        assert_eq!(test.shown_by(secret).await, Some(recipe));
    }
    test.delete_recipe(deleted, Precondition::None, test.by(alice)).await.unwrap();
    assert_eq!(test.shown_by("a").await, None);
    let transfer = Transfer { from: bob, to: Some(alice), is_first: true };
    test.transfer_recipes(transfer, test.operator()).await.unwrap();
    assert_eq!(test.shown_by("b").await, None);
    for (access, shown) in [(Access::Disabled, None), (Access::Enabled, Some(left))] {
        test.set_access(&email("alice"), access, test.operator()).await.unwrap();
        assert_eq!(test.shown_by("c").await, shown, "{access:?}");
    }
    assert!(test.delete_user(alice, None, test.operator()).await.unwrap());
    while test.continue_deletion(test.now()).await.unwrap() {}
    assert!(test.recipe(left, Viewer::Anyone).await.unwrap().is_some());
    assert_eq!(test.shown_by("c").await, None);
    assert_eq!(test.sql("SELECT count(*) FROM shares").await, Some(0));
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_recipe_has_a_limited_number_of_links(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let soup = test.public("Soup", Some(alice)).await.id;
    let mut tasks = JoinSet::new();
    for number in 0..MAX_SHARES + 10 {
        let (store, request) = (test.store.clone(), test.share_request(soup, alice));
        let new = test.new_share(&number.to_string(), None);
        tasks.spawn(async move { store.create_share(new, request).await.unwrap().unwrap() });
    }
    let made = tasks.join_all().await.into_iter().flatten().count();
    assert_eq!(made, usize::from(MAX_SHARES));
}
