//! The domain and its store.
