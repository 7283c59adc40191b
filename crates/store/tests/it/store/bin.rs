//! The bin: a deleted recipe is nowhere else, and comes back as it was.

use std::time::Duration;

use ::recipes::{Quota, Quotas};
use accounts::{Role, TokenDigest, UserChange};
use ids::{CookedId, RecipeId, UserId};
use jiff::civil::date;
use rstest_reuse::apply;
use store::{
    BinEdit, BinKey, Cooked, Edit, Favoured, FoundRevision, Listed, NewRecipe, Noted, Ownerless, Page,
    PlanEntry, Planned, Precondition, ReplaceRecipe, StoreError, Viewer,
};

use super::{Database, KEPT, TestStore, draft, each_database};

impl TestStore {
    async fn bins(&self, id: RecipeId, user: UserId) {
        assert_eq!(self.bin_recipe(id, Precondition::None, self.by(user)).await.unwrap(), Edit::Done(()));
    }

    /// The names in the bin, as this viewer turns its pages.
    async fn binned(&self, viewer: Viewer, limit: u16) -> Vec<String> {
        let (mut names, mut after): (_, Option<BinKey>) = (Vec::new(), None);
        loop {
            let page = self.bin(Page::new(after, limit).unwrap(), viewer, Ownerless::Users).await.unwrap();
            names.extend(page.rows.into_iter().map(|recipe| recipe.name));
            let Some(next) = page.next else { return names };
            after = Some(next);
        }
    }
}

#[apply(each_database)]
#[tokio::test]
async fn recipe_comes_back_as_it_was_with_its_history_and_what_users_keep_about_it(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let id = test.public("Soup", Some(alice)).await.id;
    let command = ReplaceRecipe {
        id,
        draft: draft("Stew"),
        precondition: Precondition::None,
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    };
    test.replace_recipe(command, test.by(alice)).await.unwrap();
    let before = test.recipe(id, Viewer::Anyone).await.unwrap();
    let usage = test.usage(alice).await.unwrap();
    let added = test.add_favourite(id, *test.uid().as_bytes(), test.by(bob)).await.unwrap();
    assert_eq!(added, Favoured::Done);
    let cooked = Cooked {
        id: CookedId::new(test.now(), test.entropy.bytes()),
        recipe: id,
        on: date(2024, 5, 1),
        note: Some("x".to_owned()),
    };
    assert_eq!(test.add_cooked(cooked.clone(), test.by(bob)).await.unwrap(), Noted::Done);

    for _ in 0..2 {
        let position = test.recipe_changes(None).await.unwrap().position;
        test.later();
        test.bins(id, alice).await;
        assert_eq!(test.recipe_changes(Some(&position)).await.unwrap().ids, Some(vec![id]));
        assert_eq!(test.recipe(id, Viewer::Admin).await.unwrap(), None);
        assert_eq!(test.ids(Viewer::Admin, 10).await, [0_i64; 0]);
        assert_eq!(test.revision(id, 1, Viewer::Admin).await.unwrap(), FoundRevision::NoSuchRecipe);
        assert_eq!(test.count_recipes(Viewer::Admin).await.unwrap(), 0);
        assert_eq!(test.usage(alice).await.unwrap().recipes, 0);
        assert_eq!(test.favourites(bob).await.unwrap().len(), 1, "for the export of the account");
        let again = test.bin_recipe(id, Precondition::None, test.by(alice)).await.unwrap();
        assert_eq!(again, Edit::NotFound);
        let page = test.bin(Page::default(), Viewer::User(alice), Ownerless::Users).await.unwrap().rows;
        assert_eq!((page.len(), page[0].id, page[0].deleted_at), (1, id, test.now()));
        assert_eq!((page[0].owner, page[0].deleted_by), (Some(alice), Some(alice)));

        let position = test.recipe_changes(None).await.unwrap().position;
        let restored = test.restore_binned(id, Ownerless::Users, Quotas::OFF, test.by(alice)).await.unwrap();
        assert_eq!(restored, BinEdit::Done(before.clone().unwrap()));
        assert_eq!(test.recipe_changes(Some(&position)).await.unwrap().ids, Some(vec![id]));
        assert_eq!(test.recipe(id, Viewer::Anyone).await.unwrap(), before);
        assert_eq!(test.usage(alice).await.unwrap(), usage);
        assert_eq!(test.binned(Viewer::Admin, 10).await, [""; 0]);
        assert!(matches!(test.revision(id, 1, Viewer::Anyone).await.unwrap(), FoundRevision::Found(_)));
        assert_eq!(test.favourites(bob).await.unwrap().len(), 1);
        assert_eq!(test.cooked(bob, None).await.unwrap(), std::slice::from_ref(&cooked));
    }
    let new = test.public("New", None).await;
    assert_eq!(new.id.get(), id.get() + 1);
}

#[apply(each_database)]
#[tokio::test]
async fn plans_links_and_shopping_lists_keep_a_recipe_that_is_in_the_bin(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let soup = test.private("Soup", Some(alice)).await.id;
    let (first, second, last) = (date(2024, 5, 1), date(2024, 5, 2), date(2024, 5, 3));
    let entry = test.planned_on(first, Some(soup), "for two");
    assert_eq!(test.plans(alice, &[], vec![entry.clone()]).await, Planned::Done);
    test.share(alice, bob).await;
    test.shares_recipe(soup, alice, "a").await;
    assert_eq!(test.lists_from(alice, Some("recipe 1 4"), &["Salt"]).await, Listed::Done);
    let shown = async || {
        let shown = test.shared_recipe(TokenDigest::of(b"a"), test.now()).await.unwrap();
        shown.map(|recipe| recipe.id)
    };
    let planned = async |user: UserId| test.plan(user, first, last).await.unwrap();
    let restore = async || {
        let restored =
            test.restore_binned(soup, Ownerless::Users, Quotas::OFF, test.by(alice)).await.unwrap();
        assert!(matches!(restored, BinEdit::Done(_)), "{restored:?}");
    };
    let links = test.shares_of(alice).await.unwrap();
    assert_eq!(links.len(), 1);
    for _ in 0..2 {
        test.bins(soup, alice).await;
        assert_eq!(shown().await, None, "a link to a recipe in the bin shows nothing");
        assert_eq!(test.shares_of(alice).await.unwrap(), links, "for the export of the account");
        let named = PlanEntry { binned_name: Some("Soup".to_owned()), ..entry.clone() };
        assert_eq!(planned(alice).await, [named]);
        assert_eq!(planned(bob).await, std::slice::from_ref(&entry), "he could not read its name before");
        restore().await;
        assert_eq!(shown().await, Some(soup));
        assert_eq!(test.shares_of(alice).await.unwrap(), links);
        assert_eq!(planned(alice).await, std::slice::from_ref(&entry));
        assert_eq!(test.lists_from(alice, Some("recipe 1 4"), &["Salt"]).await, Listed::Before);
    }

    // A day is written again as it was read.
    test.bins(soup, alice).await;
    let moved = test.planned_on(second, Some(soup), "");
    assert_eq!(test.plans(bob, &[first], vec![moved.clone()]).await, Planned::Done);
    restore().await;
    assert_eq!(planned(alice).await, std::slice::from_ref(&moved));

    test.bins(soup, alice).await;
    assert_eq!(test.delete_binned(soup, Ownerless::Users, test.by(alice)).await.unwrap(), BinEdit::Done(()));
    assert_eq!(planned(alice).await, [PlanEntry { recipe: None, ..moved }]);
    for table in ["binned_plan_entries", "shares", "binned_shares"] {
        assert_eq!(test.sql(&format!("SELECT count(*) FROM {table}")).await, Some(0), "{table}");
    }
    let entries = vec![test.planned_on(last, Some(soup), "")];
    assert_eq!(test.plans(bob, &[], entries).await, Planned::NoSuchRecipe(soup));
}

#[apply(each_database)]
#[tokio::test]
async fn each_user_sees_the_own_and_the_communal_recipes_the_newest_first(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    for (name, owner, is_private) in [
        ("Alice's", Some(alice), false),
        ("Bob's", Some(bob), false),
        ("Alice's secret", Some(alice), true),
        ("Ownerless", None, false),
        ("Hidden", None, true),
    ] {
        let recipe =
            if is_private { test.private(name, owner).await } else { test.public(name, owner).await };
        test.bin_recipe(recipe.id, Precondition::None, test.operator()).await.unwrap();
        test.later();
    }
    // At the same time.
    let [one, two] = [test.public("One", Some(alice)).await.id, test.public("Two", None).await.id];
    test.bins(one, alice).await;
    test.bins(two, bob).await;
    for limit in [1, 2, 10] {
        let of_alice = ["Two", "One", "Ownerless", "Alice's secret", "Alice's"];
        assert_eq!(test.binned(Viewer::User(alice), limit).await, of_alice);
        assert_eq!(test.binned(Viewer::User(bob), limit).await, ["Two", "Ownerless", "Bob's"]);
        let all = ["Two", "One", "Hidden", "Ownerless", "Alice's secret", "Bob's", "Alice's"];
        assert_eq!(test.binned(Viewer::Admin, limit).await, all);
        assert_eq!(test.binned(Viewer::Anyone, limit).await, [""; 0]);
    }
    let exported = test.bin_of(alice, None).await.unwrap().rows;
    let names: Vec<_> = exported.iter().map(|(binned, _)| binned.name.as_str()).collect();
    assert_eq!(names, ["One", "Alice's secret", "Alice's"]);
    assert!(super::json_of(&exported[0].1).contains(r#""name":"One""#));
}

#[apply(each_database)]
#[tokio::test]
async fn only_those_who_could_change_a_recipe_take_it_out_of_the_bin(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob, root) =
        (test.user("alice").await.id, test.user("bob").await.id, test.user("root").await.id);
    let admin = UserChange { role: Some(Role::Admin), access: None };
    test.administer(root, admin, test.operator()).await.unwrap();
    let own = test.public("Soup", Some(alice)).await.id;
    let refused = test.bin_recipe(own, Precondition::None, test.by(bob)).await.unwrap();
    assert_eq!(refused, Edit::Forbidden);
    let stale = test.bin_recipe(own, Precondition::Revisions(vec![2]), test.by(alice)).await.unwrap();
    assert!(matches!(stale, Edit::Stale(_)), "{stale:?}");
    test.bins(own, alice).await;
    assert_eq!(
        test.restore_binned(own, Ownerless::Users, Quotas::OFF, test.by(bob)).await.unwrap(),
        BinEdit::NotFound
    );
    assert_eq!(test.delete_binned(own, Ownerless::Users, test.by(bob)).await.unwrap(), BinEdit::NotFound);
    let restored = test.restore_binned(own, Ownerless::Users, Quotas::OFF, test.by(root)).await.unwrap();
    assert!(matches!(restored, BinEdit::Done(_)), "{restored:?}");
    assert_eq!(
        test.restore_binned(own, Ownerless::Users, Quotas::OFF, test.by(alice)).await.unwrap(),
        BinEdit::NotFound
    );
    test.bins(own, alice).await;
    assert_eq!(test.delete_binned(own, Ownerless::Users, test.by(alice)).await.unwrap(), BinEdit::Done(()));
    assert_eq!(test.delete_binned(own, Ownerless::Users, test.by(alice)).await.unwrap(), BinEdit::NotFound);

    let communal = test.public("Bread", None).await.id;
    test.bins(communal, alice).await;
    assert_eq!(
        test.delete_binned(communal, Ownerless::Users, test.by(bob)).await.unwrap(),
        BinEdit::Forbidden
    );
    let restored = test.restore_binned(communal, Ownerless::Users, Quotas::OFF, test.by(bob)).await.unwrap();
    assert!(matches!(restored, BinEdit::Done(_)), "{restored:?}");
    test.bins(communal, bob).await;
    assert_eq!(
        test.delete_binned(communal, Ownerless::Users, test.by(root)).await.unwrap(),
        BinEdit::Done(())
    );
    assert_eq!(test.sql("SELECT count(*) FROM bin").await, Some(0));
}

#[apply(each_database)]
#[tokio::test]
async fn restoring_keeps_quotas_and_the_uniqueness_of_uids(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let uid = test.uid();
    let new = |name: &str, uid| NewRecipe::new(&draft(name), uid, Some(alice));
    let first = test.create_recipe(new("Soup", uid), test.by(alice)).await.unwrap().id;
    test.bins(first, alice).await;
    let second = test.create_recipe(new("Imported again", uid), test.by(alice)).await.unwrap().id;
    assert_ne!(first, second);
    let restore = async |quotas| test.restore_binned(first, Ownerless::Users, quotas, test.by(alice)).await;
    assert_eq!(restore(Quotas::OFF).await.unwrap(), BinEdit::UidTaken);
    test.delete_recipe(second, Precondition::None, test.by(alice)).await.unwrap();
    test.create_recipe(new("Bread", test.uid()), test.by(alice)).await.unwrap();
    let one = Quotas { recipes: Quota(Some(1)), ..Quotas::OFF };
    let refused = restore(one).await;
    assert!(matches!(refused, Err(StoreError::QuotaExceeded { .. })), "{refused:?}");
    assert_eq!(test.usage(alice).await.unwrap().recipes, 1);
    assert!(matches!(restore(Quotas { recipes: Quota(Some(2)), ..one }).await, Ok(BinEdit::Done(_))));
    assert_eq!(test.usage(alice).await.unwrap().recipes, 2);
}

#[apply(each_database)]
#[tokio::test]
async fn bin_is_emptied_after_its_time_with_all_that_belongs_to_the_recipes(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    for number in 0..20 {
        let id = test.public(&number.to_string(), Some(alice)).await.id;
        let command = ReplaceRecipe {
            id,
            draft: draft("Stew"),
            precondition: Precondition::None,
            ownerless: Ownerless::Users,
            quotas: Quotas::OFF,
            revisions_kept: KEPT,
        };
        test.replace_recipe(command, test.by(alice)).await.unwrap();
        test.add_favourite(id, *test.uid().as_bytes(), test.by(alice)).await.unwrap();
        test.bins(id, alice).await;
    }
    let until = test.now();
    test.clock.advance(Duration::from_secs(1));
    let kept = test.public("Kept", Some(alice)).await.id;
    test.bins(kept, alice).await;
    assert_eq!(test.empty_bin(until - Duration::from_micros(1)).await.unwrap(), 0);
    let mut emptied = 0;
    loop {
        match test.empty_bin(until).await.unwrap() {
            0 => break,
            more => emptied += more,
        }
    }
    assert_eq!(emptied, 20);
    assert_eq!(test.binned(Viewer::Admin, 10).await, ["Kept"]);
    for table in ["revisions", "binned_favourites"] {
        assert_eq!(test.sql(&format!("SELECT count(*) FROM {table}")).await, Some(0), "{table}");
    }
}

#[apply(each_database)]
#[tokio::test]
async fn bin_of_an_owner_is_bounded(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let time = if test.url.file().is_some() { "0" } else { "timestamptz '2024-04-01 12:00:00+00'" };
    let numbers = if test.url.file().is_some() {
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000)"
    } else {
        "WITH numbers AS (SELECT generate_series(1, 1000) AS n)"
    };
    let private = if test.url.file().is_some() { "0" } else { "false" };
    let insert = format!(
        "{numbers} INSERT INTO bin (id, uid, owner_id, private, revision, created_at, updated_at, deleted_at, name, document)
         SELECT n + 1000, CAST(n AS text), {}, {private}, 1, {time}, {time}, {time}, CAST(n AS text), '' FROM numbers",
        alice.get()
    );
    test.sql_all(&insert).await;
    let id = test.public("Newest", Some(alice)).await.id;
    test.bins(id, alice).await;
    assert_eq!(test.sql("SELECT count(*) FROM bin").await, Some(1000));
    assert_eq!(test.sql("SELECT count(*) FROM bin WHERE name = '1'").await, Some(0), "the oldest left it");
    assert_eq!(test.binned(Viewer::User(alice), 1000).await[0], "Newest");
}

#[apply(each_database)]
#[tokio::test]
async fn bin_of_a_deleted_account_is_empty(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let (own, of_bob) = (test.public("Soup", Some(alice)).await.id, test.public("Stew", Some(bob)).await.id);
    test.add_favourite(of_bob, *test.uid().as_bytes(), test.by(alice)).await.unwrap();
    test.bins(own, alice).await;
    test.bins(of_bob, bob).await;
    assert!(test.delete_user(alice, None, test.operator()).await.unwrap());
    while test.continue_deletion(test.now()).await.unwrap() {}
    assert_eq!(test.binned(Viewer::Admin, 10).await, ["Stew"]);
    assert_eq!(test.sql("SELECT count(*) FROM binned_favourites").await, Some(0));
}
