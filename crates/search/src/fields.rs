//! The fields of the index, and how a recipe fills them.

use ids::RecipeId;
use jiff::Timestamp;
use recipes::{Rating, Recipe, Visibility, slug};
use tantivy::index::{IndexSettings, IndexSortByField, Order};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, NumericOptions, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{TantivyDocument, Term};

/// Changes with every change of the fields or of the splitting into words: an older index is built anew.
pub(crate) const VERSION: u32 = 2;

/// The name under which the index knows the splitting of texts.
pub(crate) const TOKENIZER: &str = "recipe_words";

/// Between the form that is compared and the form that is shown.
pub(crate) const SEPARATOR: char = '\0';

/// Names are compared by their beginnings, in bytes.
const NAME_KEY: usize = 120;

/// How often the words of the keywords count. Repeated words keep one field, which is searched twelve times as fast as five fields
/// with factors.
const KEYWORD_WEIGHT: usize = 2;

/// A name is repeated until it has so many words, but at least twice: "Pancake" is more about pancakes than "Spiced Apple Pancakes".
const NAME_WORDS: usize = 8;

/// The fields. Columns are read by document, the others by word.
#[derive(Clone)]
pub(crate) struct Fields {
    /// Column, and by value.
    pub(crate) id: Field,
    /// All words of the recipe: the only field with a score.
    pub(crate) all: Field,
    pub(crate) name: Field,
    pub(crate) ingredients: Field,
    pub(crate) author: Field,
    /// Lists of texts by slug, and as columns of `slug NUL text`.
    pub(crate) labels: Tags,
    pub(crate) keywords: Tags,
    pub(crate) cuisine: Tags,
    pub(crate) category: Tags,
    pub(crate) language: Tags,
    /// Column: the id of the owner, 0 without one. Also by value.
    pub(crate) owner: Field,
    schema: Schema,
}

/// A field that is a list of short texts.
#[derive(Clone, Copy)]
pub(crate) struct Tags {
    pub(crate) slugs: Field,
    pub(crate) column: &'static str,
    texts: Field,
}

/// Names of the columns of numbers.
pub(crate) mod column {
    pub(crate) const ID: &str = "id";
    pub(crate) const OWNER: &str = "owner";
    /// 0 for public, 1 for members, 2 for private.
    pub(crate) const AUDIENCE: &str = "audience";
    /// The time of the last change and the low bits of the id: the order of the index, newest first.
    pub(crate) const ORD: &str = "ord";
    /// To compare the index with the store.
    pub(crate) const REVISION: &str = "revision";
    /// Milliseconds since 1970.
    pub(crate) const CREATED: &str = "created";
    pub(crate) const TOTAL: &str = "total";
    pub(crate) const PREPARATION: &str = "preparation";
    pub(crate) const COOKING: &str = "cooking";
    pub(crate) const DIFFICULTY: &str = "difficulty";
    /// See [`rating_key`](super::rating_key). Recipes without a rating have none.
    pub(crate) const RATING: &str = "rating";
    pub(crate) const NAME: &str = "name_key";
}

/// Low bits of the id in `ord`. Milliseconds take 41 bits until 2039 and 42 until 2109.
const ORD_ID_BITS: u32 = 22;

impl Fields {
    pub(crate) fn new() -> Self {
        let mut schema = Schema::builder();
        let words = |option| {
            TextOptions::default().set_indexing_options(
                TextFieldIndexing::default().set_tokenizer(TOKENIZER).set_index_option(option),
            )
        };
        let scored = words(IndexRecordOption::WithFreqsAndPositions);
        let id = schema.add_u64_field(column::ID, INDEXED | FAST);
        let all = schema.add_text_field("all", scored.clone());
        let name = schema.add_text_field("name", scored.clone());
        let ingredients = schema.add_text_field("ingredients", scored.clone());
        let author = schema.add_text_field("author", scored);
        let mut tags = |name: &'static str, column: &'static str| Tags {
            slugs: schema.add_text_field(name, STRING),
            texts: schema.add_text_field(column, TextOptions::default().set_fast("raw")),
            column,
        };
        let labels = tags("labels", "label_texts");
        let keywords = tags("keywords", "keyword_texts");
        let cuisine = tags("cuisine", "cuisine_texts");
        let category = tags("category", "category_texts");
        let language = tags("language", "language_texts");
        let owner = schema.add_u64_field(column::OWNER, INDEXED | FAST);
        for name in [
            column::AUDIENCE,
            column::ORD,
            column::REVISION,
            column::CREATED,
            column::TOTAL,
            column::PREPARATION,
            column::COOKING,
            column::DIFFICULTY,
            column::RATING,
        ] {
            schema.add_u64_field(name, NumericOptions::default().set_fast());
        }
        schema.add_text_field(column::NAME, TextOptions::default().set_fast("raw"));
        let schema = schema.build();
        Self {
            id,
            all,
            name,
            ingredients,
            author,
            labels,
            keywords,
            cuisine,
            category,
            language,
            owner,
            schema,
        }
    }

    pub(crate) fn schema(&self) -> Schema {
        self.schema.clone()
    }

    pub(crate) fn settings() -> IndexSettings {
        let sort = IndexSortByField { field: column::ORD.into(), order: Order::Desc };
        IndexSettings { sort_by_field: Some(sort), ..IndexSettings::default() }
    }

    pub(crate) fn id_term(&self, id: RecipeId) -> Term {
        Term::from_field_u64(self.id, unsigned(id.get()))
    }

    pub(crate) fn document(&self, recipe: &Recipe) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        let (content, server) = (&recipe.content, &recipe.server);
        document.add_u64(self.id, unsigned(recipe.id.get()));
        let words = content.name.split_whitespace().count().max(1);
        for _ in 0..NAME_WORDS.div_ceil(words).max(2) {
            document.add_text(self.all, &content.name);
        }
        let keywords = content.keywords.iter().flatten();
        for keyword in
            keywords.chain(content.cuisine.iter().flatten()).chain(content.category.iter().flatten())
        {
            for _ in 0..KEYWORD_WEIGHT {
                document.add_text(self.all, keyword);
            }
        }
        for text in content.description.iter().chain(&content.ingredients) {
            document.add_text(self.all, text);
        }
        for step in content.instructions.iter().flatten() {
            document.add_text(self.all, &step.text);
        }
        document.add_text(self.name, &content.name);
        for line in &content.ingredients {
            document.add_text(self.ingredients, line);
        }
        if let Some(name) = content.author.as_ref().and_then(|author| author.name.as_ref()) {
            document.add_text(self.author, name);
        }
        add_tags(&mut document, self.labels, &content.health_labels);
        for (tags, texts) in [
            (self.keywords, &content.keywords),
            (self.cuisine, &content.cuisine),
            (self.category, &content.category),
        ] {
            add_tags(&mut document, tags, texts.iter().flatten());
        }
        if let Some(language) = &content.language {
            // "de-AT" is also found by "de".
            let base = language.split_once('-').map(|(base, _)| base.to_owned());
            add_tags(&mut document, self.language, [language].into_iter().chain(&base));
        }
        document.add_u64(self.owner, server.owner.map_or(0, |owner| unsigned(owner.get())));
        let mut add = |name, value: Option<u64>| {
            if let (Some(value), Ok(field)) = (value, self.schema.get_field(name)) {
                document.add_u64(field, value);
            }
        };
        add(column::AUDIENCE, Some(audience(content.visibility)));
        add(column::ORD, Some(ord(server.updated_at, recipe.id)));
        add(column::REVISION, Some(unsigned(server.revision)));
        add(column::CREATED, Some(milliseconds(server.created_at)));
        add(column::TOTAL, total_minutes(recipe));
        add(column::PREPARATION, content.prep_time_minutes.map(u64::from));
        add(column::COOKING, content.cook_time_minutes.map(u64::from));
        add(column::DIFFICULTY, content.difficulty.map(u64::from));
        add(column::RATING, recipe.rating.map(rating_key));
        if let Ok(field) = self.schema.get_field(column::NAME) {
            document.add_text(field, name_key(&content.name));
        }
        document
    }
}

fn add_tags<'a>(document: &mut TantivyDocument, tags: Tags, texts: impl IntoIterator<Item = &'a String>) {
    for text in texts {
        let slug = slug(text);
        document.add_text(tags.texts, format!("{slug}{SEPARATOR}{text}"));
        document.add_text(tags.slugs, slug);
    }
}

/// The stated total, or what preparation and cooking add up to.
fn total_minutes(recipe: &Recipe) -> Option<u64> {
    let content = &recipe.content;
    let parts = || Some(u64::from(content.prep_time_minutes?) + u64::from(content.cook_time_minutes?));
    content.total_time_minutes.map(u64::from).or_else(parts)
}

/// The average, and for equal ones the number of ratings.
fn rating_key(rating: Rating) -> u64 {
    (u64::from(rating.average().hundredths()) << 32) | u64::from(rating.count())
}

pub(crate) fn audience(visibility: Visibility) -> u64 {
    match visibility {
        Visibility::Public => 0,
        Visibility::Members => 1,
        Visibility::Private => 2,
    }
}

pub(crate) fn ord(updated_at: Timestamp, id: RecipeId) -> u64 {
    let low = unsigned(id.get()) & ((1 << ORD_ID_BITS) - 1);
    (milliseconds(updated_at) << ORD_ID_BITS) | low
}

/// The least `ord` of a recipe that was changed at this time.
pub(crate) fn least_ord(updated_at: Timestamp) -> u64 {
    milliseconds(updated_at) << ORD_ID_BITS
}

pub(crate) fn milliseconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or(0)
}

/// Names sort without regard to case; ties by the name as it is written.
pub(crate) fn name_key(name: &str) -> String {
    let mut key = name.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let end = key.floor_char_boundary(NAME_KEY);
    key.truncate(end);
    key
}

pub(crate) fn unsigned(id: i64) -> u64 {
    u64::try_from(id).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_changes_and_higher_ids_have_a_higher_ord() {
        let id = |number| RecipeId::from_i64(number).unwrap();
        let time = |text: &str| text.parse().unwrap();
        let (early, late) = (time("2024-05-01T12:00:00Z"), time("2024-05-01T12:00:00.001Z"));
        assert!(ord(early, id(1)) < ord(early, id(2)));
        assert!(ord(early, id(2)) < ord(late, id(1)));
        assert!(ord(time("2108-01-01T00:00:00Z"), id(1)) > ord(late, id(1)));
        assert!(least_ord(late) <= ord(late, id(1)) && least_ord(late) > ord(early, id(4_194_303)));
    }
}
