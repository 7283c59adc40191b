//! Strict and fast JSON Web Tokens.
