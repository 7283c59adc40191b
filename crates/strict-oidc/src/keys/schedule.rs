//! The schedule of the signing keys: next → current → previous → retired → deleted.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strict_jose::Algorithm;

use super::KeyState;
use crate::time::UnixTime;

/// How long a key stays in each state.
///
/// ```
/// use std::time::Duration;
///
/// let mut policy = strict_oidc::KeyPolicy::default();
/// policy.current = Duration::from_hours(7 * 24);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyPolicy {
    /// The shortest time as next key. 24 hours: longer than verifiers cache a JWKS.
    pub next: Duration,
    /// The time as current key. 30 days.
    pub current: Duration,
    /// The time as previous key. One hour: longer than the longest token and the cache of a JWKS.
    pub previous: Duration,
    /// The time as retired key. 30 days.
    pub retired: Duration,
}

impl Default for KeyPolicy {
    fn default() -> Self {
        Self {
            next: Duration::from_hours(24),
            current: Duration::from_hours(30 * 24),
            previous: Duration::from_hours(1),
            retired: Duration::from_hours(30 * 24),
        }
    }
}

/// A key as the schedule sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The name of the key.
    pub kid: String,
    /// Its algorithm.
    #[serde(with = "crate::keys::schedule::algorithm_name")]
    pub algorithm: Algorithm,
    /// Its state.
    pub state: KeyState,
    /// Since when it is in this state.
    pub since: UnixTime,
}

/// One step of a rotation. Apply all steps of a schedule in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyStep {
    /// Generate a key.
    Create {
        /// Its algorithm.
        algorithm: Algorithm,
        /// Its first state.
        state: KeyState,
    },
    /// Move a key to another state, now.
    Move {
        /// The name of the key.
        kid: String,
        /// The new state.
        state: KeyState,
    },
    /// Delete a key.
    Delete {
        /// The name of the key.
        kid: String,
    },
}

/// The steps that are due. Call it at the start and every few minutes, in one process at a time.
///
/// ```
/// use strict_jose::Algorithm;
/// use strict_oidc::{KeyPolicy, KeyState, KeyStep, UnixTime, key_schedule};
///
/// // A new server: one key to sign at once, and its successor.
/// let steps = key_schedule(&KeyPolicy::default(), &[Algorithm::Es256], &[], UnixTime(1_900_000_000));
/// assert_eq!(steps, [
///     KeyStep::Create { algorithm: Algorithm::Es256, state: KeyState::Current },
///     KeyStep::Create { algorithm: Algorithm::Es256, state: KeyState::Next },
/// ]);
/// ```
pub fn key_schedule(
    policy: &KeyPolicy,
    algorithms: &[Algorithm],
    keys: &[KeyRecord],
    now: UnixTime,
) -> Vec<KeyStep> {
    let mut steps = Vec::new();
    for algorithm in algorithms {
        let find = |state| keys.iter().find(|key| key.algorithm == *algorithm && key.state == state);
        let is_over = |key: &KeyRecord, time: Duration| key.since + time <= now;
        let create = |state| KeyStep::Create { algorithm: *algorithm, state };
        match (find(KeyState::Current), find(KeyState::Next)) {
            (None, None) => steps.extend([create(KeyState::Current), create(KeyState::Next)]),
            // Tokens cannot wait, even if some verifiers do not have the key yet.
            (None, Some(next)) => steps.extend([next.to(KeyState::Current), create(KeyState::Next)]),
            (Some(_), None) => steps.push(create(KeyState::Next)),
            (Some(current), Some(next)) if is_over(current, policy.current) && is_over(next, policy.next) => {
                steps.extend([
                    current.to(KeyState::Previous),
                    next.to(KeyState::Current),
                    create(KeyState::Next),
                ]);
            }
            (Some(_), Some(_)) => {}
        }
    }
    for key in keys {
        let is_over = |time: Duration| key.since + time <= now;
        match key.state {
            KeyState::Previous if is_over(policy.previous) => steps.push(key.to(KeyState::Retired)),
            KeyState::Retired if is_over(policy.retired) => {
                steps.push(KeyStep::Delete { kid: key.kid.clone() });
            }
            // An algorithm that the server no longer offers.
            KeyState::Current if !algorithms.contains(&key.algorithm) => {
                steps.push(key.to(KeyState::Previous));
            }
            KeyState::Next if !algorithms.contains(&key.algorithm) => {
                steps.push(KeyStep::Delete { kid: key.kid.clone() });
            }
            _ => {}
        }
    }
    steps
}

/// The steps after a key was stolen: every key is deleted, and every token is refused at once. Also end all grants.
///
/// ```
/// use strict_jose::Algorithm;
///
/// assert_eq!(strict_oidc::replace_keys(&[Algorithm::Es256], &[]).len(), 2);
/// ```
pub fn replace_keys(algorithms: &[Algorithm], keys: &[KeyRecord]) -> Vec<KeyStep> {
    let delete = keys.iter().map(|key| KeyStep::Delete { kid: key.kid.clone() });
    let create = algorithms.iter().flat_map(|algorithm| {
        [KeyState::Current, KeyState::Next].map(|state| KeyStep::Create { algorithm: *algorithm, state })
    });
    delete.chain(create).collect()
}

impl KeyRecord {
    fn to(&self, state: KeyState) -> KeyStep {
        KeyStep::Move { kid: self.kid.clone(), state }
    }
}

/// Algorithms by their names in JSON.
pub(crate) mod algorithm_name {
    use serde::{Deserialize, Deserializer, Serializer};
    use strict_jose::Algorithm;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(crate) fn serialize<S: Serializer>(algorithm: &Algorithm, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(algorithm.name())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Algorithm, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3600;
    const DAY: u64 = 24 * HOUR;

    fn key(kid: &str, state: KeyState, since: u64) -> KeyRecord {
        KeyRecord { kid: kid.into(), algorithm: Algorithm::Es256, state, since: UnixTime(since) }
    }

    fn steps(keys: &[KeyRecord], now: u64) -> Vec<KeyStep> {
        key_schedule(&KeyPolicy::default(), &[Algorithm::Es256], keys, UnixTime(now))
    }

    #[test]
    fn keys_move_when_they_are_due_and_not_before() {
        let moved = |kid: &str, state| KeyStep::Move { kid: kid.into(), state };
        let create = |state| KeyStep::Create { algorithm: Algorithm::Es256, state };
        let pair = [key("a", KeyState::Current, 0), key("b", KeyState::Next, 0)];
        let rotation =
            [moved("a", KeyState::Previous), moved("b", KeyState::Current), create(KeyState::Next)];
        assert_eq!(steps(&pair, 30 * DAY - 1), []);
        assert_eq!(steps(&pair, 30 * DAY), rotation);
        let young = [key("a", KeyState::Current, 0), key("b", KeyState::Next, 30 * DAY)];
        assert_eq!(steps(&young, 31 * DAY - 1), [], "the next key was not published for a day");
        assert_eq!(steps(&young, 31 * DAY), rotation);

        let with = |more| [pair[0].clone(), pair[1].clone(), more];
        assert_eq!(steps(&with(key("p", KeyState::Previous, 0)), HOUR - 1), []);
        assert_eq!(steps(&with(key("p", KeyState::Previous, 0)), HOUR), [moved("p", KeyState::Retired)]);
        assert_eq!(steps(&with(key("r", KeyState::Retired, 0)), 30 * DAY - 1), []);
        assert!(
            steps(&with(key("r", KeyState::Retired, 0)), 30 * DAY)
                .contains(&KeyStep::Delete { kid: "r".into() })
        );
    }

    #[test]
    fn a_missing_key_is_made_and_an_unused_algorithm_ends() {
        let create = |state| KeyStep::Create { algorithm: Algorithm::Es256, state };
        assert_eq!(steps(&[key("a", KeyState::Current, 0)], 1), [create(KeyState::Next)]);
        let next = KeyStep::Move { kid: "b".into(), state: KeyState::Current };
        assert_eq!(steps(&[key("b", KeyState::Next, 0)], 1), [next, create(KeyState::Next)]);
        let pair = [key("a", KeyState::Current, 0), key("b", KeyState::Next, 0)];
        let ended = key_schedule(&KeyPolicy::default(), &[], &pair, UnixTime(1));
        assert_eq!(
            ended,
            [
                KeyStep::Move { kid: "a".into(), state: KeyState::Previous },
                KeyStep::Delete { kid: "b".into() },
            ]
        );
    }

    #[test]
    fn a_record_has_the_name_of_its_algorithm_in_json() {
        let json = serde_json::to_string(&key("a", KeyState::Current, 7)).unwrap();
        assert_eq!(json, r#"{"kid":"a","algorithm":"ES256","state":"current","since":7}"#);
        assert_eq!(serde_json::from_str::<KeyRecord>(&json).unwrap(), key("a", KeyState::Current, 7));
    }
}
