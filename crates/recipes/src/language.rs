//! The language that a recipe is written in: a BCP 47 tag, with the syntax of RFC 5646.

use serde_json::{Value, json};

use crate::limits;
use crate::reader::{FieldReader, Reported, Rule};
use crate::rules::{Lines, Text};
use crate::schema::View;

/// A well-formed language tag. It is kept as it was written, because case has no meaning, and it is not looked up,
/// because the registry of languages grows.
pub(crate) struct LanguageRule;

const TAG: Text = Text { lines: Lines::One, max: limits::LANGUAGE };

impl Rule for LanguageRule {
    type Value = String;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<String, Reported> {
        let tag = TAG.read(r, value)?;
        r.expect(
            is_well_formed(&tag).then_some(tag),
            "must be a language tag (BCP 47) as in en, pt-BR or zh-Hans",
        )
    }

    /// With the grammar of RFC 5646, without its irregular tags.
    fn schema(&self, view: View) -> Value {
        let mut schema = TAG.schema(view);
        if view == View::Draft {
            schema["pattern"] = json!(concat!(
                "^(([A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?",
                "(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[0-9A-WY-Za-wy-z](-[A-Za-z0-9]{2,8})+)*",
                "(-[Xx](-[A-Za-z0-9]{1,8})+)?|[Xx](-[A-Za-z0-9]{1,8})+)$",
            ));
        }
        schema
    }
}

/// RFC 5646, section 2.1.
fn is_well_formed(tag: &str) -> bool {
    let parts: Vec<&str> = tag.split('-').collect();
    let sound = parts.iter().all(|part| is_alphanumeric(part, 1..=8));
    sound
        && (is_language_tag(&parts)
            || is_private_use(&parts)
            || IRREGULAR.iter().any(|old| old.eq_ignore_ascii_case(tag)))
}

/// `language [-script] [-region] *(-variant) *(-extension) [-privateuse]`.
fn is_language_tag(parts: &[&str]) -> bool {
    let Some((language, mut rest)) = parts.split_first() else { return false };
    if !is_alphabetic(language, 2..=8) {
        return false;
    }
    if language.len() <= 3 {
        // Extended languages: up to three, each of three letters.
        for _ in 0..3 {
            skip(&mut rest, |part| is_alphabetic(part, 3..=3));
        }
    }
    skip(&mut rest, |script| is_alphabetic(script, 4..=4));
    skip(&mut rest, |region| is_alphabetic(region, 2..=2) || is_numeric(region, 3));
    while skip(&mut rest, is_variant) {}
    while skip(&mut rest, |singleton| singleton.len() == 1 && !singleton.eq_ignore_ascii_case("x")) {
        if !skip(&mut rest, is_extension) {
            return false;
        }
        while skip(&mut rest, is_extension) {}
    }
    rest.is_empty() || is_private_use(rest)
}

/// `x-` and parts with a meaning that was agreed on in private.
fn is_private_use(parts: &[&str]) -> bool {
    parts.len() >= 2 && parts[0].eq_ignore_ascii_case("x")
}

fn is_variant(part: &str) -> bool {
    is_alphanumeric(part, 5..=8) || (part.len() == 4 && part.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_extension(part: &str) -> bool {
    part.len() >= 2
}

/// Takes the next part if it matches.
fn skip(parts: &mut &[&str], matches: impl Fn(&str) -> bool) -> bool {
    match parts.split_first() {
        Some((first, rest)) if matches(first) => {
            *parts = rest;
            true
        }
        _ => false,
    }
}

fn is_alphanumeric(part: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_alphabetic(part: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_numeric(part: &str, length: usize) -> bool {
    part.len() == length && part.bytes().all(|b| b.is_ascii_digit())
}

/// Older tags that do not follow the grammar and are still valid (RFC 5646, section 2.1).
const IRREGULAR: [&str; 17] = [
    "en-GB-oed",
    "i-ami",
    "i-bnn",
    "i-default",
    "i-enochian",
    "i-hak",
    "i-klingon",
    "i-lux",
    "i-mingo",
    "i-navajo",
    "i-pwn",
    "i-tao",
    "i-tay",
    "i-tsu",
    "sgn-BE-FR",
    "sgn-BE-NL",
    "sgn-CH-DE",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tag: &str, want: bool) {
        assert_eq!(is_well_formed(tag), want, "{tag}");
    }

    /// RFC 5646, appendix A, and what HTTP clients send.
    #[test]
    fn examples_of_the_rfc_are_well_formed() {
        for tag in [
            "en",
            "de",
            "i-enochian",
            "zh-Hant",
            "sr-Cyrl",
            "zh-cmn-Hans-CN",
            "cmn-Hans-CN",
            "zh-yue-HK",
            "sr-Latn-RS",
            "sl-rozaj-biske",
            "de-CH-1901",
            "sl-IT-nedis",
            "hy-Latn-IT-arevela",
            "de-DE",
            "es-419",
            "de-CH-x-phonebk",
            "az-Arab-x-AZE-derbend",
            "x-whatever",
            "qaa-Qaaa-QM-x-southern",
            "sr-Qaaa-RS",
            "en-US-u-islamcal",
            "zh-CN-a-myext-x-private",
            "en-a-myext-b-another",
            "zh-min-nan",
            "art-lojban",
            "EN-gb-OED",
            "zh-CN",
            "grundgesetz"[..8].into(),
        ] {
            check(tag, true);
        }
    }

    #[test]
    fn other_tags_are_not_well_formed() {
        for tag in [
            "",
            "a",
            "x",
            "x-",
            "-",
            "-en",
            "en-",
            "en--GB",
            "en_GB",
            "de-419-DE",
            "a-DE",
            "en-u",
            "en-u-x-y",
            "en-x",
            "languages1",
            "englishes",
            "en-123456789",
            "dé",
            "en GB",
            "1en",
            "en-US-US",
            "i-klingons",
            "*",
        ] {
            check(tag, false);
        }
    }
}
