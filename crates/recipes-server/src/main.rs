//! The `recipes` program: reads its arguments, runs what they say, and ends with a code that says how it went.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use recipes_server::{
    cli::{Cli, Refusal, Unusable},
    config::ConfigError,
};
use tokio::runtime::{Builder, Runtime};

/// A command line or a setting that cannot be used.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(Refusal::Arguments(error)) => {
            // Help and version come this way too. Nobody is left to hear that the terminal is gone.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
        Err(Refusal::Setting(error)) => return fail(&error, USAGE),
    };
    let outcome = runtime(&cli).map_err(Into::into).and_then(|runtime| runtime.block_on(cli.run()));
    match outcome {
        Ok(code) => code,
        Err(error) if error.is::<ConfigError>() || error.is::<Unusable>() => {
            fail(format_args!("{error:#}"), USAGE)
        }
        Err(error) => fail(format_args!("{error:#}"), 1),
    }
}

/// All cores for the service; its tools have enough with one.
fn runtime(cli: &Cli) -> io::Result<Runtime> {
    let mut builder = if cli.serves() { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.enable_all().build()
}

fn fail(error: impl std::fmt::Display, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "recipes: {error}");
    ExitCode::from(code)
}
