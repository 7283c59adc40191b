//! `recipes completions`: prints the completions of a shell, made from the definition of the commands.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Args, Command};
use clap_complete::{Shell, generate};

/// Print the completions of commands, flags and files for a shell
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Completions {
    /// The shell to print them for
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples, for one user. A new shell has them:
  recipes completions bash > ~/.local/share/bash-completion/completions/recipes
  recipes completions zsh > ~/.zfunc/_recipes      with \"fpath+=~/.zfunc\" before \"compinit\" in ~/.zshrc
  recipes completions fish > ~/.config/fish/completions/recipes.fish";

impl Completions {
    /// `command` has in each subcommand the values to complete there.
    pub(super) fn run(&self, mut command: Command) -> anyhow::Result<ExitCode> {
        let name = command.get_name().to_owned();
        // The generators panic when their output is closed.
        let mut script = Vec::new();
        generate(self.shell, &mut command, name, &mut script);
        io::stdout().write_all(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
