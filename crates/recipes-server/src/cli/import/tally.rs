//! Counts the results of an import.

use std::collections::BTreeMap;
use std::fmt;

use recipes::FieldError;

use super::printable::printable;

/// What an item is, or should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Recipe,
    User,
    /// The item cannot be recognised as either.
    Unknown,
    File,
}

impl Kind {
    pub(super) fn already_there(self) -> &'static str {
        match self {
            Self::User => "a user with this e-mail address is already there",
            _ => "a recipe with this uid is already there",
        }
    }

    fn plural(self) -> &'static str {
        if self == Self::User { "users" } else { "recipes" }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Added,
    Updated,
    AlreadyThere,
    Failed,
}

/// Counts items by result. Displays the added ones, as in "410 recipes and 1 user" or "nothing".
#[derive(Debug, Default)]
pub(super) struct Tally {
    recipes: u64,
    users: u64,
    updated: u64,
    already_there: u64,
    failed: u64,
    /// How often each unknown field was found, by its name without indexes.
    left_out: BTreeMap<(Kind, String), u64>,
}

/// Distinct fields in the report. A file can have any number of them.
const REPORTED_FIELDS: usize = 50;

impl Tally {
    pub(super) fn count(&mut self, kind: Kind, outcome: Outcome) {
        let counter = match (outcome, kind) {
            (Outcome::Added, Kind::User) => &mut self.users,
            (Outcome::Added, _) => &mut self.recipes,
            (Outcome::Updated, _) => &mut self.updated,
            (Outcome::AlreadyThere, _) => &mut self.already_there,
            (Outcome::Failed, _) => &mut self.failed,
        };
        *counter += 1;
    }

    /// Counts the unknown fields of an item.
    pub(super) fn leave_out(&mut self, kind: Kind, fields: &[FieldError]) {
        for field in fields {
            let steps =
                field.pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
            let steps: Vec<_> = steps.filter(|step| step.parse::<usize>().is_err()).collect();
            let key = (kind, printable(&steps.join(".")));
            if self.left_out.len() < REPORTED_FIELDS || self.left_out.contains_key(&key) {
                *self.left_out.entry(key).or_default() += 1;
            } else {
                *self.left_out.entry((kind, "other fields".to_owned())).or_default() += 1;
            }
        }
    }

    /// One line for each kind of item that has unknown fields.
    pub(super) fn left_out(&self) -> Vec<String> {
        let line = |kind: Kind| {
            let fields = self.left_out.iter().filter(|((of, _), _)| *of == kind);
            let fields: Vec<_> = fields.map(|((_, name), count)| format!("{name} ({count})")).collect();
            let (kind, fields_text) = (kind.plural(), fields.join(", "));
            (!fields.is_empty())
                .then(|| format!("left out, because {kind} have no such field: {fields_text}"))
        };
        [Kind::Recipe, Kind::User].into_iter().filter_map(line).collect()
    }

    pub(super) fn has_failures(&self) -> bool {
        self.failed > 0
    }

    /// Nothing was imported after all.
    pub(super) fn take_back(&mut self) {
        (self.recipes, self.users, self.updated) = (0, 0, 0);
    }

    /// The other results, as in ", 2 already there, 1 failed".
    pub(super) fn remarks(&self) -> String {
        let remark =
            |number: u64, what: &str| if number > 0 { format!(", {number} {what}") } else { String::new() };
        let left_out = self.left_out.values().sum();
        let fields = if left_out == 1 { "field left out" } else { "fields left out" };
        remark(self.updated, "updated")
            + &remark(self.already_there, "already there")
            + &remark(self.failed, "failed")
            + &remark(left_out, fields)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |number| if number == 1 { "" } else { "s" };
        let (recipes, users) = (self.recipes, self.users);
        if recipes == 0 && users == 0 {
            return f.write_str("nothing");
        }
        if recipes > 0 {
            write!(f, "{recipes} recipe{}", plural(recipes))?;
        }
        if users > 0 {
            let and = if recipes > 0 { " and " } else { "" };
            write!(f, "{and}{users} user{}", plural(users))?;
        }
        Ok(())
    }
}
