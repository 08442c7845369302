//! What the directory tells of a unit: its public services, their standards, its charter.

use prima_proto::event::v1::{MediumState, ServiceCharterState, ServiceStandardState, UnitState};
use prost::Message;

use super::{
    day::{day, days},
    feed::Feed,
};
use crate::domain::{
    facts::{Charter, Medium, Standard, Unit},
    known::Origin,
};

/// The last state of each.
pub static FEED: Feed = Feed {
    name: "index-directory-unit",
    service: "directory",
    filter: "prima.directory.unit.>",
    check: |payload| UnitState::decode(payload).map(drop),
};

/// As facts.
pub fn unit(origin: Origin, state: UnitState) -> Unit {
    let charter = |c: ServiceCharterState| Charter {
        signed: day(&c.sign_date),
        complete: c.complete,
        media: media(c.media),
    };
    let services = state.services.into_iter().map(|s| s.standard.map(standard));
    Unit {
        origin,
        services: services.collect(),
        charter: state.charter.map(charter),
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
