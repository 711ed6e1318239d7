//! The arithmetic in a text, done again: `3 * 4 = 13` is wrong whoever wrote it.
//!
//! Only what can be read with certainty: an equation with words, units or unknowns in it is passed over. Linear in the text.

use super::super::numbers;
use super::super::text::bounded;

/// What a text reckons.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reckoning {
    /// Equations that could be checked and are not true.
    pub(super) wrong: u32,
    /// Those that could be checked, in order: the operands of the left side and then what it is said to be.
    pub(super) steps: Vec<(Vec<f64>, f64)>,
    /// Which of the operations were used.
    pub(super) subtracts: bool,
    pub(super) multiplies: bool,
    pub(super) divides: bool,
}

/// Longer sides of equations are not read.
const LONGEST_SIDE: usize = 160;
/// Steps that are kept.
const MOST_STEPS: usize = 64;
/// Brackets within brackets.
const DEEPEST: u32 = 16;

impl Reckoning {
    pub(super) fn of(text: &str) -> Self {
        let mut reckoning = Self::default();
        for part in bounded(text) {
            for line in part.lines() {
                // The mark of a list's item is no minus.
                let line = line.trim_start();
                let line = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).unwrap_or(line);
                let clauses = line.split(", ").flat_map(|clause| clause.split(". "));
                clauses
                    .flat_map(|clause| clause.split(|c| !is_arithmetic(c)))
                    .for_each(|run| reckoning.run(run));
            }
        }
        reckoning
    }

    /// A stretch of arithmetic, such as `40 / 2 + 5 = 20 + 5 = 25`.
    fn run(&mut self, run: &str) {
        let mut before: Option<(Expression, &str)> = None;
        for side in run.split('=') {
            let side = side.trim().trim_end_matches([',', '.', ' ', '(']);
            let read = Expression::read(side);
            if let Some(found) = &read {
                self.notice(found);
            }
            if let (Some((left, _)), Some(right)) = (&before, &read)
                && left.operands.len() > 1
            {
                self.wrong += u32::from(!agree(left.value, right.value));
                if self.steps.len() < MOST_STEPS {
                    self.steps.push((left.operands.clone(), right.value));
                }
            }
            before = read.map(|read| (read, side));
        }
    }

    fn notice(&mut self, expression: &Expression) {
        self.subtracts |= expression.subtracts;
        self.multiplies |= expression.multiplies;
        self.divides |= expression.divides;
    }
}

fn is_arithmetic(c: char) -> bool {
    c.is_ascii_digit()
        || matches!(
            c,
            '+' | '-' | '−' | '*' | '/' | 'x' | '×' | '÷' | '=' | '(' | ')' | '.' | ',' | '$' | '%' | ' '
        )
}

/// Whether two sides are the same but for rounding, or for a percent sign that one of them lacks.
fn agree(left: f64, right: f64) -> bool {
    let is_rounded = right.fract() == 0.0 && left.fract() != 0.0 && (left - right).abs() < 1.0;
    is_rounded || [1.0, 100.0, 0.01].iter().any(|scale| numbers::same(left * scale, right))
}

/// A side of an equation.
#[derive(Debug, Clone, Default, PartialEq)]
struct Expression {
    value: f64,
    operands: Vec<f64>,
    subtracts: bool,
    multiplies: bool,
    divides: bool,
}

impl Expression {
    fn read(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > LONGEST_SIDE {
            return None;
        }
        let mut reader = Reader { rest: text, found: Self::default(), depth: 0 };
        let value = reader.sum()?;
        reader.skip();
        (reader.rest.is_empty() && value.is_finite()).then_some(Self { value, ..reader.found })
    }
}

struct Reader<'a> {
    rest: &'a str,
    found: Expression,
    depth: u32,
}

impl Reader<'_> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '$']);
    }

    fn takes(&mut self, marks: &[char]) -> Option<char> {
        self.skip();
        let next = self.rest.chars().next().filter(|next| marks.contains(next))?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn sum(&mut self) -> Option<f64> {
        let is_negative = self.takes(&['-', '−']).is_some();
        let first = self.product()?;
        let mut value = if is_negative { -first } else { first };
        while let Some(sign) = self.takes(&['+', '-', '−']) {
            let next = self.product()?;
            if sign == '+' {
                value += next;
            } else {
                value -= next;
                self.found.subtracts = true;
            }
        }
        Some(value)
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.factor()?;
        while let Some(sign) = self.takes(&['*', 'x', '×', '/', '÷']) {
            let next = self.factor()?;
            if matches!(sign, '/' | '÷') {
                value /= next;
                self.found.divides = true;
            } else {
                value *= next;
                self.found.multiplies = true;
            }
        }
        Some(value)
    }

    fn factor(&mut self) -> Option<f64> {
        let value = if self.takes(&['(']).is_some() {
            self.depth += 1;
            let inner = if self.depth <= DEEPEST { self.sum()? } else { return None };
            self.takes(&[')'])?;
            self.depth -= 1;
            inner
        } else {
            self.skip();
            let end = self
                .rest
                .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',')))
                .unwrap_or(self.rest.len());
            let value = numbers::of_digits(&self.rest[..end])?;
            self.rest = &self.rest[end..];
            self.found.operands.push(value);
            value
        };
        Some(if self.takes(&['%']).is_some() { value / 100.0 } else { value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> (usize, u32) {
        let reckoning = Reckoning::of(text);
        (reckoning.steps.len(), reckoning.wrong)
    }

    #[test]
    fn wrong_equations_are_found_and_right_ones_are_not() {
        assert_eq!(wrong("That is 3 * 4 = 13 eggs."), (1, 1));
        assert_eq!(wrong("9 * $2 = $<<9*2=18>>18"), (1, 0));
        assert_eq!(wrong("7 * (3 + 5) = $<<7*(3+5)=63>>63"), (1, 1));
        assert_eq!(wrong("40 / 2 + 5 = 20 + 5 = 25."), (2, 0));
        assert_eq!(wrong("2 x 1,600.50 = 3,201, and (12 / 20) x 100 = 55%"), (2, 1));
        assert_eq!(wrong("- 5 + 3 = 8\n- 5 - 3 = 8"), (2, 1));
    }

    #[test]
    fn rounding_and_what_cannot_be_read_is_no_mistake() {
        assert_eq!(wrong("250 / 3 = 83.33, 8 / 3 = 3, 1/3 = 33.33%"), (3, 0));
        assert_eq!(wrong("7x + 11x = 162, so x = 9; 3 hours * 10 miles = 30; 2x = 10"), (0, 0));
        assert_eq!(wrong(&"(".repeat(10_000)), (0, 0));
        assert_eq!(wrong("1 / 0 = 5"), (0, 0));
    }

    #[test]
    fn steps_are_kept_with_operands_and_operations() {
        let reckoning = Reckoning::of("16 - 3 = 13 and 13 * 2 = 26");
        assert_eq!(reckoning.steps, [(vec![16.0, 3.0], 13.0), (vec![13.0, 2.0], 26.0)]);
        assert!(reckoning.subtracts && reckoning.multiplies && !reckoning.divides);
    }
}
