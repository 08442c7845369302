//! The worker of every feed: it keeps the last state of every subject of one kind in the table `fact`, and marks the unit's
//! assessments. A service that is not deployed has no stream; its worker waits for one, and nothing else does.

use async_trait::async_trait;
use prima_platform::{
    bus::Delivery,
    consume::{Handler, HandlerError, Source},
    db::Txn,
    derived::Derived,
};
use prima_proto::name;
use prost::DecodeError;

use crate::store::{
    fact::{Fact, fact_remove, fact_save},
    mark::unit_mark_in_txn,
};

/// One kind of state that is kept.
#[derive(Debug)]
pub struct Feed {
    /// Name of the consumer.
    pub name: &'static str,
    /// Service that tells it.
    pub service: &'static str,
    /// Subjects.
    pub filter: &'static str,
    /// Whether a payload can be read.
    pub check: fn(&[u8]) -> Result<(), DecodeError>,
}

/// Keeps one feed.
pub struct FeedHandler {
    derived: Derived,
    feed: &'static Feed,
}

impl FeedHandler {
    /// A handler that wakes the runner of the indexes.
    pub fn new(derived: Derived, feed: &'static Feed) -> Self {
        Self { derived, feed }
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
            fact_remove(txn, &event.subject).await?;
        } else {
            (self.feed.check)(&event.payload)
                .map_err(|e| HandlerError::Permanent(format!("payload: {e}")))?;
            let fact = Fact {
                subject: event.subject.clone(),
                service: self.feed.service.to_owned(),
                version: event.version,
                payload: event.payload.clone(),
            };
            fact_save(txn, &unit, &fact).await?;
        }
        unit_mark_in_txn(txn, &unit).await?;
        Ok(())
    }

    fn committed(&self) {
        self.derived.committed();
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
