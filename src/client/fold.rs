//! How the model changes.
