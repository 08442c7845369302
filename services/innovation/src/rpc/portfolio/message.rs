//! Messages of obligations. A portfolio is returned in the form in which it is published.

use prima_proto::innovation::v1;

use crate::{domain::number, rpc::message::small, store::portfolio::Coverage};

/// How an agency fulfils its obligation; `lacking` are the ids of units without an innovation in operation.
pub fn obligation(coverage: &Coverage, lacking: &[String]) -> v1::Obligation {
    let agency = &coverage.agency;
    let unit = |unit: &String| format!("agencies/{agency}/units/{unit}");
    v1::Obligation {
        agency: format!("agencies/{agency}"),
        met: coverage.innovations > 0,
        innovations: small(coverage.innovations),
        units_with: small(coverage.units_with),
        units: small(coverage.units),
        coverage: coverage
            .score()
            .map(|s| number::decimal(&s, 2))
            .unwrap_or_default(),
        units_without: lacking.iter().map(unit).collect(),
    }
}
