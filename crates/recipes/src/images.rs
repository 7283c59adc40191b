//! The pictures of a recipe: what its document says of them, and which step a picture belongs to after a change.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ids::RecipeId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fields::fields;
use crate::instruction::Instruction;
use crate::reader::{FieldReader, Reported, Rule};
use crate::schema::{View, component};

/// One of the sizes in which each picture is kept. A picture is never made larger than it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImageSize {
    Small,
    Medium,
    Large,
}

impl ImageSize {
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.name() == name)
    }

    /// The most pixels of the longer side.
    pub fn longest_side(self) -> u32 {
        match self {
            Self::Small => 320,
            Self::Medium => 800,
            Self::Large => 1_600,
        }
    }

    /// Width and height in this size of a picture with these.
    ///
    /// ```
    /// use recipes::ImageSize;
    ///
    /// assert_eq!(ImageSize::Small.of(4_000, 3_000), (320, 240));
    /// assert_eq!(ImageSize::Large.of(300, 100), (300, 100));
    /// ```
    pub fn of(self, width: u32, height: u32) -> (u32, u32) {
        let (longest, limit) = (width.max(height), self.longest_side());
        if longest <= limit {
            return (width, height);
        }
        let scaled = |side: u32| {
            let rounded = (u64::from(side) * u64::from(limit) + u64::from(longest) / 2) / u64::from(longest);
            u32::try_from(rounded).unwrap_or(limit).max(1)
        };
        (scaled(width), scaled(height))
    }
}

/// A picture that is kept for a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredImage {
    /// The step that it shows, from 1. `None`: the dish.
    pub step: Option<u32>,
    /// The digest of its largest size.
    pub digest: [u8; 32],
    /// Of its largest size.
    pub width: u32,
    pub height: u32,
}

impl StoredImage {
    /// A name of the content for addresses: another picture has another one.
    ///
    /// ```
    /// use recipes::StoredImage;
    ///
    /// assert_eq!(StoredImage::version(&[0xab; 32]), "abababababababab");
    /// ```
    pub fn version(digest: &[u8; 32]) -> String {
        digest.iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
            // Writing to a String does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// A picture in one size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizedImage {
    pub url: String,
    pub width: u32,
    pub height: u32,
}

/// A picture in its largest size, and in all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub url: String,
    pub width: u32,
    pub height: u32,
    /// In ascending order, each with another width: what `srcset` of HTML wants.
    pub sizes: Vec<SizedImage>,
}

/// The picture of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepImage {
    /// The position of the step in `instructions`, from 1.
    pub step: u32,
    #[serde(flatten)]
    pub image: Image,
}

fields! {
    /// The pictures of a recipe. Requests of their own set them, so they are no part of what its author writes.
    #[derive(Default, Eq)]
    pub struct RecipeImages {
        /// The picture of the dish.
        image: Option<Image> = optional("image", ImageRule);
        /// The pictures of steps.
        step_images: Option<Vec<StepImage>> = optional("stepImages", StepImagesRule);
    }
}

impl RecipeImages {
    /// What the document of this recipe says of these pictures.
    pub fn of(recipe: RecipeId, stored: &[StoredImage]) -> Self {
        let mut images = Self::default();
        let mut of_steps = Vec::new();
        for one in stored {
            let image = Image::of(recipe, one);
            match one.step {
                None => images.image = Some(image),
                Some(step) => of_steps.push(StepImage { step, image }),
            }
        }
        of_steps.sort_unstable_by_key(|image| image.step);
        images.step_images = Some(of_steps).filter(|images| !images.is_empty());
        images
    }

    pub fn is_empty(&self) -> bool {
        self.image.is_none() && self.step_images.is_none()
    }

    /// The picture of this step.
    pub fn of_step(&self, step: u32) -> Option<&Image> {
        self.step_images.iter().flatten().find(|image| image.step == step).map(|it| &it.image)
    }

    /// Puts the address of the service before each address.
    #[must_use]
    pub fn with_base(mut self, base: &str) -> Self {
        self.for_each_url(|url| url.insert_str(0, base));
        self
    }

    /// Adds the token of a share link to each address: all visitors with the link then see the picture, as they see the recipe.
    #[must_use]
    pub fn with_share(mut self, token: &str) -> Self {
        self.for_each_url(|url| url.extend(["&share=", token]));
        self
    }

    fn for_each_url(&mut self, change: impl Fn(&mut String)) {
        let of_steps = self.step_images.iter_mut().flatten().map(|step| &mut step.image);
        for image in self.image.iter_mut().chain(of_steps) {
            change(&mut image.url);
            image.sizes.iter_mut().for_each(|size| change(&mut size.url));
        }
    }
}

impl Image {
    pub fn of(recipe: RecipeId, stored: &StoredImage) -> Self {
        let place = stored.step.map_or_else(String::new, |step| format!("/steps/{step}"));
        let version = StoredImage::version(&stored.digest);
        let url = |size: ImageSize| {
            format!("/api/v1/recipes/{recipe}{place}/image?size={}&v={version}", size.name())
        };
        let (width, height) = (stored.width, stored.height);
        let mut sizes: Vec<SizedImage> = Vec::new();
        for size in ImageSize::ALL {
            let (width, height) = size.of(width, height);
            if sizes.last().is_none_or(|last| (last.width, last.height) != (width, height)) {
                sizes.push(SizedImage { url: url(size), width, height });
            }
        }
        Self { url: url(ImageSize::Large), width, height, sizes }
    }

    /// The value of `srcset`.
    pub fn srcset(&self) -> String {
        let sizes = self.sizes.iter().map(|size| format!("{} {}w", size.url, size.width));
        sizes.collect::<Vec<_>>().join(", ")
    }

    /// The smallest one.
    pub fn thumbnail(&self) -> &str {
        self.sizes.first().map_or(&self.url, |size| &size.url)
    }

    pub(crate) fn schema() -> Value {
        let mut schema = sized("A picture, a JPEG, in its largest size and in all of them.");
        schema["properties"]["sizes"] = json!({
            "type": "array", "items": component("SizedImage"),
            "description": "In ascending order, each with another width: what srcset of HTML wants.",
        });
        schema["required"] = json!(["url", "width", "height", "sizes"]);
        schema
    }
}

impl StepImage {
    pub(crate) fn schema() -> Value {
        let mut schema = Image::schema();
        schema["description"] = json!("The picture of a step.");
        schema["properties"]["step"] = json!({
            "type": "integer", "format": "int32", "minimum": 1,
            "description": "The position of the step in instructions, from 1.",
        });
        schema["required"] = json!(["step", "url", "width", "height", "sizes"]);
        schema
    }
}

impl SizedImage {
    pub(crate) fn schema() -> Value {
        sized("A picture in one size.")
    }
}

fn sized(description: &str) -> Value {
    let side = json!({ "type": "integer", "format": "int32", "minimum": 1, "description": "Pixels." });
    json!({
        "type": "object", "description": description,
        "properties": {
            "url": {
                "type": "string", "format": "uri-reference",
                "description": "Below the address of the service. Another picture has another address.",
                "example": "/api/v1/recipes/1/image?size=large&v=5d41402abc4b2a76",
            },
            "width": side, "height": side,
        },
        "required": ["url", "width", "height"],
    })
}

struct ImageRule;

struct StepImagesRule;

const NOT_WRITABLE: &str = "is set by a request of its own: PUT the picture to the address of the image";

impl Rule for ImageRule {
    type Value = Image;

    fn read(&self, r: &mut FieldReader, _: &Value) -> Result<Image, Reported> {
        r.error(NOT_WRITABLE)
    }

    fn schema(&self, _: View) -> Value {
        component("Image")
    }
}

impl Rule for StepImagesRule {
    type Value = Vec<StepImage>;

    fn read(&self, r: &mut FieldReader, _: &Value) -> Result<Vec<StepImage>, Reported> {
        r.error(NOT_WRITABLE)
    }

    fn schema(&self, _: View) -> Value {
        json!({ "type": "array", "items": component("StepImage") })
    }
}

/// Where the pictures of steps are after a change: each of `pictured` with its new step, or `None` if it has none any more.
///
/// A picture follows the text of its step. If that text is gone, the step was rewritten, and the picture stays at its number, unless
/// another picture has come there or there is no such step.
pub fn moved_steps(
    before: &[Instruction],
    after: &[Instruction],
    pictured: &[u32],
) -> Vec<(u32, Option<u32>)> {
    let text = |steps: &[Instruction], step: u32| {
        let index = usize::try_from(step).ok()?.checked_sub(1)?;
        steps.get(index).map(|step| step.text.clone())
    };
    let mut taken = BTreeSet::new();
    let mut places: Vec<(u32, Option<u32>)> = pictured
        .iter()
        .map(|&step| {
            let Some(wanted) = text(before, step) else { return (step, None) };
            let same = (1..).zip(after).filter(|(_, it)| it.text == wanted).map(|(number, _)| number);
            let free: Vec<u32> = same.filter(|number| !taken.contains(number)).collect();
            let place = if free.contains(&step) { Some(step) } else { free.first().copied() };
            taken.extend(place);
            (step, place)
        })
        .collect();
    for (step, place) in &mut places {
        let is_old = || before.iter().any(|it| Some(&it.text) == text(after, *step).as_ref());
        if place.is_none() && text(after, *step).is_some() && !is_old() && taken.insert(*step) {
            *place = Some(*step);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(texts: &[&str]) -> Vec<Instruction> {
        let step = |text: &&str| Instruction {
            section: None,
            text: (*text).to_owned(),
            minutes: None,
            unknown: serde_json::Map::new(),
        };
        texts.iter().map(step).collect()
    }

    #[test]
    fn picture_follows_the_text_of_its_step() {
        let before = steps(&["chop", "boil", "serve"]);
        for (after, pictured, want) in [
            (&["chop", "boil", "serve"][..], &[1, 3][..], &[Some(1), Some(3)][..]),
            (&["wash", "chop", "boil", "serve"], &[1, 2], &[Some(2), Some(3)]),
            (&["serve", "boil"], &[1, 2, 3], &[None, Some(2), Some(1)]),
            (&["chop", "simmer", "serve"], &[2], &[Some(2)]),
            (&["boil", "serve"], &[1], &[None]),
            (&["chop"], &[3], &[None]),
            (&[], &[1, 9], &[None, None]),
        ] {
            let moved = moved_steps(&before, &steps(after), pictured);
            let places: Vec<_> = moved.iter().map(|(_, place)| *place).collect();
            assert_eq!(places, want, "{after:?}");
        }
        let twice = steps(&["stir", "stir"]);
        assert_eq!(moved_steps(&twice, &twice, &[1, 2]), [(1, Some(1)), (2, Some(2))]);
    }

    #[test]
    fn sizes_keep_the_proportions_and_are_never_enlarged() {
        for (width, height, small, large) in [
            (4_000, 3_000, (320, 240), (1_600, 1_200)),
            (3_000, 4_000, (240, 320), (1_200, 1_600)),
            (100, 50, (100, 50), (100, 50)),
            (50_000, 1, (320, 1), (1_600, 1)),
        ] {
            assert_eq!(ImageSize::Small.of(width, height), small);
            assert_eq!(ImageSize::Large.of(width, height), large);
        }
    }

    #[test]
    fn document_lists_each_size_once() {
        let recipe = RecipeId::from_i64(7).unwrap();
        let stored = StoredImage { step: None, digest: [0xab; 32], width: 600, height: 400 };
        let of_step = StoredImage { step: Some(2), width: 100, height: 100, ..stored };
        let images = RecipeImages::of(recipe, &[of_step, stored]);
        let image = images.image.clone().unwrap();
        assert_eq!(image.url, "/api/v1/recipes/7/image?size=large&v=abababababababab");
        let sizes: Vec<_> = image.sizes.iter().map(|size| (size.width, size.height)).collect();
        assert_eq!(sizes, [(320, 213), (600, 400)]);
        assert!(image.srcset().ends_with("size=medium&v=abababababababab 600w"), "{}", image.srcset());
        let step = images.of_step(2).unwrap();
        assert_eq!((step.sizes.len(), step.thumbnail()), (1, &*step.sizes[0].url));
        assert!(step.url.starts_with("/api/v1/recipes/7/steps/2/image?"), "{}", step.url);
        let shared = images.clone().with_share("to-ken").image.unwrap();
        assert!(shared.url.ends_with("&v=abababababababab&share=to-ken"), "{}", shared.url);
        assert!(shared.sizes.iter().all(|size| size.url.ends_with("&share=to-ken")));
        let based = images.with_base("https://example.com/kitchen");
        assert!(based.image.unwrap().sizes[0].url.starts_with("https://example.com/kitchen/api/v1/"));
    }
}
