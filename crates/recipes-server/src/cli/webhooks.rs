//! `recipes webhooks`: the programs that are told of changes of public recipes.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use accounts::audit::Actor;
use anyhow::anyhow;
use clap::{Args, Subcommand};
use ids::WebhookId;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use store::{Store, WebhookDelivery, WebhookRow};

use super::database::{open, open_existing};
use crate::api::admin::webhooks::{DeliveryView, WebhookView};
use crate::auth::token_keys::TokenKeys;
use crate::clock::Clock;
use crate::config::{Config, Secret};
use crate::entropy::Entropy;
use crate::provider::SecretSealer;
use crate::signing_key;
use crate::telemetry::escape::escape;
use crate::use_cases::webhooks::{
    NewWebhook, WebhookError, WebhookPatch, Webhooks as WebhookUseCases, WithSecret,
};
use crate::webhook_event::WebhookEvent;
use crate::webhook_sender::WebhookSender;

pub(super) const EXAMPLES: &str = "\
The running service sends the messages. They are signed as in Standard Webhooks.

Examples:
  recipes webhooks add https://kitchen.example/hook
  recipes webhooks add https://kitchen.example/hook --event recipe.deleted --json
  recipes webhooks deliveries 01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d";

#[derive(Args, Debug)]
pub(super) struct WebhooksCommand {
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Webhooks,
}

#[derive(Debug, Subcommand)]
enum Webhooks {
    /// Add a webhook; prints its id, and its secret once
    #[command(
        after_help = "Example:\n  recipes webhooks add https://kitchen.example/hook --event recipe.created"
    )]
    Add {
        /// Address that gets the messages, with https
        url: String,
        /// Event that it is told of: recipe.created, recipe.updated or recipe.deleted; may be repeated [default: all]
        #[arg(long = "event", value_name = "EVENT", value_parser = WebhookEvent::parse)]
        events: Vec<WebhookEvent>,
    },
    /// List all webhooks
    #[command(after_help = "Example:\n  recipes webhooks list --json")]
    List,
    /// Show a webhook
    #[command(after_help = "Example:\n  recipes webhooks show 01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d")]
    Show {
        #[arg(value_parser = webhook_id)]
        webhook: WebhookId,
    },
    /// Change the address or the events of a webhook
    #[command(
        after_help = "Example:\n  recipes webhooks change 01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d --url https://kitchen.example/new"
    )]
    Change {
        #[arg(value_parser = webhook_id)]
        webhook: WebhookId,
        /// Address that gets the messages
        #[arg(long)]
        url: Option<String>,
        /// Event that it is told of; may be repeated
        #[arg(long = "event", value_name = "EVENT", value_parser = WebhookEvent::parse)]
        events: Vec<WebhookEvent>,
    },
    /// Make a new secret; messages have a signature with the old one as well for a day
    #[command(after_help = "Example:\n  recipes webhooks rotate-secret 01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d")]
    RotateSecret {
        #[arg(value_parser = webhook_id)]
        webhook: WebhookId,
    },
    /// Send nothing more to a webhook
    #[command(after_help = "Example:\n  recipes webhooks disable 01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d")]
    Disable {
        #[arg(value_parser = webhook_id)]
        webhook: WebhookId,
    },
    /// Send to a disabled webhook again, beginning with the next change
    #[command(after_help = "Example:\n  recipes webhooks enable 01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d")]
    Enable {
        #[arg(value_parser = webhook_id)]
        webhook: WebhookId,
    },
    /// Let the running service send a message of the type webhook.test
    #[command(after_help = "Example:\n  recipes webhooks test 01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d")]
    Test {
        #[arg(value_parser = webhook_id)]
        webhook: WebhookId,
    },
    /// List the newest 100 messages with the outcome of each
    #[command(after_help = "Example:\n  recipes webhooks deliveries 01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d")]
    Deliveries {
        #[arg(value_parser = webhook_id)]
        webhook: WebhookId,
    },
    /// Delete a webhook with its messages
    #[command(after_help = "Example:\n  recipes webhooks delete 01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d")]
    Delete {
        #[arg(value_parser = webhook_id)]
        webhook: WebhookId,
    },
}

fn webhook_id(text: &str) -> Result<WebhookId, &'static str> {
    WebhookId::parse(text).ok_or("must be an id as \"recipes webhooks list\" shows it")
}

impl WebhooksCommand {
    /// Only a new secret needs the key that encrypts it.
    pub(super) fn secrets(&self) -> &'static [Secret] {
        match self.command {
            Webhooks::Add { .. } | Webhooks::RotateSecret { .. } => {
                &[Secret::JwtSecret, Secret::JwtSecretPrevious, Secret::DatabaseUrl]
            }
            _ => &[Secret::DatabaseUrl],
        }
    }

    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let store = match self.command {
            Webhooks::Add { .. } => open(config, &clock).await?,
            _ => open_existing(config, &clock).await?,
        };
        let webhooks = self.use_cases(config, &store, (&clock, &entropy))?;
        let done = Run { webhooks, json: self.json }.run(self.command).await;
        store.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }

    fn use_cases(
        &self,
        config: &Config,
        store: &Store,
        (clock, entropy): (&Clock, &Entropy),
    ) -> anyhow::Result<WebhookUseCases> {
        let key = match self.command {
            Webhooks::Add { .. } | Webhooks::RotateSecret { .. } => {
                signing_key::load_or_create(config, entropy)?
            }
            // The others encrypt nothing.
            _ => strict_jose::Key::hs256(&entropy.bytes::<32>())?,
        };
        let keys = TokenKeys::new(key, signing_key::previous(config)?);
        let sealer = SecretSealer::new(store.clone(), keys, entropy.clone());
        let sender = WebhookSender::start(config.protection.webhook_private);
        Ok(WebhookUseCases::on(store.clone(), sealer, sender, clock.clone(), entropy.clone()))
    }
}

/// What the subcommands work with.
struct Run {
    webhooks: WebhookUseCases,
    json: bool,
}

impl Run {
    async fn run(&self, command: Webhooks) -> anyhow::Result<()> {
        let (webhooks, operator) = (&self.webhooks, Actor::OPERATOR);
        let change = async |id, patch| named(id, webhooks.change(id, patch, operator).await);
        let mut out = io::stdout();
        match command {
            Webhooks::Add { url, events } => {
                self.print_secret(&webhooks.create(NewWebhook { url, events }, operator, None).await?)
            }
            Webhooks::List => webhooks.list().await?.iter().try_for_each(|webhook| self.print(webhook, None)),
            Webhooks::Show { webhook } => self.print(&named(webhook, webhooks.get(webhook).await)?, None),
            Webhooks::Change { webhook, url, events } => {
                let events = (!events.is_empty()).then_some(events);
                let patch = WebhookPatch { url, events, disabled: None };
                self.print(&change(webhook, patch).await?, None)
            }
            Webhooks::RotateSecret { webhook } => {
                self.print_secret(&named(webhook, webhooks.replace_secret(webhook, operator, None).await)?)
            }
            Webhooks::Disable { webhook } => self.print(&change(webhook, switched(true)).await?, None),
            Webhooks::Enable { webhook } => self.print(&change(webhook, switched(false)).await?, None),
            Webhooks::Test { webhook } => {
                named(webhook, webhooks.test(webhook, operator).await)?;
                writeln!(
                    out,
                    "The running service sends a test; \"recipes webhooks deliveries {webhook}\" shows the outcome"
                )?;
                Ok(())
            }
            Webhooks::Deliveries { webhook } => {
                let deliveries = named(webhook, webhooks.deliveries(webhook).await)?;
                deliveries.iter().try_for_each(|delivery| self.print_delivery(delivery))
            }
            Webhooks::Delete { webhook } => {
                named(webhook, webhooks.delete(webhook, operator).await)?;
                writeln!(out, "{webhook} is deleted, with its messages")?;
                Ok(())
            }
        }
    }

    fn print_secret(&self, WithSecret { webhook, secret }: &WithSecret) -> anyhow::Result<()> {
        self.print(webhook, Some(secret))
    }

    fn print(&self, webhook: &WebhookRow, secret: Option<&SecretString>) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            webhook: WebhookView<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            secret: Option<&'a str>,
        }
        let mut out = io::stdout().lock();
        let secret = secret.map(ExposeSecret::expose_secret);
        if self.json {
            let line = Line { webhook: WebhookView::of(webhook), secret };
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
            return Ok(());
        }
        writeln!(out, "{}  {}", webhook.id, escape(&webhook.url))?;
        writeln!(out, "  events    {}", escape(&webhook.events))?;
        if let Some((at, why)) = &webhook.disabled {
            writeln!(out, "  disabled  {at}, {}", escape(why))?;
        }
        if let Some(secret) = secret {
            writeln!(out, "  secret    {secret}  (shown only now)")?;
        }
        Ok(())
    }

    fn print_delivery(&self, delivery: &WebhookDelivery) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", serde_json::to_string(&DeliveryView::of(delivery))?)?;
            return Ok(());
        }
        let WebhookDelivery { event, recipe, tries, tried_at, due_at, problem, .. } = delivery;
        let recipe = recipe.map_or_else(String::new, |id| format!(" {id}"));
        let outcome = match (due_at, problem) {
            (None, None) => "delivered".to_owned(),
            (None, Some(problem)) => format!("failed: {}", escape(problem)),
            (Some(_), None) => "waiting".to_owned(),
            (Some(at), Some(problem)) => format!("next try {at}: {}", escape(problem)),
        };
        let at = tried_at.map_or_else(|| "not yet".to_owned(), |at| at.to_string());
        writeln!(out, "{at}  {}{recipe}, tries: {tries}, {outcome}", escape(event))?;
        Ok(())
    }
}

fn switched(disabled: bool) -> WebhookPatch {
    WebhookPatch { disabled: Some(disabled), ..WebhookPatch::default() }
}

/// The result, with words that say what to do about an unknown id.
fn named<T>(id: WebhookId, result: Result<T, WebhookError>) -> anyhow::Result<T> {
    result.map_err(|error| match error {
        WebhookError::NotFound => {
            anyhow!("there is no webhook with the id {id}; \"recipes webhooks list\" shows them")
        }
        error => error.into(),
    })
}
