//! `recipes clients`: registers the applications that log their users in here.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use store::{ClientRow, Store};
use strict_oidc::{
    Client, ClientFlag, ClientKind, ClientSecret, Provider, Random, RedirectUri, Scopes, UnixTime,
};

use super::database::{open, open_existing};
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::provider::{ClientRecord, protocol};
use crate::public_url::PublicUrl;
use crate::telemetry::escape::escape;

pub(super) const EXAMPLES: &str = "\
Examples:
  recipes clients add \"Kitchen Timer\" --kind web --redirect-uri https://kitchen.example/callback
  recipes clients add Backup --kind service --scope recipes:read --json
  recipes clients list
  recipes clients rotate-secret c_Jm0pTjTVsVIQmnbu8jPAPQ";

/// A replaced secret stays good for a day, so that the client can be changed without an interruption.
const OVERLAP: u64 = 24 * 60 * 60;

#[derive(Args, Debug)]
pub(super) struct ClientsCommand {
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Clients,
}

#[derive(Debug, Subcommand)]
enum Clients {
    /// Register an application; prints its id, and its secret once
    #[command(after_help = "Example:\n  recipes clients add \"Kitchen Timer\" --kind web \
                            --redirect-uri https://kitchen.example/callback")]
    Add(NewClient),
    /// List all applications
    #[command(after_help = "Example:\n  recipes clients list --json")]
    List,
    /// Show an application
    #[command(after_help = "Example:\n  recipes clients show c_Jm0pTjTVsVIQmnbu8jPAPQ")]
    Show { client: String },
    /// Make a new secret; the old one stays good for a day
    #[command(after_help = "Example:\n  recipes clients rotate-secret c_Jm0pTjTVsVIQmnbu8jPAPQ")]
    RotateSecret { client: String },
    /// Refuse an application and its tokens
    #[command(after_help = "Example:\n  recipes clients disable c_Jm0pTjTVsVIQmnbu8jPAPQ")]
    Disable { client: String },
    /// Accept a disabled application again
    #[command(after_help = "Example:\n  recipes clients enable c_Jm0pTjTVsVIQmnbu8jPAPQ")]
    Enable { client: String },
    /// Delete an application with the access that users gave it
    #[command(after_help = "Example:\n  recipes clients delete c_Jm0pTjTVsVIQmnbu8jPAPQ")]
    Delete { client: String },
}

#[derive(Args, Debug)]
struct NewClient {
    /// Name of the application, as users see it
    name: String,
    /// Kind: web (on a server), browser (a page with scripts), native (phone, desktop, command line) or service (no users)
    #[arg(long, value_parser = kind)]
    kind: ClientKind,
    /// Address to which users return after the log-in; may be repeated
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// Address to which users may return after a log-out; may be repeated
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    /// Address of an API that the application serves, whose tokens it may introspect; may be repeated
    #[arg(long = "serves", value_name = "URL")]
    serves: Vec<String>,
    /// Scope that the application may ask for; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Address of an API that its tokens are for, of those in RESOURCES; may be repeated, the first is the default
    #[arg(long = "audience", value_name = "URL")]
    audiences: Vec<String>,
    /// The application is your own: its users are not asked for consent
    #[arg(long)]
    first_party: bool,
    /// Accept requests without PKCE, for a web application whose library cannot do better
    #[arg(long)]
    without_pkce: bool,
}

fn kind(text: &str) -> Result<ClientKind, &'static str> {
    match text {
        "web" => Ok(ClientKind::Web),
        "browser" => Ok(ClientKind::Browser),
        "native" => Ok(ClientKind::Native),
        "service" => Ok(ClientKind::Service),
        _ => Err("must be web, browser, native or service"),
    }
}

impl ClientsCommand {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let clock = Clock::system();
        let store = match self.command {
            Clients::Add(_) => open(config, &clock).await?,
            _ => open_existing(config, &clock).await?,
        };
        let url = match &config.mail.public_url {
            Some(url) => url.clone(),
            None => PublicUrl::of_listener(config.address()?),
        };
        let provider = protocol(&url, &config.authorization.resources)
            .with_context(|| format!("PUBLIC_URL is {url}"))?;
        let run = Run { store: &store, provider, clock, entropy: Entropy::system(), json: self.json };
        let done = run.run(self.command).await;
        store.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }
}

/// What the subcommands work with.
struct Run<'a> {
    store: &'a Store,
    provider: Provider,
    clock: Clock,
    entropy: Entropy,
    json: bool,
}

impl Run<'_> {
    async fn run(&self, command: Clients) -> anyhow::Result<()> {
        match command {
            Clients::Add(new) => self.add(new).await,
            Clients::List => {
                let rows = self.store.clients().await?;
                rows.iter().try_for_each(|row| self.print(&row.id, &ClientRecord::of(row)?, None))
            }
            Clients::Show { client } => {
                let row = self.find(&client).await?;
                self.print(&row.id, &ClientRecord::of(&row)?, None)
            }
            Clients::RotateSecret { client } => self.rotate_secret(&client).await,
            Clients::Disable { client } => self.change(&client, None, |record| record.disabled = true).await,
            Clients::Enable { client } => self.change(&client, None, |record| record.disabled = false).await,
            Clients::Delete { client } => {
                let row = self.find(&client).await?;
                self.store.delete_client(&row.id).await?;
                writeln!(io::stdout(), "{} is deleted, with the access that users gave it", row.id)?;
                Ok(())
            }
        }
    }

    async fn add(&self, new: NewClient) -> anyhow::Result<()> {
        let random = Random::new(self.entropy.bytes());
        let id = Client::random_id(&random);
        let secret = new.kind.is_confidential().then(|| ClientSecret::generate(&random));
        let record = record(new, secret.as_ref())?;
        record.client(&id, &self.provider).check(&self.provider)?;
        let row = ClientRow { id: id.clone(), record: record.to_json()?, created_at: self.clock.now() };
        if !self.store.create_client(row).await? {
            bail!("the id {id} is taken: try again");
        }
        self.print(&id, &record, secret.as_ref())
    }

    async fn rotate_secret(&self, id: &str) -> anyhow::Result<()> {
        let row = self.find(id).await?;
        if !ClientRecord::of(&row)?.kind.is_confidential() {
            bail!("{id} has no secret: browser and native applications cannot keep one");
        }
        let secret = ClientSecret::generate(&Random::new(self.entropy.bytes()));
        let end = UnixTime(u64::try_from(self.clock.now().as_second()).unwrap_or(0) + OVERLAP);
        self.change(id, Some(&secret), |record| {
            record.secrets.retain(|old| old.expires_at.is_none());
            record.secrets.iter_mut().for_each(|old| old.expires_at = Some(end));
            record.secrets.insert(0, secret.record());
        })
        .await
    }

    async fn change(
        &self,
        id: &str,
        secret: Option<&ClientSecret>,
        change: impl FnOnce(&mut ClientRecord),
    ) -> anyhow::Result<()> {
        let row = self.find(id).await?;
        let mut record = ClientRecord::of(&row)?;
        change(&mut record);
        if !self.store.replace_client(row, record.to_json()?).await? {
            bail!("{id} was changed by another command at the same time: try again");
        }
        self.print(id, &record, secret)
    }

    async fn find(&self, id: &str) -> anyhow::Result<ClientRow> {
        let row = self.store.client(id).await?;
        row.ok_or_else(|| {
            anyhow!("there is no application with the id {id}; \"recipes clients list\" shows them")
        })
    }

    fn print(&self, id: &str, record: &ClientRecord, secret: Option<&ClientSecret>) -> anyhow::Result<()> {
        let redirect_uris: Vec<_> = record.redirect_uris.iter().map(RedirectUri::as_str).collect();
        let mut out = io::stdout().lock();
        if self.json {
            let mut line = json!({
                "client_id": id, "name": record.name, "kind": record.kind, "disabled": record.disabled,
                "redirect_uris": redirect_uris, "grants": record.grants, "scope": record.scopes,
                "audiences": record.audiences, "flags": record.flags,
                "issuer": self.provider.issuer(),
            });
            if let Some(secret) = secret {
                line["client_secret"] = secret.expose().into();
            }
            writeln!(out, "{line}")?;
            return Ok(());
        }
        let state = if record.disabled { ", disabled" } else { "" };
        let pkce = if record.flags.contains(&ClientFlag::WithoutPkce) { ", without PKCE" } else { "" };
        writeln!(out, "{id}  {} ({:?}{state}{pkce})", escape(&record.name), record.kind)?;
        for uri in redirect_uris {
            writeln!(out, "  redirect URI   {}", escape(uri))?;
        }
        for audience in &record.audiences {
            writeln!(out, "  audience       {}", escape(audience))?;
        }
        writeln!(out, "  scopes         {}", record.scopes)?;
        if let Some(secret) = secret {
            writeln!(out, "  client secret  {}  (shown only now)", secret.expose())?;
        }
        Ok(())
    }
}

fn record(new: NewClient, secret: Option<&ClientSecret>) -> anyhow::Result<ClientRecord> {
    let NewClient {
        name,
        kind,
        redirect_uris,
        post_logout_redirect_uris,
        serves,
        scopes,
        audiences,
        first_party,
        without_pkce,
    } = new;
    let usual = Client::new("c_new", &*name, kind);
    let scopes = match scopes.join(" ") {
        none if none.is_empty() && kind == ClientKind::Service => "recipes:read".to_owned(),
        none if none.is_empty() => format!("{} recipes:read", usual.scopes),
        asked => asked,
    };
    let parse = |uris: &[String], flag: &str| -> anyhow::Result<Vec<RedirectUri>> {
        let parse = |uri: &String| {
            RedirectUri::parse(uri, kind).map_err(|why| anyhow!("{flag} {}: {why}", escape(uri)))
        };
        uris.iter().map(parse).collect()
    };
    let flags = [(first_party, ClientFlag::FirstParty), (without_pkce, ClientFlag::WithoutPkce)];
    Ok(ClientRecord {
        kind,
        disabled: false,
        secrets: secret.map(ClientSecret::record).into_iter().collect(),
        redirect_uris: parse(&redirect_uris, "--redirect-uri")?,
        post_logout_redirect_uris: parse(&post_logout_redirect_uris, "--post-logout-redirect-uri")?,
        serves,
        grants: usual.grants,
        scopes: Scopes::parse(&scopes).map_err(|why| anyhow!("--scope: {why}"))?,
        audiences,
        flags: flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).collect(),
        name,
    })
}
