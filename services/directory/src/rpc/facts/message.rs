//! Converts what is public of units, public services and their documents to messages.

use prima_proto::directory::v1;

use crate::{
    domain::{
        charter::Charter,
        component,
        public_service::PublicService,
        standard::Standard,
        unit::{State, Unit},
    },
    rpc::medium,
};

/// Names that people read of what a unit belongs to.
#[derive(Debug, Default)]
pub struct Names {
    /// Of its type.
    pub unit_type: String,
    /// Of its agency.
    pub agency: String,
    /// Of the province of its agency; empty where that is in none.
    pub province: String,
}

/// A unit with its charter in force.
pub fn unit(unit: &Unit, names: Names, charter: Option<&Charter>) -> v1::UnitFacts {
    let (close_date, successors) = match &unit.state {
        State::Active => (String::new(), Vec::new()),
        State::Closed { date, successors } => (
            date.to_string(),
            successors.iter().map(ToString::to_string).collect(),
        ),
    };
    v1::UnitFacts {
        name: unit.name.to_string(),
        display_name: unit.display_name.clone(),
        unit_type_display_name: names.unit_type,
        agency_display_name: names.agency,
        province_display_name: names.province,
        close_date,
        successors,
        charter: charter.and_then(self::charter),
    }
}

/// A charter, if it is signed and public.
fn charter(charter: &Charter) -> Option<v1::CharterFacts> {
    let signed = charter.signed.filter(|_| !charter.media.is_empty())?;
    Some(v1::CharterFacts {
        text: charter.text.clone(),
        sign_date: signed.to_string(),
        media: medium::messages(&charter.media),
    })
}

/// A public service with its standard.
pub fn service(service: &PublicService, standard: Option<&Standard>) -> v1::ServiceFacts {
    v1::ServiceFacts {
        name: service.name.to_string(),
        display_name: service.display_name.clone(),
        description: service.description.clone(),
        standard: standard.and_then(self::standard),
    }
}

/// What is public of a standard, if anything is.
fn standard(standard: &Standard) -> Option<v1::StandardFacts> {
    let public = component::all()
        .iter()
        .filter(|component| standard.published.contains(&component.key));
    let components: Vec<_> = public
        .filter_map(|component| {
            Some(v1::StandardComponent {
                key: component.key.clone(),
                display_name: component.name.clone(),
                text: standard.components.get(&component.key)?.clone(),
            })
        })
        .collect();
    if components.is_empty() {
        return None;
    }
    let enactment = standard.enactment.as_ref();
    Some(v1::StandardFacts {
        components,
        enact_date: enactment.map(|e| e.date.to_string()).unwrap_or_default(),
        decree: enactment.map(|e| e.decree.clone()).unwrap_or_default(),
        media: medium::messages(&standard.media),
        sippn_date: standard.sippn.map(|day| day.to_string()).unwrap_or_default(),
    })
}
