//! States of the complaint service: how a unit answered complaints and consultations in a year.

use prima_platform::consume::Feed;
use prima_proto::event::v1::ComplaintPerformanceState;

use super::{day::day, feed::FactState};
use crate::domain::{
    complaint::{Channel, Desk, Performance},
    facts::Facts,
    sourced::EventRef,
};

impl FactState for ComplaintPerformanceState {
    const FEED: Feed = Feed {
        name: "index-complaint-performance",
        service: "complaint",
        filter: "prima.complaint.performance.>",
    };

    fn add(self, origin: EventRef, facts: &mut Facts) {
        if let Ok(year) = self.period.parse() {
            facts.complaints.insert(year, performance(origin, self));
        }
    }
}

fn performance(origin: EventRef, state: ComplaintPerformanceState) -> Performance {
    let count = |n: i64| usize::try_from(n).unwrap_or_default();
    let hours = [&state.slowest_response_hours, &state.slowest_consultation_hours];
    let channels = state.channels.into_iter().filter_map(|c| {
        Some(Channel {
            since: day(&c.since_date)?,
            until: day(&c.until_date),
            online: c.online,
            kind: c.kind,
        })
    });
    let records = state.records.into_iter();
    Performance {
        origin,
        received: count(state.received),
        merged: count(state.merged),
        archived: count(state.archived),
        resolved: count(state.resolved),
        sp4n: count(state.sp4n),
        sp4n_archived: count(state.sp4n_archived),
        sp4n_resolved: count(state.sp4n_resolved),
        consultations: count(state.consultations),
        consultations_completed: count(state.consultations_completed),
        slowest_hours: hours.into_iter().filter_map(|text| text.parse().ok()).max(),
        desk: Desk {
            channels: channels.collect(),
            separate_since: day(&state.separate_since_date),
            sp4n_since: day(&state.sp4n_since_date),
            records: records.filter_map(|r| Some((r.kind, day(&r.date)?))).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_of_reports_and_consultations_counts() {
        let state = |report: &str, consultation: &str| ComplaintPerformanceState {
            slowest_response_hours: report.into(),
            slowest_consultation_hours: consultation.into(),
            ..ComplaintPerformanceState::default()
        };
        for (report, consultation, slowest) in [
            ("", "", None),
            ("9", "", Some(9)),
            ("9", "10", Some(10)),
            ("", "0", Some(0)),
        ] {
            let parsed = performance(EventRef::default(), state(report, consultation));
            assert_eq!(parsed.slowest_hours, slowest);
        }
    }
}
