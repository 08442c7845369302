//! The workers: each keeps the last state of every subject of one kind in the table `fact`, and marks the unit's
//! assessments. A service that is not deployed has no stream; its worker waits for one, and nothing else does.

use async_trait::async_trait;
use prima_platform::{
    bus::Delivery,
    consume::{Handler, HandlerError, Source},
    db::Txn,
};
use prima_proto::{
    event::v1::{ComplaintPerformanceState, InnovationPortfolioState, SurveyResultState, UnitState},
    name,
};
use prost::{DecodeError, Message};

use crate::{
    app::{App, recompute},
    store::fact::{self, Fact},
};

/// One kind of state that is kept.
#[derive(Debug)]
pub struct Feed {
    /// Name of the consumer.
    name: &'static str,
    /// Service that tells it.
    service: &'static str,
    /// Subjects.
    filter: &'static str,
    /// Whether a payload can be read.
    check: fn(&[u8]) -> Result<(), DecodeError>,
}

/// All of them.
pub const FEEDS: [Feed; 4] = [
    Feed {
        name: "index-directory-unit",
        service: "directory",
        filter: "prima.directory.unit.>",
        check: |payload| UnitState::decode(payload).map(drop),
    },
    Feed {
        name: "index-survey-result",
        service: "survey",
        filter: "prima.survey.result.>",
        check: |payload| SurveyResultState::decode(payload).map(drop),
    },
    Feed {
        name: "index-innovation-portfolio",
        service: "innovation",
        filter: "prima.innovation.portfolio.>",
        check: |payload| InnovationPortfolioState::decode(payload).map(drop),
    },
    Feed {
        name: "index-complaint-performance",
        service: "complaint",
        filter: "prima.complaint.performance.>",
        check: |payload| ComplaintPerformanceState::decode(payload).map(drop),
    },
];

/// Keeps one feed.
pub struct FeedHandler {
    app: App,
    feed: &'static Feed,
}

impl FeedHandler {
    /// A handler that writes this service's database.
    pub fn new(app: App, feed: &'static Feed) -> Self {
        Self { app, feed }
    }
}

/// The unit of a subject of this filter: its two parts after what all of them begin with.
fn named(filter: &str, subject: &str) -> Option<name::Unit> {
    let rest = subject.strip_prefix(filter.strip_suffix('>')?)?;
    let mut parts = rest.split('.');
    let (agency, unit) = (parts.next()?, parts.next()?);
    name::Unit::parse(&format!("agencies/{agency}/units/{unit}")).ok()
}

#[async_trait]
impl Handler for FeedHandler {
    fn name(&self) -> &'static str {
        self.feed.name
    }

    fn revision(&self) -> i64 {
        1
    }

    fn source(&self) -> Source {
        Source::new(self.feed.service, &[self.feed.filter])
    }

    async fn handle(&self, txn: &Txn, delivery: &Delivery) -> Result<(), HandlerError> {
        let event = &delivery.event;
        let unit = named(self.feed.filter, &event.subject)
            .ok_or_else(|| HandlerError::Permanent(format!("subject {} names no unit", event.subject)))?;
        if event.withdrawn {
            fact::fact_remove(txn, &event.subject).await?;
        } else {
            (self.feed.check)(&event.payload)
                .map_err(|e| HandlerError::Permanent(format!("payload: {e}")))?;
            let fact = Fact {
                subject: event.subject.clone(),
                service: self.feed.service.to_owned(),
                version: event.version,
                payload: event.payload.clone(),
            };
            fact::fact_save(txn, &unit, &fact).await?;
        }
        recompute::mark(txn, &unit).await?;
        Ok(())
    }

    fn committed(&self) {
        recompute::marked(&self.app);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_names_its_unit_by_its_first_two_parts() {
        let named = |filter, subject| named(filter, subject).map(|u| u.to_string());
        let unit = Some("agencies/3271/units/dpmptsp".to_owned());
        assert_eq!(
            named("prima.directory.unit.>", "prima.directory.unit.3271.dpmptsp"),
            unit
        );
        assert_eq!(
            named(
                "prima.survey.result.>",
                "prima.survey.result.3271.dpmptsp.skm-2024"
            ),
            unit
        );
        for subject in [
            "prima.directory.unit.3271",
            "prima.directory.unit.3271.",
            "prima.directory.agency.3271.dpmptsp",
        ] {
            assert_eq!(named("prima.directory.unit.>", subject), None, "{subject}");
        }
    }
}
