//! Creating, closing and listing surveys; the minimum sample.

use std::process::ExitCode;

use prima_platform::clock;
use prima_proto::survey::v1 as pb;
use uuid::Uuid;

use super::call::{request, retry};
use super::connect::{Connection, Survey};
use super::print::{self, Columns, result::state_name, result::weights_name};
use crate::cli::{SurveyCreateArgs, SurveyListArgs, SurveyWhat, Weights};

const PAGE: i32 = 1000;

pub(super) async fn run(connection: &Connection, what: SurveyWhat) -> anyhow::Result<ExitCode> {
    let client = connection.survey().await?;
    match what {
        SurveyWhat::Create(args) => {
            let survey = create(&client, message(args)).await?;
            print::out(&format!(
                "Survei dibuat: {} ({})\n",
                survey.name,
                state_name(survey.state())
            ))?;
        }
        SurveyWhat::Close(args) => {
            let message = pb::CloseSurveyRequest {
                name: args.name,
                etag: String::new(),
            };
            // Closing is not repeatable: a second try would say that the survey is closed.
            let answer = client.clone().close_survey(request(message)).await?.into_inner();
            print::out(&format!(
                "Survei ditutup: {}\n",
                answer.survey.unwrap_or_default().name
            ))?;
        }
        SurveyWhat::List(args) => list(&client, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// `prima sample-size`.
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

/// Creates a survey. The request id follows from what is asked, so that a repeat changes nothing.
///
/// # Errors
///
/// The service's refusal.
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
    let survey = message.survey.clone().unwrap_or_default();
    let time = |time: Option<prost_types::Timestamp>| time.map(|time| (time.seconds, time.nanos));
    let elements: Vec<_> = survey
        .elements
        .iter()
        .map(|each| (&each.key, &each.code, each.optional))
        .collect();
    let content = format!(
        "{:?}",
        (
            ("CreateSurvey", &message.parent, &message.survey_id),
            (
                &survey.display_name,
                &survey.period,
                &survey.instrument,
                survey.weight_variant,
                elements
            ),
            (time(survey.open_time), time(survey.close_time), survey.population),
        )
    );
    Uuid::new_v5(&Uuid::NAMESPACE_URL, content.as_bytes()).to_string()
}

fn message(args: SurveyCreateArgs) -> pb::CreateSurveyRequest {
    let weights = match args.weights {
        None => pb::WeightVariant::Unspecified,
        Some(Weights::Exact) => pb::WeightVariant::Exact,
        Some(Weights::Thousandths) => pb::WeightVariant::WeightVariant0111,
        Some(Weights::Hundredths) => pb::WeightVariant::WeightVariant011,
        Some(Weights::AspectMeans) => pb::WeightVariant::MeanOfAspectMeans,
        Some(Weights::AllAnswers) => pb::WeightVariant::MeanOfAllAnswers,
    };
    pb::CreateSurveyRequest {
        request_id: String::new(),
        parent: args.unit,
        survey_id: args.id,
        survey: Some(pb::Survey {
            display_name: args.title,
            period: args.period,
            instrument: args.instrument,
            weight_variant: weights.into(),
            open_time: args.open.map(clock::to_proto),
            close_time: args.close.map(clock::to_proto),
            population: args.population,
            ..Default::default()
        }),
    }
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
