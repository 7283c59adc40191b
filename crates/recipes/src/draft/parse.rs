//! From a body to a draft, or to the list of everything that is wrong with it.

use serde_json::{Map, Number, Value};

use crate::credit::Credit;
use crate::instruction::Instruction;
use crate::nutrition::Nutrition;
use crate::problem::Problem;
use crate::reader::{Encoding, Lines, Reader, line, minutes};
use crate::{extra, language, limits};

use super::{Draft, Visibility};

impl Draft {
    /// Reads a whole recipe.
    ///
    /// What it does not know it leaves aside; [`Draft::unknown_fields`] lists that.
    ///
    /// # Errors
    /// Every problem of the body at once, each with its place and what to do.
    pub fn parse(body: &Map<String, Value>, encoding: Encoding) -> Result<Self, Vec<Problem>> {
        let mut r = Reader::new(encoding);
        let draft = Self {
            name: r.required(body, "name", name),
            health_labels: r.required(body, "healthLabels", health_labels),
            cook_time_minutes: r.nullable(body, "cookTimeMinutes", minutes),
            prep_time_minutes: r.nullable(body, "prepTimeMinutes", minutes),
            ingredients: r.required(body, "ingredients", ingredients),
            total_time_minutes: r.optional(body, "totalTimeMinutes", minutes),
            rest_time_minutes: r.optional(body, "restTimeMinutes", minutes),
            description: r.optional(body, "description", description),
            servings: r.optional(body, "servings", servings),
            yields: r.optional(body, "yield", line),
            instructions: r.optional(body, "instructions", instructions),
            category: r.optional(body, "category", tags),
            cuisine: r.optional(body, "cuisine", tags),
            keywords: r.optional(body, "keywords", tags),
            tools: r.optional(body, "tools", tags),
            nutrition: r.optional(body, "nutrition", Nutrition::read),
            author: r.optional(body, "author", Credit::read),
            source: r.optional(body, "source", Credit::read),
            license: r.optional(body, "license", line),
            language: r.optional(body, "language", language::read),
            difficulty: r.optional(body, "difficulty", difficulty),
            visibility: r.optional(body, "visibility", visibility).unwrap_or_default(),
            extra: r.optional(body, "extra", extra::read),
        };
        r.finish(draft)
    }
}

fn name(r: &mut Reader, value: &Value) -> Option<String> {
    let name = r.text(value, Lines::One, limits::NAME)?;
    if name.trim().is_empty() {
        return r.refuse("must not be blank");
    }
    Some(name)
}

fn health_labels(r: &mut Reader, value: &Value) -> Option<Vec<String>> {
    r.list(value, limits::HEALTH_LABELS, |r, label| r.text(label, Lines::One, limits::HEALTH_LABEL))
}

fn ingredients(r: &mut Reader, value: &Value) -> Option<Vec<String>> {
    r.list(value, limits::INGREDIENTS, |r, line| r.text(line, Lines::One, limits::INGREDIENT))
}

fn instructions(r: &mut Reader, value: &Value) -> Option<Vec<Instruction>> {
    r.list(value, limits::STEPS, Instruction::read)
}

fn tags(r: &mut Reader, value: &Value) -> Option<Vec<String>> {
    r.list(value, limits::TAGS, |r, tag| r.text(tag, Lines::One, limits::TAG))
}

fn description(r: &mut Reader, value: &Value) -> Option<String> {
    r.text(value, Lines::Many, limits::DESCRIPTION)
}

fn servings(r: &mut Reader, value: &Value) -> Option<Number> {
    let above_zero = |n: &Number| n.as_f64().is_some_and(|n| n > 0.0 && n <= limits::SERVINGS);
    let servings = r.number(value).filter(above_zero);
    r.demand(
        servings,
        format_args!("must be a number above 0, at most {}, or null if not stated", limits::SERVINGS),
    )
}

fn difficulty(r: &mut Reader, value: &Value) -> Option<u8> {
    let (min, max) = limits::DIFFICULTY.into_inner();
    r.whole(
        value,
        &limits::DIFFICULTY,
        format_args!("must be a whole number from {min} to {max}, or null if not stated"),
    )
}

fn visibility(r: &mut Reader, value: &Value) -> Option<Visibility> {
    r.demand(value.as_str().and_then(Visibility::parse), "must be \"public\" or \"private\"")
}

#[cfg(test)]
mod tests;
