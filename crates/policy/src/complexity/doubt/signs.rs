//! The signs that an answer is wrong, and what each weighs.
//!
//! Weights are judgements, in log-odds: about how often an answer with the sign would be wrong against one without.

/// What an answer without signs has: most answers of a cheap model to easy questions are right.
pub(super) const BASE: f64 = -2.5;

/// A sign that an answer is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// Nothing was said.
    Empty,
    /// It declines to answer.
    Refuses,
    /// It ends in the middle of a sentence, of a bracket or of code.
    CutOff,
    /// It says the same over and over.
    Repeats,
    /// It says that it is not sure.
    Hedges,
    /// It changes its mind, or rounds away what cannot be.
    TakesBack,
    /// JSON was asked for and what came is none.
    NotJson,
    /// An equation in it is not true.
    WrongArithmetic,
    /// A number was asked for and none is there.
    NoNumber,
    /// Numbers of the question were not used.
    UnusedNumbers,
    /// It reckons with numbers that are neither given nor found.
    ForeignNumbers,
    /// The question speaks of taking away, sharing or multiplying, and that was not done.
    MissingOperation,
    /// The number of things it comes to is no whole number.
    FractionOfThings,
    /// The number it comes to is below 0.
    Negative,
    /// The number it ends with is not what it reckoned last.
    OtherResult,
    /// The question is hard, whatever the answer.
    Difficult,
}

impl Sign {
    /// In log-odds, for the whole of it.
    pub(super) fn weight(self) -> f64 {
        match self {
            Self::Empty => 6.0,
            Self::Refuses | Self::CutOff | Self::NotJson => 4.0,
            Self::WrongArithmetic
            | Self::NoNumber
            | Self::FractionOfThings
            | Self::Negative
            | Self::Repeats
            | Self::Difficult => 2.0,
            Self::UnusedNumbers | Self::ForeignNumbers | Self::MissingOperation => 1.5,
            Self::TakesBack | Self::OtherResult => 1.0,
            Self::Hedges => 0.7,
        }
    }

    /// For people: completes "the answer …".
    pub fn told(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::Refuses => "declines",
            Self::CutOff => "is cut off",
            Self::Repeats => "repeats itself",
            Self::Hedges => "is not sure",
            Self::TakesBack => "takes something back",
            Self::NotJson => "is not the JSON that was asked for",
            Self::WrongArithmetic => "holds a wrong calculation",
            Self::NoNumber => "gives no number",
            Self::UnusedNumbers => "leaves numbers of the question unused",
            Self::ForeignNumbers => "reckons with numbers from nowhere",
            Self::MissingOperation => "lacks an operation that the question speaks of",
            Self::FractionOfThings => "counts things in fractions",
            Self::Negative => "comes to less than nothing",
            Self::OtherResult => "ends with another number than it reckoned",
            Self::Difficult => "is to a hard question",
        }
    }
}
