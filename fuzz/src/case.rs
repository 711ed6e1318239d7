//! Inputs: valid bytes with some edits, or noise.

use std::fmt;

use bolero::{Driver, TypeGenerator, ValueGenerator, produce};

use crate::edit::Edit;

/// One input.
#[derive(Clone)]
pub struct Input {
    /// Its bytes.
    pub bytes: Vec<u8>,
    cuts: Vec<u8>,
    /// A number for whatever else the target has to choose.
    pub choice: u16,
}

impl Input {
    /// The bytes in pieces.
    pub fn pieces(&self) -> Vec<&[u8]> {
        let mut rest = self.bytes.as_slice();
        let mut pieces = Vec::new();
        for cut in &self.cuts {
            let (head, tail) = rest.split_at(usize::from(*cut).min(rest.len()));
            pieces.push(head);
            rest = tail;
        }
        pieces.push(rest);
        pieces
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, cuts, choice } = self;
        write!(f, "cuts {cuts:?}, choice {choice}, bytes:\n{}", bytes.escape_ascii())
    }
}

/// Makes inputs from valid ones.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The valid ones.
    pub seeds: Vec<Vec<u8>>,
}

/// What an engine makes up.
#[derive(Debug, TypeGenerator)]
struct Draft {
    seed: u8,
    #[generator(produce::<Vec<Edit>>().with().len(0_usize..6))]
    edits: Vec<Edit>,
    noise: Vec<u8>,
    #[generator(produce::<Vec<u8>>().with().len(0_usize..12))]
    cuts: Vec<u8>,
    choice: u16,
}

/// One time in so many an input is noise alone.
const NOISE: u8 = 16;

impl ValueGenerator for Inputs {
    type Output = Input;

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<Input> {
        let Draft { seed, edits, noise, cuts, choice } = produce::<Draft>().generate(driver)?;
        let place = usize::from(seed / NOISE + seed % NOISE * NOISE) % self.seeds.len();
        let other = &self.seeds[(place + 1) % self.seeds.len()];
        let mut bytes = self.seeds[place].clone();
        if seed % NOISE == 0 {
            bytes.clone_from(&noise);
        } else {
            for edit in &edits {
                edit.apply(&mut bytes, &noise, other);
            }
        }
        Some(Input { bytes, cuts, choice })
    }
}
