//! The keys of access tokens: the one that signs, and the one before it, whose tokens stay valid until they expire.

use strict_jose::{Error, Excerpt, Header, Key, Keys};

/// Signs with the current key and verifies with both. A token names its key in `kid`.
#[derive(Clone)]
pub struct TokenKeys {
    current: Key,
    previous: Option<Key>,
}

impl TokenKeys {
    /// The keys get their thumbprints as names, so that all processes with the same secrets agree on them.
    pub fn new(current: Key, previous: Option<Key>) -> Self {
        Self {
            current: current.with_thumbprint_as_kid(),
            previous: previous.map(Key::with_thumbprint_as_kid),
        }
    }

    pub fn current(&self) -> &Key {
        &self.current
    }

    pub fn previous(&self) -> Option<&Key> {
        self.previous.as_ref()
    }

    pub fn has_previous(&self) -> bool {
        self.previous.is_some()
    }
}

impl From<Key> for TokenKeys {
    fn from(key: Key) -> Self {
        Self::new(key, None)
    }
}

impl Keys for TokenKeys {
    /// A token without `kid` was issued by a version that knew one key only. That is the previous key, if there is one.
    fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
        let Some(kid) = header.kid() else {
            return Ok(self.previous.as_ref().unwrap_or(&self.current));
        };
        let keys = [Some(&self.current), self.previous.as_ref()];
        let named = keys.into_iter().flatten().find(|key| key.kid() == Some(kid));
        named.ok_or_else(|| Error::UnknownKey { kid: Excerpt::of(kid) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::json;
    use strict_jose::Rules;

    use super::*;

    fn key(byte: u8) -> Key {
        Key::hs256(&[byte; 32]).unwrap()
    }

    /// The reason of the refusal, if there is one.
    fn verdict(keys: &TokenKeys, signer: &Key) -> Result<(), &'static str> {
        let token = signer.sign("at+jwt", &json!({ "exp": 2_000 })).unwrap();
        let rules = Rules::typ("at+jwt").any_issuer().any_audience();
        let verdict = rules.verify_bytes(&token, keys, UNIX_EPOCH + Duration::from_secs(1_000));
        verdict.map(drop).map_err(|error| error.reason())
    }

    #[test]
    fn tokens_of_both_keys_are_accepted_and_of_no_other() {
        let (one, two, three) = (key(1), key(2), key(3));
        let named = |key: &Key| key.clone().with_thumbprint_as_kid();
        let alone = TokenKeys::from(one.clone());
        let rotated = TokenKeys::new(two.clone(), Some(one.clone()));
        let again = TokenKeys::new(three.clone(), Some(two.clone()));
        for (keys, signer, want) in [
            (&alone, named(&one), Ok(())),
            (&alone, one.clone(), Ok(())),
            (&alone, named(&two), Err("unknown_key")),
            (&alone, two.clone(), Err("bad_signature")),
            (&rotated, named(&one), Ok(())),
            (&rotated, one.clone(), Ok(())),
            (&rotated, named(&two), Ok(())),
            (&rotated, named(&three), Err("unknown_key")),
            (&rotated, two.clone(), Err("bad_signature")),
            (&rotated, three.clone(), Err("bad_signature")),
            (&again, named(&one), Err("unknown_key")),
            (&again, one.clone(), Err("bad_signature")),
            // The name of one key and the signature of another one.
            (&rotated, three.with_kid(named(&one).kid().unwrap()), Err("bad_signature")),
        ] {
            assert_eq!(verdict(keys, &signer), want, "{:?}", signer.kid());
        }
        assert_eq!(rotated.current().kid(), Some(&*two.thumbprint()));
    }

    #[test]
    fn key_that_is_current_and_previous_is_one_key() {
        let keys = TokenKeys::new(key(1), Some(key(1)));
        assert_eq!(verdict(&keys, &key(1)), Ok(()));
        assert_eq!(verdict(&keys, keys.current()), Ok(()));
    }
}
