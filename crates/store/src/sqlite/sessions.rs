//! Sessions, in SQLite's dialect.

use std::net::IpAddr;

use accounts::audit::{Actor, Event};
use accounts::{
    Device, EndedSessions, Ending, LAST_USE_PRECISION, MAX_SESSIONS, NewSession, RefreshDecision,
    RefreshState, RefreshToken, Session, SessionExpiry, SessionLimits, User, network,
};
use ids::{SessionId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::Columns;
use super::user_row::{self, Verified, user_in};
use super::{
    Sqlite, audit, authority, cached, ending, execute, find, invitations, list, microseconds_before,
};
use crate::cache::Lookup;
use crate::{Context, CreateSession, Refresh, RefreshSession, Refreshed, SessionUser, SignUp, StoreError};
use ::recipes::time::to_microseconds;

/// Expired sessions of other users that a log-in deletes. More than one, so that they do not pile up.
const CLEARED: i64 = 8;

/// The columns that [`session_in`] reads, and the rest of the statement.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, user_id, device, address, created_at, last_used_at FROM sessions ", $rest)
    };
}

/// Creation.
impl Sqlite {
    pub async fn sign_up(&self, command: SignUp, now: Timestamp) -> Result<(User, Session), StoreError> {
        let now = to_microseconds(now);
        let SignUp { user, session, invitation } = command;
        self.write(move |db| {
            // First, so that only the invited learn that an address is taken.
            if let Some(invitation) = invitation {
                invitations::consume(db, invitation, &user.email, now)?;
            }
            let user = user_row::insert(db, user, Verified::NotYet, now)?;
            let session = insert(db, user.id, session, now)?;
            let context = Context { actor: actor_of(&session), now };
            audit::record(db, Event::SignedUp, Some(user.id), &context)?;
            if invitation.is_some() {
                audit::record(db, Event::InvitationUsed, Some(user.id), &context)?;
            }
            Ok((user, session))
        })
        .await
    }

    pub async fn create_session(
        &self,
        command: CreateSession,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let now = to_microseconds(now);
        let CreateSession { user, password_hash, session, limits } = command;
        self.write(move |db| {
            let is_enabled = user_row::by_id(db, user)?.is_some_and(|user| !user.disabled);
            if !is_enabled || !authority::has_password(db, user, password_hash.as_ref())? {
                return Ok(None);
            }
            make_room(db, user, limits.expiry(now))?;
            let session = insert(db, user, session, now)?;
            let context = Context { actor: actor_of(&session), now };
            audit::record(db, Event::LoggedIn, Some(user), &context)?;
            Ok(Some(session))
        })
        .await
    }
}

/// Use.
impl Sqlite {
    /// The one read of every request with an access token.
    pub fn session_user(&self, session: SessionId, user: UserId) -> Result<Option<SessionUser>, StoreError> {
        let slot = match self.0.sessions.get((session, user)) {
            Lookup::Hit(found) => return Ok(Some(found)),
            Lookup::Miss(slot) => slot,
        };
        let found = self.find_session_user(session, user)?;
        if let Some(found) = &found {
            slot.fill(found.clone());
        }
        Ok(found)
    }

    fn find_session_user(&self, session: SessionId, user: UserId) -> Result<Option<SessionUser>, StoreError> {
        self.read(|db| {
            let sql = user_row::select!(
                ", sessions.created_at, last_used_at
                 FROM sessions CROSS JOIN users ON users.id = sessions.user_id
                 WHERE sessions.id = ?1 AND sessions.user_id = ?2"
            );
            find(db, sql, params![session.as_bytes(), user.get()], |columns| {
                Ok(SessionUser {
                    user: user_in(columns)?,
                    created_at: columns.time()?,
                    last_used_at: columns.time()?,
                })
            })
        })
    }

    pub fn session_used(&self, session: SessionId, now: Timestamp) {
        self.write_later(move |db| {
            // A thousand requests may arrive before the first write: only the first of them changes the row.
            let stale = microseconds_before(now, LAST_USE_PRECISION);
            let sql = "UPDATE sessions SET last_used_at = ?2 WHERE id = ?1 AND last_used_at <= ?3";
            execute(db, sql, params![session.as_bytes(), now.as_microsecond(), stale])
        });
    }

    pub async fn refresh_session(
        &self,
        command: RefreshSession,
        now: Timestamp,
    ) -> Result<Refresh, StoreError> {
        let now = to_microseconds(now);
        self.write(move |db| {
            let RefreshSession { token, nonce, limits, address } = command;
            let Some((user, state)) = refresh_state(db, &token)? else { return Ok(Refresh::Unknown) };
            match state.decide(limits, now) {
                RefreshDecision::Rotate => {
                    rotate(db, &token, nonce, now)?;
                    move_to(db, token.session(), address)?;
                    refreshed(db, token.successor(&nonce), now)
                }
                RefreshDecision::Repeat { nonce, rotated_at } => {
                    refreshed(db, token.successor(&nonce), rotated_at)
                }
                RefreshDecision::Replace => {
                    replace_current(db, &token, nonce, now)?;
                    refreshed(db, token.successor(&nonce), now)
                }
                RefreshDecision::EndExpired => {
                    delete(db, token.session())?;
                    Ok(Refresh::Unknown)
                }
                RefreshDecision::EndReused => {
                    let session = token.session();
                    delete(db, session)?;
                    let actor = Actor { session: Some(session), ..Actor::anonymous(address) };
                    audit::record(db, Event::RefreshReused, Some(user), &Context { actor, now })?;
                    Ok(Refresh::Reused { user, session })
                }
            }
        })
        .await
    }
}

/// Lists and ends.
impl Sqlite {
    pub fn has_session_from(
        &self,
        email_key: &str,
        address: IpAddr,
        limits: SessionLimits,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(|db| {
            let SessionExpiry { created_at, last_used_at } = limits.expiry(now);
            // CROSS JOIN fixes the order: the time depends on the number of sessions of the network, and not on whether
            // the account exists.
            let sql = "SELECT 1 FROM sessions CROSS JOIN users ON users.id = sessions.user_id
                       WHERE place = ?1 AND sessions.created_at > ?2 AND last_used_at > ?3 AND email_key = ?4";
            let network = network(address).to_string();
            Ok(cached(db, sql)?.exists(params![network, created_at, last_used_at, email_key])?)
        })
    }

    pub fn sessions(
        &self,
        user: UserId,
        limits: SessionLimits,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        self.read(|db| {
            let SessionExpiry { created_at, last_used_at } = limits.expiry(now);
            let sql = select!(
                "WHERE user_id = ?1 AND created_at > ?2 AND last_used_at > ?3 ORDER BY last_used_at DESC, id DESC"
            );
            list(db, sql, params![user.get(), created_at, last_used_at], session_in)
        })
    }

    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        context: Context,
    ) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_right_to_change(authority, user)?;
            let sql = "DELETE FROM sessions WHERE id = ?1 AND user_id = ?2";
            let ended = execute(db, sql, params![session.as_bytes(), user.get()])? == 1;
            if ended {
                audit::record(db, Event::SessionEnded, Some(user), &context)?;
            }
            Ok(ended)
        })
        .await
    }

    pub async fn end_sessions(
        &self,
        user: UserId,
        ending: Ending,
        context: Context,
    ) -> Result<usize, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_right_to_change(authority, user)?;
            let ended = ending::end_sessions(db, user, ending.sessions)?;
            // Ending nothing is no event. Otherwise every user could evict real events from the log.
            if ended > 0 {
                let all = ending.sessions == EndedSessions::All;
                let event = if all { Event::SessionsEnded } else { Event::OtherSessionsEnded };
                audit::record(db, event, Some(user), &context)?;
            }
            ending::end(db, user, Ending { sessions: EndedSessions::None, ..ending }, &context)?;
            Ok(ended)
        })
        .await
    }
}

/// The user who begins a session is the first to act in it.
fn actor_of(session: &Session) -> Actor {
    Actor { user: Some(session.user), session: Some(session.id), ..Actor::anonymous(session.address) }
}

/// Deletes expired sessions, and the least recently used ones of this user beyond the limit.
fn make_room(db: &Connection, user: UserId, expiry: SessionExpiry) -> Result<(), StoreError> {
    let SessionExpiry { created_at, last_used_at } = expiry;
    let own = "DELETE FROM sessions WHERE user_id = ?1 AND (created_at <= ?2 OR last_used_at <= ?3)";
    execute(db, own, params![user.get(), created_at, last_used_at])?;
    let of_others =
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE last_used_at <= ?1 LIMIT ?2)";
    execute(db, of_others, params![last_used_at, CLEARED])?;
    let too_many = "DELETE FROM sessions WHERE id IN (
                        SELECT id FROM sessions WHERE user_id = ?1
                        ORDER BY last_used_at DESC, id DESC LIMIT -1 OFFSET ?2)";
    execute(db, too_many, params![user.get(), MAX_SESSIONS.saturating_sub(1)])?;
    Ok(())
}

fn insert(db: &Connection, user: UserId, new: NewSession, now: Timestamp) -> Result<Session, StoreError> {
    let NewSession { token, device, address } = new;
    let id = token.session();
    execute(
        db,
        "INSERT INTO sessions (id, user_id, family, current, device, address, place, created_at, last_used_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
        params![
            id.as_bytes(),
            user.get(),
            token.family_digest().as_bytes(),
            token.digest().as_bytes(),
            device.as_ref().map(Device::as_str),
            address.map(|address| address.to_string()),
            address.map(|address| network(address).to_string()),
            now.as_microsecond(),
        ],
    )?;
    Ok(Session { id, user, device, address, created_at: now, last_used_at: now })
}

fn delete(db: &Connection, session: SessionId) -> Result<(), StoreError> {
    execute(db, "DELETE FROM sessions WHERE id = ?1", [session.as_bytes()]).map(drop)
}

/// The session of this token's family. `None`: it has ended, or the token was made up.
fn refresh_state(
    db: &Connection,
    token: &RefreshToken,
) -> Result<Option<(UserId, RefreshState)>, StoreError> {
    let sql = "SELECT user_id, current = ?3, CASE WHEN previous = ?3 THEN nonce END, rotated_at,
                      created_at, last_used_at
               FROM sessions WHERE id = ?1 AND family = ?2";
    let (id, family, digest) = (token.session(), token.family_digest(), token.digest());
    find(db, sql, params![id.as_bytes(), family.as_bytes(), digest.as_bytes()], |columns| {
        let user = columns.user_id()?;
        let state = RefreshState {
            is_current: columns.get()?,
            nonce: columns.get()?,
            rotated_at: columns.optional_time()?,
            created_at: columns.time()?,
            last_used_at: columns.time()?,
        };
        Ok((user, state))
    })
}

/// Puts the successor in the place of the current token.
fn rotate(db: &Connection, token: &RefreshToken, nonce: [u8; 32], now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE sessions
               SET previous = current, current = ?3, nonce = ?4, rotated_at = ?5, last_used_at = ?5
               WHERE id = ?1 AND current = ?2";
    set_current(db, sql, token, nonce, now)
}

/// Puts another successor of the previous token in the place of the current one.
fn replace_current(
    db: &Connection,
    token: &RefreshToken,
    nonce: [u8; 32],
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET current = ?3, nonce = ?4, rotated_at = ?5, last_used_at = ?5
               WHERE id = ?1 AND previous = ?2";
    set_current(db, sql, token, nonce, now)
}

fn set_current(
    db: &Connection,
    sql: &str,
    token: &RefreshToken,
    nonce: [u8; 32],
    now: Timestamp,
) -> Result<(), StoreError> {
    let (id, digest, successor) = (token.session(), token.digest(), token.successor(&nonce).digest());
    let values = params![id.as_bytes(), digest.as_bytes(), successor.as_bytes(), nonce, now.as_microsecond()];
    // The guard cannot fail here, as the row was read in this transaction of the only writer of this process, and
    // BEGIN IMMEDIATE keeps other processes out.
    execute(db, sql, values).map(drop)
}

/// Records the address that the client has now, if it is known.
fn move_to(db: &Connection, session: SessionId, address: Option<IpAddr>) -> Result<(), StoreError> {
    let Some(address) = address else { return Ok(()) };
    let sql = "UPDATE sessions SET address = ?2, place = ?3 WHERE id = ?1";
    let network = network(address).to_string();
    execute(db, sql, params![session.as_bytes(), address.to_string(), network]).map(drop)
}

fn refreshed(db: &Connection, token: RefreshToken, since: Timestamp) -> Result<Refresh, StoreError> {
    let found = find(db, select!("WHERE id = ?1"), [token.session().as_bytes()], session_in)?;
    let Some(session) = found else { return Ok(Refresh::Unknown) };
    Ok(match user_row::by_id(db, session.user)?.filter(|user| !user.disabled) {
        Some(user) => Refresh::Refreshed(Box::new(Refreshed { user, session, token, since })),
        None => Refresh::Unknown,
    })
}

#[expect(clippy::disallowed_methods, reason = "rows hold values that were parsed before")]
fn session_in(columns: &mut Columns<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId::from_bytes(columns.get()?),
        user: columns.user_id()?,
        device: columns.get::<Option<String>>()?.map(Device::from_stored),
        address: columns.address()?,
        created_at: columns.time()?,
        last_used_at: columns.time()?,
    })
}
