//! Many recipes as one document, written piece by piece: NDJSON, JSON, JSON-LD, or a zip archive with one file a recipe.
//!
//! An archive also has the pictures.
//!
//! What was written so far is taken out and sent while the rest is still in the database. A zip archive lists its files at its
//! end, so it needs some hundred bytes for each of them; the other documents need memory for one page of recipes.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use ids::RecipeId;
use recipes::export::{ExportFormat, json_ld_value};
use recipes::{CorruptRecipe, Recipe, RecipeImages};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// The form of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CollectionFormat {
    /// One recipe a line, as the API answers it.
    Ndjson,
    /// An array, as the API answers it.
    Json,
    /// One JSON-LD document with all recipes in `@graph`.
    JsonLd,
    /// A zip archive with a file for each recipe: JSON, as the API answers it, or a document for people.
    Zip(Option<ExportFormat>),
}

/// A document that is being written.
pub(crate) struct CollectionWriter {
    format: CollectionFormat,
    /// What was written and not taken.
    text: Vec<u8>,
    archive: Option<Archive>,
    /// Whether the owners of the recipes are written. Their ids mean nothing on another server.
    with_owners: bool,
    /// The address of the service, for documents that go elsewhere.
    site: Option<String>,
    recipes: u64,
    /// How many recipes lose which field in this format.
    lost: BTreeMap<&'static str, u64>,
}

/// A picture of a recipe that was added.
#[derive(Debug)]
pub(crate) struct WantedImage {
    pub(crate) recipe: RecipeId,
    pub(crate) step: Option<u32>,
    /// Its name in the archive.
    file: String,
}

/// A recipe could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CollectionError {
    #[error(transparent)]
    Corrupt(#[from] CorruptRecipe),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Zip(#[from] zip::result::ZipError),
}

impl CollectionWriter {
    pub(crate) fn new(format: CollectionFormat, with_owners: bool) -> Self {
        let archive = matches!(format, CollectionFormat::Zip(_)).then(Archive::new);
        let text = match format {
            CollectionFormat::Json => b"[".to_vec(),
            CollectionFormat::JsonLd => b"{\"@context\":\"https://schema.org\",\"@graph\":[".to_vec(),
            CollectionFormat::Ndjson | CollectionFormat::Zip(_) => Vec::new(),
        };
        Self { format, text, archive, with_owners, site: None, recipes: 0, lost: BTreeMap::new() }
    }

    /// Where the pictures are.
    #[must_use]
    pub(crate) fn at(self, site: Option<String>) -> Self {
        Self { site, ..self }
    }

    /// Adds a recipe, as the API answers it. Answers with its pictures, if the document has a place for them.
    ///
    /// # Errors
    /// [`CollectionError`]: the document is incomplete then.
    pub(crate) fn push(&mut self, json: &[u8]) -> Result<Vec<WantedImage>, CollectionError> {
        let mut wanted = Vec::new();
        let separator: &[u8] = match self.format {
            CollectionFormat::Json | CollectionFormat::JsonLd if self.recipes > 0 => b",\n",
            CollectionFormat::Json | CollectionFormat::JsonLd => b"\n",
            CollectionFormat::Ndjson | CollectionFormat::Zip(_) => b"",
        };
        self.text.extend_from_slice(separator);
        self.recipes += 1;
        match self.format {
            CollectionFormat::Ndjson | CollectionFormat::Json => {
                if self.with_owners {
                    self.text.extend_from_slice(json);
                } else {
                    let recipe = self.recipe(json)?;
                    self.count_lost_images(&recipe);
                    self.text.extend_from_slice(&recipe.to_json());
                }
                if self.format == CollectionFormat::Ndjson {
                    self.text.push(b'\n');
                }
            }
            CollectionFormat::JsonLd => {
                let mut recipe = self.recipe(json)?;
                self.count_lost(ExportFormat::JsonLd, &recipe);
                // Programs keep the document without the address that it comes from.
                if let Some(site) = &self.site {
                    recipe.images = recipe.images.with_base(site);
                } else {
                    self.count_lost_images(&recipe);
                    recipe.images = RecipeImages::default();
                }
                let mut value = json_ld_value(&recipe);
                // The document has it already.
                value.as_object_mut().map(|object| object.remove("@context"));
                serde_json::to_writer(&mut self.text, &value).map_err(io::Error::from)?;
            }
            CollectionFormat::Zip(format) => {
                let recipe = self.recipe(json)?;
                let (extension, document) = match format {
                    Some(format) => {
                        self.count_lost(format, &recipe);
                        (format.extension(), format.write(&recipe).into_bytes())
                    }
                    None => ("json", recipe.to_json()),
                };
                if let Some(archive) = &mut self.archive {
                    archive.add(&format!("{}.{extension}", file_stem(&recipe)), &document)?;
                    wanted = images_of(&recipe);
                }
            }
        }
        Ok(wanted)
    }

    /// Adds a picture that [`push`](Self::push) has asked for.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn push_image(&mut self, wanted: &WantedImage, jpeg: &[u8]) -> Result<(), CollectionError> {
        match &mut self.archive {
            Some(archive) => archive.add(&wanted.file, jpeg),
            None => Ok(()),
        }
    }

    fn recipe(&self, json: &[u8]) -> Result<Recipe, CorruptRecipe> {
        let mut recipe = Recipe::from_json(json)?;
        if !self.with_owners {
            recipe.server.owner = None;
        }
        Ok(recipe)
    }

    fn count_lost_images(&mut self, recipe: &Recipe) {
        if !recipe.images.is_empty() {
            *self.lost.entry("image").or_default() += 1;
        }
    }

    fn count_lost(&mut self, format: ExportFormat, recipe: &Recipe) {
        for field in format.lost_fields(&recipe.content) {
            *self.lost.entry(field).or_default() += 1;
        }
    }

    /// What was written since the last call.
    pub(crate) fn take_written(&mut self) -> Vec<u8> {
        match &self.archive {
            Some(archive) => archive.out.take(),
            None => std::mem::take(&mut self.text),
        }
    }

    /// The fields that the format has no place for, with the number of recipes that lose them.
    pub(crate) fn lost(&self) -> &BTreeMap<&'static str, u64> {
        &self.lost
    }

    /// The end of the document.
    ///
    /// # Errors
    /// [`CollectionError`]
    pub(crate) fn finish(&mut self) -> Result<Vec<u8>, CollectionError> {
        let end: &[u8] = match self.format {
            CollectionFormat::Json if self.recipes == 0 => b"]\n",
            CollectionFormat::Json => b"\n]\n",
            CollectionFormat::JsonLd if self.recipes == 0 => b"]}\n",
            CollectionFormat::JsonLd => b"\n]}\n",
            CollectionFormat::Ndjson | CollectionFormat::Zip(_) => b"",
        };
        self.text.extend_from_slice(end);
        let Some(Archive { zip, out }) = self.archive.take() else { return Ok(self.take_written()) };
        zip.finish()?;
        Ok(out.take())
    }
}

/// `7 tomato soup`, without an extension: the id makes it unique. Characters that a file system may refuse become spaces.
fn file_stem(recipe: &Recipe) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '\'') { c } else { ' ' };
    let name: String = recipe.content.name.chars().map(plain).collect();
    let words: String = name.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(60).collect();
    format!("{} {}", recipe.id, words.trim()).trim().to_owned()
}

/// `7 tomato soup.jpg` and `7 tomato soup step 2.jpg`: an import finds them by these names.
fn images_of(recipe: &Recipe) -> Vec<WantedImage> {
    let (stem, recipe_id) = (file_stem(recipe), recipe.id);
    let dish = recipe.images.image.iter().map(|_| (None, format!("{stem}.jpg")));
    let steps = recipe.images.step_images.iter().flatten();
    let steps = steps.map(|image| (Some(image.step), format!("{stem} step {}.jpg", image.step)));
    dish.chain(steps).map(|(step, file)| WantedImage { recipe: recipe_id, step, file }).collect()
}

struct Archive {
    zip: ZipWriter<StreamWriter<Out>>,
    out: Out,
}

impl Archive {
    fn new() -> Self {
        let out = Out::default();
        Self { zip: ZipWriter::new_stream(out.clone()), out }
    }

    fn add(&mut self, name: &str, document: &[u8]) -> Result<(), CollectionError> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        self.zip.start_file(name, options)?;
        Ok(self.zip.write_all(document)?)
    }
}

/// Where the archive is written: the writer owns one handle, and the other one takes out what was written.
#[derive(Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>);

impl Out {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use serde_json::Value;
    use zip::ZipArchive;

    use super::*;

    const RECIPE: &str = r#"{"id":1,"name":"\"ownerId\": 7","healthLabels":[],"cookTimeMinutes":null,"prepTimeMinutes":5,"ingredients":[],"difficulty":2,"extra":{"a":"ü","ownerId":8},"ownerId":7,"uid":"018f3404-d600-7fff-bfff-ffffffffffff","revision":1,"createdAt":"2024-05-01T12:00:00Z","updatedAt":"2024-05-01T12:00:00Z"}"#;

    fn write(
        format: CollectionFormat,
        with_owners: bool,
        recipes: &[&str],
    ) -> (Vec<u8>, BTreeMap<&'static str, u64>) {
        let mut writer = CollectionWriter::new(format, with_owners);
        let mut out = Vec::new();
        for recipe in recipes {
            writer.push(recipe.as_bytes()).unwrap();
            out.extend(writer.take_written());
        }
        out.extend(writer.finish().unwrap());
        assert_eq!(writer.recipes, recipes.len() as u64);
        (out, writer.lost().clone())
    }

    #[test]
    fn owner_is_left_out_and_the_rest_does_not_change() {
        let communal = RECIPE.replace(r#""ownerId":7,"#, "");
        assert_ne!(communal, RECIPE);
        for (recipe, with_owners, want) in
            [(RECIPE, false, &*communal), (&communal, false, &communal), (RECIPE, true, RECIPE)]
        {
            let (out, lost) = write(CollectionFormat::Ndjson, with_owners, &[recipe]);
            assert_eq!((String::from_utf8(out).unwrap(), lost.len()), (format!("{want}\n"), 0));
        }
    }

    #[test]
    fn documents_are_complete_with_any_number_of_recipes() {
        for count in 0..3 {
            let recipes = vec![RECIPE; count];
            let (array, _) = write(CollectionFormat::Json, true, &recipes);
            assert_eq!(serde_json::from_slice::<Vec<Value>>(&array).unwrap().len(), count);
            let (graph, lost) = write(CollectionFormat::JsonLd, true, &recipes);
            let graph: Value = serde_json::from_slice(&graph).unwrap();
            assert_eq!(graph["@context"], "https://schema.org");
            assert_eq!(graph["@graph"].as_array().unwrap().len(), count);
            assert!(graph["@graph"].as_array().unwrap().iter().all(|it| it.get("@context").is_none()));
            assert_eq!(lost.get("difficulty").copied().unwrap_or(0), count as u64);
        }
    }

    #[test]
    fn archive_has_a_file_for_each_recipe() {
        let second = RECIPE
            .replace("\"id\":1,", "\"id\":2,")
            .replace("\\\"ownerId\\\": 7", "../Crème: brûlée/\\u0000");
        let (out, _) = write(CollectionFormat::Zip(None), true, &[RECIPE, &second]);
        let mut archive = ZipArchive::new(Cursor::new(out)).unwrap();
        let mut text = String::new();
        archive.by_name("1 ownerId 7.json").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, RECIPE);
        assert!(archive.by_name("2 Crème brûlée.json").is_ok());
        let (out, lost) = write(CollectionFormat::Zip(Some(ExportFormat::Markdown)), true, &[RECIPE]);
        let mut archive = ZipArchive::new(Cursor::new(out)).unwrap();
        text.clear();
        archive.by_name("1 ownerId 7.md").unwrap().read_to_string(&mut text).unwrap();
        assert!(text.starts_with("# \"ownerId\": 7\n"), "{text}");
        assert_eq!(lost, BTreeMap::from([("extra", 1)]));
    }

    #[test]
    fn pictures_are_in_archives_or_named_as_lost() {
        let image = r#""image":{"url":"/api/v1/recipes/1/image?size=large","width":4,"height":3,"sizes":[]},"ownerId":7,"#;
        let pictured = RECIPE.replace(r#""ownerId":7,"uid""#, &format!("{image}\"uid\""));
        assert_ne!(pictured, RECIPE);
        let lost = BTreeMap::from([("image", 1)]);
        for format in [CollectionFormat::Ndjson, CollectionFormat::Json] {
            assert_eq!(write(format, false, &[&pictured, RECIPE]).1, lost, "{format:?}");
        }
        let mut writer = CollectionWriter::new(CollectionFormat::Zip(None), false);
        let wanted = writer.push(pictured.as_bytes()).unwrap();
        writer.push_image(&wanted[0], b"jpeg").unwrap();
        let mut archive = ZipArchive::new(Cursor::new(writer.finish().unwrap())).unwrap();
        let mut jpeg = Vec::new();
        archive.by_name("1 ownerId 7.jpg").unwrap().read_to_end(&mut jpeg).unwrap();
        assert_eq!((jpeg.as_slice(), writer.lost().len()), (&b"jpeg"[..], 0));
        let (bare, lost) = write(CollectionFormat::JsonLd, false, &[&pictured]);
        assert_eq!((lost["image"], String::from_utf8(bare).unwrap().contains("/image?")), (1, false));
        let site = Some("https://example.com".to_owned());
        let mut writer = CollectionWriter::new(CollectionFormat::JsonLd, true).at(site);
        writer
            .push(
                &pictured
                    .replace(r#""sizes":[]"#, r#""sizes":[{"url":"/a","width":1,"height":1}]"#)
                    .into_bytes(),
            )
            .unwrap();
        let document: Value = serde_json::from_slice(&writer.finish().unwrap()).unwrap();
        assert_eq!(document["@graph"][0]["image"][0], "https://example.com/a");
    }

    #[test]
    fn corrupt_recipe_is_an_error_with_its_id() {
        let mut writer = CollectionWriter::new(CollectionFormat::Ndjson, false);
        let error = writer.push(RECIPE.replace("[]", "{}").as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "recipe 1 is corrupt: the field healthLabels is missing or has a wrong type"
        );
    }
}
