//! How long prompts and answers are: rows of real traces, or a distribution fitted to them by eye.
//!
//! Traces: Azure/AzurePublicDataset, AzureLLMInferenceTrace 2023 (CC BY 4.0; Splitwise, ISCA 2024).

use std::fs;
use std::path::Path;

use fastrand::Rng;

/// Tokens of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

/// Where sizes are drawn from.
pub(crate) enum Sizes {
    /// Conversations and code, half of the requests each.
    Traces([Vec<Size>; 2]),
    BuiltIn,
}

impl Sizes {
    /// From the traces in a directory, if both are there.
    pub(crate) fn load(directory: &Path) -> Self {
        let read = |name: &str| {
            let text = fs::read_to_string(directory.join(format!("azure-llm-trace-2023-{name}.csv"))).ok()?;
            let rows: Vec<Size> = text.lines().filter_map(row).collect();
            (!rows.is_empty()).then_some(rows)
        };
        match (read("conv"), read("code")) {
            (Some(conv), Some(code)) => Self::Traces([conv, code]),
            _ => Self::BuiltIn,
        }
    }

    pub(crate) fn told(&self) -> &'static str {
        match self {
            Self::Traces(_) => "rows of the Azure LLM traces of 2023, conversations and code by halves",
            Self::BuiltIn => "the built-in distribution: the traces are not there (--data DIR)",
        }
    }

    pub(crate) fn draw(&self, dice: &mut Rng) -> Size {
        let is_code = dice.bool();
        match self {
            Self::Traces(traces) => {
                let rows = &traces[usize::from(is_code)];
                rows[dice.usize(..rows.len())]
            }
            // Medians and spreads of the traces; both are cut off at about 7,500 tokens of input.
            Self::BuiltIn if is_code => Size {
                input: log_normal(1_450.0, 1.1, dice).clamp(6, 7_500),
                output: log_normal(13.0, 0.8, dice).clamp(6, 1_900),
            },
            Self::BuiltIn => Size {
                input: log_normal(950.0, 0.9, dice).clamp(6, 7_500),
                output: log_normal(200.0, 0.8, dice).clamp(10, 1_000),
            },
        }
    }
}

fn row(line: &str) -> Option<Size> {
    let mut cells = line.split(',').skip(1);
    let input = cells.next()?.parse().ok()?;
    Some(Size { input, output: cells.next()?.parse().ok()? })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Positive and small: it is clamped.
fn log_normal(median: f64, sigma: f64, dice: &mut Rng) -> u64 {
    // Box and Muller.
    let radius = (-2.0 * (1.0 - dice.f64()).ln()).sqrt();
    let normal = radius * (std::f64::consts::TAU * dice.f64()).cos();
    (median * (sigma * normal).exp()).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_a_time_and_two_counts_and_other_lines_are_passed_over() {
        assert_eq!(row("0.000,374,44"), Some(Size { input: 374, output: 44 }));
        assert_eq!(row("t_s,in_tokens,out_tokens"), None);
        assert_eq!(row("# slice"), None);
    }
}
