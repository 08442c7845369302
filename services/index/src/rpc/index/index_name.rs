//! Names of indexes, and who may see their inputs.

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

/// The name of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexName {
    /// A cycle: the mean of all its units.
    Cycle(name::Cycle),
    /// An agency in a cycle.
    Agency(name::Cycle, name::Agency),
    /// A unit in a cycle.
    Unit(name::Assessment),
}

impl IndexName {
    /// Parses the field `name`.
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

/// The fault of the name of a cycle where a unit or an agency is required.
pub fn not_for_cycles() -> Failure {
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

/// While a cycle is open, only the agency itself and evaluators may see the inputs of an index, as in GetAssessment.
/// This is checked before anything of the agency is read, so that a refusal reveals nothing.
pub fn check_shown(caller: &Caller, cycle: &Cycle, agency: &str) -> Result<(), Failure> {
    match cycle.final_at {
        Some(_) => Ok(()),
        None => caller.require(&[Role::Operator, Role::Evaluator, Role::Admin], agency),
    }
}

/// The cycle and row of a unit, for callers who may see the inputs of its index.
pub async fn unit_shown(
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
