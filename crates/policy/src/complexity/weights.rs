//! What each feature weighs: `weights.csv`, as `cargo xtask train-complexity` writes it.

use std::sync::LazyLock;

use super::features::FEATURES;

/// The weights of a logistic model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weights {
    /// What a prompt without features has, in log-odds.
    pub(super) base: f64,
    /// Of each of `FEATURES`, in log-odds for the whole of it.
    pub(super) each: Vec<f64>,
}

/// The weights that ship.
pub(super) static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
    Weights::parse(include_str!("weights.csv")).expect("the compiled-in weights are tested")
});

impl Weights {
    fn parse(text: &str) -> Result<Self, String> {
        let rows = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (name, weight) = line.split_once(',').ok_or_else(|| format!("no weight: {line}"))?;
            let weight: f64 = weight.parse().map_err(|error| format!("{line}: {error}"))?;
            Ok((name, weight))
        });
        let rows = rows.collect::<Result<Vec<_>, String>>()?;
        let of = |name: &str| {
            let row = rows.iter().find(|(known, _)| *known == name);
            row.map(|(_, weight)| *weight).ok_or_else(|| format!("`{name}` has no weight"))
        };
        let each = FEATURES.iter().map(|feature| of(feature.name)).collect::<Result<Vec<_>, _>>()?;
        if rows.len() != each.len() + 1 {
            return Err("weights for features that are not there".into());
        }
        Ok(Self { base: of("base")?, each })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_that_ship_are_those_of_the_features() {
        assert_eq!(Weights::parse(include_str!("weights.csv")).unwrap().each.len(), FEATURES.len());
    }

    #[test]
    fn a_missing_and_a_strange_weight_are_told() {
        assert_eq!(Weights::parse("base,1").unwrap_err(), "`length` has no weight");
        assert!(Weights::parse("base").is_err() && Weights::parse("base,x").is_err());
        let strange = format!("{}\nluck,1", include_str!("weights.csv").trim_end());
        assert!(Weights::parse(&strange).is_err());
    }
}
