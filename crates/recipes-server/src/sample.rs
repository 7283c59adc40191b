//! Ten recipes for a brand-new default database, so that the first look shows something.
//!
//! From public-domain-recipes (<https://github.com/ronaldl29/public-domain-recipes>), dedicated to the public domain by
//! the Unlicense; each names its author and source.

use crate::clock::Clock;
use crate::entropy::Entropy;
use anyhow::anyhow;
use ids::Uid;
use recipes::{Draft, Scalars};
use serde_json::{Map, Value};
use store::{NewRecipe, Store};

const RECIPES: &str = include_str!("../sample/recipes.json");

/// Adds the samples, which belong to nobody, and says how many they are.
///
/// # Errors
/// When the store cannot take them.
pub async fn load(store: &Store, clock: &Clock, entropy: &Entropy) -> anyhow::Result<usize> {
    let recipes: Vec<Map<String, Value>> = serde_json::from_str(RECIPES)?;
    for recipe in &recipes {
        let draft =
            Draft::parse(recipe, Scalars::Typed).map_err(|problems| anyhow!("a sample: {problems:?}"))?;
        let now = clock.now();
        store.create_recipe(NewRecipe::new(&draft, Uid::new(now, entropy.bytes()), None), now).await?;
    }
    Ok(recipes.len())
}
