//! Creates and lists surveys, and reads what belongs to them.

mod comments;
mod corrections;
mod follow_up;
mod questions;
mod tokens;

use anyhow::{Context, bail};
use prima_platform::clock;
use prima_proto::survey::v1 as pb;
use serde::Deserialize;

use super::call::{self, pages, repeat};
use super::connect::{Connection, Survey};
use super::print::{self, Table, analysis, result::state_name, result::weights_name};
use super::text;
use crate::cli::{
    AccessMode, FollowUpCommand, SurveyCommand, SurveyCreateArgs, SurveyListArgs, SurveyReadArgs,
    TableOrJson, Weights, Wording,
};

pub(super) async fn run(connection: &Connection, command: SurveyCommand) -> anyhow::Result<()> {
    let client = connection.survey().await?;
    match command {
        SurveyCommand::Create(args) => {
            let message = message(&client, args).await?;
            let answer = create(&client, message).await?;
            print::out(&created(&answer))?;
        }
        SurveyCommand::List(args) => list(&client, args).await?,
        SurveyCommand::Questions(args) => questions::show(&client, args).await?,
        SurveyCommand::Voids(args) => follow_up::voids(&client, args).await?,
        SurveyCommand::FollowUp(args) => {
            let FollowUpCommand::List(args) = args.command;
            follow_up::list(&client, args).await?;
        }
        SurveyCommand::Tokens(args) => tokens::issue(&connection.access().await?, &args).await?,
        SurveyCommand::Comments(args) => comments::list(&client, &args).await?,
        SurveyCommand::Analysis(args) => analyze(&client, args).await?,
        SurveyCommand::Exact(args) => corrections::exact(&client, args).await?,
        SurveyCommand::Readings(args) => corrections::readings(&client, args).await?,
        SurveyCommand::Reopen(args) => corrections::reopen(&client, args).await?,
        SurveyCommand::Changes(args) => corrections::changes(&client, args).await?,
    }
    Ok(())
}

async fn analyze(client: &Survey, args: SurveyReadArgs) -> anyhow::Result<()> {
    let message = pb::AnalyzeResultRequest {
        survey: args.survey.clone(),
    };
    let analysis = repeat!(client, analyze_result, message)?
        .analysis
        .unwrap_or_default();
    if args.output.format == TableOrJson::Json {
        let text = print::message("prima.survey.v1.Analysis", &analysis)?;
        return Ok(print::out(&text)?);
    }
    let message = pb::GetSurveyRequest { name: args.survey };
    let survey = repeat!(client, get_survey, message)?.survey.unwrap_or_default();
    let names = survey
        .elements
        .into_iter()
        .map(|element| (element.key, (element.code, element.display_name)));
    Ok(print::out(&analysis::table_of(&analysis, &names.collect()))?)
}

/// Creates a survey. The request id is derived from the content, so that a repeat changes nothing.
pub(crate) async fn create(
    client: &Survey,
    message: pb::CreateSurveyRequest,
) -> anyhow::Result<pb::CreateSurveyResponse> {
    let message = pb::CreateSurveyRequest {
        request_id: request_id(&message),
        ..message
    };
    Ok(repeat!(client, create_survey, message)?)
}

/// That a survey was created, its minimum sample, and last what the service has to say about it.
fn created(answer: &pb::CreateSurveyResponse) -> String {
    let survey = answer.survey.clone().unwrap_or_default();
    let mut text = format!(
        "Survei dibuat: {} ({})\n",
        survey.name,
        state_name(survey.state())
    );
    for notice in &answer.notices {
        text += &print::clean(&format!("Perhatian: {}", notice.localized_message));
        text += "\n";
    }
    text
}

fn request_id(message: &pb::CreateSurveyRequest) -> String {
    let content = pb::CreateSurveyRequest {
        request_id: String::new(),
        ..message.clone()
    };
    call::request_id("CreateSurvey", &content)
}

async fn message(client: &Survey, args: SurveyCreateArgs) -> anyhow::Result<pb::CreateSurveyRequest> {
    let weights = match args.weights {
        None => pb::WeightVariant::Unspecified,
        Some(Weights::Exact) => pb::WeightVariant::Exact,
        Some(Weights::Thousandths) => pb::WeightVariant::WeightVariant0111,
        Some(Weights::Hundredths) => pb::WeightVariant::WeightVariant011,
        Some(Weights::SeventyOneThousandths) => pb::WeightVariant::WeightVariant0071,
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
            wording: match args.wording {
                Wording::Plain => pb::Wording::Unspecified,
                Wording::Official => pb::Wording::Official,
            }
            .into(),
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

async fn list(client: &Survey, args: SurveyListArgs) -> anyhow::Result<()> {
    let message = pb::ListSurveysRequest {
        parent: args.unit.unwrap_or_else(|| "agencies/-/units/-".to_owned()),
        ..Default::default()
    };
    let surveys = pages!(client, list_surveys, message, surveys).surveys;
    let population = |survey: &pb::Survey| match survey.population {
        0 => String::new(),
        population => population.to_string(),
    };
    let table = Table::of(&surveys)
        .whole("Nama", |survey| &survey.name)
        .text("Judul", |survey| &survey.display_name)
        .text("Periode", |survey| &survey.period)
        .text("Bobot", |survey| weights_name(survey.weight_variant()))
        .number("Populasi", population)
        .text("Keadaan", |survey| state_name(survey.state()))
        .text("Unit", |survey| match survey.unit_confirmed {
            true => "terdaftar",
            false => "belum dikenal",
        });
    Ok(print::out(&format!(
        "{}{} survei.\n",
        table.print(),
        surveys.len()
    ))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_that_nobody_knows_the_unit() {
        let mut answer = pb::CreateSurveyResponse {
            survey: Some(pb::Survey::default()),
            notices: vec![pb::Notice {
                reason: "UNIT_UNKNOWN".into(),
                localized_message: "unit x belum terdaftar".into(),
                ..Default::default()
            }],
        };
        assert_eq!(
            created(&answer).lines().last(),
            Some("Perhatian: unit x belum terdaftar")
        );
        answer.notices.clear();
        assert_eq!(created(&answer).lines().count(), 1);
    }

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
