//! Cache of survey definitions for intake. A definition stays cached across transactions until its etag changes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::DbErr;

use super::item::Item;
use crate::{
    domain::survey::Survey,
    store::survey::{definitions_get, surveys_share_in_txn},
};

/// Most cached definitions; each takes a few kilobytes.
const MOST: usize = 20_000;

/// A survey for which a transaction stores responses.
#[derive(Debug, Clone)]
pub(super) struct Taking {
    /// Key in the database.
    pub(super) id: i64,
    /// The definition.
    pub(super) survey: Arc<Survey>,
    /// Version stored with the responses: above every version that was counted, and not above the one that will count
    /// them.
    pub(super) batch: i64,
}

/// The cached definitions by key, each with its etag.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<i64, (i64, Arc<Survey>)>>);

impl Known {
    fn all(&self) -> MutexGuard<'_, HashMap<i64, (i64, Arc<Survey>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the surveys of these items in shared mode until the transaction ends, so that no other transaction closes,
    /// changes or counts one meanwhile.
    pub(super) async fn share(
        &self,
        txn: &Txn,
        items: &[&Item],
    ) -> Result<HashMap<name::Survey, Taking>, DbErr> {
        let wanted: BTreeMap<String, &name::Survey> =
            items.iter().map(|i| (i.survey.to_string(), &i.survey)).collect();
        let names: Vec<String> = wanted.keys().cloned().collect();
        let shared = surveys_share_in_txn(txn, &names).await?;
        let stale: Vec<i64> = {
            let all = self.all();
            let stands = |id, etag| all.get(&id).is_some_and(|(known, _)| *known == etag);
            let stale = shared.iter().filter(|s| !stands(s.id, s.etag));
            stale.map(|s| s.id).collect()
        };
        let mut fresh = HashMap::new();
        for definition in definitions_get(txn, &stale).await? {
            let (id, etag) = (definition.id, definition.etag);
            fresh.insert(id, (etag, Arc::new(definition.survey()?)));
        }
        let mut all = self.all();
        if all.len() + fresh.len() > MOST {
            all.clear();
        }
        all.extend(fresh.iter().map(|(id, known)| (*id, known.clone())));
        let taking = shared.into_iter().filter_map(|s| {
            let (_, survey) = fresh.get(&s.id).or_else(|| all.get(&s.id))?;
            let taking = Taking {
                id: s.id,
                survey: survey.clone(),
                batch: s.version.saturating_add(1),
            };
            Some(((*wanted.get(&s.name)?).clone(), taking))
        });
        Ok(taking.collect())
    }
}
