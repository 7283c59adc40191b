//! The index as the service uses it: written in several commits, searched by different viewers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failure fails the test")]

mod kitchen;
mod orders;
mod places;
mod quality;
mod visibility;
mod words;
