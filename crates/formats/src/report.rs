//! What a reader tells of each item of a file.

use std::fmt;

use recipes::{FieldError, ImportedRecipe};
use serde_json::{Map, Value};

use crate::format::Format;

/// One item of a file: a recipe or an account, or the reasons why it is neither.
#[derive(Clone, Debug)]
pub struct Item {
    /// The position in the file, counted from 1.
    pub number: u64,
    pub place: Place,
    /// The name of the recipe, also if it cannot be imported.
    pub name: Option<String>,
    pub format: Format,
    pub content: Result<Content, Vec<FieldError>>,
    /// The fields of the recipe that were found, by their names here.
    pub taken: Vec<String>,
    /// What the file has and a recipe has no field for, by its name in the file.
    pub left_out: Vec<FieldError>,
    /// What was changed, or looks wrong.
    pub warnings: Vec<String>,
    /// The pictures that the file has of a recipe, not decoded.
    pub images: Vec<ItemImage>,
}

/// A picture of a recipe, in any format.
#[derive(Clone, PartialEq, Eq)]
pub struct ItemImage {
    /// The step that it shows, from 1. `None`: the dish.
    pub step: Option<u32>,
    pub bytes: Vec<u8>,
    /// Its path beside the file of the recipe, until it is taken out of the archive.
    pub(crate) file: Option<String>,
}

impl ItemImage {
    pub fn new(step: Option<u32>, bytes: Vec<u8>) -> Self {
        Self { step, bytes, file: None }
    }

    pub(crate) fn in_file(file: String) -> Self {
        Self { step: None, bytes: Vec::new(), file: Some(file) }
    }
}

impl fmt::Debug for ItemImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemImage({:?}, {} bytes)", self.step, self.bytes.len())
    }
}

/// What an item is.
#[derive(Clone, Debug)]
pub enum Content {
    Recipe(Box<ImportedRecipe>),
    /// An object with an e-mail address: an account of the original API.
    Account(Map<String, Value>),
}

/// Where an item is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The path inside an archive or a folder.
    pub entry: Option<String>,
    /// The line on which the item begins, or of the error, counted from 1.
    pub line: Option<u64>,
}

impl Item {
    /// Adds pictures that were found beside the recipe: then what the file says of them is not lost.
    pub fn add_images(&mut self, images: Vec<ItemImage>) {
        let is_there = |pointer: &str| match pointer {
            "/image" => images.iter().any(|image| image.step.is_none()),
            "/stepImages" => images.iter().any(|image| image.step.is_some()),
            _ => false,
        };
        self.left_out.retain(|field| !is_there(&field.pointer));
        self.images.extend(images);
    }

    pub(crate) fn failed(format: Format, errors: Vec<FieldError>) -> Self {
        Self {
            number: 0,
            place: Place::default(),
            name: None,
            format,
            content: Err(errors),
            taken: Vec::new(),
            left_out: Vec::new(),
            warnings: Vec::new(),
            images: Vec::new(),
        }
    }

    pub(crate) fn refused(format: Format, message: impl Into<String>) -> Self {
        Self::failed(format, vec![whole(message)])
    }
}

/// An error of the item as a whole.
pub(crate) fn whole(message: impl Into<String>) -> FieldError {
    FieldError { pointer: String::new(), message: message.into() }
}

/// A member that has no field here.
pub(crate) fn left_out(name: &str) -> FieldError {
    let name = name.replace('~', "~0").replace('/', "~1");
    FieldError { pointer: format!("/{name}"), message: "has no field here".to_owned() }
}
