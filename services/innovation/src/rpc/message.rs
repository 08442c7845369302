//! What messages of several nouns have in common: links, awards, dates and counts.

use chrono::NaiveDate;
use prima_platform::request::{Faults, text};
use prima_proto::innovation::v1;

use crate::domain::innovation::{Award, Link};

/// Reads and tells the values that an enumeration of the domain and one of the contract have in common. The contract's
/// has one more, for what is not specified.
macro_rules! same_values {
    ($given:ident, $told:ident, $domain:ident, $contract:ident: $($value:ident),+) => {
        /// The value in a field; `None` when it is not specified.
        pub fn $given(value: v1::$contract) -> Option<$domain> {
            match value {
                v1::$contract::Unspecified => None,
                $(v1::$contract::$value => Some($domain::$value),)+
            }
        }

        /// A value as its message has it.
        pub fn $told(value: $domain) -> v1::$contract {
            match value {
                $($domain::$value => v1::$contract::$value,)+
            }
        }
    };
}
pub(crate) use same_values;

/// Documents and links of a caller, `least` to `most`.
pub fn links_given(
    field: &str,
    raw: &[v1::Link],
    least: usize,
    most: usize,
    faults: &mut Faults,
) -> Vec<Link> {
    if !(least..=most).contains(&raw.len()) {
        faults.add(
            field,
            format!("must have {least} to {most} links"),
            format!("harus {least} sampai {most} tautan"),
        );
        return Vec::new();
    }
    (0..)
        .zip(raw)
        .map(|(n, link): (usize, _)| Link {
            title: faults.or_default(text::line(&format!("{field}[{n}].title"), &link.title, 1, 200)),
            url: faults.or_default(text::url(&format!("{field}[{n}].url"), &link.url)),
        })
        .collect()
}

/// Documents and links as messages.
pub fn links(links: &[Link]) -> Vec<v1::Link> {
    let link = |link: &Link| v1::Link {
        title: link.title.clone(),
        url: link.url.clone(),
    };
    links.iter().map(link).collect()
}

/// Awards as messages.
pub fn awards(awards: &[Award]) -> Vec<v1::Award> {
    let award = |award: &Award| v1::Award {
        year: award.year,
        award: award.award.clone(),
        round: award.round.clone(),
    };
    awards.iter().map(award).collect()
}

/// A day as its message has it, empty for none.
pub fn day(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

/// A number of things as its message has it.
pub fn small(value: impl TryInto<i32>) -> i32 {
    value.try_into().unwrap_or(i32::MAX)
}
