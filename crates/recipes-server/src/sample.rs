//! Ten sample recipes for a new default database.
//!
//! They are from public-domain-recipes (<https://github.com/ronaldl29/public-domain-recipes>), in the public domain by the
//! Unlicense. Each names its author and source.

use anyhow::anyhow;
use ids::Uid;
use recipes::{Draft, Scalars};
use serde_json::{Map, Value};
use store::{Context, NewRecipe, Store};

use crate::clock::Clock;
use crate::entropy::Entropy;

const RECIPES: &str = include_str!("../sample/recipes.json");

/// Adds the samples, without an owner, and returns their number.
///
/// # Errors
/// When the store cannot write them.
pub async fn load(store: &Store, clock: &Clock, entropy: &Entropy) -> anyhow::Result<usize> {
    let recipes: Vec<Map<String, Value>> = serde_json::from_str(RECIPES)?;
    for recipe in &recipes {
        let draft = Draft::parse(recipe, Scalars::Typed)
            .map_err(|problems| anyhow!("a sample recipe is invalid: {problems:?}"))?;
        let context = Context::operator(clock.now());
        let new = NewRecipe::new(&draft, Uid::new(context.now, entropy.bytes()), None);
        store.create_recipe(new, context).await?;
    }
    Ok(recipes.len())
}
