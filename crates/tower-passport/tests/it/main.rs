//! The doors and the strategies, seen from outside.
