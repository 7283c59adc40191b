//! The members of recipes that a list has: `view=summary` leaves the instructions out, `fields=` names those that are wanted.

use std::borrow::Cow;
use std::fmt;

use recipes::Recipe;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::http::error::RequestError;
use crate::http::query::{Query, did_you_mean};

/// The parameters of a view.
pub(super) const PARAMETERS: [&str; 2] = ["view", "fields"];

/// Left out of a summary: the longest part of most recipes.
const DETAILS: &str = "instructions";

/// The members that a list has of each recipe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    is_summary: bool,
    /// `None`: all of them.
    fields: Option<Vec<&'static str>>,
}

impl View {
    /// # Errors
    /// [`RequestError::Malformed`] for another view, or a field that recipes do not have.
    pub(super) fn parse(query: &Query<'_>) -> Result<Self, RequestError> {
        let is_summary = match query.get("view") {
            None | Some("full") => false,
            Some("summary") => true,
            Some(_) => return Err(RequestError::Malformed("view must be \"full\" or \"summary\"".into())),
        };
        let names = |text: &str| {
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            names.map(field).collect::<Result<Vec<_>, _>>()
        };
        let fields = query.get("fields").map(names).transpose()?;
        Ok(Self { is_summary, fields: fields.filter(|fields| !fields.is_empty()) })
    }

    pub(super) fn is_full(&self) -> bool {
        *self == Self::default()
    }

    /// The recipe with the members of this view, in their order.
    ///
    /// # Errors
    /// If the text is not a JSON object.
    pub(super) fn of<'a>(&self, recipe: &'a [u8]) -> Result<Cow<'a, [u8]>, serde_json::Error> {
        if self.is_full() {
            return Ok(recipe.into());
        }
        let Members(members) = serde_json::from_slice(recipe)?;
        let mut json = Vec::with_capacity(recipe.len());
        for (name, value) in members.into_iter().filter(|(name, _)| self.has(name)) {
            json.push(if json.is_empty() { b'{' } else { b',' });
            serde_json::to_writer(&mut json, &name)?;
            json.push(b':');
            json.extend_from_slice(value.get().as_bytes());
        }
        json.push(b'}');
        Ok(json.into())
    }

    fn has(&self, name: &str) -> bool {
        let is_wanted = || self.fields.as_ref().is_none_or(|fields| fields.contains(&name));
        // Every recipe is told apart by its id.
        name == "id" || !(self.is_summary && name == DETAILS) && is_wanted()
    }
}

fn field(name: &str) -> Result<&'static str, RequestError> {
    let known: Vec<_> = Recipe::member_names().collect();
    known.iter().find(|known| **known == name).copied().ok_or_else(|| {
        let message = format!("fields: recipes have no \"{name}\"; {}", did_you_mean(name, &known));
        RequestError::Malformed(message.into())
    })
}

/// The members of a JSON object with unparsed values.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPE: &str =
        r#"{"id":7,"name":"Soup \"hot\"","instructions":[{"text":"Boil."}],"extra":{"a": [1, 2]},"uid":"u"}"#;

    #[track_caller]
    fn check(query: &str, want: &str) {
        let uri = format!("/?{query}").parse().unwrap();
        let query = Query::parse(&uri, &PARAMETERS).ok().unwrap();
        let view = View::parse(&query).ok().unwrap();
        assert_eq!(std::str::from_utf8(&view.of(RECIPE.as_bytes()).unwrap()).unwrap(), want);
    }

    #[test]
    fn views_keep_members_and_their_order() {
        check("", RECIPE);
        check("view=full", RECIPE);
        check("view=summary", r#"{"id":7,"name":"Soup \"hot\"","extra":{"a": [1, 2]},"uid":"u"}"#);
        check("fields=extra,%20name", r#"{"id":7,"name":"Soup \"hot\"","extra":{"a": [1, 2]}}"#);
        check("fields=servings", r#"{"id":7}"#);
        check("fields=id", r#"{"id":7}"#);
        check("fields=,", RECIPE);
        check("fields=name,instructions&view=summary", r#"{"id":7,"name":"Soup \"hot\""}"#);
    }

    #[test]
    fn unknown_views_and_fields_are_named() {
        for (query, want) in [
            ("view=short", "view must be \"full\" or \"summary\""),
            ("fields=nmae", "fields: recipes have no \"nmae\"; did you mean \"name\"?"),
        ] {
            let uri = format!("/?{query}").parse().unwrap();
            let query = Query::parse(&uri, &PARAMETERS).ok().unwrap();
            let Err(RequestError::Malformed(message)) = View::parse(&query) else { panic!("{want}") };
            assert_eq!(message, want);
        }
    }
}
