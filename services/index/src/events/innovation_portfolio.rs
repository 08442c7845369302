//! States of the innovation service: the innovation portfolio of a unit in a year.

use chrono::NaiveDate;
use prima_platform::consume::Feed;
use prima_proto::event::v1::{AwardFacts, CompetitionEntryFacts, InnovationFacts, InnovationPortfolioState};

use super::{
    day::{day, days},
    feed::FactState,
};
use crate::domain::{
    facts::Facts,
    portfolio::{DatedEvent, Innovation, LegalBasis, Portfolio},
    sourced::EventRef,
};

impl FactState for InnovationPortfolioState {
    const FEED: Feed = Feed {
        name: "index-innovation-portfolio",
        service: "innovation",
        filter: "prima.innovation.portfolio.>",
    };

    fn add(self, origin: EventRef, facts: &mut Facts) {
        if let Ok(year) = self.period.parse() {
            facts.portfolios.insert(year, portfolio(origin, year, self));
        }
    }
}

fn portfolio(origin: EventRef, year: i32, state: InnovationPortfolioState) -> Portfolio {
    let won = |innovation: &str, awards: &[AwardFacts]| {
        let days = awards
            .iter()
            .filter_map(|a| day_or_year(&a.announce_date, a.year));
        let of = |on| DatedEvent {
            innovation: innovation.to_owned(),
            on,
        };
        days.map(of).collect::<Vec<DatedEvent>>()
    };
    let former = state.innovations.iter().map(|i| won(&i.name, &i.former_awards));
    let awards = former.chain(state.entries.iter().map(|e| won(&e.innovation, &e.awards)));
    let entries = state.entries.iter().filter(|e| entered(e)).filter_map(|e| {
        Some(DatedEvent {
            innovation: e.innovation.clone(),
            on: day_or_year(&e.submit_date, year)?,
        })
    });
    // A unit that adopts the innovation of another unit learns by it.
    let adopted = state.taken.iter().filter_map(|t| day(&t.adopt_date));
    Portfolio {
        origin,
        entries: entries.collect(),
        awards: awards.flatten().collect(),
        learning: adopted.chain(days(&state.learning_dates)).collect(),
        innovations: state.innovations.into_iter().map(innovation).collect(),
    }
}

/// The day, or the last day of the year when only the year is known.
fn day_or_year(text: &str, year: i32) -> Option<NaiveDate> {
    day(text).or_else(|| NaiveDate::from_ymd_opt(year, 12, 31))
}

fn innovation(state: InnovationFacts) -> Innovation {
    let kinds = ["budget", "facilities", "people"];
    let has = |kind: &&str| state.supports.iter().any(|s| s == kind);
    let started = day(&state.start_date);
    Innovation {
        legal_basis: match state.legal_basis.as_str() {
            "enacted" => LegalBasis::Enacted,
            "draft" => LegalBasis::Draft,
            _ => LegalBasis::None,
        },
        supports: kinds.iter().filter(|kind| has(kind)).count(),
        designed: day(&state.register_date).filter(|_| started.is_some() || state.status == "preparation"),
        started,
        stopped: day(&state.stop_date),
        name: state.name,
    }
}

/// Whether the agency submitted the entry and did not withdraw it.
fn entered(entry: &CompetitionEntryFacts) -> bool {
    let states = ["submitted", "competing", "rejected", "eliminated"];
    states.contains(&entry.state.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_with_only_a_year_counts_from_its_last_day_and_an_unsubmitted_entry_never() {
        let award = |announce_date: &str| AwardFacts {
            year: 2022,
            announce_date: announce_date.into(),
            ..AwardFacts::default()
        };
        let entry = |state: &str, submit_date: &str| CompetitionEntryFacts {
            innovation: "a".into(),
            state: state.into(),
            submit_date: submit_date.into(),
            awards: vec![award("2022-08-01")],
            ..CompetitionEntryFacts::default()
        };
        let state = InnovationPortfolioState {
            innovations: vec![InnovationFacts {
                name: "a".into(),
                status: "idea".into(),
                register_date: "2022-02-01".into(),
                legal_basis: "draft".into(),
                supports: vec!["budget".into(), "people".into(), "budget".into()],
                former_awards: vec![award("")],
                ..InnovationFacts::default()
            }],
            entries: vec![
                entry("rejected", "2022-03-01"),
                entry("competing", ""),
                entry("withdrawn", "2022-03-01"),
                entry("lapsed", ""),
            ],
            ..InnovationPortfolioState::default()
        };
        let parsed = portfolio(EventRef::default(), 2022, state);
        let days = |list: &[DatedEvent]| list.iter().map(|o| o.on.to_string()).collect::<Vec<_>>();
        assert_eq!(days(&parsed.entries), ["2022-03-01", "2022-12-31"]);
        assert_eq!(days(&parsed.awards)[..2], ["2022-12-31", "2022-08-01"]);
        let one = &parsed.innovations[0];
        assert_eq!(
            (one.designed, one.legal_basis, one.supports),
            (None, LegalBasis::Draft, 2)
        );
    }
}
