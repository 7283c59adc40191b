//! Spreadsheets with one recipe a row: `MyRecipeBox`, Plan to Eat, and others with the same names of columns.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::iter;

use ::csv::{ByteRecord, ErrorKind};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use serde_json::json;

use crate::assemble::{Found, unique};
use crate::format::Format;
use crate::options::{Limits, too_long};
use crate::program::{self, Object, set_difficulty, set_picture, set_source};
use crate::report::Item;
use crate::schema_org::{fact, ingredients, steps_of_text, timestamp};
use crate::text::{self, is_no_value, line, paragraphs};
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

/// What separates the cells of a table that starts with these bytes.
pub(crate) fn delimiter(head: &[u8]) -> u8 {
    let head = text::of_bytes(&head[..head.len().min(16 * 1024)]);
    let first = head.lines().next().unwrap_or_default();
    let count = |delimiter: u8| first.matches(char::from(delimiter)).count();
    [b'\t', b';', b','].into_iter().max_by_key(|it| count(*it)).unwrap_or(b',')
}

/// The items of a table in memory.
pub(crate) fn items(bytes: &[u8], limits: &Limits) -> Vec<Item> {
    let mut rows = match Rows::open(delimiter(bytes), bytes, limits) {
        Ok(rows) => rows,
        Err(refused) => return vec![*refused],
    };
    iter::from_fn(|| rows.next_item().ok().flatten()).collect()
}

/// The items of a table, one row at a time: a table may have many thousands.
pub(crate) struct Rows<R: Read> {
    reader: ::csv::Reader<RowLimit<DecodeReaderBytes<R, Vec<u8>>>>,
    /// Their normal names.
    columns: Vec<String>,
    max_row_bytes: usize,
    /// After a row that is too long: where the next one begins is not known.
    is_ended: bool,
}

impl<R: Read> Rows<R> {
    /// # Errors
    /// An item that says why the whole table is refused.
    pub(crate) fn open(delimiter: u8, file: R, limits: &Limits) -> Result<Self, Box<Item>> {
        let refused = |why| Box::new(Item::refused(Format::Csv, why));
        // UTF-16 is told by its first bytes. Other encodings are told for each cell.
        let decoded = DecodeReaderBytesBuilder::new().utf8_passthru(true).strip_bom(true).build(file);
        let max_row_bytes = limits.object_bytes;
        let mut reader = ::csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(RowLimit { decoded, left: max_row_bytes });
        let Ok(header) = reader.byte_headers() else {
            return Err(refused("has no line with the names of its columns"));
        };
        let columns: Vec<String> = header.iter().map(text::of_bytes).collect();
        if !is_header(&columns.join("\t")) {
            return Err(refused("has no columns for the title, and ingredients or directions"));
        }
        let columns = columns.iter().map(|name| normal(name)).collect();
        Ok(Self { reader, columns, max_row_bytes, is_ended: false })
    }

    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn next_item(&mut self) -> io::Result<Option<Item>> {
        let mut record = ByteRecord::new();
        while !self.is_ended {
            let line = self.reader.position().line();
            self.reader.get_mut().left = self.max_row_bytes;
            match self.reader.read_byte_record(&mut record) {
                Ok(is_row) => self.is_ended = !is_row,
                Err(_) if self.reader.get_ref().left == 0 => {
                    self.is_ended = true;
                    let why = format!("is a row that {}", too_long(self.max_row_bytes));
                    let mut item = Item::refused(Format::Csv, why);
                    item.place.line = Some(line);
                    return Ok(Some(item));
                }
                Err(error) => return Err(io_error(error)),
            }
            let cells: Vec<String> = record.iter().map(text::of_bytes).collect();
            let cells = self.columns.iter().cloned().zip(cells.iter().map(String::as_str));
            let row: BTreeMap<String, &str> = cells.filter(|(_, cell)| !is_no_value(cell)).collect();
            if row.is_empty() {
                continue;
            }
            let mut item = recipe(&row).finish(Format::Csv);
            item.place.line = record.position().map(::csv::Position::line);
            return Ok(Some(item));
        }
        Ok(None)
    }
}

/// A row of bytes fails for no other reason.
fn io_error(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Ends with an error when a row takes more bytes than are left: a quotation mark that is never closed would bring the whole
/// file into memory.
struct RowLimit<R> {
    decoded: R,
    left: usize,
}

impl<R: Read> Read for RowLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let wanted = buffer.len().min(self.left);
        let read = self.decoded.read(&mut buffer[..wanted])?;
        self.left -= read;
        Ok(read)
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

    fn rows(table: &str) -> Rows<&[u8]> {
        Rows::open(b',', table.as_bytes(), &Limits::default()).unwrap()
    }

    #[test]
    fn header_is_recognized_by_its_names() {
        assert!(is_header("title,description,preparationTime,ingredients"));
        assert!(is_header("Title;Course;Directions"));
        assert!(!is_header("Tomato soup, with ingredients, of my title"));
        assert!(!is_header("name,email,password"));
        assert_eq!(items(b"title,x,ingredients\n\"open", &Limits::default()).len(), 1);
    }

    #[test]
    fn one_row_is_read_at_a_time() {
        let table = "title,x,ingredients\n".to_owned() + &"Soup,,leek\n".repeat(1_000);
        let mut rows = rows(&table);
        assert_eq!(rows.next_item().unwrap().unwrap().place.line, Some(2));
        assert_eq!(rows.reader.position().line(), 3);
    }

    #[test]
    fn row_that_never_ends_is_not_read_into_memory() {
        let limits = Limits { object_bytes: 64 << 10, ..Limits::default() };
        let head = b"title,x,ingredients\nSoup,,leek\nTart,,\"apples, ";
        let file = head.chain(io::repeat(b'a'));
        let mut rows = Rows::open(b',', file, &limits).unwrap();
        assert!(rows.next_item().unwrap().unwrap().content.is_ok());
        let refused = rows.next_item().unwrap().unwrap();
        assert_eq!(refused.place.line, Some(3));
        assert_eq!(refused.content.unwrap_err()[0].message, "is a row that is longer than 64 KiB");
        assert!(rows.next_item().unwrap().is_none());
    }

    #[test]
    fn error_of_the_file_is_not_an_end_of_the_table() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let head = b"title,x,ingredients\nSoup,,leek\nTart,,app";
        let mut rows = Rows::open(b',', head.chain(Broken), &Limits::default()).unwrap();
        assert!(rows.next_item().unwrap().is_some());
        assert_eq!(rows.next_item().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
}
