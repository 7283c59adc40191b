//! The contract of `SessionStore`, for every implementation.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use tower_passport::{
    MemoryStore, SessionKey, SessionRecord, SessionStore, SessionUser, Sessions, TowerSessions,
};
use tower_sessions_memory_store::MemoryStore as TowerMemoryStore;

struct Alice;

impl SessionUser for Alice {
    fn id(&self) -> std::borrow::Cow<'_, str> {
        "alice".into()
    }

    fn session_auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
        b"hash".into()
    }
}

/// Records the key of the created session, since keys cannot be constructed from outside.
struct Recorded<S> {
    store: Arc<S>,
    made: std::sync::Mutex<Option<(SessionKey, SessionRecord)>>,
}

impl<S: SessionStore> SessionStore for Recorded<S> {
    type Error = S::Error;

    async fn insert(&self, key: &SessionKey, session: SessionRecord) -> Result<(), S::Error> {
        *self.made.lock().unwrap() = Some((*key, session.clone()));
        self.store.insert(key, session).await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<SessionRecord>, S::Error> {
        self.store.load(key).await
    }

    async fn touch(&self, key: &SessionKey, last_used_at: SystemTime) -> Result<(), S::Error> {
        self.store.touch(key, last_used_at).await
    }

    async fn remove(&self, key: &SessionKey) -> Result<bool, S::Error> {
        self.store.remove(key).await
    }
}

/// Creates a session in this store.
async fn made<S: SessionStore>(store: &Arc<S>) -> (SessionKey, SessionRecord) {
    let recorded = Arc::new(Recorded { store: Arc::clone(store), made: std::sync::Mutex::default() });
    let sessions = Sessions::new(Arc::clone(&recorded)).clock(soon);
    let _ = sessions.log_in_with(&HeaderMap::new(), &Alice, "eyJ.eyJ.sig").await.unwrap();
    recorded.made.lock().unwrap().clone().unwrap()
}

/// In whole seconds, and recent enough that a store keeps it.
fn soon() -> SystemTime {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    SystemTime::UNIX_EPOCH + Duration::from_secs(now)
}

async fn keeps_its_promises<S>(store: S)
where
    S: SessionStore<Error: std::fmt::Debug>,
{
    let store = Arc::new(store);
    let (key, session) = made(&store).await;
    let (other, _) = made(&store).await;
    assert_ne!(key, other);
    assert_eq!(session.data.as_deref(), Some("eyJ.eyJ.sig"));
    assert_eq!(store.load(&key).await.unwrap(), Some(session.clone()));

    assert_eq!(store.load(&SessionKey::from_bytes(*key.as_bytes())).await.unwrap(), Some(session.clone()));
    assert_eq!(store.load(&SessionKey::from_bytes([0; 32])).await.unwrap(), None);

    let later = session.last_used_at + Duration::from_mins(10);
    store.touch(&key, later).await.unwrap();
    assert_eq!(store.load(&key).await.unwrap(), Some(SessionRecord { last_used_at: later, ..session }));

    assert!(store.remove(&key).await.unwrap());
    assert_eq!(store.load(&key).await.unwrap(), None);
    store.touch(&key, later).await.unwrap();
    assert_eq!(store.load(&key).await.unwrap(), None, "what was removed does not come back");
    assert!(!store.remove(&key).await.unwrap(), "it was there before");
    assert!(store.load(&other).await.unwrap().is_some());
}

#[tokio::test]
async fn in_memory() {
    keeps_its_promises(MemoryStore::new()).await;
}

#[tokio::test]
async fn of_tower_sessions() {
    keeps_its_promises(TowerSessions::new(TowerMemoryStore::default())).await;
}

#[tokio::test]
async fn memory_store_removes_expired_sessions() {
    let store = Arc::new(MemoryStore::new());
    let log_in = async |at: u64| {
        let clock = move || SystemTime::UNIX_EPOCH + Duration::from_secs(at);
        let sessions = Sessions::new(Arc::clone(&store)).clock(clock).absolute_limit(Duration::from_secs(10));
        let _ = sessions.log_in(&HeaderMap::new(), &Alice).await.unwrap();
    };
    for at in 0..1000 {
        log_in(at).await;
    }
    let printed = format!("{store:?}");
    let held = printed.matches("SessionRecord").count();
    assert!((10..=128).contains(&held), "{held} sessions are held, 10 are good");
}

#[tokio::test]
async fn a_foreign_record_is_not_a_session() {
    use tower_sessions_core::session::{Id, Record};
    use tower_sessions_core::session_store::SessionStore as _;

    let inner = TowerMemoryStore::default();
    let store = Arc::new(TowerSessions::new(inner.clone()));
    let (key, session) = made(&store).await;
    let id = Id(i128::from_le_bytes(*key.as_bytes().first_chunk().unwrap()));
    let record = inner.load(&id).await.unwrap().unwrap();
    assert_eq!(SystemTime::from(record.expiry_date), session.expires_at);
    inner.save(&Record { data: [("cart".to_owned(), 7.into())].into(), ..record }).await.unwrap();
    assert!(store.load(&key).await.is_err());
    let cookie = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("__Host-session=x"))]);
    assert!(Sessions::new(store).log_out(&cookie).await.is_ok());
}
