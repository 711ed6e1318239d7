//! The steps of a schema, as both engines take them: ordered by number, each applied once, in a transaction of its own.
//!
//! A database remembers the numbers of the steps that it has, so that one that was left out, because it was written beside another,
//! comes later. It does not know any SQL but its steps'.

/// One step.
pub(crate) struct Migration {
    /// Its place in the order, and what a database remembers it by.
    pub number: i64,
    /// What it is called where somebody looks.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
}

/// Those of `known` that a database with the steps `applied` lacks, in order.
///
/// # Errors
/// The number of a step that is not among those known: a later Paceway was here.
pub(crate) fn missing<'a>(known: &'a [Migration], applied: &[i64]) -> Result<Vec<&'a Migration>, i64> {
    let is_known = |number: &i64| known.iter().any(|migration| migration.number == *number);
    if let Some(later) = applied.iter().copied().filter(|number| !is_known(number)).max() {
        return Err(later);
    }
    Ok(known.iter().filter(|migration| !applied.contains(&migration.number)).collect())
}

/// The highest number known.
pub(crate) fn newest(known: &[Migration]) -> i64 {
    known.iter().map(|migration| migration.number).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn step(number: i64) -> Migration {
        Migration { number, name: "", sql: "" }
    }

    #[test]
    fn a_step_that_was_left_out_comes_later() {
        let known = [step(1), step(4), step(10)];
        let numbers: Vec<_> =
            missing(&known, &[1, 10]).into_iter().flatten().map(|step| step.number).collect();
        assert_eq!(numbers, [4]);
    }

    #[test]
    fn a_step_of_a_later_version_is_named() {
        assert_eq!(missing(&[step(1)], &[1, 7]).err(), Some(7));
    }
}
