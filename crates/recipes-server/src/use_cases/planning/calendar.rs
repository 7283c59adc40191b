//! A plan as a calendar (RFC 5545), with an all-day event for each meal.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Meal, MealRecipe};

/// Octets of a line at most (section 3.1).
const LINE: usize = 75;

/// `site` is the address of the service, to which the events link.
pub fn calendar(meals: &[Meal], site: &str, now: Timestamp) -> String {
    let mut text = String::new();
    for line in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Recipes API//Meal plan//EN",
        "METHOD:PUBLISH",
        "NAME:Meal plan",
        "X-WR-CALNAME:Meal plan",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    ] {
        push(&mut text, line);
    }
    let host = site.split("://").nth(1).unwrap_or(site).split(['/', ':']).next().unwrap_or_default();
    for meal in meals {
        let (summary, link) = match &meal.recipe {
            MealRecipe::Readable { id, name } => (name.as_str(), Some(format!("{site}/recipes/{id}"))),
            MealRecipe::Binned { name, .. } => (name.as_str(), None),
            MealRecipe::Hidden(_) => ("A recipe that you cannot read", None),
            MealRecipe::Deleted => ("A recipe that was deleted", None),
            MealRecipe::None => (meal.note.as_deref().unwrap_or_default(), None),
        };
        let servings = meal.servings.as_ref().map(|servings| format!(" ({servings})")).unwrap_or_default();
        push(&mut text, "BEGIN:VEVENT");
        push(&mut text, &format!("UID:{}@{host}", meal.id));
        push(&mut text, &format!("DTSTAMP:{}", now.strftime("%Y%m%dT%H%M%SZ")));
        push(&mut text, &format!("DTSTART;VALUE=DATE:{}", meal.date.strftime("%Y%m%d")));
        push(&mut text, &format!("SUMMARY:{}", escaped(&format!("{summary}{servings}"))));
        if let (Some(note), false) = (&meal.note, meal.recipe == MealRecipe::None) {
            push(&mut text, &format!("DESCRIPTION:{}", escaped(note)));
        }
        if let Some(link) = link {
            push(&mut text, &format!("URL:{link}"));
        }
        // The day is not busy.
        push(&mut text, "TRANSP:TRANSPARENT");
        push(&mut text, "END:VEVENT");
    }
    push(&mut text, "END:VCALENDAR");
    text
}

/// A text value (section 3.3.11).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => {
                let _ = write!(escaped, "\\{c}");
            }
            '\n' | '\r' => escaped.push_str("\\n"),
            '\t' => escaped.push('\t'),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Adds a content line, folded between characters (section 3.1).
fn push(text: &mut String, line: &str) {
    let mut length = 0;
    for c in line.chars() {
        if length + c.len_utf8() > LINE {
            text.push_str("\r\n ");
            length = 1;
        }
        text.push(c);
        length += c.len_utf8();
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use ids::{PlanEntryId, RecipeId};
    use jiff::civil::date;

    use super::*;

    fn meal(recipe: MealRecipe, servings: Option<&str>, note: Option<&str>) -> Meal {
        let id = PlanEntryId::new("2026-11-29T12:00:00Z".parse().unwrap(), [7; 10]);
        let (servings, note) = (servings.map(str::to_owned), note.map(str::to_owned));
        Meal { id, date: date(2026, 12, 1), recipe, servings, note }
    }

    fn written(meals: &[Meal]) -> String {
        calendar(meals, "https://home.example:8443/recipes", "2026-11-29T12:34:56Z".parse().unwrap())
    }

    #[test]
    fn meals_are_events_of_a_day() {
        let id = RecipeId::from_i64(7).unwrap();
        let soup = MealRecipe::Readable { id, name: "Soup; with, \\all".to_owned() };
        let text = written(&[
            meal(soup, Some("2.5"), Some("for two\r\nlate")),
            meal(MealRecipe::None, None, Some("Out")),
        ]);
        let event = "BEGIN:VEVENT\r\nUID:019acf93-e200-7707-8707-070707070707@home.example\r\nDTSTAMP:20261129T123456Z\r\n\
            DTSTART;VALUE=DATE:20261201\r\nSUMMARY:Soup\\; with\\, \\\\all (2.5)\r\nDESCRIPTION:for two\\nlate\r\n\
            URL:https://home.example:8443/recipes/recipes/7\r\nTRANSP:TRANSPARENT\r\nEND:VEVENT\r\n";
        let uid = text.split("UID:").nth(1).unwrap().split('@').next().unwrap();
        let event = event.replace("019acf93-e200-7707-8707-070707070707", uid);
        assert!(text.contains(&event), "{text}");
        assert!(
            text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") && text.ends_with("END:VCALENDAR\r\n")
        );
        assert!(text.contains("SUMMARY:Out\r\nTRANSP"));
    }

    #[test]
    fn recipes_that_the_user_cannot_read_are_not_named() {
        let hidden = MealRecipe::Hidden(RecipeId::from_i64(7).unwrap());
        let text = written(&[meal(hidden, None, None), meal(MealRecipe::Deleted, None, None)]);
        assert!(text.contains("SUMMARY:A recipe that you cannot read\r\n"));
        assert!(text.contains("SUMMARY:A recipe that was deleted\r\n") && !text.contains("URL:"));
    }

    #[test]
    fn lines_are_folded_at_75_octets_between_characters() {
        let note = format!("{}\u{7}", "Älplermagronen 🧀 ".repeat(20));
        let text = written(&[meal(MealRecipe::None, None, Some(&note))]);
        assert!(text.split("\r\n").all(|line| line.len() <= LINE), "{text}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\u{7}']));
        let unfolded = text.replace("\r\n ", "");
        assert!(unfolded.contains(&format!("SUMMARY:{}\r\n", "Älplermagronen 🧀 ".repeat(20))), "{unfolded}");
    }
}
