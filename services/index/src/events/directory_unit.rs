//! States of the directory: a unit's public services, their standards, its charter.

use prima_platform::consume::Feed;
use prima_proto::event::v1::{MediumState, ServiceCharterState, ServiceStandardState, UnitState};

use super::{
    day::{day, days},
    feed::FactState,
};
use crate::domain::{
    facts::{Charter, Facts, Medium, Standard, Unit},
    sourced::EventRef,
};

impl FactState for UnitState {
    const FEED: Feed = Feed {
        name: "index-directory-unit",
        service: "directory",
        filter: "prima.directory.unit.>",
    };

    fn add(self, origin: EventRef, facts: &mut Facts) {
        let charter = |c: ServiceCharterState| Charter {
            signed: day(&c.sign_date),
            complete: c.complete,
            media: media(c.media),
        };
        let services = self.services.into_iter().map(|s| s.standard.map(standard));
        facts.unit = Some(Unit {
            origin,
            services: services.collect(),
            charter: self.charter.map(charter),
        });
    }
}

fn standard(state: ServiceStandardState) -> Standard {
    Standard {
        components: state.components,
        delivery_published: state.delivery_published,
        enacted: day(&state.enact_date),
        involved: days(&state.involvement_dates),
        monitored: days(&state.monitor_dates),
        reviewed: days(&state.review_dates),
        media: media(state.media),
        sippn: day(&state.sippn_date),
    }
}

fn media(media: Vec<MediumState>) -> Vec<Medium> {
    let medium = |m: MediumState| {
        Some(Medium {
            since: day(&m.since_date)?,
            kind: m.kind,
            electronic: m.electronic,
        })
    };
    media.into_iter().filter_map(medium).collect()
}
