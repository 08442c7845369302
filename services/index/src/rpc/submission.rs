//! What is submitted to an assessment. Its faults are told once that is known, and with it the form.

use std::mem;

use prima_platform::{
    caller::{Caller, Role},
    command::{Once, Work},
    failure::Failure,
    request::{self, Faults},
    service::Context,
};
use prima_proto::name;

use super::target;
use crate::{derived::Assessed, domain::field};

/// What a message submits, as it came.
pub trait Submitted {
    /// The same without faults.
    type Sound;

    /// Checks it; without the assessment, as far as that can be told. `None` only with faults.
    fn check(&self, of: Option<&Assessed>, faults: &mut Faults) -> Option<Self::Sound>;
}

/// A submission of which only the assessment is checked.
#[derive(Debug)]
pub struct Submission<S> {
    /// The assessment.
    pub name: name::Assessment,
    once: Option<Once>,
    given: S,
    faults: Faults,
}

impl<S: Submitted> Submission<S> {
    /// What tells a repeat, the faults of the fields before `assessment`, that field, and what is submitted.
    pub fn parse(
        once: Option<Once>,
        mut faults: Faults,
        assessment: &str,
        given: S,
    ) -> Result<Self, Failure> {
        let Some(name) = faults.take(request::name("assessment", assessment)) else {
            given.check(None, &mut faults);
            return Err(faults.refused());
        };
        Ok(Self {
            name,
            once,
            given,
            faults,
        })
    }

    /// What tells a repeat.
    pub fn once(&self) -> Option<Once> {
        self.once.clone()
    }

    /// `Ok` for these roles of the agency.
    pub fn allow(&self, caller: &Caller, roles: &[Role]) -> Result<(), Failure> {
        caller.require(roles, &self.name.unit.agency)
    }

    /// What is submitted, unless there are faults.
    pub fn sound(&mut self, of: &Assessed) -> Result<S::Sound, Failure> {
        let mut faults = mem::take(&mut self.faults);
        let sound = self.given.check(Some(of), &mut faults);
        faults.settle(sound)
    }

    /// The assessment, locked for a change of its index, and what is submitted.
    pub async fn lock(mut self, work: &Work<'_, Context>) -> Result<(Assessed, S::Sound), Failure> {
        let assessed = target::lock(work, &self.name).await?;
        let sound = self.sound(&assessed)?;
        Ok((assessed, sound))
    }
}

/// Notes an indicator that the form has not; without the form, one that is not given.
pub fn check_indicator(field: &str, key: &str, of: Option<&Assessed>, faults: &mut Faults) {
    let has = of.map_or(!key.is_empty(), |assessed| assessed.has(key));
    faults.take(field::indicator(field, key, has));
}
