//! A table of real ingredient lines: their parts, and the line for twice the servings. It was read by eye.
//!
//! The lines are from the public-domain recipes that the samples are from, one of each form. `INSTA_UPDATE=always` writes the
//! table again.

use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use recipes::allergens::allergens_in_line;
use recipes::amounts::{IngredientLine, ListLine, ParsedIngredient, Ratio, UnitSystem, convert_temperatures};

use crate::real_data::lines_of;

#[test]
fn real_lines_are_parsed_as_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/amounts.tsv");
    let table = std::fs::read_to_string(&path).unwrap();
    let lines = table.lines().map(|row| row.split('\t').next().unwrap());
    let now: String = lines.map(row).collect();
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        std::fs::write(&path, &now).unwrap();
        return;
    }
    let differences: Vec<_> = table.lines().zip(now.lines()).filter(|(want, got)| want != got).collect();
    assert!(differences.is_empty() && table == now, "{} rows differ: {differences:#?}", differences.len());
}

/// The line, its amounts, its food, its note, and the line for twice the servings if it changes.
fn row(text: &str) -> String {
    let line = IngredientLine::parse(text);
    let parsed = line.to_parsed();
    let scaled = line.scaled(Ratio::whole(2), '.');
    let scaled = if scaled == text { "=" } else { &scaled };
    let ParsedIngredient { food, note, .. } = &parsed;
    let (food, note) = (food.as_deref().unwrap_or("-"), note.as_deref().unwrap_or("-"));
    format!("{text}\t{}\t{food}\t{note}\t{scaled}\n", amounts(&parsed))
}

/// `1 can, [14 oz]`: what does not scale is in brackets.
fn amounts(parsed: &ParsedIngredient) -> String {
    let mut out = String::new();
    for amount in &parsed.amounts {
        if !out.is_empty() {
            out.push_str(", ");
        }
        let mut text = fraction(amount.quantity);
        if let Some(maximum) = amount.maximum {
            write!(text, "-{}", fraction(maximum)).unwrap();
        }
        if let Some(unit) = amount.unit {
            write!(text, " {unit}").unwrap();
        }
        write!(out, "{}", if amount.scales { text } else { format!("[{text}]") }).unwrap();
    }
    if out.is_empty() { "-".to_owned() } else { out }
}

fn fraction(value: Ratio) -> String {
    match value.denominator() {
        1 => value.numerator().to_string(),
        denominator => format!("{}/{denominator}", value.numerator()),
    }
}

#[test]
fn every_real_line_survives_scaling() {
    for file in ["recipes-public-domain.json", "recipes-howtocook-zh.json", "tutorial/recipes.json"] {
        for text in lines_of(file) {
            let line = IngredientLine::parse(&text);
            assert_eq!(line.scaled(Ratio::ONE, '.'), text);
            let twice = line.scaled(Ratio::whole(2), '.');
            assert_eq!(twice != text, line.has_amount(), "{text}: {twice}");
            // Reading what was written gives twice the amount.
            let first = |text: &str| {
                let parsed = IngredientLine::parse(text).to_parsed();
                parsed.amounts.into_iter().find(|amount| amount.scales).map(|amount| amount.quantity)
            };
            assert_eq!(
                first(&twice),
                first(&text).and_then(|it| it.times(Ratio::whole(2))),
                "{text}: {twice}"
            );
        }
    }
}

/// A line and itself are the line for twice the servings. Of a line without an amount, one is enough.
#[test]
fn real_lines_are_added_up() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/amounts.tsv");
    let table = std::fs::read_to_string(&path).unwrap();
    let mut sums = 0;
    for text in table.lines().map(|row| row.split('\t').next().unwrap()) {
        let line = ListLine::parse(text);
        let Some(sum) = line.plus(&line, '.') else { continue };
        let twice = IngredientLine::parse(text).scaled(Ratio::whole(2), '.');
        assert_eq!(sum.text(), twice.trim(), "{text}");
        sums += 1;
    }
    assert!(sums > 1_400, "{sums} of {} lines", table.lines().count());
}

proptest! {
    /// Any text can be read, and nothing changes without a reason.
    #[test]
    fn any_text_is_read(text in "[ 0-9a-zA-Z./,()½¼%°x×~半两一个克勺约至–-]{0,40}|\\PC{0,40}", numerator in 1_u64..2_000, denominator in 1_u64..2_000) {
        let line = IngredientLine::parse(&text);
        prop_assert_eq!(line.scaled(Ratio::ONE, '.'), text.clone());
        line.scaled(Ratio::new(numerator, denominator).unwrap(), ',');
        line.to_parsed();
        let listed = ListLine::parse(&text);
        listed.plus(&listed, ',');
        for system in [UnitSystem::Metric, UnitSystem::Imperial] {
            line.converted(system, '.');
            convert_temperatures(&text, system);
        }
        allergens_in_line(&text);
    }
}
