//! The fields of the editor: from a recipe, from what was typed, and into a draft.

use recipes::{Content, Draft, FieldError, Instruction, Scalars, Visibility};
use serde_json::{Map, Value, json};

use super::form::PageForm;
use super::labels::{ALLERGENS, DIETS};

/// The fields as texts, as the form shows them.
#[derive(Default)]
pub(super) struct Editor {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) servings: String,
    pub(super) yields: String,
    pub(super) preparation: String,
    pub(super) cooking: String,
    pub(super) resting: String,
    pub(super) total: String,
    /// One line an ingredient.
    pub(super) ingredients: String,
    pub(super) steps: Vec<Step>,
    /// Those with a checkbox.
    pub(super) labels: Vec<String>,
    pub(super) other_labels: String,
    pub(super) category: String,
    pub(super) cuisine: String,
    pub(super) keywords: String,
    pub(super) tools: String,
    pub(super) source_name: String,
    pub(super) source_url: String,
    pub(super) language: String,
    pub(super) difficulty: String,
    pub(super) visibility: Visibility,
}

/// The fields of one step.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) section: String,
    pub(super) text: String,
    pub(super) minutes: String,
}

/// Empty steps at the end of the form of a new recipe.
const EMPTY_STEPS: usize = 3;

/// More steps than a recipe may have, so that the error about them can be shown.
const MAX_STEPS: usize = 250;

impl Editor {
    pub(super) fn empty() -> Self {
        Self { steps: vec![Step::default(); EMPTY_STEPS], ..Self::default() }
    }

    pub(super) fn of(content: &Content) -> Self {
        let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        let list = |list: &Option<Vec<String>>| list.as_deref().unwrap_or_default().join(", ");
        let (labels, others): (Vec<_>, Vec<_>) =
            content.health_labels.iter().cloned().partition(|label| is_known(label));
        let source = content.source.as_ref();
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        Self {
            name: content.name.clone(),
            description: content.description.clone().unwrap_or_default(),
            servings: content.servings.as_ref().map(ToString::to_string).unwrap_or_default(),
            yields: content.yields.clone().unwrap_or_default(),
            preparation: number(content.prep_time_minutes),
            cooking: number(content.cook_time_minutes),
            resting: number(content.rest_time_minutes),
            total: number(content.total_time_minutes),
            ingredients: content.ingredients.join("\n"),
            steps: content.instructions.iter().flatten().map(Step::of).chain([Step::default()]).collect(),
            labels,
            other_labels: others.join(", "),
            category: list(&content.category),
            cuisine: list(&content.cuisine),
            keywords: list(&content.keywords),
            tools: list(&content.tools),
            source_name: text(source.and_then(|source| source.name.as_ref())),
            source_url: text(source.and_then(|source| source.url.as_ref())),
            language: content.language.clone().unwrap_or_default(),
            difficulty: content.difficulty.map(|difficulty| difficulty.to_string()).unwrap_or_default(),
            visibility: content.visibility,
        }
    }

    pub(super) fn typed(form: &PageForm) -> Self {
        // Browsers send line ends as CRLF.
        let text = |name: &str| form.get(name).replace("\r\n", "\n");
        let steps = (0..MAX_STEPS).map_while(|place| {
            let field = |name: &str| format!("instructions[{place}][{name}]");
            form.all(&field("text")).next()?;
            let [section, step, minutes] = ["section", "text", "minutes"].map(|name| text(&field(name)));
            Some(Step { section, text: step, minutes })
        });
        Self {
            name: text("name"),
            description: text("description"),
            servings: text("servings"),
            yields: text("yield"),
            preparation: text("prepTimeMinutes"),
            cooking: text("cookTimeMinutes"),
            resting: text("restTimeMinutes"),
            total: text("totalTimeMinutes"),
            ingredients: text("ingredients"),
            steps: steps.collect(),
            labels: form.all("healthLabels").map(str::to_owned).collect(),
            other_labels: text("otherLabels"),
            category: text("category"),
            cuisine: text("cuisine"),
            keywords: text("keywords"),
            tools: text("tools"),
            source_name: text("sourceName"),
            source_url: text("sourceUrl"),
            language: text("language"),
            difficulty: text("difficulty"),
            visibility: match form.get("visibility") {
                "private" => Visibility::Private,
                "members" => Visibility::Members,
                _ => Visibility::Public,
            },
        }
    }

    pub(super) fn is_public(&self) -> bool {
        self.visibility == Visibility::Public
    }

    pub(super) fn is_for_members(&self) -> bool {
        self.visibility == Visibility::Members
    }

    pub(super) fn is_private(&self) -> bool {
        self.visibility == Visibility::Private
    }

    pub(super) fn add_steps(&mut self) {
        self.steps.extend(vec![Step::default(); EMPTY_STEPS]);
    }

    pub(super) fn has_label(&self, label: &str) -> bool {
        self.labels.iter().any(|own| search::slug(own) == search::slug(label))
    }

    /// The draft of a recipe with these fields. Fields that the form does not show keep their values of `stored`. So does a field whose
    /// text was not changed, because a comma inside a keyword must not split it.
    ///
    /// # Errors
    /// All problems of all fields.
    pub(super) fn draft(&self, stored: Option<&Content>) -> Result<Draft, Vec<FieldError>> {
        let stored_json = stored.and_then(|content| serde_json::to_value(content).ok());
        let mut recipe = stored_json.and_then(|json| json.as_object().cloned()).unwrap_or_default();
        let before = stored.map(Self::of);
        let mut set = |name: &str, field: fn(&Self) -> &String, parse: fn(&str) -> Value| {
            let is_same = before.as_ref().is_some_and(|before| field(before).trim() == field(self).trim());
            if !is_same {
                recipe.insert(name.to_owned(), parse(field(self)));
            }
        };
        set("name", |e| &e.name, line);
        set("description", |e| &e.description, line);
        set("servings", |e| &e.servings, number);
        set("yield", |e| &e.yields, line);
        set("prepTimeMinutes", |e| &e.preparation, number);
        set("cookTimeMinutes", |e| &e.cooking, number);
        set("restTimeMinutes", |e| &e.resting, number);
        set("totalTimeMinutes", |e| &e.total, number);
        set("ingredients", |e| &e.ingredients, |text| text.lines().map(str::trim).collect::<Vec<_>>().into());
        set("category", |e| &e.category, tags);
        set("cuisine", |e| &e.cuisine, tags);
        set("keywords", |e| &e.keywords, tags);
        set("tools", |e| &e.tools, tags);
        set("language", |e| &e.language, line);
        set("difficulty", |e| &e.difficulty, number);
        self.set_labels(&mut recipe, before.as_ref());
        self.set_steps(&mut recipe, before.as_ref());
        let source = |e: &Self| (e.source_name.trim().to_owned(), e.source_url.trim().to_owned());
        if before.as_ref().map(source) != Some(source(self)) {
            recipe.insert("source".into(), json!({ "name": self.source_name, "url": self.source_url }));
        }
        recipe.insert("visibility".into(), json!(self.visibility));
        for name in ["cookTimeMinutes", "prepTimeMinutes"] {
            recipe.entry(name).or_insert(Value::Null);
        }
        Draft::parse(&recipe, Scalars::Typed)
    }

    fn set_labels(&self, recipe: &mut Map<String, Value>, before: Option<&Self>) {
        let slugs = |e: &Self| {
            let mut slugs: Vec<String> = e.all_labels().iter().map(|label| search::slug(label)).collect();
            slugs.sort();
            slugs
        };
        if before.map(slugs) != Some(slugs(self)) {
            recipe.insert("healthLabels".into(), self.all_labels().into());
        }
    }

    fn all_labels(&self) -> Vec<String> {
        let others = self.other_labels.split(',').map(str::trim).filter(|label| !label.is_empty());
        self.labels.iter().cloned().chain(others.map(str::to_owned)).collect()
    }

    /// A step with the text of a stored step keeps the fields of it that the form does not show.
    fn set_steps(&self, recipe: &mut Map<String, Value>, before: Option<&Self>) {
        let stated = |steps: &[Step]| -> Vec<Step> {
            steps.iter().filter(|step| !step.text.trim().is_empty()).cloned().collect()
        };
        let steps = stated(&self.steps);
        if before.is_some_and(|before| stated(&before.steps) == steps) {
            return;
        }
        let stored = recipe.get("instructions").and_then(Value::as_array).cloned().unwrap_or_default();
        let object = |step: &Step| {
            let same = stored.iter().find(|stored| stored["text"] == step.text.trim());
            let mut object = same.and_then(Value::as_object).cloned().unwrap_or_default();
            object.insert("text".into(), step.text.as_str().into());
            object.insert("section".into(), line(&step.section));
            object.insert("minutes".into(), number(&step.minutes));
            Value::from(object)
        };
        recipe.insert("instructions".into(), steps.iter().map(object).collect());
    }
}

impl Step {
    fn of(step: &Instruction) -> Self {
        Self {
            section: step.section.clone().unwrap_or_default(),
            text: step.text.clone(),
            minutes: step.minutes.map(|minutes| minutes.to_string()).unwrap_or_default(),
        }
    }
}

fn is_known(label: &str) -> bool {
    let slug = search::slug(label);
    ALLERGENS.iter().chain(&DIETS).any(|known| search::slug(known) == slug)
}

fn line(text: &str) -> Value {
    text.into()
}

/// A text that is no number stays text, which the draft refuses.
fn number(text: &str) -> Value {
    let text = text.trim();
    if text.is_empty() {
        return Value::Null;
    }
    match text.replace(',', ".").parse::<serde_json::Number>() {
        Ok(number) => number.into(),
        Err(_) => text.into(),
    }
}

fn tags(text: &str) -> Value {
    text.split([',', '\n']).map(str::trim).filter(|tag| !tag.is_empty()).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(recipe: &Value) -> Content {
        Draft::parse(recipe.as_object().unwrap(), Scalars::Typed).unwrap().content().clone()
    }

    #[test]
    fn what_was_not_changed_stays_as_it_was() {
        let stored = content(&json!({
            "name": "Soup", "healthLabels": ["Wheat-Free", "Home-made", "Vegan"], "cookTimeMinutes": null, "prepTimeMinutes": 5,
            "ingredients": ["6 tomatoes", "salt, pepper"], "keywords": ["quick, easy"], "servings": 2.5,
            "nutrition": { "calories": 240 }, "extra": { "shelf": 3 }, "source": { "name": "Grandmother" },
            "instructions": [{ "text": "Chop.", "minutes": 5 }, { "section": "Sauce", "text": "Stir." }],
        }));
        let draft = Editor::of(&stored).draft(Some(&stored)).unwrap();
        assert_eq!(*draft.content(), stored);
    }

    #[test]
    fn changed_fields_are_parsed_and_their_problems_reported_together() {
        let stored = content(&json!({
            "name": "Soup", "healthLabels": [], "cookTimeMinutes": 5, "prepTimeMinutes": 5, "ingredients": ["Water"],
        }));
        let mut editor = Editor::of(&stored);
        editor.cooking = String::new();
        editor.category = "Starter, Dinner".into();
        editor.steps = vec![Step { text: "Chop.\nCook.".into(), minutes: "3".into(), ..Step::default() }];
        let draft = editor.draft(Some(&stored)).unwrap();
        let changed = draft.content();
        assert_eq!((changed.cook_time_minutes, changed.category.as_ref().map(Vec::len)), (None, Some(2)));
        let steps = changed.instructions.as_ref().unwrap();
        assert_eq!((steps.len(), steps[0].minutes, steps[1].minutes), (2, Some(3), None));
        editor.cooking = "soon".into();
        editor.name = " ".into();
        let errors = editor.draft(Some(&stored)).unwrap_err();
        let mut pointers: Vec<_> = errors.iter().map(|error| &*error.pointer).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, ["/cookTimeMinutes", "/name"]);
    }
}
