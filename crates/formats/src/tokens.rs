//! Words, numbers and signs of a short text, for times and yields.

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// Also fractions and mixed numbers: 1/2, 1 1/2, 1½.
    Number(f64),
    /// Letters, with hyphens between them.
    Word(String),
    Sign(char),
}

pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let (mut tokens, mut i) = (Vec::new(), 0);
    while let Some(&c) = chars.get(i) {
        if c.is_whitespace() {
            i += 1;
        } else if c.is_ascii_digit() || vulgar_fraction(c).is_some() {
            let (number, length) = number(&chars[i..]);
            tokens.push(Token::Number(number));
            i += length;
        } else if c.is_alphabetic() {
            let rest = &chars[i..];
            let is_inside = |at: usize| {
                matches!(rest[at], '-' | '\'' | '’') && rest.get(at + 1).is_some_and(|c| c.is_alphabetic())
            };
            let length = (0..rest.len())
                .find(|at| !rest[*at].is_alphabetic() && !is_inside(*at))
                .unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..length].iter().collect()));
            i += length;
        } else {
            tokens.push(Token::Sign(c));
            i += 1;
        }
    }
    tokens
}

/// The number at the start, and how many characters it has.
fn number(chars: &[char]) -> (f64, usize) {
    let digits = |from: usize| chars[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let value =
        |from: usize, to: usize| chars[from..to].iter().collect::<String>().parse::<f64>().unwrap_or(0.0);
    if let Some(part) = chars.first().and_then(|c| vulgar_fraction(*c)) {
        return (part, 1);
    }
    let whole = digits(0);
    let mut end = whole;
    // 1,000 is a thousand, 1,5 is one and a half.
    if let Some('.' | ',') = chars.get(end) {
        let decimals = digits((end + 1).min(chars.len()));
        if decimals == 3 && chars[end] == ',' {
            return (value(0, whole) * 1000.0 + value(end + 1, end + 4), end + 4);
        }
        if decimals > 0 {
            let text: String = chars[..=end + decimals].iter().collect();
            return (text.replace(',', ".").parse().unwrap_or(0.0), end + 1 + decimals);
        }
    }
    if let Some((part, length)) = fraction(&chars[end..], false) {
        // 1/2 is a half: the digits before the slash are its numerator.
        if part.is_nan() {
            let denominator = digits(end + 1);
            return (value(0, whole) / value(end + 1, end + 1 + denominator), end + 1 + denominator);
        }
        end += length;
        return (value(0, whole) + part, end);
    }
    let spaces = chars[end..].iter().take_while(|c| **c == ' ').count();
    if let Some((part, length)) = fraction(&chars[end + spaces..], true).filter(|_| spaces > 0) {
        return (value(0, whole) + part, end + spaces + length);
    }
    (value(0, whole), end)
}

/// A fraction behind a whole number, and its length. `NAN` stands for a slash directly behind the number.
fn fraction(chars: &[char], after_space: bool) -> Option<(f64, usize)> {
    let first = *chars.first()?;
    if let Some(part) = vulgar_fraction(first) {
        return Some((part, 1));
    }
    let digit = |c: Option<&char>| c.and_then(|c| c.to_digit(10)).filter(|digit| *digit > 0);
    if after_space {
        // One digit on each side: 1 1/2, and not the 4 of "4 12/2024".
        let (numerator, denominator) = (digit(chars.first())?, digit(chars.get(2))?);
        let is_fraction =
            matches!(chars.get(1), Some('/' | '⁄')) && !chars.get(3).is_some_and(char::is_ascii_digit);
        return (is_fraction && numerator < denominator)
            .then(|| (f64::from(numerator) / f64::from(denominator), 3));
    }
    (matches!(first, '/' | '⁄') && digit(chars.get(1)).is_some()).then_some((f64::NAN, 0))
}

fn vulgar_fraction(c: char) -> Option<f64> {
    Some(match c {
        '½' => 0.5,
        '¼' => 0.25,
        '¾' => 0.75,
        '⅓' => 1.0 / 3.0,
        '⅔' => 2.0 / 3.0,
        '⅛' => 0.125,
        '⅕' => 0.2,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_words_and_signs_are_told_apart() {
        use Token::{Number, Sign, Word};
        let word = |text: &str| Word(text.to_owned());
        for (text, expected) in [
            ("1 1/2 cups", vec![Number(1.5), word("cups")]),
            ("1/2-cup", vec![Number(0.5), Sign('-'), word("cup")]),
            ("1½h", vec![Number(1.5), word("h")]),
            ("1 ¼", vec![Number(1.25)]),
            ("1,5 l", vec![Number(1.5), word("l")]),
            ("1,000", vec![Number(1000.0)]),
            ("4.0", vec![Number(4.0)]),
            ("4-6", vec![Number(4.0), Sign('-'), Number(6.0)]),
            ("meal-size x", vec![word("meal-size"), word("x")]),
            ("2人分", vec![Number(2.0), word("人分")]),
            ("12,", vec![Number(12.0), Sign(',')]),
            ("1/0", vec![Number(1.0), Sign('/'), Number(0.0)]),
            ("3.", vec![Number(3.0), Sign('.')]),
            ("", vec![]),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }
}
