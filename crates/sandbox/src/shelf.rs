//! Responses that the provider keeps for later requests (OpenAI's `store`), the newest thousand of them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// How many responses are kept. The oldest goes first.
const MOST: usize = 1_000;

/// A response with the conversation that led to it and ends with it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) response: Value,
    /// What was put in by its own request.
    pub(crate) input: Vec<Value>,
    /// Everything, with what it put out at the end.
    pub(crate) conversation: Vec<Value>,
}

/// All that is kept. What one key stored, another does not find.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<VecDeque<Stored>>);

impl Shelf {
    pub(crate) fn put(&self, stored: Stored) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == MOST {
            all.pop_front();
        }
        all.push_back(stored);
    }

    pub(crate) fn find(&self, key: &str, id: &str) -> Option<Stored> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().rfind(|stored| stored.key == key && stored.id == id).cloned()
    }

    /// An item of a stored conversation.
    pub(crate) fn item(&self, key: &str, id: &str) -> Option<Value> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = all.iter().rev().filter(|stored| stored.key == key);
        mine.flat_map(|stored| &stored.conversation).find(|item| item["id"] == id).cloned()
    }

    /// Takes a response off the shelf; false if it was not there.
    pub(crate) fn remove(&self, key: &str, id: &str) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.len();
        all.retain(|stored| stored.key != key || stored.id != id);
        all.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(key: &str, id: &str) -> Stored {
        let item = serde_json::json!({"id": format!("item of {id}")});
        let (key, id) = (key.to_owned(), id.to_owned());
        Stored { key, id, response: Value::Null, input: Vec::new(), conversation: vec![item] }
    }

    #[test]
    fn what_one_key_stores_another_neither_finds_nor_removes() {
        let shelf = Shelf::default();
        shelf.put(stored("a", "1"));
        assert_eq!(shelf.find("b", "1"), None);
        assert_eq!(shelf.item("b", "item of 1"), None);
        assert!(!shelf.remove("b", "1"));
        assert!(shelf.item("a", "item of 1").is_some());
        assert!(shelf.remove("a", "1"));
    }

    #[test]
    fn the_oldest_makes_room() {
        let shelf = Shelf::default();
        (0..=MOST).for_each(|id| shelf.put(stored("a", &id.to_string())));
        assert_eq!(shelf.find("a", "0"), None);
        assert!(shelf.find("a", "1").is_some());
    }
}
