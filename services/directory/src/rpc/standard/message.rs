//! Converts service standards from and to messages.

use chrono::NaiveDate;
use prima_platform::clock::to_proto;
use prima_proto::{directory::v1, name};

use crate::{
    domain::{
        revision::Revision,
        standard::{DatedRecord, Draft, Standard},
    },
    rpc::medium,
};

fn records(records: Vec<v1::DatedRecord>) -> Vec<(String, String)> {
    records.into_iter().map(|r| (r.date, r.link)).collect()
}

/// An unchecked standard from its message.
pub fn draft(given: v1::ServiceStandard) -> Draft {
    let involvements = given.involvements.into_iter();
    Draft {
        components: given.components,
        enact_date: given.enact_date,
        decree: given.decree,
        involvements: involvements.map(|i| (i.date, i.groups, i.link)).collect(),
        monitorings: records(given.monitorings),
        reviews: records(given.reviews),
        published: given.published_components,
        media: medium::drafts(given.media),
        sippn: given.sippn_date,
    }
}

fn day(day: Option<NaiveDate>) -> String {
    day.map(|d| d.to_string()).unwrap_or_default()
}

fn record_messages(records: &[DatedRecord]) -> Vec<v1::DatedRecord> {
    let message = |r: &DatedRecord| v1::DatedRecord {
        date: r.date.to_string(),
        link: r.link.clone(),
    };
    records.iter().map(message).collect()
}

/// A standard as its message, without the number and the time of the revision.
pub fn without_revision(service: &name::PublicService, standard: &Standard) -> v1::ServiceStandard {
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
        monitorings: record_messages(&standard.monitorings),
        reviews: record_messages(&standard.reviews),
        published_components: standard.published.iter().cloned().collect(),
        media: medium::messages(&standard.media),
        sippn_date: day(standard.sippn),
        ..v1::ServiceStandard::default()
    }
}

/// A revision of a standard as its message.
pub fn standard(revision: &Revision<name::PublicService, Standard>) -> v1::ServiceStandard {
    v1::ServiceStandard {
        revision: revision.number,
        create_time: Some(to_proto(revision.created_at)),
        ..without_revision(&revision.owner, &revision.document)
    }
}
