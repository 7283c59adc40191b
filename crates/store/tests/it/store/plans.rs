//! Meal plans and the households that share them.

use std::time::Duration;

use accounts::TokenDigest;
use accounts::audit::Filter;
use ids::{HouseholdId, PlanEntryId, RecipeId, UserId};
use jiff::civil::{Date, date};
use rstest_reuse::apply;
use store::{
    HouseholdInvitation, Joined, MAX_HOUSEHOLD_MEMBERS, MAX_PLAN_ENTRIES_OF_DAY, NewPlanEntries, PlanEntry,
    PlanFeed, Planned, Precondition,
};

use super::{Database, TestStore, each_database, eventually};

fn may(day: i8) -> Date {
    date(2024, 5, day)
}

impl TestStore {
    pub(super) fn new_household(&self) -> HouseholdId {
        HouseholdId::new(self.now(), self.entropy.bytes())
    }

    pub(super) fn planned_on(&self, day: Date, recipe: Option<RecipeId>, note: &str) -> PlanEntry {
        let id = PlanEntryId::new(self.now(), self.entropy.bytes());
        let note = Some(note.to_owned()).filter(|note| !note.is_empty());
        let servings = recipe.map(|_| "3/2".to_owned());
        PlanEntry { id, day, recipe, servings, note, binned_name: None }
    }

    pub(super) async fn plans(&self, user: UserId, replaced: &[Date], entries: Vec<PlanEntry>) -> Planned {
        let new = NewPlanEntries { entries, oldest: date(2023, 5, 1), new: self.new_household() };
        self.add_to_plan(replaced.to_vec(), new, self.by(user)).await.unwrap()
    }

    async fn plan_of(&self, user: UserId) -> Vec<String> {
        let entries = self.plan(user, date(2000, 1, 1), date(2100, 1, 1)).await.unwrap();
        let name = |entry: PlanEntry| {
            let what = entry.recipe.map(|id| id.to_string()).or(entry.note).unwrap_or_default();
            format!("{} {what}", entry.day.day())
        };
        entries.into_iter().map(name).collect()
    }

    fn invitation(&self, secret: &str) -> HouseholdInvitation {
        let expires_at = self.now() + Duration::from_hours(24);
        HouseholdInvitation {
            digest: TokenDigest::of(secret.as_bytes()),
            expires_at,
            new: self.new_household(),
        }
    }

    /// Both are in the household of the first one.
    pub(super) async fn share(&self, one: UserId, other: UserId) {
        self.invite_to_household(self.invitation("share"), self.by(one)).await.unwrap();
        let joined = self.join_household(TokenDigest::of(b"share"), self.by(other)).await.unwrap();
        assert_eq!(joined, Joined::Done);
    }
}

#[apply(each_database)]
#[tokio::test]
async fn days_are_replaced_and_entries_are_added_and_removed(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let soup = test.public("Soup", None).await.id;
    assert_eq!(test.plan_of(alice).await, [""; 0]);
    let first = test.planned_on(may(2), Some(soup), "");
    let entries = vec![first.clone(), test.planned_on(may(2), None, "a"), test.planned_on(may(1), None, "b")];
    assert_eq!(test.plans(alice, &[], entries).await, Planned::Done);
    assert_eq!(test.plan_of(alice).await, ["1 b", "2 1", "2 a"]);
    assert_eq!(test.plan(alice, may(2), may(2)).await.unwrap()[0], first);
    let entries = vec![test.planned_on(may(2), None, "c"), test.planned_on(may(3), None, "d")];
    assert_eq!(test.plans(alice, &[may(2), may(4)], entries).await, Planned::Done);
    assert_eq!(test.plan_of(alice).await, ["1 b", "2 c", "3 d"]);
    assert_eq!(test.plan_of(bob).await, [""; 0]);
    let id = test.plan(alice, may(1), may(1)).await.unwrap()[0].id;
    assert!(!test.remove_from_plan(id, test.by(bob)).await.unwrap());
    assert!(test.remove_from_plan(id, test.by(alice)).await.unwrap());
    assert!(!test.remove_from_plan(id, test.by(alice)).await.unwrap());
    let entries = vec![test.planned_on(date(2023, 4, 30), None, "old")];
    test.plans(alice, &[], entries).await;
    test.plans(alice, &[], vec![test.planned_on(may(4), None, "e")]).await;
    assert_eq!(test.plan_of(alice).await, ["2 c", "3 d", "4 e"], "old entries are deleted");
}

#[apply(each_database)]
#[tokio::test]
async fn entries_need_a_recipe_that_the_user_may_read_or_that_is_planned(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let secret = test.private("Secret", Some(bob)).await.id;
    let entry = || vec![test.planned_on(may(1), None, "a"), test.planned_on(may(1), Some(secret), "")];
    assert_eq!(test.plans(alice, &[], entry()).await, Planned::NoSuchRecipe(secret));
    let unknown = RecipeId::from_i64(99).unwrap();
    let entries = vec![test.planned_on(may(1), Some(unknown), "")];
    assert_eq!(test.plans(alice, &[], entries).await, Planned::NoSuchRecipe(unknown));
    assert_eq!(test.plan_of(alice).await, [""; 0]);
    let household = test.household(alice, test.now()).await.unwrap();
    assert!(household.members.is_empty(), "a refused plan makes no household");
    assert_eq!(test.plans(bob, &[], entry()).await, Planned::Done);
    test.share(bob, alice).await;
    // What the other has planned may be moved.
    let entries = vec![test.planned_on(may(2), Some(secret), "")];
    assert_eq!(test.plans(alice, &[may(1)], entries).await, Planned::Done);
    test.delete_recipe(secret, Precondition::None, test.by(bob)).await.unwrap();
    assert_eq!(test.plan_of(alice).await, ["2 "], "the entry stays without its recipe");
}

#[apply(each_database)]
#[tokio::test]
async fn entries_of_one_day_are_limited(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let notes = |count| (0..count).map(|_| test.planned_on(may(1), None, "x")).collect::<Vec<_>>();
    let most = MAX_PLAN_ENTRIES_OF_DAY;
    assert_eq!(test.plans(alice, &[], notes(most)).await, Planned::Done);
    assert_eq!(test.plans(alice, &[], notes(1)).await, Planned::TooMany);
    assert_eq!(test.plans(alice, &[may(1)], notes(most + 1)).await, Planned::TooMany);
    assert_eq!(test.plans(alice, &[may(1)], notes(most)).await, Planned::Done);
    assert_eq!(test.plans(alice, &[], vec![test.planned_on(may(2), None, "x")]).await, Planned::Done);
}

#[apply(each_database)]
#[tokio::test]
async fn invitation_is_good_for_one_member_until_it_expires(database: Database) {
    let test = TestStore::on(database).await;
    let users = [test.user("alice").await.id, test.user("bob").await.id, test.user("eve").await.id];
    let [alice, bob, eve] = users;
    let join = async |user, secret: &str| {
        test.join_household(TokenDigest::of(secret.as_bytes()), test.by(user)).await.unwrap()
    };
    assert_eq!(join(bob, "first").await, Joined::NoSuchInvitation);
    test.invite_to_household(test.invitation("first"), test.by(alice)).await.unwrap();
    test.invite_to_household(test.invitation("second"), test.by(alice)).await.unwrap();
    assert_eq!(join(bob, "first").await, Joined::NoSuchInvitation, "it was replaced");
    let household = test.household(alice, test.now()).await.unwrap();
    assert_eq!(household.invitation_expires_at, Some(test.now() + Duration::from_hours(24)));
    test.plans(alice, &[], vec![test.planned_on(may(1), None, "hers")]).await;
    test.plans(bob, &[], vec![test.planned_on(may(2), None, "his")]).await;
    assert_eq!(join(bob, "second").await, Joined::Done);
    for user in [alice, bob] {
        assert_eq!(test.plan_of(user).await, ["1 hers", "2 his"]);
        let household = test.household(user, test.now()).await.unwrap();
        let names: Vec<_> = household.members.iter().map(|member| member.name.clone()).collect();
        assert_eq!((names, household.invitation_expires_at), (vec!["alice".into(), "bob".into()], None));
    }
    assert_eq!(join(eve, "second").await, Joined::NoSuchInvitation, "it was used");
    test.invite_to_household(test.invitation("third"), test.by(bob)).await.unwrap();
    test.clock.advance(Duration::from_hours(24));
    assert_eq!(join(eve, "third").await, Joined::NoSuchInvitation, "it has expired");
    assert!(test.leave_household(test.by(bob)).await.unwrap());
    assert!(!test.leave_household(test.by(bob)).await.unwrap());
    assert_eq!((test.plan_of(alice).await.len(), test.plan_of(bob).await.len()), (2, 0));
    assert_eq!(test.sql("SELECT count(*) FROM households").await, Some(1));
}

#[apply(each_database)]
#[tokio::test]
async fn joining_and_leaving_a_household_are_in_the_audit_log(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    test.share(alice, bob).await;
    assert!(test.leave_household(test.by(bob)).await.unwrap());
    assert!(!test.leave_household(test.by(bob)).await.unwrap());
    let joined = test.join_household(TokenDigest::of(b"share"), test.by(bob)).await.unwrap();
    assert_eq!(joined, Joined::NoSuchInvitation);
    let mut log = test.entries(Filter { subject: Some(bob), ..Filter::default() }, 10).await;
    log.reverse();
    assert!(log.iter().all(|entry| entry.subject == Some(bob)));
    let events: Vec<_> = log.iter().map(|entry| (entry.event.as_str(), entry.actor.user)).collect();
    let by_bob = [("household_joined", Some(bob)), ("household_left", Some(bob))];
    assert_eq!((events[0].0, &events[1..]), ("created", &by_bob[..]));
}

#[apply(each_database)]
#[tokio::test]
async fn household_ends_with_its_last_member(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    test.plans(alice, &[], vec![test.planned_on(may(1), None, "x")]).await;
    test.share(alice, bob).await;
    let delete = async |user| {
        assert!(test.delete_user(user, None, test.operator()).await.unwrap());
        while test.continue_deletion(test.now()).await.unwrap() {}
    };
    delete(alice).await;
    assert_eq!(test.plan_of(bob).await, ["1 x"]);
    delete(bob).await;
    for table in ["households", "household_members", "plan_entries"] {
        assert_eq!(test.sql(&format!("SELECT count(*) FROM {table}")).await, Some(0), "{table}");
    }
}

#[apply(each_database)]
#[tokio::test]
async fn members_of_a_household_are_limited(database: Database) {
    let test = TestStore::on(database).await;
    let first = test.user("user0").await.id;
    for number in 1..=MAX_HOUSEHOLD_MEMBERS {
        let user = test.user(&format!("user{number}")).await.id;
        test.invite_to_household(test.invitation("x"), test.by(first)).await.unwrap();
        let joined = test.join_household(TokenDigest::of(b"x"), test.by(user)).await.unwrap();
        assert_eq!(joined, if number < MAX_HOUSEHOLD_MEMBERS { Joined::Done } else { Joined::Full });
    }
}

#[apply(each_database)]
#[tokio::test]
async fn feed_is_found_by_its_secret_until_it_is_replaced_or_revoked(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let set = async |secret: &str| {
        let feed = PlanFeed { digest: TokenDigest::of(secret.as_bytes()), new: test.new_household() };
        test.set_plan_feed(feed, test.by(alice)).await.unwrap();
    };
    let found =
        async |secret: &str| test.user_of_plan_feed(TokenDigest::of(secret.as_bytes())).await.unwrap();
    assert!(!test.revoke_plan_feed(test.by(alice)).await.unwrap());
    set("one").await;
    assert_eq!(found("one").await, Some(alice));
    assert!(test.household(alice, test.now()).await.unwrap().has_feed);
    set("two").await;
    assert_eq!((found("one").await, found("two").await), (None, Some(alice)));
    test.sql_all("UPDATE users SET disabled = NOT disabled RETURNING id").await;
    // Another program has written, which the store sees after a moment.
    eventually(async || found("two").await.is_none()).await;
    test.sql_all("UPDATE users SET disabled = NOT disabled RETURNING id").await;
    eventually(async || found("two").await.is_some()).await;
    assert!(test.revoke_plan_feed(test.by(alice)).await.unwrap());
    assert_eq!(found("two").await, None);
}
