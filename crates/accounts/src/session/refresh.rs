//! Refresh token rotation and the detection of reuse (RFC 9700, section 4.14.2).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::SessionLimits;

/// How long a used refresh token gets the same successor again: tabs that refresh at the same moment, a request that
/// is sent twice.
pub const REPEATABLE: Duration = Duration::from_mins(1);

/// A session, as seen from a refresh token of its family.
#[derive(Clone, Copy, Debug)]
pub struct RefreshState {
    /// The token is the newest of the session.
    pub is_current: bool,
    /// The nonce that made the current token out of this one, if this one is its predecessor.
    pub nonce: Option<[u8; 32]>,
    /// When the current token was made out of its predecessor.
    pub rotated_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// What becomes of a refresh token and its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshDecision {
    /// The current token is replaced by its successor.
    Rotate,
    /// The predecessor gets the current token again, which this nonce made.
    Repeat { nonce: [u8; 32], rotated_at: Timestamp },
    /// The predecessor gets a new successor, and the current token is void: its answer was lost, or a thief has it.
    Replace,
    /// The session has expired. That is no sign of theft, whatever the token.
    EndExpired,
    /// The token is older than the predecessor: another client has a copy of it or of a later one. It is unknown which
    /// of the two is the thief, so the session ends.
    EndReused,
}

impl RefreshState {
    pub fn decide(&self, limits: SessionLimits, now: Timestamp) -> RefreshDecision {
        if !limits.allow(self.created_at, self.last_used_at, now) {
            return RefreshDecision::EndExpired;
        }
        if self.is_current {
            return RefreshDecision::Rotate;
        }
        let Some(nonce) = self.nonce else { return RefreshDecision::EndReused };
        let repeatable = SignedDuration::try_from(REPEATABLE).unwrap_or_default();
        match self.rotated_at {
            Some(rotated_at) if now.duration_since(rotated_at) < repeatable => {
                RefreshDecision::Repeat { nonce, rotated_at }
            }
            _ => RefreshDecision::Replace,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: [u8; 32] = [7; 32];

    fn at(text: &str) -> Timestamp {
        format!("2024-05-01T{text}Z").parse().unwrap()
    }

    #[test]
    fn rotation_and_reuse() {
        let hour = Duration::from_hours(1);
        let limits = SessionLimits::new(hour, 2 * hour);
        let (current, previous, older) = ((true, None), (false, Some(NONCE)), (false, None));
        let repeat = RefreshDecision::Repeat { nonce: NONCE, rotated_at: at("12:00:00") };
        for (name, (is_current, nonce), now, want) in [
            ("current", current, "12:30:00", RefreshDecision::Rotate),
            ("current, expired", current, "13:00:00", RefreshDecision::EndExpired),
            ("previous, soon", previous, "12:00:59.999999", repeat),
            ("previous, clock set back", previous, "11:59:00", repeat),
            ("previous, later", previous, "12:01:00", RefreshDecision::Replace),
            ("previous, expired", previous, "13:00:00", RefreshDecision::EndExpired),
            ("older", older, "12:00:01", RefreshDecision::EndReused),
            ("older, expired", older, "13:00:00", RefreshDecision::EndExpired),
        ] {
            let rotated_at = Some(at("12:00:00"));
            let (created_at, last_used_at) = (at("11:30:00"), at("12:00:00"));
            let state = RefreshState { is_current, nonce, rotated_at, created_at, last_used_at };
            assert_eq!(state.decide(limits, at(now)), want, "{name}");
        }
    }
}
