//! What of a response's row depends only on the response and the definition of its survey. It is worked out before the
//! transaction begins, against the cached definition, so that the database does not wait for it.

use chrono::{DateTime, Utc};
use prima_platform::{clock::micros, failure::Failure, vault::Keyring};
use tokio::task::yield_now;

use super::{
    item::Item,
    known::{Definition, Known, Version},
};
use crate::{
    domain::{
        access::Secret,
        digest, instrument,
        response::{Raw, check},
    },
    store::{
        comment::{self, comments},
        response,
    },
};

/// How many responses a task checks before it lets others run, such as those that take in single responses.
const AT_ONCE: usize = 64;

/// The row of a response that was checked against a definition of its survey, and its encrypted texts. What only the
/// transaction knows is empty: when it is accepted, the version, the proof, and the time of a response that has none.
#[derive(Debug)]
pub(super) struct Draft {
    /// In a box, as it is moved several times.
    pub(super) row: Box<response::Model>,
    pub(super) comments: Vec<comment::Model>,
}

/// Makes drafts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Maker<'a> {
    pub(super) secret: &'a Secret,
    /// Encrypts the texts.
    pub(super) vault: &'a Keyring,
}

impl Maker<'_> {
    /// The draft of `item`.
    pub(super) fn draft(
        self,
        item: &Item,
        definition: &Definition,
        now: DateTime<Utc>,
    ) -> Result<Draft, Failure> {
        let import_id = Some(&item.import_id).filter(|id| !id.is_empty()).cloned();
        self.of(item, &item.raw, (item.digest.clone(), import_id), definition, now)
    }

    /// The draft of a part of what `item` has.
    pub(super) fn draft_of_part(
        self,
        item: &Item,
        part: &Raw,
        definition: &Definition,
        now: DateTime<Utc>,
    ) -> Result<Draft, Failure> {
        let digest = digest::of_response(self.vault, &part.digest());
        self.of(item, part, (digest, None), definition, now)
    }

    fn of(
        self,
        item: &Item,
        raw: &Raw,
        (digest, import_id): (Vec<u8>, Option<String>),
        definition: &Definition,
        now: DateTime<Utc>,
    ) -> Result<Draft, Failure> {
        let survey = &*definition.survey;
        let known = instrument::find(&survey.instrument)
            .ok_or_else(|| Failure::internal(format!("instrument {} is not known", survey.instrument)))?;
        let response = check(raw, survey, known, now, item.id_field)?;
        let character =
            |score: &Option<u8>| score.map_or('-', |score| char::from(b'0'.saturating_add(score)));
        let device = response.device.as_ref();
        let profile = response.profile;
        let row = Box::new(response::Model {
            survey_id: definition.id,
            response_id: item.stored_id().into_owned(),
            digest,
            submitted_at: micros(response.submitted_at),
            accepted_at: 0,
            batch: 0,
            answers: response.answers.iter().map(character).collect(),
            sex: profile.sex,
            age: profile.age.map(i64::from),
            age_group: profile.age_group,
            education: profile.education,
            occupation: profile.occupation,
            service: profile.service,
            channel: profile.channel,
            hour_band: profile.hour_band,
            source: String::new(),
            token: None,
            counter: None,
            device: device.map(|mark| self.secret.device_digest(&survey.name, mark.text())),
            import_id,
            voided: None,
            counted: None,
            pending: None,
            quarantine: None,
        });
        let texts = [response.suggestion, response.criticism];
        Ok(Draft {
            comments: comments(self.vault, &survey.name.unit.agency, &row, texts)?,
            row,
        })
    }
}

/// The drafts of items, each with the version of the definition that it was checked against; `None` where none is cached.
pub(super) type Drafts = Vec<Option<(Version, Result<Draft, Failure>)>>;

/// Checks items against cached definitions. Other tasks run in between.
pub(super) async fn drafts(items: &[&Item], known: &Known, maker: Maker<'_>, now: DateTime<Utc>) -> Drafts {
    let cached = known.cached(items);
    let draft = |item: &&Item| {
        let definition = cached.get(&item.survey)?;
        Some((definition.version(), maker.draft(item, definition, now)))
    };
    let mut drafts = Vec::with_capacity(items.len());
    for part in items.chunks(AT_ONCE) {
        drafts.extend(part.iter().map(draft));
        yield_now().await;
    }
    drafts
}
