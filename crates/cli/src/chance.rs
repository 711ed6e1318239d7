//! The one file that asks the system for secrets' random numbers.

/// Thirty-two bytes that nobody can guess.
pub(crate) fn bytes() -> Result<[u8; 32], String> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| error.to_string())?;
    Ok(random)
}
