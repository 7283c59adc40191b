//! The policy for new passwords: NIST SP 800-63B section 3.1.1.2 and OWASP ASVS 5.0 section 6.2.
//!
//! A password must be long enough and not among the first guesses of an attacker. There are no rules about digits and
//! capitals: they make people write `Password1!`. The list of common passwords is embedded, so no password leaves the
//! machine. A list is used instead of an estimate of strength, because it gives a reason that users understand.
//!
//! Every copy of the password that is made here is wiped, and none is made by a buffer that grows.

use std::{collections::HashSet, sync::LazyLock};

use zeroize::Zeroizing;

use super::normalize::normalized;

/// The lower bound of the setting.
pub const MIN_CHARACTERS: usize = 8;
const MAX_BYTES: usize = 1_024;

/// The 11,611 most common passwords of at least 8 characters; ASVS 6.2.4 requires 3,000.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").lines().filter(|line| !line.starts_with('#')).collect());

/// The name of this service.
const SITE: [&str; 2] = ["recipes", "recipe"];

/// A bad password stays bad with this many characters added: a year, `1!`, `123`.
const TRIVIAL: usize = 4;

/// The requirements for a new password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The minimum length in characters.
    pub minimum: usize,
    /// The public host of the service, which is as easy to guess as its name.
    pub host: Option<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { minimum: MIN_CHARACTERS, host: None }
    }
}

impl Policy {
    /// Checks a new password for an account with this name and e-mail address, where they are known.
    ///
    /// # Errors
    /// The reason, a phrase that follows the word "password".
    pub fn check(&self, password: &str, name: Option<&str>, email: Option<&str>) -> Result<(), String> {
        let normal = normalized(password);
        let password = normal.as_deref().map_or(password, String::as_str);
        let (minimum, characters) = (self.minimum, password.chars().count());
        if characters < minimum {
            return Err(format!(
                "must be at least {minimum} characters, not {characters}; a few words make a good password"
            ));
        }
        bounded(password)?;
        let lower = lowercase(password);
        if is_common(&lower) {
            return Err("is a common password; choose another, a few words make a good password".into());
        }
        if is_pattern(&lower) {
            return Err(
                "is a repetition or a sequence; choose another, a few words make a good password".into()
            );
        }
        if is_about(&lower, [name, email, self.host.as_deref()]) {
            return Err(
                "is your name, your e-mail address or the name of this site with little added; choose another".into(),
            );
        }
        Ok(())
    }
}

fn bounded(password: &str) -> Result<(), String> {
    if password.len() > MAX_BYTES {
        return Err(format!("must be at most {MAX_BYTES} bytes"));
    }
    if password.contains('\0') {
        return Err("must not contain the character NUL, which ends the password in many programs".into());
    }
    Ok(())
}

fn lowercase(text: &str) -> Zeroizing<String> {
    // No character is more than twice as long in lower case.
    let mut lower = Zeroizing::new(String::with_capacity(2 * text.len()));
    lower.extend(text.chars().flat_map(char::to_lowercase));
    lower
}

/// A common password, also with a few characters before and after it.
fn is_common(lower: &str) -> bool {
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    COMMON.contains(lower.trim()) || (lower.len() - core.len() <= TRIVIAL && COMMON.contains(core))
}

/// One to three characters repeated, or a sequence as in `23456789` and `hgfedcba`.
fn is_pattern(lower: &str) -> bool {
    let mut characters = Zeroizing::new(Vec::with_capacity(lower.len()));
    characters.extend(lower.chars());
    let repeats = |period| characters.iter().zip(&characters[period..]).all(|(a, b)| a == b);
    let counts = |step: i64| {
        characters
            .windows(2)
            .all(|pair: &[char]| i64::from(pair[1] as u32) - i64::from(pair[0] as u32) == step)
    };
    (1..=3).any(repeats) || counts(1) || counts(-1)
}

/// Made of words that are known about the user: with these words removed, almost nothing is left.
fn is_about(lower: &str, known: [Option<&str>; 3]) -> bool {
    let mut words: Vec<_> = SITE.map(letters).into();
    for text in known.into_iter().flatten() {
        if let Some((local, _)) = text.rsplit_once('@') {
            words.push(letters(local));
        }
        words.push(letters(text));
        words.extend(text.split(|c: char| !c.is_alphanumeric()).map(letters));
    }
    // Shorter words occur in other words by chance.
    words.retain(|word| word.chars().count() >= 3);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let whole = letters(lower);
    let rest = words.iter().fold(whole.clone(), |rest, word| without(&rest, word));
    rest.len() < whole.len() && rest.chars().count() <= TRIVIAL
}

fn letters(text: &str) -> Zeroizing<String> {
    let mut lower = lowercase(text);
    lower.retain(char::is_alphanumeric);
    lower
}

fn without(text: &str, word: &str) -> Zeroizing<String> {
    let mut rest = Zeroizing::new(String::with_capacity(text.len()));
    text.split(word).for_each(|part| rest.push_str(part));
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_reason(password: &str, reason: Option<&str>) {
        let policy = Policy { host: Some("kitchen.example.com".to_owned()), ..Policy::default() };
        match (policy.check(password, Some("Ada Lovelace"), Some("countess.ada1815@example.org")), reason) {
            (Ok(()), None) => {}
            (Err(said), Some(reason)) => assert!(said.contains(reason), "{password:?}: {said}"),
            (outcome, reason) => panic!("{password:?}: {outcome:?}, wanted {reason:?}"),
        }
    }

    #[test]
    fn any_eight_characters_are_accepted() {
        for good in [
            "ten little onions",
            "pässword with ümlauts",
            "        x",
            "qmzhvkwp",
            "83650274",
            "🍅🧀🌿🥖🫒🧂🍷🔥",
            "correct horse battery staple",
            "my recipes for the winter",
            "Lovelace was here first",
            "computer 7 9182 3847",
        ] {
            check_reason(good, None);
        }
        let longest = "an onion, ".repeat(102) + "1234";
        assert_eq!(longest.len(), 1_024);
        check_reason(&longest, None);
        check_reason(&format!("{longest}5"), Some("at most 1024 bytes"));
    }

    #[test]
    fn length_is_counted_in_characters() {
        check_reason("üüßäöéà", Some("at least 8 characters, not 7"));
        check_reason("", Some("at least 8 characters, not 0"));
        check_reason("üßäöéàñø", None);
        check_reason("u\u{308}a\u{308}o\u{308}abcd", Some("at least 8 characters, not 7"));
    }

    #[test]
    fn minimum_length_is_a_setting() {
        let policy = Policy { minimum: 12, host: None };
        assert!(
            policy.check("ten onions", None, None).unwrap_err().contains("at least 12 characters, not 10")
        );
        assert_eq!(policy.check("ten onions!!", None, None), Ok(()));
    }

    #[test]
    fn common_passwords_with_additions_are_refused() {
        for bad in [
            "password",
            "PASSWORD",
            "Password1!",
            "p@ssw0rd",
            "iloveyou",
            " sunshine ",
            "qwerty123",
            "123baseball",
            "princess2024",
        ] {
            check_reason(bad, Some("common password"));
        }
    }

    #[test]
    fn patterns_are_refused() {
        for bad in ["zzzzzzzz", "ababababab", "xyzxyzxyzx", "cdefghijk", "98765432", "ÄÄÄÄÄÄÄÄÄ"] {
            check_reason(bad, Some("repetition or a sequence"));
        }
    }

    #[test]
    fn names_of_site_and_user_are_refused() {
        for bad in [
            "recipes-2024",
            "RecipesRecipes",
            "ada.lovelace",
            "Lovelace1815",
            "Ada Lovelace!",
            "countess.ada1815",
            "countess.ada1815@example.org",
            "Countess1",
            "my-recipes",
            "kitchen1",
            "Kitchen.Example.com",
        ] {
            check_reason(bad, Some("your name, your e-mail address or the name of this site"));
        }
    }

    #[test]
    fn nul_is_refused() {
        check_reason("abcdefgh\0ijkl mnop", Some("NUL"));
    }

    #[test]
    fn name_and_email_are_optional() {
        let policy = Policy::default();
        assert_eq!(policy.check("ada lovelace", None, None), Ok(()));
        assert!(policy.check("recipes1", None, Some("not an address")).is_err());
    }

    #[test]
    fn list_of_common_passwords_is_lower_case_and_long_enough() {
        assert_eq!(COMMON.len(), 11_611);
        assert!(COMMON.iter().all(|line| line.len() >= MIN_CHARACTERS && *line == line.to_lowercase()));
    }
}
