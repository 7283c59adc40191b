//! What use cases work with.

use store::Store;

use super::accounts::Settings;
use crate::auth::access_tokens::TokenIssuer;
use crate::auth::rate_limit::RateLimits;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::images::ImageMaker;
use crate::jobs::mail::Mailer;
use crate::jobs::search_index::SearchIndex;
use crate::page_fetcher::PageFetcher;
use crate::passwords::Passwords;
use crate::webhook_sender::WebhookSender;

/// What use cases work with. Clones share it.
#[derive(Clone)]
pub struct Dependencies {
    pub store: Store,
    pub passwords: Passwords,
    /// Issues the access tokens.
    pub issuer: TokenIssuer,
    pub settings: Settings,
    pub limits: RateLimits,
    pub mailer: Mailer,
    pub images: ImageMaker,
    /// `None`: users cannot import from an address.
    pub pages: Option<PageFetcher>,
    /// `None`: this machine cannot send messages to webhooks.
    pub webhooks: Option<WebhookSender>,
    /// `None` for a service without recipes.
    pub search: Option<SearchIndex>,
    pub clock: Clock,
    pub entropy: Entropy,
}
