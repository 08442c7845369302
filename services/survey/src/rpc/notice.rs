//! Notices about what was accepted.

use std::collections::{BTreeMap, HashMap};

use prima_proto::{name, survey::v1 as pb};
use sea_orm::ConnectionTrait;

use crate::{
    domain::notice::{self, Days, Notice},
    intake::Item,
    store::{
        named::{Named, surveys_named},
        response::surveys_with_import,
        unit::units_confirmed,
    },
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
pub struct Streamed {
    surveys: hashbrown::HashMap<name::Survey, BTreeMap<String, Days>>,
    imports: usize,
}

impl Streamed {
    /// Adds a response.
    pub fn add(&mut self, item: &Item) {
        let imports = self.surveys.get_mut(&item.survey);
        let days = match imports.and_then(|imports| imports.get_mut(&item.import_id)) {
            Some(days) => days,
            None if self.imports >= SURVEYS_MAX => return,
            None => {
                self.imports += 1;
                let imports = self.surveys.entry(item.survey.clone()).or_default();
                imports.entry(item.import_id.clone()).or_default()
            }
        };
        if let Some(time) = item.raw.submitted_at {
            days.add(time);
        }
    }

    /// The notices about it. A survey that does not exist has none, because its responses were refused.
    pub async fn notices(self, conn: &impl ConnectionTrait) -> Result<Vec<pb::Notice>, sea_orm::DbErr> {
        let surveys: BTreeMap<_, _> = self.surveys.into_iter().collect();
        let names: Vec<String> = surveys.keys().map(ToString::to_string).collect();
        let stored = surveys_named(conn, &names).await?;
        let mut stored: HashMap<String, Named> = stored.into_iter().map(|s| (s.name.clone(), s)).collect();
        let confirmed = units_confirmed(conn, surveys.keys().map(|name| &name.unit)).await?;
        let mut notices = Vec::new();
        for (name, imports) in surveys {
            let Some(stored) = stored.remove(&name.to_string()) else {
                continue;
            };
            let period = stored.period()?;
            for (import_id, days) in imports {
                if !confirmed.contains(&name.unit) {
                    notices.push(notice::unit_unknown(&name.unit));
                }
                notices.extend(days.outside(&name, &period));
                if !import_id.is_empty() {
                    let others = surveys_with_import(conn, stored.id, &name.unit, &import_id).await?;
                    if !others.is_empty() {
                        notices.push(notice::imported_elsewhere(&import_id, &others));
                    }
                }
            }
        }
        Ok(notices.into_iter().map(message).collect())
    }
}
