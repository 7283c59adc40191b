//! Sessions, in SQLite's dialect.

use std::net::IpAddr;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::users::{self, Verified, user_in};
use super::{Sqlite, api_tokens, audit, cached, execute, find, invitations, time_at};
use crate::cache::Lookup;
use crate::{Context, CreateSession, Refresh, RefreshSession, Refreshed, SessionUser, SignUp, StoreError};
use crate::{sessions::MAX_SESSIONS, sessions::REPEATABLE};
use ::recipes::time::to_microseconds;
use accounts::{Device, NewSession, RefreshToken, Session, SessionLimits, USED_AFTER, place};
use accounts::{PasswordHash, User};
use accounts::{audit::Actor, audit::Event};
use ids::{SessionId, UserId};

/// How many ended sessions of others a log-in clears away: more than the one it makes, so they do not pile up.
const CLEARED: i64 = 8;

/// The columns of a [`Session`], in the order in which [`session_in`] reads them.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, user_id, device, address, created_at, last_used_at FROM sessions ", $rest)
    };
}

/// Beginning.
impl Sqlite {
    pub async fn sign_up(&self, command: SignUp, now: Timestamp) -> Result<(User, Session), StoreError> {
        let now = to_microseconds(now);
        let SignUp { user, session, invitation } = command;
        self.write(move |db| {
            // First, so that only who is invited learns whose address is taken.
            if let Some(invitation) = invitation {
                invitations::consume(db, invitation, &user.email, now)?;
            }
            let user = users::insert(db, user, Verified::NotYet, now)?;
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
            let hash = password_hash.as_ref().map(PasswordHash::as_str);
            let may = "SELECT 1 FROM users WHERE id = ?1 AND disabled = 0 AND password_hash IS ?2";
            if !cached(db, may)?.exists(params![user.get(), hash])? {
                return Ok(None);
            }
            clear(db, user, limits, now)?;
            let session = insert(db, user, session, now)?;
            audit::record(db, Event::LoggedIn, Some(user), &Context { actor: actor_of(&session), now })?;
            Ok(Some(session))
        })
        .await
    }
}

/// Being used.
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
            let sql = users::select!(
                ", sessions.created_at, last_used_at
                 FROM sessions CROSS JOIN users ON users.id = sessions.user_id
                 WHERE sessions.id = ?1 AND sessions.user_id = ?2"
            );
            find(db, sql, params![session.as_bytes(), user.get()], |row| {
                Ok(SessionUser {
                    user: user_in(row)?,
                    created_at: time_at(row.get(8)?)?,
                    last_used_at: time_at(row.get(9)?)?,
                })
            })
        })
    }

    pub fn session_used(&self, session: SessionId, now: Timestamp) {
        // Of a thousand requests that come before the first note is on disk, one is to be noted.
        let noted = now.as_microsecond().saturating_sub(i64::try_from(USED_AFTER.as_micros()).unwrap_or(0));
        self.write_later(move |db| {
            let sql = "UPDATE sessions SET last_used_at = ?2 WHERE id = ?1 AND last_used_at <= ?3";
            execute(db, sql, params![session.as_bytes(), now.as_microsecond(), noted])
        });
    }

    pub async fn refresh_session(
        &self,
        command: RefreshSession,
        now: Timestamp,
    ) -> Result<Refresh, StoreError> {
        let now = to_microseconds(now);
        let RefreshSession { token, nonce, limits, address } = command;
        let successor = token.successor(&nonce);
        self.write(move |db| {
            let (began, idle) = limits.ended_before(now);
            let rotated = execute(
                db,
                "UPDATE sessions
                 SET previous = current, current = ?4, nonce = ?5, rotated_at = ?6, last_used_at = ?6,
                     address = coalesce(?9, address), place = coalesce(?10, place)
                 WHERE id = ?1 AND family = ?2 AND current = ?3 AND created_at > ?7 AND last_used_at > ?8",
                params![
                    token.session().as_bytes(),
                    token.family_digest().as_bytes(),
                    token.digest().as_bytes(),
                    successor.digest().as_bytes(),
                    nonce,
                    now.as_microsecond(),
                    began,
                    idle,
                    address.map(|address| address.to_string()),
                    address.map(|address| place(address).to_string()),
                ],
            )?;
            if rotated == 1 {
                return refreshed(db, successor, now);
            }
            let outcome = not_current(db, &token, nonce, limits, now)?;
            if let Refresh::Reused { user, session } = outcome {
                let actor = Actor { session: Some(session), ..Actor::anonymous(address) };
                audit::record(db, Event::RefreshReused, Some(user), &Context { actor, now })?;
            }
            Ok(outcome)
        })
        .await
    }
}

/// Being seen, and ending.
impl Sqlite {
    pub fn has_session_from(
        &self,
        email_key: &str,
        address: IpAddr,
        limits: SessionLimits,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(|db| {
            let (began, idle) = limits.ended_before(now);
            // CROSS JOIN: in this order. What it takes depends on how many sessions the place has, and not on whether
            // there is such an account.
            let sql = "SELECT 1 FROM sessions CROSS JOIN users ON users.id = sessions.user_id
                       WHERE place = ?1 AND sessions.created_at > ?2 AND last_used_at > ?3 AND email_key = ?4";
            Ok(cached(db, sql)?.exists(params![place(address).to_string(), began, idle, email_key])?)
        })
    }

    pub fn sessions(
        &self,
        user: UserId,
        limits: SessionLimits,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        self.read(|db| {
            let (began, idle) = limits.ended_before(now);
            let sql = select!(
                "WHERE user_id = ?1 AND created_at > ?2 AND last_used_at > ?3 ORDER BY last_used_at DESC, id DESC"
            );
            let mut statement = cached(db, sql)?;
            let mut rows = statement.query(params![user.get(), began, idle])?;
            let mut sessions = Vec::new();
            while let Some(row) = rows.next()? {
                sessions.push(session_in(row)?);
            }
            Ok(sessions)
        })
    }

    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        context: Context,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
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
        keep: Option<SessionId>,
        context: Context,
    ) -> Result<usize, StoreError> {
        self.write(move |db| {
            if context.actor.user != Some(user) {
                users::require_admin(db, &context.actor)?;
            }
            let ended = end_all(db, user, keep)?;
            let event = if keep.is_some() { Event::OtherSessionsEnded } else { Event::SessionsEnded };
            // What ends nothing is no event, or anybody who is logged in could push out what is one.
            if ended > 0 {
                audit::record(db, event, Some(user), &context)?;
            }
            if keep.is_none() {
                api_tokens::revoke_all(db, user, &context)?;
            }
            Ok(ended)
        })
        .await
    }
}

/// Whoever begins a session is the first to act in it.
fn actor_of(session: &Session) -> Actor {
    Actor { user: Some(session.user), session: Some(session.id), address: session.address }
}

pub(super) fn end_all(db: &Connection, user: UserId, keep: Option<SessionId>) -> Result<usize, StoreError> {
    let keep = keep.as_ref().map(SessionId::as_bytes);
    execute(db, "DELETE FROM sessions WHERE user_id = ?1 AND id IS NOT ?2", params![user.get(), keep])
}

/// Forgets what has ended by itself, and makes room for one more session of this user.
fn clear(db: &Connection, user: UserId, limits: SessionLimits, now: Timestamp) -> Result<(), StoreError> {
    let (began, idle) = limits.ended_before(now);
    let ended = "DELETE FROM sessions WHERE user_id = ?1 AND (created_at <= ?2 OR last_used_at <= ?3)";
    execute(db, ended, params![user.get(), began, idle])?;
    let of_others =
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE last_used_at <= ?1 LIMIT ?2)";
    execute(db, of_others, params![idle, CLEARED])?;
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
            address.map(|address| place(address).to_string()),
            now.as_microsecond(),
        ],
    )?;
    Ok(Session { id, user, device, address, created_at: now, last_used_at: now })
}

/// A token that is not the current one of a session that goes on: the one before, an older one, or none.
fn not_current(
    db: &Connection,
    token: &RefreshToken,
    nonce: [u8; 32],
    limits: SessionLimits,
    now: Timestamp,
) -> Result<Refresh, StoreError> {
    struct Found {
        user: UserId,
        is_current: bool,
        nonce_if_previous: Option<[u8; 32]>,
        rotated_at: Option<i64>,
        alive: bool,
    }
    let (id, digest) = (token.session(), token.digest());
    let sql = "SELECT user_id, current = ?3, CASE WHEN previous = ?3 THEN nonce END, rotated_at,
                      created_at, last_used_at
               FROM sessions WHERE id = ?1 AND family = ?2";
    let found =
        find(db, sql, params![id.as_bytes(), token.family_digest().as_bytes(), digest.as_bytes()], |row| {
            Ok(Found {
                user: users::id_in(row.get(0)?)?,
                is_current: row.get(1)?,
                nonce_if_previous: row.get(2)?,
                rotated_at: row.get(3)?,
                alive: limits.allow(time_at(row.get(4)?)?, time_at(row.get(5)?)?, now),
            })
        })?;
    let Some(found) = found else { return Ok(Refresh::Unknown) };
    let Some(kept) = found.nonce_if_previous.filter(|_| found.alive) else {
        execute(db, "DELETE FROM sessions WHERE id = ?1", [id.as_bytes()])?;
        // Whose time was over is not told that he stole something.
        let expired = found.is_current || !found.alive;
        return Ok(if expired {
            Refresh::Unknown
        } else {
            Refresh::Reused { user: found.user, session: id }
        });
    };
    if let Some(rotated_at) = found.rotated_at.map(time_at).transpose()?
        && now.duration_since(rotated_at).as_micros()
            < i128::try_from(REPEATABLE.as_micros()).unwrap_or(i128::MAX)
    {
        return refreshed(db, token.successor(&kept), rotated_at);
    }
    let successor = token.successor(&nonce);
    execute(
        db,
        "UPDATE sessions SET current = ?3, nonce = ?4, rotated_at = ?5, last_used_at = ?5
         WHERE id = ?1 AND previous = ?2",
        params![id.as_bytes(), digest.as_bytes(), successor.digest().as_bytes(), nonce, now.as_microsecond()],
    )?;
    refreshed(db, successor, now)
}

fn refreshed(db: &Connection, token: RefreshToken, since: Timestamp) -> Result<Refresh, StoreError> {
    let sql = select!("WHERE id = ?1");
    let session =
        cached(db, sql)?.query_row([token.session().as_bytes()], |row| Ok(session_in(row))).optional()?;
    let Some(session) = session.transpose()? else { return Ok(Refresh::Unknown) };
    Ok(match users::by_id(db, session.user)?.filter(|user| !user.disabled) {
        Some(user) => Refresh::Refreshed(Box::new(Refreshed { user, session, token, since })),
        None => Refresh::Unknown,
    })
}

fn session_in(row: &Row<'_>) -> Result<Session, StoreError> {
    let address: Option<String> = row.get(3)?;
    let address = address.map(|text| text.parse::<IpAddr>()).transpose();
    Ok(Session {
        id: SessionId::from_bytes(row.get(0)?),
        user: users::id_in(row.get(1)?)?,
        device: row.get::<_, Option<String>>(2)?.map(Device::stored),
        address: address.map_err(|why| StoreError::Corrupt(format!("the address of a session: {why}")))?,
        created_at: time_at(row.get(4)?)?,
        last_used_at: time_at(row.get(5)?)?,
    })
}
