//! The `recipes` program: parses the arguments, runs the command, returns the exit code.
//!
//! Here and not in `main.rs`, so that the code of all commands is compiled with the library, and the binary is only linked.

use std::{
    borrow::Cow,
    io::{self, Write as _},
    process::ExitCode,
    sync::mpsc,
    thread,
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};

use crate::cli::{Cli, CliError, InvalidArgument};
use crate::config::ConfigError;
use crate::idle_memory;
use crate::telemetry::{escape::escape_lines, panics};

/// The exit code for a wrong argument or setting.
const USAGE: u8 = 2;

/// Threads for long reads, compression and name look-ups. Each keeps some memory, and more do not make them faster.
const BLOCKING_THREADS: usize = 16;

pub fn main() -> ExitCode {
    panics::report_without_values();
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(CliError::Arguments(error)) => {
            // Also help and version. If the output is closed, there is no place to report it.
            let _ = print(&error);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
        Err(CliError::Setting(error)) => return fail(&error, USAGE),
    };
    let outcome = runtime(&cli).map_err(Into::into).and_then(|runtime| {
        let outcome = runtime.block_on(cli.run());
        // Dropping it would wait for blocking work, such as the look-up of a mail server that does not answer.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(code) => code,
        Err(error) if error.is::<ConfigError>() || error.is::<InvalidArgument>() => {
            fail(format_args!("{error:#}"), USAGE)
        }
        Err(error) => fail(format_args!("{error:#}"), 1),
    }
}

/// As clap does, but for arguments with characters that would change what the terminal shows.
fn print(error: &clap::Error) -> io::Result<()> {
    let plain = error.render().to_string();
    match escape_lines(&plain) {
        Cow::Owned(escaped) if error.use_stderr() => io::stderr().write_all(escaped.as_bytes()),
        _ => error.print(),
    }
}

/// All cores for the service, one thread for the other commands.
fn runtime(cli: &Cli) -> io::Result<Runtime> {
    let mut builder = if cli.serves() { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder
        .max_blocking_threads(BLOCKING_THREADS)
        .on_thread_park(idle_memory::before_waiting)
        .enable_all()
        .build()
}

fn fail(error: impl std::fmt::Display, code: u8) -> ExitCode {
    let message = format!("recipes: {}\n", escape_lines(&error.to_string()));
    let (written, wait) = mpsc::channel();
    // On a thread, because standard error may be blocked, and the process must end all the same.
    thread::spawn(move || {
        let _ = io::stderr().write_all(message.as_bytes());
        let _ = written.send(());
    });
    let _ = wait.recv_timeout(Duration::from_secs(1));
    ExitCode::from(code)
}
