//! A folder to run the program in, and the result of a run.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// An empty folder. The program runs with an empty environment.
pub(crate) struct Folder(TempDir);

/// A run that is not started yet.
pub(crate) struct Run<'a> {
    command: Command,
    stdin: &'a [u8],
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn has(&self, name: impl AsRef<Path>) -> bool {
        self.0.path().join(name).exists()
    }

    /// The program with these arguments, separated by spaces.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recipes"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path()).env_clear();
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Ended {
        self.with(arguments).run()
    }

    pub(crate) fn with(&self, arguments: &str) -> Run<'_> {
        Run { command: self.command(arguments), stdin: b"" }
    }
}

impl<'a> Run<'a> {
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn stdin(mut self, text: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        self.stdin = text.as_ref();
        self
    }

    /// Runs with closed output, and checks the exit code.
    #[track_caller]
    pub(crate) fn ends_with_closed_output(mut self, code: i32) {
        let [closed, also_closed] = [(); 2].map(|()| std::io::pipe().unwrap().1);
        let ended = self.command.stdin(Stdio::null()).stdout(closed).stderr(also_closed).status().unwrap();
        assert_eq!(ended.code(), Some(code), "{:?}", self.command);
    }

    pub(crate) fn run(mut self) -> Ended {
        let streams = (Stdio::piped(), Stdio::piped(), Stdio::piped());
        let mut child = self.command.stdin(streams.0).stdout(streams.1).stderr(streams.2).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let text = self.stdin.to_owned();
        // In another thread: otherwise both processes could wait for room in a pipe.
        let writer = std::thread::spawn(move || {
            // Fails if the program does not read its input.
            let _ = stdin.write_all(&text);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output.into()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn is(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Everything on standard output, without the last line break.
    #[track_caller]
    pub(crate) fn says(&self, want: &str) -> &Self {
        assert_eq!(self.stdout.strip_suffix('\n').unwrap_or(&self.stdout), want, "{self:#?}");
        self
    }

    /// The lines of standard error.
    #[track_caller]
    pub(crate) fn complains(&self, want: &[&str]) -> &Self {
        assert_eq!(self.stderr.lines().collect::<Vec<_>>(), want, "{self:#?}");
        self
    }
}
