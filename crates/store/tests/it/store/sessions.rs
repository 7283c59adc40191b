//! Sessions: each line of what they promise, above all that none is lost and none lives on.

mod audit;
mod cache;
pub(super) mod passwords;

use std::collections::HashSet;
use std::time::Duration;

use accounts::{
    Device, MAX_SESSIONS, NewSession, NewUser, PasswordHash, RefreshToken, Role, Session, SessionLimits,
    TokenDigest, User,
};
use ids::{SessionId, UserId};
use rstest_reuse::apply;
use store::{Access, Context, CreateSession, Refresh, RefreshSession, SignUp};
use tokio::task::JoinSet;

use self::passwords::{hash, new_password};
use super::{Database, TestStore, each_database, email, eventually, new_user};

const DAY: Duration = Duration::from_hours(24);

const ELSEWHERE: &str = "203.0.113.9";

pub(super) fn limits() -> SessionLimits {
    SessionLimits::new(14 * DAY, 30 * DAY)
}

impl TestStore {
    pub(super) fn new_session(&self) -> NewSession {
        let token =
            RefreshToken::first(SessionId::new(self.now(), self.entropy.bytes()), self.entropy.bytes());
        NewSession { token, device: Device::of("curl/8.5"), address: "192.0.2.1".parse().ok() }
    }

    /// A user without a password logs in all the same: the store only compares.
    pub(super) async fn logs_in(&self, user: &User) -> RefreshToken {
        self.logs_in_with(user, None).await
    }

    pub(super) async fn logs_in_with(&self, user: &User, hash: Option<&PasswordHash>) -> RefreshToken {
        let new = self.new_session();
        let token = new.token.clone();
        let session =
            self.create_session(session_of(user.id, hash.cloned(), new), self.now()).await.unwrap().unwrap();
        assert_eq!(session.id, token.session());
        token
    }

    async fn refresh(&self, token: &RefreshToken) -> Refresh {
        let (nonce, address) = (self.entropy.bytes(), ELSEWHERE.parse().ok());
        let command = RefreshSession { token: token.clone(), nonce, limits: limits(), address };
        self.refresh_session(command, self.now()).await.unwrap()
    }

    #[track_caller]
    pub(super) fn alive(&self, user: UserId, token: &RefreshToken) -> impl Future<Output = bool> {
        let (store, session) = (self.store.clone(), token.session());
        async move { store.session_user(session, user).await.unwrap().is_some() }
    }

    async fn ids_of_sessions(&self, user: UserId) -> Vec<SessionId> {
        self.sessions(user, limits(), self.now()).await.unwrap().iter().map(|session| session.id).collect()
    }
}

pub(super) fn session_of(
    user: UserId,
    password_hash: Option<PasswordHash>,
    session: NewSession,
) -> CreateSession {
    CreateSession { user, password_hash, session, limits: limits() }
}

pub(super) fn sign_up(user: NewUser, session: NewSession, invitation: Option<TokenDigest>) -> SignUp {
    SignUp { user, session, invitation }
}

#[track_caller]
fn good(refresh: Refresh) -> RefreshToken {
    match refresh {
        Refresh::Refreshed(refreshed) => refreshed.token,
        other => panic!("{other:?}"),
    }
}

#[apply(each_database)]
#[tokio::test]
async fn a_user_comes_with_a_session_or_not_at_all(database: Database) {
    let test = TestStore::on(database).await;
    let new = test.new_session();
    let (user, session) =
        test.sign_up(sign_up(new_user("alice"), new.clone(), None), test.now()).await.unwrap();
    let Session { id, device, address, created_at, last_used_at, .. } = session.clone();
    assert_eq!((id, device, address), (new.token.session(), new.device, new.address));
    assert_eq!((created_at, last_used_at), (test.now(), test.now()));
    assert_eq!(test.sessions(user.id, limits(), test.now()).await.unwrap(), [session]);

    let again = test.new_session();
    test.sign_up(sign_up(new_user("ALICE"), again.clone(), None), test.now()).await.unwrap_err();
    assert!(!test.alive(user.id, &again.token).await);
}

#[apply(each_database)]
#[tokio::test]
async fn session_user_requires_the_matching_user(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await, test.user("bob").await);
    let token = test.logs_in(&alice).await;
    let found = test.session_user(token.session(), alice.id).await.unwrap().unwrap();
    assert_eq!((found.user, found.created_at), (alice, test.now()));
    assert_eq!(test.session_user(token.session(), bob.id).await.unwrap(), None);
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_refreshes_of_100_clients_get_the_same_token(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let first = test.logs_in(&alice).await;
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let (store, token, now) = (test.store.clone(), first.clone(), test.now());
        let nonce = test.entropy.bytes();
        let command = RefreshSession { token, nonce, limits: limits(), address: None };
        tasks.spawn(async move { store.refresh_session(command, now).await.unwrap() });
    }
    let answers: HashSet<String> =
        tasks.join_all().await.into_iter().map(|refresh| good(refresh).expose()).collect();
    assert_eq!(answers.len(), 1, "one new pair");
    let second = RefreshToken::parse(answers.iter().next().unwrap()).unwrap();
    assert!(test.alive(alice.id, &first).await);
    good(test.refresh(&second).await);
}

#[apply(each_database)]
#[tokio::test]
async fn lost_refresh_answer_can_be_requested_again(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let first = test.logs_in(&alice).await;
    let lost = good(test.refresh(&first).await);
    test.clock.advance(Duration::from_secs(59));
    assert_eq!(good(test.refresh(&first).await), lost, "soon, the same again");
    test.clock.advance(DAY);
    let renewed = good(test.refresh(&first).await);
    assert_ne!(renewed, lost, "later, another: the lost one may be in other hands");
    let next = good(test.refresh(&renewed).await);
    good(test.refresh(&next).await);
}

#[apply(each_database)]
#[tokio::test]
async fn an_older_token_ends_the_session(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let first = test.logs_in(&alice).await;
    let second = good(test.refresh(&first).await);
    let third = good(test.refresh(&second).await);
    let reused = Refresh::Reused { user: alice.id, session: first.session() };
    assert_eq!(test.refresh(&first).await, reused);
    assert!(!test.alive(alice.id, &first).await);
    assert_eq!(test.refresh(&third).await, Refresh::Unknown);
}

#[apply(each_database)]
#[tokio::test]
async fn stolen_and_renewed_token_is_detected_at_the_next_refresh(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let first = test.logs_in(&alice).await;
    let alices = good(test.refresh(&first).await);
    test.clock.advance(Duration::from_mins(5));
    let thiefs = good(test.refresh(&first).await);
    assert!(matches!(test.refresh(&alices).await, Refresh::Reused { .. }));
    assert_eq!(test.refresh(&thiefs).await, Refresh::Unknown);
}

#[apply(each_database)]
#[tokio::test]
async fn forged_refresh_token_does_not_end_the_session(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let token = test.logs_in(&alice).await;
    let forged = RefreshToken::first(token.session(), [0; 48]);
    assert_eq!(test.refresh(&forged).await, Refresh::Unknown);
    good(test.refresh(&token).await);
}

#[apply(each_database)]
#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_when_it_is_old(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let idle = test.logs_in(&alice).await;
    let mut used = test.logs_in(&alice).await;
    test.clock.advance(10 * DAY);
    used = good(test.refresh(&used).await);
    test.clock.advance(4 * DAY);
    assert_eq!(test.ids_of_sessions(alice.id).await, [used.session()]);
    assert_eq!(test.refresh(&idle).await, Refresh::Unknown, "and no word of theft");
    used = good(test.refresh(&used).await);
    test.clock.advance(10 * DAY);
    used = good(test.refresh(&used).await);
    test.clock.advance(6 * DAY);
    assert_eq!(test.refresh(&used).await, Refresh::Unknown);
    assert!(test.ids_of_sessions(alice.id).await.is_empty());
}

#[apply(each_database)]
#[tokio::test]
async fn log_in_deletes_expired_sessions_of_all_users(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await, test.user("bob").await);
    let (hers, his) = (test.logs_in(&alice).await, test.logs_in(&bob).await);
    test.clock.advance(14 * DAY);
    test.logs_in(&alice).await;
    assert!(!test.alive(alice.id, &hers).await);
    assert!(!test.alive(bob.id, &his).await);
}

#[apply(each_database)]
#[tokio::test]
async fn session_beyond_the_limit_ends_the_least_recently_used(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let first = test.logs_in(&alice).await;
    test.later();
    let second = test.logs_in(&alice).await;
    test.later();
    good(test.refresh(&first).await);
    for _ in 2..=MAX_SESSIONS {
        test.later();
        test.logs_in(&alice).await;
    }
    assert_eq!(test.ids_of_sessions(alice.id).await.len(), usize::from(MAX_SESSIONS));
    assert!(test.alive(alice.id, &first).await && !test.alive(alice.id, &second).await);
}

#[apply(each_database)]
#[tokio::test]
async fn ending_sessions_affects_only_the_chosen_ones(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await, test.user("bob").await);
    let (one, two, three) =
        (test.logs_in(&alice).await, test.logs_in(&alice).await, test.logs_in(&alice).await);
    let bobs = test.logs_in(&bob).await;
    assert!(
        !test.end_session(bob.id, one.session(), test.operator()).await.unwrap(),
        "another user's session"
    );
    assert!(test.end_session(alice.id, one.session(), test.operator()).await.unwrap());
    assert!(!test.end_session(alice.id, one.session(), test.operator()).await.unwrap());
    assert_eq!(test.end_other_sessions(alice.id, two.session(), test.operator()).await.unwrap(), 1);
    assert!(test.alive(alice.id, &two).await && !test.alive(alice.id, &three).await);
    assert_eq!(test.end_sessions(alice.id, test.operator()).await.unwrap(), 1);
    assert!(!test.alive(alice.id, &two).await && test.alive(bob.id, &bobs).await);
}

#[apply(each_database)]
#[tokio::test]
async fn disabling_and_deleting_a_user_end_all_sessions(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await, test.user("bob").await);
    let (hers, his) = (test.logs_in(&alice).await, test.logs_in(&bob).await);
    test.set_access(&email("alice"), Access::Disabled, test.operator()).await.unwrap();
    test.set_access(&email("alice"), Access::Enabled, test.operator()).await.unwrap();
    assert!(!test.alive(alice.id, &hers).await, "it does not come back");
    test.delete_user(bob.id, None, test.operator()).await.unwrap();
    assert!(!test.alive(bob.id, &his).await);
    assert_eq!(test.refresh(&his).await, Refresh::Unknown);
}

#[apply(each_database)]
#[tokio::test]
async fn a_session_is_known_at_its_place_and_moves_with_its_client(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let token = test.logs_in(&alice).await;
    let (store, now) = (&test.store, test.now());
    let at = async |user: &str, address: &str| {
        let key = email(user).key();
        store.has_session_from(&key, address.parse().unwrap(), limits(), now).await.unwrap()
    };
    assert!(at("alice", "192.0.2.1").await && !at("alice", ELSEWHERE).await && !at("bob", "192.0.2.1").await);
    good(test.refresh(&token).await);
    assert!(at("alice", ELSEWHERE).await && !at("alice", "192.0.2.1").await);
    let listed = test.sessions(alice.id, limits(), now).await.unwrap();
    assert_eq!(listed[0].address, ELSEWHERE.parse().ok());
    let home = NewSession { address: "2001:db8:0:1::1".parse().ok(), ..test.new_session() };
    test.create_session(session_of(alice.id, None, home), now).await.unwrap().unwrap();
    assert!(at("alice", "2001:db8:0:1:ffff::2").await && !at("alice", "2001:db8:0:2::1").await);
    let later = now + 30 * DAY;
    assert!(
        !store
            .has_session_from(&alice.email.key(), ELSEWHERE.parse().unwrap(), limits(), later)
            .await
            .unwrap()
    );
}

#[apply(each_database)]
#[tokio::test]
async fn a_disabled_user_gets_no_session(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    test.set_access(&email("alice"), Access::Disabled, test.operator()).await.unwrap();
    let new = test.new_session();
    assert_eq!(test.create_session(session_of(alice.id, None, new), test.now()).await.unwrap(), None);
}

#[apply(each_database)]
#[tokio::test]
async fn a_use_is_noted_once_a_minute(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let token = test.logs_in(&alice).await;
    let last_used =
        async || test.session_user(token.session(), alice.id).await.unwrap().unwrap().last_used_at;
    test.clock.advance(Duration::from_secs(59));
    test.session_used(token.session(), test.now());
    test.clock.advance(Duration::from_secs(1));
    // A note at 59 seconds would be in the way of this one.
    test.session_used(token.session(), test.now());
    eventually(async || last_used().await == test.now()).await;
}

#[tokio::test]
async fn no_token_is_in_the_file() {
    let test = TestStore::sqlite().await;
    let alice = test.user("alice").await;
    let first = test.logs_in(&alice).await;
    let second = good(test.refresh(&first).await);
    test.close().await;
    let file = std::fs::read(test.file()).unwrap();
    let holds = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"curl/8.5"), "this is the file");
    for token in [first, second] {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let bytes = URL_SAFE_NO_PAD.decode(token.expose()).unwrap();
        assert!(!holds(token.expose().as_bytes()) && !holds(&bytes[16..32]) && !holds(&bytes[32..]));
    }
}
