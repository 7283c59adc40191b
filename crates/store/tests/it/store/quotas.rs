//! Quotas hold for every write, whatever is written at the same time.

use ::recipes::{Quota, Quotas, Usage};
use accounts::{Role, UserChange};
use ids::UserId;
use rstest_reuse::apply;
use store::{Edit, NewRecipe, Ownerless, Precondition, ReplaceRecipe, StoreError};
use tokio::task::JoinSet;

use super::{Database, KEPT, TestStore, draft, each_database, private_draft};

const TEN: Quotas = Quotas { recipes: Quota(Some(10)), ..Quotas::OFF };

fn is_exceeded<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::QuotaExceeded { .. }))
}

/// The usage as the rows themselves say it.
async fn counted(test: &TestStore, owner: UserId) -> Usage {
    let number = async |what: &str| {
        let sql = format!("SELECT CAST({what} AS bigint) FROM recipes WHERE owner_id = {}", owner.get());
        test.sql(&sql).await.unwrap().unsigned_abs()
    };
    Usage {
        recipes: number("count(*)").await,
        bytes: number("coalesce(sum(octet_length(document)), 0)").await,
    }
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn quota_holds_for_concurrent_writes_of_two_processes(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let other = test.opened_again().await;
    let mut tasks = JoinSet::new();
    for n in 0..40 {
        let store = if n % 2 == 0 { test.store.clone() } else { other.clone() };
        let new = NewRecipe::new(&draft("Soup"), test.uid(), Some(alice)).within(TEN);
        let context = test.by(alice);
        tasks.spawn(async move { store.create_recipe(new, context).await });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10);
    assert!(outcomes.iter().all(|outcome| outcome.is_ok() || is_exceeded(outcome)), "{outcomes:?}");
    assert_eq!(test.usage(alice).await.unwrap(), counted(&test, alice).await);
    assert_eq!(other.usage(alice).await.unwrap().recipes, 10);
}

#[apply(each_database)]
#[tokio::test]
async fn usage_follows_every_change(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let soup = test.public("Soup", Some(alice)).await;
    let secret = test.private("Secret", Some(alice)).await;
    test.public("Communal", None).await;
    test.public("Bread", Some(bob)).await;
    let check = async |recipes| {
        for user in [alice, bob] {
            assert_eq!(test.usage(user).await.unwrap(), counted(&test, user).await);
        }
        assert_eq!(test.usage(alice).await.unwrap().recipes, recipes);
    };
    check(2).await;
    let longer = draft("Soup with a longer name");
    let command = ReplaceRecipe {
        id: soup.id,
        draft: longer,
        precondition: Precondition::None,
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    };
    let replaced = test.replace_recipe(command, test.by(alice)).await.unwrap();
    assert!(matches!(replaced, Edit::Done(_)), "{replaced:?}");
    check(2).await;
    test.delete_recipe(secret.id, Precondition::None, test.by(alice)).await.unwrap();
    check(1).await;
    // Of another program.
    test.sql(&format!("DELETE FROM recipes WHERE id = {}", soup.id.get())).await;
    assert_eq!(test.opened_again().await.usage(alice).await.unwrap(), Usage::default());
}

#[apply(each_database)]
#[tokio::test]
async fn growth_of_a_recipe_counts_and_a_lowered_quota_refuses_only_growth(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let soup = test.public("Soup", Some(alice)).await;
    let bytes = test.usage(alice).await.unwrap().bytes;
    let replace = async |name: &str, limit: u64| {
        let quotas = Quotas { bytes: Quota(Some(limit)), recipes: Quota(Some(0)) };
        let command = ReplaceRecipe {
            id: soup.id,
            draft: draft(name),
            precondition: Precondition::None,
            ownerless: Ownerless::Users,
            quotas,
            revisions_kept: KEPT,
        };
        test.replace_recipe(command, test.by(alice)).await
    };
    assert!(is_exceeded(&replace("Soups", bytes).await));
    assert!(replace("Stew", 0).await.is_ok());
    assert!(replace("Soups", bytes + 1).await.is_ok());
}

#[apply(each_database)]
#[tokio::test]
async fn administrator_has_no_quota_until_demoted(database: Database) {
    let test = TestStore::on(database).await;
    let root = test.user("root").await.id;
    let none = Quotas { recipes: Quota(Some(0)), ..Quotas::OFF };
    let role = |role| UserChange { role: Some(role), access: None };
    let create = async || {
        let new = NewRecipe::new(&private_draft("Soup"), test.uid(), Some(root)).within(none);
        test.create_recipe(new, test.by(root)).await
    };
    assert!(is_exceeded(&create().await));
    test.administer(root, role(Role::Admin), test.operator()).await.unwrap();
    create().await.unwrap();
    test.user("second").await;
    test.set_role(&super::email("second"), Role::Admin, test.operator()).await.unwrap();
    test.administer(root, role(Role::User), test.operator()).await.unwrap();
    assert!(is_exceeded(&create().await));
}

#[apply(each_database)]
#[tokio::test]
async fn recipe_that_is_not_added_is_not_counted(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let (uid, other) = (test.uid(), test.uid());
    let create = async |uid| {
        test.create_recipe(NewRecipe::new(&draft("Soup"), uid, Some(alice)), test.by(alice)).await
    };
    create(uid).await.unwrap();
    create(uid).await.unwrap_err();
    assert_eq!(test.usage(alice).await.unwrap(), counted(&test, alice).await);
    create(other).await.unwrap();
    assert_eq!(test.usage(alice).await.unwrap().recipes, 2);
}
