//! What a router recovers of the gap between two models, by how much of the strong one is paid for.
//!
//! APGR and CPT as in RouteLLM (arXiv 2406.18665, section 2.2): the performance gap recovered at a cost is (quality at that
//! cost − weak) ÷ (strong − weak); APGR is its average over the costs from 0 to 1, CPT(x) the least cost at which it is x.

use super::rows::Row;

/// The performance gap recovered by the number of requests that go to the strong model, hardest first.
pub(crate) struct Curve {
    /// Of 0, 1, … all requests.
    recovered: Vec<f64>,
}

impl Curve {
    /// Sends the rows with the highest scores first; rows of one score in an even mix.
    pub(crate) fn of(rows: &[Row], scores: &[f64]) -> Self {
        let gap: f64 = rows.iter().map(Row::gain).sum();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|one, other| scores[*other].total_cmp(&scores[*one]));
        let mut recovered = vec![0.0];
        let mut so_far = 0.0;
        for tied in order.chunk_by(|one, other| scores[*one].total_cmp(&scores[*other]).is_eq()) {
            let mean = tied.iter().map(|at| rows[*at].gain()).sum::<f64>() / tied.len() as f64;
            for _ in tied {
                so_far += mean;
                recovered.push(so_far / gap);
            }
        }
        Self { recovered }
    }

    /// The average over the costs from 0 to 1, where a request costs 1 at the strong model and `cheap` before that at the
    /// weak one. Below `cheap` nothing can be had, which counts as nothing recovered. 0 is a router that asks one model
    /// only, whose weak calls are free, as RouteLLM counts.
    pub(crate) fn average(&self, cheap: f64) -> f64 {
        const STEPS: u32 = 20_000;
        let at = |step: u32| self.at((f64::from(step) + 0.5) / f64::from(STEPS) - cheap);
        (0..STEPS).map(at).sum::<f64>() / f64::from(STEPS)
    }

    /// The least cost at which so much is recovered; `None` if that needs more than all calls to the strong model.
    pub(crate) fn cost(&self, recovered: f64, cheap: f64) -> Option<f64> {
        let calls = self.recovered.iter().position(|level| *level >= recovered)?;
        let cost = calls as f64 / (self.recovered.len() - 1) as f64 + cheap;
        (cost <= 1.0).then_some(cost)
    }

    /// What is recovered if this share of requests goes to the strong model; 0 below 0.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Clamped to the number of rows.
    fn at(&self, share: f64) -> f64 {
        let place = share.clamp(0.0, 1.0) * (self.recovered.len() - 1) as f64;
        let below = place.floor();
        let levels = self.recovered.iter().skip(below as usize);
        let mut levels = levels.copied();
        let low = levels.next().unwrap_or(0.0);
        low + (levels.next().unwrap_or(low) - low) * (place - below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(weak: bool, strong: bool) -> Row {
        Row { prompt: String::new(), weak_is_right: weak, strong_is_right: strong, weak_answer: None }
    }

    /// Two of four are gained by the strong model.
    fn rows() -> [Row; 4] {
        [row(false, true), row(false, true), row(true, true), row(false, false)]
    }

    #[test]
    fn the_best_order_recovers_at_once_and_the_worst_last() {
        let best = Curve::of(&rows(), &[0.9, 0.8, 0.2, 0.1]);
        assert!((best.average(0.0) - 0.75).abs() < 1e-4 && best.cost(0.5, 0.0) == Some(0.25));
        let worst = Curve::of(&rows(), &[0.1, 0.2, 0.8, 0.9]);
        assert!((worst.average(0.0) - 0.25).abs() < 1e-4 && worst.cost(0.8, 0.0) == Some(1.0));
    }

    #[test]
    fn rows_of_one_score_recover_as_a_random_order_would() {
        assert!((Curve::of(&rows(), &[0.5; 4]).average(0.0) - 0.5).abs() < 1e-4);
    }

    #[test]
    fn the_cheap_call_is_paid_for() {
        let best = Curve::of(&rows(), &[0.9, 0.8, 0.2, 0.1]);
        // Nothing up to 0.2, then 0.8 of the curve: a half of it by 0.5 of its share, all of it from there.
        assert!((best.average(0.2) - 0.55).abs() < 1e-4, "{}", best.average(0.2));
        assert_eq!(best.cost(0.5, 0.2), Some(0.45));
        assert_eq!(best.cost(1.0, 0.6), None);
    }
}
