//! The elements that a survey asks.

use serde::{Deserialize, Serialize};

use super::instrument::Instrument;
pub use super::instrument::OWN_PREFIX;

/// One element (unsur) that a survey asks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Asked {
    /// Stable key of the instrument, or of the unit's own, which starts with [`OWN_PREFIX`].
    pub key: String,
    /// Code printed for it in this survey, such as `U1`.
    pub code: String,
    /// Whether a response may leave it out.
    pub optional: bool,
    /// What it asks, when it is an element of the unit's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnElement>,
}

impl Asked {
    /// Its name for people: of the unit's own, or of the instrument; the key when neither knows it.
    pub fn name<'a>(&'a self, instrument: Option<&'a Instrument>) -> &'a str {
        match (&self.own, instrument.and_then(|i| i.element(&self.key))) {
            (Some(own), _) => &own.name,
            (None, Some(element)) => &element.name,
            (None, None) => &self.key,
        }
    }
}

/// Unsur tambahan: what a unit asks beyond the instrument.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct OwnElement {
    /// Name, in Indonesian.
    pub name: String,
    /// Question, in Indonesian.
    pub question: String,
    /// Answer per score, lowest score first, in Indonesian.
    pub answers: Vec<String>,
}
