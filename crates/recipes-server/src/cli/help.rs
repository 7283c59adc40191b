//! Shows in the help of each command only the settings that it reads. The other settings are accepted, too, so that a
//! flag may precede any command.

use clap::{Arg, Command};

const DATABASE: &[&str] = &["data_dir", "database_url"];

/// The settings that a command reads, or all commands of a group; `None`: all settings.
fn settings_of(command: &str) -> Option<&'static [&'static str]> {
    Some(match command {
        "serve" | "check" => return None,
        "import" | "export" | "backup" | "restore" | "users" | "audit" => DATABASE,
        "health" => &["host", "port", "public_url"],
        "decode" => &["data_dir", "database_url", "public_url"],
        "add" | "set-password" => &["password_scheme", "bcrypt_cost", "password_min_length", "public_url"],
        "invite" => &["signup", "public_url", "host", "port"],
        _ => &[],
    })
}

/// Hides in each subcommand the settings that it does not read.
pub(super) fn with_relevant_settings(command: Command) -> Command {
    let settings: Vec<_> =
        command.get_arguments().filter(|argument| argument.is_global_set()).cloned().collect();
    command.mut_subcommands(|subcommand| with_settings(subcommand, &settings, &[]))
}

fn with_settings(command: Command, settings: &[Arg], inherited: &[&str]) -> Command {
    let Some(own) = settings_of(command.get_name()) else { return command };
    let read = [inherited, own].concat();
    // A command does not inherit an argument that it defines itself. The same name means the same argument.
    let shown = settings.iter().cloned().map(|setting| {
        let hidden = !read.contains(&setting.get_id().as_str());
        setting.hide(hidden)
    });
    command.args(shown).mut_subcommands(|subcommand| with_settings(subcommand, settings, &read))
}
