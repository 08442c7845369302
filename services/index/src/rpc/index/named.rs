//! What has an index, and who sees what it is made of.

use prima_platform::{
    caller::{Caller, Role},
    failure::{Failure, Violation, found},
    service::Context,
};
use prima_proto::name;

use crate::{
    domain::cycle::Cycle,
    store::{Assessment, assessment_get, cycle_get},
};

/// What has an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A cycle: the mean of all its units.
    Cycle(name::Cycle),
    /// An agency in a cycle.
    Agency(name::Cycle, name::Agency),
    /// A unit in a cycle.
    Unit(name::Assessment),
}

impl Named {
    /// From the field `name`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let agency = || {
            let (cycle, rest) = text.split_once("/agencies/")?;
            let agency = name::Agency::parse(&format!("agencies/{rest}")).ok()?;
            Some(Self::Agency(name::Cycle::parse(cycle).ok()?, agency))
        };
        let unit = name::Assessment::parse(text).map(Self::Unit).ok();
        let found = unit.or_else(agency);
        let found = found.or_else(|| name::Cycle::parse(text).map(Self::Cycle).ok());
        found.ok_or_else(|| {
            Failure::from(Violation::new(
                "name",
                "must be cycles/{cycle}, or /agencies/{agency} in it, or /units/{unit} in that",
                "harus cycles/{cycle}, dengan /agencies/{agency} dan /units/{unit} bila perlu",
            ))
        })
    }
}

/// The refusal of a cycle where only what is in it is meant.
pub fn no_cycle() -> Failure {
    Failure::from(Violation::new(
        "name",
        "must be of a unit or an agency in a cycle",
        "harus unit atau instansi di dalam siklus",
    ))
}

/// The name of an agency in a cycle.
pub fn in_cycle(cycle: &name::Cycle, agency: &name::Agency) -> String {
    format!("{cycle}/{agency}")
}

/// While a cycle runs, what an index is made of is for the agency itself and for evaluators, as in GetAssessment; looked at
/// before anything of the agency is, so that a refusal says nothing of what there is.
pub fn check_shown(caller: &Caller, cycle: &Cycle, agency: &str) -> Result<(), Failure> {
    match cycle.final_at {
        Some(_) => Ok(()),
        None => caller.require(&[Role::Operator, Role::Evaluator, Role::Admin], agency),
    }
}

/// The cycle and row of a unit, as far as the caller may see what its index is made of.
pub async fn shown(
    ctx: &Context,
    caller: &Caller,
    name: &name::Assessment,
) -> Result<(Cycle, Assessment), Failure> {
    let reader = ctx.db.reader();
    let cycle = found(cycle_get(reader, &name.cycle.cycle).await?, &name.cycle)?;
    check_shown(caller, &cycle, &name.unit.agency)?;
    let row = assessment_get(reader, cycle.id, &name.unit).await?;
    Ok((cycle, found(row, name)?))
}
