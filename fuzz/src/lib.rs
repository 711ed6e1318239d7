//! What the fuzz targets in `tests/` share: valid bodies and streams, ways to spoil them, and the bounds that reading them
//! has to keep.
//!
//! The targets run for a moment each as property tests on stable Rust (`cargo test -p paceway-fuzz`), and for as long as
//! one likes with `just fuzz`. What a format means is tested beside it, not here.

// It measures how long things take.
#![allow(clippy::disallowed_methods)]

pub mod bounds;
pub mod case;
mod edit;
pub mod order;
pub mod seeds;
mod spans;

use paceway_domain::Dialect;

/// The dialects that have a format: all.
pub const FORMATS: [Dialect; 6] = Dialect::ALL;
