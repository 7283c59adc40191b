//! The binary `recipes`: the allocator, and the program of the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Returns freed memory to the system, also after a flood; the allocator of glibc keeps it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    recipes_server::program::main()
}
