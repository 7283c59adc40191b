use strict_jose::{Error as TokenError, Keys};

use super::{ProvideKeys, UnverifiedHeader};
use crate::Error;

/// Verifies a token. Only a token with an unknown key id is verified twice: the second time with newer keys.
///
/// The inner error is a refusal of the token, the outer one means that the keys are not available.
pub(super) async fn verify_with_newest<K: ProvideKeys, T, E: LacksKey>(
    keys: &K,
    token: &str,
    verify: impl Fn(&dyn Keys) -> Result<T, E> + Sync,
) -> Result<Result<T, E>, Error> {
    let header = UnverifiedHeader::of(token);
    let refused = match verify(&keys.keys(&header).await?) {
        Err(refused) if refused.lacks_key() => refused,
        decided => return Ok(decided),
    };
    Ok(match keys.keys_beyond(&header).await? {
        Some(newer) => verify(&newer),
        None => Err(refused),
    })
}

/// A refusal that newer keys may change.
pub(super) trait LacksKey: Send {
    fn lacks_key(&self) -> bool;
}

impl LacksKey for TokenError {
    fn lacks_key(&self) -> bool {
        matches!(self, Self::UnknownKey { .. })
    }
}
