//! Reads the settings that decisions about reports follow: calendar, working hours, deadlines and workflow.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use prima_platform::failure::Failure;
use sea_orm::ConnectionTrait;

use crate::{
    domain::{
        calendar::Calendar,
        workflow::Workflow,
        worktime::{FirstDay, Hours, Length, WorkTime, zone_of_agency},
    },
    store::{
        Lock,
        agency_hours::hours_of,
        calendar_state::calendar_version,
        calendar_year::calendar_years,
        deadline::deadline_of,
        workflow::{workflow_get, workflow_newest},
    },
};

/// Reads settings from the database and caches those that are immutable for a version; cheap to clone.
#[derive(Clone)]
pub struct Settings {
    first_day: FirstDay,
    cache: Arc<Mutex<Cache>>,
}

#[derive(Default)]
struct Cache {
    calendar: Option<Arc<Calendar>>,
    /// Working hours by agency, valid for the version of `calendar`.
    hours: HashMap<String, Hours>,
    workflows: BTreeMap<String, Arc<Workflow>>,
}

impl Cache {
    /// Whether calendar and working hours are cached for this version.
    fn is_of(&self, version: i64) -> bool {
        self.calendar.as_ref().is_some_and(|c| c.version() == version)
    }
}

/// How many agencies have their hours cached at most.
const CACHED_AGENCIES: usize = 10_000;

impl Settings {
    /// Settings that count deadlines from `first_day`.
    pub fn new(first_day: FirstDay) -> Self {
        let built_in = Arc::new(Workflow::built_in().clone());
        let cache = Cache {
            workflows: BTreeMap::from([(built_in.id.clone(), built_in)]),
            ..Cache::default()
        };
        Self {
            first_day,
            cache: Arc::new(Mutex::new(cache)),
        }
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current calendar: the built-in years, except for those that an import has replaced.
    pub async fn calendar(&self, conn: &impl ConnectionTrait) -> Result<Arc<Calendar>, Failure> {
        let version = calendar_version(conn, Lock::None).await?;
        let cached = self.cache().calendar.clone();
        if let Some(calendar) = cached.filter(|c| c.version() == version) {
            return Ok(calendar);
        }
        let built_in = Calendar::built_in();
        let mut years: Vec<i32> = built_in.years().collect();
        let mut holidays: Vec<_> = built_in.holidays().cloned().collect();
        for year in calendar_years(conn).await? {
            let imported = i32::try_from(year.year).map_err(Failure::internal)?;
            holidays.retain(|h| chrono::Datelike::year(&h.date) != imported);
            holidays.extend(year.holidays);
            years.push(imported);
        }
        let calendar = Arc::new(Calendar::new(
            holidays,
            years.into_iter().collect::<BTreeSet<i32>>(),
            version,
        ));
        let mut cache = self.cache();
        // A concurrent call may have cached a newer version meanwhile.
        if cache.calendar.as_ref().is_none_or(|c| c.version() < version) {
            cache.calendar = Some(calendar.clone());
            cache.hours.clear();
        }
        Ok(calendar)
    }

    /// The current working time of an agency.
    pub async fn work_time(&self, conn: &impl ConnectionTrait, agency: &str) -> Result<WorkTime, Failure> {
        let calendar = self.calendar(conn).await?;
        let cached = {
            let cache = self.cache();
            let is_current = cache.is_of(calendar.version());
            cache.hours.get(agency).filter(|_| is_current).copied()
        };
        let hours = match cached {
            Some(hours) => hours,
            None => {
                let own = hours_of(conn, agency).await?;
                let hours = own.unwrap_or_else(|| Hours::usual(zone_of_agency(agency)));
                let mut cache = self.cache();
                if cache.is_of(calendar.version()) && cache.hours.len() < CACHED_AGENCIES {
                    cache.hours.insert(agency.to_owned(), hours);
                }
                hours
            }
        };
        Ok(WorkTime::new(calendar, hours, self.first_day))
    }

    pub async fn workflow(&self, conn: &impl ConnectionTrait, id: &str) -> Result<Arc<Workflow>, Failure> {
        let cached = self.cache().workflows.get(id).cloned();
        if let Some(workflow) = cached {
            return Ok(workflow);
        }
        let row = workflow_get(conn, id).await?;
        let row = row.ok_or_else(|| Failure::internal(format!("workflow {id} does not exist")))?;
        let workflow = Workflow::parse(&row.body)
            .map_err(|faults| Failure::internal(format!("workflow {id}: {} faults", faults.len())))?;
        let workflow = Arc::new(workflow);
        self.cache().workflows.insert(id.to_owned(), workflow.clone());
        Ok(workflow)
    }

    /// The workflow that new reports follow.
    pub async fn current_workflow(&self, conn: &impl ConnectionTrait) -> Result<Arc<Workflow>, Failure> {
        let newest = workflow_newest(conn).await?;
        let id = newest.unwrap_or_else(|| Workflow::built_in().id.clone());
        self.workflow(conn, &id).await
    }

    /// The deadline that a unit has promised for a class; `None` when the national default applies.
    pub async fn promised_deadline(
        &self,
        conn: &impl ConnectionTrait,
        agency: &str,
        unit: &str,
        class: &str,
    ) -> Result<Option<Length>, Failure> {
        let days = deadline_of(conn, agency, unit, class).await?;
        Ok(days.map(Length::WorkingDays))
    }
}
