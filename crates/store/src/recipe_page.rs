//! A page of recipes.

use std::ops::Range;

use ::recipes::{Rating, write_recipe_json};
use ids::RecipeId;

/// The recipes of a page as JSON objects, in the order of their ids: `{"id":1,...},{"id":2,...}`. They share one buffer, which
/// a response continues: so a page is copied once, out of the database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipePage {
    json: Vec<u8>,
    /// Each recipe's id, and where its object is in `json`.
    places: Vec<(RecipeId, Range<usize>)>,
}

impl RecipePage {
    /// An empty page behind `json`.
    pub(crate) fn after(json: Vec<u8>) -> Self {
        Self { json, places: Vec::new() }
    }

    pub(crate) fn reserve(&mut self, rows: usize, bytes: usize) {
        self.json.reserve(bytes);
        self.places.reserve(rows);
    }

    pub(crate) fn push(&mut self, id: RecipeId, stored: &[u8], rating: Option<Rating>) {
        if !self.is_empty() {
            self.json.push(b',');
        }
        let start = self.json.len();
        write_recipe_json(&mut self.json, id, stored);
        if let Some(rating) = rating {
            rating.append_to(&mut self.json);
        }
        self.places.push((id, start..self.json.len()));
    }

    /// Each recipe's id and JSON object.
    pub fn iter(&self) -> impl Iterator<Item = (RecipeId, &[u8])> {
        self.places.iter().map(|(id, place)| (*id, self.json.get(place.clone()).unwrap_or_default()))
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub fn last(&self) -> Option<RecipeId> {
        self.places.last().map(|&(id, _)| id)
    }

    /// The bytes of the objects and of what was before them.
    pub fn json_len(&self) -> usize {
        self.json.len()
    }

    /// What was before, and the objects with commas between them.
    pub fn into_json(self) -> Vec<u8> {
        self.json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_of_a_page_are_told_apart_and_follow_the_text_before_them() {
        let id = |number| RecipeId::from_i64(number).unwrap();
        let mut page = RecipePage::after(b"[".to_vec());
        assert_eq!((page.iter().count(), page.last()), (0, None));
        page.push(id(7), b"\"name\":\"Soup\"}", Rating::of(2, 9));
        page.push(id(9), b"\"name\":\"Bread\"}", None);
        let soup = br#"{"id":7,"name":"Soup","rating":{"average":4.5,"count":2}}"#;
        let bread = br#"{"id":9,"name":"Bread"}"#;
        assert_eq!(page.iter().collect::<Vec<_>>(), [(id(7), &soup[..]), (id(9), &bread[..])]);
        assert_eq!((page.len(), page.last()), (2, Some(id(9))));
        assert_eq!(page.into_json(), [b"[", &soup[..], b",", bread].concat());
    }
}
