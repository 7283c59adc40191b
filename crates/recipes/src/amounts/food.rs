//! The food and the note of a line: the rest when the amounts are taken out.

use super::classify::without_about;
use super::scan::Found;
use super::words::WORDS;

/// The food, and what the line says besides.
pub(super) fn food_and_note(text: &str, found: &[&Found]) -> (Option<String>, Option<String>) {
    // The parts between the amounts, outside of parentheses.
    let (mut parts, mut notes) = (vec![String::new()], Vec::new());
    let (mut depth, mut note_start) = (0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '（' => {
                if depth == 0 {
                    note_start = at + c.len_utf8();
                }
                depth += 1;
                continue;
            }
            ')' | '）' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    notes.extend(text.get(note_start..at).filter(|note| says_more(note, note_start, found)));
                    if let Some(part) = parts.last_mut() {
                        part.push(' ');
                    }
                }
                continue;
            }
            _ => {}
        }
        if depth > 0 {
            continue;
        }
        if found.iter().any(|found| is_part_of(found, at)) {
            if parts.last().is_some_and(|part| !part.is_empty()) {
                parts.push(String::new());
            }
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    if depth > 0 {
        notes.extend(text.get(note_start..).filter(|note| says_more(note, note_start, found)));
    }
    let joined = join(&parts);
    let (food, rest) = split_food(&joined);
    let rest = rest.map(str::trim).filter(|rest| !rest.is_empty());
    let note = rest.into_iter().chain(notes).map(str::trim).collect::<Vec<_>>().join("; ");
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    (some(food), some(&note))
}

/// The parts with the words that connect them: "Zest of lemon", "butter or oil".
fn join(parts: &[String]) -> String {
    let (mut joined, mut glue) = (String::new(), String::new());
    for part in parts {
        let core = without_connectors(part);
        let start = part.find(core).unwrap_or(0);
        glue.push_str(part.get(..start).unwrap_or_default());
        if core.is_empty() {
            glue.push_str(part);
            continue;
        }
        if !joined.is_empty() {
            let words =
                glue.split_whitespace().filter(|word| !matches!(*word, "x" | "×" | "-" | "–" | ":" | "："));
            let words = words.collect::<Vec<_>>().join(" ");
            match &*words {
                "" => joined.push(' '),
                words if words.contains([',', '，', ';', '；']) => joined.push_str(", "),
                words => {
                    joined.push(' ');
                    joined.push_str(words);
                    joined.push(' ');
                }
            }
        }
        joined.push_str(core);
        part.get(start + core.len()..).unwrap_or_default().clone_into(&mut glue);
        glue.push(' ');
    }
    joined
}

/// Whether the byte belongs to an amount: its number, or its unit, which may stand behind a parenthesis.
fn is_part_of(found: &Found, at: usize) -> bool {
    (found.start()..found.end).contains(&at)
        || found.unit.as_ref().is_some_and(|unit| unit.span.contains(&at))
}

/// Whether a parenthesis has more than amounts.
fn says_more(note: &str, start: usize, found: &[&Found]) -> bool {
    let left: String = note
        .char_indices()
        .filter(|(at, _)| !found.iter().any(|found| is_part_of(found, start + at)))
        .map(|(_, c)| c)
        .collect();
    // `clove(s)`.
    note != "s" && without_connectors(&left).chars().any(char::is_alphanumeric)
}

/// The food ends at the first comma that has a food before it.
fn split_food(text: &str) -> (&str, Option<&str>) {
    let text = text.trim_start_matches([',', ' ', '，', '、']);
    for (at, c) in text.char_indices() {
        if matches!(c, '，' | '；')
            || (c == ',' && text.get(at + 1..).is_some_and(|rest| rest.starts_with(' ')))
        {
            return (text.get(..at).unwrap_or_default(), text.get(at + c.len_utf8()..));
        }
    }
    (text, None)
}

/// The text without "of", "or", "about" and punctuation at its ends.
fn without_connectors(text: &str) -> &str {
    const MARKS: [char; 23] = [
        ' ', ',', '，', '/', '|', '+', '~', ':', '：', '=', '-', '–', '—', '•', '*', '.', '、', '。', '&',
        '≈', '<', '\u{a0}', ';',
    ];
    let mut text = text.trim();
    loop {
        let before = text;
        text = text.trim_start_matches(MARKS).trim_end_matches(MARKS);
        text = text.strip_prefix("x ").unwrap_or(text);
        for list in [&WORDS.of, &WORDS.or, &WORDS.range, &WORDS.and, &WORDS.about] {
            text = list
                .at_start(text)
                .filter(|_| text != "c")
                .and_then(|length| text.get(length..))
                .unwrap_or(text)
                .trim();
        }
        for list in [&WORDS.or, &WORDS.and, &WORDS.of] {
            text =
                list.at_end(text).and_then(|length| text.get(..text.len() - length)).unwrap_or(text).trim();
        }
        text = without_about(text);
        if text.len() == before.len() {
            return text;
        }
    }
}
