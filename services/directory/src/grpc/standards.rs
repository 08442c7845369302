//! Standards and charters: messages to requests, with every fault found at once, and back.

use chrono::NaiveDate;
use prima_platform::{
    clock::to_proto,
    failure::{Failure, Violation},
    request_id,
};
use prima_proto::{directory::v1, name};

use super::{convert, faults::Faults};
use crate::{
    app::{Once, publish_service_charter, publish_service_standard},
    domain::{
        charter::{self, Charter},
        medium::{self, Medium},
        standard::{self, Act, Standard},
    },
};

fn media(media: Vec<v1::PublicationMedium>) -> Vec<medium::Draft> {
    let draft = |m: v1::PublicationMedium| medium::Draft {
        kind: m.kind,
        link: m.link,
        since: m.since_date,
    };
    media.into_iter().map(draft).collect()
}

fn records(records: Vec<v1::DatedRecord>) -> Vec<(String, String)> {
    records.into_iter().map(|r| (r.date, r.link)).collect()
}

/// PublishServiceStandard, on the day `today`.
pub fn publish_service_standard(
    request: v1::PublishServiceStandardRequest,
    today: NaiveDate,
) -> Result<publish_service_standard::Request, Failure> {
    let mut faults = Faults::default();
    let request_id = convert::checked_request_id(request.request_id, &mut faults);
    let parsed = faults.required("standard", request.standard).and_then(|s| {
        let name = faults.take(convert::public_service("standard.service", &s.service));
        let draft = standard::Draft {
            components: s.components,
            enact_date: s.enact_date,
            decree: s.decree,
            involvements: s
                .involvements
                .into_iter()
                .map(|i| (i.date, i.groups, i.link))
                .collect(),
            monitorings: records(s.monitorings),
            reviews: records(s.reviews),
            published: s.published_components,
            media: media(s.media),
            sippn: s.sippn_date,
        };
        let standard = faults.take_all(Standard::check(&draft, today));
        Some((name?, standard?))
    });
    let new = request_id.zip(parsed).map(|(request_id, (name, standard))| {
        let digest = request_id::digest(&message(&name, &standard));
        publish_service_standard::Request {
            once: Once { request_id, digest },
            name,
            standard,
        }
    });
    faults.settle(new)
}

/// PublishServiceCharter, on the day `today`.
pub fn publish_service_charter(
    request: v1::PublishServiceCharterRequest,
    today: NaiveDate,
) -> Result<publish_service_charter::Request, Failure> {
    let mut faults = Faults::default();
    let request_id = convert::checked_request_id(request.request_id, &mut faults);
    let parsed = faults.required("charter", request.charter).and_then(|c| {
        let name = faults.take(convert::unit("charter.unit", &c.unit));
        let draft = charter::Draft {
            text: c.text,
            states: [c.states_ability, c.states_duty, c.states_sanction],
            signed: c.sign_date,
            media: media(c.media),
        };
        let charter = faults.take_all(Charter::check(&draft, today));
        Some((name?, charter?))
    });
    let new = request_id.zip(parsed).map(|(request_id, (name, charter))| {
        let digest = request_id::digest(&charter_message(&name, &charter));
        publish_service_charter::Request {
            once: Once { request_id, digest },
            name,
            charter,
        }
    });
    faults.settle(new)
}

fn revision(raw: i64) -> Result<i64, Violation> {
    if raw >= 0 {
        return Ok(raw);
    }
    Err(Violation::new(
        "revision",
        "must be 0 or more",
        "Nomor revisi harus 0 atau lebih",
    ))
}

/// GetServiceStandard.
pub fn get_service_standard(
    request: &v1::GetServiceStandardRequest,
) -> Result<(name::PublicService, i64), Failure> {
    let mut faults = Faults::default();
    let name = faults.take(convert::public_service("service", &request.service));
    let number = faults.take(revision(request.revision));
    faults.settle(name.zip(number))
}

/// GetServiceCharter.
pub fn get_service_charter(request: &v1::GetServiceCharterRequest) -> Result<(name::Unit, i64), Failure> {
    let mut faults = Faults::default();
    let name = faults.take(convert::unit("unit", &request.unit));
    let number = faults.take(revision(request.revision));
    faults.settle(name.zip(number))
}

fn day(day: Option<NaiveDate>) -> String {
    day.map(|d| d.to_string()).unwrap_or_default()
}

fn media_messages(media: &[Medium]) -> Vec<v1::PublicationMedium> {
    let message = |m: &Medium| v1::PublicationMedium {
        kind: m.kind.clone(),
        link: m.link.clone(),
        since_date: m.since.to_string(),
    };
    media.iter().map(message).collect()
}

fn act_messages(acts: &[Act]) -> Vec<v1::DatedRecord> {
    let message = |a: &Act| v1::DatedRecord {
        date: a.date.to_string(),
        link: a.link.clone(),
    };
    acts.iter().map(message).collect()
}

fn message(service: &name::PublicService, standard: &Standard) -> v1::ServiceStandard {
    let involvements = standard.involvements.iter().map(|i| v1::PublicInvolvement {
        date: i.date.to_string(),
        groups: i.groups.clone(),
        link: i.link.clone(),
    });
    let enactment = standard.enactment.as_ref();
    v1::ServiceStandard {
        service: service.to_string(),
        components: standard.components.clone(),
        enact_date: day(enactment.map(|e| e.date)),
        decree: enactment.map(|e| e.decree.clone()).unwrap_or_default(),
        involvements: involvements.collect(),
        monitorings: act_messages(&standard.monitorings),
        reviews: act_messages(&standard.reviews),
        published_components: standard.published.iter().cloned().collect(),
        media: media_messages(&standard.media),
        sippn_date: day(standard.sippn),
        ..v1::ServiceStandard::default()
    }
}

/// A revision of a standard as its message.
pub fn standard(revision: &standard::Revision) -> v1::ServiceStandard {
    v1::ServiceStandard {
        revision: revision.number,
        create_time: Some(to_proto(revision.created_at)),
        ..message(&revision.service, &revision.standard)
    }
}

fn charter_message(unit: &name::Unit, charter: &Charter) -> v1::ServiceCharter {
    v1::ServiceCharter {
        unit: unit.to_string(),
        text: charter.text.clone(),
        states_ability: charter.states_ability,
        states_duty: charter.states_duty,
        states_sanction: charter.states_sanction,
        sign_date: day(charter.signed),
        media: media_messages(&charter.media),
        ..v1::ServiceCharter::default()
    }
}

/// A revision of a charter as its message.
pub fn charter(revision: &charter::Revision) -> v1::ServiceCharter {
    v1::ServiceCharter {
        revision: revision.number,
        create_time: Some(to_proto(revision.created_at)),
        ..charter_message(&revision.unit, &revision.charter)
    }
}
