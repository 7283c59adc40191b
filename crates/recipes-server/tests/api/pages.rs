//! The pages for people, as a browser without JavaScript uses them.

mod accounts;
mod admin;
pub(crate) mod browser;
mod editing;
mod importing;
mod permissions;
mod planning;
mod reading;
mod unmarked;
mod words;
