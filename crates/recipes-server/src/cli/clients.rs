//! `recipes clients`: registers the applications that log their users in here.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use accounts::audit::Actor;
use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use serde_json::json;
use strict_jose::{Algorithm, KeySet};
use strict_oidc::{AssertionAudience, ClientFlag, ClientKind, ClientSecret, GrantType, RedirectUri, Scopes};

use super::database::{open, open_existing};
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::provider::{ClientRecord, protocol};
use crate::public_url::PublicUrl;
use crate::telemetry::escape::{escape, escape_json};
use crate::use_cases::clients::{ClientError, Clients as ClientUseCases, RegisteredClient};

pub(super) const EXAMPLES: &str = "\
Examples:
  recipes clients add \"Kitchen Timer\" --kind web --redirect-uri https://kitchen.example/callback
  recipes clients add Backup --kind service --scope recipes:read --json
  recipes clients list
  recipes clients rotate-secret c_Jm0pTjTVsVIQmnbu8jPAPQ";

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
    Add(Box<NewClient>),
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
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
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
    /// The application runs on devices without a browser: users type a code at /device
    #[arg(long)]
    device: bool,
    /// File with the public keys of the application (a JWKS), which signs assertions instead of sending a secret
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// What assertions may name as their audience: issuer, or token-endpoint for an older library
    #[arg(long, value_name = "NAME", value_parser = assertion_audience, default_value = "issuer")]
    assertion_audience: AssertionAudience,
    /// Address that is told when a session ends
    #[arg(long = "backchannel-logout-uri", value_name = "URL")]
    backchannel_logout_uri: Option<String>,
    /// Algorithm of ID tokens: RS256 or ES256
    #[arg(long, value_name = "NAME", value_parser = id_token_algorithm)]
    id_token_algorithm: Option<String>,
    /// Put the name and the e-mail address into ID tokens, for a library that never asks userinfo
    #[arg(long)]
    id_token_claims: bool,
    /// Accept only requests that the application has pushed before (RFC 9126)
    #[arg(long)]
    require_par: bool,
    /// Accept only token requests with a proof of possession (RFC 9449)
    #[arg(long)]
    require_dpop: bool,
    /// Name users differently than to other applications
    #[arg(long)]
    pairwise: bool,
    /// Sign the answers of userinfo
    #[arg(long)]
    signed_userinfo: bool,
}

fn assertion_audience(text: &str) -> Result<AssertionAudience, &'static str> {
    match text {
        "issuer" => Ok(AssertionAudience::Issuer),
        "token-endpoint" => Ok(AssertionAudience::TokenEndpoint),
        _ => Err("must be issuer or token-endpoint"),
    }
}

fn id_token_algorithm(text: &str) -> Result<String, &'static str> {
    match text.parse() {
        Ok(Algorithm::Rs256 | Algorithm::Es256) => Ok(text.to_owned()),
        _ => Err("must be RS256 or ES256"),
    }
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
        let clients = ClientUseCases::new(store.clone(), provider, clock, Entropy::system());
        let done = Run { clients, json: self.json }.run(self.command).await;
        store.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }
}

/// What the subcommands work with.
struct Run {
    clients: ClientUseCases,
    json: bool,
}

impl Run {
    async fn run(&self, command: Clients) -> anyhow::Result<()> {
        let (clients, operator) = (&self.clients, Actor::OPERATOR);
        let change = async |id: &str, disabled| {
            let set = |record: &mut ClientRecord| {
                record.disabled = disabled;
                Ok(())
            };
            named(id, clients.change(id, set, operator).await)
        };
        match command {
            Clients::Add(new) => self.print(&clients.create(record(*new)?, operator, None).await?),
            Clients::List => clients.list().await?.iter().try_for_each(|client| self.print(client)),
            Clients::Show { client } => self.print(&named(&client, clients.get(&client).await)?),
            Clients::RotateSecret { client } => {
                self.print(&named(&client, clients.replace_secret(&client, operator, None).await)?)
            }
            Clients::Disable { client } => self.print(&change(&client, true).await?),
            Clients::Enable { client } => self.print(&change(&client, false).await?),
            Clients::Delete { client } => {
                named(&client, clients.delete(&client, operator).await)?;
                writeln!(io::stdout(), "{client} is deleted, with the access that users gave it")?;
                Ok(())
            }
        }
    }

    fn print(&self, client: &RegisteredClient) -> anyhow::Result<()> {
        let RegisteredClient { id, record, secret, .. } = client;
        let redirect_uris: Vec<_> = record.redirect_uris.iter().map(RedirectUri::as_str).collect();
        let mut out = io::stdout().lock();
        if self.json {
            let mut line = json!({
                "client_id": id, "name": record.name, "kind": record.kind, "disabled": record.disabled,
                "redirect_uris": redirect_uris, "grants": record.grants, "scope": record.scopes,
                "audiences": record.audiences, "flags": record.flags,
                "issuer": self.clients.issuer(),
            });
            if let Some(secret) = secret {
                line["client_secret"] = secret.expose().into();
            }
            writeln!(out, "{}", escape_json(&line.to_string()))?;
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
        if let Some(secret) = secret.as_ref().map(ClientSecret::expose) {
            writeln!(out, "  client secret  {secret}  (shown only now)")?;
        }
        Ok(())
    }
}

/// The result, with words that say what to do about an unknown id.
fn named<T>(id: &str, result: Result<T, ClientError>) -> anyhow::Result<T> {
    result.map_err(|error| match error {
        ClientError::NotFound => {
            anyhow!("there is no application with the id {id}; \"recipes clients list\" shows them")
        }
        ClientError::HasNoSecret => {
            anyhow!("{id} has no secret: browser and native applications cannot keep one, and others may have keys")
        }
        ClientError::Changed => anyhow!("{id} was changed by another command at the same time: try again"),
        error => error.into(),
    })
}

fn record(new: NewClient) -> anyhow::Result<ClientRecord> {
    let mut record = ClientRecord::new(&*new.name, new.kind);
    let parse = |uris: &[String], flag: &str| -> anyhow::Result<Vec<RedirectUri>> {
        let parse = |uri: &String| {
            RedirectUri::parse(uri, new.kind).map_err(|why| anyhow!("{flag} {}: {why}", escape(uri)))
        };
        uris.iter().map(parse).collect()
    };
    record.redirect_uris = parse(&new.redirect_uris, "--redirect-uri")?;
    record.post_logout_redirect_uris = parse(&new.post_logout_redirect_uris, "--post-logout-redirect-uri")?;
    if !new.scopes.is_empty() {
        record.scopes = Scopes::parse(&new.scopes.join(" ")).map_err(|why| anyhow!("--scope: {why}"))?;
    }
    if new.device {
        record.grants.push(GrantType::DeviceCode);
        if record.redirect_uris.is_empty() {
            record.grants.retain(|grant| *grant != GrantType::AuthorizationCode);
        }
    }
    record.jwks = new.jwks.as_deref().map(jwks).transpose()?;
    record.flags = flags(&new);
    record.backchannel_logout_uri = new.backchannel_logout_uri;
    record.assertion_audience = new.assertion_audience;
    record.id_token_algorithm = new.id_token_algorithm;
    record.serves = new.serves;
    record.audiences = new.audiences;
    Ok(record)
}

fn jwks(file: &Path) -> anyhow::Result<String> {
    let context = || format!("--jwks {}", file.display());
    let text = fs::read_to_string(file).with_context(context)?;
    KeySet::from_jwks(&text).with_context(context)?;
    Ok(text)
}

fn flags(new: &NewClient) -> Vec<ClientFlag> {
    let flags = [
        (new.first_party, ClientFlag::FirstParty),
        (new.without_pkce, ClientFlag::WithoutPkce),
        (new.require_par, ClientFlag::RequirePar),
        (new.require_dpop, ClientFlag::RequireDpop),
        (new.id_token_claims, ClientFlag::IdTokenClaims),
        (new.pairwise, ClientFlag::Pairwise),
        (new.signed_userinfo, ClientFlag::SignedUserinfo),
    ];
    flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).collect()
}
