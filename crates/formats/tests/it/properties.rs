//! Whatever a file has in it: no reader panics, every recipe is within the limits, and no markup is left.

use formats::{Content, Format, Input, Options, Reader};
use proptest::prelude::*;
use recipes::{Draft, Scalars};

const SEEDS: [&[u8]; 9] = [
    br#"{"@context":"https://schema.org","@graph":[{"@type":"Recipe","name":"A &amp; b","recipeIngredient":["1 <b>egg</b>"],"recipeYield":["4","4 servings"],"totalTime":"PT1H30M","recipeInstructions":[{"@type":"HowToSection","name":"x","itemListElement":[{"@type":"HowToStep","text":"1. Mix. 2. Bake."}]}],"nutrition":{"calories":"1 kcal"},"author":[{"@id":"a"}]}]}"#,
    b"<!doctype html><html lang=en><script type=\"application/ld+json\">//<![CDATA[\n{\"@type\":\"Recipe\",\"name\":\"x\",\"recipeIngredient\":[\"a\",],}//]]></script><div itemscope itemtype=schema.org/Recipe><p itemprop=name>n<ol itemprop=recipeInstructions><li>a<li>b</ol></div>",
    br#"{"name":"M","slug":"m","recipe_ingredient":[{"title":"t","note":"n","quantity":0.5,"unit":{"name":"g"},"food":{"name":"f"}}],"recipe_instructions":[{"title":"s","text":"**a**\nb"}],"total_time":"1 hr 20 min","recipe_yield":"4-6"}"#,
    br#"{"name":"T","steps":[{"name":"s","instruction":"a\n\nb","ingredients":[{"food":{"name":"x"},"unit":null,"amount":1.25,"note":"n"}],"time":5}],"working_time":5,"servings":2}"#,
    br#"{"name":"P\n","ingredients":"a\nb","directions":"Head:\nc","servings":"about 20","prep_time":"1,5 Std.","source_url":"x","photo_data":"y"}"#,
    b"title,ingredients,instructions,notes\nA,\"b\nc\",\"d\",e\n\"open",
    b">> servings: 4\nMix @flour{1 1/2%cups}(fine) in a #bowl{} for ~{5%min}. -- x [- y -]\n\n== S ==\n@&flour and @salt.",
    b"---\ntitle: x\ningredients: [a, {b: c}]\n---\n# T\n\n## Zutaten\n- 1 ei\n\n## Zubereitung\n1. *a* [b](c)\n",
    b"Title\nServes 4\n\nIngredients\n1 egg\n\nMethod\nBoil\nit.\n",
];

fn check(name: &str, bytes: &[u8], format: Option<Format>) -> Result<(), TestCaseError> {
    let options = Options { file_name: name.to_owned(), format, ..Options::default() };
    let mut reader = Reader::open(Input::bytes(bytes), options).unwrap();
    while let Some(item) = reader.next_item().unwrap() {
        let Ok(Content::Recipe(recipe)) = &item.content else { continue };
        let json = serde_json::to_value(recipe.draft.content()).unwrap();
        let again = Draft::parse(json.as_object().unwrap(), Scalars::Typed);
        prop_assert_eq!(again.as_ref().ok(), Some(&recipe.draft), "{}", json);
        if item.format != Format::Json {
            let texts = recipe.draft.content().ingredients.iter();
            for text in texts {
                prop_assert!(!text.contains("<b>") && !text.contains("</b>"), "{}", text);
            }
        }
    }
    Ok(())
}

fn format() -> impl Strategy<Value = Option<Format>> {
    proptest::option::of(proptest::sample::select(Format::ALL.to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), format in format()) {
        check("file", &bytes, format)?;
    }

    #[test]
    fn arbitrary_text_does_not_panic(text in "[ -~\\n\u{c4}\u{2028}<>&;{}@#~%\"\\\\]{0,300}", format in format()) {
        check("file.md", text.as_bytes(), format)?;
    }

    #[test]
    fn mutated_files_do_not_panic(
        seed in 0..SEEDS.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), proptest::option::of(any::<u8>()), 0..4_usize), 1..12),
        format in format(),
    ) {
        let mut bytes = SEEDS[seed].to_vec();
        for (index, byte, count) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = index.index(bytes.len());
            match byte {
                Some(byte) => bytes[at] = byte,
                // A part is missing or doubled.
                None if count % 2 == 0 => drop(bytes.drain(at..bytes.len().min(at + 1 + count * 5))),
                None => {
                    let part = bytes[at..bytes.len().min(at + 20)].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        check("file", &bytes, format)?;
    }

    #[test]
    fn text_survives_json_ld_without_its_markup(name in "[A-Za-z][a-z ]{0,20}[a-z]", tag in "[a-z]{1,6}") {
        prop_assume!(!["null", "none", "nan", "undefined"].contains(&name.to_lowercase().as_str()));
        let json = serde_json::json!({"@type": "Recipe", "name": format!("<{tag}>{name}</{tag}>"), "recipeIngredient": ["x"]});
        let bytes = json.to_string();
        let mut reader = Reader::open(Input::bytes(bytes.as_bytes()), Options::default()).unwrap();
        let item = reader.next_item().unwrap().unwrap();
        let words: Vec<_> = name.split_whitespace().collect();
        if !matches!(tag.as_str(), "script" | "style") {
            prop_assert_eq!(item.name.unwrap(), words.join(" "));
        }
    }
}
