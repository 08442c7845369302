//! Whether the caller may judge an assessment.

use prima_platform::{caller::Role, command::Work, failure::Failure, service::Context};

use crate::{
    derived::Assessed,
    domain::judging::{self, Act, Judge},
    store::acted_for_unit,
};

/// Succeeds when the caller may judge the assessment; see [`judging::check`].
pub async fn check(work: &Work<'_, Context>, assessed: &Assessed, act: Act<'_>) -> Result<(), Failure> {
    let (cycle, unit, caller) = (&assessed.cycle, assessed.row.unit_name(), work.caller);
    let judge = Judge {
        subject: caller.subject(),
        of_agency: caller.names(&unit.agency),
        operates: caller.require(&[Role::Operator], &unit.agency).is_ok(),
    };
    let acted = acted_for_unit(work.txn, cycle.id, &unit).await?;
    Ok(judging::check(cycle, act, judge, &acted)?)
}
