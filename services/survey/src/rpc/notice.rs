//! Notices about what was accepted.

use std::collections::BTreeMap;

use prima_proto::{name, survey::v1 as pb};
use sea_orm::ConnectionTrait;

use crate::{
    domain::notice::{self, Days, Notice},
    intake::Item,
    store::{response::surveys_with_import, survey::survey_get, unit::unit_confirmed},
};

/// Most surveys of one stream about which notices are given.
const SURVEYS_MAX: usize = 100;

/// A notice as its message.
pub fn message(notice: Notice) -> pb::Notice {
    pb::Notice {
        reason: notice.reason.to_owned(),
        message: notice.english,
        localized_message: notice.indonesian,
    }
}

/// The notices about a new survey.
pub fn of_survey(survey: &pb::Survey) -> Vec<pb::Notice> {
    let unknown = name::Survey::parse(&survey.name)
        .ok()
        .filter(|_| !survey.unit_confirmed);
    let unknown = unknown.map(|name| notice::unit_unknown(&name.unit));
    unknown.map(message).into_iter().collect()
}

/// What a stream of responses contains, by survey and import.
#[derive(Debug, Default)]
pub struct Streamed(BTreeMap<(name::Survey, String), Days>);

impl Streamed {
    /// Adds a response.
    pub fn add(&mut self, item: &Item) {
        let key = (item.survey.clone(), item.import_id.clone());
        if self.0.len() >= SURVEYS_MAX && !self.0.contains_key(&key) {
            return;
        }
        let days = self.0.entry(key).or_default();
        if let Some(time) = item.raw.submitted_at {
            days.add(time);
        }
    }

    /// The notices about it. A survey that does not exist has none, because its responses were refused.
    pub async fn notices(self, conn: &impl ConnectionTrait) -> Result<Vec<pb::Notice>, sea_orm::DbErr> {
        let mut notices = Vec::new();
        for ((name, import_id), days) in self.0 {
            let Some(stored) = survey_get(conn, &name.to_string()).await? else {
                continue;
            };
            if !unit_confirmed(conn, &name.unit).await? {
                notices.push(notice::unit_unknown(&name.unit));
            }
            notices.extend(days.outside(&name, &stored.survey.period));
            if !import_id.is_empty() {
                let others = surveys_with_import(conn, stored.id, &name.unit, &import_id).await?;
                if !others.is_empty() {
                    notices.push(notice::imported_elsewhere(&import_id, &others));
                }
            }
        }
        Ok(notices.into_iter().map(message).collect())
    }
}
