//! The marks of Markdown.

use crate::text::window;

/// Without the marks of Markdown: links, emphasis, headings, quotes and code.
pub(crate) fn without_marks(text: &str) -> String {
    let text = without_links(text);
    let line = |line: &str| {
        let line = line.trim();
        let line = line.trim_start_matches('>').trim_start();
        let heading = line.trim_start_matches('#');
        if heading.len() < line.len() && heading.starts_with(' ') {
            return format!("{}:", heading.trim().trim_end_matches([':', '#']).trim());
        }
        let line = ["* ", "- ", "+ "].iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line);
        let line = line.strip_prefix("[ ] ").or(line.strip_prefix("[x] ")).unwrap_or(line);
        line.replace("**", "").replace("__", "").replace('`', "").replace("\\*", "*")
    };
    text.lines().map(line).map(|line| without_emphasis(&line)).collect::<Vec<_>>().join("\n")
}

/// `*one word*` and `_one word_`.
fn without_emphasis(line: &str) -> String {
    let chars: Vec<char> = line.chars().collect();
    let at = |index: Option<usize>| index.and_then(|index| chars.get(index)).copied();
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut removed = vec![false; chars.len()];
    let mut open: Option<usize> = None;
    for (i, &c) in chars.iter().enumerate().filter(|(_, c)| matches!(c, '*' | '_')) {
        let (before, after) = (at(i.checked_sub(1)), at(i.checked_add(1)));
        let can_open = !is_word(before) && after.is_some_and(|c| !c.is_whitespace());
        let can_close = before.is_some_and(|c| !c.is_whitespace()) && !is_word(after);
        match open {
            Some(start) if can_close && chars[start] == c && i > start + 1 => {
                (removed[start], removed[i]) = (true, true);
                open = None;
            }
            _ if can_open => open = Some(i),
            _ => {}
        }
    }
    chars.iter().enumerate().filter(|(i, _)| !removed[*i]).map(|(_, c)| c).collect()
}

fn without_links(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('[') {
        let from = &rest[at..];
        let near = window(from);
        let Some((middle, end)) = near.find("](").and_then(|middle| {
            let end = near[middle..].find(')')?;
            (!from[1..middle].contains(['[', '\n'])).then_some((middle, middle + end))
        }) else {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        };
        if let Some(before) = rest[..at].strip_suffix('!') {
            out.push_str(before);
        } else {
            out.push_str(&rest[..at]);
            out.push_str(&from[1..middle]);
        }
        rest = &from[end + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_removed() {
        for (text, plain) in [
            ("Mix **well** with a [whisk](https://a.example/(x)", "Mix well with a whisk"),
            ("![picture](a.jpg)Stir", "Stir"),
            ("*gently* fold, 2*3 and _now_", "gently fold, 2*3 and now"),
            ("- [ ] milk", "milk"),
            ("## Sauce", "Sauce:"),
            ("[optional] salt", "[optional] salt"),
            ("`code` \\* star", "code * star"),
        ] {
            assert_eq!(without_marks(text), plain, "{text}");
        }
    }
}
