//! Creates, closes and lists surveys, and shows the minimum sample.

mod comments;
mod follow_up;
mod tokens;

use std::process::ExitCode;

use anyhow::{Context, bail};
use prima_platform::clock;
use prima_proto::survey::v1 as pb;
use prost::Message;
use serde::Deserialize;
use uuid::Uuid;

use super::call::{repeat, request, retry};
use super::connect::{Connection, Survey};
use super::print::{self, Columns, analysis, result::state_name, result::weights_name};
use super::text;
use crate::cli::{
    AccessMode, AnalysisArgs, SurveyCommand, SurveyCreateArgs, SurveyListArgs, TableOrJson, Weights,
};

const PAGE: i32 = 1000;

pub(super) async fn run(connection: &Connection, command: SurveyCommand) -> anyhow::Result<ExitCode> {
    let client = connection.survey().await?;
    match command {
        SurveyCommand::Create(args) => {
            let message = message(&client, args).await?;
            let survey = create(&client, message).await?;
            print::out(&format!(
                "Survei dibuat: {} ({})\n",
                survey.name,
                state_name(survey.state())
            ))?;
        }
        SurveyCommand::Close(args) => {
            let message = pb::CloseSurveyRequest {
                name: args.name,
                etag: String::new(),
            };
            // Closing is not repeated, because a second try would report that the survey is already closed.
            let answer = client.clone().close_survey(request(message)).await?.into_inner();
            print::out(&format!(
                "Survei ditutup: {}\n",
                answer.survey.unwrap_or_default().name
            ))?;
        }
        SurveyCommand::List(args) => list(&client, &args).await?,
        SurveyCommand::Void(args) => follow_up::void(&client, args).await?,
        SurveyCommand::Voids(args) => follow_up::voids(&client, &args).await?,
        SurveyCommand::Publish(args) => follow_up::publish(&client, args).await?,
        SurveyCommand::FollowUp(args) => follow_up::follow_up(&client, args.command).await?,
        SurveyCommand::Tokens(args) => tokens::issue(&connection.access().await?, &args).await?,
        SurveyCommand::Comments(args) => comments::list(&client, &args).await?,
        SurveyCommand::Analysis(args) => {
            analyze(&client, args).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn analyze(client: &Survey, args: AnalysisArgs) -> anyhow::Result<()> {
    let message = pb::AnalyzeResultRequest {
        survey: args.survey.clone(),
    };
    let analysis = repeat!(client, analyze_result, message)?
        .analysis
        .unwrap_or_default();
    if args.format == TableOrJson::Json {
        return Ok(print::out(&print::message(
            "prima.survey.v1.Analysis",
            &analysis,
        )?)?);
    }
    let message = pb::GetSurveyRequest { name: args.survey };
    let survey = repeat!(client, get_survey, message)?.survey.unwrap_or_default();
    let names = survey
        .elements
        .into_iter()
        .map(|element| (element.key, (element.code, element.display_name)));
    Ok(print::out(&analysis::table_of(&analysis, &names.collect()))?)
}

pub(super) async fn sample_size(connection: &Connection, population: i64) -> anyhow::Result<ExitCode> {
    let client = connection.survey().await?;
    let answer = retry(|| {
        let mut client = client.clone();
        let message = pb::CalculateSampleSizeRequest { population };
        async move { client.calculate_sample_size(request(message)).await }
    });
    print::out(&format!("{}\n", answer.await?.sample_size))?;
    Ok(ExitCode::SUCCESS)
}

/// Creates a survey. The request id is derived from the content, so that a repeat changes nothing.
pub(crate) async fn create(client: &Survey, message: pb::CreateSurveyRequest) -> anyhow::Result<pb::Survey> {
    let message = pb::CreateSurveyRequest {
        request_id: request_id(&message),
        ..message
    };
    let answer = retry(|| {
        let (mut client, message) = (client.clone(), message.clone());
        async move { client.create_survey(request(message)).await }
    });
    Ok(answer.await?.survey.unwrap_or_default())
}

fn request_id(message: &pb::CreateSurveyRequest) -> String {
    let content = pb::CreateSurveyRequest {
        request_id: String::new(),
        ..message.clone()
    };
    request_id_of("CreateSurvey", &content)
}

/// Derives a request id from the method and the content.
pub(super) fn request_id_of(method: &str, content: &impl Message) -> String {
    let text = [method.as_bytes(), b"\0", &content.encode_to_vec()].concat();
    Uuid::new_v5(&Uuid::NAMESPACE_URL, &text).to_string()
}

async fn message(client: &Survey, args: SurveyCreateArgs) -> anyhow::Result<pb::CreateSurveyRequest> {
    let weights = match args.weights {
        None => pb::WeightVariant::Unspecified,
        Some(Weights::Exact) => pb::WeightVariant::Exact,
        Some(Weights::Thousandths) => pb::WeightVariant::WeightVariant0111,
        Some(Weights::Hundredths) => pb::WeightVariant::WeightVariant011,
        Some(Weights::AspectMeans) => pb::WeightVariant::MeanOfAspectMeans,
        Some(Weights::AllAnswers) => pb::WeightVariant::MeanOfAllAnswers,
    };
    let access = |mode: &AccessMode| match mode {
        AccessMode::Agent => pb::AccessMode::Agent,
        AccessMode::Token => pb::AccessMode::Token,
        AccessMode::Link => pb::AccessMode::Link,
        AccessMode::Kiosk => pb::AccessMode::Kiosk,
    };
    let mut elements = args.elements;
    if let Some(path) = &args.own_elements {
        let own = own_elements(path)?;
        // An empty list means all elements of the instrument; a list with own elements must name all of them.
        if elements.is_empty() {
            elements = all_elements(client, &args.instrument).await?;
        }
        elements.extend(own);
    }
    Ok(pb::CreateSurveyRequest {
        request_id: String::new(),
        parent: args.unit,
        survey_id: args.id,
        survey: Some(pb::Survey {
            display_name: args.title,
            period: args.period,
            instrument: args.instrument,
            weight_variant: weights.into(),
            elements,
            access_modes: args.access.iter().map(|mode| access(mode).into()).collect(),
            service_populations: args.services,
            open_time: args.open.map(clock::to_proto),
            close_time: args.close.map(clock::to_proto),
            population: args.population,
            ..Default::default()
        }),
    })
}

/// The unit's own elements, read from a file.
fn own_elements(path: &std::path::Path) -> anyhow::Result<Vec<pb::SurveyElement>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        key: String,
        #[serde(default)]
        code: String,
        name: String,
        question: String,
        #[serde(default)]
        answers: Vec<String>,
        #[serde(default)]
        optional: bool,
    }
    let shown = || format!("berkas `{}`", path.display());
    let text = text::read(path).with_context(shown)?;
    let own: Vec<Own> = serde_json::from_str(&text).with_context(shown)?;
    let element = |own: Own| pb::SurveyElement {
        key: own.key,
        code: own.code,
        optional: own.optional,
        display_name: own.name,
        question: own.question,
        answers: own.answers,
        aspect: String::new(),
    };
    Ok(own.into_iter().map(element).collect())
}

async fn all_elements(client: &Survey, name: &str) -> anyhow::Result<Vec<pb::SurveyElement>> {
    let list = repeat!(client, list_instruments, pb::ListInstrumentsRequest {})?.instruments;
    let Some(found) = list.into_iter().find(|instrument| instrument.id == name) else {
        bail!("instrumen `{name}` tidak dikenal layanan")
    };
    let element = |element: pb::InstrumentElement| pb::SurveyElement {
        key: element.key,
        ..Default::default()
    };
    Ok(found.elements.into_iter().map(element).collect())
}

async fn list(client: &Survey, args: &SurveyListArgs) -> anyhow::Result<()> {
    let mut surveys: Vec<pb::Survey> = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = pb::ListSurveysRequest {
            parent: args
                .unit
                .clone()
                .unwrap_or_else(|| "agencies/-/units/-".to_owned()),
            page_size: PAGE,
            page_token,
            period: String::new(),
        };
        let page = retry(|| {
            let (mut client, message) = (client.clone(), message.clone());
            async move { client.list_surveys(request(message)).await }
        });
        let page = page.await?;
        surveys.extend(page.surveys);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let text = print::table(
        &["Nama", "Judul", "Periode", "Bobot", "Populasi", "Keadaan", "Unit"],
        Columns {
            right: &[4],
            whole: &[0],
        },
        surveys.iter().map(|survey| {
            vec![
                survey.name.clone(),
                survey.display_name.clone(),
                survey.period.clone(),
                weights_name(survey.weight_variant()).to_owned(),
                if survey.population > 0 {
                    survey.population.to_string()
                } else {
                    "-".to_owned()
                },
                state_name(survey.state()).to_owned(),
                if survey.unit_confirmed {
                    "terdaftar"
                } else {
                    "belum dikenal"
                }
                .to_owned(),
            ]
        }),
    );
    print::out(&format!("{text}{} survei.\n", surveys.len()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_survey_has_the_same_request_id_and_another_one_has_not() {
        let message = pb::CreateSurveyRequest {
            parent: "agencies/1/units/a".into(),
            survey_id: "2024".into(),
            survey: Some(pb::Survey {
                period: "2024".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let again = pb::CreateSurveyRequest {
            request_id: "x".into(),
            ..message.clone()
        };
        assert_eq!(request_id(&message), request_id(&again));
        let other = pb::Survey {
            population: 5,
            period: "2024".into(),
            ..Default::default()
        };
        assert_ne!(
            request_id(&message),
            request_id(&pb::CreateSurveyRequest {
                survey: Some(other),
                ..message
            })
        );
    }
}
