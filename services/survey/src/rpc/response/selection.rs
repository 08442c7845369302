//! Parses a selection of responses.

use prima_platform::request::{self, Choice, Faults};
use prima_proto::survey::v1 as pb;

use crate::{
    domain::selection::{Flag, Selection, Times, source},
    rpc::field::time,
};

const FLAG: Choice = Choice {
    english: "flag",
    indonesian: "Tanda tanggapan",
};

/// A selection from its message; each fault is one of a field below `selection`.
pub fn selection(message: &pb::ResponseSelection, faults: &mut Faults) -> Selection {
    let mut given = Selection {
        source: message.source.clone(),
        import: message.import_id.clone(),
        quarantine: message.quarantine,
        ..Selection::default()
    };
    if !message.source.is_empty() {
        source("selection.source", &message.source, faults);
    }
    if !message.import_id.is_empty() {
        faults.take(request::id("selection.import_id", message.import_id.clone()));
    }
    faults.or_default(request::not_negative(
        "selection.quarantine",
        message.quarantine,
        "Nomor karantina",
    ));
    let mut interval = |what: &str, from: Option<&prost_types::Timestamp>, until| {
        let end = format!("selection.{what}_until");
        let times = Times {
            from: faults.or_default(time(&format!("selection.{what}_from"), from)),
            until: faults.or_default(time(&end, until)),
        };
        times.check(&end, faults)
    };
    given.accepted = interval(
        "accept_time",
        message.accept_time_from.as_ref(),
        message.accept_time_until.as_ref(),
    );
    given.submitted = interval(
        "submit_time",
        message.submit_time_from.as_ref(),
        message.submit_time_until.as_ref(),
    );
    for (n, flag) in message.flags.iter().enumerate() {
        let field = format!("selection.flags[{n}]");
        let flag = faults.take(FLAG.required(&field, *flag, |flag| match flag {
            pb::ResponseFlag::Unspecified => None,
            pb::ResponseFlag::StraightLine => Some(Flag::StraightLine),
            pb::ResponseFlag::Burst => Some(Flag::Burst),
            pb::ResponseFlag::SharedDevice => Some(Flag::SharedDevice),
        }));
        if flag.is_some_and(|flag| !given.flags.insert(flag)) {
            faults.add(
                field,
                "is given more than once",
                "Tanda tanggapan disebut lebih dari sekali",
            );
        }
    }
    given
}

/// A flag as its enumeration value.
pub fn flag(flag: Flag) -> pb::ResponseFlag {
    match flag {
        Flag::StraightLine => pb::ResponseFlag::StraightLine,
        Flag::Burst => pb::ResponseFlag::Burst,
        Flag::SharedDevice => pb::ResponseFlag::SharedDevice,
    }
}
