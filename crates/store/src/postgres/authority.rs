//! What the rules of authority and administration ask of the database.

use std::collections::HashMap;
use std::slice;
use std::time::SystemTime;

use accounts::audit::{Actor, Application};
use accounts::{ActorState, Authority, PasswordHash, Role};
use ids::{ApiTokenId, SessionId, UserId};
use jiff::Timestamp;

use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
use super::parameters::Parameter;
use super::{Postgres, at};
use crate::{Context, StoreError};

impl Postgres {
    pub async fn check_authority(&self, context: &Context) -> Result<(), StoreError> {
        self.read(move |db| async move { current(&db, context).await.map(drop) }).await
    }
}

/// The authority of the actor now, in the transaction of the write.
pub(super) async fn current(db: &Db, context: &Context) -> Result<Authority, Failure> {
    let found = all_current(db, slice::from_ref(context)).await?;
    Ok(found.first().copied().flatten().ok_or(StoreError::ActorRevoked)?)
}

/// Selects the state of each actor that still exists, from these parameters: [`ActorColumns`].
macro_rules! select_actors {
    ($users:literal, $sessions:literal, $api_tokens:literal, $times:literal, $grants:literal) => {
        concat!(
            "SELECT place, role, disabled,
                    (session_id IS NULL OR EXISTS (SELECT FROM sessions WHERE id = session_id AND user_id = users.id))
                    AND (api_token_id IS NULL OR EXISTS (SELECT FROM api_tokens
                             WHERE id = api_token_id AND user_id = users.id
                               AND (expires_at IS NULL OR expires_at > now)))
                    AND (grant_id IS NULL OR EXISTS (SELECT FROM grants JOIN clients ON clients.id = client_id
                             WHERE grants.id = grant_id AND grants.user_id = users.id AND expires_at > now
                               AND coalesce(clients.record::json ->> 'disabled', 'false') <> 'true'))
                    AS credential_is_valid
             FROM unnest(",
            $users,
            "::bigint[], ",
            $sessions,
            "::bytea[], ",
            $api_tokens,
            "::bytea[], ",
            $times,
            "::timestamptz[], ",
            $grants,
            "::bytea[])
                  WITH ORDINALITY AS actors (actor_id, session_id, api_token_id, now, grant_id, place)
             JOIN users ON users.id = actor_id"
        )
    };
}
pub(super) use select_actors;

/// The authority of each actor now; `None`: the actor may do nothing any more. The operator has no account to look up.
pub(super) async fn all_current(db: &Db, contexts: &[Context]) -> Result<Vec<Option<Authority>>, Failure> {
    let sql = select_actors!("$1", "$2", "$3", "$4", "$5");
    let actors = Actors::of(contexts);
    let found = if actors.list.is_empty() {
        Vec::new()
    } else {
        db.list(sql, &actors.columns().params(), actor_in).await?
    };
    let found: HashMap<_, _> = found.into_iter().collect();
    let authority_of = |Context { actor, .. }: &Context| {
        let place = actors.places.get(&credential_of(actor));
        Authority::of(actor, place.and_then(|place| found.get(place).copied()))
    };
    Ok(contexts.iter().map(authority_of).collect())
}

type Credential = (Option<UserId>, Option<SessionId>, Option<ApiTokenId>, Option<Application>);

fn credential_of(actor: &Actor) -> Credential {
    (actor.user, actor.session, actor.api_token, actor.application)
}

/// The actors with accounts, each once: a batch of writes has many of the same actor.
pub(super) struct Actors<'a> {
    list: Vec<(&'a Actor, Timestamp)>,
    grants: Vec<Option<[u8; 16]>>,
    /// By credential, the place in the list, from 1 on.
    places: HashMap<Credential, usize>,
}

impl<'a> Actors<'a> {
    pub(super) fn of(contexts: &'a [Context]) -> Self {
        let (mut list, mut places) = (Vec::new(), HashMap::new());
        for Context { actor, now } in contexts {
            let credential = credential_of(actor);
            if actor.user.is_some() && !places.contains_key(&credential) {
                list.push((actor, *now));
                places.insert(credential, list.len());
            }
        }
        let grants = list.iter().map(|(actor, _)| actor.application.and_then(Application::grant)).collect();
        Self { list, grants, places }
    }

    pub(super) fn columns(&self) -> ActorColumns<'_> {
        let list = self.list.iter();
        ActorColumns {
            users: list.clone().map(|(actor, _)| actor.user.map(UserId::get)).collect(),
            sessions: list
                .clone()
                .map(|(actor, _)| actor.session.as_ref().map(|id| SessionId::as_bytes(id).as_slice()))
                .collect(),
            api_tokens: list
                .clone()
                .map(|(actor, _)| actor.api_token.as_ref().map(|id| ApiTokenId::as_bytes(id).as_slice()))
                .collect(),
            times: list.map(|(_, now)| at(*now)).collect(),
            grants: self.grants.iter().map(|id| id.as_ref().map(<[u8; 16]>::as_slice)).collect(),
        }
    }
}

/// The parameters of a statement about [`Actors`].
pub(super) struct ActorColumns<'a> {
    users: Vec<Option<i64>>,
    sessions: Vec<Option<&'a [u8]>>,
    api_tokens: Vec<Option<&'a [u8]>>,
    times: Vec<SystemTime>,
    grants: Vec<Option<&'a [u8]>>,
}

impl ActorColumns<'_> {
    pub(super) fn params(&self) -> [&dyn Parameter; 5] {
        let Self { users, sessions, api_tokens, times, grants } = self;
        [users, sessions, api_tokens, times, grants]
    }
}

/// An actor by its place in the list.
fn actor_in(columns: &mut Columns<'_>) -> Result<(usize, ActorState), StoreError> {
    let unknown_role = || StoreError::Corrupt("an unknown role".to_owned());
    let place = usize::try_from(columns.get::<i64>()?).unwrap_or_default();
    let state = ActorState {
        role: Role::parse(columns.text()?).ok_or_else(unknown_role)?,
        disabled: columns.get()?,
        credential_is_valid: columns.get()?,
    };
    Ok((place, state))
}

/// For new recipes. Use cases have checked the role before, so it was changed since.
pub(super) fn require_writer(authority: Authority) -> Result<(), StoreError> {
    if authority.may_write() { Ok(()) } else { Err(StoreError::ActorRevoked) }
}

pub(super) fn require_admin(authority: Authority) -> Result<(), StoreError> {
    if authority.is_admin() { Ok(()) } else { Err(StoreError::AdminRequired) }
}

/// For changes of this account.
pub(super) fn require_right_to_change(authority: Authority, account: UserId) -> Result<(), StoreError> {
    if authority.may_change(account) { Ok(()) } else { Err(StoreError::AdminRequired) }
}

/// The number of active administrators besides this user.
pub(super) async fn other_admins(db: &Db, user: UserId) -> Result<u64, Failure> {
    let sql = "SELECT count(*) FROM users WHERE role = 'admin' AND NOT disabled AND id <> $1";
    Ok(db.number(sql, &[&user.get()]).await?.unsigned_abs())
}

/// Whether this is still the hash that the user's password was checked against.
pub(super) async fn has_password(
    db: &Db,
    user: UserId,
    hash: Option<&PasswordHash>,
) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM users WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $2";
    db.exists(sql, &[&user.get(), &hash.map(PasswordHash::as_str)]).await
}
