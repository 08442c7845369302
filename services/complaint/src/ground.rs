//! What decisions stand on: calendar, hours, deadlines, workflow, as they are at the moment of the decision.

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

/// Reads settings and keeps what a version can't change; cheap to clone.
#[derive(Clone)]
pub struct Ground {
    first_day: FirstDay,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    calendar: Option<Arc<Calendar>>,
    /// Hours of agencies at the version of the calendar.
    hours: HashMap<String, Hours>,
    workflows: BTreeMap<String, Arc<Workflow>>,
}

/// Agencies whose hours are kept at most.
const AGENCIES: usize = 10_000;

impl Ground {
    /// Counts from this first day.
    pub fn new(first_day: FirstDay) -> Self {
        let built_in = Arc::new(Workflow::built_in().clone());
        let kept = Kept {
            workflows: BTreeMap::from([(built_in.id.clone(), built_in)]),
            ..Kept::default()
        };
        Self {
            first_day,
            kept: Arc::new(Mutex::new(kept)),
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The calendar as it is now: what is shipped, and the years that were imported in its place.
    pub async fn calendar(&self, conn: &impl ConnectionTrait) -> Result<Arc<Calendar>, Failure> {
        let version = calendar_version(conn, Lock::None).await?;
        let known = self.kept().calendar.clone();
        if let Some(calendar) = known.filter(|c| c.version() == version) {
            return Ok(calendar);
        }
        let shipped = Calendar::built_in();
        let mut years: Vec<i32> = shipped.years().collect();
        let mut holidays: Vec<_> = shipped.holidays().cloned().collect();
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
        let mut kept = self.kept();
        // Another call may have read a newer one meanwhile.
        if kept.calendar.as_ref().is_none_or(|c| c.version() < version) {
            kept.calendar = Some(calendar.clone());
            kept.hours.clear();
        }
        Ok(calendar)
    }

    /// The working time of an agency as it is now.
    pub async fn work_time(&self, conn: &impl ConnectionTrait, agency: &str) -> Result<WorkTime, Failure> {
        let calendar = self.calendar(conn).await?;
        let known = {
            let kept = self.kept();
            let same = kept
                .calendar
                .as_ref()
                .is_some_and(|c| c.version() == calendar.version());
            kept.hours.get(agency).filter(|_| same).copied()
        };
        let hours = match known {
            Some(hours) => hours,
            None => {
                let own = hours_of(conn, agency).await?;
                let hours = own.unwrap_or_else(|| Hours::usual(zone_of_agency(agency)));
                let mut kept = self.kept();
                let same = kept
                    .calendar
                    .as_ref()
                    .is_some_and(|c| c.version() == calendar.version());
                if same && kept.hours.len() < AGENCIES {
                    kept.hours.insert(agency.to_owned(), hours);
                }
                hours
            }
        };
        Ok(WorkTime::new(calendar, hours, self.first_day))
    }

    /// A workflow by its id.
    pub async fn workflow(&self, conn: &impl ConnectionTrait, id: &str) -> Result<Arc<Workflow>, Failure> {
        let known = self.kept().workflows.get(id).cloned();
        if let Some(workflow) = known {
            return Ok(workflow);
        }
        let row = workflow_get(conn, id).await?;
        let row = row.ok_or_else(|| Failure::internal(format!("workflow {id} is gone")))?;
        let workflow = Workflow::parse(&row.body)
            .map_err(|faults| Failure::internal(format!("workflow {id}: {} faults", faults.len())))?;
        let workflow = Arc::new(workflow);
        self.kept().workflows.insert(id.to_owned(), workflow.clone());
        Ok(workflow)
    }

    /// The workflow of new reports.
    pub async fn current_workflow(&self, conn: &impl ConnectionTrait) -> Result<Arc<Workflow>, Failure> {
        let newest = workflow_newest(conn).await?;
        let id = newest.unwrap_or_else(|| Workflow::built_in().id.clone());
        self.workflow(conn, &id).await
    }

    /// What a unit promises for a class instead of the national default.
    pub async fn own_deadline(
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
