//! Changes a cycle that is not settled. Evaluations and decisions made before stay as they are.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    etag,
    failure::{Failure, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{index::v1 as pb, name};

use super::message;
use crate::{
    domain::{cycle::Change, text},
    store::{cycle_lock_in_txn, cycle_save_in_txn},
};

/// The cycle and its change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    name: name::Cycle,
    etag: String,
    change: Change,
}

impl Command for Update {
    type App = Context;
    type Message = pb::UpdateCycleRequest;
    type Answer = pb::Cycle;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let given = message.cycle.unwrap_or_default();
        let mut faults = Faults::default();
        let name = faults.take(request::name("cycle.name", &given.name));
        let mask = faults.mask(
            message.update_mask,
            &["display_name", "evaluators", "objection_deciders"],
        );
        let change = Change {
            display_name: faults.masked(&mask, "display_name", || {
                text::TITLE.check("cycle.display_name", &given.display_name)
            }),
            evaluators: faults.masked(&mask, "evaluators", || {
                message::subjects("cycle.evaluators", given.evaluators)
            }),
            objection_deciders: faults.masked(&mask, "objection_deciders", || {
                message::subjects("cycle.objection_deciders", given.objection_deciders)
            }),
        };
        faults.build(|| {
            Some(Self {
                name: name?,
                etag: given.etag,
                change,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        None
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = cycle_lock_in_txn(work.txn, &self.name.cycle).await?;
        let mut cycle = found(locked, &self.name)?;
        cycle.scheme.check_admin(work.caller, &cycle.agency)?;
        cycle.check_open()?;
        etag::check(&self.etag, cycle.etag, &self.name)?;
        cycle.settings.change(self.change);
        cycle.etag = work.next_version(cycle.etag);
        cycle_save_in_txn(work.txn, &cycle).await?;
        Ok(message::cycle(&cycle))
    }
}

#[cfg(test)]
mod tests {
    use prima_platform::testing::served::mask;

    use super::*;

    #[test]
    fn only_fields_in_the_mask_are_checked() {
        let message = |paths: &[&str]| pb::UpdateCycleRequest {
            cycle: Some(pb::Cycle {
                name: "cycles/c".into(),
                evaluators: vec!["e".into()],
                ..Default::default()
            }),
            update_mask: mask(paths),
        };
        let update = Update::parse(message(&["evaluators"]), DateTime::UNIX_EPOCH).unwrap();
        let change = Change {
            evaluators: Some(vec!["e".into()]),
            ..Change::default()
        };
        assert_eq!(update.change, change);
        let fault = Update::parse(message(&["display_name"]), DateTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(fault.violations[0].field, "cycle.display_name");
    }
}
