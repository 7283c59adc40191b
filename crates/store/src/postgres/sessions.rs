//! Sessions, in PostgreSQL's dialect.

use std::net::IpAddr;

use accounts::audit::{Actor, Event};
use accounts::{
    Device, EndedSessions, Ending, LAST_USE_PRECISION, MAX_SESSIONS, NewSession, RefreshDecision,
    RefreshState, RefreshToken, Session, SessionLimits, User, network,
};
use ids::{SessionId, UserId};
use jiff::{Timestamp, Unit};

use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
use super::user_row::{self, Verified, user_in};
use super::{Postgres, at, audit, authority, before, ending, invitations, time_at};
use crate::{
    Context, CreateSession, Lookup, Refresh, RefreshSession, Refreshed, SessionUser, SignUp, StoreError,
};
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
impl Postgres {
    pub async fn sign_up(&self, command: SignUp, now: Timestamp) -> Result<(User, Session), StoreError> {
        let now = to_microseconds(now);
        let command = &command;
        self.write(move |db| async move {
            let SignUp { user, session, invitation } = command;
            // First, so that only the invited learn that an address is taken.
            if let Some(invitation) = invitation {
                invitations::consume(&db, *invitation, &user.email, now).await?;
            }
            let user = user_row::insert(&db, user, Verified::NotYet, now).await?;
            let session = insert(&db, user.id, session, now).await?;
            let context = Context { actor: actor_of(&session), now };
            audit::record(&db, Event::SignedUp, Some(user.id), &context).await?;
            if invitation.is_some() {
                audit::record(&db, Event::InvitationUsed, Some(user.id), &context).await?;
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
        let command = &command;
        self.write(move |db| async move {
            let CreateSession { user, password_hash, session, limits } = command;
            let is_enabled = user_row::by_id(&db, *user).await?.is_some_and(|user| !user.disabled);
            if !is_enabled || !authority::has_password(&db, *user, password_hash.as_ref()).await? {
                return Ok(None);
            }
            make_room(&db, *user, Oldest::of(*limits, now)).await?;
            let session = insert(&db, *user, session, now).await?;
            let context = Context { actor: actor_of(&session), now };
            audit::record(&db, Event::LoggedIn, Some(*user), &context).await?;
            Ok(Some(session))
        })
        .await
    }
}

/// Use.
impl Postgres {
    /// The one read of every request with an access token.
    pub async fn session_user(
        &self,
        session: SessionId,
        user: UserId,
    ) -> Result<Option<SessionUser>, StoreError> {
        let slot = match self.0.sessions.get((session, user)) {
            Lookup::Hit(found) => return Ok(Some(found)),
            Lookup::Miss(slot) => slot,
        };
        self.follow_access_changes();
        let found = self.find_session_user(session, user).await?;
        if let Some(found) = &found {
            slot.fill(found.clone());
        }
        Ok(found)
    }

    async fn find_session_user(
        &self,
        session: SessionId,
        user: UserId,
    ) -> Result<Option<SessionUser>, StoreError> {
        self.read(move |db| async move {
            let sql = user_row::select!(
                ", sessions.created_at, last_used_at
                 FROM sessions JOIN users ON users.id = sessions.user_id
                 WHERE sessions.id = $1 AND sessions.user_id = $2"
            );
            let read = |columns: &mut Columns<'_>| {
                Ok(SessionUser {
                    user: user_in(columns)?,
                    created_at: columns.time()?,
                    last_used_at: columns.time()?,
                })
            };
            db.find(sql, &[&session.as_bytes().as_slice(), &user.get()], read).await
        })
        .await
    }

    pub fn session_used(&self, session: SessionId, now: Timestamp) {
        // The cache goes on with the old time for a while, and all requests until then would note this use.
        let second = now.round(Unit::Second).unwrap_or(now);
        let Lookup::Miss(slot) = self.0.noted_uses.get((session, second)) else { return };
        slot.fill(());
        self.write_later(move |db| async move {
            let sql = "UPDATE sessions SET last_used_at = $2 WHERE id = $1 AND last_used_at <= $3";
            db.execute(sql, &[&session.as_bytes().as_slice(), &at(now), &at(before(now, LAST_USE_PRECISION))])
                .await
        });
    }

    pub async fn refresh_session(
        &self,
        command: RefreshSession,
        now: Timestamp,
    ) -> Result<Refresh, StoreError> {
        let now = to_microseconds(now);
        let command = &command;
        self.write(move |db| async move {
            let RefreshSession { token, nonce, limits, address } = command;
            let Some((user, state)) = refresh_state(&db, token).await? else { return Ok(Refresh::Unknown) };
            match state.decide(*limits, now) {
                RefreshDecision::Rotate => {
                    rotate(&db, token, *nonce, now).await?;
                    move_to(&db, token.session(), *address).await?;
                    refreshed(&db, token.successor(nonce), now).await
                }
                RefreshDecision::Repeat { nonce, rotated_at } => {
                    refreshed(&db, token.successor(&nonce), rotated_at).await
                }
                RefreshDecision::Replace => {
                    replace_current(&db, token, *nonce, now).await?;
                    refreshed(&db, token.successor(nonce), now).await
                }
                RefreshDecision::EndExpired => {
                    delete(&db, token.session()).await?;
                    Ok(Refresh::Unknown)
                }
                RefreshDecision::EndReused => {
                    let session = token.session();
                    delete(&db, session).await?;
                    let actor = Actor { session: Some(session), ..Actor::anonymous(*address) };
                    audit::record(&db, Event::RefreshReused, Some(user), &Context { actor, now }).await?;
                    Ok(Refresh::Reused { user, session })
                }
            }
        })
        .await
    }
}

/// Lists and ends.
impl Postgres {
    pub async fn has_session_from(
        &self,
        email_key: &str,
        address: IpAddr,
        limits: SessionLimits,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(move |db| async move {
            let Oldest { created_at, last_used_at } = Oldest::of(limits, now);
            // The sessions of the network come first, so that the time does not depend on whether the account exists.
            let sql = "WITH near AS MATERIALIZED (
                           SELECT user_id FROM sessions WHERE place = $1 AND created_at > $2 AND last_used_at > $3)
                       SELECT 1 FROM near JOIN users ON users.id = user_id WHERE email_key = $4";
            db.exists(sql, &[&network(address).to_string(), &at(created_at), &at(last_used_at), &email_key]).await
        })
        .await
    }

    pub async fn sessions(
        &self,
        user: UserId,
        limits: SessionLimits,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        self.read(move |db| async move {
            let Oldest { created_at, last_used_at } = Oldest::of(limits, now);
            let sql = select!(
                "WHERE user_id = $1 AND created_at > $2 AND last_used_at > $3 ORDER BY last_used_at DESC, id DESC"
            );
            db.list(sql, &[&user.get(), &at(created_at), &at(last_used_at)], session_in).await
        })
        .await
    }

    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        context: Context,
    ) -> Result<bool, StoreError> {
        let context = &context;
        self.write_for(context, move |db, authority| async move {
            authority::require_right_to_change(authority, user)?;
            let sql = "DELETE FROM sessions WHERE id = $1 AND user_id = $2";
            let ended = db.execute(sql, &[&session.as_bytes().as_slice(), &user.get()]).await? == 1;
            if ended {
                audit::record(&db, Event::SessionEnded, Some(user), context).await?;
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
        let context = &context;
        self.write_for(context, move |db, authority| async move {
            authority::require_right_to_change(authority, user)?;
            let ended = ending::end_sessions(&db, user, ending.sessions).await?;
            // Ending nothing is no event. Otherwise every user could evict real events from the log.
            if ended > 0 {
                let all = ending.sessions == EndedSessions::All;
                let event = if all { Event::SessionsEnded } else { Event::OtherSessionsEnded };
                audit::record(&db, event, Some(user), context).await?;
            }
            ending::end(&db, user, Ending { sessions: EndedSessions::None, ..ending }, context).await?;
            Ok(ended)
        })
        .await
    }
}

/// Sessions whose times are not after these have expired.
#[derive(Clone, Copy)]
struct Oldest {
    created_at: Timestamp,
    last_used_at: Timestamp,
}

impl Oldest {
    fn of(limits: SessionLimits, now: Timestamp) -> Self {
        let expiry = limits.expiry(now);
        Self { created_at: time_at(expiry.created_at), last_used_at: time_at(expiry.last_used_at) }
    }
}

/// The user who begins a session is the first to act in it.
fn actor_of(session: &Session) -> Actor {
    Actor { user: Some(session.user), session: Some(session.id), ..Actor::anonymous(session.address) }
}

/// Deletes expired sessions, and the least recently used ones of this user beyond the limit.
async fn make_room(db: &Db, user: UserId, oldest: Oldest) -> Result<(), Failure> {
    let Oldest { created_at, last_used_at } = oldest;
    let own = "DELETE FROM sessions WHERE user_id = $1 AND (created_at <= $2 OR last_used_at <= $3)";
    db.execute(own, &[&user.get(), &at(created_at), &at(last_used_at)]).await?;
    // Locked ones are left to the log-in that deletes them.
    let of_others = "DELETE FROM sessions WHERE id IN (
                         SELECT id FROM sessions WHERE last_used_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";
    db.execute(of_others, &[&at(last_used_at), &CLEARED]).await?;
    let too_many = "DELETE FROM sessions WHERE id IN (
                        SELECT id FROM sessions WHERE user_id = $1
                        ORDER BY last_used_at DESC, id DESC OFFSET $2)";
    db.execute(too_many, &[&user.get(), &i64::from(MAX_SESSIONS.saturating_sub(1))]).await?;
    Ok(())
}

async fn insert(db: &Db, user: UserId, new: &NewSession, now: Timestamp) -> Result<Session, Failure> {
    let NewSession { token, device, address } = new.clone();
    let id = token.session();
    let sql = "INSERT INTO sessions (id, user_id, family, current, device, address, place, created_at, last_used_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let (family, digest) = (token.family_digest(), token.digest());
    let (family, digest) = (family.as_bytes().as_slice(), digest.as_bytes().as_slice());
    let name = device.as_ref().map(Device::as_str);
    let text = address.map(|address| address.to_string());
    let place = address.map(|address| network(address).to_string());
    let key = id.as_bytes().as_slice();
    db.execute(sql, &[&key, &user.get(), &family, &digest, &name, &text, &place, &at(now)]).await?;
    Ok(Session { id, user, device, address, created_at: now, last_used_at: now })
}

async fn delete(db: &Db, session: SessionId) -> Result<(), Failure> {
    db.execute("DELETE FROM sessions WHERE id = $1", &[&session.as_bytes().as_slice()]).await.map(drop)
}

/// The session of this token's family. `None`: it has ended, or the token was made up.
async fn refresh_state(db: &Db, token: &RefreshToken) -> Result<Option<(UserId, RefreshState)>, Failure> {
    let sql = "SELECT user_id, current = $3, CASE WHEN previous = $3 THEN nonce END, rotated_at,
                      created_at, last_used_at
               FROM sessions WHERE id = $1 AND family = $2";
    let (id, family, digest) = (token.session(), token.family_digest(), token.digest());
    let (id, family, digest) =
        (id.as_bytes().as_slice(), family.as_bytes().as_slice(), digest.as_bytes().as_slice());
    db.find(sql, &[&id, &family, &digest], |columns| {
        let user = columns.user_id()?;
        let state = RefreshState {
            is_current: columns.get()?,
            nonce: columns.optional_bytes()?,
            rotated_at: columns.optional_time()?,
            created_at: columns.time()?,
            last_used_at: columns.time()?,
        };
        Ok((user, state))
    })
    .await
}

/// Puts the successor in the place of the current token.
async fn rotate(db: &Db, token: &RefreshToken, nonce: [u8; 32], now: Timestamp) -> Result<(), Failure> {
    let sql = "UPDATE sessions
               SET previous = current, current = $3, nonce = $4, rotated_at = $5, last_used_at = $5
               WHERE id = $1 AND current = $2";
    set_current(db, sql, token, nonce, now).await
}

/// Puts another successor of the previous token in the place of the current one.
async fn replace_current(
    db: &Db,
    token: &RefreshToken,
    nonce: [u8; 32],
    now: Timestamp,
) -> Result<(), Failure> {
    let sql = "UPDATE sessions SET current = $3, nonce = $4, rotated_at = $5, last_used_at = $5
               WHERE id = $1 AND previous = $2";
    set_current(db, sql, token, nonce, now).await
}

async fn set_current(
    db: &Db,
    sql: &str,
    token: &RefreshToken,
    nonce: [u8; 32],
    now: Timestamp,
) -> Result<(), Failure> {
    let (id, digest, successor) = (token.session(), token.digest(), token.successor(&nonce).digest());
    let (id, digest, successor) =
        (id.as_bytes().as_slice(), digest.as_bytes().as_slice(), successor.as_bytes().as_slice());
    // The guard cannot fail here: the row was read in this transaction, which fails if another one changes the row.
    db.execute(sql, &[&id, &digest, &successor, &nonce.as_slice(), &at(now)]).await.map(drop)
}

/// Records the address that the client has now, if it is known.
async fn move_to(db: &Db, session: SessionId, address: Option<IpAddr>) -> Result<(), Failure> {
    let Some(address) = address else { return Ok(()) };
    let sql = "UPDATE sessions SET address = $2, place = $3 WHERE id = $1";
    let (text, network) = (address.to_string(), network(address).to_string());
    db.execute(sql, &[&session.as_bytes().as_slice(), &text, &network]).await.map(drop)
}

async fn refreshed(db: &Db, token: RefreshToken, since: Timestamp) -> Result<Refresh, Failure> {
    let id = token.session();
    let found = db.find(select!("WHERE id = $1"), &[&id.as_bytes().as_slice()], session_in).await?;
    let Some(session) = found else { return Ok(Refresh::Unknown) };
    Ok(match user_row::by_id(db, session.user).await?.filter(|user| !user.disabled) {
        Some(user) => Refresh::Refreshed(Box::new(Refreshed { user, session, token, since })),
        None => Refresh::Unknown,
    })
}

#[expect(clippy::disallowed_methods, reason = "rows hold values that were parsed before")]
fn session_in(columns: &mut Columns<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId::from_bytes(columns.bytes()?),
        user: columns.user_id()?,
        device: columns.get::<Option<String>>()?.map(Device::from_stored),
        address: columns.address()?,
        created_at: columns.time()?,
        last_used_at: columns.time()?,
    })
}
