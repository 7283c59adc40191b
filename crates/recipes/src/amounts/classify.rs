//! Which numbers of a line are amounts of the food, and so grow with the servings.
//!
//! Most are. Not: the size of one can (`1 (14 oz) can`, `2 x 400 g`), sizes of pieces (`2 cm cubes`), times, temperatures,
//! percents, types (`Type 55`), and amounts for one person or piece (`4 g per sausage`).

use super::scan::Found;
use super::words::{Kind, WORDS};

/// What a number of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// An amount of the food, for the whole recipe.
    Amount,
    /// The size of what another number counts, or an amount for one person or piece.
    Size,
    /// A part of the text: a time, a temperature, the size of pieces to cut, a type.
    Text,
}

/// What each number is, in the order of `found`.
pub(super) fn roles(text: &str, found: &[Found]) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::with_capacity(found.len());
    for (index, one) in found.iter().enumerate() {
        let earlier = found.get(..index).unwrap_or_default();
        let role = match fixed(text, one, earlier) {
            Some(role) => role,
            None if is_size_of(text, one, earlier, &roles) => Role::Size,
            None => Role::Amount,
        };
        roles.push(role);
    }
    roles
}

/// A number that is fixed whatever the other numbers are.
fn fixed(text: &str, one: &Found, earlier: &[Found]) -> Option<Role> {
    let before = text.get(..one.start()).unwrap_or_default();
    let near = without_about(before);
    let after = text.get(one.end..).unwrap_or_default();
    match one.kind() {
        Some(Kind::Time | Kind::Temperature | Kind::Other) => return Some(Role::Text),
        Some(Kind::Length) => {
            let is_first = earlier.is_empty() && one.parenthesis.is_none();
            let is_piece = WORDS.size.at_start(after.trim_start_matches([' ', '-'])).is_some();
            let is_cut = !before.trim().is_empty() && !after.trim().is_empty() && !near.ends_with([',', ':']);
            if !is_first || is_piece || is_cut {
                return Some(Role::Text);
            }
        }
        _ => {}
    }
    let is_step = WORDS.see.at_end(near).is_some();
    let is_cut = WORDS.into.at_end(near).is_some() && !one.is_measure();
    if one.is_dimension || is_step || is_cut {
        return Some(Role::Text);
    }
    let is_each = !earlier.is_empty() && (WORDS.eachbefore.at_end(near).is_some() || is_each_after(after));
    (is_each || depends_on_something(text, one)).then_some(Role::Size)
}

/// `½ l capacity each`, `(2 kg each)`.
fn is_each_after(after: &str) -> bool {
    let clause =
        after.split([',', ';', '(', ')', '，', '。', '（', '）']).next().unwrap_or_default().trim_end();
    WORDS.each.at_end(clause).is_some()
}

/// "4 g per sausage", "per 500 g of chicken", "每 250g": the clause names what the amount is for.
fn depends_on_something(text: &str, one: &Found) -> bool {
    const ENDS: [char; 11] = ['(', ')', ';', ',', '，', '（', '）', '。', '；', '[', ']'];
    let (before, after) = (text.get(..one.start()), text.get(one.low.span.end..));
    let start = before.map_or("", |text| text.rsplit(ENDS).next().unwrap_or_default());
    let end = after.map_or("", |text| text.split(ENDS).next().unwrap_or_default());
    WORDS.per.is_in(start) || WORDS.per.is_in(end)
}

/// The size of what an earlier number counts: `1 (14 oz) can`, `2 bottles (33 cl)`, `2 x 400 g`.
fn is_size_of(text: &str, one: &Found, earlier: &[Found], roles: &[Role]) -> bool {
    let Some(previous) = earlier.last() else { return false };
    let previous_scales = roles.last() == Some(&Role::Amount);
    let between = text.get(previous.end..one.start()).unwrap_or_default();
    let trimmed = without_about(between.trim()).trim_start_matches(['(', '（', '[']).trim();
    // `2 x 400 g`.
    if matches!(trimmed, "x" | "X" | "×" | "*") {
        return true;
    }
    // `(14 oz / 400 g)`, `15 oz (400 g)`: the same size again.
    let is_again = one.is_measure() && previous.is_measure() && !previous_scales;
    let same_group =
        one.parenthesis == previous.parenthesis || one.parenthesis.is_some() && is_opening(between);
    if is_again && same_group {
        return true;
    }
    let is_size = one.is_measure() || one.kind() == Some(Kind::Length);
    if !previous_scales || !previous.low.value.is_whole() && previous.kind().is_some() {
        return false;
    }
    match previous.kind() {
        // `1 (14 oz) can`, `1 15 oz can`; but `1/4 (70g) cup`: the unit follows.
        None => {
            let unit = unit_behind(text, one);
            let is_adjacent = is_opening(between) || between.trim().is_empty();
            let is_pound = one.unit.is_none() && unit == Some(true);
            is_adjacent && (is_pound || is_size && unit != Some(true))
        }
        Some(Kind::Container) => is_size && !joins(between),
        _ => false,
    }
}

fn is_opening(between: &str) -> bool {
    without_about(between.trim()).trim() == "(" || without_about(between.trim()).trim() == "（"
}

/// Whether the parenthesis around this number ends behind it and a measure follows: `(70g) cup`.
fn unit_behind(text: &str, one: &Found) -> Option<bool> {
    one.parenthesis?;
    let after = text.get(one.end..)?;
    let end = after.find([')', '）'])?;
    let behind = after.get(end..)?.trim_start_matches([')', '）']).trim_start();
    WORDS.unit(behind).map(|(word, _)| word.kind.is_measure())
}

/// Whether the text between two amounts says that the second one is another food or an alternative.
fn joins(between: &str) -> bool {
    between.contains(['/', '|', '+', '&', '=', ';', '：', ':', '、', '，', '。'])
        || WORDS.or.is_in(between)
        || WORDS.and.is_in(between)
        || between.to_lowercase().contains(" used")
}

/// The text without "about", "~" and the like at its end.
pub(super) fn without_about(text: &str) -> &str {
    let mut text = text.trim_end();
    while let Some(length) = WORDS.about.at_end(text) {
        text = text.get(..text.len() - length).unwrap_or_default().trim_end();
    }
    text
}
