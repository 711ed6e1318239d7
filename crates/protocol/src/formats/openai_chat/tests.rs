//! The format as a whole.
