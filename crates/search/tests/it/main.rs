//! The index as the service uses it: written in several commits, searched by different viewers.

mod kitchen;
mod orders;
mod places;
mod quality;
mod visibility;
mod words;
