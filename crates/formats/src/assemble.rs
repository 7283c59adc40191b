//! What a reader found, as a recipe within the limits.
//!
//! Texts that are too long are cut or divided, and the item's warnings say so. An optional field that is still not valid is
//! left out by name. So one bad field never keeps a recipe out.

use jiff::Timestamp;
use recipes::{FieldError, ImportedRecipe, limits};
use serde_json::{Map, Number, Value, json};

use crate::duration::Time;
use crate::format::Format;
use crate::report::{Content, Item, ItemImage, Place, left_out, whole};
use crate::text;
use crate::yields::Yields;

/// A recipe before it is checked. Its texts are plain text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) labels: Vec<String>,
    pub(crate) cook: Option<u32>,
    pub(crate) prep: Option<u32>,
    pub(crate) total: Option<u32>,
    pub(crate) rest: Option<u32>,
    pub(crate) ingredients: Vec<String>,
    pub(crate) steps: Vec<Step>,
    pub(crate) description: String,
    pub(crate) servings: Option<Number>,
    pub(crate) yields: Option<String>,
    pub(crate) category: Vec<String>,
    pub(crate) cuisine: Vec<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) tools: Vec<String>,
    pub(crate) nutrition: Map<String, Value>,
    pub(crate) author: Named,
    pub(crate) source: Named,
    pub(crate) license: String,
    pub(crate) language: String,
    pub(crate) difficulty: Option<u8>,
    pub(crate) is_private: bool,
    pub(crate) extra: Map<String, Value>,
    pub(crate) uid: Option<String>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) updated_at: Option<Timestamp>,
    pub(crate) left_out: Vec<FieldError>,
    pub(crate) warnings: Vec<String>,
    /// A picture of the dish, in any format.
    pub(crate) picture: Option<ItemImage>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) section: Option<String>,
    pub(crate) text: String,
    pub(crate) minutes: Option<u32>,
}

/// Names of members that are listed. A file can have any number of them.
const MAX_LEFT_OUT: usize = 200;

/// A name and a web address, each of which may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) url: String,
}

impl Step {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { section: None, text: text.into(), minutes: None }
    }
}

impl Found {
    pub(crate) fn leave_out(&mut self, name: &str) {
        if self.left_out.len() < MAX_LEFT_OUT && !self.left_out.iter().any(|it| it.pointer[1..] == *name) {
            self.left_out.push(left_out(name));
        }
    }

    pub(crate) fn warn(&mut self, message: impl Into<String>) {
        self.warnings.push(message.into());
    }

    /// The minutes of a time. One that cannot be read is left out by name, with its text.
    pub(crate) fn minutes(&mut self, name: &str, time: Time) -> Option<u32> {
        match time {
            Time::Minutes(minutes) => Some(minutes),
            Time::NotStated => None,
            Time::Unread(text) => {
                self.leave_out(name);
                let text = text::cut(&text, 60).unwrap_or(text);
                self.warn(format!("{name} is not a time that can be read: {text}"));
                None
            }
        }
    }

    pub(crate) fn set_yields(&mut self, yields: Yields) {
        (self.servings, self.yields) = (yields.servings, yields.text);
    }

    /// Keeps free text that has no field here, such as notes.
    pub(crate) fn keep_in_extra(&mut self, name: &str, value: Value) {
        if value.as_str() != Some("") {
            self.extra.insert(name.to_owned(), value);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ingredients.is_empty() && self.steps.is_empty()
    }

    /// The item of this recipe.
    pub(crate) fn finish(mut self, format: Format) -> Item {
        self.fit();
        let name = Some(self.name.clone()).filter(|name| !name.is_empty());
        let mut item = Item::failed(format, Vec::new());
        item.place = Place::default();
        if name.is_none() {
            item.content = Err(vec![whole("has no name")]);
            return item;
        }
        if self.ingredients.is_empty() {
            self.warn("no ingredients were found");
        }
        if self.steps.is_empty() {
            self.warn("no steps were found");
        }
        let mut members = self.to_members();
        item.name = name;
        item.content = loop {
            match ImportedRecipe::parse(&members) {
                Ok(recipe) => break Ok(Content::Recipe(Box::new(recipe))),
                Err(errors) => match remove_invalid(&mut members, &errors) {
                    Ok(removed) => {
                        for name in removed {
                            self.warn(format!("{name} is not valid and was left out"));
                            self.leave_out(&name);
                        }
                    }
                    Err(errors) => break Err(errors),
                },
            }
        };
        item.taken =
            members.iter().filter(|(_, value)| has_content(value)).map(|(name, _)| name.clone()).collect();
        item.images.extend(self.picture);
        (item.left_out, item.warnings) = (self.left_out, self.warnings);
        item
    }

    fn to_members(&self) -> Map<String, Value> {
        let step =
            |step: &Step| json!({ "section": step.section, "text": step.text, "minutes": step.minutes });
        let named = |named: &Named| json!({ "name": named.name, "url": named.url });
        let list = |items: &[String]| if items.is_empty() { Value::Null } else { json!(items) };
        let object =
            |object: &Map<String, Value>| if object.is_empty() { Value::Null } else { json!(object) };
        let mut members = Map::new();
        let mut set = |name: &str, value: Value| {
            members.insert(name.to_owned(), value);
        };
        set("name", json!(self.name));
        set("healthLabels", json!(self.labels));
        set("cookTimeMinutes", json!(self.cook));
        set("prepTimeMinutes", json!(self.prep));
        set("ingredients", json!(self.ingredients));
        set("totalTimeMinutes", json!(self.total));
        set("restTimeMinutes", json!(self.rest));
        set("description", json!(self.description));
        set("servings", json!(self.servings));
        set("yield", json!(self.yields));
        let steps: Vec<Value> = self.steps.iter().map(step).collect();
        set("instructions", if steps.is_empty() { Value::Null } else { json!(steps) });
        set("category", list(&self.category));
        set("cuisine", list(&self.cuisine));
        set("keywords", list(&self.keywords));
        set("tools", list(&self.tools));
        set("nutrition", object(&self.nutrition));
        set("author", named(&self.author));
        set("source", named(&self.source));
        set("license", json!(self.license));
        set("language", json!(self.language));
        set("difficulty", json!(self.difficulty));
        set("visibility", if self.is_private { json!("private") } else { Value::Null });
        set("extra", object(&self.extra));
        set("uid", json!(self.uid));
        set("createdAt", json!(self.created_at.map(|at| at.to_string())));
        set("updatedAt", json!(self.updated_at.map(|at| at.to_string())));
        members
    }

    /// Cuts or divides texts and lists that are longer than a recipe may have.
    fn fit(&mut self) {
        let (mut warnings, mut cuts) = (Vec::new(), Vec::new());
        let mut cut = |name: &str, text: &mut String, max: usize| {
            if let Some(shorter) = text::cut(text, max) {
                cuts.push(format!("{name} was cut to {max} characters"));
                *text = shorter;
            }
        };
        cut("name", &mut self.name, limits::NAME);
        cut("description", &mut self.description, limits::DESCRIPTION);
        cut("author.name", &mut self.author.name, limits::LINE);
        cut("source.name", &mut self.source.name, limits::LINE);
        cut("license", &mut self.license, limits::LINE);
        if let Some(yields) = &mut self.yields {
            cut("yield", yields, limits::LINE);
        }
        for step in &mut self.steps {
            if let Some(section) = &mut step.section {
                cut("section", section, limits::LINE);
            }
        }
        for (name, value) in &mut self.nutrition {
            if let Value::String(text) = value {
                cut(&format!("nutrition.{name}"), text, limits::LINE);
            }
        }
        for (name, list, max, length) in [
            ("healthLabels", &mut self.labels, limits::HEALTH_LABELS, limits::HEALTH_LABEL),
            ("category", &mut self.category, limits::TAGS, limits::TAG),
            ("cuisine", &mut self.cuisine, limits::TAGS, limits::TAG),
            ("keywords", &mut self.keywords, limits::TAGS, limits::TAG),
            ("tools", &mut self.tools, limits::TAGS, limits::TAG),
        ] {
            for text in list.iter_mut() {
                cut(name, text, length);
            }
            unique(list);
            if list.len() > max {
                warnings.push(format!("{name}: the first {max} of {} were taken", list.len()));
                list.truncate(max);
            }
        }
        divide(&mut self.ingredients, limits::INGREDIENT);
        if self.ingredients.len() > limits::INGREDIENTS {
            let number = self.ingredients.len();
            warnings.push(format!("ingredients: the first {} of {number} were taken", limits::INGREDIENTS));
            self.ingredients.truncate(limits::INGREDIENTS);
        }
        if self.steps.iter().any(|step| step.text.len() > limits::STEP) {
            self.steps = self.steps.drain(..).flat_map(divided).collect();
        }
        if self.steps.len() > limits::STEPS {
            let number = self.steps.len();
            warnings.push(format!("instructions: the first {} of {number} were taken", limits::STEPS));
            self.steps.truncate(limits::STEPS);
        }
        if json!(self.extra).to_string().len() > limits::EXTRA_BYTES {
            self.extra.retain(|_, value| value.to_string().len() < limits::EXTRA_BYTES / 4);
            warnings.push("extra: values longer than the limit were left out".to_owned());
        }
        self.warnings.append(&mut cuts);
        self.warnings.append(&mut warnings);
    }
}

/// Takes out the optional fields with errors. Answers their names, or the errors of the fields that must be there.
fn remove_invalid(
    members: &mut Map<String, Value>,
    errors: &[FieldError],
) -> Result<Vec<String>, Vec<FieldError>> {
    const REQUIRED: [&str; 2] = ["name", "ingredients"];
    let name = |error: &FieldError| error.pointer.split('/').nth(1).unwrap_or_default().to_owned();
    let required: Vec<_> =
        errors.iter().filter(|it| REQUIRED.contains(&name(it).as_str())).cloned().collect();
    if !required.is_empty() || errors.is_empty() {
        return Err(required);
    }
    let mut removed = Vec::new();
    for error in errors {
        let top = name(error);
        let path: Vec<&str> = error.pointer.split('/').skip(1).collect();
        // Of an author, a source and the like only the part that is wrong.
        let part = match (members.get_mut(&top), path.get(1)) {
            (Some(Value::Object(object)), Some(part)) => {
                object.remove(*part).map(|_| format!("{top}.{part}"))
            }
            _ => None,
        };
        let part = part.or_else(|| {
            let value = if top == "healthLabels" { json!([]) } else { Value::Null };
            members.insert(top.clone(), value).map(|_| top.clone())
        });
        match part {
            Some(part) if !removed.contains(&part) => removed.push(part),
            Some(_) => {}
            None => return Err(errors.to_vec()),
        }
    }
    Ok(removed)
}

/// Whether the value says something.
pub(crate) fn has_content(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => items.iter().any(has_content),
        Value::Object(members) => members.values().any(has_content),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Without blank and repeated items, whatever their case.
pub(crate) fn unique(list: &mut Vec<String>) {
    let mut seen = std::collections::HashSet::new();
    list.retain(|item| !item.trim().is_empty() && seen.insert(item.to_lowercase()));
}

fn divide(lines: &mut Vec<String>, max: usize) {
    if lines.iter().any(|line| line.len() > max) {
        *lines = lines.iter().flat_map(|line| text::pieces(line, max)).collect();
    }
}

fn divided(step: Step) -> Vec<Step> {
    let Step { section, text, mut minutes } = step;
    let pieces = text::pieces(&text, limits::STEP).into_iter();
    pieces.map(|text| Step { section: section.clone(), text, minutes: minutes.take() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(item: &Item) -> &ImportedRecipe {
        let Ok(Content::Recipe(recipe)) = &item.content else { panic!("{item:?}") };
        recipe
    }

    #[test]
    fn texts_beyond_the_limits_are_cut_or_divided_with_a_warning() {
        let found = Found {
            name: "soup ".repeat(60),
            ingredients: vec!["water, ".repeat(100), "salt".to_owned()],
            steps: vec![Step { minutes: Some(5), ..Step::new("Stir it. ".repeat(600)) }],
            keywords: (0..70).map(|n| format!("word {n}")).collect(),
            ..Found::default()
        };
        let item = found.finish(Format::Text);
        let content = recipe(&item).draft.content();
        assert!(content.name.chars().count() <= 200);
        assert_eq!(content.ingredients.len(), 3);
        let steps = content.instructions.as_ref().unwrap();
        assert_eq!((steps.len(), steps[0].minutes, steps[1].minutes), (2, Some(5), None));
        assert_eq!(content.keywords.as_ref().unwrap().len(), 64);
        assert_eq!(
            item.warnings,
            ["name was cut to 200 characters", "keywords: the first 64 of 70 were taken"]
        );
    }

    #[test]
    fn invalid_optional_field_is_left_out_by_name() {
        let found = Found {
            name: "Soup".to_owned(),
            ingredients: vec!["water".to_owned()],
            steps: vec![Step::new("Boil it.")],
            language: "no language".to_owned(),
            author: Named { name: "Ada".to_owned(), url: "mailto:ada".to_owned() },
            ..Found::default()
        };
        let item = found.finish(Format::Text);
        let content = recipe(&item).draft.content();
        assert_eq!(content.author.as_ref().unwrap().name.as_deref(), Some("Ada"));
        assert_eq!(content.language, None);
        let names: Vec<_> = item.left_out.iter().map(|it| it.pointer.as_str()).collect();
        assert_eq!(names, ["/author.url", "/language"]);
        assert_eq!(item.taken, ["author", "ingredients", "instructions", "name"]);
    }

    #[test]
    fn recipe_without_a_name_is_refused() {
        let item = Found { ingredients: vec!["water".to_owned()], ..Found::default() }.finish(Format::Text);
        assert_eq!(item.content.unwrap_err(), [whole("has no name")]);
    }
}
