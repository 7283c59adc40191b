//! The benchmarks of `verify.rs`, with every allocation counted: `cargo bench -p strict-jose --bench allocations`.

#[path = "verify.rs"]
mod verify;

#[global_allocator]
static COUNTED: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    verify::main();
}
