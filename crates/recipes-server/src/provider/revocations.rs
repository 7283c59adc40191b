//! The status list: servers that verify access tokens offline learn within seconds that a grant has ended.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use store::EndedGrants;
use strict_oidc::{Digest, OAuthError, StatusList, StatusReference};

use super::failure::{internal, unavailable};
use super::{AuthorizationServer, ClientRecord};

/// How long verifiers keep a list. The list says so itself.
const TTL: Duration = Duration::from_secs(5);

/// The database is asked for ended grants at most once in this time, however many servers poll.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// An unchanged list is signed again after this time: half of its life.
const SIGN_EVERY: Duration = Duration::from_secs(25);

/// A list has at least this many places, so that its length tells nothing about the number of grants.
const FEWEST_PLACES: u32 = 1 << 17;

/// Places are random, so a taken one means that many are. After some attempts the list is doubled, up to 2^23 places, which are
/// one megabyte.
pub(super) const ATTEMPTS: u32 = 28;
const ATTEMPTS_AT_A_LENGTH: u32 = 4;

/// A signed list.
pub(super) struct Published {
    contents: EndedGrants,
    answer: Arc<StatusListAnswer>,
    signed_at: Timestamp,
    checked_at: Timestamp,
}

/// The answer to a server that polls.
pub struct StatusListAnswer {
    pub token: String,
    /// With its quotes.
    pub etag: String,
}

impl AuthorizationServer {
    /// The signed list.
    ///
    /// # Errors
    /// When the store is unavailable or has no key.
    pub async fn revocations(&self) -> Result<Arc<StatusListAnswer>, OAuthError> {
        let now = self.clock.now();
        // One request reads and signs, the others wait for it.
        let mut published = self.revocations.lock().await;
        if let Some(fresh) = published.as_ref().filter(|it| now < it.checked_at + CHECK_EVERY) {
            return Ok(Arc::clone(&fresh.answer));
        }
        let contents = self.ended_grants().await?;
        if let Some(same) =
            published.as_mut().filter(|it| it.contents == contents && now < it.signed_at + SIGN_EVERY)
        {
            same.checked_at = now;
            return Ok(Arc::clone(&same.answer));
        }
        let answer = Arc::new(self.sign_revocations(&contents).await?);
        let new = Published { contents, answer: Arc::clone(&answer), signed_at: now, checked_at: now };
        *published = Some(new);
        Ok(answer)
    }

    async fn ended_grants(&self) -> Result<EndedGrants, OAuthError> {
        let clients = self.store.clients().await.map_err(unavailable)?;
        let is_disabled = |row: &store::ClientRow| ClientRecord::of(row).is_ok_and(|record| record.disabled);
        let disabled = clients.into_iter().filter(is_disabled).map(|row| row.id).collect();
        let mut contents = self.store.ended_grants(disabled).await.map_err(unavailable)?;
        contents.ended.sort_unstable();
        Ok(contents)
    }

    async fn sign_revocations(&self, contents: &EndedGrants) -> Result<StatusListAnswer, OAuthError> {
        let places = contents.last.saturating_add(1).max(FEWEST_PLACES).next_power_of_two();
        let mut list = StatusList::new(usize::try_from(places).map_err(internal)?);
        contents.ended.iter().for_each(|place| list.end(u64::from(*place)));
        let ring = self.ring().await?;
        let token = list.to_token(&self.status_uri(), TTL, &ring.keys, self.now())?;
        let etag = format!("\"{}\"", Digest::of(&token));
        Ok(StatusListAnswer { token, etag })
    }

    pub(super) fn status_reference(&self, place: u32) -> StatusReference {
        StatusReference { idx: u64::from(place), uri: self.status_uri() }
    }

    fn status_uri(&self) -> String {
        format!("{}/oauth/revocations", self.protocol.issuer())
    }

    /// A random place: the order of the list tells its readers nothing about users or about the times of grants.
    pub(super) fn status_place(&self, attempt: u32) -> u32 {
        let places = FEWEST_PLACES << (attempt / ATTEMPTS_AT_A_LENGTH).min(6);
        u32::from_be_bytes(self.entropy.bytes()) & (places - 1)
    }
}
