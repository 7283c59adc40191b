//! `recipes man`: the manual pages, made from the help of the commands.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Command};
use clap_mangen::{
    Man,
    roff::{Roff, roman},
};

/// Print the manual page, or write the pages of all commands into a folder
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ManPages {
    /// Existing folder for recipes.1, recipes-serve.1 and the pages of the other commands; without it, recipes.1 is printed
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  recipes man | man -l -
  recipes man ~/.local/share/man/man1";

impl ManPages {
    pub(super) fn run(&self, command: Command) -> anyhow::Result<ExitCode> {
        // A page for "recipes help" would say nothing.
        let mut command = command.disable_help_subcommand(true);
        command.build();
        match &self.folder {
            None => io::stdout().write_all(&page(command)?)?,
            Some(folder) => write_pages(command, folder)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The pages of a command and of all its subcommands.
fn write_pages(command: Command, folder: &Path) -> anyhow::Result<()> {
    for subcommand in command.get_subcommands().cloned() {
        write_pages(subcommand, folder)?;
    }
    let path = folder.join(Man::new(command.clone()).get_filename());
    fs::write(&path, page(command)?).with_context(|| format!("{} cannot be written", path.display()))
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let notes = command.get_after_help().map(ToString::to_string);
    let has_subcommands = command.has_subcommands();
    let man = Man::new(command).manual("Recipes API").source(concat!("recipes ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    // Flags must not be hyphenated.
    page.extend_from_slice(b".nh\n.ad l\n");
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    let mut options = Vec::new();
    man.render_options_section(&mut options)?;
    page.extend(with_breaks_in_lists(&options));
    if has_subcommands {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(notes) = notes {
        // Not filled: the lines of an example stay as they are.
        let mut section = Roff::new();
        section.control("SH", ["NOTES AND EXAMPLES"]).control("nf", []);
        for line in notes.lines() {
            section.text([roman(line)]);
        }
        section.control("fi", []).to_writer(&mut page)?;
    }
    Ok(page)
}

/// Allows a line break behind each comma of a list without spaces, because such a default can be longer than a line.
fn with_breaks_in_lists(section: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(section.len());
    for (index, byte) in section.iter().enumerate() {
        text.push(*byte);
        if *byte == b',' && section.get(index + 1).is_some_and(u8::is_ascii_alphanumeric) {
            text.extend_from_slice(br"\:");
        }
    }
    text
}
