//! One item of an import file: a recipe, a user, or the reasons why it is neither.

use accounts::{Email, Name, NewUser, PasswordHash, Role};
use recipes::{Draft, Encoding, Origin, Problem};
use serde_json::{Map, Value};

use super::{items, tally::Kind};

#[derive(Debug)]
pub(super) enum Entry {
    Recipe(Box<Draft>, Origin),
    User(NewUser),
}

/// Why an item cannot be imported.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) kind: Kind,
    /// Where, if not where the item begins.
    pub(super) line: Option<u64>,
    /// All of what is wrong. Values are not repeated, they may be somebody's password.
    pub(super) messages: Vec<String>,
}

impl Entry {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Recipe(..) => Kind::Recipe,
            Self::User(_) => Kind::User,
        }
    }

    /// Reads the JSON of an item that begins on this line.
    pub(super) fn parse(text: &[u8], line: u64) -> Result<Self, Flaw> {
        let value: Value = serde_json::from_slice(text).map_err(|error| {
            let message = error.to_string();
            // The position in the item means nothing to whoever has the file before him.
            let message = message.split(" at line ").next().unwrap_or_default();
            let line = Some(line + (error.line() as u64).saturating_sub(1));
            Flaw { kind: Kind::Unknown, line, messages: vec![format!("is no JSON: {message}")] }
        })?;
        let Value::Object(fields) = value else {
            return Err(Flaw::of("must be an object: a recipe or a user"));
        };
        if fields.contains_key("ingredients") {
            recipe(&fields).map_err(|problems| Flaw::new(Kind::Recipe, &fields, &problems))
        } else if fields.contains_key("email") {
            user(&fields).map_err(|problems| Flaw::new(Kind::User, &fields, &problems))
        } else {
            Err(Flaw::of(
                "is neither a recipe, which has ingredients, nor a user, who has an email and a password",
            ))
        }
    }
}

fn recipe(fields: &Map<String, Value>) -> Result<Entry, Vec<Problem>> {
    match (Draft::parse(fields, Encoding::Json), Origin::parse(fields)) {
        (Ok(draft), Ok(origin)) => Ok(Entry::Recipe(Box::new(draft), origin)),
        (draft, origin) => Err([draft.err(), origin.err()].into_iter().flatten().flatten().collect()),
    }
}

/// Always an ordinary user, whatever the file says: administrators are made by hand.
fn user(fields: &Map<String, Value>) -> Result<Entry, Vec<Problem>> {
    let mut problems = Vec::new();
    let name = text(fields, "name", &mut problems, Name::parse);
    let email = text(fields, "email", &mut problems, Email::parse);
    let password_hash = text(fields, "password", &mut problems, |text| {
        PasswordHash::parse(text)
            .ok_or("must be a hash that bcrypt ($2a$, $2b$, $2y$) or Argon2id ($argon2id$) made")
    });
    match (name, email, password_hash) {
        (Some(name), Some(email), password_hash @ Some(_)) => {
            Ok(Entry::User(NewUser { name, email, password_hash, role: Role::User }))
        }
        _ => Err(problems),
    }
}

fn text<T>(
    fields: &Map<String, Value>,
    name: &str,
    problems: &mut Vec<Problem>,
    parse: impl FnOnce(&str) -> Result<T, &'static str>,
) -> Option<T> {
    let parsed = match fields.get(name) {
        Some(Value::String(text)) => parse(text),
        None | Some(Value::Null) => Err("is required"),
        Some(_) => Err("must be a text"),
    };
    let problem = |message: &str| Problem { pointer: format!("/{name}"), message: message.to_owned() };
    parsed.map_err(|message| problems.push(problem(message))).ok()
}

impl Flaw {
    fn of(message: &str) -> Self {
        Self { kind: Kind::Unknown, line: None, messages: vec![message.to_owned()] }
    }

    fn new(kind: Kind, fields: &Map<String, Value>, problems: &[Problem]) -> Self {
        // What helps to find it in the file. A name is shown only as far as a name goes, and no terminal obeys it.
        let name = fields.get("name").and_then(Value::as_str).unwrap_or_default();
        let name: String = name.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let of = if name.is_empty() { String::new() } else { format!(" of \"{name}\"") };
        let message = |problem: &Problem| format!("{}{of} {}", problem.pointer, problem.message);
        Self { kind, line: None, messages: problems.iter().map(message).collect() }
    }
}

impl From<items::Flaw> for Flaw {
    fn from(flaw: items::Flaw) -> Self {
        Self::of(flaw.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn flaw(text: &str, line: Option<u64>, messages: &[&str]) {
        let flaw = Entry::parse(text.as_bytes(), 7).unwrap_err();
        assert_eq!(flaw.messages, messages, "{text}");
        assert_eq!(flaw.line, line, "{text}");
    }

    const HASH: &str = "$2b$10$JqHnCPAjfonbA8mcRtM2GuS1vl5OQfN6PE.hM/NhKR6lRcOlHSSlG";

    #[test]
    fn the_content_says_what_it_is() {
        let recipe = r#"{"id":1,"name":"Soup","healthLabels":[],"cookTimeMinutes":60,"prepTimeMinutes":null,
            "ingredients":["water"],"uid":"018f3404-d600-7fff-bfff-ffffffffffff","revision":3,"ownerId":9}"#;
        let Ok(Entry::Recipe(draft, origin)) = Entry::parse(recipe.as_bytes(), 1) else { panic!("{recipe}") };
        assert_eq!((draft.name(), origin.revision), ("Soup", Some(3)));

        let user = format!(
            r#"{{"id":1,"name":"Hou","email":"hou@example.com","password":"{HASH}","role":"admin"}}"#
        );
        let Ok(Entry::User(user)) = Entry::parse(user.as_bytes(), 1) else { panic!("{user}") };
        assert_eq!((user.name.as_str(), user.email.as_str()), ("Hou", "hou@example.com"));
        assert_eq!((user.password_hash.unwrap().as_str(), user.role), (HASH, Role::User));
    }

    #[test]
    fn everything_that_is_wrong_is_said_and_no_value_repeated() {
        flaw(
            r#"{"email":"hello","password":"hunter2"}"#,
            None,
            &[
                "/name is required",
                "/email must be an e-mail address, as in alice@example.com",
                "/password must be a hash that bcrypt ($2a$, $2b$, $2y$) or Argon2id ($argon2id$) made",
            ],
        );
        let text = r#"{"name":"Sou\u001bp","ingredients":[1],"healthLabels":[],"cookTimeMinutes":-1,"prepTimeMinutes":0,"revision":0}"#;
        let flaw = Entry::parse(text.as_bytes(), 1).unwrap_err();
        let pointers: Vec<_> =
            flaw.messages.iter().map(|message| message.split(" must").next().unwrap()).collect();
        assert_eq!(
            pointers,
            [
                "/name of \"Sou p\"",
                "/cookTimeMinutes of \"Sou p\"",
                "/ingredients/0 of \"Sou p\"",
                "/revision of \"Sou p\""
            ]
        );
    }

    #[test]
    fn what_is_no_item_is_told_with_the_line_of_the_fault() {
        flaw("{\n \"name\": \"Soup\",\n \"ingredients\": [,]\n}", Some(9), &["is no JSON: expected value"]);
        flaw("{} {}", Some(7), &["is no JSON: trailing characters"]);
        flaw("7", None, &["must be an object: a recipe or a user"]);
        let neither =
            "is neither a recipe, which has ingredients, nor a user, who has an email and a password";
        flaw(r#"{"name":"Soup"}"#, None, &[neither]);
    }
}
