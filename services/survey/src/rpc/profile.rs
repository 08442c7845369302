//! Fields of the profile of respondents, which the messages of several nouns show.

use prima_proto::survey::v1 as pb;

use crate::domain::instrument::{Choice, ProfileField};

/// A field of the profile as its message.
pub fn field(field: &ProfileField) -> pb::ProfileField {
    pb::ProfileField {
        key: field.key.clone(),
        display_name: field.label.clone(),
        choices: field.choices.iter().map(choice).collect(),
    }
}

fn choice(choice: &Choice) -> pb::Choice {
    pb::Choice {
        code: choice.code.clone(),
        display_name: choice.label.clone(),
    }
}
