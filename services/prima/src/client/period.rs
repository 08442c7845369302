//! Results of units and agencies in a period.

use std::process::ExitCode;

use prima_proto::survey::v1 as pb;

use super::call::repeat;
use super::connect::Survey;
use super::print::{self, period};
use crate::cli::{PeriodArgs, TableOrJson};

pub(super) async fn unit(client: &Survey, args: &PeriodArgs) -> anyhow::Result<ExitCode> {
    let message = pb::GetUnitResultRequest {
        unit: args.subject.clone(),
        period: args.period.clone(),
        compare_period: args.compare.clone(),
        across_instruments: args.across_instruments,
    };
    let result = repeat!(client, get_unit_result, message)?
        .result
        .unwrap_or_default();
    print::out(&match args.format {
        TableOrJson::Table => period::unit(&result),
        TableOrJson::Json => print::message("prima.survey.v1.UnitResult", &result)?,
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn agency(client: &Survey, args: &PeriodArgs) -> anyhow::Result<ExitCode> {
    let message = pb::GetAgencyResultRequest {
        agency: args.subject.clone(),
        period: args.period.clone(),
        compare_period: args.compare.clone(),
        across_instruments: args.across_instruments,
    };
    let result = repeat!(client, get_agency_result, message)?
        .result
        .unwrap_or_default();
    print::out(&match args.format {
        TableOrJson::Table => period::agency(&result),
        TableOrJson::Json => print::message("prima.survey.v1.AgencyResult", &result)?,
    })?;
    Ok(ExitCode::SUCCESS)
}
