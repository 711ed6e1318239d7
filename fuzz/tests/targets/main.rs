//! The fuzz targets, each a test that runs for half a second unless told otherwise: `just fuzz TARGET SECONDS`.
//!
//! They ask for no panic, for bounded time and memory, and for what must hold of any input whatever it says.

mod bodies;
mod framing;
mod replies;
mod requests;
mod streams;

/// A test that hands inputs made from `$seeds` to `$check`, for half a second unless the environment says otherwise.
macro_rules! target {
    ($name:ident, $seeds:expr, $check:expr) => {
        #[test]
        fn $name() {
            let inputs = paceway_fuzz::case::Inputs { seeds: $seeds };
            bolero::check!()
                .with_test_time(std::time::Duration::from_millis(500))
                .with_generator(inputs)
                .for_each(|input: &paceway_fuzz::case::Input| $check(input));
        }
    };
}
pub(crate) use target;
