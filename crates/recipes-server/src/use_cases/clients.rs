//! The applications that log their users in here: registered by the operator or by an administrator.

use accounts::audit::{Actor, Event};
use store::{ClientRow, Context, Store, StoreError};
use strict_oidc::{Client, ClientSecret, Provider, Random, RegistrationError, UnixTime};

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::provider::ClientRecord;
use crate::use_cases::repeats::Once;

/// A replaced secret stays good for a day, so that the client can be changed without an interruption.
const OVERLAP: u64 = 24 * 60 * 60;

/// The use cases of clients.
pub struct Clients {
    store: Store,
    protocol: Provider,
    clock: Clock,
    entropy: Entropy,
}

/// A registered client.
pub struct RegisteredClient {
    pub id: String,
    pub record: ClientRecord,
    pub created_at: jiff::Timestamp,
    /// A new secret, which is shown once and not stored.
    pub secret: Option<ClientSecret>,
}

/// Why a use case of clients failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("There is no such client")]
    NotFound,
    #[error("The client was changed by another request at the same time; try again")]
    Changed,
    #[error("Browser and native applications, and clients with keys of their own, have no secret")]
    HasNoSecret,
    /// One value, named by its field, does not fit the kind of the client.
    #[error("{field} {message}")]
    InvalidField { field: &'static str, message: String },
    #[error(transparent)]
    Invalid(#[from] RegistrationError),
    #[error(transparent)]
    Corrupt(#[from] serde_json::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Clients {
    pub fn new(store: Store, protocol: Provider, clock: Clock, entropy: Entropy) -> Self {
        Self { store, protocol, clock, entropy }
    }

    /// The name of the authorization server.
    pub fn issuer(&self) -> &str {
        self.protocol.issuer()
    }

    /// All clients, the oldest first.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn list(&self) -> Result<Vec<RegisteredClient>, ClientError> {
        self.store.clients().await?.into_iter().map(|row| registered(row, None)).collect()
    }

    /// # Errors
    /// [`ClientError::NotFound`].
    pub async fn get(&self, id: &str) -> Result<RegisteredClient, ClientError> {
        registered(self.store.client(id).await?.ok_or(ClientError::NotFound)?, None)
    }

    /// Registers a client, with a secret if its kind can keep one and it has no keys.
    ///
    /// # Errors
    /// [`ClientError::Invalid`].
    pub async fn create(
        &self,
        mut record: ClientRecord,
        actor: Actor,
        once: Option<Once<RegisteredClient>>,
    ) -> Result<RegisteredClient, ClientError> {
        let random = Random::new(self.entropy.bytes());
        let id = Client::random_id(&random);
        let needs_secret = record.kind.is_confidential() && record.jwks.is_none();
        let secret = needs_secret.then(|| ClientSecret::generate(&random));
        record.secrets = secret.as_ref().map(ClientSecret::record).into_iter().collect();
        record.client(&id, &self.protocol).check(&self.protocol)?;
        let row = ClientRow { id, record: record.to_json()?, created_at: self.clock.now() };
        // The id is 128 random bits.
        let store = Once::store(once, &self.store, done(&row, secret.as_ref()));
        if !store.create_client(row.clone(), self.context(actor)).await? {
            return Err(ClientError::Changed);
        }
        tracing::info!(client.id = %row.id, "A client was registered");
        registered(row, secret)
    }

    /// Changes the record of a client.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Invalid`], [`ClientError::Changed`].
    pub async fn change(
        &self,
        id: &str,
        change: impl FnOnce(&mut ClientRecord) -> Result<(), ClientError>,
        actor: Actor,
    ) -> Result<RegisteredClient, ClientError> {
        let row = self.store.client(id).await?.ok_or(ClientError::NotFound)?;
        let mut record = ClientRecord::of(&row)?;
        change(&mut record)?;
        if record.jwks.is_some() {
            record.secrets.clear();
        }
        self.replace(row, &record, (Event::ClientChanged, None), (actor, None)).await
    }

    /// Replaces the secret. The one before stays good for a day.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::HasNoSecret`], [`ClientError::Changed`].
    pub async fn replace_secret(
        &self,
        id: &str,
        actor: Actor,
        once: Option<Once<RegisteredClient>>,
    ) -> Result<RegisteredClient, ClientError> {
        let row = self.store.client(id).await?.ok_or(ClientError::NotFound)?;
        let mut record = ClientRecord::of(&row)?;
        if !record.kind.is_confidential() || record.jwks.is_some() {
            return Err(ClientError::HasNoSecret);
        }
        let secret = ClientSecret::generate(&Random::new(self.entropy.bytes()));
        let end = UnixTime(u64::try_from(self.clock.now().as_second()).unwrap_or(0) + OVERLAP);
        record.secrets.retain(|old| old.expires_at.is_none());
        record.secrets.iter_mut().for_each(|old| old.expires_at = Some(end));
        record.secrets.insert(0, secret.record());
        self.replace(row, &record, (Event::ClientSecretReplaced, Some(secret)), (actor, once)).await
    }

    /// Deletes a client with the access that users gave it.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub async fn delete(&self, id: &str, actor: Actor) -> Result<(), ClientError> {
        if !self.store.delete_client(id, self.context(actor)).await? {
            return Err(ClientError::NotFound);
        }
        tracing::info!(client.id = %id, "A client was deleted");
        Ok(())
    }

    async fn replace(
        &self,
        row: ClientRow,
        record: &ClientRecord,
        (event, secret): (Event, Option<ClientSecret>),
        (actor, once): (Actor, Option<Once<RegisteredClient>>),
    ) -> Result<RegisteredClient, ClientError> {
        record.client(&row.id, &self.protocol).check(&self.protocol)?;
        let text = record.to_json()?;
        let new = ClientRow { record: text.clone(), ..row.clone() };
        let store = Once::store(once, &self.store, done(&new, secret.as_ref()));
        if !store.replace_client(row, text, event, self.context(actor)).await? {
            return Err(ClientError::Changed);
        }
        registered(new, secret)
    }

    fn context(&self, actor: Actor) -> Context {
        Context { actor, now: self.clock.now() }
    }
}

/// The outcome of a write, which may have done nothing.
fn done(
    row: &ClientRow,
    secret: Option<&ClientSecret>,
) -> impl Fn(&bool) -> Option<RegisteredClient> + Send + Sync + use<> {
    let (row, secret) = (row.clone(), secret.cloned());
    move |is_done: &bool| if *is_done { registered(row.clone(), secret.clone()).ok() } else { None }
}

fn registered(row: ClientRow, secret: Option<ClientSecret>) -> Result<RegisteredClient, ClientError> {
    let record = ClientRecord::of(&row)?;
    Ok(RegisteredClient { id: row.id, record, created_at: row.created_at, secret })
}
