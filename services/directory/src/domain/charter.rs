//! Service charters (maklumat pelayanan): UU 25/2009 article 22, PermenPANRB 15/2014.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use prima_platform::{
    failure::Violation,
    request::{self, Faults},
};
use serde::{Deserialize, Serialize};

use super::{
    medium::{self, Medium},
    text,
};

/// A checked charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charter {
    /// The text.
    pub text: String,
    /// Whether it states that the unit can serve by its standards.
    pub states_ability: bool,
    /// Whether it states the duty to serve by them and to improve continuously.
    pub states_duty: bool,
    /// Whether it states that sanctions or compensation are accepted when they are not met.
    pub states_sanction: bool,
    /// Day on which it was signed and came into force; `None` while it is a draft.
    pub signed: Option<NaiveDate>,
    /// Media in which it is published.
    pub media: Vec<Medium>,
}

/// What the unit's event publishes of its charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Day of signing.
    pub signed: Option<NaiveDate>,
    /// Whether all three statements are made.
    pub complete: bool,
    /// Kinds of media, each with its first day.
    pub media: BTreeSet<(String, NaiveDate)>,
}

/// An unchecked charter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// The three statements: ability, duty, sanction.
    pub statements: [bool; 3],
    /// Day of signing as text; empty while it is a draft.
    pub signed: String,
    /// Media in which it is published.
    pub media: Vec<medium::Draft>,
}

impl Charter {
    /// Checks a draft on the day `today`.
    ///
    /// # Errors
    ///
    /// Every fault, each with the path of its field in `PublishServiceCharterRequest`.
    pub fn check(draft: &Draft, today: NaiveDate) -> Result<Self, Vec<Violation>> {
        let mut faults = Faults::default();
        let text = faults.or_default(text::BODY.check("charter.text", &draft.text));
        let signed = request::optional(&draft.signed, |raw| {
            request::past_day("charter.sign_date", raw, today)
        });
        let signed = faults.or_default(signed);
        let media = medium::check("charter.media", &draft.media, today, &mut faults);
        let [states_ability, states_duty, states_sanction] = draft.statements;
        faults.part(Self {
            text,
            states_ability,
            states_duty,
            states_sanction,
            signed,
            media,
        })
    }

    /// Whether citizens may hold the unit to it: it is signed.
    pub fn is_in_force(&self) -> bool {
        self.signed.is_some()
    }

    /// What the unit's event publishes of it, without its text and links.
    pub fn facts(&self) -> Facts {
        Facts {
            signed: self.signed,
            complete: self.states_ability && self.states_duty && self.states_sanction,
            media: medium::first_days(&self.media),
        }
    }
}
