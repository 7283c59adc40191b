//! Numbers as people write them: `1`, `1.5`, `1,5`, `1/2`, `1 1/2`, `1½`, `半`, and how they are written again.

use std::ops::Range;

use super::ratio::Ratio;

/// A number in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) span: Range<usize>,
    pub(super) value: Ratio,
    pub(super) style: Style,
}

/// How a number is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Whole,
    /// With the separator of its decimals.
    Decimal(char),
    /// With the separator of its thousands.
    Grouped(char),
    /// With the character between numerator and denominator, and the text between the whole number and the fraction.
    Fraction {
        slash: char,
        joiner: Option<Range<usize>>,
    },
    /// A character such as ½.
    Vulgar {
        joiner: Option<Range<usize>>,
    },
    /// In words.
    Word,
    /// In Chinese numerals.
    Han,
}

const VULGAR: [(char, u64, u64); 18] = [
    ('½', 1, 2),
    ('⅓', 1, 3),
    ('⅔', 2, 3),
    ('¼', 1, 4),
    ('¾', 3, 4),
    ('⅕', 1, 5),
    ('⅖', 2, 5),
    ('⅗', 3, 5),
    ('⅘', 4, 5),
    ('⅙', 1, 6),
    ('⅚', 5, 6),
    ('⅐', 1, 7),
    ('⅛', 1, 8),
    ('⅜', 3, 8),
    ('⅝', 5, 8),
    ('⅞', 7, 8),
    ('⅑', 1, 9),
    ('⅒', 1, 10),
];

/// Between a whole number and a fraction that belongs to it.
const JOINERS: [&str; 14] =
    ["", " ", "\u{a0}", "\u{202f}", "-", "‑", " - ", " and ", " & ", " und ", " et ", " y ", " e ", " + "];

/// Denominators of amounts. Others are not fractions: `90/10`, `10/15 ml`.
const DENOMINATORS: [u64; 13] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 32, 64];

pub(super) fn vulgar(c: char) -> Option<Ratio> {
    let (_, numerator, denominator) = VULGAR.iter().find(|(vulgar, ..)| *vulgar == c)?;
    Ratio::new(*numerator, *denominator)
}

pub(super) fn vulgar_char(value: Ratio) -> Option<char> {
    VULGAR.iter().find(|(_, n, d)| Ratio::new(*n, *d) == Some(value)).map(|(c, ..)| *c)
}

pub(super) fn is_slash(c: char) -> bool {
    matches!(c, '/' | '⁄' | '∕' | '／')
}

/// A number in digits that begins at `at`.
pub(super) fn in_digits(text: &str, at: usize) -> Option<Number> {
    let rest = text.get(at..)?;
    let first = rest.chars().next()?;
    if let Some(value) = vulgar(first) {
        let span = at..at + first.len_utf8();
        return Some(Number { span, value, style: Style::Vulgar { joiner: None } });
    }
    let (value, length, decimal) = plain(rest)?;
    let end = at + length;
    if let Some((value, end, slash)) = fraction(text, value, end) {
        return Some(Number { span: at..end, value, style: Style::Fraction { slash, joiner: None } });
    }
    let whole = Number { span: at..end, value, style: decimal.map_or(Style::Whole, Style::Decimal) };
    Some(if decimal.is_none() { mixed(text, &whole).unwrap_or(whole) } else { whole })
}

/// Digits, perhaps with decimals: the value, the length, and the separator of the decimals.
fn plain(text: &str) -> Option<(Ratio, usize, Option<char>)> {
    let whole = digits(text);
    let after = text.get(whole.len()..)?;
    let separator = after.chars().next().filter(|c| matches!(c, '.' | ','));
    let decimals = separator.map_or("", |_| digits(after.get(1..).unwrap_or_default()));
    let end = whole.len() + 1 + decimals.len();
    // Not a date or a list of numbers: 1.2.2026
    let goes_on = text.get(end..).is_some_and(|rest| {
        let mut rest = rest.chars();
        matches!(rest.next(), Some('.' | ',')) && rest.next().is_some_and(|c| c.is_ascii_digit())
    });
    if whole.len() > 9 || decimals.len() > 9 || (whole.is_empty() && decimals.is_empty()) {
        return None;
    }
    if decimals.is_empty() || goes_on {
        // 00 is a type of flour.
        let is_number = !goes_on && !whole.is_empty() && (whole.len() == 1 || !whole.starts_with('0'));
        return is_number.then(|| Some((Ratio::whole(whole.parse().ok()?), whole.len(), None))).flatten();
    }
    let places = u32::try_from(decimals.len()).ok()?;
    Some((Ratio::decimal(format!("{whole}{decimals}").parse().ok()?, places)?, end, separator))
}

fn digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// The fraction with this numerator, which ends at `end`: its value, its end and its slash.
fn fraction(text: &str, numerator: Ratio, end: usize) -> Option<(Ratio, usize, char)> {
    let rest = text.get(end..)?;
    let trimmed = rest.trim_start_matches(' ');
    let slash = trimmed.chars().next().filter(|c| is_slash(*c))?;
    let after = trimmed.get(slash.len_utf8()..)?;
    let denominator = after.trim_start_matches(' ');
    // `100 g/ 3`, `1 /2`: spaces on both sides or on none.
    if (rest.len() == trimmed.len()) != (after.len() == denominator.len()) {
        return None;
    }
    let number = digits(denominator);
    let end = text.len() - denominator.len() + number.len();
    let goes_on = text.get(end..).is_some_and(|rest| {
        let mut rest = rest.chars();
        match rest.next() {
            Some(c) if is_slash(c) => true,
            Some('.' | ',') => rest.next().is_some_and(|c| c.is_ascii_digit()),
            _ => false,
        }
    });
    let denominator: u64 = number.parse().ok().filter(|it| DENOMINATORS.contains(it) && !goes_on)?;
    let is_ratio = numerator.plus(Ratio::whole(denominator)) == Some(Ratio::whole(100));
    if is_ratio || (rest.len() != trimmed.len() && numerator >= Ratio::whole(denominator)) {
        return None;
    }
    Some((numerator.divided_by(Ratio::whole(denominator))?, end, slash))
}

/// The whole number together with the fraction behind it: `1 1/2`, `1-1/2`, `1½`, `2 and 1/4`.
fn mixed(text: &str, whole: &Number) -> Option<Number> {
    let start = whole.span.end;
    let rest = text.get(start..)?;
    JOINERS.iter().rev().find_map(|joiner| {
        let after = rest.strip_prefix(joiner)?;
        let at = start + joiner.len();
        let joined = Some(start..at);
        let first = after.chars().next()?;
        let (value, end, style) = if let Some(value) = vulgar(first) {
            (value, at + first.len_utf8(), Style::Vulgar { joiner: joined })
        } else {
            let (numerator, length, decimal) = plain(after)?;
            let glued = joiner.is_empty() || decimal.is_some() || after.get(length..)?.starts_with(' ');
            let (value, end, slash) = fraction(text, numerator, at + length).filter(|_| !glued)?;
            (value, end, Style::Fraction { slash, joiner: joined })
        };
        // `2 - 1/2` descends, so it is no range.
        (value < Ratio::ONE && !whole.value.is_zero()).then_some(())?;
        Some(Number { span: whole.span.start..end, value: whole.value.plus(value)?, style })
    })
}

impl Number {
    /// Only the whole number of a mixed number that is joined by a space: `4 ¼ inch thick steaks`.
    pub(super) fn without_fraction(&self, text: &str) -> Option<Self> {
        let (Style::Fraction { joiner: Some(joiner), .. } | Style::Vulgar { joiner: Some(joiner) }) =
            &self.style
        else {
            return None;
        };
        if text.get(joiner.clone()) != Some(" ") {
            return None;
        }
        let span = self.span.start..joiner.start;
        Some(Self { span, value: Ratio::whole(self.value.floor()), style: Style::Whole })
    }

    /// Reads `1.500` as fifteen hundred.
    pub(super) fn grouped(self) -> Self {
        match self.style {
            Style::Decimal(separator) => match self.value.times(Ratio::whole(1000)) {
                Some(value) => Self { value, style: Style::Grouped(separator), ..self },
                None => self,
            },
            _ => self,
        }
    }

    /// Whether the decimals could be thousands: `1.500`, but neither `0.500` nor `1.50`.
    pub(super) fn may_be_grouped(&self, text: &str) -> bool {
        let Style::Decimal(separator) = self.style else { return false };
        let written = text.get(self.span.clone()).unwrap_or_default();
        written.split_once(separator).is_some_and(|(whole, decimals)| {
            decimals.len() == 3 && !whole.is_empty() && !whole.starts_with('0')
        })
    }
}

/// How numbers of one line are written.
pub(super) struct Format {
    /// The separator of decimals.
    pub(super) decimal: char,
    /// Whether the line has characters such as ½.
    pub(super) has_vulgar: bool,
    /// Whether a part of one is written with decimals, as for grams, or as a fraction.
    pub(super) decimals: bool,
}

/// The largest denominator that is written.
const MAX_DENOMINATOR: u64 = 16;

impl Format {
    /// The value in the style of the number that it replaces.
    pub(super) fn write(&self, value: Ratio, like: &Style, text: &str) -> String {
        let separator = if let Style::Decimal(separator) = like { *separator } else { self.decimal };
        if let (true, Style::Grouped(separator)) = (value.is_whole(), like) {
            return grouped(value.numerator(), *separator);
        }
        let decimal = |value: Ratio, max_places| {
            value.to_decimal(max_places).map(|(digits, places)| decimal(digits, places, separator))
        };
        let prefers_decimals = match like {
            Style::Decimal(_) | Style::Grouped(_) | Style::Han => true,
            Style::Fraction { .. } | Style::Vulgar { .. } => false,
            Style::Whole | Style::Word => self.decimals,
        };
        if (value.is_whole() || prefers_decimals)
            && let Some(written) = decimal(value, 3)
        {
            return written;
        }
        if value.denominator() <= MAX_DENOMINATOR {
            return self.fraction(value, like, text);
        }
        decimal(value, 3)
            .or_else(|| decimal(three_digits(value)?, 9))
            .unwrap_or_else(|| value.floor().to_string())
    }

    fn fraction(&self, value: Ratio, like: &Style, text: &str) -> String {
        let (vulgar, slash, joiner) = match like {
            Style::Vulgar { joiner } => (true, '/', joiner.clone().or(Some(0..0))),
            Style::Fraction { slash, joiner } => (false, *slash, joiner.clone()),
            _ => (self.has_vulgar, '/', None),
        };
        let (whole, rest) = (value.floor(), value.fraction());
        let vulgar = vulgar.then(|| vulgar_char(rest)).flatten();
        let part = vulgar.map_or_else(
            || format!("{}{slash}{}", rest.numerator(), rest.denominator()),
            |character| character.to_string(),
        );
        let joiner = joiner.and_then(|joiner| text.get(joiner)).unwrap_or(" ");
        // `1` and `1/2` without anything between them would be read as 11/2.
        let joiner = if joiner.is_empty() && vulgar.is_none() { " " } else { joiner };
        if whole == 0 { part } else { format!("{whole}{joiner}{part}") }
    }
}

fn decimal(digits: u64, places: u32, separator: char) -> String {
    let places = places as usize;
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, decimals) = digits.split_at(digits.len() - places);
    if places == 0 { digits } else { format!("{whole}{separator}{decimals}") }
}

fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// Rounded to three digits, and to whole numbers above.
pub(super) fn three_digits(value: Ratio) -> Option<Ratio> {
    let step = (0..9).map(|places| Ratio::new(1, 10_u64.pow(places))).find(|step| {
        step.is_some_and(|step| step.times(Ratio::whole(100)).is_some_and(|hundred| value >= hundred))
    });
    value.rounded_to(step.flatten().or_else(|| Ratio::new(1, 1_000_000_000))?)
}

const HAN: [(char, u64); 11] = [
    ('一', 1),
    ('二', 2),
    ('两', 2),
    ('三', 3),
    ('四', 4),
    ('五', 5),
    ('六', 6),
    ('七', 7),
    ('八', 8),
    ('九', 9),
    ('〇', 0),
];

/// A number in Chinese numerals below 1,000 that begins at `at`. A numeral is a number only before a unit, which the caller
/// checks.
pub(super) fn in_han(text: &str, at: usize) -> Option<Number> {
    let rest = text.get(at..)?;
    if rest.starts_with('半') {
        let value = Ratio::new(1, 2)?;
        return Some(Number { span: at..at + '半'.len_utf8(), value, style: Style::Han });
    }
    let (mut total, mut current, mut end) = (0_u64, None, at);
    for c in rest.chars() {
        if let Some((_, digit)) = HAN.iter().find(|(han, _)| *han == c) {
            // Of 两两 and 二两 the second one is a unit.
            if current.is_some() {
                break;
            }
            current = Some(*digit);
        } else if let Some((_, power)) = [('十', 10), ('百', 100)].iter().find(|(han, _)| *han == c) {
            total += current.unwrap_or(1) * power;
            current = None;
        } else {
            break;
        }
        end += c.len_utf8();
    }
    let value = Ratio::whole(total + current.unwrap_or(0));
    (end > at && !value.is_zero()).then_some(Number { span: at..end, value, style: Style::Han })
}
