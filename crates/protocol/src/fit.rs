//! A request put in words that a format has (being written).
