//! The parts of the program that a server has.

/// The parts of the program that a server has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Accounts, authorization server and recipes.
    #[default]
    AllInOne,
    /// Accounts and authorization server.
    AccountsOnly,
    /// Recipes of users that another server logs in.
    ResourceServer,
}

impl Mode {
    pub fn has_accounts(self) -> bool {
        self != Self::ResourceServer
    }

    pub fn has_recipes(self) -> bool {
        self != Self::AccountsOnly
    }
}
