//! Counts the results of an import.

use std::fmt;

/// What an item is, or should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Added,
    AlreadyThere,
    Failed,
}

/// Counts items by result. Displays the added ones, as in "410 recipes and 1 user" or "nothing".
#[derive(Debug, Default)]
pub(super) struct Tally {
    recipes: u64,
    users: u64,
    already_there: u64,
    failed: u64,
}

impl Tally {
    pub(super) fn count(&mut self, kind: Kind, outcome: Outcome) {
        let counter = match (outcome, kind) {
            (Outcome::Added, Kind::User) => &mut self.users,
            (Outcome::Added, _) => &mut self.recipes,
            (Outcome::AlreadyThere, _) => &mut self.already_there,
            (Outcome::Failed, _) => &mut self.failed,
        };
        *counter += 1;
    }

    pub(super) fn has_failures(&self) -> bool {
        self.failed > 0
    }

    /// The other results, as in ", 2 already there, 1 failed".
    pub(super) fn remarks(&self) -> String {
        let remark =
            |number: u64, what: &str| if number > 0 { format!(", {number} {what}") } else { String::new() };
        remark(self.already_there, "already there") + &remark(self.failed, "failed")
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
