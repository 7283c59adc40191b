//! Shopping lists.

use std::collections::HashMap;

use accounts::audit::Actor;
use ids::{RecipeId, ShoppingItemId, UserId};
use recipes::Content;
use recipes::amounts::{RecipeView, Size, decimal_separator};
use store::{ChangeShoppingItem, ItemEdit, Listed, NewShoppingLine, NewShoppingLines, ShoppingItem, Viewer};

use super::{Days, MealRecipe, PlanError, Planning, Servings, no_such_recipe};
use crate::use_cases::recipes::RecipeError;
use crate::use_cases::repeats::Once;

/// Lines that one request adds at most, before they are added up. Adding up delays all other writes of a database in a file.
const LINES: usize = 1_000;

/// The items to add to a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddToList {
    /// The ingredients of these recipes, for as many servings.
    pub recipes: Vec<(RecipeId, Option<Servings>)>,
    /// The ingredients of the meals of these days.
    pub plan: Option<Days>,
    pub items: Vec<String>,
    /// Whether recipes and meals whose ingredients are in the list already are added once more.
    pub again: bool,
}

/// What became of an addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    Now,
    /// All of it is in the list already.
    Before,
}

impl Planning {
    /// The list of the user's household: ticked items are at the end.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn shopping_list(&self, user: UserId) -> Result<Vec<ShoppingItem>, PlanError> {
        Ok(self.store.shopping_list(user).await?)
    }

    /// Adds items. Those of equal foods become one item where their units allow. A recipe for the same servings, and a meal of the plan,
    /// are added once as long as one of their items is in the list, so that a repeated request changes nothing.
    ///
    /// # Errors
    /// [`PlanError::Invalid`], [`PlanError::TooManyItems`], [`PlanError::ActorRevoked`], [`RecipeError::NoServings`],
    /// [`RecipeError::ScaleOutOfRange`].
    pub async fn add_to_list(
        &self,
        new: AddToList,
        actor: Actor,
        once: Option<Once<Added>>,
    ) -> Result<Added, PlanError> {
        let viewer = self.viewer(actor).await?;
        let mut lines = Vec::new();
        for (index, (recipe, servings)) in new.recipes.iter().enumerate() {
            let content = match self.scaled(*recipe, servings.as_ref(), viewer).await {
                Err(PlanError::Recipe(RecipeError::NotFound)) => {
                    return Err(no_such_recipe(format!("/recipes/{index}/recipeId")));
                }
                content => content?,
            };
            let servings = servings.as_ref().map(|servings| servings.0.as_str()).unwrap_or_default();
            self.push_ingredients(&mut lines, &content, &format!("recipe {recipe} {servings}"));
        }
        if let Some(days) = new.plan {
            self.push_meals(&mut lines, days, (actor, viewer)).await?;
        }
        let items = new.items.into_iter().map(|text| self.line(text, '.'));
        lines.extend(items);
        if lines.len() > LINES {
            return Err(PlanError::TooManyItems);
        }
        let new = NewShoppingLines { lines, again: new.again, new: self.new_household() };
        let store = Once::store(once, &self.store, |listed: &Listed| match listed {
            Listed::Done => Some(Added::Now),
            Listed::Before => Some(Added::Before),
            Listed::TooMany => None,
        });
        match store.add_to_shopping_list(new, self.context(actor)).await? {
            Listed::Done => Ok(Added::Now),
            Listed::Before => Ok(Added::Before),
            Listed::TooMany => Err(PlanError::TooManyItems),
        }
    }

    /// Changes one item.
    ///
    /// # Errors
    /// [`PlanError::NoSuchItem`], [`PlanError::ItemChanged`], [`PlanError::ActorRevoked`].
    pub async fn change_item(&self, change: ChangeShoppingItem, actor: Actor) -> Result<(), PlanError> {
        match self.store.change_shopping_item(change, self.context(actor)).await? {
            ItemEdit::Done(_) => Ok(()),
            ItemEdit::NotFound => Err(PlanError::NoSuchItem),
            ItemEdit::Changed(_) => Err(PlanError::ItemChanged),
        }
    }

    /// # Errors
    /// [`PlanError::NoSuchItem`], [`PlanError::ActorRevoked`].
    pub async fn remove_item(&self, id: ShoppingItemId, actor: Actor) -> Result<(), PlanError> {
        let removed = self.store.remove_shopping_item(id, self.context(actor)).await?;
        if removed { Ok(()) } else { Err(PlanError::NoSuchItem) }
    }

    /// Removes all items, or those that are ticked.
    ///
    /// # Errors
    /// [`PlanError::ActorRevoked`].
    pub async fn clear_list(&self, only_ticked: bool, actor: Actor) -> Result<(), PlanError> {
        Ok(self.store.clear_shopping_list(only_ticked, self.context(actor)).await?)
    }

    /// The ingredients of all meals with a recipe that the user may read.
    async fn push_meals(
        &self,
        lines: &mut Vec<NewShoppingLine>,
        days: Days,
        (actor, viewer): (Actor, Viewer),
    ) -> Result<(), PlanError> {
        let user = actor.user.ok_or(PlanError::ActorRevoked)?;
        // By day and recipe, because a day that is written again has meals with other ids.
        let mut times = HashMap::new();
        for meal in self.plan(user, viewer, days).await? {
            let MealRecipe::Readable { id, .. } = meal.recipe else { continue };
            let source = format!("meal {} {id} {}", meal.date, meal.servings.as_deref().unwrap_or_default());
            let time = times.entry(source.clone()).or_insert(0_u32);
            *time += 1;
            let source = format!("{source} {time}");
            let servings = meal.servings.as_deref().and_then(Servings::parse);
            let content = match self.scaled(id, servings.as_ref(), viewer).await {
                // The recipe does not say for how many people it is, or was deleted meanwhile.
                Err(PlanError::Recipe(RecipeError::NoServings | RecipeError::ScaleOutOfRange)) => {
                    self.scaled(id, None, viewer).await?
                }
                Err(PlanError::Recipe(RecipeError::NotFound)) => continue,
                content => content?,
            };
            self.push_ingredients(lines, &content, &source);
        }
        Ok(())
    }

    async fn scaled(
        &self,
        id: RecipeId,
        servings: Option<&Servings>,
        viewer: Viewer,
    ) -> Result<Content, PlanError> {
        let size = servings.and_then(Servings::ratio).map(Size::Servings);
        let recipe = self.recipes.view(id, viewer, RecipeView { size, unit: None }).await?.recipe;
        Ok(recipe.content)
    }

    fn push_ingredients(&self, lines: &mut Vec<NewShoppingLine>, content: &Content, source: &str) {
        let decimal = decimal_separator(content);
        // "For the dough:" is a heading.
        let foods = content.ingredients.iter().filter(|line| !line.trim_end().ends_with([':', '：']));
        let line = |text: &String| {
            let source = Some(source.to_owned());
            NewShoppingLine { source, ..self.line(text.clone(), decimal) }
        };
        lines.extend(foods.map(line));
    }

    fn line(&self, text: String, decimal: char) -> NewShoppingLine {
        let id = ShoppingItemId::new(self.now(), self.entropy.bytes());
        NewShoppingLine { id, text, decimal, source: None }
    }
}
