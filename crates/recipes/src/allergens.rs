//! Hints on allergens: the words of ingredient lines that may stand for one of the 14 allergens of EU Regulation 1169/2011.
//!
//! A hint is a reason to look at a line again, never a statement: a line may contain an allergen without naming it, and a word
//! may mean something else. So nothing here says that a recipe is free of anything, and no label is set.
//!
//! ```
//! use recipes::allergens::allergens_in_line;
//!
//! let found = allergens_in_line("2 tbsp peanut butter");
//! assert_eq!(found[0].0.code(), "peanuts");
//! assert_eq!(found[0].1, ["peanut butter"]);
//! assert!(allergens_in_line("1 can coconut milk").is_empty());
//! ```

mod words;

use serde::Serialize;

use self::words::WORDS;
use crate::content::Content;

/// Declares the allergens, their codes and the health labels that they speak against.
macro_rules! allergens {
    ($($name:ident $code:literal: $($label:literal)+;)+) => {
        /// An allergen of Annex II of EU Regulation 1169/2011.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Allergen {
            $(#[doc = concat!("`", $code, "`")] $name,)+
        }

        impl Allergen {
            /// All 14.
            pub const ALL: [Self; 14] = [$(Self::$name),+];

            /// The word for programs.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// The health labels of recipes without it.
            pub fn free_labels(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($label),+],)+
                }
            }
        }
    };
}

allergens! {
    Gluten "gluten": "Gluten-Free" "Wheat-Free";
    Crustaceans "crustaceans": "Crustacean-Free" "Shellfish-Free";
    Eggs "eggs": "Egg-Free";
    Fish "fish": "Fish-Free";
    Peanuts "peanuts": "Peanut-Free";
    Soy "soy": "Soy-Free";
    Milk "milk": "Dairy-Free";
    Nuts "nuts": "Tree-Nut-Free";
    Celery "celery": "Celery-Free";
    Mustard "mustard": "Mustard-Free";
    Sesame "sesame": "Sesame-Free";
    Sulphites "sulphites": "Sulfite-Free";
    Lupin "lupin": "Lupine-Free";
    Molluscs "molluscs": "Mollusk-Free" "Shellfish-Free";
}

/// An allergen that ingredient lines may contain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelHint {
    /// The code of the allergen.
    pub allergen: &'static str,
    /// The health labels that a recipe with this allergen must not have.
    pub labels: &'static [&'static str],
    /// Those of them that the recipe has.
    pub contradicts: Vec<String>,
    pub evidence: Vec<Evidence>,
}

/// The words of a line that stand for an allergen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The index of the line in the ingredients.
    pub line: usize,
    pub text: String,
    pub words: Vec<String>,
}

/// The allergens that the ingredient lines may contain.
pub fn label_hints(content: &Content) -> Vec<LabelHint> {
    let lines = content.ingredients.iter().enumerate();
    let found: Vec<_> = lines.map(|(index, line)| (index, line, allergens_in_line(line))).collect();
    let hints = Allergen::ALL.into_iter().filter_map(|allergen| {
        let evidence: Vec<_> = found
            .iter()
            .filter_map(|(line, text, allergens)| {
                let (_, words) = allergens.iter().find(|(found, _)| *found == allergen)?;
                let words = words.iter().map(|word| (*word).to_owned()).collect();
                Some(Evidence { line: *line, text: (*text).clone(), words })
            })
            .collect();
        let labels = allergen.free_labels();
        let contradicts =
            content.health_labels.iter().filter(|has| labels.iter().any(|label| slug(label) == slug(has)));
        let contradicts = contradicts.cloned().collect();
        (!evidence.is_empty()).then_some(LabelHint {
            allergen: allergen.code(),
            labels,
            contradicts,
            evidence,
        })
    });
    hints.collect()
}

/// The allergens that a line may contain, with the words that say so.
pub fn allergens_in_line(line: &str) -> Vec<(Allergen, Vec<&str>)> {
    let mut found: Vec<(Allergen, Vec<&str>)> = Vec::new();
    for (allergens, word) in WORDS.find_all(line) {
        for allergen in Allergen::ALL.into_iter().filter(|allergen| allergens.contains(*allergen)) {
            match found.iter_mut().find(|(known, _)| *known == allergen) {
                Some((_, words)) if words.contains(&word) => {}
                Some((_, words)) => words.push(word),
                None => found.push((allergen, vec![word])),
            }
        }
    }
    let free = WORDS.free_of(line);
    found.retain(|(allergen, _)| !free.contains(*allergen));
    found.sort_by_key(|(allergen, _)| *allergen);
    found
}

/// How labels are compared: "Dairy Free" is "dairy-free".
fn slug(label: &str) -> String {
    label.chars().map(|c| if matches!(c, ' ' | '_') { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests;
