//! The help of a command shows the settings that it reads. All others are accepted, so that a flag may stand in front of
//! any command, and not shown.

use clap::{Arg, Command};

const DATABASE: &[&str] = &["database_url"];

/// What a command reads, or all commands of a group; `None` if that is everything.
fn settings_of(command: &str) -> Option<&'static [&'static str]> {
    Some(match command {
        "serve" => return None,
        "import" | "export" | "users" | "decode" => DATABASE,
        "add" => &["password_scheme", "bcrypt_cost", "password_min_length", "public_url"],
        _ => &[],
    })
}

/// This command, and those below it without the settings that they do not read.
pub(super) fn of_each_its_own(command: Command) -> Command {
    let settings: Vec<_> =
        command.get_arguments().filter(|argument| argument.is_global_set()).cloned().collect();
    command.mut_subcommands(|below| with_its_own(below, &settings, &[]))
}

fn with_its_own(command: Command, settings: &[Arg], above: &[&str]) -> Command {
    let Some(own) = settings_of(command.get_name()) else { return command };
    let read = [above, own].concat();
    // An argument that a command has is not inherited, and one of the same name is the same argument.
    let shown = settings.iter().cloned().map(|setting| {
        let hidden = !read.contains(&setting.get_id().as_str());
        setting.hide(hidden)
    });
    command.args(shown).mut_subcommands(|below| with_its_own(below, settings, &read))
}
