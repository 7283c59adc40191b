//! The real program on a real port: what only a process can show.

mod connections;
mod durability;
mod many_at_once;
mod program;
mod shutdown;
mod tutorial;
