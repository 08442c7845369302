//! Submissions to an assessment. Their faults are reported once the assessment, and with it the form, is known.

use std::mem;

use prima_platform::{
    command::{IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults},
    service::Context,
};
use prima_proto::name;

use super::target;
use crate::{derived::Assessed, domain::field};

/// The content of a submission, unchecked.
pub trait Submitted {
    /// The checked content.
    type Valid;

    /// Checks the content; without the assessment, only what can be checked without it. Returns `None` only with
    /// faults.
    fn check(&self, of: Option<&Assessed>, faults: &mut Faults) -> Option<Self::Valid>;
}

/// A submission of which only the name of the assessment is checked.
#[derive(Debug)]
pub struct Submission<S> {
    /// The assessment.
    pub name: name::Assessment,
    once: Option<IdempotencyKey>,
    content: S,
    faults: Faults,
}

impl<S: Submitted> Submission<S> {
    /// Takes the idempotency key, the faults of the fields before `assessment`, that field, and the content.
    pub fn parse(
        once: Option<IdempotencyKey>,
        mut faults: Faults,
        assessment: &str,
        content: S,
    ) -> Result<Self, Failure> {
        let Some(name) = faults.take(request::name("assessment", assessment)) else {
            content.check(None, &mut faults);
            return Err(faults.refused());
        };
        Ok(Self {
            name,
            once,
            content,
            faults,
        })
    }

    /// The idempotency key.
    pub fn idempotency_key(&self) -> Option<IdempotencyKey> {
        self.once.clone()
    }

    /// The checked content, or every fault.
    pub fn validate(&mut self, of: &Assessed) -> Result<S::Valid, Failure> {
        let mut faults = mem::take(&mut self.faults);
        let valid = self.content.check(Some(of), &mut faults);
        faults.settle(valid)
    }

    /// Locks the assessment for a change of its index, and checks the content.
    pub async fn lock(mut self, work: &Work<'_, Context>) -> Result<(Assessed, S::Valid), Failure> {
        let assessed = target::lock(work, &self.name).await?;
        let valid = self.validate(&assessed)?;
        Ok((assessed, valid))
    }
}

/// Adds a fault for an indicator that the form lacks; without the form, for an empty one.
pub fn check_indicator(field: &str, key: &str, of: Option<&Assessed>, faults: &mut Faults) {
    let has = of.map_or(!key.is_empty(), |assessed| assessed.has(key));
    faults.take(field::indicator(field, key, has));
}
