//! The most that a call can cost, before it is made.
//!
//! Every kind of input costs no more than the dearest kind that the model is sold by (writing to a cache, mostly), and an answer has no
//! more tokens than its bound. Counting tokens is not done here: the bound of the input is handed in.

use paceway_domain::{CATALOGUE, MicroUsd, Tokens, Usage};

use crate::pricing;

/// What an answer may have at most where neither the request nor the catalogue bounds it. The longest that any model is documented to
/// write (prices.csv of 2026-11-12).
pub const LONGEST_ANSWER: Tokens = Tokens(131_072);

/// Bounds of a call, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The most that its input can be.
    pub input: Tokens,
    /// Whether the input holds what is not in the request itself (an address, the id of a file), so that only the model's context window
    /// bounds it.
    pub is_open: bool,
    /// The bound of one answer; `None`: the model's own.
    pub output: Option<Tokens>,
    /// How many answers are asked for.
    pub answers: u32,
}

impl Size {
    /// The same with its answers bounded.
    #[must_use]
    pub fn with_output(self, most: Tokens) -> Self {
        Self { output: Some(self.output.map_or(most, |output| output.min(most))), ..self }
    }
}

/// The most that a call of this size costs at a model of a provider (named as in the catalogue). `None`: its price is not known.
pub fn ceiling(provider: &str, model: &str, size: Size) -> Option<MicroUsd> {
    let card = CATALOGUE.find(provider, model);
    let window = card.and_then(|card| card.context_window).map(Tokens);
    // What is longer than the window is not answered, and not charged.
    let input = match window {
        Some(window) if size.is_open || size.input > window => window,
        _ => size.input,
    };
    let own = card.and_then(|card| card.max_output).map_or(LONGEST_ANSWER, Tokens);
    let output = Tokens(size.output.unwrap_or(own).get().saturating_mul(u64::from(size.answers.max(1))));
    let none = Usage { output, ..Usage::default() };
    let kinds = [
        Usage { input, ..none },
        Usage { cache_write_5m: input, ..none },
        Usage { cache_write_1h: input, ..none },
    ];
    // The first is how every model is sold; the others only where there is a cache to write to.
    let plain = pricing::price(provider, model, &kinds[0])?;
    kinds[1..].iter().filter_map(|usage| pricing::price(provider, model, usage)).chain([plain]).max()
}

/// The longest answer with which the call costs no more than this; `None` if even the shortest costs more.
pub fn output_within(provider: &str, model: &str, size: Size, room: MicroUsd) -> Option<Tokens> {
    let fits = |output: u64| {
        ceiling(provider, model, size.with_output(Tokens(output))).is_some_and(|cost| cost <= room)
    };
    if !fits(1) {
        return None;
    }
    let own = CATALOGUE.find(provider, model).and_then(|card| card.max_output).map_or(LONGEST_ANSWER, Tokens);
    let (mut fitting, mut beyond) = (1, size.output.unwrap_or(own).get().saturating_add(1));
    while beyond - fitting > 1 {
        let middle = fitting + (beyond - fitting) / 2;
        if fits(middle) { fitting = middle } else { beyond = middle }
    }
    Some(Tokens(fitting))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { input: Tokens(1_000), is_open: false, output: Some(Tokens(100)), answers: 1 };

    #[test]
    fn the_input_is_held_as_if_all_of_it_were_written_to_the_dearest_cache() {
        // Sonnet 5.5: 4 dollars per million written for an hour, 10 out.
        assert_eq!(ceiling("anthropic", "claude-sonnet-5-5", SIZE), Some(MicroUsd(4_000 + 1_000)));
        // gpt-4o has no cache that is paid for: 2.50 in, 10 out.
        assert_eq!(ceiling("openai", "gpt-4o", SIZE), Some(MicroUsd(2_500 + 1_000)));
    }

    #[test]
    fn several_answers_cost_several_times_and_an_unbounded_one_as_much_as_the_model_writes() {
        let three = Size { answers: 3, ..SIZE };
        assert_eq!(ceiling("openai", "gpt-4o", three), Some(MicroUsd(2_500 + 3_000)));
        let open = Size { output: None, ..SIZE };
        let most = CATALOGUE.find("openai", "gpt-4o").and_then(|card| card.max_output).unwrap_or(0);
        assert_eq!(ceiling("openai", "gpt-4o", open), Some(MicroUsd(2_500 + most * 10)));
    }

    #[test]
    fn what_is_fetched_from_elsewhere_may_fill_the_context_window() {
        let window = CATALOGUE.find("openai", "gpt-4o").and_then(|card| card.context_window).unwrap_or(0);
        let open = Size { is_open: true, ..SIZE };
        assert_eq!(ceiling("openai", "gpt-4o", open), Some(MicroUsd(window * 5 / 2 + 1_000)));
    }

    #[test]
    fn no_input_is_longer_than_the_context_window() {
        let window = CATALOGUE.find("openai", "gpt-4o").and_then(|card| card.context_window).unwrap_or(0);
        let long = Size { input: Tokens(10_000_000), ..SIZE };
        assert_eq!(ceiling("openai", "gpt-4o", long), Some(MicroUsd(window * 5 / 2 + 1_000)));
    }

    #[test]
    fn the_longest_answer_that_fits_is_found_to_the_token() {
        let within = |room| output_within("openai", "gpt-4o", SIZE, MicroUsd(room));
        assert_eq!(within(2_500 + 420), Some(Tokens(42)));
        assert_eq!(within(2_500 + 429), Some(Tokens(42)));
        assert_eq!(within(1_000_000), Some(Tokens(100)));
        assert_eq!(within(2_500), None);
    }

    #[test]
    fn a_model_without_a_price_has_no_ceiling() {
        assert_eq!(ceiling("nobody", "nothing", SIZE), None);
        assert_eq!(output_within("nobody", "nothing", SIZE, MicroUsd(1)), None);
    }
}
