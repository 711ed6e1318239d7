//! The most that a call can cost, before it is made.
//!
//! Every kind of input costs no more than the dearest kind that the model is sold by (writing to a cache, mostly), and an answer has no
//! more tokens than its bound. Counting tokens is not done here: the bound of the input is handed in.

use paceway_domain::{Apart, MicroUsd, ServiceTier, Sold, Terms, Tokens, Usage};

use crate::pricing::Offer;

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
    /// Whether it asks for terms of its own, so that every price list of the model may hold.
    pub asks_terms: bool,
}

impl Size {
    /// The same with its answers bounded.
    #[must_use]
    pub fn with_output(self, most: Tokens) -> Self {
        Self { output: Some(self.output.map_or(most, |output| output.min(most))), ..self }
    }
}

/// The most that a call of this size costs on this offer. `None`: its price is not known.
pub fn ceiling(offer: &Offer<'_>, size: Size) -> Option<MicroUsd> {
    // What is longer than the window is not answered, and not charged.
    let input = match offer.profile().context_window.map(Tokens) {
        Some(window) if size.is_open || size.input > window => window,
        _ => size.input,
    };
    let output = own_bound(offer, size).get().saturating_mul(u64::from(size.answers.max(1)));
    let usual = Terms::default();
    let tiers = ServiceTier::ALL.into_iter().filter(|tier| size.asks_terms || *tier == usual.tier);
    let costs = tiers.filter_map(|tier| {
        let terms = Terms { tier, in_us: size.asks_terms };
        dearest(offer, (input, size.is_open), Tokens(output), terms)
    });
    costs.max()
}

/// As if all of the input and all of the output were of the dearest kind. How every model is sold comes first; the other kinds only where
/// it has them.
fn dearest(
    offer: &Offer<'_>,
    (input, may_be_sound): (Tokens, bool),
    output: Tokens,
    terms: Terms,
) -> Option<MicroUsd> {
    let price_with = |usage: Usage, apart: Apart| {
        offer.price(&Sold { usage, apart, terms }).ok().map(|priced| priced.amount)
    };
    let price = |usage: Usage| price_with(usage, Apart::default());
    // They have a price of their own where nothing is written to a cache.
    let pictures = |usage: Usage| price_with(usage, Apart { image_input: input, ..Apart::default() });
    let plain = Usage { input, output, ..Usage::default() };
    let first = price(plain)?;
    let written = Usage { input: Tokens::ZERO, ..plain };
    let inputs = [
        Some(plain),
        Some(Usage { cache_write_5m: input, ..written }),
        Some(Usage { cache_write_1h: input, ..written }),
        may_be_sound.then_some(Usage { audio_input: input, ..plain }),
    ];
    let outputs = |usage: Usage| {
        [usage, Usage { audio_output: output, ..usage }, Usage { image_output: output, ..usage }]
    };
    let seen = outputs(plain).into_iter().filter_map(pictures);
    inputs.into_iter().flatten().flat_map(outputs).filter_map(price).chain(seen).chain([first]).max()
}

fn own_bound(offer: &Offer<'_>, size: Size) -> Tokens {
    size.output.unwrap_or_else(|| offer.profile().max_output.map_or(LONGEST_ANSWER, Tokens))
}

/// The longest answer with which the call costs no more than this; `None` if even the shortest costs more.
pub fn output_within(offer: &Offer<'_>, size: Size, room: MicroUsd) -> Option<Tokens> {
    let fits =
        |output: u64| ceiling(offer, size.with_output(Tokens(output))).is_some_and(|cost| cost <= room);
    if !fits(1) {
        return None;
    }
    let (mut fitting, mut beyond) = (1, own_bound(offer, size).get().saturating_add(1));
    while beyond - fitting > 1 {
        let middle = fitting + (beyond - fitting) / 2;
        if fits(middle) { fitting = middle } else { beyond = middle }
    }
    Some(Tokens(fitting))
}

#[cfg(test)]
mod tests {
    use paceway_domain::UnixMillis;
    use paceway_domain::catalogue::Profile;

    use super::*;
    use crate::pricing::{PriceBook, Product};

    const SIZE: Size = Size {
        input: Tokens(1_000),
        is_open: false,
        output: Some(Tokens(100)),
        answers: 1,
        asks_terms: false,
    };

    fn at<T>(provider: &str, model: &str, look: impl FnOnce(&Offer<'_>) -> T) -> T {
        let book = PriceBook::default();
        look(&book.offer(Product { provider, catalogue: provider, model }, UnixMillis(1_795_824_000_000)))
    }

    fn most(provider: &str, model: &str, size: Size) -> Option<u64> {
        at(provider, model, |offer| ceiling(offer, size)).map(|cost| cost.0)
    }

    fn profile() -> Profile {
        at("openai", "gpt-4o", |offer| *offer.profile())
    }

    #[test]
    fn the_input_is_held_as_if_all_of_it_were_written_to_the_dearest_cache() {
        // Sonnet 5.5: 4 dollars per million written for an hour, 10 out.
        assert_eq!(most("anthropic", "claude-sonnet-5-5", SIZE), Some(4_000 + 1_000));
        // gpt-4o has no cache that is paid for: 2.50 in, 10 out.
        assert_eq!(most("openai", "gpt-4o", SIZE), Some(2_500 + 1_000));
    }

    #[test]
    fn several_answers_cost_several_times_and_an_unbounded_one_as_much_as_the_model_writes() {
        let three = Size { answers: 3, ..SIZE };
        assert_eq!(most("openai", "gpt-4o", three), Some(2_500 + 3_000));
        let open = Size { output: None, ..SIZE };
        let longest = profile().max_output.unwrap_or(0);
        assert_eq!(most("openai", "gpt-4o", open), Some(2_500 + longest * 10));
    }

    #[test]
    fn what_is_fetched_from_elsewhere_may_fill_the_context_window_and_nothing_is_longer() {
        let window = profile().context_window.unwrap_or(0);
        let most = |size| most("openai", "gpt-4o", size);
        assert_eq!(most(Size { is_open: true, ..SIZE }), Some(window * 5 / 2 + 1_000));
        assert_eq!(most(Size { input: Tokens(10_000_000), ..SIZE }), Some(window * 5 / 2 + 1_000));
    }

    #[test]
    fn who_asks_for_terms_of_its_own_is_held_at_the_dearest() {
        let usual = most("anthropic", "claude-opus-5-5", SIZE);
        let own = most("anthropic", "claude-opus-5-5", Size { asks_terms: true, ..SIZE });
        assert!(own > usual, "{own:?} {usual:?}");
    }

    #[test]
    fn the_longest_answer_that_fits_is_found_to_the_token() {
        let within = |room| at("openai", "gpt-4o", |offer| output_within(offer, SIZE, MicroUsd(room)));
        assert_eq!(within(2_500 + 420), Some(Tokens(42)));
        assert_eq!(within(2_500 + 429), Some(Tokens(42)));
        assert_eq!(within(1_000_000), Some(Tokens(100)));
        assert_eq!(within(2_500), None);
    }

    #[test]
    fn a_model_without_a_price_has_no_ceiling() {
        assert_eq!(most("nobody", "nothing", SIZE), None);
        assert_eq!(at("nobody", "nothing", |offer| output_within(offer, SIZE, MicroUsd(1))), None);
    }
}
