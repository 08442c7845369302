//! Results of units and agencies in a period.

use prima_proto::survey::v1 as pb;

use super::call::repeat;
use super::connect::Survey;
use super::print::{self, period};
use crate::cli::PeriodArgs;

pub(super) async fn unit(client: &Survey, args: &PeriodArgs) -> anyhow::Result<()> {
    let message = pb::GetUnitResultRequest {
        unit: args.subject.clone(),
        period: args.period.clone(),
        compare_period: args.compare.clone(),
        across_instruments: args.across_instruments,
    };
    let result = repeat!(client, get_unit_result, message)?.result;
    let (result, format) = (result.unwrap_or_default(), args.output.format);
    print::answer(format, "prima.survey.v1.UnitResult", &result, period::unit)
}

pub(super) async fn agency(client: &Survey, args: &PeriodArgs) -> anyhow::Result<()> {
    let message = pb::GetAgencyResultRequest {
        agency: args.subject.clone(),
        period: args.period.clone(),
        compare_period: args.compare.clone(),
        across_instruments: args.across_instruments,
    };
    let result = repeat!(client, get_agency_result, message)?.result;
    let (result, format) = (result.unwrap_or_default(), args.output.format);
    print::answer(format, "prima.survey.v1.AgencyResult", &result, period::agency)
}
