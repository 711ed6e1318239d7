//! Logistic regression with soft targets and a ridge, by Newton's method: exact, and the same on every run.
//!
//! Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 4.4.1 (iteratively reweighted least squares)
//! and 3.4.1 (ridge).

use super::corpus::Row;

/// Newton converges in far fewer.
const STEPS: usize = 25;

/// The base and then the weight of each feature, in log-odds. The base is not drawn to 0.
pub(super) fn logistic(rows: &[Row], ridge: f64) -> Vec<f64> {
    let size = 1 + rows.first().map_or(0, |row| row.features.len());
    let mut weights = vec![0.0; size];
    for _ in 0..STEPS {
        let mut gradient = vec![0.0; size];
        let mut curvature = vec![vec![0.0; size]; size];
        for at in 1..size {
            gradient[at] = -ridge * weights[at];
            curvature[at][at] = ridge;
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
    use super::*;

    #[test]
    fn equations_are_solved() {
        let x = solve(vec![vec![4.0, 0.0], vec![2.0, 3.0]], vec![8.0, 8.0]);
        assert!((x[0] - 1.0).abs() < 1e-9 && (x[1] - 2.0).abs() < 1e-9, "{x:?}");
    }

    #[test]
    fn the_weights_that_made_the_rows_are_found() {
        let truth = [-1.0, 2.0, -3.0];
        let points = (0..400).map(|at| vec![f64::from(at % 20) / 20.0, f64::from(at / 20) / 20.0]);
        let rows: Vec<Row> = points
            .map(|features| {
                let row = Row { features, hard: 0.0 };
                Row { hard: chance(&truth, &row), ..row }
            })
            .collect();
        let found = logistic(&rows, 1e-6);
        assert!(found.iter().zip(truth).all(|(found, truth)| (found - truth).abs() < 1e-3), "{found:?}");
    }
}
