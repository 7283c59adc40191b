//! How much a recipe may say. Texts are counted in characters, not bytes: an Ä is one.

use std::ops::RangeInclusive;

pub const NAME: usize = 200;
pub const INGREDIENTS: usize = 200;
pub const INGREDIENT: usize = 500;
pub const HEALTH_LABELS: usize = 64;
pub const HEALTH_LABEL: usize = 64;
/// Steps of the instructions.
pub const STEPS: usize = 200;
pub const STEP: usize = 4_000;
/// A year: longer than any ham or cheese takes.
pub const MINUTES: RangeInclusive<u32> = 0..=525_600;

pub const DESCRIPTION: usize = 10_000;
/// Servings are above 0, halves allowed.
pub const SERVINGS: f64 = 100_000.0;
/// One-line texts that have no limit of their own: yield, licence, a step's section, names of people.
pub const LINE: usize = 200;
/// Each of category, cuisine, keywords and tools.
pub const TAGS: usize = 64;
pub const TAG: usize = 200;
pub const NUTRITION: RangeInclusive<f64> = 0.0..=1_000_000.0;
pub const URL: usize = 2_000;
/// RFC 5646, section 4.4.1 advises room for 35; private-use parts have no end of their own.
pub const LANGUAGE: usize = 100;
pub const DIFFICULTY: RangeInclusive<u8> = 1..=5;
/// The `extra` object as compact JSON.
pub const EXTRA_BYTES: usize = 16 * 1024;
/// Objects and lists inside each other in `extra`, itself included.
pub const EXTRA_DEPTH: usize = 32;
