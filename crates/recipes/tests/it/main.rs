//! One binary for all integration tests: it links once.

mod draft;
mod real_data;
