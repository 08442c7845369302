//! Service charters (maklumat pelayanan): UU 25/2009 article 22, PermenPANRB 15/2014.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use prima_platform::{
    failure::Violation,
    request::{self, Faults},
};
use prima_proto::name;
use serde::{Deserialize, Serialize};

use super::{
    medium::{self, Medium},
    text,
};

/// A charter as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charter {
    /// Text.
    pub text: String,
    /// It states that the unit can serve by its standards.
    pub states_ability: bool,
    /// It states the duty to serve by them and to improve continuously.
    pub states_duty: bool,
    /// It states that sanctions or compensation are accepted when they are not kept.
    pub states_sanction: bool,
    /// Day it was signed and came into force; `None` while it is a draft.
    pub signed: Option<NaiveDate>,
    /// Where it is public.
    pub media: Vec<Medium>,
}

/// One revision of a unit's charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The unit.
    pub unit: name::Unit,
    /// What it says.
    pub charter: Charter,
    /// Counted from 1.
    pub number: i64,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
}

/// What the unit's event tells of its charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Day it was signed.
    pub signed: Option<NaiveDate>,
    /// Whether the three statements are there.
    pub complete: bool,
    /// Kinds of media with the first day of each.
    pub media: BTreeSet<(String, NaiveDate)>,
}

/// A charter as a caller describes it, unchecked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// Text.
    pub text: String,
    /// The three statements: ability, duty, sanction.
    pub states: [bool; 3],
    /// Day of signing as text; empty while it is a draft.
    pub signed: String,
    /// Where it is public.
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
        let [states_ability, states_duty, states_sanction] = draft.states;
        faults.part(Self {
            text,
            states_ability,
            states_duty,
            states_sanction,
            signed,
            media,
        })
    }

    /// What the unit's event tells of it: no text, no link.
    pub fn facts(&self) -> Facts {
        Facts {
            signed: self.signed,
            complete: self.states_ability && self.states_duty && self.states_sanction,
            media: medium::told(&self.media),
        }
    }
}
