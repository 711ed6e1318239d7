//! Vectors of texts, always the same and of length 1. Texts that share words are near each other; there is no more sense
//! in them.

use fastrand::Rng;

use crate::hashing::hash;
use crate::tokens;

/// What is looked at of a text, in tokens.
const MOST_TOKENS: usize = 64;

/// The vector of a text: the sum of one for each of its tokens.
pub(crate) fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut sum = vec![0.0_f32; dimensions];
    for piece in tokens::pieces(text).into_iter().take(MOST_TOKENS) {
        let mut dice = Rng::with_seed(hash(piece.trim().to_lowercase().as_bytes()));
        for value in &mut sum {
            *value += dice.f32() - 0.5;
        }
    }
    let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in &mut sum {
            *value /= length;
        }
    } else if let Some(first) = sum.first_mut() {
        *first = 1.0;
    }
    sum
}

/// How near two texts are to each other, from 0 to 1.
pub(crate) fn nearness(one: &str, other: &str) -> f64 {
    let (one, other) = (vector(one, 128), vector(other, 128));
    let cosine: f32 = one.iter().zip(&other).map(|(a, b)| a * b).sum();
    f64::from(cosine.clamp(0.0, 1.0))
}

/// As bytes in the order that APIs send them.
pub(crate) fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_has_length_one_and_texts_with_shared_words_are_nearer() {
        let length: f32 = vector("a river of words", 256).iter().map(|value| value * value).sum();
        assert!((length - 1.0).abs() < 1e-4, "{length}");
        assert!(nearness("the river", "a river") > nearness("the river", "7 apples"));
    }
}
