//! What each feature weighs: `weights.csv`, as `cargo xtask train-complexity` writes it.

use std::sync::LazyLock;

use super::features::{FEATURES, Features, Form};

/// The weights of a logistic model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weights {
    /// What a prompt without features has, in log-odds.
    pub(super) base: f64,
    /// Of each of `FEATURES`, in log-odds for the whole of it.
    pub(super) each: Vec<f64>,
}

/// The weights for each form of prompt.
#[derive(Debug, Clone, PartialEq)]
struct Forms {
    open: Weights,
    choice: Weights,
}

/// The weights that ship.
static WEIGHTS: LazyLock<Forms> =
    LazyLock::new(|| Forms::parse(include_str!("weights.csv")).expect("the compiled-in weights are tested"));

impl Weights {
    /// Those that a prompt is weighed by.
    pub(super) fn of(features: &Features) -> &'static Self {
        match features.form {
            Form::Open => &WEIGHTS.open,
            Form::Choice => &WEIGHTS.choice,
        }
    }
}

impl Forms {
    /// Lines of `feature,open,choice`.
    fn parse(text: &str) -> Result<Self, String> {
        let rows = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let parts: Vec<&str> = line.split(',').collect();
            let [name, open, choice] = parts[..] else { return Err(format!("not two weights: {line}")) };
            let weight = |text: &str| text.parse::<f64>().map_err(|error| format!("{line}: {error}"));
            Ok((name, [weight(open)?, weight(choice)?]))
        });
        let rows = rows.collect::<Result<Vec<_>, String>>()?;
        let of = |name: &str| {
            let row = rows.iter().find(|(known, _)| *known == name);
            row.map(|(_, weights)| *weights).ok_or_else(|| format!("`{name}` has no weight"))
        };
        let base = of("base")?;
        let each = FEATURES.iter().map(|feature| of(feature.name)).collect::<Result<Vec<_>, _>>()?;
        if rows.len() != each.len() + 1 {
            return Err("weights for features that are not there".into());
        }
        let form = |at: usize| Weights { base: base[at], each: each.iter().map(|pair| pair[at]).collect() };
        Ok(Self { open: form(0), choice: form(1) })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_that_ship_are_those_of_the_features() {
        let forms = Forms::parse(include_str!("weights.csv")).unwrap();
        assert_eq!([forms.open.each.len(), forms.choice.each.len()], [FEATURES.len(); 2]);
        assert_ne!(forms.open, forms.choice);
    }

    #[test]
    fn a_missing_and_a_strange_weight_are_told() {
        assert_eq!(Forms::parse("base,1,2").unwrap_err(), "`length` has no weight");
        assert!(Forms::parse("base,1").is_err() && Forms::parse("base,1,x").is_err());
        let strange = format!("{}\nluck,1,1", include_str!("weights.csv").trim_end());
        assert!(Forms::parse(&strange).is_err());
    }
}
