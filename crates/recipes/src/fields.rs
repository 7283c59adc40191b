//! `fields!` declares an object once; everything that needs its list of fields follows from the declaration.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::reader::{FieldReader, Reported};
use crate::schema::View;

/// Declares a struct by its fields, one a line:
///
/// ```text
/// /// Description, for rustdoc and for the JSON Schema.
/// field: Type = presence("nameOnTheWire", RULE);
/// ```
///
/// | presence | in a client's document | in a stored document |
/// | --- | --- | --- |
/// | `required` | must be there and not `null` | always there |
/// | `nullable` | must be there, may be `null` | always there |
/// | `optional` | may be missing or `null` | left out if unset |
/// | `defaulted` | may be missing or `null` | left out if it is the default |
///
/// The struct gets [`Fields`], `Serialize` and `Deserialize`. A last line `..unknown` adds a map of the members that a
/// stored document has beyond the declared ones, so that a document of another version loses nothing.
macro_rules! fields {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident {
            $( $(#[doc = $doc:literal])* $field:ident: $type:ty = $presence:ident($wire:literal, $rule:expr); )*
            $( ..$unknown:ident )?
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $( $(#[doc = $doc])* pub $field: $type, )*
            $(
                /// Members of a stored document that this version does not know.
                pub $unknown: serde_json::Map<String, serde_json::Value>,
            )?
        }

        impl $crate::fields::Fields for $name {
            const NAMES: &'static [&'static str] = &[$($wire),*];

            fn read(
                r: &mut $crate::reader::FieldReader,
                object: &serde_json::Map<String, serde_json::Value>,
            ) -> Result<Self, $crate::reader::Reported> {
                // All of them before the first return, so that every error is reported.
                $( let $field = r.$presence(object, $wire, &$rule); )*
                Ok(Self { $( $field: $field?, )* $( $unknown: serde_json::Map::new(), )? })
            }

            fn report_unknown(
                r: &mut $crate::reader::FieldReader,
                object: &serde_json::Map<String, serde_json::Value>,
                also_known: &[&str],
            ) {
                r.report_unknown_members(object, &[Self::NAMES, also_known].concat());
                $(
                    if let Some(value) = object.get($wire) {
                        r.at($wire, |r| $crate::reader::Rule::report_unknown(&$rule, r, value));
                    }
                )*
            }

            fn take(
                object: &mut serde_json::Map<String, serde_json::Value>,
            ) -> Result<Self, $crate::fields::CorruptField> {
                Ok(Self {
                    $( $field: $crate::fields::take::$presence(object, $wire)?, )*
                    $( $unknown: std::mem::take(object), )?
                })
            }

            fn schema(view: $crate::schema::View) -> serde_json::Value {
                let mut schema = $crate::schema::ObjectSchema::new(view);
                $(
                    let rule = $crate::reader::Rule::schema(&$rule, view);
                    schema.$presence($wire, concat!($($doc),*), rule);
                )*
                schema.finish()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut object = serializer.serialize_map(None)?;
                $( $crate::fields::write::$presence(&mut object, $wire, &self.$field)?; )*
                $(
                    for (name, value) in &self.$unknown {
                        serde::ser::SerializeMap::serialize_entry(&mut object, name, value)?;
                    }
                )?
                serde::ser::SerializeMap::end(object)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut object = serde::Deserialize::deserialize(deserializer)?;
                $crate::fields::Fields::take(&mut object).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use fields;

/// An object that was declared with [`fields!`].
pub(crate) trait Fields: Sized {
    /// The names on the wire, in the order in which they are written.
    const NAMES: &'static [&'static str];

    /// Reads a client's object.
    fn read(r: &mut FieldReader, object: &Map<String, Value>) -> Result<Self, Reported>;

    /// Reports the members, also of inner objects, that [`read`](Self::read) ignores.
    fn report_unknown(r: &mut FieldReader, object: &Map<String, Value>, also_known: &[&str]);

    /// Takes the fields out of a stored object. Types are checked and limits are not, because an earlier version may
    /// have had other limits.
    fn take(object: &mut Map<String, Value>) -> Result<Self, CorruptField>;

    /// Describes the object in JSON Schema.
    fn schema(view: View) -> Value;
}

/// A field of a stored document is missing or has the wrong type. The value is not shown: it may be private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CorruptField(pub(crate) &'static str);

impl std::fmt::Display for CorruptField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the field {} is missing or has a wrong type", self.0)
    }
}

/// Takes one field out of a stored object.
pub(crate) mod take {
    use super::{CorruptField, DeserializeOwned, Map, Value};

    pub(crate) fn required<T: DeserializeOwned>(
        object: &mut Map<String, Value>,
        name: &'static str,
    ) -> Result<T, CorruptField> {
        let value = object.remove(name).ok_or(CorruptField(name))?;
        serde_json::from_value(value).map_err(|_| CorruptField(name))
    }

    /// A stored document has every nullable field. Its type is an `Option`.
    pub(crate) use required as nullable;

    pub(crate) fn optional<T: DeserializeOwned>(
        object: &mut Map<String, Value>,
        name: &'static str,
    ) -> Result<Option<T>, CorruptField> {
        if object.contains_key(name) { required(object, name) } else { Ok(None) }
    }

    pub(crate) fn defaulted<T: DeserializeOwned + Default>(
        object: &mut Map<String, Value>,
        name: &'static str,
    ) -> Result<T, CorruptField> {
        optional(object, name).map(Option::unwrap_or_default)
    }
}

/// Writes one field of a stored object.
pub(crate) mod write {
    use serde::Serialize;
    use serde::ser::SerializeMap;

    pub(crate) fn required<M: SerializeMap>(
        object: &mut M,
        name: &str,
        value: &impl Serialize,
    ) -> Result<(), M::Error> {
        object.serialize_entry(name, value)
    }

    pub(crate) use required as nullable;

    #[expect(clippy::ref_option, reason = "`fields!` passes a reference to the field, like to the others")]
    pub(crate) fn optional<M: SerializeMap>(
        object: &mut M,
        name: &str,
        value: &Option<impl Serialize>,
    ) -> Result<(), M::Error> {
        value.iter().try_for_each(|value| object.serialize_entry(name, value))
    }

    pub(crate) fn defaulted<M: SerializeMap, T: Serialize + Default + PartialEq>(
        object: &mut M,
        name: &str,
        value: &T,
    ) -> Result<(), M::Error> {
        if *value == T::default() { Ok(()) } else { object.serialize_entry(name, value) }
    }
}
