//! The known health labels: Edamam's vocabulary, and the diets of schema.org that it lacks.
//!
//! Labels are stored as they were sent and compared by their slug. Nothing here is ever inferred: "-Free" is what an author has
//! written, and no guarantee.

use crate::field_error::FieldError;

/// What a label means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownLabel {
    pub name: &'static str,
    pub meaning: &'static str,
    /// Which of the 14 allergens of Regulation (EU) No 1169/2011, Annex II, the recipe is without.
    pub eu_allergen: Option<&'static str>,
    /// The member of schema.org's `RestrictedDiet` with this meaning.
    pub schema_org: Option<&'static str>,
}

impl KnownLabel {
    const fn new(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, eu_allergen: None, schema_org: None }
    }

    const fn without(mut self, eu_allergen: &'static str) -> Self {
        self.eu_allergen = Some(eu_allergen);
        self
    }

    const fn diet(mut self, schema_org: &'static str) -> Self {
        self.schema_org = Some(schema_org);
        self
    }
}

/// In the order of their names.
pub const KNOWN_LABELS: [KnownLabel; 45] = [
    KnownLabel::new("Alcohol-Cocktail", "A cocktail with alcohol"),
    KnownLabel::new("Alcohol-Free", "No alcohol"),
    KnownLabel::new("Balanced", "Protein, fat and carbohydrates in the ratio 15 : 35 : 50"),
    KnownLabel::new("Celery-Free", "No celery and nothing made of it").without("celery"),
    KnownLabel::new("Crustacean-Free", "No crustaceans, such as shrimp, crab and lobster")
        .without("crustaceans"),
    KnownLabel::new("DASH", "Fits the diet against high blood pressure (DASH)"),
    KnownLabel::new("Dairy-Free", "No milk and nothing made of it; no lactose")
        .without("milk")
        .diet("LowLactoseDiet"),
    KnownLabel::new("Diabetic-Friendly", "Suits people with diabetes").diet("DiabeticDiet"),
    KnownLabel::new("Egg-Free", "No eggs and nothing made of them").without("eggs"),
    KnownLabel::new("FODMAP-Free", "No fermentable carbohydrates (FODMAP)"),
    KnownLabel::new("Fish-Free", "No fish and nothing made of it").without("fish"),
    KnownLabel::new("Gluten-Free", "No cereals with gluten")
        .without("cereals with gluten")
        .diet("GlutenFreeDiet"),
    KnownLabel::new("Halal", "Allowed by the dietary laws of Islam").diet("HalalDiet"),
    KnownLabel::new("High-Fiber", "More than 5 g of fibre in a serving"),
    KnownLabel::new("High-Protein", "More than half of the calories from protein"),
    KnownLabel::new("Hindu", "Without beef, after the customs of Hinduism").diet("HinduDiet"),
    KnownLabel::new("Immuno-Supportive", "Said to support the immune system"),
    KnownLabel::new("Keto-Friendly", "At most 7 g of net carbohydrates in a serving"),
    KnownLabel::new("Kidney-Friendly", "Little phosphorus, potassium and sodium"),
    KnownLabel::new("Kosher", "Allowed by the dietary laws of Judaism").diet("KosherDiet"),
    KnownLabel::new("Low Potassium", "Less than 150 mg of potassium in a serving"),
    KnownLabel::new("Low Sugar", "No simple sugars"),
    KnownLabel::new("Low-Calorie", "Few calories").diet("LowCalorieDiet"),
    KnownLabel::new("Low-Carb", "Less than a fifth of the calories from carbohydrates"),
    KnownLabel::new("Low-Fat", "Less than 15 % of the calories from fat").diet("LowFatDiet"),
    KnownLabel::new("Low-Sodium", "Less than 140 mg of sodium in a serving").diet("LowSaltDiet"),
    KnownLabel::new("Lupine-Free", "No lupin and nothing made of it").without("lupin"),
    KnownLabel::new("Mediterranean", "Fits the Mediterranean diet"),
    KnownLabel::new("Mollusk-Free", "No molluscs, such as mussels, squid and snails").without("molluscs"),
    KnownLabel::new("Mustard-Free", "No mustard and nothing made of it").without("mustard"),
    KnownLabel::new("No oil added", "No oil except that of the ingredients"),
    KnownLabel::new("Paleo", "No grains, legumes, dairy, refined sugar"),
    KnownLabel::new("Peanut-Free", "No peanuts and nothing made of them").without("peanuts"),
    KnownLabel::new("Pescatarian", "No meat; fish, dairy and eggs may be in it"),
    KnownLabel::new("Pork-Free", "No pork and nothing made of it"),
    KnownLabel::new("Red-Meat-Free", "No beef, lamb, pork or other red meat"),
    KnownLabel::new("Sesame-Free", "No sesame and nothing made of it").without("sesame"),
    KnownLabel::new("Shellfish-Free", "No crustaceans and no molluscs"),
    KnownLabel::new("Soy-Free", "No soybeans and nothing made of them").without("soybeans"),
    KnownLabel::new("Sugar-Conscious", "Less than 4 g of sugar in a serving"),
    KnownLabel::new("Sulfite-Free", "No sulphites").without("sulphur dioxide and sulphites"),
    KnownLabel::new("Tree-Nut-Free", "No tree nuts, such as almonds, hazelnuts and walnuts")
        .without("tree nuts"),
    KnownLabel::new("Vegan", "Nothing of animals").diet("VeganDiet"),
    KnownLabel::new("Vegetarian", "No meat and no fish").diet("VegetarianDiet"),
    KnownLabel::new("Wheat-Free", "No wheat; other cereals with gluten may be in it"),
];

/// What two spellings of a label have in common.
pub fn label_slug(label: &str) -> String {
    let label = label.to_lowercase();
    let words = label.split(|c: char| c.is_whitespace() || matches!(c, '_' | '-'));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// One error for each label that is not known, with the nearest known one. `pointer` is that of the list.
pub(crate) fn unknown_labels<'a>(
    pointer: &str,
    labels: impl IntoIterator<Item = &'a str>,
) -> Vec<FieldError> {
    let is_known = |slug: &str| KNOWN_LABELS.iter().any(|known| label_slug(known.name) == slug);
    let mut errors = Vec::new();
    for (index, label) in labels.into_iter().enumerate() {
        let slug = label_slug(label);
        if is_known(&slug) {
            continue;
        }
        let similarity = |known: &KnownLabel| strsim::jaro_winkler(&slug, &label_slug(known.name));
        let nearest = KNOWN_LABELS.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
        let nearest = nearest.map_or("", |known| known.name);
        let message = format!(
            "is not a known label; the nearest is \"{nearest}\", and GET /api/v1/health-labels lists all (LABELS=known)"
        );
        errors.push(FieldError { pointer: format!("{pointer}/{index}"), message });
    }
    errors
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_differ_and_are_in_order() {
        let names: Vec<_> = KNOWN_LABELS.iter().map(|label| label.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        let slugs: BTreeSet<_> = names.iter().map(|name| label_slug(name)).collect();
        assert_eq!(slugs.len(), names.len());
    }

    #[test]
    fn the_14_allergens_of_the_eu_have_one_label_each() {
        let allergens: BTreeSet<_> = KNOWN_LABELS.iter().filter_map(|label| label.eu_allergen).collect();
        assert_eq!(allergens.len(), 14);
        let labels = KNOWN_LABELS.iter().filter(|label| label.eu_allergen.is_some());
        assert_eq!(labels.clone().count(), 14);
        assert!(labels.clone().all(|label| label.name.ends_with("-Free")));
    }

    #[test]
    fn unknown_labels_come_with_the_nearest() {
        let errors = unknown_labels("/healthLabels", ["vegan", "LOW_SUGAR", "Peanutfree", "Low Potassium"]);
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].pointer, "/healthLabels/2");
        assert!(errors[0].message.contains("\"Peanut-Free\""), "{}", errors[0].message);
    }
}
