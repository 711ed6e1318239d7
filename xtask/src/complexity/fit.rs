//! Logistic regression with soft targets and a ridge, by Newton's method: exact, and the same on every run.
//!
//! Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 4.4.1 (iteratively reweighted least squares)
//! and 3.4.1 (ridge).

use paceway_policy::complexity::May;

use super::corpus::Row;

/// Newton converges in far fewer.
const STEPS: usize = 25;

/// What holds the weight of a feature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How strongly it is drawn to 0 before all are scaled.
    pub(super) ridge: f64,
    /// The sign it may have.
    pub(super) may: May,
}

/// Weights whose directions come from a strong ridge and whose size is then fitted without one: a strong ridge weighs each
/// feature nearly by what it says alone, which holds up where features go together otherwise than in the corpus, but it
/// leaves all scores near the middle (Platt, Probabilistic Outputs, 1999, for the second step).
pub(super) fn scaled(rows: &[Row], features: &[Limits]) -> Vec<f64> {
    let weights = within(rows, features);
    let margin =
        |row: &Row| weights[1..].iter().zip(&row.features).map(|(weight, value)| weight * value).sum();
    let margins: Vec<Row> = rows.iter().map(|row| Row { features: vec![margin(row)], ..*row }).collect();
    let [base, scale] = logistic(&margins, &[0.0])[..] else { unreachable!("a base and one weight") };
    std::iter::once(base).chain(weights[1..].iter().map(|weight| weight * scale)).collect()
}

/// As `logistic`, with no weight against what its feature may say: those are left out and the rest is fitted again.
fn within(rows: &[Row], features: &[Limits]) -> Vec<f64> {
    let ridges: Vec<f64> = features.iter().map(|feature| feature.ridge).collect();
    let mut rows = rows.to_vec();
    loop {
        let weights = logistic(&rows, &ridges);
        let is_against = |(weight, feature): (&f64, &Limits)| match feature.may {
            May::Raise => *weight < 0.0,
            May::Lower => *weight > 0.0,
            May::Both => false,
        };
        let against: Vec<usize> = weights[1..]
            .iter()
            .zip(features)
            .enumerate()
            .filter(|(_, pair)| is_against(*pair))
            .map(|(at, _)| at)
            .collect();
        if against.is_empty() {
            return weights;
        }
        // A feature that is 0 everywhere gets the weight 0 by the ridge.
        for row in &mut rows {
            for at in &against {
                row.features[*at] = 0.0;
            }
        }
    }
}

/// The base and then the weight of each feature, in log-odds. The base is not drawn to 0.
fn logistic(rows: &[Row], ridges: &[f64]) -> Vec<f64> {
    let size = 1 + rows.first().map_or(0, |row| row.features.len());
    let penalties: Vec<f64> =
        ridges.iter().enumerate().map(|(at, ridge)| ridge * variance(rows, at)).collect();
    let mut weights = vec![0.0; size];
    for _ in 0..STEPS {
        let mut gradient = vec![0.0; size];
        let mut curvature = vec![vec![0.0; size]; size];
        for at in 1..size {
            gradient[at] = -penalties[at - 1] * weights[at];
            curvature[at][at] = penalties[at - 1];
        }
        for row in rows {
            let chance = chance(&weights, row);
            let values: Vec<f64> = std::iter::once(1.0).chain(row.features.iter().copied()).collect();
            for one in 0..size {
                gradient[one] += (row.hard - chance) * values[one];
                for other in 0..=one {
                    curvature[one][other] += chance * (1.0 - chance) * values[one] * values[other];
                }
            }
        }
        let step = solve(curvature, gradient);
        weights.iter_mut().zip(&step).for_each(|(weight, step)| *weight += step);
    }
    weights
}

/// The variance of a feature: with it the ridge is that of standardised features, so that one which varies little is not
/// held back for that. A little more keeps a feature that never varies at 0.
fn variance(rows: &[Row], at: usize) -> f64 {
    let mean = |value: &dyn Fn(&Row) -> f64| rows.iter().map(value).sum::<f64>() / rows.len() as f64;
    let middle = mean(&|row| row.features[at]);
    mean(&|row| (row.features[at] - middle).powi(2)) + 1e-3
}

/// What the model says of a row: between 0 and 1.
pub(super) fn chance(weights: &[f64], row: &Row) -> f64 {
    let moved: f64 = weights[1..].iter().zip(&row.features).map(|(weight, value)| weight * value).sum();
    1.0 / (1.0 + (-(weights[0] + moved)).exp())
}

/// The solution of `matrix × x = right` by Cholesky's method; the matrix is symmetric, positive definite, and given by its
/// lower half.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for row in 0..size {
        for column in 0..=row {
            let known: f64 = (0..column).map(|at| matrix[row][at] * matrix[column][at]).sum();
            let left = matrix[row][column] - known;
            matrix[row][column] =
                if row == column { left.max(1e-12).sqrt() } else { left / matrix[column][column] };
        }
    }
    for row in 0..size {
        let known: f64 = (0..row).map(|at| matrix[row][at] * right[at]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|at| matrix[at][row] * right[at]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use paceway_policy::complexity::Form;

    use super::*;

    #[test]
    fn equations_are_solved() {
        let x = solve(vec![vec![4.0, 0.0], vec![2.0, 3.0]], vec![8.0, 8.0]);
        assert!((x[0] - 1.0).abs() < 1e-9 && (x[1] - 2.0).abs() < 1e-9, "{x:?}");
    }

    #[test]
    fn no_weight_is_against_what_its_feature_may_say() {
        // The first feature makes harder; the second goes with easy rows.
        let row = |first: f64, second: f64, hard: f64| Row {
            form: Form::Open,
            features: vec![first, second],
            hard,
        };
        let may = |may: [May; 2]| may.map(|may| Limits { ridge: 0.1, may });
        let rows = [row(1.0, 0.0, 1.0), row(0.9, 0.1, 1.0), row(0.2, 1.0, 0.0), row(0.0, 0.8, 0.0)];
        let free = within(&rows, &may([May::Raise, May::Both]));
        assert!(free[1] > 0.5 && free[2] < -0.5, "{free:?}");
        let bound = within(&rows, &may([May::Raise, May::Raise]));
        assert!(bound[1] > free[1] && bound[2].abs() < 1e-9, "{bound:?}");
        let turned = within(&rows, &may([May::Lower, May::Lower]));
        assert!(turned[1].abs() < 1e-9 && turned[2] < -0.5, "{turned:?}");
    }

    #[test]
    fn the_weights_that_made_the_rows_are_found() {
        let truth = [-1.0, 2.0, -3.0];
        let points = (0..400).map(|at| vec![f64::from(at % 20) / 20.0, f64::from(at / 20) / 20.0]);
        let rows: Vec<Row> = points
            .map(|features| {
                let row = Row { form: Form::Open, features, hard: 0.0 };
                Row { hard: chance(&truth, &row), ..row }
            })
            .collect();
        let found = logistic(&rows, &[1e-6; 2]);
        assert!(found.iter().zip(truth).all(|(found, truth)| (found - truth).abs() < 1e-3), "{found:?}");
    }
}
