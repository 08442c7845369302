//! Texts in both languages.

/// A name in the two languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Indonesian, for people.
    pub id: String,
    /// English.
    pub en: String,
}

impl Words {
    /// The words, or empty ones.
    pub fn or_empty(words: &Option<Self>) -> Self {
        words.clone().unwrap_or_else(|| Self {
            id: String::new(),
            en: String::new(),
        })
    }
}
