//! Recipes for users who have logged in.

use ::recipes::{ImportedHistory, Quotas, Visibility};
use ids::{RecipeId, UserId};
use rstest_reuse::apply;
use store::{
    BinEdit, Edit, Favoured, ImportBatch, NewRecipe, OnConflict, Ownerless, Page, Precondition, RecipeImport,
    ReplaceRecipe, RestoreRevision, StoredRecipe, Transfer, Transferred, Viewer,
};

use super::{Database, KEPT, TestStore, draft, each_database, members_draft, private_draft};

impl TestStore {
    pub(super) async fn for_members(&self, name: &str, owner: Option<UserId>) -> StoredRecipe {
        let new = NewRecipe::new(&members_draft(name), self.uid(), owner);
        self.create_recipe(new, self.operator()).await.unwrap()
    }

    /// The ids that the viewer gets from every way to read recipes. They must all be the same.
    async fn seen_by(&self, viewer: Viewer) -> Vec<i64> {
        let listed = self.ids(viewer, 100).await;
        assert_eq!(self.ids(viewer, 2).await, listed, "in pages");
        assert_eq!(self.count_recipes(viewer).await.unwrap(), listed.len() as u64);
        let all: Vec<_> = (1..=20).filter_map(RecipeId::from_i64).collect();
        let (by_id, _) = self.recipes_by_id(&all, viewer, Vec::new()).await.unwrap();
        assert_eq!(by_id.iter().map(|(id, _)| id.get()).collect::<Vec<_>>(), listed, "by id");
        let mut alone = Vec::new();
        for id in all {
            alone.extend(self.recipe(id, viewer).await.unwrap().map(|recipe| recipe.id.get()));
        }
        assert_eq!(alone, listed, "one by one");
        let mut snapshot = self.recipe_snapshot(viewer);
        let mut exported = Vec::new();
        while let Some(page) = snapshot.next().await.unwrap() {
            exported.extend(page.iter().map(|(id, _)| id.get()));
        }
        assert_eq!(exported, listed, "exported");
        let mut ends = Vec::new();
        let mut after = None;
        while let Some(end) = self.end_of_recipe_page(Page::new(after, 1).unwrap(), viewer).await.unwrap() {
            ends.push(end.last.get());
            after = end.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(ends, listed, "ends of pages");
        listed
    }
}

#[apply(each_database)]
#[tokio::test]
async fn users_see_recipes_for_members_and_anonymous_clients_do_not(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    test.public("Soup", Some(alice)).await;
    test.for_members("Fondue", Some(alice)).await;
    test.private("Secret", Some(alice)).await;
    test.for_members("Rösti", None).await;
    test.for_members("Raclette", Some(bob)).await;
    test.public("Bread", None).await;
    test.private("Other secret", Some(bob)).await;
    for (viewer, seen) in [
        (Viewer::Anyone, vec![1, 6]),
        (Viewer::User(alice), vec![1, 2, 3, 4, 5, 6]),
        (Viewer::User(bob), vec![1, 2, 4, 5, 6, 7]),
        (Viewer::User(test.user("carol").await.id), vec![1, 2, 4, 5, 6]),
        (Viewer::Admin, vec![1, 2, 3, 4, 5, 6, 7]),
    ] {
        assert_eq!(test.seen_by(viewer).await, seen, "{viewer:?}");
    }
    let own = test.recipes_of(alice, Page::default()).await.unwrap().rows;
    assert_eq!(own.iter().map(|(id, _)| id.get()).collect::<Vec<_>>(), [1, 2, 3]);
}

#[apply(each_database)]
#[tokio::test]
async fn visibility_changes_in_every_direction(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let id = test.public("Fondue", Some(alice)).await.id;
    let (public, members, private) = (draft("Fondue"), members_draft("Fondue"), private_draft("Fondue"));
    for (draft, anyone, user) in [
        (&members, false, true),
        (&private, false, false),
        (&members, false, true),
        (&public, true, true),
        (&private, false, false),
        (&public, true, true),
    ] {
        let draft = draft.clone();
        let (precondition, ownerless, quotas) = (Precondition::None, Ownerless::Users, Quotas::OFF);
        let replace = ReplaceRecipe { id, draft, precondition, ownerless, quotas, revisions_kept: KEPT };
        assert!(matches!(test.replace_recipe(replace, test.by(alice)).await.unwrap(), Edit::Done(_)));
        for (viewer, sees) in
            [(Viewer::Anyone, anyone), (Viewer::User(bob), user), (Viewer::User(alice), true)]
        {
            assert_eq!(test.seen_by(viewer).await, if sees { vec![1] } else { vec![] }, "{viewer:?}");
        }
    }
}

#[apply(each_database)]
#[tokio::test]
async fn import_keeps_that_a_recipe_is_for_members(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let uid = test.uid();
    let history = || ImportedHistory { uid: Some(uid), ..ImportedHistory::default() };
    let import = |draft| {
        let recipes = vec![RecipeImport { draft, history: history(), uid, same: None }];
        let (on_conflict, ownerless, quotas) = (OnConflict::Update, Ownerless::Users, Quotas::OFF);
        let batch = ImportBatch {
            recipes,
            owner: Some(alice),
            on_conflict,
            is_atomic: true,
            ownerless,
            quotas,
            revisions_kept: KEPT,
        };
        test.import_recipes(batch, test.by(alice))
    };
    for (draft, anyone) in
        [(members_draft("Fondue"), vec![]), (draft("Fondue"), vec![1]), (members_draft("Fondue"), vec![])]
    {
        import(draft).await.unwrap();
        assert_eq!(test.seen_by(Viewer::Anyone).await, anyone);
    }
    assert_eq!(test.seen_by(Viewer::User(test.user("bob").await.id)).await, [1]);
}

#[apply(each_database)]
#[tokio::test]
async fn recipes_for_members_are_favourites_of_others_and_stay_without_their_owner(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let fondue = test.for_members("Fondue", Some(alice)).await.id;
    let rosti = test.for_members("Rösti", Some(bob)).await.id;
    let id = *test.uid().as_bytes();
    assert_eq!(test.add_favourite(fondue, id, test.by(bob)).await.unwrap(), Favoured::Done);
    let refused = test.delete_recipe(fondue, Precondition::None, test.by(bob)).await.unwrap();
    assert_eq!(refused, Edit::Forbidden, "seen, and not changed");
    let transfer = Transfer { from: bob, to: None, is_first: true };
    let moved = test.transfer_recipes(transfer, test.operator()).await.unwrap();
    assert_eq!(moved, Transferred::Moved { recipes: 1, may_be_more: false });
    assert!(test.delete_user(alice, None, test.operator()).await.unwrap());
    while test.continue_deletion(test.now()).await.unwrap() {}
    assert_eq!(test.seen_by(Viewer::Anyone).await, [0; 0], "still for members");
    assert_eq!(test.seen_by(Viewer::User(bob)).await, [fondue.get(), rosti.get()]);
    for id in [fondue, rosti] {
        let edit = test.delete_recipe(id, Precondition::None, test.by(bob)).await.unwrap();
        assert_eq!(edit, Edit::Done(()), "communal");
    }
}

impl TestStore {
    /// The revisions of a recipe that the viewer reads, if it reads the recipe.
    async fn revisions_seen_by(&self, viewer: Viewer, id: RecipeId) -> Option<Vec<i64>> {
        let page = self.revisions(id, Page::default(), viewer).await.unwrap()?;
        Some(page.rows.iter().map(|row| row.recipe.revision).collect())
    }
}

#[apply(each_database)]
#[tokio::test]
async fn past_for_members_is_read_by_users_only_and_outlives_its_owner(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let id = test.for_members("Fondue", Some(alice)).await.id;
    let (precondition, ownerless, quotas) = (Precondition::None, Ownerless::Users, Quotas::OFF);
    for draft in [draft("Public"), private_draft("Hidden"), draft("Again")] {
        let precondition = precondition.clone();
        let replace = ReplaceRecipe { id, draft, precondition, ownerless, quotas, revisions_kept: KEPT };
        assert!(matches!(test.replace_recipe(replace, test.by(alice)).await.unwrap(), Edit::Done(_)));
    }
    for (viewer, seen) in [
        (Viewer::Anyone, vec![4, 2]),
        (Viewer::User(bob), vec![4, 2, 1]),
        (Viewer::User(alice), vec![4, 3, 2, 1]),
        (Viewer::Admin, vec![4, 3, 2, 1]),
    ] {
        assert_eq!(test.revisions_seen_by(viewer, id).await, Some(seen), "{viewer:?}");
    }
    let restore = RestoreRevision { id, revision: 1, precondition, ownerless, quotas, revisions_kept: KEPT };
    assert!(matches!(test.restore_revision(restore, test.by(alice)).await.unwrap(), Edit::Done(_)));
    assert_eq!(test.revisions_seen_by(Viewer::Anyone, id).await, None, "for members again");
    assert_eq!(test.revisions_seen_by(Viewer::User(bob), id).await, Some(vec![5, 4, 2, 1]));
    assert!(test.delete_user(alice, None, test.operator()).await.unwrap());
    while test.continue_deletion(test.now()).await.unwrap() {}
    for viewer in [Viewer::User(bob), Viewer::Admin] {
        assert_eq!(test.revisions_seen_by(viewer, id).await, Some(vec![6, 4, 2, 1]), "{viewer:?}");
    }
    assert_eq!(test.revisions_seen_by(Viewer::Anyone, id).await, None);
}

#[apply(each_database)]
#[tokio::test]
async fn recipes_for_members_come_back_from_the_bin_for_members(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let own = test.for_members("Fondue", Some(alice)).await.id;
    let communal = test.for_members("Rösti", None).await.id;
    for id in [own, communal] {
        let edit = test.bin_recipe(id, Precondition::None, test.by(alice)).await.unwrap();
        assert_eq!(edit, Edit::Done(()));
    }
    assert_eq!(test.seen_by(Viewer::User(bob)).await, [0; 0]);
    for (viewer, ownerless, binned) in [
        (Viewer::User(alice), Ownerless::Users, vec![own, communal]),
        (Viewer::User(alice), Ownerless::Admins, vec![own]),
        (Viewer::User(bob), Ownerless::Users, vec![communal]),
        (Viewer::User(bob), Ownerless::Admins, vec![]),
        (Viewer::Anyone, Ownerless::Users, vec![]),
        (Viewer::Admin, Ownerless::Admins, vec![own, communal]),
    ] {
        let mut rows = test.bin(Page::default(), viewer, ownerless).await.unwrap().rows;
        rows.sort_by_key(|row| row.id);
        assert!(rows.iter().all(|row| row.visibility == Visibility::Members), "{rows:?}");
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), binned, "{viewer:?} {ownerless:?}");
    }
    let restore =
        async |id, ownerless, by| test.restore_binned(id, ownerless, Quotas::OFF, test.by(by)).await.unwrap();
    assert_eq!(restore(communal, Ownerless::Admins, bob).await, BinEdit::NotFound);
    assert!(matches!(restore(communal, Ownerless::Users, bob).await, BinEdit::Done(_)));
    assert!(matches!(restore(own, Ownerless::Users, alice).await, BinEdit::Done(_)));
    assert_eq!(test.seen_by(Viewer::User(bob)).await, [own.get(), communal.get()]);
    assert_eq!(test.seen_by(Viewer::Anyone).await, [0; 0]);
}
