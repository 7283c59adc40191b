//! One item of an import file that is an account, and messages about items.

use accounts::{Email, Name, NewUser, PasswordHash, Role};
use recipes::FieldError;
use serde_json::{Map, Value};

use super::printable::printable;
use crate::passwords;

/// The user of an object, and the members that users do not have.
///
/// # Errors
/// Every error. Values are not repeated, because they may be passwords.
pub(super) fn account(fields: &Map<String, Value>) -> (Result<NewUser, Vec<FieldError>>, Vec<FieldError>) {
    let mut left_out = unknown_in_user(fields);
    left_out.retain(|field| fields.get(&field.pointer[1..]).is_some_and(has_content));
    (user(fields), left_out)
}

/// The error as a message, with the name of the item, which helps to find it.
pub(super) fn message(error: &FieldError, name: Option<&str>) -> String {
    let name = printable(name.unwrap_or_default());
    if error.pointer.is_empty() {
        return if name.is_empty() { error.message.clone() } else { format!("\"{name}\" {}", error.message) };
    }
    let of = if name.is_empty() { String::new() } else { format!(" of \"{name}\"") };
    format!("{}{of} {}", printable(&error.pointer), error.message)
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HASH: &str = "$2b$10$JqHnCPAjfonbA8mcRtM2GuS1vl5OQfN6PE.hM/NhKR6lRcOlHSSlG";

    fn messages(fields: &Value) -> Vec<String> {
        let fields = fields.as_object().unwrap();
        let name = fields.get("name").and_then(Value::as_str);
        account(fields).0.unwrap_err().iter().map(|error| message(error, name)).collect()
    }

    #[test]
    fn account_is_an_ordinary_user_and_other_fields_are_left_out() {
        let fields = json!({
            "id": 1, "name": "Hou", "email": "hou@example.com", "password": HASH, "role": "admin", "note": "",
        });
        let (user, left_out) = account(fields.as_object().unwrap());
        let user = user.unwrap();
        assert_eq!((user.name.as_str(), user.email.as_str()), ("Hou", "hou@example.com"));
        assert_eq!((user.password_hash.unwrap().as_str(), user.role), (HASH, Role::User));
        let names: Vec<_> = left_out.iter().map(|field| field.pointer.as_str()).collect();
        assert_eq!(names, ["/role"]);
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
            let messages = messages(&json!({ "name": "Hou", "email": "hou@example.com", "password": hash }));
            let message = format!("/password of \"Hou\" is a hash that cannot be verified: {why}");
            assert!(messages[0].starts_with(&message), "{messages:?}");
        }
    }

    #[test]
    fn every_error_is_reported_and_no_value_is_repeated() {
        assert_eq!(
            messages(&json!({ "email": "hello", "password": "hunter2" })),
            [
                "/name is required",
                "/email must be an e-mail address, as in alice@example.com",
                "/password must be a hash that bcrypt ($2a$, $2b$, $2y$) or Argon2id ($argon2id$) made",
            ]
        );
        let error = FieldError { pointer: String::new(), message: "has no name".to_owned() };
        assert_eq!(message(&error, Some("Sou\u{1b}p")), "\"Sou\\u{1b}p\" has no name");
    }
}
