//! The elements that a survey asks.

use serde::{Deserialize, Serialize};

use super::instrument::Instrument;
pub use super::instrument::OWN_PREFIX;

/// One element (unsur) that a survey asks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Asked {
    /// Stable key of an element of the instrument, or of the unit's own element, which starts with [`OWN_PREFIX`].
    pub key: String,
    /// Code under which this survey prints it, such as `U1`.
    pub code: String,
    /// Whether a response need not answer it.
    pub optional: bool,
    /// Its definition when it is the unit's own element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnElement>,
}

impl Asked {
    /// Its display name: that of the unit's own element or of the instrument; the key when neither has one.
    pub fn name<'a>(&'a self, instrument: Option<&'a Instrument>) -> &'a str {
        match (&self.own, instrument.and_then(|i| i.element(&self.key))) {
            (Some(own), _) => &own.name,
            (None, Some(element)) => &element.name,
            (None, None) => &self.key,
        }
    }
}

/// Unsur tambahan: an element that a unit asks in addition to those of the instrument.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct OwnElement {
    /// Name, in Indonesian.
    pub name: String,
    /// Question, in Indonesian.
    pub question: String,
    /// Label of the answer for each score, the lowest score first, in Indonesian.
    pub answers: Vec<String>,
}
