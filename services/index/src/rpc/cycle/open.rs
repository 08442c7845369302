//! Opens a cycle.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    db::Txn,
    failure::Failure,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{
    index::v1 as pb,
    name,
    period::{Kind, Period},
};

use super::message;
use crate::{
    domain::{
        cycle::{Cycle, Scheme, Settings, Window},
        field,
        instrument::{Forms, Instrument, Policy, Weighting},
        text,
    },
    rpc::once,
    store::{cycle_get, cycle_insert_in_txn, instrument_get, instrument_list},
};

/// A new cycle. All faults, including those that only its instrument shows, are reported together and only to callers
/// who may open it.
#[derive(Debug)]
pub struct Open {
    once: Option<IdempotencyKey>,
    id: String,
    scheme: Option<Scheme>,
    /// Id of the agency; `*` when the field names none.
    agency: String,
    self_assessment: Option<Window>,
    evidence: Option<Window>,
    evaluation: Option<Window>,
    objection: Option<Window>,
    given: pb::Cycle,
    faults: Faults,
}

impl Command for Open {
    type App = Context;
    type Message = pb::OpenCycleRequest;
    type Answer = pb::Cycle;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = once("index.OpenCycle", &message.request_id, &message, &mut faults);
        let id = faults.or_default(request::new_id("cycle_id", &message.cycle_id, name::id));
        let mut given = message.cycle.unwrap_or_default();
        given.display_name = faults.or_default(text::TITLE.check("cycle.display_name", &given.display_name));
        let scheme = faults.take(message::scheme("cycle.scheme", given.scheme));
        check_settings(&given, scheme, &mut faults);
        let (first, own) = (given.self_assessment_window.take(), given.evidence_window.take());
        let self_assessment = faults.take(message::window("cycle.self_assessment_window", first));
        let evidence = match own {
            None => self_assessment,
            own => faults.take(message::window("cycle.evidence_window", own)),
        };
        let evaluation = given.evaluation_window.take();
        let evaluation = faults.take(message::window("cycle.evaluation_window", evaluation));
        let objection = given.objection_window.take();
        let objection =
            objection.and_then(|w| faults.take(message::window("cycle.objection_window", Some(w))));
        let agency = name::Agency::parse(&given.agency).map(|a| a.agency);
        for (field, subjects) in [
            ("cycle.evaluators", &given.evaluators),
            ("cycle.objection_deciders", &given.objection_deciders),
        ] {
            faults.take(message::subjects(field, subjects.clone()));
        }
        Ok(Self {
            once,
            id,
            scheme,
            agency: agency.unwrap_or_else(|_| "*".to_owned()),
            self_assessment,
            evidence,
            evaluation,
            objection,
            given,
            faults,
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        self.once.clone()
    }

    /// A caller who may not open such a cycle is denied before any fault is reported.
    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        match self.scheme {
            Some(scheme) => scheme.check_admin(caller, &self.agency),
            None => caller.require_token(),
        }
    }

    async fn work(mut self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let known = instrument_get(work.txn, &self.given.instrument).await?;
        if let Some(known) = &known {
            check_in_force(work.txn, &known.instrument, &self.given.year, &mut self.faults).await?;
        }
        let Some(forms) = known.and_then(|known| known.instrument.forms) else {
            self.faults.add(
                "cycle.instrument",
                "must be an instrument with forms; see ListInstruments",
                "harus instrumen yang memiliki formulir",
            );
            return Err(self.faults.refused());
        };
        let mut cycle = self.build(forms)?;
        cycle.created_at = micros(work.now());
        cycle.etag = work.next_version(0);
        if !cycle_insert_in_txn(work.txn, &cycle).await? {
            let taken = match cycle_get(work.txn, &cycle.cycle).await? {
                Some(_) => cycle.name().to_string(),
                None => {
                    let scheme_key = format!("{} {} {}", cycle.scheme.as_str(), cycle.year, cycle.agency);
                    format!("cycle {}", scheme_key.trim_end())
                }
            };
            return Err(Failure::already_exists(&taken));
        }
        Ok(message::cycle(&cycle))
    }
}

impl Open {
    /// The cycle, without its key and its times.
    fn build(self, forms: Forms) -> Result<Cycle, Failure> {
        let (mut faults, given) = (self.faults, self.given);
        let weighting = field::choice_or_first("cycle.weighting", &given.weighting, &forms.weightings, |w| {
            Weighting::as_str(*w)
        });
        let weighting = faults.take(weighting);
        let roll_up = field::choice_or_first("cycle.roll_up", &given.roll_up, &forms.roll_ups, |name| name);
        let roll_up = faults.take(roll_up);
        let policy = field::choice_or_first(
            "cycle.under_minimum_policy",
            &given.under_minimum_policy,
            &forms.policies,
            |p| Policy::as_str(*p),
        );
        let policy = faults.take(policy);
        faults.build(|| {
            let settings = Settings {
                display_name: given.display_name,
                weighting: weighting?,
                roll_up: roll_up?,
                minimum_respondents: match given.minimum_respondents {
                    0 => forms.minimum_respondents,
                    n => n,
                },
                policy: policy?,
                evaluation_date: given.evaluation_date,
                suggestions_count: given.suggestions_count,
                self_assessment: self.self_assessment?,
                evidence: self.evidence?,
                evaluation: self.evaluation?,
                objection: self.objection,
                evaluators: given.evaluators,
                objection_deciders: given.objection_deciders,
            };
            Some(Cycle {
                id: 0,
                cycle: self.id,
                scheme: self.scheme?,
                year: given.year,
                agency: match self.scheme? {
                    Scheme::Mandiri => self.agency,
                    Scheme::Nasional | Scheme::Khusus => String::new(),
                },
                instrument: given.instrument,
                settings,
                final_at: None,
                etag: 0,
                created_at: 0,
            })
        })
    }
}

/// Checks that the instrument was in force in the year of the cycle; the fault names the one that was.
async fn check_in_force(
    txn: &Txn,
    used: &Instrument,
    year: &str,
    faults: &mut Faults,
) -> Result<(), Failure> {
    let Some(year) = year.parse().ok().filter(|year| !used.in_force(*year)) else {
        return Ok(());
    };
    let family = |id: &str| id.rsplit_once('-').map(|(family, _)| family.to_owned());
    let known = instrument_list(txn).await?;
    let same = |i: &&Instrument| family(&i.id) == family(&used.id) && i.in_force(year);
    let right = known.iter().map(|known| &known.instrument).find(same);
    let [english, indonesian] = used.years_text();
    let (meant, maksud) = match right {
        Some(right) => (
            format!("; that of {year} is {}", right.id),
            format!("; untuk {year} berlaku {} ({})", right.id, right.title),
        ),
        None => (String::new(), format!("; tidak ada instrumen untuk {year}")),
    };
    let id = &used.id;
    faults.add(
        "cycle.year",
        format!("{id} was in force {english}{meant}"),
        format!("Instrumen {id} berlaku {indonesian}{maksud}"),
    );
    Ok(())
}

/// Checks the fields that depend on the scheme, and the year, day and number.
fn check_settings(given: &pb::Cycle, scheme: Option<Scheme>, faults: &mut Faults) {
    let period = Period::from_str(&given.year);
    // A khusus cycle may be of a part of the year, so that there can be several in one year.
    let (valid, english, indonesian) = match scheme {
        Some(Scheme::Khusus) => (
            period.is_ok(),
            "must be a year or a part of one: YYYY, YYYY-sN, YYYY-qN or YYYY-mMM",
            "harus tahun atau bagian tahun: YYYY, YYYY-sN, YYYY-qN, atau YYYY-mMM",
        ),
        Some(Scheme::Nasional | Scheme::Mandiri) | None => (
            period.is_ok_and(|p| p.kind() == Kind::Year),
            "must be a year, YYYY",
            "harus tahun, YYYY",
        ),
    };
    if !valid {
        faults.add("cycle.year", english, indonesian);
    }
    match (scheme, given.agency.is_empty()) {
        (Some(Scheme::Mandiri), _) | (None, false) => {
            faults.take(request::name::<name::Agency>("cycle.agency", &given.agency));
        }
        (_, true) => {}
        (Some(_), false) => faults.add(
            "cycle.agency",
            "must be empty, except for SCHEME_MANDIRI",
            "harus kosong kecuali untuk PEKPPP mandiri",
        ),
    }
    faults.take(request::day("cycle.evaluation_date", &given.evaluation_date));
    if given.suggestions_count && scheme.is_some_and(|s| s != Scheme::Mandiri) {
        faults.add(
            "cycle.suggestions_count",
            "is for SCHEME_MANDIRI only",
            "hanya untuk PEKPPP mandiri",
        );
    }
    faults.take(field::respondents(
        "cycle.minimum_respondents",
        given.minimum_respondents,
    ));
}
