//! Plain text and the body of Markdown: a title, ingredients and steps, told apart by headings in several languages, or by
//! blank lines.

use serde_json::json;

use crate::assemble::Found;
use crate::duration::Time;
use crate::format::Format;
use crate::marks::without_marks;
use crate::program::set_source;
use crate::report::Item;
use crate::schema_org::{address, ingredient, steps_of_text};
use crate::text::{line, paragraphs};
use crate::yields::Yields;

pub(crate) fn items(text: &str, file_stem: &str) -> Vec<Item> {
    let mut found = read(text);
    if found.is_empty() {
        return Vec::new();
    }
    if found.name.is_empty() {
        found.name = line(file_stem);
    }
    vec![found.finish(Format::Text)]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The title, a description and facts.
    Head,
    Ingredients,
    Steps,
    Notes,
    Tools,
    Nutrition,
}

const INGREDIENTS: [&str; 14] = [
    "ingredients",
    "ingredient",
    "ingredient list",
    "zutaten",
    "zutatenliste",
    "ingrédients",
    "ingredientes",
    "ingredienti",
    "ingrediënten",
    "ingredienser",
    "ainekset",
    "składniki",
    "ингредиенты",
    "原料",
];
const STEPS: [&str; 26] = [
    "directions",
    "instructions",
    "method",
    "steps",
    "preparation",
    "how to make it",
    "zubereitung",
    "anleitung",
    "vorbereitung",
    "préparation",
    "instrucciones",
    "preparación",
    "elaboración",
    "preparazione",
    "procedimento",
    "preparo",
    "modo de preparo",
    "bereiding",
    "gör så här",
    "fremgangsmåte",
    "fremgangsmåde",
    "ohje",
    "przygotowanie",
    "приготовление",
    "步骤",
    "操作",
];
const NOTES: [&str; 10] =
    ["notes", "note", "tips", "tip", "notizen", "hinweise", "hinweis", "tipps", "notas", "remarques"];
const TOOLS: [&str; 8] =
    ["tools", "equipment", "utensils", "geräte", "utensilien", "ustensiles", "utensilios", "必备原料和工具"];
const NUTRITION: [&str; 6] = [
    "nutrition",
    "nutrition facts",
    "nutritional info",
    "nährwerte",
    "valeurs nutritionnelles",
    "información nutricional",
];

impl Part {
    /// The part that a heading begins.
    fn of_heading(line: &str) -> Option<Self> {
        let name = line.trim().trim_matches(['#', '*', '=', ':', '：', '-', '_', ' ']).to_lowercase();
        // "Ingredients (for 4 people)".
        let name = name.split(['(', ':']).next().unwrap_or_default().trim();
        let parts = [
            (Self::Ingredients, &INGREDIENTS[..]),
            (Self::Steps, &STEPS[..]),
            (Self::Notes, &NOTES[..]),
            (Self::Tools, &TOOLS[..]),
            (Self::Nutrition, &NUTRITION[..]),
        ];
        parts.into_iter().find(|(_, names)| names.contains(&name)).map(|(part, _)| part)
    }
}

/// The recipe of a text. Empty if neither ingredients nor steps are found.
pub(crate) fn read(text: &str) -> Found {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let has_headings = text.lines().any(|line| Part::of_heading(line).is_some());
    let mut texts: Vec<(Part, String)> = vec![(Part::Head, String::new())];
    if has_headings {
        for line in text.lines() {
            if let Some(part) = Part::of_heading(line) {
                // "Ingredients (serves 4)" and "Method: Boil it."
                let rest = line
                    .split_once([':', '：', '('])
                    .map(|(_, rest)| rest.trim_end_matches([')', '*']))
                    .unwrap_or_default();
                let is_fact = part == Part::Ingredients && line.contains('(');
                let target = if is_fact { Part::Head } else { part };
                texts.push((target, rest.trim().to_owned() + "\n"));
                if is_fact {
                    texts.push((part, String::new()));
                }
                continue;
            }
            if let Some((_, text)) = texts.last_mut() {
                text.push_str(line);
                text.push('\n');
            }
        }
    } else {
        texts = by_blank_lines(&text);
    }
    let of = |wanted: Part| {
        let parts = texts.iter().filter(|(part, _)| *part == wanted);
        parts.map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n")
    };
    let mut found = Found::default();
    head(&mut found, &of(Part::Head));
    found.ingredients =
        without_marks(&of(Part::Ingredients)).lines().map(line).filter_map(|it| ingredient(&it)).collect();
    let steps = of(Part::Steps);
    found.steps = steps_of_text(&joined_paragraphs(&without_marks(&steps)));
    found.tools =
        without_marks(&of(Part::Tools)).lines().map(line).filter_map(|it| ingredient(&it)).collect();
    found.keep_in_extra("notes", json!(paragraphs(&without_marks(&of(Part::Notes)))));
    found.keep_in_extra("nutritionalInfo", json!(paragraphs(&without_marks(&of(Part::Nutrition)))));
    found
}

/// Steps that a text breaks into lines of the same width are joined, if blank lines divide them.
fn joined_paragraphs(text: &str) -> String {
    let blocks: Vec<&str> = text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()).collect();
    let is_list = |block: &&str| {
        block.lines().skip(1).any(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()))
    };
    let is_wrapped = |block: &&str| {
        let lines: Vec<&str> = block.lines().collect();
        lines.len() > 1 && !lines[0].trim_end().ends_with(['.', ':', '!', '。'])
    };
    if blocks.len() < 2 || blocks.iter().any(is_list) || !blocks.iter().any(is_wrapped) {
        return text.to_owned();
    }
    blocks.iter().map(|block| line(block)).collect::<Vec<_>>().join("\n")
}

/// The first block is the title, the first block of short lines the ingredients, and what follows the steps.
fn by_blank_lines(text: &str) -> Vec<(Part, String)> {
    let blocks: Vec<String> =
        text.split("\n\n").map(|block| block.trim().to_owned()).filter(|block| !block.is_empty()).collect();
    let is_list = |block: &String| {
        let lines: Vec<&str> = block.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let is_item = |line: &&&str| {
            line.starts_with(|c: char| c.is_numeric() || matches!(c, '-' | '*' | '•'))
                || line.chars().count() <= 40
        };
        lines.len() >= 2 && lines.iter().filter(is_item).count() * 4 >= lines.len() * 3
    };
    let Some(list) = blocks.iter().skip(1).position(is_list).map(|at| at + 1) else {
        return vec![(Part::Head, text.to_owned())];
    };
    let of = |part: Part, blocks: &[String]| (part, blocks.join("\n\n"));
    vec![
        of(Part::Head, &blocks[..list]),
        of(Part::Ingredients, &blocks[list..=list]),
        of(Part::Steps, &blocks[list + 1..]),
    ]
}

/// The title, facts such as "Serves: 4", and the description.
fn head(found: &mut Found, text: &str) {
    let plain = without_marks(text);
    let mut description = Vec::new();
    for raw in plain.lines() {
        let line = line(raw);
        if line.is_empty() {
            description.push(String::new());
        } else if found.name.is_empty() {
            line.trim_end_matches(':').trim().clone_into(&mut found.name);
        } else if !fact(found, &line) {
            description.push(line);
        }
    }
    found.description = paragraphs(&description.join("\n"));
}

/// Reads a line such as "Prep time: 10 min". Answers whether it is one.
fn fact(found: &mut Found, line: &str) -> bool {
    let line = line.trim_matches(['*', '-', '_', ' ']);
    if let Some((name, value)) = line.split_once([':', '：']) {
        let name = name.trim().to_lowercase();
        let value = value.trim();
        let field = match name.as_str() {
            "prep"
            | "prep time"
            | "preparation time"
            | "vorbereitungszeit"
            | "arbeitszeit"
            | "temps de préparation"
            | "tiempo de preparación" => &mut found.prep,
            "cook" | "cook time" | "cooking time" | "kochzeit" | "backzeit" | "koch-/backzeit"
            | "temps de cuisson" | "tiempo de cocción" => &mut found.cook,
            "total" | "total time" | "time" | "gesamtzeit" | "temps total" | "tiempo total" | "ready in" => {
                &mut found.total
            }
            "rest" | "rest time" | "resting time" | "ruhezeit" | "inactive time" => &mut found.rest,
            "serves" | "servings" | "yield" | "yields" | "makes" | "portionen" | "personen" | "für"
            | "portions" | "pour" | "raciones" | "porciones" | "porzioni" => {
                let is_number = value.chars().all(|c| c.is_ascii_digit());
                let read =
                    Yields::of_text(if matches!(name.as_str(), "makes") && is_number { line } else { value });
                found.set_yields(read);
                return true;
            }
            "source" | "quelle" | "from" | "url" => {
                let is_url = address(value, None).is_some();
                set_source(found, if is_url { "" } else { value }, if is_url { value } else { "" });
                return true;
            }
            "author" | "by" | "von" | "autor" | "auteur" => {
                value.clone_into(&mut found.author.name);
                return true;
            }
            "cuisine" => {
                found.cuisine = value.split(',').map(|it| it.trim().to_owned()).collect();
                return true;
            }
            "category" | "course" | "kategorie" => {
                found.category = value.split(',').map(|it| it.trim().to_owned()).collect();
                return true;
            }
            "tags" | "keywords" => {
                found.keywords = value.split(',').map(|it| it.trim().to_owned()).collect();
                return true;
            }
            _ => return false,
        };
        if let Time::Minutes(minutes) = Time::of_text(value) {
            *field = Some(minutes);
            return true;
        }
        return false;
    }
    let is_short = line.chars().count() <= 40;
    let starts = ["serves ", "für ", "pour ", "para ", "makes "]
        .iter()
        .any(|start| line.to_lowercase().starts_with(start));
    if is_short && (starts || line.starts_with(|c: char| c.is_ascii_digit())) {
        let read = Yields::of_text(line);
        if read.servings.is_some() || line.to_lowercase().starts_with("makes ") {
            found.set_yields(read);
            return true;
        }
    }
    if let Some(url) = address(line, None).filter(|_| line.starts_with("http")) {
        found.source.url = url;
        return true;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(found: &Found) -> Vec<&str> {
        found.steps.iter().map(|step| step.text.as_str()).collect()
    }

    #[test]
    fn headings_of_several_languages_divide_a_text() {
        for (ingredients, steps) in [
            ("Ingredients", "Directions"),
            ("ZUTATEN:", "ZUBEREITUNG"),
            ("## Ingrédients", "## Préparation"),
            ("Ingredientes", "Preparación"),
            ("**Ingredienti**", "Procedimento:"),
            ("原料", "步骤"),
        ] {
            let text = format!(
                "Tomato soup\nServes 4\n\nWarm and red.\n\n{ingredients}\n- 1 kg tomatoes\n• salt\n\n{steps}\n1. Cut.\n2. Boil.\n"
            );
            let found = read(&text);
            assert_eq!(found.name, "Tomato soup", "{text}");
            assert_eq!(found.servings.as_ref().unwrap().as_u64(), Some(4), "{text}");
            assert_eq!(found.description, "Warm and red.", "{text}");
            assert_eq!(found.ingredients, ["1 kg tomatoes", "salt"], "{text}");
            assert_eq!(texts(&found), ["Cut.", "Boil."], "{text}");
        }
    }

    #[test]
    fn blank_lines_divide_a_text_without_headings() {
        let found = read(
            "Bread\n\n500 g flour\n350 g water\n10 g salt\n\nMix everything.\nKnead.\n\nBake for 40 minutes.\n",
        );
        assert_eq!((found.name.as_str(), found.ingredients.len()), ("Bread", 3));
        assert_eq!(texts(&found), ["Mix everything.", "Knead.", "Bake for 40 minutes."]);
        assert!(
            read("A letter\n\nDear Ada, this text is no recipe at all, whatever it looks like.").is_empty()
        );
    }

    #[test]
    fn facts_are_read_and_wrapped_lines_joined() {
        let found = read(
            "Soup\nPrep time: 10 min\nCook time: 1 h\nMakes: 2 l\nSource: Grandmother\n\nIngredients\nwater\n\nMethod\nPut the water\ninto a pot.\n\nBoil.\n\nNotes\nHot!",
        );
        assert_eq!((found.prep, found.cook, found.yields.as_deref()), (Some(10), Some(60), Some("2 l")));
        assert_eq!(found.source.name, "Grandmother");
        assert_eq!(texts(&found), ["Put the water into a pot.", "Boil."]);
        assert_eq!(found.extra["notes"], "Hot!");
    }
}
