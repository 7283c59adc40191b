//! One item of an import file: a recipe, a user, or the reasons why it is neither.

use accounts::{Email, Name, NewUser, PasswordHash, Role};
use recipes::{Draft, FieldError, ImportedRecipe};
use serde_json::{Map, Value};

use super::printable::printable;
use super::tally::Kind;
use crate::passwords;

/// A valid item, and the fields that this program does not have.
#[derive(Debug)]
pub(super) struct ParsedItem {
    pub(super) item: ImportItem,
    pub(super) left_out: Vec<FieldError>,
}

#[derive(Debug)]
pub(super) enum ImportItem {
    Recipe(Box<ImportedRecipe>),
    User(NewUser),
}

/// Why an item cannot be imported.
#[derive(Debug)]
pub(super) struct InvalidItem {
    pub(super) kind: Kind,
    /// The line of the error, if it is known more exactly than the line on which the item begins.
    pub(super) line: Option<u64>,
    /// Every error. Values are not repeated, because they may be passwords.
    pub(super) messages: Vec<String>,
}

impl ImportItem {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Recipe(_) => Kind::Recipe,
            Self::User(_) => Kind::User,
        }
    }
}

impl ParsedItem {
    /// Parses the JSON of an item that begins on this line. If `strict`, unknown fields are errors.
    pub(super) fn parse(text: &[u8], line: u64, strict: bool) -> Result<Self, InvalidItem> {
        let value: Value = serde_json::from_slice(text).map_err(|error| {
            let message = error.to_string();
            // serde_json's position counts from the start of the item. The line below counts from the start of the file.
            let message = message.split(" at line ").next().unwrap_or_default();
            let line = Some(line + (error.line() as u64).saturating_sub(1));
            InvalidItem { kind: Kind::Unknown, line, messages: vec![format!("is not valid JSON: {message}")] }
        })?;
        let Some(fields) = value.as_object() else {
            return Err(InvalidItem::new("must be an object: a recipe or a user"));
        };
        let (kind, item, mut left_out) = if fields.contains_key("ingredients") {
            let recipe = ImportedRecipe::parse(fields).map(|recipe| ImportItem::Recipe(Box::new(recipe)));
            (Kind::Recipe, recipe, Draft::unknown_fields(fields))
        } else if fields.contains_key("email") {
            (Kind::User, user(fields).map(ImportItem::User), unknown_in_user(fields))
        } else {
            return Err(InvalidItem::new(
                "is neither a recipe, with ingredients, nor a user, with an email and a password",
            ));
        };
        left_out.retain(|field| value.pointer(&field.pointer).is_some_and(has_content));
        match item {
            Ok(item) if !strict || left_out.is_empty() => Ok(Self { item, left_out }),
            Ok(_) => Err(InvalidItem::with_errors(kind, fields, &left_out)),
            Err(errors) => Err(InvalidItem::with_errors(kind, fields, &errors)),
        }
    }
}

/// Always an ordinary user: a file cannot create administrators.
fn user(fields: &Map<String, Value>) -> Result<NewUser, Vec<FieldError>> {
    let mut errors = Vec::new();
    let name = text(fields, "name", &mut errors, Name::parse);
    let email = text(fields, "email", &mut errors, Email::parse);
    let password_hash = text(fields, "password", &mut errors, |text| {
        let hash = PasswordHash::parse(text)
            .ok_or("must be a hash that bcrypt ($2a$, $2b$, $2y$) or Argon2id ($argon2id$) made")?;
        passwords::check_usable(&hash).map_err(|why| format!("is a hash that cannot be verified: {why}"))?;
        Ok::<_, String>(hash)
    });
    match (name, email, password_hash) {
        (Some(name), Some(email), password_hash @ Some(_)) => {
            Ok(NewUser { name, email, password_hash, role: Role::User })
        }
        _ => Err(errors),
    }
}

fn unknown_in_user(fields: &Map<String, Value>) -> Vec<FieldError> {
    const KNOWN: [&str; 4] = ["id", "name", "email", "password"];
    let unknown = fields.keys().filter(|name| !KNOWN.contains(&name.as_str()));
    unknown.map(|name| FieldError::unknown("", name, &KNOWN)).collect()
}

/// Whether leaving the value out loses something.
fn has_content(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => items.iter().any(has_content),
        Value::Object(members) => members.values().any(has_content),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn text<T, E: Into<String>>(
    fields: &Map<String, Value>,
    name: &str,
    errors: &mut Vec<FieldError>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    let parsed = match fields.get(name) {
        Some(Value::String(text)) => parse(text).map_err(Into::into),
        None | Some(Value::Null) => Err("is required".to_owned()),
        Some(_) => Err("must be a text".to_owned()),
    };
    let error = |message| FieldError { pointer: format!("/{name}"), message };
    parsed.map_err(|message| errors.push(error(message))).ok()
}

impl InvalidItem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { kind: Kind::Unknown, line: None, messages: vec![message.into()] }
    }

    fn with_errors(kind: Kind, fields: &Map<String, Value>, errors: &[FieldError]) -> Self {
        // The name helps to find the item.
        let name = printable(fields.get("name").and_then(Value::as_str).unwrap_or_default());
        let of = if name.is_empty() { String::new() } else { format!(" of \"{name}\"") };
        let message = |error: &FieldError| format!("{}{of} {}", printable(&error.pointer), error.message);
        Self { kind, line: None, messages: errors.iter().map(message).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_invalid(text: &str, line: Option<u64>, messages: &[&str]) {
        let invalid = ParsedItem::parse(text.as_bytes(), 7, false).unwrap_err();
        assert_eq!(invalid.messages, messages, "{text}");
        assert_eq!(invalid.line, line, "{text}");
    }

    const HASH: &str = "$2b$10$JqHnCPAjfonbA8mcRtM2GuS1vl5OQfN6PE.hM/NhKR6lRcOlHSSlG";

    #[test]
    fn kind_of_an_item_follows_from_its_content() {
        let recipe = r#"{"id":1,"name":"Soup","healthLabels":[],"cookTimeMinutes":60,"prepTimeMinutes":null,
            "ingredients":["water"],"uid":"018f3404-d600-7fff-bfff-ffffffffffff","revision":3,"ownerId":9}"#;
        let parse = |text: &str| ParsedItem::parse(text.as_bytes(), 1, false).unwrap();
        let ParsedItem { item: ImportItem::Recipe(imported), left_out } = parse(recipe) else {
            panic!("{recipe}")
        };
        assert_eq!(left_out, []);
        assert_eq!((imported.draft.content().name.as_str(), imported.history.revision), ("Soup", Some(3)));

        let user = format!(
            r#"{{"id":1,"name":"Hou","email":"hou@example.com","password":"{HASH}","role":"admin"}}"#
        );
        let ParsedItem { item: ImportItem::User(user), left_out } = parse(&user) else { panic!("{user}") };
        assert_eq!(left_out[0].pointer, "/role");
        assert_eq!((user.name.as_str(), user.email.as_str()), ("Hou", "hou@example.com"));
        assert_eq!((user.password_hash.unwrap().as_str(), user.role), (HASH, Role::User));
    }

    #[test]
    fn hash_that_cannot_be_verified_is_named() {
        let salt = "$c2FsdHNhbHRzYWx0$mWuMe2/6BIi6VwxfrNl0fTF29SbMGTb8Tz2HAWpf0qU";
        for (hash, why) in [
            (HASH.replace("$10$", "$00$"), "its bcrypt cost is below 4"),
            (HASH.replace("$10$", "$03$"), "its bcrypt cost is below 4"),
            (HASH.replace("$10$", "$31$"), "its bcrypt cost is too high"),
            (format!("$argon2id$v=19$m=4194304,t=2,p=1{salt}"), "its parameters would cost too much"),
            (format!("$argon2id$v=19$m=x,t=2,p=1{salt}"), "its parameters are not Argon2's"),
        ] {
            let user = format!(r#"{{"name":"Hou","email":"hou@example.com","password":"{hash}"}}"#);
            let invalid = ParsedItem::parse(user.as_bytes(), 1, false).unwrap_err();
            let message = format!("/password of \"Hou\" is a hash that cannot be verified: {why}");
            assert!(invalid.messages[0].starts_with(&message), "{:?}", invalid.messages);
        }
    }

    #[test]
    fn every_error_is_reported_and_no_value_is_repeated() {
        check_invalid(
            r#"{"email":"hello","password":"hunter2"}"#,
            None,
            &[
                "/name is required",
                "/email must be an e-mail address, as in alice@example.com",
                "/password must be a hash that bcrypt ($2a$, $2b$, $2y$) or Argon2id ($argon2id$) made",
            ],
        );
        let text = r#"{"name":"Sou\u001bp","ingredients":[1],"healthLabels":[],"cookTimeMinutes":-1,"prepTimeMinutes":0,"revision":0}"#;
        let invalid = ParsedItem::parse(text.as_bytes(), 1, false).unwrap_err();
        let pointers: Vec<_> =
            invalid.messages.iter().map(|message| message.split(" must").next().unwrap()).collect();
        assert_eq!(
            pointers,
            [
                "/name of \"Sou\\u{1b}p\"",
                "/cookTimeMinutes of \"Sou\\u{1b}p\"",
                "/ingredients/0 of \"Sou\\u{1b}p\"",
                "/revision of \"Sou\\u{1b}p\""
            ]
        );
    }

    #[test]
    fn invalid_json_is_reported_with_its_line() {
        check_invalid(
            "{\n \"name\": \"Soup\",\n \"ingredients\": [,]\n}",
            Some(9),
            &["is not valid JSON: expected value"],
        );
        check_invalid("{} {}", Some(7), &["is not valid JSON: trailing characters"]);
        check_invalid("7", None, &["must be an object: a recipe or a user"]);
        let neither = "is neither a recipe, with ingredients, nor a user, with an email and a password";
        check_invalid(r#"{"name":"Soup"}"#, None, &[neither]);
    }
}
