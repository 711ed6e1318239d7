//! What a model of Cohere's can do, as far as its name tells.

/// Models that do not think; newer ones do, unless told not to (docs.cohere.com/docs/reasoning, read 2026-11).
const WITHOUT_THINKING: [&str; 8] = [
    "command-r",
    "command-a-03",
    "command-a-vision",
    "command-a-translate",
    "command-light",
    "command-nightly",
    "aya",
    "rerank",
];

/// Whether it takes `thinking` and its own thoughts.
pub(crate) fn thinks(model: &str) -> bool {
    model != "command" && !WITHOUT_THINKING.iter().any(|line| model.contains(line))
}
