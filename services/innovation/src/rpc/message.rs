//! Parts of messages that several nouns share: links, awards, dates and counts.

use chrono::NaiveDate;
use prima_platform::request::{Faults, text};
use prima_proto::innovation::v1;

use crate::domain::innovation::{Award, Link};

/// Defines the conversions between an enumeration of the domain and one of the contract with the same values. That of
/// the contract has one more value, for what is not specified.
macro_rules! same_values {
    ($parse:ident, $message:ident, $domain:ident, $contract:ident: $($value:ident),+) => {
        /// Parses a value; `None` when it is not specified.
        pub fn $parse(value: v1::$contract) -> Option<$domain> {
            match value {
                v1::$contract::Unspecified => None,
                $(v1::$contract::$value => Some($domain::$value),)+
            }
        }

        /// A value as in messages.
        pub fn $message(value: $domain) -> v1::$contract {
            match value {
                $($domain::$value => v1::$contract::$value,)+
            }
        }
    };
}
pub(crate) use same_values;

/// Parses documents and links, `least` to `most`.
pub fn parse_links(
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
            title: faults.or_default(text::name(&format!("{field}[{n}].title"), &link.title, 1, 200)),
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

/// A day as in messages, empty for none.
pub fn day(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

/// A count as in messages.
pub fn small(value: impl TryInto<i32>) -> i32 {
    value.try_into().unwrap_or(i32::MAX)
}
