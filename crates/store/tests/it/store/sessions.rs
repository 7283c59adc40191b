//! Sessions: each line of what they promise, above all that none is lost and none lives on.

mod cache;
mod passwords;

use std::collections::HashSet;
use std::time::Duration;

use accounts::{
    Device, MAX_SESSIONS, NewSession, NewUser, PasswordHash, RefreshToken, Role, Session, SessionLimits,
    TokenDigest, User,
};
use accounts::{audit::Actor, audit::Filter};
use ids::{SessionId, UserId};
use store::{Access, Context, CreateSession, Refresh, RefreshSession, SignUp};
use tokio::task::JoinSet;

use self::passwords::{hash, new_password};
use super::{Kitchen, email, new_user};

const DAY: Duration = Duration::from_hours(24);

const ELSEWHERE: &str = "203.0.113.9";

fn limits() -> SessionLimits {
    SessionLimits::new(14 * DAY, 30 * DAY)
}

impl Kitchen {
    pub(super) fn new_session(&self) -> NewSession {
        let token =
            RefreshToken::first(SessionId::new(self.now(), self.entropy.bytes()), self.entropy.bytes());
        NewSession { token, device: Device::of("curl/8.5"), address: "192.0.2.1".parse().ok() }
    }

    /// A user without a password logs in all the same: the store only compares.
    async fn logs_in(&self, user: &User) -> RefreshToken {
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

#[tokio::test]
async fn a_user_comes_with_a_session_or_not_at_all() {
    let kitchen = Kitchen::new().await;
    let new = kitchen.new_session();
    let (user, session) =
        kitchen.sign_up(sign_up(new_user("alice"), new.clone(), None), kitchen.now()).await.unwrap();
    let Session { id, device, address, created_at, last_used_at, .. } = session.clone();
    assert_eq!((id, device, address), (new.token.session(), new.device, new.address));
    assert_eq!((created_at, last_used_at), (kitchen.now(), kitchen.now()));
    assert_eq!(kitchen.sessions(user.id, limits(), kitchen.now()).await.unwrap(), [session]);

    let again = kitchen.new_session();
    kitchen.sign_up(sign_up(new_user("ALICE"), again.clone(), None), kitchen.now()).await.unwrap_err();
    assert!(!kitchen.alive(user.id, &again.token).await);
}

#[tokio::test]
async fn one_read_finds_the_user_of_a_session_and_nobody_elses() {
    let kitchen = Kitchen::new().await;
    let (alice, bob) = (kitchen.user("alice").await, kitchen.user("bob").await);
    let token = kitchen.logs_in(&alice).await;
    let found = kitchen.session_user(token.session(), alice.id).await.unwrap().unwrap();
    assert_eq!((found.user, found.created_at), (alice, kitchen.now()));
    assert_eq!(kitchen.session_user(token.session(), bob.id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_100_refreshes_at_once_all_get_the_same_one_new_token_and_the_session_lives() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let first = kitchen.logs_in(&alice).await;
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let (store, token, now) = (kitchen.store.clone(), first.clone(), kitchen.now());
        let nonce = kitchen.entropy.bytes();
        let command = RefreshSession { token, nonce, limits: limits(), address: None };
        tasks.spawn(async move { store.refresh_session(command, now).await.unwrap() });
    }
    let answers: HashSet<String> =
        tasks.join_all().await.into_iter().map(|refresh| good(refresh).expose()).collect();
    assert_eq!(answers.len(), 1, "one new pair");
    let second = RefreshToken::parse(answers.iter().next().unwrap()).unwrap();
    assert!(kitchen.alive(alice.id, &first).await);
    good(kitchen.refresh(&second).await);
}

#[tokio::test]
async fn a_lost_answer_loses_no_session_however_late_it_is_asked_for_again() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let first = kitchen.logs_in(&alice).await;
    let lost = good(kitchen.refresh(&first).await);
    kitchen.clock.advance(Duration::from_secs(59));
    assert_eq!(good(kitchen.refresh(&first).await), lost, "soon, the same again");
    kitchen.clock.advance(DAY);
    let renewed = good(kitchen.refresh(&first).await);
    assert_ne!(renewed, lost, "later, another: the lost one may be in other hands");
    let next = good(kitchen.refresh(&renewed).await);
    good(kitchen.refresh(&next).await);
}

#[tokio::test]
async fn an_older_token_ends_the_session() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let first = kitchen.logs_in(&alice).await;
    let second = good(kitchen.refresh(&first).await);
    let third = good(kitchen.refresh(&second).await);
    let reused = Refresh::Reused { user: alice.id, session: first.session() };
    assert_eq!(kitchen.refresh(&first).await, reused);
    assert!(!kitchen.alive(alice.id, &first).await);
    assert_eq!(kitchen.refresh(&third).await, Refresh::Unknown);
}

#[tokio::test]
async fn who_took_a_token_and_renewed_it_is_found_out_when_the_owner_comes_back() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let first = kitchen.logs_in(&alice).await;
    let alices = good(kitchen.refresh(&first).await);
    kitchen.clock.advance(Duration::from_mins(5));
    let thiefs = good(kitchen.refresh(&first).await);
    assert!(matches!(kitchen.refresh(&alices).await, Refresh::Reused { .. }));
    assert_eq!(kitchen.refresh(&thiefs).await, Refresh::Unknown);
}

#[tokio::test]
async fn who_knows_only_the_id_of_a_session_cannot_end_it() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let token = kitchen.logs_in(&alice).await;
    let forged = RefreshToken::first(token.session(), [0; 48]);
    assert_eq!(kitchen.refresh(&forged).await, Refresh::Unknown);
    good(kitchen.refresh(&token).await);
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let idle = kitchen.logs_in(&alice).await;
    let mut used = kitchen.logs_in(&alice).await;
    kitchen.clock.advance(10 * DAY);
    used = good(kitchen.refresh(&used).await);
    kitchen.clock.advance(4 * DAY);
    assert_eq!(kitchen.ids_of_sessions(alice.id).await, [used.session()]);
    assert_eq!(kitchen.refresh(&idle).await, Refresh::Unknown, "and no word of theft");
    used = good(kitchen.refresh(&used).await);
    kitchen.clock.advance(10 * DAY);
    used = good(kitchen.refresh(&used).await);
    kitchen.clock.advance(6 * DAY);
    assert_eq!(kitchen.refresh(&used).await, Refresh::Unknown);
    assert!(kitchen.ids_of_sessions(alice.id).await.is_empty());
}

#[tokio::test]
async fn a_log_in_forgets_the_ended_sessions_of_everybody() {
    let kitchen = Kitchen::new().await;
    let (alice, bob) = (kitchen.user("alice").await, kitchen.user("bob").await);
    let (hers, his) = (kitchen.logs_in(&alice).await, kitchen.logs_in(&bob).await);
    kitchen.clock.advance(14 * DAY);
    kitchen.logs_in(&alice).await;
    assert!(!kitchen.alive(alice.id, &hers).await);
    assert!(!kitchen.alive(bob.id, &his).await);
}

#[tokio::test]
async fn one_session_too_many_ends_the_one_that_was_not_used_for_the_longest_time() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let first = kitchen.logs_in(&alice).await;
    kitchen.later();
    let second = kitchen.logs_in(&alice).await;
    kitchen.later();
    good(kitchen.refresh(&first).await);
    for _ in 2..=MAX_SESSIONS {
        kitchen.later();
        kitchen.logs_in(&alice).await;
    }
    assert_eq!(kitchen.ids_of_sessions(alice.id).await.len(), usize::from(MAX_SESSIONS));
    assert!(kitchen.alive(alice.id, &first).await && !kitchen.alive(alice.id, &second).await);
}

#[tokio::test]
async fn one_all_others_or_all_sessions_end_and_only_those_of_this_user() {
    let kitchen = Kitchen::new().await;
    let (alice, bob) = (kitchen.user("alice").await, kitchen.user("bob").await);
    let (one, two, three) =
        (kitchen.logs_in(&alice).await, kitchen.logs_in(&alice).await, kitchen.logs_in(&alice).await);
    let bobs = kitchen.logs_in(&bob).await;
    assert!(!kitchen.end_session(bob.id, one.session(), kitchen.operator()).await.unwrap(), "not his");
    assert!(kitchen.end_session(alice.id, one.session(), kitchen.operator()).await.unwrap());
    assert!(!kitchen.end_session(alice.id, one.session(), kitchen.operator()).await.unwrap());
    assert_eq!(kitchen.end_other_sessions(alice.id, two.session(), kitchen.operator()).await.unwrap(), 1);
    assert!(kitchen.alive(alice.id, &two).await && !kitchen.alive(alice.id, &three).await);
    assert_eq!(kitchen.end_sessions(alice.id, kitchen.operator()).await.unwrap(), 1);
    assert!(!kitchen.alive(alice.id, &two).await && kitchen.alive(bob.id, &bobs).await);
}

#[tokio::test]
async fn disabling_and_deleting_a_user_end_all_sessions() {
    let kitchen = Kitchen::new().await;
    let (alice, bob) = (kitchen.user("alice").await, kitchen.user("bob").await);
    let (hers, his) = (kitchen.logs_in(&alice).await, kitchen.logs_in(&bob).await);
    kitchen.set_access(&email("alice"), Access::Disabled, kitchen.operator()).await.unwrap();
    kitchen.set_access(&email("alice"), Access::Enabled, kitchen.operator()).await.unwrap();
    assert!(!kitchen.alive(alice.id, &hers).await, "it does not come back");
    kitchen.delete_user(bob.id, None, kitchen.operator()).await.unwrap();
    assert!(!kitchen.alive(bob.id, &his).await);
    assert_eq!(kitchen.refresh(&his).await, Refresh::Unknown);
}

#[tokio::test]
async fn a_session_is_known_at_its_place_and_moves_with_its_client() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let token = kitchen.logs_in(&alice).await;
    let (store, now) = (&kitchen.store, kitchen.now());
    let at = async |user: &str, address: &str| {
        let key = email(user).key();
        store.has_session_from(&key, address.parse().unwrap(), limits(), now).await.unwrap()
    };
    assert!(at("alice", "192.0.2.1").await && !at("alice", ELSEWHERE).await && !at("bob", "192.0.2.1").await);
    good(kitchen.refresh(&token).await);
    assert!(at("alice", ELSEWHERE).await && !at("alice", "192.0.2.1").await);
    let listed = kitchen.sessions(alice.id, limits(), now).await.unwrap();
    assert_eq!(listed[0].address, ELSEWHERE.parse().ok());
    let home = NewSession { address: "2001:db8:0:1::1".parse().ok(), ..kitchen.new_session() };
    kitchen.create_session(session_of(alice.id, None, home), now).await.unwrap().unwrap();
    assert!(at("alice", "2001:db8:0:1:ffff::2").await && !at("alice", "2001:db8:0:2::1").await);
    let later = now + 30 * DAY;
    assert!(
        !store
            .has_session_from(&alice.email.key(), ELSEWHERE.parse().unwrap(), limits(), later)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_disabled_user_gets_no_session() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    kitchen.set_access(&email("alice"), Access::Disabled, kitchen.operator()).await.unwrap();
    let new = kitchen.new_session();
    assert_eq!(kitchen.create_session(session_of(alice.id, None, new), kitchen.now()).await.unwrap(), None);
}

#[tokio::test]
async fn a_use_is_noted_once_a_minute() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let token = kitchen.logs_in(&alice).await;
    let began = kitchen.now();
    let last_used = async || {
        // Behind the note, which nobody waits for, the writer has this.
        kitchen.user("bob").await;
        kitchen
            .delete_user(
                kitchen.user_by_email(&email("bob")).await.unwrap().unwrap().0.id,
                None,
                Context::operator(began),
            )
            .await
            .unwrap();
        kitchen.session_user(token.session(), alice.id).await.unwrap().unwrap().last_used_at
    };
    kitchen.clock.advance(Duration::from_secs(59));
    kitchen.session_used(token.session(), kitchen.now());
    assert_eq!(last_used().await, began);
    kitchen.clock.advance(Duration::from_secs(1));
    kitchen.session_used(token.session(), kitchen.now());
    assert_eq!(last_used().await, kitchen.now());
}

#[tokio::test]
async fn no_token_is_in_the_file() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let first = kitchen.logs_in(&alice).await;
    let second = good(kitchen.refresh(&first).await);
    kitchen.close().await;
    let file = std::fs::read(kitchen.file()).unwrap();
    let holds = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"curl/8.5"), "this is the file");
    for token in [first, second] {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let bytes = URL_SAFE_NO_PAD.decode(token.expose()).unwrap();
        assert!(!holds(token.expose().as_bytes()) && !holds(&bytes[16..32]) && !holds(&bytes[32..]));
    }
}

#[tokio::test]
async fn coming_and_going_is_noted_down_with_who_and_from_where() {
    let kitchen = Kitchen::new().await;
    let new = NewUser { password_hash: Some(hash('a')), ..new_user("alice") };
    let (alice, first) =
        kitchen.sign_up(sign_up(new, kitchen.new_session(), None), kitchen.now()).await.unwrap();
    let second = kitchen.new_session();
    let token = second.token.clone();
    kitchen.create_session(session_of(alice.id, Some(hash('a')), second), kitchen.now()).await.unwrap();
    let next = good(kitchen.refresh(&token).await);
    good(kitchen.refresh(&next).await);
    kitchen.refresh(&token).await;
    let alices = Actor { user: Some(alice.id), session: Some(first.id), address: first.address };
    let (old, now) = (hash('a'), kitchen.now());
    kitchen
        .change_password(new_password(alice.id, old, hash('b'), first.id), Context { actor: alices, now })
        .await
        .unwrap();
    kitchen.end_other_sessions(alice.id, first.id, Context { actor: alices, now }).await.unwrap();
    let third = kitchen.new_session();
    let of_third = Actor { session: Some(third.token.session()), ..alices };
    kitchen.create_session(session_of(alice.id, Some(hash('b')), third), now).await.unwrap();
    kitchen.end_other_sessions(alice.id, first.id, Context { actor: alices, now }).await.unwrap();
    kitchen.end_session(alice.id, token.session(), Context { actor: alices, now }).await.unwrap();
    kitchen.end_session(alice.id, first.id, Context { actor: alices, now }).await.unwrap();
    kitchen.end_sessions(alice.id, Context::operator(now)).await.unwrap();
    kitchen.create_session(session_of(alice.id, Some(hash('b')), kitchen.new_session()), now).await.unwrap();
    kitchen.end_sessions(alice.id, Context::operator(now)).await.unwrap();
    kitchen.end_sessions(alice.id, Context::operator(now)).await.unwrap();

    let mut log = kitchen.entries(Filter::default(), 100).await;
    log.reverse();
    assert!(log.iter().all(|entry| entry.subject == Some(alice.id)));
    let mut seen: Vec<_> = log.iter().map(|entry| (entry.event.as_str(), entry.actor)).collect();
    let fourth = seen.remove(7);
    assert_eq!(fourth.0, "logged_in");
    let of_second = Actor { session: Some(token.session()), ..alices };
    let thief = Actor { user: None, session: Some(token.session()), address: ELSEWHERE.parse().ok() };
    assert_eq!(
        seen,
        [
            ("signed_up", alices),
            ("logged_in", of_second),
            ("refresh_reused", thief),
            ("password_changed", alices),
            ("logged_in", of_third),
            ("other_sessions_ended", alices),
            ("session_ended", alices),
            ("sessions_ended", Actor::OPERATOR),
        ],
        "and what ended nothing is not there"
    );
}
