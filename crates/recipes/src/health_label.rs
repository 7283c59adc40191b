//! The health labels that are known: the vocabulary of Edamam, which the original API uses, with the diets of schema.org.
//!
//! A label is what an author claims. No label is ever inferred, least of all one that says "free of".

use crate::field_error::FieldError;
use crate::slug::slug;

/// A known health label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthLabel {
    /// As it is usually written. Labels are compared by their [`slug`].
    pub name: &'static str,
    /// What a recipe with this label promises.
    pub meaning: &'static str,
    /// The one of the 14 allergens of EU Regulation 1169/2011, Annex II, that it says is absent.
    pub eu_allergen: Option<&'static str>,
    /// The `RestrictedDiet` of schema.org with the same meaning.
    pub schema_org: Option<&'static str>,
}

/// Which health labels a recipe may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LabelPolicy {
    /// All texts.
    #[default]
    Open,
    /// Only [known](HealthLabel::ALL) ones.
    Known,
}

impl HealthLabel {
    /// All known labels by name.
    pub const ALL: [Self; 45] = LABELS;

    /// The form in which this label is compared.
    pub fn slug(&self) -> String {
        slug(self.name)
    }

    /// The known label with the same slug.
    pub fn find(text: &str) -> Option<&'static Self> {
        let wanted = slug(text);
        LABELS.iter().find(|label| label.slug() == wanted)
    }

    /// The known label that a misspelled text most resembles.
    pub fn nearest(text: &str) -> Option<&'static Self> {
        // "gluten" has 0.91 with "gluten-free", and two other "-free" labels have about 0.8 with each other.
        const SIMILAR: f64 = 0.85;
        let wanted = slug(text);
        let similarity = |label: &Self| strsim::jaro_winkler(&wanted, &label.slug());
        let rated = LABELS.iter().map(|label| (label, similarity(label)));
        let best = rated.max_by(|(_, a), (_, b)| a.total_cmp(b));
        best.filter(|(_, similarity)| *similarity > SIMILAR).map(|(label, _)| label)
    }
}

impl LabelPolicy {
    /// Checks the labels of a recipe, or those that a change gives it.
    ///
    /// # Errors
    /// One for each label that is not allowed, with the nearest known one.
    pub fn check<'a>(self, labels: impl IntoIterator<Item = &'a str>) -> Result<(), Vec<FieldError>> {
        if self == Self::Open {
            return Ok(());
        }
        let unknown = labels.into_iter().enumerate();
        // Blank ones are left out of the recipe.
        let unknown =
            unknown.filter(|(_, label)| !label.trim().is_empty() && HealthLabel::find(label).is_none());
        let errors: Vec<_> = unknown
            .map(|(index, label)| {
                let mut message = "is not a known label".to_owned();
                if let Some(nearest) = HealthLabel::nearest(label) {
                    message = format!("{message}; did you mean \"{}\"?", nearest.name);
                }
                FieldError { pointer: format!("/healthLabels/{index}"), message }
            })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

const fn label(name: &'static str, meaning: &'static str) -> HealthLabel {
    HealthLabel { name, meaning, eu_allergen: None, schema_org: None }
}

const fn allergen(name: &'static str, eu_allergen: &'static str, meaning: &'static str) -> HealthLabel {
    HealthLabel { eu_allergen: Some(eu_allergen), ..label(name, meaning) }
}

const LABELS: [HealthLabel; 45] = [
    label("Alcohol-Cocktail", "Is an alcoholic drink"),
    label("Alcohol-Free", "No alcohol, neither used nor contained"),
    label("Balanced", "Protein, fat and carbohydrate in the ratio 15 to 35 to 50"),
    allergen("Celery-Free", "celery", "No celery or ingredients made of it"),
    allergen(
        "Crustacean-Free",
        "crustaceans",
        "No crustaceans, such as shrimp, crab and lobster, or ingredients made of them",
    ),
    label("DASH", "Follows the diet against high blood pressure (Dietary Approaches to Stop Hypertension)"),
    HealthLabel {
        schema_org: Some("LowLactoseDiet"),
        ..allergen("Dairy-Free", "milk", "No milk of animals or ingredients made of it, lactose included")
    },
    HealthLabel {
        schema_org: Some("DiabeticDiet"),
        ..label("Diabetic-Friendly", "Suits people with diabetes")
    },
    allergen("Egg-Free", "eggs", "No eggs or ingredients made of them"),
    label("FODMAP-Free", "No fermentable carbohydrates (FODMAP)"),
    allergen("Fish-Free", "fish", "No fish or ingredients made of it"),
    HealthLabel {
        schema_org: Some("GlutenFreeDiet"),
        ..allergen(
            "Gluten-Free",
            "cereals containing gluten",
            "No cereals with gluten, such as wheat, rye, barley and oats, or ingredients made of them",
        )
    },
    HealthLabel { schema_org: Some("HalalDiet"), ..label("Halal", "Follows the food rules of Islam") },
    label("High-Fiber", "More than 5 g of fibre in a serving"),
    label("High-Protein", "More than half of the energy comes from protein"),
    HealthLabel {
        schema_org: Some("HinduDiet"),
        ..label("Hindu", "Follows the food rules of Hinduism; no beef")
    },
    label("Immuno-Supportive", "Suits a diet that supports the immune system"),
    label("Keto-Friendly", "At most 7 g of net carbohydrate in a serving"),
    label("Kidney-Friendly", "Little phosphorus, potassium and sodium in a serving"),
    HealthLabel { schema_org: Some("KosherDiet"), ..label("Kosher", "Follows the food rules of Judaism") },
    label("Low Potassium", "Less than 150 mg of potassium in a serving"),
    label(
        "Low Sugar",
        "No simple sugars, such as glucose, dextrose, galactose, fructose, sucrose, lactose and maltose",
    ),
    HealthLabel { schema_org: Some("LowCalorieDiet"), ..label("Low-Calorie", "Little energy in a serving") },
    label("Low-Carb", "Less than a fifth of the energy comes from carbohydrate"),
    HealthLabel {
        schema_org: Some("LowFatDiet"),
        ..label("Low-Fat", "Less than 15 percent of the energy comes from fat")
    },
    HealthLabel {
        schema_org: Some("LowSaltDiet"),
        ..label("Low-Sodium", "Less than 140 mg of sodium in a serving")
    },
    allergen("Lupine-Free", "lupin", "No lupin or ingredients made of it"),
    label("Mediterranean", "Follows the Mediterranean diet"),
    allergen(
        "Mollusk-Free",
        "molluscs",
        "No molluscs, such as mussels, oysters and squid, or ingredients made of them",
    ),
    allergen("Mustard-Free", "mustard", "No mustard or ingredients made of it"),
    label("No oil added", "No oil except what other ingredients contain"),
    label("Paleo", "No grains, legumes, dairy products, refined sugar and processed food"),
    allergen("Peanut-Free", "peanuts", "No peanuts or ingredients made of them"),
    label("Pescatarian", "No meat; may contain fish, seafood, dairy products and eggs"),
    label("Pork-Free", "No pork or ingredients made of it"),
    label("Red-Meat-Free", "No beef, lamb, pork, duck, goose, game, horse and other red meat"),
    allergen("Sesame-Free", "sesame seeds", "No sesame or ingredients made of it"),
    label("Shellfish-Free", "No crustaceans and no molluscs"),
    allergen("Soy-Free", "soybeans", "No soy or ingredients made of it"),
    label("Sugar-Conscious", "At most 4 g of sugar in a serving"),
    allergen("Sulfite-Free", "sulphur dioxide and sulphites", "No sulphur dioxide and sulphites"),
    allergen(
        "Tree-Nut-Free",
        "nuts",
        "No nuts that grow on trees, such as almonds, hazelnuts and walnuts, or ingredients made of them",
    ),
    HealthLabel {
        schema_org: Some("VeganDiet"),
        ..label("Vegan", "Nothing of animals: no meat, fish, dairy products, eggs and honey")
    },
    HealthLabel { schema_org: Some("VegetarianDiet"), ..label("Vegetarian", "No meat, poultry and fish") },
    label("Wheat-Free", "No wheat; may contain other cereals with gluten"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::{Draft, Scalars};

    #[test]
    fn each_label_is_found_by_its_slug_and_listed_once() {
        for (index, label) in HealthLabel::ALL.iter().enumerate() {
            assert_eq!(HealthLabel::find(label.name), Some(label));
            assert_eq!(HealthLabel::find(&label.name.to_uppercase().replace(['-', ' '], "_")), Some(label));
            assert!(
                !HealthLabel::ALL[..index].iter().any(|other| other.slug() == label.slug()),
                "{}",
                label.name
            );
            assert!(!label.meaning.is_empty() && label.name.chars().count() <= crate::limits::HEALTH_LABEL);
        }
        let sorted = HealthLabel::ALL.is_sorted_by_key(|label| label.name);
        assert!(sorted, "by name");
    }

    #[test]
    fn each_of_the_14_allergens_has_one_label() {
        let free: Vec<_> = HealthLabel::ALL
            .iter()
            .filter(|label| label.eu_allergen.is_some())
            .map(|label| label.name)
            .collect();
        let allergens: BTreeSet<_> = HealthLabel::ALL.iter().filter_map(|label| label.eu_allergen).collect();
        assert_eq!((free.len(), allergens.len()), (14, 14));
        assert!(free.iter().all(|name| name.ends_with("-Free")), "{free:?}");
        for part in ["Wheat-Free", "Shellfish-Free"] {
            assert!(!free.contains(&part), "{part} is a part of one, or two of them");
        }
    }

    #[test]
    fn diets_of_schema_org_are_all_there() {
        let mut diets: Vec<_> = HealthLabel::ALL.iter().filter_map(|label| label.schema_org).collect();
        diets.sort_unstable();
        let all = [
            "DiabeticDiet",
            "GlutenFreeDiet",
            "HalalDiet",
            "HinduDiet",
            "KosherDiet",
            "LowCalorieDiet",
            "LowFatDiet",
            "LowLactoseDiet",
            "LowSaltDiet",
            "VeganDiet",
            "VegetarianDiet",
        ];
        assert_eq!(diets, all);
    }

    #[test]
    fn misspelled_label_has_a_nearest_one() {
        for (text, want) in [
            ("Glutenfree", Some("Gluten-Free")),
            ("vegann", Some("Vegan")),
            ("vegeterian", Some("Vegetarian")),
            ("peanut free!", Some("Peanut-Free")),
            ("weekend", None),
            ("", None),
        ] {
            assert_eq!(HealthLabel::nearest(text).map(|label| label.name), want, "{text}");
        }
    }

    #[test]
    fn policy_decides_which_labels_a_recipe_may_have() {
        let body = json!({
            "name": "Soup", "healthLabels": ["vegan", "Grandma's", "LOW_SUGAR", "Peanutfree"], "cookTimeMinutes": 1,
            "prepTimeMinutes": 1, "ingredients": ["water"],
        });
        let draft = Draft::parse(body.as_object().unwrap(), Scalars::Typed).unwrap();
        assert_eq!(LabelPolicy::Open.check(draft.health_labels()), Ok(()));
        let errors = LabelPolicy::Known.check(draft.health_labels()).unwrap_err();
        let said: Vec<_> =
            errors.iter().map(|error| (error.pointer.as_str(), error.message.as_str())).collect();
        assert_eq!(
            said,
            [
                ("/healthLabels/1", "is not a known label"),
                ("/healthLabels/3", "is not a known label; did you mean \"Peanut-Free\"?"),
            ]
        );
    }
}
