//! Settings of the authorization server, or of the one that this server trusts instead of having accounts.

use clap::Args;
use strict_oidc::Provider;

use super::values::HEADING;
use crate::public_url::PublicUrl;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = HEADING)]
pub struct AuthorizationSettings {
    /// Authorization server that logs users in; this server then has no accounts and serves recipes only
    #[arg(
        long, env, global = true, value_name = "URL", value_parser = issuer, conflicts_with = "accounts_only"
    )]
    pub issuer: Option<String>,

    /// Whether to serve accounts and the authorization server only, without recipes: true or false
    #[arg(
        long, env, global = true, value_name = "BOOL", default_value = "false", value_parser = super::values::boolean,
        action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    pub accounts_only: bool,

    /// Addresses of other APIs that tokens may be for, separated by commas
    #[arg(long, env, global = true, value_name = "URLS", value_delimiter = ',', value_parser = resource)]
    pub resources: Vec<String>,
}

/// The name is compared character by character, so a slash at the end stays.
fn issuer(text: &str) -> Result<String, String> {
    let text = text.trim();
    Provider::new(text)
        .map(|_| text.to_owned())
        .map_err(|why| format!("must be the name of an issuer: {why}"))
}

fn resource(text: &str) -> Result<String, &'static str> {
    text.parse::<PublicUrl>()
        .map(|url| url.as_str().to_owned())
        .map_err(|_| "must be the http:// or https:// address of an API, as in https://kitchen.example/api")
}
