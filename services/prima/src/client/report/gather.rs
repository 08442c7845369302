//! Reads the data of a report from the services. What does not exist or is refused to this caller leaves a reason in
//! its place. A service that is unreachable ends the command, because a report with gaps would look like a complete
//! one.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use prima_proto::directory::v1 as directory;
use prima_proto::{name, survey::v1 as pb};
use tonic::{Code, Status};

use super::{Names, Part, Plan, Report};
use crate::cli::ReportSkmArgs;
use crate::client::call::{PAGE, pages, repeat};
use crate::client::connect::{Connection, Directory, Survey};
use crate::client::{fault, print, result_get};

/// The metric of the instruments that this report supports.
const METRIC: &str = "skm";

/// The survey that the command line names, either directly or by unit and period.
pub(super) async fn survey(client: &Survey, args: &ReportSkmArgs) -> anyhow::Result<pb::Survey> {
    match (&args.survey, &args.unit, &args.period) {
        (Some(name), _, _) => Ok(survey_get(client, name).await?),
        (None, Some(unit), Some(period)) => survey_of(client, unit, period).await,
        _ => bail!("sebutkan survei, atau unit dan periodenya"),
    }
}

async fn survey_get(client: &Survey, name: &str) -> Result<pb::Survey, Status> {
    let message = pb::GetSurveyRequest {
        name: name.to_owned(),
    };
    Ok(repeat!(client, get_survey, message)?.survey.unwrap_or_default())
}

async fn survey_of(client: &Survey, unit: &str, period: &str) -> anyhow::Result<pb::Survey> {
    // A wildcard would list the surveys of other units.
    name::Unit::parse(unit).with_context(|| format!("unit `{unit}` tidak sah"))?;
    let message = pb::ListSurveysRequest {
        parent: unit.to_owned(),
        page_size: PAGE,
        page_token: String::new(),
        period: period.to_owned(),
        ..Default::default()
    };
    let mut found = repeat!(client, list_surveys, message)?.surveys;
    let names: Vec<String> = found.iter().map(|survey| survey.name.clone()).collect();
    match found.pop() {
        Some(survey) if names.len() == 1 => Ok(survey),
        Some(_) => bail!(
            "unit itu mempunyai {} survei pada periode {period}; sebutkan salah satu: {}",
            names.len(),
            names.join(", ")
        ),
        None => bail!("unit itu tidak mempunyai survei pada periode {period}"),
    }
}

pub(super) async fn report(
    connection: &Connection,
    client: &Survey,
    survey: pb::Survey,
    args: &ReportSkmArgs,
    made: DateTime<Utc>,
) -> anyhow::Result<Report> {
    let instrument = instrument(client, &survey.instrument).await?;
    suits(&instrument)?;
    let result = result_get(client, &survey.name).await?;
    let unit = name::Survey::parse(&survey.name)
        .context("nama survei tidak sah")?
        .unit;
    let unit_result = unit_result(client, &unit, &survey.period, args).await;
    let unit_result = if args.compare.is_some() {
        // The caller asked for this survey by name, so a refusal ends the command instead of leaving a gap.
        Ok(unit_result?)
    } else {
        part(unit_result)?
    };
    Ok(Report {
        analysis: part(analysis(client, &survey.name).await)?,
        plan: part(plan(client, &survey.name).await)?,
        unit: unit_result,
        names: names(connection, &unit).await,
        survey,
        result,
        instrument,
        made,
    })
}

/// Refuses an instrument that gives no SKM index.
pub(super) fn suits(instrument: &pb::Instrument) -> anyhow::Result<()> {
    if instrument.metric == METRIC {
        return Ok(());
    }
    bail!(
        "laporan SKM hanya untuk survei dengan instrumen SKM; survei ini memakai {} ({})",
        instrument.id,
        instrument.display_name
    )
}

async fn instrument(client: &Survey, id: &str) -> anyhow::Result<pb::Instrument> {
    let known = repeat!(client, list_instruments, pb::ListInstrumentsRequest {})?;
    let mut known = known.instruments.into_iter();
    let found = known.find(|instrument| instrument.id == id);
    found.with_context(|| format!("instrumen `{id}` tidak dikenal layanan survei"))
}

async fn analysis(client: &Survey, survey: &str) -> Result<pb::Analysis, Status> {
    let message = pb::AnalyzeResultRequest {
        survey: survey.to_owned(),
    };
    Ok(repeat!(client, analyze_result, message)?
        .analysis
        .unwrap_or_default())
}

async fn unit_result(
    client: &Survey,
    unit: &name::Unit,
    period: &str,
    args: &ReportSkmArgs,
) -> Result<pb::UnitResult, Status> {
    let message = pb::GetUnitResultRequest {
        unit: unit.to_string(),
        period: period.to_owned(),
        compare_period: args.compare.clone().unwrap_or_default(),
        across_instruments: args.across_instruments,
    };
    Ok(repeat!(client, get_unit_result, message)?
        .result
        .unwrap_or_default())
}

async fn plan(client: &Survey, survey: &str) -> Result<Plan, Status> {
    let message = pb::ListFollowUpsRequest {
        parent: survey.to_owned(),
        ..Default::default()
    };
    let all = pages!(client, list_follow_ups, message, follow_ups);
    Ok(Plan {
        items: all.follow_ups,
        planned: all.planned,
        done: all.done,
    })
}

/// A refusal that a retry can't change becomes the reason why a part is missing; any other error ends the command.
pub(super) fn part<T>(answer: Result<T, Status>) -> Result<Part<T>, Status> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(status) => match status.code() {
            Code::NotFound | Code::FailedPrecondition | Code::PermissionDenied | Code::Unimplemented => {
                Ok(Err(fault::status_line(&status)))
            }
            _ => Err(status),
        },
    }
}

/// Names from the directory. They only make the report easier to read, so without the directory it shows ids.
pub(super) async fn names(connection: &Connection, unit: &name::Unit) -> Names {
    let mut names = Names {
        agency: format!("agencies/{}", unit.agency),
        unit: unit.to_string(),
        services: BTreeMap::new(),
    };
    let client = match connection.directory().await {
        Ok(client) => client,
        Err(error) => {
            print::note("Direktori tidak terjangkau; laporan memakai kode sebagai nama unit dan instansi.");
            for line in fault::lines(&error) {
                print::note(&line);
            }
            return names;
        }
    };
    if let Err(status) = fill(&client, unit, &mut names).await {
        print::note(&format!(
            "Nama dari direktori tidak lengkap: {}",
            fault::status_line(&status)
        ));
    }
    names
}

async fn fill(client: &Directory, unit: &name::Unit, names: &mut Names) -> Result<(), Status> {
    let message = directory::GetAgencyRequest {
        name: names.agency.clone(),
    };
    let agency = repeat!(client, get_agency, message);
    let message = directory::GetUnitRequest {
        name: unit.to_string(),
    };
    let found = repeat!(client, get_unit, message);
    if let Ok(Some(agency)) = agency.as_ref().map(|answer| &answer.agency) {
        names.agency.clone_from(&agency.display_name);
    }
    if let Ok(Some(found)) = found.as_ref().map(|answer| &answer.unit) {
        names.unit.clone_from(&found.display_name);
    }
    agency?;
    found?;
    names.services = services(client, unit).await?;
    Ok(())
}

async fn services(client: &Directory, unit: &name::Unit) -> Result<BTreeMap<String, String>, Status> {
    let message = directory::ListPublicServicesRequest {
        parent: unit.to_string(),
        ..Default::default()
    };
    let all = pages!(client, list_public_services, message, public_services);
    let named = all.public_services.into_iter().filter_map(|service| {
        let name = name::PublicService::parse(&service.name).ok()?;
        Some((name.service, service.display_name))
    });
    Ok(named.collect())
}
