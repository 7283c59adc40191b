//! The health labels that the editor offers. Other labels are accepted as well.

/// Labels about what many people must avoid. They come first.
pub(super) const ALLERGENS: [&str; 14] = [
    "Gluten-Free",
    "Wheat-Free",
    "Dairy-Free",
    "Egg-Free",
    "Peanut-Free",
    "Tree-Nut-Free",
    "Soy-Free",
    "Fish-Free",
    "Shellfish-Free",
    "Sesame-Free",
    "Celery-Free",
    "Mustard-Free",
    "Lupine-Free",
    "Sulfite-Free",
];

/// Diets, and what cooks look for.
pub(super) const DIETS: [&str; 18] = [
    "Vegetarian",
    "Vegan",
    "Pescatarian",
    "Paleo",
    "Mediterranean",
    "Keto-Friendly",
    "Kosher",
    "Halal",
    "Pork-Free",
    "Red-Meat-Free",
    "Alcohol-Free",
    "Sugar-Conscious",
    "Low-Carb",
    "Low-Fat",
    "Low-Sodium",
    "High-Fiber",
    "High-Protein",
    "FODMAP-Free",
];
