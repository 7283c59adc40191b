//! Runs the benchmarks of `verify.rs` and counts allocations: `cargo bench -p strict-jose --bench allocations`.

#[path = "verify.rs"]
mod verify;

#[global_allocator]
static COUNTED: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    verify::main();
}
