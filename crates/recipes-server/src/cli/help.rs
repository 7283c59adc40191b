//! Shows in the help of each command only the settings that it reads. The other settings are accepted, too, so that a
//! flag may precede any command.

use clap::{Arg, Command};

const DATABASE: &[&str] = &["data_dir", "database_url"];

/// The settings that a command reads, or all commands of a group; `None`: all settings.
fn settings_of(command: &str, inherited: &[&str]) -> Option<&'static [&'static str]> {
    Some(match command {
        "serve" | "check" => return None,
        "import" | "export" | "backup" | "restore" | "users" | "audit" => DATABASE,
        "health" => &["host", "port", "public_url"],
        "decode" => &["data_dir", "database_url", "public_url"],
        "webhooks" => &["data_dir", "database_url", "webhook_private"],
        // Of users: other groups have such commands, too.
        "add" | "set-password" if inherited == DATABASE => {
            &["password_scheme", "bcrypt_cost", "password_min_length", "public_url"]
        }
        "invite" => &["signup", "public_url", "host", "port"],
        _ => &[],
    })
}

/// Hides in each subcommand the settings that it does not read.
pub(super) fn with_relevant_settings(command: Command) -> Command {
    let settings = settings(&command);
    let hide = |setting: &Arg, is_read: bool| Some(setting.clone().hide(!is_read));
    command.mut_subcommands(|subcommand| with_settings(subcommand, &settings, &[], &hide))
}

/// Gives each subcommand only the flags of the settings that it reads: completions would also offer hidden ones.
pub(super) fn with_relevant_flags(command: Command) -> Command {
    let settings = settings(&command);
    let keep = |setting: &Arg, is_read: bool| is_read.then(|| setting.clone().global(false));
    let command = command.mut_args(|argument| argument.global(false));
    command.mut_subcommands(|subcommand| with_settings(subcommand, &settings, &[], &keep))
}

fn settings(command: &Command) -> Vec<Arg> {
    command.get_arguments().filter(|argument| argument.is_global_set()).cloned().collect()
}

/// Adds to a command and its subcommands what `add` makes of each setting. It is told whether the command reads the setting.
fn with_settings(
    command: Command,
    settings: &[Arg],
    inherited: &[&str],
    add: &impl Fn(&Arg, bool) -> Option<Arg>,
) -> Command {
    let own = settings_of(command.get_name(), inherited);
    let is_read = |setting: &Arg| {
        let id = setting.get_id().as_str();
        own.is_none_or(|own| own.contains(&id)) || inherited.contains(&id)
    };
    // A command does not inherit an argument that it defines itself. The same name means the same argument.
    let added: Vec<Arg> = settings.iter().filter_map(|setting| add(setting, is_read(setting))).collect();
    let read = [inherited, own.unwrap_or_default()].concat();
    command.args(added).mut_subcommands(|subcommand| with_settings(subcommand, settings, &read, add))
}
