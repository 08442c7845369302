//! One folder for each noun, and in it one file for each operation that changes state. Nouns do not import each other.
//! What several nouns share is in the files beside the folders.

pub mod access;
pub mod attachment;
pub mod calendar;
pub mod category;
pub mod channel;
pub mod class;
pub mod complaint;
pub mod consultation;
pub mod deadline;
pub mod desk;
pub mod files;
pub mod hours;
pub mod identity;
pub mod knowledge;
pub mod member;
pub mod once;
pub mod party;
pub mod performance;
pub mod person;
pub mod refusal;
pub mod rights;
pub mod status;
pub mod topic;
pub mod uncounted;
pub mod workflow;

#[cfg(test)]
mod tests {
    use prima_platform::request::{self, Faults};
    use prima_proto::{complaint::v1, name};

    use super::*;
    use crate::domain::{parent, workflow::Workflow};

    /// A caller may give a tracking code or a telephone number in any field by mistake.
    #[test]
    fn a_fault_never_repeats_what_was_written() {
        const NUMBER: &str = "812345678";
        let mut faults = Faults::default();
        let message = v1::AnswerConsultationRequest::default();
        for raw in [
            format!("+62 {NUMBER}!"),
            format!("agencies/+{NUMBER}"),
            format!("agencies/A1/units/+{NUMBER}"),
        ] {
            let raw = raw.as_str();
            let mut fault = |fault| assert_eq!(faults.take(fault), None::<()>, "{raw}");
            fault(once::parse("m", raw, &message).map(drop));
            fault(request::name::<name::Consultation>("f", raw).map(drop));
            fault(request::one::<name::Agency>("f", raw).map(drop));
            fault(request::one::<name::Unit>("f", raw).map(drop));
            fault(request::new_id("f", raw, name::id).map(drop));
            fault(parent::one("f", raw).map(drop));
            fault(parent::one_or_all("f", raw).map(drop));
            fault(parent::agency_or_all("f", raw).map(drop));
            fault(request::day("f", raw).map(drop));
            fault(topic::parse("f", raw, None).map(drop));
            fault(category::check("f", raw));
            fault(class::check("f", raw, Workflow::built_in()));
            fault(person::phone("f", raw).map(drop));
            fault(person::email("f", raw).map(drop));
            files::names(&[raw.to_owned()], &mut faults);
            let access = v1::Access {
                tracking_code: raw.to_owned(),
                secret: raw.to_owned(),
            };
            assert!(access::parse("f", access, &mut faults).is_none());
        }
        let number = NUMBER.parse().unwrap();
        let channel = channel::parse("f", number).map(drop);
        assert_eq!(faults.take(channel), None);
        let refused = faults.refused();
        assert_eq!(refused.violations.len(), 3 * 17 + 1);
        for fault in refused.violations {
            let text = format!("{}{}{}", fault.field, fault.description, fault.localized);
            assert!(!text.contains(NUMBER), "{text}");
        }
    }
}
