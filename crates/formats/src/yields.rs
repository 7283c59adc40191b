//! What a recipe makes: a number of servings, a text such as "24 cookies", or both.
//!
//! Servings are for people: "24 cookies" has none. Of a range the smaller number counts, and the text is kept.

use serde_json::{Number, Value};

use crate::text::{is_no_value, line};
use crate::tokens::{Token, tokens};

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Yields {
    pub(crate) servings: Option<Number>,
    pub(crate) text: Option<String>,
}

impl Yields {
    pub(crate) fn of_value(value: &Value) -> Self {
        let mut statements = Vec::new();
        collect(value, &mut statements);
        let found = statements.iter().find_map(|it| it.servings);
        // Programs write the number of "24 cookies" once more in front of it. Any other number is of servings.
        let is_repeated = |bare: &Statement| {
            let begins_with = |text: &str| {
                // "9 1/3 C Waffles".
                text.strip_prefix(&*bare.text)
                    .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            let same = |other: &f64| bare.bare.is_some_and(|number| (other - number).abs() < 1e-9);
            statements
                .iter()
                .any(|it| it.bare.is_none() && (it.numbers.iter().any(same) || begins_with(&it.text)))
        };
        let bare = || statements.iter().find(|it| it.bare.is_some() && !is_repeated(it))?.bare;
        let servings = found.or_else(bare).and_then(number);
        let text = statements.into_iter().find(|it| it.bare.is_none() && !it.is_complete);
        Self { servings, text: text.map(|it| it.text) }
    }

    pub(crate) fn of_text(text: &str) -> Self {
        Self::of_value(&Value::String(text.to_owned()))
    }
}

/// Longer texts are no yields; their start is read.
const MAX_BYTES: usize = 400;

/// One text or number of a yield.
#[derive(Debug)]
struct Statement {
    text: String,
    servings: Option<f64>,
    /// The text is nothing but this number.
    bare: Option<f64>,
    /// The number of servings is all that the text says.
    is_complete: bool,
    numbers: Vec<f64>,
}

fn collect(value: &Value, statements: &mut Vec<Statement>) {
    match value {
        Value::Array(values) => values.iter().take(16).for_each(|value| {
            // A list in a list has no meaning.
            if !value.is_array() {
                collect(value, statements);
            }
        }),
        Value::String(text) => statements.extend(Statement::of(&line(text))),
        Value::Number(number) => statements.extend(Statement::of(&number.to_string())),
        Value::Object(object) => {
            let of = |names: &[&str]| names.iter().find_map(|name| text_of(object.get(*name)?));
            let Some(amount) = of(&["value", "@value", "maxValue", "minValue", "name", "text"]) else {
                return;
            };
            let text = match (of(&["unitText"]), of(&["unitCode"])) {
                (Some(unit), _) => format!("{amount} {unit}"),
                // UN/CEFACT's code for persons.
                (None, Some(code)) if code == "IE" => format!("{amount} persons"),
                _ => amount,
            };
            statements.extend(Statement::of(&line(&text)));
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(servings: f64) -> Option<Number> {
    if !(servings > 0.0 && servings <= f64::from(recipes::limits::SERVINGS)) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, and within the limit"
    )]
    if servings.fract() == 0.0 { Some(Number::from(servings as u64)) } else { Number::from_f64(servings) }
}

impl Statement {
    fn of(text: &str) -> Option<Self> {
        if is_no_value(text) {
            return None;
        }
        let mut tokens = tokens(&text[..text.floor_char_boundary(MAX_BYTES)].to_lowercase());
        // "4 undefined".
        tokens.retain(|token| !matches!(token, Token::Word(word) if is_no_value(word)));
        let numbers: Vec<f64> = tokens
            .iter()
            .filter_map(|token| if let Token::Number(number) = token { Some(*number) } else { None })
            .collect();
        let bare = match tokens.as_slice() {
            [Token::Number(number)] => Some(*number),
            _ => None,
        };
        // Zero is no number of anything.
        if bare == Some(0.0) {
            return None;
        }
        let found = if bare.is_some() { None } else { servings_in(&tokens) };
        Some(Self {
            text: text.to_owned(),
            servings: found.map(|found| found.servings),
            bare,
            is_complete: found.is_some_and(|found| found.is_complete),
            numbers,
        })
    }
}

#[derive(Clone, Copy, Debug)]
struct Found {
    servings: f64,
    is_complete: bool,
}

fn servings_in(tokens: &[Token]) -> Option<Found> {
    after_prefix(tokens)
        .or_else(|| (0..tokens.len()).find_map(|start| before_word(tokens, start)))
        .or_else(|| alone(tokens))
}

/// "Serves 4", "für 4 Personen", "Personen 4".
fn after_prefix(tokens: &[Token]) -> Option<Found> {
    let is_prefix = |token: &Token| match token {
        Token::Word(word) => PREFIXES.contains(&word.as_str()) || is_serving_word(word),
        Token::Sign(sign) => matches!(sign, ':' | '-' | '–' | '—' | '.'),
        Token::Number(_) => false,
    };
    let start = tokens.iter().position(|token| !is_prefix(token))?;
    tokens[..start].iter().find(|token| matches!(token, Token::Word(_)))?;
    let amount = Amount::at(tokens, start)?;
    let rest = &tokens[amount.end..];
    let is_servings = match rest.first() {
        None | Some(Token::Sign('(' | ',' | ';' | '.')) => true,
        Some(Token::Word(word)) => word == "as" || is_serving_word(word),
        _ => false,
    };
    let is_all = match rest {
        [] => true,
        [Token::Word(word)] => is_serving_word(word),
        _ => false,
    };
    is_servings.then_some(Found { servings: amount.least, is_complete: is_all && !amount.is_range })
}

/// "4 servings", "8 (1/2-cup) servings", "4 small servings", with anything around it.
fn before_word(tokens: &[Token], start: usize) -> Option<Found> {
    let amount = Amount::at(tokens, start)?;
    let mut at = end_of_brackets(tokens, amount.end);
    let mut adjectives = 0;
    while let Some(Token::Word(word)) = tokens.get(at) {
        if is_serving_word(word) {
            let is_size = matches!(tokens.get(at + 1), Some(Token::Word(next)) if next == "size");
            // "serving(s)".
            let plural = [Token::Sign('('), Token::Word("s".to_owned()), Token::Sign(')')];
            let rest = tokens[at + 1..].strip_prefix(plural.as_slice()).unwrap_or(&tokens[at + 1..]);
            let before = &tokens[..start];
            let says_more = |token: &Token| match token {
                Token::Word(word) => {
                    !PREFIXES.contains(&word.as_str())
                        && !matches!(word.as_str(), "yield" | "yields" | "makes")
                }
                Token::Sign(sign) => !matches!(sign, ':' | '-' | '–' | '—' | '.'),
                Token::Number(_) => true,
            };
            let is_all = rest.iter().all(|token| *token == Token::Sign('.')) && !before.iter().any(says_more);
            let is_complete = is_all && adjectives == 0 && at == amount.end && !amount.is_range;
            return (!is_size).then_some(Found { servings: amount.least, is_complete });
        }
        adjectives += 1;
        if adjectives > 2 || matches!(word.as_str(), "or" | "and" | "to" | "of" | "with" | "for") {
            return None;
        }
        at += 1;
    }
    None
}

/// "4-6", "4 (12-16 tortillas)", "4 as a main, 8 as a side", "10 +".
fn alone(tokens: &[Token]) -> Option<Found> {
    let amount = Amount::at(tokens, 0)?;
    let after_brackets = end_of_brackets(tokens, amount.end);
    let is_alone = after_brackets == tokens.len()
        || matches!(&tokens[amount.end..], [Token::Word(word), Token::Word(_), ..] if word == "as");
    is_alone.then_some(Found { servings: amount.least, is_complete: false })
}

/// A number or a range.
struct Amount {
    least: f64,
    is_range: bool,
    end: usize,
}

impl Amount {
    fn at(tokens: &[Token], start: usize) -> Option<Self> {
        let Some(Token::Number(least)) = tokens.get(start) else { return None };
        let is_to = |token: &Token| match token {
            Token::Sign(sign) => matches!(sign, '-' | '–' | '—' | '~'),
            Token::Word(word) => {
                matches!(word.as_str(), "to" | "bis" | "à" | "tot" | "til" | "till" | "a" | "al")
            }
            Token::Number(_) => false,
        };
        match (tokens.get(start + 1), tokens.get(start + 2)) {
            (Some(to), Some(Token::Number(most))) if is_to(to) && most > least => {
                Some(Self { least: *least, is_range: true, end: start + 3 })
            }
            (Some(Token::Sign('+')), _) => Some(Self { least: *least, is_range: true, end: start + 2 }),
            _ => Some(Self { least: *least, is_range: false, end: start + 1 }),
        }
    }
}

/// The position behind brackets that open here.
fn end_of_brackets(tokens: &[Token], start: usize) -> usize {
    if tokens.get(start) != Some(&Token::Sign('(')) {
        return start;
    }
    let length = tokens[start..].iter().position(|token| *token == Token::Sign(')'));
    length.map_or(tokens.len(), |length| start + length + 1)
}

const PREFIXES: [&str; 13] =
    ["serves", "serve", "for", "für", "voor", "pour", "per", "para", "til", "till", "för", "na", "feeds"];

fn is_serving_word(word: &str) -> bool {
    const WORDS: [&str; 66] = [
        "serving",
        "servings",
        "serves",
        "portion",
        "portions",
        "portionen",
        "portioner",
        "port",
        "porsjon",
        "porsjoner",
        "porcie",
        "porcií",
        "porcí",
        "porce",
        "porcja",
        "porcje",
        "porcji",
        "porção",
        "porções",
        "porcao",
        "porcoes",
        "porción",
        "porciones",
        "porzione",
        "porzioni",
        "portie",
        "porties",
        "person",
        "persons",
        "people",
        "personen",
        "persone",
        "personer",
        "personne",
        "personnes",
        "persona",
        "personas",
        "pers",
        "pessoa",
        "pessoas",
        "guests",
        "diners",
        "comensales",
        "convives",
        "couverts",
        "főre",
        "fő",
        "adag",
        "személyre",
        "személy",
        "osoby",
        "osob",
        "порция",
        "порции",
        "порций",
        "персон",
        "персоны",
        "kişilik",
        "annosta",
        "henkilölle",
        "人分",
        "人份",
        "人前",
        "人",
        "位",
        "인분",
    ];
    WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The yields of real pages, each read by eye.
    #[test]
    fn yields_of_web_pages_are_read_as_in_the_table() {
        let table = include_str!("../tests/data/yields.tsv");
        for (number, line) in table.lines().enumerate() {
            let [value, servings, text] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let read = Yields::of_value(&serde_json::from_str(value).unwrap());
            let read =
                (read.servings.map(|it| it.to_string()).unwrap_or_default(), read.text.unwrap_or_default());
            assert_eq!((read.0.as_str(), read.1.as_str()), (servings, text), "{}: {value}", number + 1);
        }
        assert_eq!(table.lines().count(), 373);
    }

    #[test]
    fn other_shapes_have_no_servings_or_the_right_ones() {
        let read = |value: Value| {
            let yields = Yields::of_value(&value);
            (yields.servings.map(|it| it.to_string()), yields.text)
        };
        let servings = |number: &str| (Some(number.to_owned()), None);
        assert_eq!(read(json!("0")), (None, None));
        assert_eq!(read(json!(0)), (None, None));
        assert_eq!(read(json!(-4)), (None, Some("-4".to_owned())));
        assert_eq!(read(json!(1e300)).0, None);
        assert_eq!(read(json!("undefined")), (None, None));
        assert_eq!(read(json!("4.5")), servings("4.5"));
        assert_eq!(
            read(json!(["4", "4 servings", "24 cookies"])),
            (Some("4".to_owned()), Some("24 cookies".to_owned()))
        );
        assert_eq!(read(json!({"value": 12, "unitText": "muffins"})), (None, Some("12 muffins".to_owned())));
        assert_eq!(read(json!([["4"]])), (None, None));
        assert_eq!(read(json!({"name": "4 Portionen"})), servings("4"));
    }
}
