//! The history of recipes: every change keeps the revision that it replaces, and what was private stays private.

use ::recipes::{ImportedHistory, Quotas, RecipePatch, Scalars};
use accounts::Role;
use ids::RecipeId;
use rstest_reuse::apply;
use serde_json::{Value, json};
use store::{
    Context, Edit, FoundRevision, OnConflict, Ownerless, Page, PatchRecipe, Precondition, RecipeImport,
    ReplaceRecipe, RestoreRevision, Revision, RevisionsKept, Store, StoredRecipe, UserChange, Viewer,
};
use tokio::task::JoinSet;

use super::{Database, KEPT, TestStore, draft, each_database, json_of, parse, private_draft};

impl TestStore {
    async fn replaces(&self, id: RecipeId, draft: &::recipes::Draft, by: Context) -> StoredRecipe {
        self.keeping(KEPT, id, draft, by).await
    }

    async fn keeping(
        &self,
        revisions_kept: RevisionsKept,
        id: RecipeId,
        draft: &::recipes::Draft,
        by: Context,
    ) -> StoredRecipe {
        let (draft, precondition) = (draft.clone(), Precondition::None);
        let command = ReplaceRecipe {
            id,
            draft,
            precondition,
            ownerless: Ownerless::Users,
            quotas: Quotas::OFF,
            revisions_kept,
        };
        done(self.replace_recipe(command, by).await.unwrap())
    }

    /// Number and name of each revision that the viewer may read, the newest first.
    async fn history(&self, id: RecipeId, viewer: Viewer) -> Vec<(i64, String)> {
        let page = self.revisions(id, Page::default(), viewer).await.unwrap().unwrap();
        page.rows.iter().map(|revision| (revision.recipe.revision, name_of(revision))).collect()
    }
}

fn done<T: std::fmt::Debug>(edit: Edit<T>) -> T {
    match edit {
        Edit::Done(done) => done,
        refused => panic!("{refused:?}"),
    }
}

fn value(revision: &Revision) -> Value {
    serde_json::from_str(&json_of(&revision.recipe)).unwrap()
}

fn name_of(revision: &Revision) -> String {
    value(revision)["name"].as_str().unwrap().to_owned()
}

fn named(revisions: &[(i64, &str)]) -> Vec<(i64, String)> {
    revisions.iter().map(|(number, name)| (*number, (*name).to_owned())).collect()
}

#[apply(each_database)]
#[tokio::test]
async fn every_kind_of_change_keeps_the_former_revision_with_its_time_and_author(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let first = test.public("One", None).await;
    let id = first.id;
    test.later();
    let second = test.replaces(id, &draft("Two"), test.by(alice)).await;
    test.later();
    let patch = json!({"name": "Three"});
    let patch = RecipePatch::parse(patch.as_object().unwrap(), Scalars::Typed).unwrap();
    let precondition = Precondition::None;
    let command = PatchRecipe {
        id,
        patch,
        precondition,
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    };
    done(test.patch_recipe(command, test.by(bob)).await.unwrap());
    test.later();
    let import = RecipeImport {
        draft: draft("Four"),
        history: ImportedHistory::default(),
        uid: test.uid(),
        same: Some(id),
    };
    let batch = super::imports::batch(None, OnConflict::Update, vec![import]);
    test.import_recipes(batch, test.operator()).await.unwrap();
    test.later();
    let page = test.revisions(id, Page::default(), Viewer::Anyone).await.unwrap().unwrap();
    assert_eq!(page.before, None);
    let found: Vec<_> = page.rows.iter().map(|it| (it.recipe.revision, name_of(it), it.updated_by)).collect();
    let all = [(4, "Four", None), (3, "Three", Some(bob)), (2, "Two", Some(alice)), (1, "One", None)];
    assert_eq!(found, all.map(|(number, name, by)| (number, name.to_owned(), by)));
    assert_eq!((&page.rows[3].recipe, &page.rows[2].recipe), (&first, &second), "as they were answered");

    let restore = |revision| RestoreRevision {
        id,
        revision,
        precondition: Precondition::Revisions(vec![4]),
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    };
    assert_eq!(test.restore_revision(restore(9), test.by(bob)).await.unwrap(), Edit::NoSuchRevision);
    let restored = done(test.restore_revision(restore(1), test.by(bob)).await.unwrap());
    assert_eq!(restored.revision, 5);
    let again = test.restore_revision(restore(1), test.by(bob)).await.unwrap();
    assert!(matches!(again, Edit::Stale(_)), "{again:?}");
    assert_eq!(test.history(id, Viewer::Anyone).await[..2], named(&[(5, "One"), (4, "Four")]));
    let FoundRevision::Found(second_again) = test.revision(id, 2, Viewer::Anyone).await.unwrap() else {
        panic!()
    };
    assert_eq!(second_again, page.rows[2]);
    for absent in [0, 6, i64::MAX, -1] {
        let found = test.revision(id, absent, Viewer::Anyone).await.unwrap();
        assert_eq!(found, FoundRevision::NoSuchRevision, "{absent}");
    }
    let other = RecipeId::from_i64(99).unwrap();
    assert_eq!(test.revision(other, 1, Viewer::Admin).await.unwrap(), FoundRevision::NoSuchRecipe);
}

#[apply(each_database)]
#[tokio::test]
async fn private_past_of_a_public_recipe_is_read_by_its_owner_and_administrators(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let id = test.private("Secret", Some(alice)).await.id;
    assert_eq!(test.revisions(id, Page::default(), Viewer::User(bob)).await.unwrap(), None);
    test.replaces(id, &draft("Public"), test.by(alice)).await;
    test.replaces(id, &private_draft("Hidden"), test.by(alice)).await;
    test.replaces(id, &draft("Again"), test.by(alice)).await;
    let all = named(&[(4, "Again"), (3, "Hidden"), (2, "Public"), (1, "Secret")]);
    for viewer in [Viewer::User(alice), Viewer::Admin] {
        assert_eq!(test.history(id, viewer).await, all, "{viewer:?}");
    }
    for viewer in [Viewer::Anyone, Viewer::User(bob)] {
        assert_eq!(test.history(id, viewer).await, named(&[(4, "Again"), (2, "Public")]), "{viewer:?}");
        for private in [1, 3] {
            assert_eq!(test.revision(id, private, viewer).await.unwrap(), FoundRevision::NoSuchRevision);
        }
    }
    // Nor by restoring it into a recipe that they may change.
    let communal = test.public("Communal", None).await.id;
    test.replaces(communal, &private_draft("Hidden"), test.operator()).await;
    test.replaces(communal, &draft("Shown"), test.operator()).await;
    let restore = RestoreRevision {
        id: communal,
        revision: 2,
        precondition: Precondition::None,
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    };
    assert_eq!(test.restore_revision(restore, test.by(bob)).await.unwrap(), Edit::NoSuchRevision);
    // A recipe that is private now hides its public past, too.
    test.replaces(id, &private_draft("Private"), test.by(alice)).await;
    assert_eq!(test.revision(id, 2, Viewer::User(bob)).await.unwrap(), FoundRevision::NoSuchRecipe);
}

#[apply(each_database)]
#[tokio::test]
async fn history_is_bounded_and_can_be_off(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let id = test.public("1", Some(alice)).await.id;
    for number in 2..=6 {
        test.keeping(RevisionsKept(3), id, &draft(&number.to_string()), test.by(alice)).await;
    }
    let four = named(&[(6, "6"), (5, "5"), (4, "4"), (3, "3")]);
    assert_eq!(test.history(id, Viewer::Anyone).await, four);
    assert_eq!(test.usage(alice).await.unwrap().recipes, 1, "former revisions do not count");
    // Large ones: 1 MiB of text.
    let large = parse(&json!({
        "name": "Large", "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null, "ingredients": [],
        "instructions": vec!["x".repeat(4_000); 100],
    }));
    for _ in 0..5 {
        test.replaces(id, &large, test.by(alice)).await;
    }
    let numbers: Vec<_> = test.history(id, Viewer::Anyone).await.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers[0], 11);
    assert_eq!(test.sql("SELECT count(*) FROM revisions").await, Some(2));
    test.keeping(RevisionsKept::OFF, id, &draft("Off"), test.by(alice)).await;
    assert_eq!(test.history(id, Viewer::Anyone).await, named(&[(12, "Off")]));
}

#[apply(each_database)]
#[tokio::test]
async fn history_is_turned_in_pages_that_end_early_for_large_recipes(database: Database) {
    let test = TestStore::on(database).await;
    let id = test.public("1", None).await.id;
    let long = |number: usize| {
        parse(&json!({
            "name": number.to_string(), "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null,
            "ingredients": [], "instructions": vec!["x".repeat(1_000); 60],
        }))
    };
    for number in 2..=9 {
        test.replaces(id, &long(number), test.operator()).await;
    }
    for limit in [1, 2, 4, 100] {
        let (mut all, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = Page::new(after, limit).unwrap();
            let page = test.revisions(id, page, Viewer::Anyone).await.unwrap().unwrap();
            assert!(page.rows.len() <= limit.into());
            pages += 1;
            all.extend(page.rows.iter().map(|revision| revision.recipe.revision));
            let Some(before) = page.before else { break };
            after = all.last().copied();
            assert_eq!(Some(before.recipe.revision + 1), after);
        }
        assert_eq!(all, (1..=9).rev().collect::<Vec<_>>(), "{limit}");
        assert!(pages > 2, "{pages} pages of {limit}");
    }
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_edits_of_two_processes_leave_no_gap(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let ids = [test.public("0", Some(alice)).await.id, test.public("0", None).await.id];
    let other = test.opened_again().await;
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let store: Store = if task % 2 == 0 { test.store.clone() } else { other.clone() };
        let context = test.by(alice);
        tasks.spawn(async move {
            for round in 0..10 {
                let id = ids[usize::from(round % 2 == 0)];
                let name = format!("{task}-{round}");
                let (draft, precondition) = (draft(&name), Precondition::None);
                let command = ReplaceRecipe {
                    id,
                    draft,
                    precondition,
                    ownerless: Ownerless::Users,
                    quotas: Quotas::OFF,
                    revisions_kept: KEPT,
                };
                done(store.replace_recipe(command, context).await.unwrap());
            }
        });
    }
    tasks.join_all().await;
    for id in ids {
        let history = test.history(id, Viewer::Admin).await;
        let numbers: Vec<_> = history.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=41).rev().collect::<Vec<_>>());
        let mut names: Vec<_> = history.into_iter().map(|(_, name)| name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 41, "each edit is one revision");
    }
}

#[apply(each_database)]
#[tokio::test]
async fn deleted_account_leaves_neither_private_past_nor_its_number(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let id = test.private("Secret", Some(alice)).await.id;
    test.replaces(id, &draft("Public"), test.by(alice)).await;
    test.replaces(id, &draft("Now"), test.by(alice)).await;
    let private = test.private("Private", Some(alice)).await.id;
    test.replaces(private, &draft("Shown for a moment"), test.by(alice)).await;
    test.replaces(private, &private_draft("Private"), test.by(alice)).await;
    let communal = test.public("Bread", None).await.id;
    test.replaces(communal, &draft("Rye bread"), test.by(alice)).await;
    assert!(test.delete_user(alice, None, test.operator()).await.unwrap());
    while test.continue_deletion(test.now()).await.unwrap() {}

    // The release of the recipe made revision 4, with the content of 3.
    let page = test.revisions(id, Page::default(), Viewer::Admin).await.unwrap().unwrap();
    let found: Vec<_> = page.rows.iter().map(|it| (it.recipe.revision, name_of(it))).collect();
    assert_eq!(found, named(&[(4, "Now"), (2, "Public")]));
    for revision in &page.rows {
        assert_eq!((value(revision).get("ownerId"), revision.updated_by), (None, None));
    }
    assert_eq!(test.sql("SELECT count(*) FROM revisions").await, Some(2), "of Public and of Bread");
    let page = test.revisions(communal, Page::default(), Viewer::User(bob)).await.unwrap().unwrap();
    assert_eq!(page.rows[0].updated_by, None);
    let restore = RestoreRevision {
        id,
        revision: 2,
        precondition: Precondition::None,
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    };
    let restored = done(test.restore_revision(restore, test.by(bob)).await.unwrap());
    assert!(!json_of(&restored).contains("ownerId"), "{}", json_of(&restored));
}

#[apply(each_database)]
#[tokio::test]
async fn history_ends_with_the_recipe_also_for_other_programs(database: Database) {
    let test = TestStore::on(database).await;
    let ids = [test.public("Soup", None).await.id, test.public("Bread", None).await.id];
    for id in ids {
        test.replaces(id, &draft("Stew"), test.operator()).await;
    }
    test.delete_recipe(ids[0], Precondition::None, test.operator()).await.unwrap();
    assert_eq!(test.sql("SELECT count(*) FROM revisions").await, Some(1));
    test.sql(&format!("DELETE FROM recipes WHERE id = {}", ids[1])).await;
    assert_eq!(test.sql("SELECT count(*) FROM revisions").await, Some(0));
}

#[apply(each_database)]
#[tokio::test]
async fn export_has_the_former_revisions_of_their_owner(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let root = UserChange { role: Some(Role::Admin), access: None };
    test.administer(bob, root, test.operator()).await.unwrap();
    let mut expected = Vec::new();
    for name in ["Soup", "Bread"] {
        let id = test.public(name, Some(alice)).await.id;
        for number in 1..=20 {
            test.replaces(id, &draft(&format!("{name} {number}")), test.by(bob)).await;
            expected.push((id, number));
        }
    }
    let others = test.public("Salad", Some(bob)).await.id;
    test.replaces(others, &draft("Green salad"), test.by(bob)).await;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let rows = test.former_revisions_of(alice, after).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = Some((last.id, last.revision));
        found.extend(rows.iter().map(|row| (row.id, row.revision)));
    }
    assert_eq!(found, expected);
}
