//! Cache of survey definitions for intake. A definition stays cached across transactions until its etag changes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hashbrown::{HashMap, HashSet};
use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::DbErr;

use super::item::Item;
use crate::{
    domain::{release, survey::Survey},
    store::survey::{definitions_get, surveys_share_in_txn},
};

/// Key and etag of a definition.
pub(super) type Version = (i64, i64);

/// Most cached definitions; each takes a few kilobytes.
const MOST: usize = 20_000;

/// A definition of a survey.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    /// Key in the database.
    pub(super) id: i64,
    /// Version of the definition.
    etag: i64,
    /// The definition.
    pub(super) survey: Arc<Survey>,
}

impl Definition {
    /// What is different for every definition.
    pub(super) fn version(&self) -> Version {
        (self.id, self.etag)
    }
}

/// A survey for which a transaction stores responses.
#[derive(Debug, Clone)]
pub(super) struct Taking {
    /// The definition.
    pub(super) definition: Definition,
    /// Version stored with the responses: above every version that was counted, and not above the one that will count
    /// them.
    pub(super) batch: i64,
    /// Responses in its figures.
    pub(super) counted: i64,
    /// Responses and voids that are counted and wait to be released.
    pub(super) pending: i64,
}

/// Definitions by name.
type Definitions = HashMap<name::Survey, Definition>;

/// The cached definitions.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Definitions>);

impl Known {
    fn all(&self) -> MutexGuard<'_, Definitions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cached definitions of the surveys of these items, which may have changed since.
    pub(super) fn cached(&self, items: &[&Item]) -> Definitions {
        let all = self.all();
        let known = |survey: &name::Survey| Some((survey.clone(), all.get(survey)?.clone()));
        surveys(items).into_iter().filter_map(known).collect()
    }

    /// Locks the surveys of these items in shared mode until the transaction ends, so that no other transaction closes,
    /// changes or counts one meanwhile.
    pub(super) async fn share(
        &self,
        txn: &Txn,
        items: &[&Item],
    ) -> Result<HashMap<name::Survey, Taking>, DbErr> {
        let wanted = surveys(items)
            .into_iter()
            .map(|survey| (survey.to_string(), survey));
        let wanted: BTreeMap<String, &name::Survey> = wanted.collect();
        let names: Vec<String> = wanted.keys().cloned().collect();
        let shared = surveys_share_in_txn(txn, &names).await?;
        let mut found = Definitions::new();
        let mut stale = Vec::new();
        {
            let all = self.all();
            for row in &shared {
                let known = wanted
                    .get(&row.name)
                    .and_then(|survey| all.get_key_value(*survey));
                match known.filter(|(_, known)| known.version() == (row.id, row.etag)) {
                    Some((name, known)) => drop(found.insert(name.clone(), known.clone())),
                    None => stale.push(row.id),
                }
            }
        }
        let mut fresh = Definitions::new();
        for row in definitions_get(txn, &stale).await? {
            let (id, etag) = (row.id, row.etag);
            let survey = Arc::new(row.survey()?);
            fresh.insert(survey.name.clone(), Definition { id, etag, survey });
        }
        if !fresh.is_empty() {
            let mut all = self.all();
            if all.len() + fresh.len() > MOST {
                all.clear();
            }
            all.extend(fresh.iter().map(|(name, known)| (name.clone(), known.clone())));
            found.extend(fresh);
        }
        let taking = shared.into_iter().filter_map(|row| {
            let name = *wanted.get(&row.name)?;
            let (added, voided) = release::waiting(&row.head);
            let taking = Taking {
                definition: found.remove(name)?,
                batch: row.version.saturating_add(1),
                counted: row.respondents - added + voided,
                pending: added + voided,
            };
            Some((name.clone(), taking))
        });
        Ok(taking.collect())
    }
}

/// The different surveys of these items.
fn surveys<'a>(items: &[&'a Item]) -> HashSet<&'a name::Survey> {
    items.iter().map(|item| &item.survey).collect()
}
