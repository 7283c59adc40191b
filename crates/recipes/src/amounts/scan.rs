//! Finds the numbers of a line with their units.

use std::ops::Range;

use super::number::{Number, Style, in_digits, in_han, is_slash, vulgar};
use super::ratio::Ratio;
use super::words::{Kind, UnitWord, WORDS, is_wide};

/// A number or a range with its unit.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) low: Number,
    pub(super) high: Option<Number>,
    pub(super) unit: Option<FoundUnit>,
    /// Ends behind the unit if that follows the number.
    pub(super) end: usize,
    /// " and a half" behind the unit. It is part of the number.
    pub(super) tail: Option<Range<usize>>,
    /// Where the innermost parenthesis around it begins.
    pub(super) parenthesis: Option<usize>,
    /// The number is glued to the next one by `x`: 20x30.
    pub(super) is_dimension: bool,
}

#[derive(Clone, Debug)]
pub(super) struct FoundUnit {
    pub(super) word: &'static UnitWord,
    pub(super) span: Range<usize>,
}

impl Found {
    pub(super) fn start(&self) -> usize {
        self.low.span.start
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        self.unit.as_ref().map(|unit| unit.word.kind)
    }

    pub(super) fn is_measure(&self) -> bool {
        self.kind().is_some_and(Kind::is_measure)
    }
}

/// All numbers of a line, in their order.
pub(super) fn scan(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match c {
            '(' | '（' | '[' | '【' => open.push(at),
            ')' | '）' | ']' | '】' => drop(open.pop()),
            _ => {}
        }
        if let Some(next) = found_at(text, at) {
            at = next.end.max(at + c.len_utf8());
            found.push(Found { parenthesis: open.last().copied(), ..next });
        } else if c.is_ascii_digit() {
            // The rest of a number that is none: 00, 5th, 1.2.2026.
            at += text
                .get(at..)
                .map_or(1, |rest| rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len()));
        } else {
            at += c.len_utf8();
        }
    }
    found
}

fn found_at(text: &str, at: usize) -> Option<Found> {
    let low = number_at(text, at)?;
    let high = range(text, &low);
    let end = high.as_ref().unwrap_or(&low).span.end;
    if (low.value.is_zero() && high.is_none()) || is_skipped(text, end) {
        return None;
    }
    let tail = article_after(text, &low).filter(|_| high.is_none());
    let unit = unit_after(text, tail.as_ref().map_or(end, |tail| tail.end));
    if let Some(unit) = &unit {
        // `4 ¼ inch thick steaks`: four steaks.
        let after = text.get(unit.span.end..).unwrap_or_default().trim_start_matches([' ', '-']);
        let count = low.without_fraction(text).filter(|_| high.is_none() && unit.word.kind == Kind::Length);
        if let Some(low) = count.filter(|_| WORDS.size.at_start(after).is_some()) {
            return Some(Found::of(low, None, None));
        }
    }
    let mut found = Found::of(low, high, unit);
    if let Some(tail) = tail {
        found.end = found.end.max(tail.end);
        found.tail = Some(tail);
        return Some(found);
    }
    found.is_dimension = is_dimension(text, &found);
    if let Some(tail) = half_more(text, &found) {
        found.low.value = found.low.value.plus(Ratio::new(1, 2)?)?;
        found.end = tail.end;
        found.tail = Some(tail);
    }
    let is_small = found.unit.as_ref().is_some_and(|unit| ["g", "ml", "mg"].contains(&unit.word.code));
    if is_small && found.low.may_be_grouped(text) {
        found.low = found.low.grouped();
    }
    Some(found)
}

impl Found {
    fn of(low: Number, high: Option<Number>, unit: Option<FoundUnit>) -> Self {
        let end = high.as_ref().map_or(low.span.end, |high| high.span.end);
        let end = unit.as_ref().map_or(end, |unit| unit.span.end);
        Self { low, high, unit, end, tail: None, parenthesis: None, is_dimension: false }
    }
}

/// The number that begins at `at`, in digits or in words.
fn number_at(text: &str, at: usize) -> Option<Number> {
    let rest = text.get(at..)?;
    let first = rest.chars().next()?;
    let before = text.get(..at)?.chars().next_back();
    let in_word = before.is_some_and(|c| c.is_alphanumeric() && !is_wide(c));
    if first.is_ascii_digit() || vulgar(first).is_some() || matches!(first, '.' | ',') {
        // `T45`, but `2x400g` and `1½`.
        let after_letter = in_word && !is_multiplier(text, at);
        let after_separator = matches!(before, Some('.' | ','))
            && ends_with_digit(text.get(..at)?.trim_end_matches(['.', ',']));
        let is_decimal = rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let is_separator =
            matches!(first, '.' | ',') && (before.is_some_and(char::is_alphanumeric) || !is_decimal);
        // 90/10: the share of fat.
        let is_share =
            before.is_some_and(is_slash) && ends_with_digit(text.get(..at)?.trim_end_matches(is_slash));
        let is_none = after_letter || after_separator || is_separator || is_share || before == Some('#');
        return in_digits(text, at)
            .filter(|number| !is_none && !is_slash_before_digit(text, number.span.end));
    }
    if is_wide(first) {
        let number = in_han(text, at)?;
        let follows_numeral = before.is_some_and(|c| in_han(&c.to_string(), 0).is_some());
        let unit = unit_after(text, number.span.end).filter(|unit| unit.word.kind != Kind::Other);
        return (!follows_numeral
            && unit.is_some_and(|unit| text.get(unit.span).is_some_and(|it| it.starts_with(is_wide))))
        .then_some(number);
    }
    if in_word || !first.is_alphabetic() {
        return None;
    }
    in_words(text, at)
}

fn ends_with_digit(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

/// Whether a fraction goes on that was not read as one.
fn is_slash_before_digit(text: &str, at: usize) -> bool {
    let mut rest = text.get(at..).unwrap_or_default().chars();
    rest.next().is_some_and(is_slash) && rest.next().is_some_and(|c| c.is_ascii_digit())
}

/// A number in words counts at the start of a line, after "of", and before a unit.
fn in_words(text: &str, at: usize) -> Option<Number> {
    let rest = text.get(at..)?;
    let before = text.get(..at)?;
    let is_start = is_start(before);
    let number = WORDS.number(rest).filter(|(_, length)| {
        let end = at + length;
        is_start || WORDS.of.at_end(before.trim_end()).is_some() || unit_after(text, end).is_some()
    });
    if let Some((value, length)) = number {
        let is_article = WORDS.article.at_start(rest) == Some(length);
        if !is_article || !is_vague(rest.get(length..)?) {
            return Some(Number { span: at..at + length, value, style: Style::Word });
        }
        return None;
    }
    let length = WORDS.article.at_start(rest).filter(|_| is_start)?;
    let after = rest.get(length..)?;
    (after.starts_with([' ', '\'', '’']) && !is_vague(after)).then_some(Number {
        span: at..at + length,
        value: Ratio::ONE,
        style: Style::Word,
    })
}

fn is_vague(after: &str) -> bool {
    WORDS.vague.at_start(after.trim_start()).is_some()
}

/// Whether nothing is before a number but `(optional)`, a parenthesis, or a word such as "about".
fn is_start(before: &str) -> bool {
    let mut before = before.trim_end();
    if before.ends_with([')', '）']) && before.starts_with(['(', '（']) {
        return true;
    }
    while let Some(length) = WORDS.about.at_end(before) {
        before = before.get(..before.len() - length).unwrap_or_default().trim_end();
    }
    before
        .trim_end_matches(['(', '-', '–', '•', '*', ' ', '=', ':', '：', '，', ',', '+', '/', '|'])
        .is_empty()
        || before.ends_with(['=', ':', '：', '|', '+'])
}

/// The end of a range that begins with this number.
fn range(text: &str, low: &Number) -> Option<Number> {
    let rest = text.get(low.span.end..)?;
    let trimmed = rest.trim_start();
    let separator = trimmed.chars().next().filter(|c| matches!(c, '-' | '–' | '—' | '‑' | '~' | '～' | '−'));
    let length = separator.map(char::len_utf8).or_else(|| {
        let is_word = rest.len() > trimmed.len() || trimmed.starts_with(is_wide);
        WORDS.range.at_start(trimmed).filter(|_| is_word)
    })?;
    let after = trimmed.get(length..)?;
    let at = text.len() - after.trim_start().len();
    let high = in_digits(text, at).or_else(|| {
        let (value, length) = WORDS.number(text.get(at..)?)?;
        (low.style == Style::Word).then_some(Number { span: at..at + length, value, style: Style::Word })
    });
    let high = high.or_else(|| in_han(text, at).filter(|_| low.style == Style::Han))?;
    // `1 ~ 150g`: one weighs 150 g.
    let is_range = high.value > low.value
        && (low.value.is_zero() || low.value.times(Ratio::whole(40)).is_some_and(|most| high.value <= most));
    is_range.then_some(high)
}

/// The unit behind a number, also behind an adjective: `2 heaping cups`, `15-ounce`.
pub(super) fn unit_after(text: &str, end: usize) -> Option<FoundUnit> {
    let mut rest = text.get(end..)?;
    let glued = rest.starts_with(|c: char| !c.is_whitespace());
    if let Some(unit) = glued_fahrenheit(text, end, rest) {
        return Some(unit);
    }
    rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix('-').filter(|_| glued) {
        rest = after;
    }
    for _ in 0..3 {
        if let Some((word, length)) = WORDS.unit(rest) {
            let start = text.len() - rest.len();
            let after = rest.get(length..).unwrap_or_default();
            // `8 "large" eggs`.
            let is_quote = rest.starts_with('"') && !glued;
            // 个人: persons, not pieces.
            let is_person = word.kind == Kind::Count && after.starts_with('人');
            // The point of an abbreviation, not of a sentence.
            let is_abbreviation = word.singular == word.plural && word.kind != Kind::Temperature;
            let point = usize::from(is_abbreviation && after.starts_with('.'));
            let span = start..start + length + point;
            return (!is_quote && !is_person).then_some(FoundUnit { word, span });
        }
        let length = WORDS.adjective.at_start(rest)?;
        rest = rest.get(length..)?.trim_start();
    }
    None
}

/// `350F`: a temperature, while `2 C` are cups.
fn glued_fahrenheit(text: &str, end: usize, rest: &str) -> Option<FoundUnit> {
    let number = text.get(..end)?.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = text.get(number.len()..end)?;
    let is_alone = !rest.get(1..).unwrap_or_default().starts_with(char::is_alphanumeric);
    let long = digits.len() >= 3 || (digits.len() == 2 && digits >= "30");
    let word = match rest.chars().next()? {
        'F' => WORDS.unit("°f")?.0,
        'C' => WORDS.unit("°c")?.0,
        _ => return None,
    };
    (is_alone && long).then_some(FoundUnit { word, span: end..end + 1 })
}

/// What follows makes the number none: `5 spice`, `2nd`.
fn is_skipped(text: &str, end: usize) -> bool {
    let rest = text.get(end..).unwrap_or_default();
    let trimmed = rest.trim_start();
    let ordinal = |length: &usize| *length > 2 || rest.len() == trimmed.len();
    WORDS.skip.at_start(trimmed).as_ref().is_some_and(ordinal)
        || rest
            .strip_prefix('.')
            .is_some_and(|rest| end <= 2 && rest.starts_with(' ') && WORDS.unit(rest.trim_start()).is_none())
}

/// Whether the number at `at` follows `x`: `2 x 400g`, `2x400g`.
fn is_multiplier(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default().trim_end();
    before
        .strip_suffix(['x', 'X', '×', '*'])
        .is_some_and(|before| before.trim_end().ends_with(|c: char| c.is_ascii_digit()))
}

/// `20x30` and `7x7cm`, but not `2x400g`.
fn is_dimension(text: &str, found: &Found) -> bool {
    let after = text.get(found.low.span.end..).unwrap_or_default();
    let is_side = |after: &str| {
        let after = after.trim_start_matches(' ');
        let after = after.strip_prefix(['x', 'X', '×', '*', '\\']).map(str::trim_start)?;
        let second = in_digits(text, text.len() - after.len())?;
        let unit = unit_after(text, second.span.end);
        Some(unit.is_none_or(|unit| unit.word.kind == Kind::Length))
    };
    let follows = matches!(found.kind(), None | Some(Kind::Length)) && is_multiplier(text, found.start());
    let side_after_unit = found.kind() == Some(Kind::Length)
        && found
            .unit
            .as_ref()
            .is_some_and(|unit| is_side(text.get(unit.span.end..).unwrap_or_default()) == Some(true));
    follows || side_after_unit || (found.unit.is_none() && is_side(after) == Some(true))
}

/// The article behind a part: "½ an onion", "1/3 of a teaspoon".
fn article_after(text: &str, number: &Number) -> Option<Range<usize>> {
    let end = number.span.end;
    let rest = text.get(end..)?;
    let article = [" of an", " of a", " an", " a"].into_iter().find(|article| {
        rest.get(..article.len()).is_some_and(|start| start.eq_ignore_ascii_case(article))
            && rest.get(article.len()..).is_some_and(|rest| rest.starts_with(' '))
    })?;
    let is_part = number.value < Ratio::ONE && number.style != Style::Word;
    is_part.then_some(end..end + article.len())
}

/// "A pint and a half".
fn half_more(text: &str, found: &Found) -> Option<Range<usize>> {
    let after = text.get(found.end..)?;
    let phrase = after.trim_start();
    let length = WORDS.halfmore.at_start(phrase)?;
    let is_whole = found.high.is_none() && found.low.value.is_whole() && phrase.len() < after.len();
    is_whole.then(|| found.end..text.len() - phrase.len() + length)
}
