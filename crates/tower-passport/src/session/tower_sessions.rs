use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::{Error, SessionStore as Store};

use super::store::{SessionKey, SessionRecord, SessionStore};

/// Any store of the `tower-sessions` crate (Redis, SQL databases, Moka, ...) as a [`SessionStore`].
///
/// ```
/// use tower_passport::{Sessions, TowerSessions};
/// # use tower_sessions_memory_store::MemoryStore as RedisStore;
///
/// # fn example(store: RedisStore) {
/// let sessions = Sessions::new(TowerSessions::new(store));
/// # }
/// ```
///
/// Those stores use ids of 128 bits and write whole records. So the id is the first half of the digest of the token, and the time
/// of the last use is in a record of its own: writing it into the session's record could restore a session that was logged out
/// at the same time.
///
/// The stores do not report whether they deleted a record, so this is looked up just before. Two concurrent removals may both
/// report that the session existed: then a [renewal](crate::Sessions::renew) survives the log-out.
#[derive(Clone, Debug)]
pub struct TowerSessions<S>(S);

impl<S: Store> TowerSessions<S> {
    /// The sessions in this store.
    pub const fn new(store: S) -> Self {
        Self(store)
    }

    async fn create(&self, id: Id, record: Record) -> Result<(), Error> {
        let mut record = record;
        self.0.create(&mut record).await?;
        // The store changes an id that exists already. Random ids do not collide.
        if record.id == id {
            Ok(())
        } else {
            Err(Error::Backend("a session with this id exists already".into()))
        }
    }
}

const USER: &str = "user";
const AUTH: &str = "auth";
const CREATED_AT: &str = "created_at";
const LAST_USED_AT: &str = "last_used_at";
const DATA: &str = "data";

impl<S: Store> SessionStore for TowerSessions<S> {
    type Error = Error;

    async fn insert(&self, key: &SessionKey, session: SessionRecord) -> Result<(), Error> {
        let data = [
            (USER, session.user.into()),
            (AUTH, URL_SAFE_NO_PAD.encode(session.auth).into()),
            (CREATED_AT, seconds(session.created_at).into()),
            (LAST_USED_AT, seconds(session.last_used_at).into()),
            (DATA, session.data.into()),
        ];
        let data = data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let id = id_of(key);
        self.create(id, Record { id, data, expiry_date: session.expires_at.into() }).await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<SessionRecord>, Error> {
        let Some(record) = self.0.load(&id_of(key)).await? else { return Ok(None) };
        let session = read(&record).ok_or_else(|| Error::Decode("a session of another program".into()))?;
        let last_used = self.0.load(&last_used_id_of(key)).await?;
        let last_used_at = last_used.and_then(|record| time(&record, LAST_USED_AT));
        Ok(Some(SessionRecord { last_used_at: last_used_at.unwrap_or(session.last_used_at), ..session }))
    }

    async fn touch(&self, key: &SessionKey, last_used_at: SystemTime) -> Result<(), Error> {
        let Some(session) = self.0.load(&id_of(key)).await? else { return Ok(()) };
        let data = [(LAST_USED_AT.to_owned(), seconds(last_used_at).into())].into();
        self.0.save(&Record { id: last_used_id_of(key), data, expiry_date: session.expiry_date }).await
    }

    async fn remove(&self, key: &SessionKey) -> Result<bool, Error> {
        let was_there = self.0.load(&id_of(key)).await?.is_some();
        self.0.delete(&id_of(key)).await?;
        self.0.delete(&last_used_id_of(key)).await?;
        Ok(was_there)
    }
}

fn id_of(key: &SessionKey) -> Id {
    first_half(*key.as_bytes())
}

fn last_used_id_of(key: &SessionKey) -> Id {
    first_half(Sha256::new().chain_update(LAST_USED_AT).chain_update(key.as_bytes()).finalize().into())
}

fn first_half(digest: [u8; 32]) -> Id {
    let (half, _) = digest.split_first_chunk().unwrap_or((&[0; 16], &[]));
    Id(i128::from_le_bytes(*half))
}

fn read(record: &Record) -> Option<SessionRecord> {
    let auth = URL_SAFE_NO_PAD.decode(record.data.get(AUTH)?.as_str()?).ok()?;
    Some(SessionRecord {
        user: record.data.get(USER)?.as_str()?.to_owned(),
        auth: auth.try_into().ok()?,
        created_at: time(record, CREATED_AT)?,
        last_used_at: time(record, LAST_USED_AT)?,
        expires_at: record.expiry_date.into(),
        data: record.data.get(DATA).and_then(Value::as_str).map(str::to_owned),
    })
}

fn time(record: &Record, name: &str) -> Option<SystemTime> {
    let seconds = record.data.get(name).and_then(Value::as_u64)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
