//! Rules on what a request is: short expressions in CEL, the Common Expression Language (github.com/google/cel-spec).
//!
//! `input_tokens > 20000 && team == "research"` is a rule. A rule is checked whole when it is read: that it knows only the
//! attributes that there are, that its kinds fit, that it is short and flat. So what is left to go wrong while it is
//! asked is arithmetic (an overflow, a division by zero).
//!
//! Deliberately absent of CEL: loops (`all`, `exists`, `map`, `filter`), maps, bytes, timestamps, regular expressions
//! (`matches`) and conversions. What is left takes time that is bounded by the rule's length.

mod attributes;
mod check;

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::parser::{Expression, PrattParser};
use cel::{Context, Env, Value};

pub use attributes::{Attributes, NAMES, TAG_PREFIX};

/// Bytes that a rule may have.
pub const LONGEST: usize = 1_024;

/// How deep a rule may be nested. Asking recurses, by up to 60 KiB of stack a level in a debug build, and a worker's stack
/// has 2 MiB. Rows of `&&` and `||` are no depth: they are read as a balanced tree.
pub const DEEPEST: u16 = 12;

/// CEL's functions and operators. Constant: rules bring no functions of their own.
static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::default().with_stdlib()));

/// A rule that was read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    text: Box<str>,
    tree: Expression,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// What, as a sentence without its full stop.
    pub what: String,
    /// Line and column, both from 1, where they are known.
    pub at: Option<(usize, usize)>,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((1, column)) => write!(f, "column {column}: {}", self.what),
            Some((line, column)) => write!(f, "line {line}, column {column}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for RuleError {}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// Not CEL, longer than [`LONGEST`], nested deeper than [`DEEPEST`], not true or false, or something in it is not known
    /// or does not fit.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        if text.len() > LONGEST {
            let what = format!("a rule has at most {LONGEST} bytes, and this one has {}", text.len());
            return Err(RuleError { what, at: None });
        }
        // The usual parser of the crate descends by dozens of frames for each bracket and overflows a thread's stack at
        // the sixteenth, which ends the process.
        let parser = PrattParser::new().max_recursion_depth(DEEPEST);
        let mut tree = parser.parse(text).map_err(|errors| syntax_error(&errors))?;
        check::check(&mut tree).map_err(|problem| RuleError {
            at: problem.name.as_deref().and_then(|name| place_of(name, text)),
            what: problem.what,
        })?;
        Ok(Self { text: text.into(), tree })
    }

    /// The rule as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds for a request.
    ///
    /// # Errors
    /// Arithmetic: an overflow, a division by zero.
    pub fn holds(&self, attributes: &Attributes<'_>) -> Result<bool, RuleError> {
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        context.set_variable_resolver(attributes);
        match context.resolve(&self.tree) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => Err(RuleError { what: format!("neither true nor false: {other:?}"), at: None }),
            Err(error) => Err(RuleError { what: error.to_string(), at: None }),
        }
    }
}

/// The first thing that the parser reports with a place, or else the first.
fn syntax_error(errors: &cel::ParseErrors) -> RuleError {
    let place = |(line, column): (isize, isize)| {
        let (line, column) = (usize::try_from(line).ok()?, usize::try_from(column).ok()?);
        (line > 0).then_some((line, column.max(1)))
    };
    let located = errors.errors.iter().find(|error| place(error.pos).is_some());
    match located.or(errors.errors.first()) {
        Some(error) => RuleError { what: error.msg.clone(), at: place(error.pos) },
        None => RuleError { what: "not an expression".to_owned(), at: None },
    }
}

/// Where `name`, a whole word or a sign, first stands, line and column from 1.
fn place_of(name: &str, text: &str) -> Option<(usize, usize)> {
    let is_of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_word = name.chars().all(is_of_a_word);
    let (at, _) = text.match_indices(name).find(|(at, _)| {
        let before = text[..*at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !is_word || !before.is_some_and(is_of_a_word) && !after.is_some_and(is_of_a_word)
    })?;
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[..at].matches('\n').count() + 1;
    Some((line, text[line_start..at].chars().count() + 1))
}

#[cfg(test)]
#[path = "rules/tests.rs"]
mod tests;
