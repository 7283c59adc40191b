//! Webhooks: programs that are told of changes of public recipes. Administrators and the operator manage them.

use std::time::Duration;

use accounts::audit::Actor;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ids::WebhookId;
use secrecy::SecretString;
use store::{
    Context, MAX_WEBHOOKS, NewWebhookSecret, Store, StoreError, WebhookChange, WebhookDelivery, WebhookRow,
};
use strict_oidc::OAuthError;

use super::Dependencies;
use super::repeats::Once;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::provider::SecretSealer;
use crate::webhook_event::{TEST, WebhookEvent};
use crate::webhook_sender::{WebhookSender, secret_name};

/// A replaced secret signs for a day more, so that the receiver can be changed without an interruption.
const OVERLAP: Duration = Duration::from_hours(24);

/// Characters of an address.
pub const MAX_URL: usize = 2_000;

const BY_ADMINISTRATOR: &str = "by an administrator";

/// The use cases of webhooks.
pub struct Webhooks {
    store: Store,
    sealer: SecretSealer,
    /// `None`: this machine cannot send.
    sender: Option<WebhookSender>,
    clock: Clock,
    entropy: Entropy,
}

/// A webhook to create.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    pub url: String,
    /// Empty: all.
    pub events: Vec<WebhookEvent>,
}

/// The changes of a webhook. `None`: it stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookPatch {
    pub url: Option<String>,
    /// Empty: all.
    pub events: Option<Vec<WebhookEvent>>,
    pub disabled: Option<bool>,
}

/// A webhook with a new secret, which is shown once.
#[derive(Clone)]
pub struct WithSecret {
    pub webhook: WebhookRow,
    pub secret: SecretString,
}

/// Why a use case of webhooks failed.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("There is no such webhook")]
    NotFound,
    #[error("There are {MAX_WEBHOOKS} webhooks, the most that a service may have; delete one first")]
    TooMany,
    #[error("The webhook is disabled; enable it first")]
    Disabled,
    #[error("This service sends to no webhooks: its machine has no root certificates")]
    Off,
    /// Of the address.
    #[error("The address {0}")]
    InvalidUrl(String),
    #[error(transparent)]
    Sealing(#[from] OAuthError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Webhooks {
    pub fn new(with: &Dependencies, sealer: SecretSealer) -> Self {
        Self::on(with.store.clone(), sealer, with.webhooks.clone(), with.clock.clone(), with.entropy.clone())
    }

    /// The same for the command line.
    pub fn on(
        store: Store,
        sealer: SecretSealer,
        sender: Option<WebhookSender>,
        clock: Clock,
        entropy: Entropy,
    ) -> Self {
        Self { store, sealer, sender, clock, entropy }
    }

    /// All webhooks, the oldest first.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn list(&self) -> Result<Vec<WebhookRow>, WebhookError> {
        Ok(self.store.webhooks().await?)
    }

    /// # Errors
    /// [`WebhookError::NotFound`].
    pub async fn get(&self, id: WebhookId) -> Result<WebhookRow, WebhookError> {
        self.store.webhook(id).await?.ok_or(WebhookError::NotFound)
    }

    /// Creates a webhook with a secret.
    ///
    /// # Errors
    /// [`WebhookError::InvalidUrl`], [`WebhookError::TooMany`], [`WebhookError::Off`].
    pub async fn create(
        &self,
        new: NewWebhook,
        actor: Actor,
        once: Option<Once<WithSecret>>,
    ) -> Result<WithSecret, WebhookError> {
        self.check(&new.url)?;
        let now = self.clock.now();
        let id = WebhookId::new(now, self.entropy.bytes());
        let key: [u8; 32] = self.entropy.bytes();
        let webhook = WebhookRow {
            id,
            url: new.url,
            events: events_text(&new.events),
            secret: self.sealer.seal(&secret_name(id), &key).await?,
            former_secret: None,
            created_at: now,
            disabled: None,
        };
        let created = WithSecret { webhook, secret: secret_text(&key) };
        let store = {
            let created = created.clone();
            Once::store(once, &self.store, move |is_created: &bool| is_created.then(|| created.clone()))
        };
        if !store.create_webhook(created.webhook.clone(), self.context(actor)).await? {
            return Err(WebhookError::TooMany);
        }
        tracing::info!(webhook.id = %id, "A webhook was created");
        Ok(created)
    }

    /// Changes a webhook. What waits for one that is disabled is dropped.
    ///
    /// # Errors
    /// [`WebhookError::NotFound`], [`WebhookError::InvalidUrl`], [`WebhookError::Off`].
    pub async fn change(
        &self,
        id: WebhookId,
        patch: WebhookPatch,
        actor: Actor,
    ) -> Result<WebhookRow, WebhookError> {
        if let Some(url) = &patch.url {
            self.check(url)?;
        }
        let change = WebhookChange {
            url: patch.url,
            events: patch.events.as_deref().map(events_text),
            disabled: patch.disabled.map(|disabled| disabled.then(|| BY_ADMINISTRATOR.to_owned())),
            secret: None,
        };
        self.store.change_webhook(id, change, self.context(actor)).await?.ok_or(WebhookError::NotFound)
    }

    /// Replaces the secret. Messages have signatures with both for a day.
    ///
    /// # Errors
    /// [`WebhookError::NotFound`].
    pub async fn replace_secret(
        &self,
        id: WebhookId,
        actor: Actor,
        once: Option<Once<WithSecret>>,
    ) -> Result<WithSecret, WebhookError> {
        let key: [u8; 32] = self.entropy.bytes();
        let secret = NewWebhookSecret {
            secret: self.sealer.seal(&secret_name(id), &key).await?,
            former_until: self.clock.now() + OVERLAP,
        };
        let change = WebhookChange { secret: Some(secret), ..WebhookChange::default() };
        let secret = secret_text(&key);
        let store = {
            let secret = secret.clone();
            Once::store(once, &self.store, move |changed: &Option<WebhookRow>| {
                changed.clone().map(|webhook| WithSecret { webhook, secret: secret.clone() })
            })
        };
        let changed = store.change_webhook(id, change, self.context(actor)).await?;
        Ok(WithSecret { webhook: changed.ok_or(WebhookError::NotFound)?, secret })
    }

    /// Deletes a webhook with its messages.
    ///
    /// # Errors
    /// [`WebhookError::NotFound`].
    pub async fn delete(&self, id: WebhookId, actor: Actor) -> Result<(), WebhookError> {
        if !self.store.delete_webhook(id, self.context(actor)).await? {
            return Err(WebhookError::NotFound);
        }
        tracing::info!(webhook.id = %id, "A webhook was deleted");
        Ok(())
    }

    /// Queues a message that is about no recipe.
    ///
    /// # Errors
    /// [`WebhookError::NotFound`], [`WebhookError::Disabled`].
    pub async fn test(&self, id: WebhookId, actor: Actor) -> Result<(), WebhookError> {
        self.get(id).await?;
        if !self.store.queue_webhook_test(id, TEST, self.context(actor)).await? {
            return Err(WebhookError::Disabled);
        }
        Ok(())
    }

    /// The newest messages, the newest first.
    ///
    /// # Errors
    /// [`WebhookError::NotFound`].
    pub async fn deliveries(&self, id: WebhookId) -> Result<Vec<WebhookDelivery>, WebhookError> {
        self.get(id).await?;
        Ok(self.store.webhook_deliveries(id).await?)
    }

    fn check(&self, url: &str) -> Result<(), WebhookError> {
        if url.chars().count() > MAX_URL {
            return Err(WebhookError::InvalidUrl(format!("has more than {MAX_URL} characters")));
        }
        let sender = self.sender.as_ref().ok_or(WebhookError::Off)?;
        sender.check(url).map_err(WebhookError::InvalidUrl)
    }

    fn context(&self, actor: Actor) -> Context {
        Context { actor, now: self.clock.now() }
    }
}

fn secret_text(key: &[u8]) -> SecretString {
    format!("whsec_{}", STANDARD.encode(key)).into()
}

fn events_text(events: &[WebhookEvent]) -> String {
    WebhookEvent::join(if events.is_empty() { &WebhookEvent::ALL } else { events })
}
