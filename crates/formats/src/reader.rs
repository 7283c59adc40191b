//! Reads the items of one file, whatever its format.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Cursor, Read, SeekFrom};
use std::mem;

use flate2::read::MultiGzDecoder;
use recipes::formats::JsonItems;
use serde_json::Value;

use crate::archive::{Archive, Entry, ReadSeek, is_not_read};
use crate::csv;
use crate::document::{self, Document};
use crate::format::Format;
use crate::layout::Layout;
use crate::objects;
use crate::options::{Options, too_long};
use crate::report::{Content, Item, Place, left_out, whole};
use crate::text;

/// The bytes of a file.
pub enum Input<'a> {
    /// With a position, so that an archive need not be in memory.
    File(Box<dyn ReadSeek + 'a>),
    Stream(Box<dyn Read + Send + 'a>),
}

impl<'a> Input<'a> {
    pub fn bytes(bytes: &'a [u8]) -> Self {
        Self::File(Box::new(Cursor::new(bytes)))
    }
}

/// The items of one file. It holds one file of an archive, one item of a list or one row of a table at a time.
pub struct Reader<'a> {
    source: Source<'a>,
    options: Options,
    queue: VecDeque<Item>,
    items: u64,
    budget: u64,
    skipped: Vec<String>,
    /// Of a list.
    has_other_objects: bool,
}

enum Source<'a> {
    Json(Box<JsonItems<Box<dyn BufRead + Send + 'a>>>),
    Archives(Vec<Archive<'a>>),
    Table(Box<csv::Rows<Box<dyn Read + Send + 'a>>>),
    Ended,
}

/// Bytes at the start of a file that tell its format. A document of JSON-LD that is smaller is read as a whole.
const HEAD_BYTES: usize = 1 << 20;
/// Names of skipped files that are kept for the report.
const MAX_SKIPPED: usize = 100;

impl<'a> Reader<'a> {
    /// Recognizes the format. A file that is refused as a whole has one item, which says why.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(input: Input<'a>, options: Options) -> io::Result<Self> {
        let budget = options.limits.unpacked_bytes;
        let mut reader = Self {
            source: Source::Ended,
            options,
            queue: VecDeque::new(),
            items: 0,
            budget,
            skipped: Vec::new(),
            has_other_objects: false,
        };
        let mut head = Vec::new();
        let (mut file, mut stream) = match input {
            Input::File(file) => (Some(file), None),
            Input::Stream(stream) => (None, Some(stream)),
        };
        if let Some(file) = &mut file {
            file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
        } else if let Some(stream) = &mut stream {
            stream.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
        }
        // An export of no recipes is an empty file.
        if head.len() < HEAD_BYTES && head.trim_ascii().is_empty() {
            return Ok(reader);
        }
        let layout = reader.layout(&head);
        if layout == Layout::Zip {
            let input: Box<dyn ReadSeek + 'a> = match (file, stream) {
                (Some(mut file), _) => {
                    file.seek(SeekFrom::Start(0))?;
                    file
                }
                (None, stream) => {
                    let max = reader.options.limits.archive_bytes;
                    let bytes = rest(head, stream, max)?;
                    if bytes.len() > max {
                        reader.refuse(Format::Zip, too_long(max));
                        return Ok(reader);
                    }
                    Box::new(Cursor::new(bytes))
                }
            };
            match Archive::open(input, String::new(), 0, &reader.options.limits) {
                Ok(archive) => reader.source = Source::Archives(vec![archive]),
                Err(why) => reader.refuse(Format::Zip, why),
            }
            return Ok(reader);
        }
        let rest_of_file: Option<Box<dyn Read + Send + 'a>> = match (file, stream) {
            (Some(file), _) => Some(Box::new(file)),
            (None, Some(stream)) => Some(stream),
            (None, None) => None,
        };
        let is_whole = head.len() < HEAD_BYTES;
        if layout == Layout::Json && !(is_whole && reader.is_one_document(&head)) {
            let all = Cursor::new(head).chain(rest_of_file.unwrap_or_else(|| Box::new(io::empty())));
            let buffered: Box<dyn BufRead + Send + 'a> = Box::new(BufReader::with_capacity(1 << 16, all));
            reader.source =
                Source::Json(Box::new(JsonItems::new(buffered, reader.options.limits.object_bytes)));
            return Ok(reader);
        }
        if layout == Layout::Csv {
            let rest = rest_of_file.unwrap_or_else(|| Box::new(io::empty()));
            let delimiter = csv::delimiter(&head);
            let all: Box<dyn Read + Send + 'a> = Box::new(Cursor::new(head).chain(rest));
            match csv::Rows::open(delimiter, all, &reader.options.limits) {
                Ok(rows) => reader.source = Source::Table(Box::new(rows)),
                Err(refused) => reader.queue.push_back(*refused),
            }
            return Ok(reader);
        }
        let max = reader.options.limits.document_bytes;
        let bytes = rest(head, rest_of_file, max)?;
        if bytes.len() > max {
            reader.refuse(reader.options.format.unwrap_or(Format::Text), too_long(max));
        } else {
            reader.read_bytes(layout, &bytes, &Place::default(), false);
        }
        Ok(reader)
    }

    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn next_item(&mut self) -> io::Result<Option<Item>> {
        loop {
            if let Some(mut item) = self.queue.pop_front() {
                self.items += 1;
                item.number = self.items;
                self.unpack_images(&mut item);
                return Ok(Some(item));
            }
            match &mut self.source {
                Source::Ended => return Ok(None),
                Source::Json(items) => match items.next_item()? {
                    None => {
                        let mut members = items.skipped_members().to_vec();
                        self.skipped.append(&mut members);
                        self.source = Source::Ended;
                        if self.items == 0 && self.has_other_objects {
                            self.refuse(Format::JsonLd, "has no recipe");
                        }
                    }
                    Some(item) => {
                        let limits = &self.options.limits;
                        let read = match item.text {
                            Ok(text) => objects::of_json(text, item.line, self.options.format, limits),
                            Err(error) => vec![Item::refused(Format::Json, error.to_string())],
                        };
                        self.has_other_objects |= read.is_empty();
                        let line = item.line;
                        self.queue.extend(read.into_iter().map(|mut item| {
                            item.place.line = item.place.line.or(Some(line));
                            item
                        }));
                    }
                },
                Source::Archives(_) => self.next_entry(),
                Source::Table(rows) => {
                    if let Some(item) = rows.next_item()? {
                        self.queue.push_back(item);
                    } else {
                        self.source = Source::Ended;
                        if self.items == 0 {
                            self.refuse(Format::Csv, "has no recipe");
                        }
                    }
                }
            }
        }
    }

    /// Members of an answer of the API beside its recipes, and files of an archive that have no recipe.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    fn next_entry(&mut self) {
        let Source::Archives(archives) = &mut self.source else { return };
        let Some(archive) = archives.last_mut() else {
            self.source = Source::Ended;
            if self.items == 0 && self.queue.is_empty() {
                self.refuse(Format::Zip, "is an archive without a recipe");
            }
            return;
        };
        let depth = archive.depth;
        match archive.next_entry(&self.options.limits, &mut self.budget) {
            None => drop(archives.pop()),
            Some(Err((path, why))) => self.refuse_entry(path, why),
            Some(Ok(entry)) if Layout::detect(&entry.bytes, &entry.path) == Layout::Zip => {
                match Archive::inside(entry, depth + 1, &self.options.limits) {
                    Ok(inner) => archives.push(inner),
                    Err((path, why)) => self.refuse_entry(path, why),
                }
            }
            Some(Ok(entry)) => self.read_entry(&entry),
        }
    }

    /// Takes the pictures out of the archive that an item names by their paths. One item at a time, because a page may have thousands.
    fn unpack_images(&mut self, item: &mut Item) {
        if item.images.iter().all(|image| image.file.is_none()) {
            return;
        }
        let mut archive = match &mut self.source {
            Source::Archives(archives) => archives.last_mut(),
            _ => None,
        };
        let entry = item.place.entry.as_deref().unwrap_or_default();
        let mut images = mem::take(&mut item.images);
        for image in &mut images {
            let (limits, budget) = (&self.options.limits, &mut self.budget);
            if let (Some(file), Some(archive)) = (image.file.take(), archive.as_deref_mut()) {
                image.bytes = archive.image_beside(entry, &file, limits, budget).unwrap_or_default();
            }
        }
        images.retain(|image| !image.bytes.is_empty());
        if images.is_empty() && !item.left_out.iter().any(|field| field.pointer == "/image") {
            item.left_out.push(left_out("image"));
        }
        item.add_images(images);
    }

    fn read_entry(&mut self, entry: &Entry) {
        let layout = Layout::detect(&entry.bytes, &entry.path);
        let place = Place { entry: Some(entry.path.clone()), line: None };
        let before = self.queue.len();
        self.read_bytes(layout, &entry.bytes, &place, true);
        let is_one = self.queue.len() == before + 1;
        if let (true, Some(item), Source::Archives(archives)) =
            (is_one, self.queue.back_mut(), &mut self.source)
            && let (Ok(Content::Recipe(recipe)), Some(archive)) = (&item.content, archives.last_mut())
            && item.images.is_empty()
        {
            let steps = recipe.draft.content().instructions.as_ref().map_or(0, Vec::len);
            let images = archive.images_of(&entry.path, steps, &self.options.limits, &mut self.budget);
            item.add_images(images);
        }
    }

    /// Reads a file that is in memory.
    fn read_bytes(&mut self, layout: Layout, bytes: &[u8], place: &Place, in_archive: bool) {
        if let Layout::Gzip = layout {
            let max = self.options.limits.document_bytes;
            let mut unpacked = Vec::new();
            let read = MultiGzDecoder::new(bytes).take(max as u64 + 1).read_to_end(&mut unpacked);
            self.budget = self.budget.saturating_sub(unpacked.len() as u64);
            let name =
                place.entry.as_deref().unwrap_or(&self.options.file_name).trim_end_matches(".gz").to_owned();
            let inner = Layout::detect(&unpacked, &name);
            let why = match (read, inner) {
                (Err(_), _) => "is damaged: it cannot be unpacked".to_owned(),
                _ if unpacked.len() > max => too_long(max),
                _ if self.budget == 0 => "the archive unpacks to more than is read".to_owned(),
                (_, Layout::Gzip | Layout::Zip) => {
                    "is an archive in an archive, which is not read".to_owned()
                }
                (_, inner) => return self.read_bytes(inner, &unpacked, place, in_archive),
            };
            return self.queue.push_back(at(Item::refused(Format::Zip, why), place));
        }
        let name = place.entry.clone().unwrap_or_else(|| self.options.file_name.clone());
        let document = Document { layout, bytes, name: &name, options: &self.options };
        let items = document::items(&document);
        // An archive of another program has more than recipes.
        if in_archive && items.is_empty() {
            if self.skipped.len() < MAX_SKIPPED {
                self.skipped.push(name);
            }
            return;
        }
        if items.is_empty()
            && let Layout::Other(what) = layout
        {
            return self.refuse(Format::Text, format!("is {what}, not a file of recipes"));
        }
        if items.is_empty() {
            return self.refuse(self.options.format.unwrap_or(Format::Text), "has no recipe");
        }
        self.queue.extend(items.into_iter().map(|item| at(item, place)));
    }

    fn layout(&self, head: &[u8]) -> Layout {
        let detected = Layout::detect(head, &self.options.file_name);
        let is_packed = matches!(detected, Layout::Zip | Layout::Gzip);
        match self.options.format {
            _ if is_packed => detected,
            Some(Format::Html | Format::RecipeKeeper) => Layout::Html,
            Some(Format::Csv) => Layout::Csv,
            Some(Format::Cooklang) => Layout::Cooklang,
            Some(Format::Markdown) => Layout::Markdown,
            Some(Format::Text) => Layout::Text,
            Some(
                Format::Json
                | Format::JsonLd
                | Format::Mealie
                | Format::Tandoor
                | Format::Nextcloud
                | Format::Paprika
                | Format::RecipeSage,
            ) => Layout::Json,
            Some(Format::Zip) | None => detected,
        }
    }

    /// Whether the JSON is one document whose parts refer to each other, and not a list of recipes.
    fn is_one_document(&self, head: &[u8]) -> bool {
        let has = |name: &[u8]| head.windows(name.len()).any(|window| window == name);
        match self.options.format {
            Some(Format::Json) => return false,
            Some(Format::JsonLd) => return true,
            _ => {}
        }
        (has(b"\"@type\"") || has(b"\"@graph\"") || has(b"\"@context\""))
            && crate::lenient_json::parse(&text::of_bytes(head))
                .is_some_and(|value: Value| crate::schema_org::is_document(&value))
            && !objects::is_ndjson(&text::of_bytes(head))
    }

    fn refuse(&mut self, format: Format, why: impl Into<String>) {
        self.queue.push_back(Item::refused(format, why));
    }

    fn refuse_entry(&mut self, path: String, why: String) {
        let mut item = Item::failed(Format::Zip, vec![whole(why)]);
        item.place.entry = Some(path);
        self.queue.push_back(item);
    }
}

/// The whole file, or one byte more than allowed.
fn rest<'a>(head: Vec<u8>, rest: Option<Box<dyn Read + Send + 'a>>, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = head;
    if let Some(rest) = rest {
        let more = (max + 1).saturating_sub(bytes.len()) as u64;
        rest.take(more).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn at(mut item: Item, place: &Place) -> Item {
    item.place.entry = item.place.entry.or_else(|| place.entry.clone());
    item
}

/// Whether a file of a folder is left out because of its name: pictures and hidden files.
pub fn is_skipped(path: &str) -> bool {
    is_not_read(path)
}
