//! What accompanies a command.

use accounts::audit::Actor;
use jiff::Timestamp;

/// Who gives a command, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    pub actor: Actor,
    pub now: Timestamp,
}

impl Context {
    /// A command from the command line of the server's machine.
    pub fn operator(now: Timestamp) -> Self {
        Self { actor: Actor::OPERATOR, now }
    }
}
