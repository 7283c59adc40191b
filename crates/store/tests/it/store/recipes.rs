//! Recipes: who sees them, who changes them, and that nothing of them is lost.

use std::time::Duration;

use ::recipes::{Draft, Quotas};
use accounts::Name;
use ids::RecipeId;
use rstest_reuse::apply;
use serde_json::{Value, json};
use store::{Context, Edit, NewRecipe, Ownerless, Page, Precondition, ReplaceRecipe, UpdateProfile, Viewer};
use tokio::task::JoinSet;

use super::{Database, KEPT, TestStore, draft, each_database, json_of, jsons, parse, private_draft};

fn replacing(id: RecipeId, draft: Draft, precondition: Precondition) -> ReplaceRecipe {
    ReplaceRecipe {
        id,
        draft,
        precondition,
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    }
}

fn revision_of_stale<T>(edit: &Edit<T>) -> Option<i64> {
    if let Edit::Stale(current) = edit { Some(current.revision) } else { None }
}

#[apply(each_database)]
#[tokio::test]
async fn a_recipe_comes_back_as_it_was_answered(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let uid = test.uid();
    let stored =
        test.create_recipe(NewRecipe::new(&draft("Soup"), uid, Some(alice.id)), test.operator()).await;
    let stored = stored.unwrap();
    assert_eq!((stored.id.get(), stored.revision, stored.updated_at), (1, 1, test.now()));
    assert_eq!(
        json_of(&stored),
        format!(
            "{{\"id\":1,\"name\":\"Soup\",\"healthLabels\":[],\"cookTimeMinutes\":60,\"prepTimeMinutes\":null,\
             \"ingredients\":[\"salt\"],\"ownerId\":1,\"uid\":\"{uid}\",\"revision\":1,\
             \"createdAt\":\"2024-05-01T12:00:00Z\",\"updatedAt\":\"2024-05-01T12:00:00Z\"}}"
        )
    );
    assert_eq!(test.recipe(stored.id, Viewer::Anyone).await.unwrap(), Some(stored.clone()));
    let listing = test.recipes(Page::default(), Viewer::Anyone, Vec::new()).await.unwrap();
    assert_eq!(jsons(&listing.rows), [json_of(&stored)]);
    assert_eq!(listing.next, None);
}

#[apply(each_database)]
#[tokio::test]
async fn an_empty_list_is_a_list(database: Database) {
    let listing =
        TestStore::on(database).await.recipes(Page::default(), Viewer::Anyone, Vec::new()).await.unwrap();
    assert!(listing.rows.is_empty() && listing.next.is_none());
}

#[apply(each_database)]
#[tokio::test]
async fn a_private_recipe_exists_for_its_owner_and_for_admins_only(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let secret = test.private("Secret", Some(alice)).await.id;
    let open = test.public("Open", Some(alice)).await.id;

    for viewer in [Viewer::Anyone, Viewer::User(bob)] {
        assert_eq!(test.recipe(secret, viewer).await.unwrap(), None);
        assert_eq!(test.ids(viewer, 10).await, [open.get()]);
        assert_eq!(test.count_recipes(viewer).await.unwrap(), 1);
    }
    for viewer in [Viewer::User(alice), Viewer::Admin] {
        assert!(test.recipe(secret, viewer).await.unwrap().is_some());
        assert_eq!(test.ids(viewer, 10).await, [secret.get(), open.get()]);
        assert_eq!(test.count_recipes(viewer).await.unwrap(), 2);
    }
    let bob = test.by(bob);
    let replaced = test.replace_recipe(replacing(secret, draft("Mine"), Precondition::None), bob).await;
    assert_eq!(replaced.unwrap(), Edit::NotFound);
    // Not even whether the revision is right can be found out.
    let guess = Precondition::Revisions(vec![9]);
    assert_eq!(test.delete_recipe(secret, guess, bob).await.unwrap(), Edit::NotFound);
    assert!(test.recipe(secret, Viewer::User(alice)).await.unwrap().is_some());
}

#[apply(each_database)]
#[tokio::test]
async fn a_private_recipe_without_an_owner_is_there_for_admins_only(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let lost = test.private("Lost", None).await.id;
    assert_eq!(test.recipe(lost, Viewer::User(alice)).await.unwrap(), None);
    let alice = test.by(alice);
    let deleted = test.delete_recipe(lost, Precondition::None, alice).await.unwrap();
    assert_eq!(deleted, Edit::NotFound);
    let deleted = test.delete_recipe(lost, Precondition::None, test.operator()).await.unwrap();
    assert_eq!(deleted, Edit::Done(()));
}

#[apply(each_database)]
#[tokio::test]
async fn a_recipe_is_changed_by_its_owner_and_by_admins_and_forbidden_to_others(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let before = test.public("Soup", Some(alice)).await;
    let id = before.id;
    let later = test.later();

    let by_bob = test.replace_recipe(replacing(id, draft("Bob's"), Precondition::None), test.by(bob)).await;
    assert_eq!(by_bob.unwrap(), Edit::Forbidden);
    let by_bob = test.delete_recipe(id, Precondition::None, test.by(bob)).await.unwrap();
    assert_eq!(by_bob, Edit::Forbidden);
    assert_eq!(test.recipe(id, Viewer::Anyone).await.unwrap(), Some(before.clone()));

    for (editor, name, revision) in [(test.by(alice), "Stew", 2), (test.operator(), "Broth", 3)] {
        let edit = test.replace_recipe(replacing(id, draft(name), Precondition::None), editor).await.unwrap();
        let Edit::Done(after) = edit else { panic!("{edit:?}") };
        assert_eq!((after.id, after.revision, after.updated_at), (id, revision, later));
        let (mut want, got): (Value, Value) = (
            serde_json::from_str(&json_of(&before)).unwrap(),
            serde_json::from_str(&json_of(&after)).unwrap(),
        );
        want["name"] = json!(name);
        want["revision"] = json!(revision);
        want["updatedAt"] = json!(later.to_string());
        assert_eq!(got, want, "owner, uid and createdAt stay");
        assert_eq!(test.recipe(id, Viewer::Anyone).await.unwrap(), Some(after));
    }
    let deleted = test.delete_recipe(id, Precondition::None, test.by(alice)).await.unwrap();
    assert_eq!(deleted, Edit::Done(()));
    let again = test.delete_recipe(id, Precondition::None, test.by(alice)).await.unwrap();
    assert_eq!(again, Edit::NotFound);
}

#[apply(each_database)]
#[tokio::test]
async fn a_communal_recipe_is_every_users_to_change_but_not_to_hide(database: Database) {
    let test = TestStore::on(database).await;
    let bob = test.by(test.user("bob").await.id);
    let id = test.public("Soup", None).await.id;
    let edit = test.replace_recipe(replacing(id, draft("Stew"), Precondition::None), bob).await.unwrap();
    assert!(matches!(edit, Edit::Done(after) if after.revision == 2 && !json_of(&after).contains("ownerId")));
    let hidden =
        test.replace_recipe(replacing(id, private_draft("Stew"), Precondition::None), bob).await.unwrap();
    assert_eq!(hidden, Edit::Forbidden);
    let hidden =
        test.replace_recipe(replacing(id, private_draft("Stew"), Precondition::None), test.operator()).await;
    assert!(matches!(hidden.unwrap(), Edit::Done(_)));
    let other = test.public("Bread", None).await.id;
    assert_eq!(test.delete_recipe(other, Precondition::None, bob).await.unwrap(), Edit::Done(()));
}

#[apply(each_database)]
#[tokio::test]
async fn visibility_can_be_changed_both_ways(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let id = test.public("Soup", Some(alice)).await.id;
    for (draft, visible) in [(private_draft("Soup"), false), (draft("Soup"), true)] {
        let edit =
            test.replace_recipe(replacing(id, draft.clone(), Precondition::None), test.by(alice)).await;
        assert!(matches!(edit.unwrap(), Edit::Done(_)));
        assert_eq!(test.recipe(id, Viewer::Anyone).await.unwrap().is_some(), visible);
        assert_eq!(test.count_recipes(Viewer::Anyone).await.unwrap(), u64::from(visible));
    }
}

#[apply(each_database)]
#[tokio::test]
async fn a_change_to_another_revision_than_demanded_does_not_happen(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.by(test.user("alice").await.id);
    let id = test.public("Soup", None).await.id;
    let revisions = |revisions: &[i64]| Precondition::Revisions(revisions.to_vec());

    for wrong in [revisions(&[]), revisions(&[2]), revisions(&[0, 7])] {
        let edit = test.replace_recipe(replacing(id, draft("Stew"), wrong.clone()), alice).await.unwrap();
        assert_eq!(revision_of_stale(&edit), Some(1));
        let edit = test.delete_recipe(id, wrong, alice).await.unwrap();
        assert_eq!(revision_of_stale(&edit), Some(1));
    }
    let edit = test.replace_recipe(replacing(id, draft("Stew"), revisions(&[7, 1])), alice).await.unwrap();
    assert!(matches!(edit, Edit::Done(_)));
    let edit = test.delete_recipe(id, revisions(&[1]), alice).await.unwrap();
    let Edit::Stale(current) = edit else { panic!("{edit:?}") };
    assert_eq!(Some(*current), test.recipe(id, Viewer::Anyone).await.unwrap());
    assert_eq!(test.delete_recipe(id, revisions(&[2]), alice).await.unwrap(), Edit::Done(()));
}

#[apply(each_database)]
#[tokio::test]
async fn a_change_of_what_was_changed_since_a_time_does_not_happen(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let id = test.public("Soup", None).await.id;
    let changed = test.now();
    let next_second = Precondition::UnchangedSince(changed + Duration::from_secs(1));

    for since in [changed, changed - Duration::from_secs(1)].map(Precondition::UnchangedSince) {
        let edit = test.replace_recipe(replacing(id, draft("Stew"), since.clone()), test.by(alice)).await;
        assert_eq!(revision_of_stale(&edit.unwrap()), Some(1), "{since:?}");
        let edit = test.delete_recipe(id, since.clone(), test.by(alice)).await.unwrap();
        assert_eq!(revision_of_stale(&edit), Some(1), "{since:?}");
        let edit = test.bin_recipe(id, since.clone(), test.by(alice)).await.unwrap();
        assert_eq!(revision_of_stale(&edit), Some(1), "{since:?}");
        let edit = test.check_edit(id, &since.clone().into(), test.by(alice)).await.unwrap();
        assert_eq!(revision_of_stale(&edit), Some(1), "{since:?}");
    }
    let later = test.later();
    let edit = test.replace_recipe(replacing(id, draft("Stew"), next_second.clone()), test.by(alice)).await;
    assert!(matches!(edit.unwrap(), Edit::Done(after) if after.updated_at == later));
    let edit = test.replace_recipe(replacing(id, draft("Lost"), next_second), test.by(alice)).await.unwrap();
    assert_eq!(revision_of_stale(&edit), Some(2));
    let now = Precondition::UnchangedSince(later + Duration::from_secs(1));
    let both = Precondition::All(vec![now.clone(), Precondition::NotRevisions(vec![2])]);
    let edit = test.delete_recipe(id, both, test.by(alice)).await.unwrap();
    assert_eq!(revision_of_stale(&edit), Some(2));
    assert_eq!(test.delete_recipe(id, now, test.by(alice)).await.unwrap(), Edit::Done(()));
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_100_concurrent_changes_to_a_revision_succeeds(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.by(test.user("alice").await.id);
    let id = test.public("Soup", None).await.id;
    let mut tasks = JoinSet::new();
    for n in 0..100 {
        let (store, draft) = (test.store.clone(), draft(&format!("Soup {n}")));
        tasks.spawn(async move {
            store
                .replace_recipe(replacing(id, draft.clone(), Precondition::Revisions(vec![1])), alice)
                .await
                .unwrap()
        });
    }
    let edits = tasks.join_all().await;
    assert_eq!(edits.iter().filter(|edit| matches!(edit, Edit::Done(_))).count(), 1);
    assert_eq!(edits.iter().filter(|edit| revision_of_stale(edit) == Some(2)).count(), 99);
}

#[apply(each_database)]
#[tokio::test]
async fn absent_recipe_cannot_be_changed(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.by(test.user("alice").await.id);
    let id = RecipeId::from_i64(i64::MAX).unwrap();
    let edit = test.replace_recipe(replacing(id, draft("Soup"), Precondition::None), alice).await;
    assert_eq!(edit.unwrap(), Edit::NotFound);
    let edit = test.delete_recipe(id, Precondition::Revisions(vec![]), alice).await.unwrap();
    assert_eq!(edit, Edit::NotFound);
    assert_eq!(test.recipe(id, Viewer::Admin).await.unwrap(), None);
    assert!(test.ids(Viewer::Anyone, 1).await.is_empty());
}

#[apply(each_database)]
#[tokio::test]
async fn an_id_is_not_given_out_again_even_after_a_restart(database: Database) {
    let test = TestStore::on(database).await;
    for name in ["one", "two", "three"] {
        test.public(name, None).await;
    }
    let newest = RecipeId::from_i64(3).unwrap();
    test.delete_recipe(newest, Precondition::None, test.operator()).await.unwrap();
    assert_eq!(test.public("four", None).await.id.get(), 4);
    test.delete_recipe(RecipeId::from_i64(4).unwrap(), Precondition::None, test.operator()).await.unwrap();
    test.close().await;
    let new = NewRecipe::new(&draft("five"), test.uid(), None);
    let five = test.opened_again().await.create_recipe(new, test.operator()).await.unwrap();
    assert_eq!(five.id.get(), 5);
}

#[apply(each_database)]
#[tokio::test]
async fn every_page_is_right_however_recipes_lie_for_every_viewer(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let (mut public, mut of_alice, mut of_bob, mut all) = (vec![], vec![], vec![], vec![]);
    let mut add = async |count: usize, kind: usize| {
        for _ in 0..count {
            let id = match kind {
                0 => test.public("Open", Some(alice)).await.id.get(),
                1 => test.private("Alice's", Some(alice)).await.id.get(),
                2 => test.private("Bob's", Some(bob)).await.id.get(),
                _ => {
                    let gone = test.public("Gone", None).await.id;
                    test.delete_recipe(gone, Precondition::None, test.operator()).await.unwrap();
                    continue;
                }
            };
            let seen = [kind == 0, kind < 2, kind == 0 || kind == 2, true];
            for (list, seen) in [&mut public, &mut of_alice, &mut of_bob, &mut all].into_iter().zip(seen) {
                if seen {
                    list.push(id);
                }
            }
        }
    };
    // Side by side, scattered, and with gaps wider than any of the pages below.
    for (count, kind) in [(5, 0), (30, 1), (1, 0), (30, 2), (2, 1), (30, 3), (4, 0), (1, 2), (1, 0), (40, 1)]
    {
        add(count, kind).await;
    }
    for limit in [1, 2, 3, 5, 10, 11, 12, 100, 101, 1000] {
        assert_eq!(test.ids(Viewer::Anyone, limit).await, public, "{limit}");
        assert_eq!(test.ids(Viewer::User(alice), limit).await, of_alice, "{limit}");
        assert_eq!(test.ids(Viewer::User(bob), limit).await, of_bob, "{limit}");
        assert_eq!(test.ids(Viewer::Admin, limit).await, all, "{limit}");
    }
    for (viewer, ids) in [(Viewer::Anyone, &public), (Viewer::User(alice), &of_alice), (Viewer::Admin, &all)]
    {
        assert_eq!(test.count_recipes(viewer).await.unwrap(), u64::try_from(ids.len()).unwrap());
    }
}

#[apply(each_database)]
#[tokio::test]
async fn pages_of_very_large_recipes_end_early_and_lose_nothing(database: Database) {
    let test = TestStore::on(database).await;
    let large: Draft = parse(&json!({
        "name": "Large", "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null, "ingredients": [],
        "instructions": vec!["x".repeat(4_000); 60],
    }));
    for _ in 0..40 {
        let new = NewRecipe::new(&large, test.uid(), None);
        test.create_recipe(new, test.operator()).await.unwrap();
    }
    let listing = test.recipes(Page::default(), Viewer::Anyone, Vec::new()).await.unwrap();
    assert!(listing.rows.json_len() < 5 << 20, "{}", listing.rows.json_len());
    assert!(listing.next.is_some());
    assert_eq!(test.ids(Viewer::Anyone, 1000).await, (1..=40).collect::<Vec<_>>());
}

#[apply(each_database)]
#[tokio::test]
async fn change_after_the_clock_was_set_back_is_not_before_the_last_one(database: Database) {
    let test = TestStore::on(database).await;
    let recipe = test.public("Soup", None).await;
    let past = test.now() - Duration::from_hours(2);
    let command = replacing(recipe.id, draft("Bread"), Precondition::None);
    let Edit::Done(changed) = test.replace_recipe(command, Context::operator(past)).await.unwrap() else {
        panic!()
    };
    // A whole second, so that Last-Modified differs.
    assert_eq!(changed.updated_at, recipe.updated_at + Duration::from_secs(1));
    assert!(json_of(&changed).contains(&changed.updated_at.to_string()));

    let user = test.user("alice").await;
    let update = UpdateProfile { user: user.id, name: Some(Name::parse("Al").unwrap()), email: None };
    let renamed = test.update_profile(update, Context::operator(past)).await.unwrap().unwrap();
    assert_eq!(renamed.updated_at, user.updated_at);
}

#[apply(each_database)]
#[tokio::test]
async fn pages_of_an_export_are_small_in_bytes(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let long = parse(&json!({
        "name": "Long", "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": null, "ingredients": ["salt"],
        "instructions": vec!["x".repeat(4_000); 25],
    }));
    for _ in 0..7 {
        test.create_recipe(NewRecipe::new(&long, test.uid(), Some(alice)), test.by(alice)).await.unwrap();
    }
    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let listing = test.recipes_of(alice, Page::new(after, 1_000).unwrap()).await.unwrap();
        pages.push(listing.rows.len());
        after = listing.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, [1; 7], "128 KiB, and 100 KB each");
}
