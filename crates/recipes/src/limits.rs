//! Limits of the fields of a recipe. The length of a text is counted in characters, not bytes: "Ä" is one.

use std::ops::RangeInclusive;

pub const NAME: usize = 200;
pub const INGREDIENTS: usize = 200;
pub const INGREDIENT: usize = 500;
pub const HEALTH_LABELS: usize = 64;
pub const HEALTH_LABEL: usize = 64;
/// Steps of the instructions.
pub const STEPS: usize = 200;
pub const STEP: usize = 4_000;
/// Up to a year: hams and cheeses take months.
pub const MINUTES: RangeInclusive<u32> = 0..=525_600;

pub const DESCRIPTION: usize = 10_000;
/// The most servings. The least is anything above 0: halves are allowed.
pub const SERVINGS: u32 = 100_000;
/// One-line texts without a limit of their own: yield, licence, section of a step, name of an author or a source.
pub const LINE: usize = 200;
/// Each of category, cuisine, keywords and tools.
pub const TAGS: usize = 64;
pub const TAG: usize = 200;
/// Fractions are allowed.
pub const NUTRITION: RangeInclusive<u32> = 0..=1_000_000;
pub const URL: usize = 2_000;
/// RFC 5646, section 4.4.1 recommends at least 35. Private-use parts have no limit of their own.
pub const LANGUAGE: usize = 100;
pub const DIFFICULTY: RangeInclusive<u8> = 1..=5;
/// The `extra` object as compact JSON.
pub const EXTRA_BYTES: usize = 16 * 1024;
/// Levels of nested objects and lists in `extra`, which is itself the first.
pub const EXTRA_DEPTH: usize = 32;
