//! Spreadsheets with one recipe a row: `MyRecipeBox`, Plan to Eat, and others with the same names of columns.

use std::collections::BTreeMap;
use std::io::Cursor;

use serde_json::json;

use crate::assemble::{Found, unique};
use crate::format::Format;
use crate::program::{self, Object, set_difficulty, set_picture, set_source};
use crate::report::Item;
use crate::schema_org::{fact, ingredients, steps_of_text, timestamp};
use crate::text::{is_no_value, line, paragraphs};
use crate::yields::Yields;

/// Columns with nutrition facts.
const FACTS: [(&str, &str); 10] = [
    ("calories", "calories"),
    ("fat", "fatContent"),
    ("saturatedfat", "saturatedFatContent"),
    ("cholesterol", "cholesterolContent"),
    ("sodium", "sodiumContent"),
    ("sugar", "sugarContent"),
    ("carbohydrate", "carbohydrateContent"),
    ("carbohydrates", "carbohydrateContent"),
    ("fiber", "fiberContent"),
    ("protein", "proteinContent"),
];

/// Letters and digits of a column's name, in lower case.
fn normal(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether the first line of a text names columns of recipes.
pub(crate) fn is_header(line: &str) -> bool {
    let names: Vec<String> = line.split(['\t', ',', ';']).map(normal).collect();
    let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
    names.len() >= 3
        && has(&["title", "name", "recipename"])
        && has(&["ingredients", "directions", "instructions"])
}

pub(crate) fn items(text: String) -> Vec<Item> {
    match Rows::open(text) {
        Ok(rows) => rows.collect(),
        Err(refused) => vec![*refused],
    }
}

/// The items of a table, one row at a time: a table may have many thousands.
pub(crate) struct Rows {
    reader: ::csv::Reader<Cursor<String>>,
    /// Their normal names.
    columns: Vec<String>,
}

impl Rows {
    /// # Errors
    /// An item that says why the whole table is refused.
    pub(crate) fn open(text: String) -> Result<Self, Box<Item>> {
        let refused = |why| Box::new(Item::refused(Format::Csv, why));
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        };
        let first = text.lines().next().unwrap_or_default();
        let count = |separator: char| first.matches(separator).count();
        let separator = ['\t', ';', ','].into_iter().max_by_key(|it| count(*it)).unwrap_or(',');
        let delimiter = u8::try_from(separator).unwrap_or(b',');
        let mut reader =
            ::csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(Cursor::new(text));
        let Ok(header) = reader.headers() else {
            return Err(refused("has no line with the names of its columns"));
        };
        let columns: Vec<String> = header.iter().map(str::to_owned).collect();
        if !is_header(&columns.join("\t")) {
            return Err(refused("has no columns for the title, and ingredients or directions"));
        }
        let columns = columns.iter().map(|name| normal(name)).collect();
        Ok(Self { reader, columns })
    }
}

impl Iterator for Rows {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            match self.reader.records().next()? {
                Ok(record) => {
                    let cells = self.columns.iter().cloned().zip(record.iter());
                    let row: BTreeMap<String, &str> = cells.filter(|(_, cell)| !is_no_value(cell)).collect();
                    if row.is_empty() {
                        continue;
                    }
                    let mut item = recipe(&row).finish(Format::Csv);
                    item.place.line = record.position().map(::csv::Position::line);
                    return Some(item);
                }
                Err(why) => {
                    let mut item = Item::refused(Format::Csv, "is a row that cannot be read");
                    item.place.line = why.position().map(::csv::Position::line);
                    return Some(item);
                }
            }
        }
    }
}

fn recipe(row: &BTreeMap<String, &str>) -> Found {
    let object: Object = row.iter().map(|(name, cell)| (name.clone(), json!(cell))).collect();
    let text = |names: &[&str]| program::text(&object, names);
    let raw = |names: &[&str]| names.iter().find_map(|name| row.get(*name).copied()).unwrap_or_default();
    let mut found = Found { name: text(&["title", "name", "recipename"]), ..Found::default() };
    found.description = paragraphs(raw(&["description", "summary"]));
    found.prep = program::minutes(&mut found, &object, &["preparationtime", "preptime"]);
    found.cook = program::minutes(&mut found, &object, &["cookingtime", "cooktime"]);
    found.rest = program::minutes(&mut found, &object, &["inactivetime", "resttime"]);
    found.total = program::minutes(&mut found, &object, &["totaltime"]);
    found.set_yields(Yields::of_value(&json!([text(&["servings", "serves"]), text(&["yield", "quantity"])])));
    // Plan to Eat marks a heading with a comma.
    let lines: Vec<String> = raw(&["ingredients"])
        .lines()
        .map(|line| match line.trim().strip_prefix(',') {
            Some(heading) if !heading.trim().is_empty() => {
                format!("{}:", heading.trim().trim_end_matches(':'))
            }
            _ => line.to_owned(),
        })
        .collect();
    found.ingredients = ingredients(&json!(lines));
    found.steps = steps_of_text(raw(&["directions", "instructions", "method", "steps", "preparation"]));
    found.category = program::words(&object, &["categories", "category", "course"]);
    found.cuisine = program::words(&object, &["cuisine"]);
    found.keywords = program::words(&object, &["tags", "keywords"]);
    found.keywords.extend(program::words(&object, &["mainingredient"]));
    unique(&mut found.keywords);
    found.tools = program::words(&object, &["tools", "equipment"]);
    for (column, name) in FACTS {
        if let Some(value) = row.get(column).and_then(|cell| fact(&json!(cell))) {
            found.nutrition.insert(name.to_owned(), value);
        }
    }
    found.keep_in_extra("notes", json!(paragraphs(raw(&["notes", "note"]))));
    found.keep_in_extra("nutritionalInfo", json!(paragraphs(raw(&["nutrition"]))));
    set_difficulty(&mut found, "difficulty", &text(&["difficulty"]));
    found.author.name = text(&["author"]);
    set_source(&mut found, &text(&["source"]), &text(&["url", "sourceurl", "publicurl"]));
    set_picture(
        &mut found,
        "originalPicture",
        &line(raw(&["originalpicture", "photourl", "image", "imageurl"])),
    );
    found.created_at = timestamp(raw(&["createdat", "created"]));
    found.updated_at = timestamp(raw(&["updatedat", "updated"]));
    let rating = text(&["rating"]);
    if !rating.is_empty() && rating != "0" {
        found.leave_out("rating");
    }
    let is_set = |cell: &&str| !matches!(cell.trim().to_lowercase().as_str(), "0" | "false" | "no" | "");
    for name in ["favorite", "video", "private"] {
        if row.get(name).is_some_and(is_set) {
            found.leave_out(name);
        }
    }
    leave_out_other_columns(&mut found, row);
    found
}

fn leave_out_other_columns(found: &mut Found, row: &BTreeMap<String, &str>) {
    const KNOWN: [&str; 46] = [
        "title",
        "name",
        "recipename",
        "description",
        "summary",
        "preparationtime",
        "preptime",
        "cookingtime",
        "cooktime",
        "inactivetime",
        "resttime",
        "totaltime",
        "servings",
        "serves",
        "yield",
        "quantity",
        "ingredients",
        "directions",
        "instructions",
        "method",
        "steps",
        "preparation",
        "categories",
        "category",
        "course",
        "cuisine",
        "tags",
        "keywords",
        "mainingredient",
        "tools",
        "equipment",
        "notes",
        "note",
        "nutrition",
        "difficulty",
        "author",
        "source",
        "url",
        "sourceurl",
        "publicurl",
        "urlhost",
        "rating",
        "favorite",
        "video",
        "private",
        "id",
    ];
    const MORE: [&str; 8] =
        ["originalpicture", "photourl", "image", "imageurl", "createdat", "created", "updatedat", "updated"];
    for name in row.keys() {
        let is_known = KNOWN.contains(&name.as_str())
            || MORE.contains(&name.as_str())
            || FACTS.iter().any(|(it, _)| it == name);
        if !is_known && row.get(name).is_some_and(|cell| *cell != "0") {
            found.leave_out(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_is_recognized_by_its_names() {
        assert!(is_header("title,description,preparationTime,ingredients"));
        assert!(is_header("Title;Course;Directions"));
        assert!(!is_header("Tomato soup, with ingredients, of my title"));
        assert!(!is_header("name,email,password"));
        assert_eq!(items("title,x,ingredients\n\"open".to_owned()).len(), 1);
    }

    #[test]
    fn one_row_is_read_at_a_time() {
        let table = "title,x,ingredients\n".to_owned() + &"Soup,,leek\n".repeat(1_000);
        let mut rows = Rows::open(table).unwrap();
        assert_eq!(rows.next().unwrap().place.line, Some(2));
        assert_eq!(rows.reader.position().line(), 3);
    }
}
