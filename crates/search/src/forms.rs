//! Singular and plural are one word.

use tantivy::tokenizer::{Token, TokenFilter, TokenStream, Tokenizer};

/// Shorter words have no plural, in letters: "gas", "bus".
const SHORTEST: usize = 4;

/// German plurals in `-n` and `-en` are looked for from this length on: "ste" is no singular of "stew".
const SHORTEST_IN_N: usize = 5;

/// Plurals that no rule finds.
const IRREGULAR: [(&str, &str); 8] = [
    ("leaves", "leaf"),
    ("loaves", "loaf"),
    ("halves", "half"),
    ("calves", "calf"),
    ("knives", "knife"),
    ("shelves", "shelf"),
    ("molasses", "molasses"),
    ("couscous", "couscous"),
];

/// The beginnings of words that end in `-ie`, as cookie.
const IN_IE: [&str; 7] = ["brown", "calor", "cook", "hoag", "rook", "smooth", "vegg"];

/// Brings a folded word into the singular: English, and what French and Spanish have in common with it. Other words stay, and a
/// wrong singular does no harm, because the words of a query are changed in the same way.
pub(crate) fn make_singular(word: &mut String) {
    if word.len() < SHORTEST || !word.ends_with('s') || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return;
    }
    if let Some((_, singular)) = IRREGULAR.iter().find(|(plural, _)| plural == word) {
        (*singular).clone_into(word);
    } else if word.len() > SHORTEST && word.ends_with("ies") {
        word.truncate(word.len() - 3);
        word.push_str(if IN_IE.contains(&word.as_str()) { "ie" } else { "y" });
    } else if ["oes", "ches", "shes", "xes", "sses", "zes", "nes"].iter().any(|end| word.ends_with(end))
        && !word.ends_with("anes")
    {
        word.truncate(word.len() - 2);
    } else if !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
        word.pop();
    }
}

/// Candidates for the singular and the plural of a folded German word. German has too many plural forms for a rule at index time,
/// so a search looks up which of the candidates are in the index.
pub(crate) fn other_forms(word: &str) -> Vec<String> {
    if word.len() < SHORTEST_IN_N || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Vec::new();
    }
    let mut forms = Vec::new();
    if word.len() > SHORTEST_IN_N {
        forms.extend(word.strip_suffix("en").map(str::to_owned));
        forms.extend(word.strip_suffix('n').map(str::to_owned));
    }
    forms.push(if word.ends_with(['e', 'l', 'r']) { format!("{word}n") } else { format!("{word}en") });
    forms
}

/// Applies [`make_singular`] to every word.
#[derive(Clone)]
pub(crate) struct Singular;

#[derive(Clone)]
pub(crate) struct SingularTokenizer<T>(T);

pub(crate) struct SingularStream<S>(S);

impl TokenFilter for Singular {
    type Tokenizer<T: Tokenizer> = SingularTokenizer<T>;

    fn transform<T: Tokenizer>(self, tokenizer: T) -> SingularTokenizer<T> {
        SingularTokenizer(tokenizer)
    }
}

impl<T: Tokenizer> Tokenizer for SingularTokenizer<T> {
    type TokenStream<'a> = SingularStream<T::TokenStream<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        SingularStream(self.0.token_stream(text))
    }
}

impl<S: TokenStream> TokenStream for SingularStream<S> {
    fn advance(&mut self) -> bool {
        let is_word = self.0.advance();
        if is_word {
            make_singular(&mut self.0.token_mut().text);
        }
        is_word
    }

    fn token(&self) -> &Token {
        self.0.token()
    }

    fn token_mut(&mut self) -> &mut Token {
        self.0.token_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_become_singular() {
        for (plural, want) in [
            ("eggs", "egg"),
            ("tomatoes", "tomato"),
            ("berries", "berry"),
            ("cookies", "cookie"),
            ("pies", "pie"),
            ("leaves", "leaf"),
            ("peaches", "peach"),
            ("radishes", "radish"),
            ("boxes", "box"),
            ("olives", "olive"),
            ("pancakes", "pancake"),
            ("oeufs", "oeuf"),
            ("limones", "limon"),
            ("bananas", "banana"),
        ] {
            let mut word = plural.to_owned();
            make_singular(&mut word);
            assert_eq!(word, want);
            make_singular(&mut word);
            assert_eq!(word, want, "the singular stays");
        }
    }

    #[test]
    fn other_words_stay() {
        for word in
            ["gas", "asparagus", "couscous", "watercress", "basis", "250", "番茄", "stew", "molasses", ""]
        {
            let mut same = word.to_owned();
            make_singular(&mut same);
            assert_eq!(same, word);
        }
    }

    #[test]
    fn german_plurals_lead_to_their_singular_and_back() {
        for (singular, plural) in [("zwiebel", "zwiebeln"), ("tomate", "tomaten"), ("bohne", "bohnen")] {
            assert!(other_forms(singular).contains(&plural.to_owned()), "{singular}");
            assert!(other_forms(plural).contains(&singular.to_owned()), "{plural}");
        }
        assert_eq!(other_forms("stew"), Vec::<String>::new());
    }
}
