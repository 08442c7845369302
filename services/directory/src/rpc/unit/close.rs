//! Closes a unit; a closed unit is never opened again.

use chrono::{DateTime, NaiveDate, Utc};
use prima_platform::{
    command::{Command, Work},
    failure::Failure,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::change;
use crate::domain::unit::{self, Unit};

/// Which unit is closed, its last day of service, and its successors, which need not be registered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    name: name::Unit,
    etag: String,
    date: NaiveDate,
    successors: Vec<name::Unit>,
}

impl Command for Close {
    type App = Context;
    type Message = v1::CloseUnitRequest;
    type Answer = v1::CloseUnitResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let name = faults.take(request::name("name", &message.name));
        let date = faults.take(request::day("close_date", &message.close_date));
        let successors = faults.take_all(unit::successors("successors", name.as_ref(), &message.successors));
        faults.build(|| {
            Some(Self {
                name: name?,
                etag: message.etag,
                date: date?,
                successors: successors?,
            })
        })
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let close = |unit: &mut Unit| unit.close(self.date, self.successors);
        let unit = change::unit(work, &self.name, &self.etag, close).await?;
        Ok(v1::CloseUnitResponse { unit: Some(unit) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_reported_at_once() {
        let message = v1::CloseUnitRequest {
            name: "agencies/3271".into(),
            close_date: "2024-6-30".into(),
            successors: vec!["x".into()],
            etag: String::new(),
        };
        let refused = Close::parse(message, DateTime::UNIX_EPOCH).unwrap_err();
        let fields: Vec<&str> = refused.violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["name", "close_date", "successors[0]"]);
    }
}
