//! Webhooks: each change of a public recipe is a message, which one worker at a time has.

use std::time::Duration;

use ::recipes::{Draft, Quotas};
use accounts::audit::Filter;
use ids::{RecipeId, WebhookId};
use rstest_reuse::apply;
use store::{
    DueWebhookDelivery, MAX_WEBHOOKS, NewWebhookSecret, Ownerless, Precondition, ReplaceRecipe, Store,
    StoreError, TakeWebhookDelivery, WebhookChange, WebhookOutcome, WebhookRow,
};

use super::{Database, KEPT, TestStore, draft, each_database, private_draft};

const ALL: &str = "recipe.created recipe.updated recipe.deleted";
const LEASE: Duration = Duration::from_mins(1);

impl TestStore {
    fn new_webhook(&self, events: &str) -> WebhookRow {
        WebhookRow {
            id: WebhookId::new(self.now(), self.entropy.bytes()),
            url: "https://kitchen.example/hook".to_owned(),
            events: events.to_owned(),
            secret: vec![1; 60],
            former_secret: None,
            created_at: self.now(),
            disabled: None,
        }
    }

    pub(super) async fn hook(&self, events: &str) -> WebhookId {
        let new = self.new_webhook(events);
        assert!(self.create_webhook(new.clone(), self.operator()).await.unwrap());
        new.id
    }

    async fn edits(&self, id: RecipeId, draft: Draft) {
        let (precondition, ownerless, quotas) = (Precondition::None, Ownerless::Users, Quotas::OFF);
        let command = ReplaceRecipe { id, draft, precondition, ownerless, quotas, revisions_kept: KEPT };
        self.replace_recipe(command, self.operator()).await.unwrap();
    }

    async fn take_message(&self, store: &Store) -> Option<DueWebhookDelivery> {
        let take = TakeWebhookDelivery { now: self.now(), until: self.now() + LEASE };
        store.take_webhook_delivery(take).await.unwrap()
    }

    async fn finish(&self, due: &DueWebhookDelivery, outcome: WebhookOutcome) {
        self.finish_webhook_delivery(due, outcome, self.now()).await.unwrap();
    }

    /// Delivers all that is due: the events with their recipes.
    async fn delivered(&self) -> Vec<(String, i64)> {
        let mut delivered = Vec::new();
        while let Some(due) = self.take_message(self).await {
            delivered.push((due.event.clone(), due.recipe.map_or(0, RecipeId::get)));
            self.finish(&due, WebhookOutcome::Delivered { status: 200 }).await;
        }
        delivered
    }

    async fn fails(&self, due: &DueWebhookDelivery, pause: Duration) {
        let (status, problem, retry_at) = (Some(500), "it is tired".to_owned(), self.now() + pause);
        self.finish(due, WebhookOutcome::Failed { status, problem, retry_at }).await;
    }
}

fn event(name: &str, recipe: i64) -> (String, i64) {
    (format!("recipe.{name}"), recipe)
}

#[apply(each_database)]
#[tokio::test]
async fn each_change_of_a_public_recipe_is_one_message(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    test.public("Before", None).await;
    test.hook(ALL).await;
    let soup = test.public("Soup", Some(alice)).await.id;
    let secret = test.private("Secret", Some(alice)).await.id;
    test.edits(soup, draft("Stew")).await;
    test.edits(secret, private_draft("Secret still")).await;
    test.edits(soup, private_draft("Stew")).await;
    test.edits(secret, draft("No secret")).await;
    test.bin_recipe(secret, Precondition::None, test.operator()).await.unwrap();
    test.restore_binned(secret, Ownerless::Users, Quotas::OFF, test.operator()).await.unwrap();
    test.delete_recipe(soup, Precondition::None, test.operator()).await.unwrap();
    let messages = [
        event("created", 2),
        event("updated", 2),
        event("deleted", 2),
        event("created", 3),
        event("deleted", 3),
        event("created", 3),
    ];
    assert_eq!(test.delivered().await, messages);
    assert!(test.delivered().await.is_empty());
}

#[apply(each_database)]
#[tokio::test]
async fn webhooks_get_the_events_that_they_want_while_they_are_enabled(database: Database) {
    let test = TestStore::on(database).await;
    let (created, other) =
        (test.hook("recipe.created").await, test.hook("recipe.updated recipe.deleted").await);
    let soup = test.public("Soup", None).await.id;
    test.edits(soup, draft("Stew")).await;
    assert_eq!(test.delivered().await, [event("created", 1), event("updated", 1)]);

    test.public("Waiting", None).await;
    let disable = WebhookChange { disabled: Some(Some("by Ada".to_owned())), ..WebhookChange::default() };
    let row = test.change_webhook(created, disable, test.operator()).await.unwrap().unwrap();
    assert_eq!(row.disabled, Some((test.now(), "by Ada".to_owned())));
    test.public("Missed", None).await;
    assert!(!test.queue_webhook_test(created, "webhook.test", test.operator()).await.unwrap());
    assert!(test.delivered().await.is_empty());

    let change = WebhookChange {
        url: Some("https://other.example/".to_owned()),
        events: Some(ALL.to_owned()),
        disabled: Some(None),
        secret: None,
    };
    let row = test.change_webhook(created, change, test.operator()).await.unwrap().unwrap();
    assert_eq!((row.disabled.as_ref(), &*row.url, &*row.events), (None, "https://other.example/", ALL));
    assert_eq!(test.webhook(created).await.unwrap(), Some(row));
    assert!(test.queue_webhook_test(created, "webhook.test", test.operator()).await.unwrap());
    assert_eq!(test.delivered().await, [("webhook.test".to_owned(), 0)]);
    test.edits(soup, draft("Broth")).await;
    assert!(test.delete_webhook(other, test.operator()).await.unwrap());
    assert!(!test.delete_webhook(other, test.operator()).await.unwrap());
    assert_eq!(test.delivered().await, [event("updated", 1)]);
    assert_eq!(test.webhooks().await.unwrap().len(), 1);
    assert_eq!(test.change_webhook(other, WebhookChange::default(), test.operator()).await.unwrap(), None);
}

#[apply(each_database)]
#[tokio::test]
async fn message_that_fails_holds_up_only_those_about_its_recipe(database: Database) {
    let test = TestStore::on(database).await;
    test.hook(ALL).await;
    let soup = test.public("Soup", None).await.id;
    test.edits(soup, draft("Stew")).await;
    test.public("Bread", None).await;
    let first = test.take_message(&test).await.unwrap();
    assert_eq!((&*first.event, first.recipe, first.tries), ("recipe.created", Some(soup), 1));
    assert_eq!(test.take_message(&test).await, None, "one message of a webhook at a time");
    test.fails(&first, Duration::from_mins(5)).await;
    assert_eq!(test.delivered().await, [event("created", 2)]);
    test.clock.advance(Duration::from_mins(5));
    let again = test.take_message(&test).await.unwrap();
    assert_eq!((&again.message, again.noticed_at, again.tries), (&first.message, first.noticed_at, 2));
    test.finish(&again, WebhookOutcome::Delivered { status: 204 }).await;
    assert_eq!(test.delivered().await, [event("updated", 1)]);
}

#[apply(each_database)]
#[tokio::test]
async fn message_of_a_server_that_ended_is_taken_again(database: Database) {
    let test = TestStore::on(database).await;
    test.hook(ALL).await;
    test.public("Soup", None).await;
    let lost = test.take_message(&test).await.unwrap();
    let another = test.opened_again().await;
    assert_eq!(test.take_message(&another).await, None);
    test.clock.advance(LEASE);
    let again = test.take_message(&another).await.unwrap();
    assert_eq!((&again.message, again.tries), (&lost.message, 2));
    // The first one comes back late.
    test.finish(&lost, WebhookOutcome::Delivered { status: 200 }).await;
    let state = &test.webhook_deliveries(again.webhook).await.unwrap()[0];
    assert!(state.due_at.is_some() && state.status.is_none());
    test.finish(&again, WebhookOutcome::Dropped { problem: "it is gone".to_owned() }).await;
    let state = &test.webhook_deliveries(again.webhook).await.unwrap()[0];
    assert_eq!((state.due_at, state.problem.as_deref()), (None, Some("it is gone")));
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread")]
async fn several_servers_share_the_queue(database: Database) {
    let test = TestStore::on(database).await;
    test.hook(ALL).await;
    test.hook("recipe.created").await;
    for number in 0..10 {
        test.public(&format!("Soup {number}"), None).await;
    }
    let (one, two, three) = (test.opened_again().await, test.opened_again().await, test.opened_again().await);
    let work = async |store: &Store| {
        let (mut taken, mut empty) = (Vec::new(), 0);
        while empty < 50 {
            let Some(due) = test.take_message(store).await else {
                empty += 1;
                tokio::time::sleep(Duration::from_millis(2)).await;
                continue;
            };
            taken.push((due.webhook, due.recipe.unwrap().get()));
            let outcome = WebhookOutcome::Delivered { status: 200 };
            store.finish_webhook_delivery(&due, outcome, test.now()).await.unwrap();
        }
        taken
    };
    let (a, b, c) = tokio::join!(work(&one), work(&two), work(&three));
    let mut taken = [a, b, c].concat();
    taken.sort_unstable();
    let mut want = Vec::new();
    for webhook in test.webhooks().await.unwrap() {
        want.extend((1..=10).map(|recipe| (webhook.id, recipe)));
    }
    want.sort_unstable();
    assert_eq!(taken, want, "each exactly once");
}

#[apply(each_database)]
#[tokio::test]
async fn webhook_that_is_given_up_is_disabled(database: Database) {
    let test = TestStore::on(database).await;
    let hook = test.hook(ALL).await;
    test.public("Soup", None).await;
    test.public("Bread", None).await;
    let due = test.take_message(&test).await.unwrap();
    let problem = "the receiver answered 410".to_owned();
    test.finish(&due, WebhookOutcome::GivenUp { status: Some(410), problem: problem.clone() }).await;
    assert_eq!(test.webhook(hook).await.unwrap().unwrap().disabled, Some((test.now(), problem.clone())));
    let left = test.webhook_deliveries(hook).await.unwrap();
    assert_eq!(left.len(), 1, "what waited is dropped");
    assert_eq!((left[0].status, &left[0].problem, left[0].due_at), (Some(410), &Some(problem), None));
    assert!(test.delivered().await.is_empty());
    let entry = &test.entries(Filter::default(), 1).await[0];
    assert_eq!((&*entry.event, entry.detail.as_deref()), ("webhook_disabled", Some(&*hook.to_string())));
}

#[apply(each_database)]
#[tokio::test]
async fn last_hundred_messages_are_kept(database: Database) {
    let test = TestStore::on(database).await;
    let hook = test.hook(ALL).await;
    for number in 0..105 {
        test.public(&format!("Soup {number}"), None).await;
    }
    assert_eq!(test.delivered().await.len(), 105);
    let kept = test.webhook_deliveries(hook).await.unwrap();
    assert_eq!(kept.first().unwrap().recipe.unwrap().get(), 105);
    assert_eq!(test.sql("SELECT count(*) FROM webhook_deliveries").await, Some(100));
}

#[apply(each_database)]
#[tokio::test]
async fn only_administrators_manage_webhooks_and_their_number_is_bounded(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let refused = test.create_webhook(test.new_webhook(ALL), test.by(alice)).await.unwrap_err();
    assert!(matches!(refused, StoreError::AdminRequired), "{refused}");
    let hook = test.hook(ALL).await;
    for _ in 1..MAX_WEBHOOKS {
        test.hook("recipe.created").await;
    }
    assert!(!test.create_webhook(test.new_webhook(ALL), test.operator()).await.unwrap());
    let change = WebhookChange::default();
    assert!(test.change_webhook(hook, change, test.by(alice)).await.is_err());
    assert!(test.delete_webhook(hook, test.by(alice)).await.is_err());
    assert!(test.queue_webhook_test(hook, "webhook.test", test.by(alice)).await.is_err());

    let former_until = test.now() + Duration::from_hours(24);
    let secret = Some(NewWebhookSecret { secret: vec![2; 60], former_until });
    let change = WebhookChange { secret, ..WebhookChange::default() };
    let row = test.change_webhook(hook, change, test.operator()).await.unwrap().unwrap();
    let former = row.former_secret.as_ref().unwrap();
    assert_eq!((&row.secret, &former.secret, former.until), (&vec![2; 60], &vec![1; 60], former_until));
    assert_eq!(test.webhook(hook).await.unwrap(), Some(row));
    let entry = &test.entries(Filter::default(), 1).await[0];
    assert_eq!(
        (&*entry.event, entry.detail.as_deref()),
        ("webhook_secret_replaced", Some(&*hook.to_string()))
    );
}
