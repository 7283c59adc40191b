use std::time::Duration;

use crate::worker_pool::PoolError;

/// A password could not be hashed or verified. No variant says whether it is right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    #[error("too many passwords are waiting to be hashed; try again in {} s", retry_after.as_secs())]
    Overloaded { retry_after: Duration },
    #[error(
        "must be at most {max} bytes: bcrypt, the hashing scheme of this server, ignores everything after them"
    )]
    TooLong { max: usize },
    #[error("must not contain the character NUL: bcrypt would end the password there")]
    Nul,
    #[error("hashing failed: {0}")]
    Failed(&'static str),
}

impl From<PoolError> for HashError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Overloaded { retry_after } => Self::Overloaded { retry_after },
            PoolError::Failed(why) => Self::Failed(why),
        }
    }
}
