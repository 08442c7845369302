//! What of a response's row depends only on the response and the definition of its survey. It is worked out before the
//! transaction begins, against the cached definition, so that the database does not wait for it.

use chrono::{DateTime, Utc};
use prima_platform::failure::Failure;
use tokio::task::yield_now;

use super::{item::Item, known::Known};
use crate::domain::{
    access::Secret,
    instrument,
    response::{Raw, Response, check},
    survey::Survey,
};

/// How many responses a task checks before it lets others run, such as those that take in single responses.
pub(super) const AT_ONCE: usize = 64;

/// A response that was checked against a definition of its survey.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) response: Response,
    /// As stored: one character per element.
    pub(super) answers: String,
    /// Digest of the identifier of the device that was used.
    pub(super) device: Option<Vec<u8>>,
}

impl Draft {
    /// Checks `raw`, which is the response of `item` or a part of it. A response without a time gets that of the
    /// transaction later.
    pub(super) fn new(
        item: &Item,
        raw: &Raw,
        survey: &Survey,
        secret: &Secret,
        now: DateTime<Utc>,
    ) -> Result<Self, Failure> {
        let known = instrument::find(&survey.instrument)
            .ok_or_else(|| Failure::internal(format!("instrument {} is not known", survey.instrument)))?;
        let response = check(raw, survey, known, now, item.id_field)?;
        let character =
            |score: &Option<u8>| score.map_or('-', |score| char::from(b'0'.saturating_add(score)));
        let device = response.device.as_ref();
        Ok(Self {
            answers: response.answers.iter().map(character).collect(),
            device: device.map(|mark| secret.device_digest(&survey.name, mark.text())),
            response,
        })
    }
}

/// The drafts of items, each with the etag of the definition that it was checked against; `None` where none is cached.
pub(super) type Drafts = Vec<Option<(i64, Result<Draft, Failure>)>>;

/// Checks items against cached definitions. Other tasks run in between.
pub(super) async fn drafts(items: &[&Item], known: &Known, secret: &Secret, now: DateTime<Utc>) -> Drafts {
    let cached = known.cached(items);
    let draft = |item: &&Item| {
        let (etag, survey) = cached.get(&item.survey)?;
        Some((*etag, Draft::new(item, &item.raw, survey, secret, now)))
    };
    let mut drafts = Vec::with_capacity(items.len());
    for part in items.chunks(AT_ONCE) {
        drafts.extend(part.iter().map(draft));
        yield_now().await;
    }
    drafts
}
