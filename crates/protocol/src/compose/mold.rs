//! What is written again and again with other values in the same places: composed once, and poured out from then on.

use super::Value;

/// Stands for a value in what is composed for a mold. A byte that never stands in JSON marks its place.
pub(crate) struct Gap;

const MARK: u8 = 0;

impl Value for Gap {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(MARK);
    }
}

/// Bytes with gaps for values.
pub(crate) struct Mold {
    /// What stands before the first gap, between each two, and behind the last.
    pieces: Vec<Vec<u8>>,
}

impl Mold {
    /// Of what this composes.
    pub(crate) fn of(compose: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut out = Vec::with_capacity(256);
        compose(&mut out);
        Self { pieces: out.split(|byte| *byte == MARK).map(<[u8]>::to_vec).collect() }
    }

    /// Appends what was composed, with these values in the gaps.
    pub(crate) fn pour<const GAPS: usize>(&self, values: [&dyn Value; GAPS], out: &mut Vec<u8>) {
        debug_assert_eq!(self.pieces.len(), GAPS + 1);
        for (piece, value) in self.pieces.iter().zip(values) {
            out.extend_from_slice(piece);
            value.write(out);
        }
        if let Some(last) = self.pieces.last() {
            out.extend_from_slice(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose;

    #[test]
    fn what_is_poured_is_what_would_have_been_composed() {
        let compose = |number: &dyn Value, text: &dyn Value| {
            let mut out = Vec::new();
            compose::object(&mut out, |object| {
                object.field("a", "\0é").field("n", &number).object("b", |inner| {
                    inner.field("t", &text);
                });
            });
            out
        };
        let mold = Mold::of(|out| out.extend(compose(&Gap, &Gap)));
        for (number, text) in [(1_u64, "plain"), (20, "\"\\\n\0")] {
            let mut out = Vec::new();
            mold.pour([&number, &text], &mut out);
            assert_eq!(out, compose(&number, &text));
        }
    }
}
