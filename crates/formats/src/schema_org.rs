//! schema.org recipes: where they are in a JSON-LD document, and their fields.

mod fields;
mod instructions;
mod nutrition;
mod values;

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::assemble::{Found, Step};

pub(crate) use self::fields::{ingredient, ingredients, language, timestamp};
pub(crate) use self::instructions::steps_of_text;
pub(crate) use self::nutrition::{FACTS, fact};
pub(crate) use self::values::{address, split_words};

/// Facts about the page that contains the document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) url: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) site: Option<String>,
    pub(crate) language: Option<String>,
}

/// Levels of nesting that are searched.
const MAX_DEPTH: usize = 24;
/// Objects that are searched: a page has hundreds.
const MAX_OBJECTS: usize = 200_000;

/// Recipes before one that are compared with it.
const NEAR: usize = 50;

type Object = Map<String, Value>;

/// The documents of one page, and their objects by `@id`.
pub(crate) struct Graph<'a> {
    by_id: HashMap<&'a str, &'a Object>,
}

/// The recipes of the documents of one page or file. A list of links to recipes is none.
pub(crate) fn recipes(documents: &[Value], page: &Page) -> Vec<Found> {
    let mut search = Search { recipes: Vec::new(), graph: Graph { by_id: HashMap::new() }, objects: 0 };
    for document in documents {
        search.visit(document, MAX_DEPTH, false);
    }
    let Search { recipes, graph, .. } = search;
    let is_only = recipes.len() == 1;
    let mut found: Vec<Found> = Vec::new();
    for recipe in recipes {
        let read = fields::recipe(recipe, &graph, page, is_only);
        // Pages repeat their recipe, and lists name recipes of other pages.
        if (is_only || !read.is_empty()) && !found.iter().rev().take(NEAR).any(|other| *other == read) {
            found.push(read);
        }
    }
    found
}

/// The steps of a text or a list, in any shape of schema.org.
pub(crate) fn steps_of_value(value: &Value) -> Vec<Step> {
    instructions::Instructions::of(value).steps
}

/// The names of people, and a web address.
pub(crate) fn names_of(value: &Value) -> (String, String) {
    let (names, url) = values::names(value, &Graph { by_id: HashMap::new() });
    (names.join(", "), url)
}

/// Whether the value is a document of schema.org with a recipe in it.
pub(crate) fn is_document(value: &Value) -> bool {
    let mut search = Search { recipes: Vec::new(), graph: Graph { by_id: HashMap::new() }, objects: 0 };
    search.visit(value, MAX_DEPTH, false);
    !search.recipes.is_empty()
}

struct Search<'a> {
    recipes: Vec<&'a Object>,
    graph: Graph<'a>,
    objects: usize,
}

impl<'a> Search<'a> {
    fn visit(&mut self, value: &'a Value, depth: usize, in_recipe: bool) {
        if depth == 0 || self.objects > MAX_OBJECTS {
            return;
        }
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.visit(value, depth - 1, in_recipe)),
            Value::Object(object) => {
                self.objects += 1;
                if let Some(id) = object.get("@id").and_then(Value::as_str)
                    && object.len() > 1
                {
                    self.graph.by_id.entry(id).or_insert(object);
                }
                let has_recipe_type = has_type(object, "Recipe");
                if has_recipe_type && !in_recipe {
                    self.recipes.push(object);
                }
                for value in object.values() {
                    self.visit(value, depth - 1, in_recipe || has_recipe_type);
                }
            }
            _ => {}
        }
    }
}

/// Whether the object has this type, possibly among others, with or without schema.org's address.
pub(crate) fn has_type(object: &Object, wanted: &str) -> bool {
    let is_it = |value: &Value| {
        value.as_str().is_some_and(|name| {
            name.rsplit(['/', ':', '#']).next().is_some_and(|it| it.trim().eq_ignore_ascii_case(wanted))
        })
    };
    match object.get("@type").or(object.get("type")) {
        Some(Value::Array(types)) => types.iter().any(is_it),
        Some(value) => is_it(value),
        None => false,
    }
}

/// A member by its schema.org name, whatever prefix it has.
pub(crate) fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    if let Some(value) = object.get(name) {
        return Some(value);
    }
    let has_prefixes = object.keys().any(|key| key.contains(':'));
    if !has_prefixes {
        return None;
    }
    ["schema:", "http://schema.org/", "https://schema.org/"]
        .iter()
        .find_map(|prefix| object.get(&format!("{prefix}{name}")))
}

impl<'a> Graph<'a> {
    /// The object itself, or the one that it refers to by `@id`.
    pub(crate) fn resolve(&self, object: &'a Object) -> &'a Object {
        if object.len() <= 2
            && let Some(id) = object.get("@id").and_then(Value::as_str)
            && object.keys().all(|key| key.starts_with('@'))
        {
            return self.by_id.get(id).copied().unwrap_or(object);
        }
        object
    }
}
