//! Typed ids: a [`UserId`] cannot be passed where a [`RecipeId`] is expected.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// Declares an id that is a number from 1 to `i64::MAX`, as databases generate them.
macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name(i64);

        impl $name {
            pub fn from_i64(number: i64) -> Option<Self> {
                (number >= 1).then_some(Self(number))
            }

            /// Parses the canonical decimal form. `01`, `+1` and ` 1` are refused, so that no resource has two
            /// addresses.
            pub fn parse(text: &str) -> Option<Self> {
                let canonical = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
                canonical.then(|| text.parse().ok()).flatten().map(Self)
            }

            pub fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> i64 {
                id.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = &'static str;

            fn try_from(number: i64) -> Result<Self, Self::Error> {
                Self::from_i64(number).ok_or("ids are whole numbers from 1")
            }
        }
    };
}

number_id! {
    /// The id of a user.
    UserId
}
number_id! {
    /// The id of a recipe in one database. Its [`Uid`] is the same in all of them.
    RecipeId
}

/// Declares an id that is a UUID. New ones have version 7 (RFC 9562, section 5.7): they sort by time.
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid())
            }

            /// Parses the one spelling that [`encode`](Self::encode) writes, so that no resource has two addresses.
            pub fn parse(text: &str) -> Option<Self> {
                let id = Self::parse_any_case(text)?;
                (id.encode(&mut [0; Hyphenated::LENGTH]) == text).then_some(id)
            }

            fn parse_any_case(text: &str) -> Option<Self> {
                (text.len() == Hyphenated::LENGTH).then(|| Uuid::try_parse(text).ok()).flatten().map(Self)
            }

            /// Writes the form with hyphens.
            pub fn encode(self, buffer: &mut [u8; Hyphenated::LENGTH]) -> &str {
                self.0.as_hyphenated().encode_lower(buffer)
            }

            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.encode(&mut [0; Hyphenated::LENGTH]))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <Cow<'de, str>>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| Error::custom("must be a UUID with hyphens"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

uuid_id! {
    /// Identifies a recipe in every database: it survives export and import, unlike its [`RecipeId`].
    Uid
}
uuid_id! {
    /// The id of a session.
    SessionId
}
uuid_id! {
    /// The id of an API token. It is not secret.
    ApiTokenId
}
uuid_id! {
    /// The id of an entry in the log of what a user cooked.
    CookedId
}
uuid_id! {
    /// The id of a link that shows a recipe. It is not the secret in the link.
    ShareId
}
uuid_id! {
    /// The id of a webhook. It is not secret.
    WebhookId
}
uuid_id! {
    /// The id of a household: the users who share a meal plan and a shopping list.
    HouseholdId
}
uuid_id! {
    /// The id of an entry in a meal plan.
    PlanEntryId
}
uuid_id! {
    /// The id of an item of a shopping list.
    ShoppingItemId
}
uuid_id! {
    /// The id of an invitation. It is not the secret that invites.
    InvitationId
}

impl Uid {
    /// The length of the form with hyphens.
    pub const LENGTH: usize = Hyphenated::LENGTH;

    /// Parses the form with hyphens in either case: imported recipes bring ids of other programs.
    pub fn parse_imported(text: &str) -> Option<Self> {
        Self::parse_any_case(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<i64>) {
        assert_eq!(RecipeId::parse(text).map(RecipeId::get), want, "{text:?}");
    }

    #[test]
    fn number_has_one_spelling() {
        check("1", Some(1));
        check("9223372036854775807", Some(i64::MAX));
        for other in
            ["", "0", "01", "+1", "-1", " 1", "1 ", "1.0", "1e0", "1abc", "abc", "١", "9223372036854775808"]
        {
            check(other, None);
        }
    }

    #[test]
    fn number_is_an_integer_from_1_in_json() {
        assert_eq!(serde_json::to_string(&UserId::from_i64(7)).unwrap(), "7");
        assert_eq!(serde_json::from_str::<UserId>("7").unwrap().get(), 7);
        for bad in ["0", "-1", "null", "\"7\"", "7.5"] {
            assert!(serde_json::from_str::<UserId>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn new_uids_have_version_7_and_sort_by_time() {
        let early = Uid::new("2024-05-01T12:00:00Z".parse().unwrap(), [255; 10]);
        let late = Uid::new("2024-05-01T12:00:00.001Z".parse().unwrap(), [0; 10]);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(early.to_string(), "018f3406-9e00-7fff-bfff-ffffffffffff");
        assert_eq!(Uid::parse(&early.to_string()), Some(early));
        Uid::new("1969-01-01T00:00:00Z".parse().unwrap(), [0; 10]);
    }

    #[test]
    fn ids_have_one_spelling_and_imported_uids_either_case() {
        assert!(Uid::parse("9b2d6a0e-2f5c-4c33-8a77-0f1f9d3a5b11").is_some());
        assert_eq!(Uid::parse("9B2D6A0E-2F5C-4C33-8A77-0F1F9D3A5B11"), None);
        assert_eq!(SessionId::parse("9b2d6a0e-2f5c-4c33-8a77-0f1f9d3a5B11"), None);
        let upper = Uid::parse_imported("9B2D6A0E-2F5C-4C33-8A77-0F1F9D3A5B11").unwrap();
        assert_eq!(serde_json::to_string(&upper).unwrap(), "\"9b2d6a0e-2f5c-4c33-8a77-0f1f9d3a5b11\"");
        for bad in ["", "9b2d6a0e2f5c4c338a770f1f9d3a5b11", "{9b2d6a0e-2f5c-4c33-8a77-0f1f9d3a5b11}", "é"] {
            assert_eq!(Uid::parse_imported(bad), None, "{bad}");
        }
    }

    #[test]
    fn session_id_is_the_same_as_text_and_as_bytes() {
        let id = SessionId::new("2024-05-01T12:00:00Z".parse().unwrap(), [7; 10]);
        assert_eq!(SessionId::from_bytes(*id.as_bytes()), id);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<SessionId>(&json).unwrap(), id);
        for bad in ["7", "null", "\"\"", "\"018f34069e007fffbfffffffffffffff\"", &json.to_uppercase()] {
            assert!(serde_json::from_str::<SessionId>(bad).is_err(), "{bad}");
        }
    }
}
