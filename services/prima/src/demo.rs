//! Demo data, loaded over gRPC as by any other client: 29 real respondents, and synthetic responses for 98 cities in two
//! quarters.
//!
//! The real data is the published worksheet of one office of the ministry type. It states, per element, how often each
//! score was chosen; it does not publish which answers were on one sheet, nor when. `demo/skm-29.csv` therefore
//! recombines the answers and spreads them over the quarter. The index and every mean depend on the counts alone and
//! equal those of the worksheet: 91.48, category A, with exact weights.
//!
//! The Ombudsman's scores of 2022 are those that the press reported; they are recorded, not computed.
//!
//! Everything else is synthetic, from a fixed seed or written by hand, and each name and title says so.

mod complaints;
mod publication;
mod synthetic;

pub use publication::publish;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::DateTime;
use futures::{StreamExt, TryStreamExt, stream};
use prima_platform::clock;
use prima_proto::directory::v1 as directory;
use prima_proto::innovation::v1 as innovation;
use prima_proto::ranking::v1 as ranking;
use prima_proto::survey::v1 as survey;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::cli::Format;
use crate::client::call::repeat;
use crate::client::connect::{Connection, Survey};
use crate::client::import::{self, Options, ResponseOptions};
use crate::client::print::{self, league::League};
use crate::client::{certainty_get, league_get, league_name, result_get, survey_create};

const REGIONS: &str = include_str!("../../directory/data/regions.csv");
const REAL: &str = include_str!("../demo/skm-29.csv");
const OMBUDSMAN: &str = include_str!("../demo/ombudsman-2022.csv");
const REAL_AGENCY: &str = "contoh-kementerian";
const REAL_AGENCY_NAME: &str = "Instansi jenis kementerian (tanpa nama)";
const REAL_UNIT_NAME: &str = "Kantor jenis kementerian (rekap 29 responden yang diterbitkan)";
const REAL_TITLE: &str = "SKM triwulan III: rekap 29 responden yang diterbitkan; yang diterbitkan hanya jumlah \
                          jawaban per unsur, pasangan jawaban tiap baris disusun ulang";
const PERIOD: &str = "2024-q3";
const COHORT: &str = "dpmptsp";
/// Number of surveys that are loaded at once.
const CONCURRENCY: usize = 8;
const TOP: usize = 10;

/// Name of the survey with the 29 real respondents.
pub const REAL_SURVEY: &str = "agencies/contoh-kementerian/units/kantor/surveys/2024-q3";

/// Loads the demo data into running services. What already exists is not changed. The files are also written to
/// `data/demo`, where they can be inspected and imported by hand.
pub async fn load(endpoint: &str, token: &str, data: &Path) -> anyhow::Result<()> {
    let connection = Connection::new(endpoint, token)?;
    let cities = synthetic::cities(REGIONS);
    let folder = data.join("demo");
    let files = write(&folder, &cities).with_context(|| format!("menulis ke `{}`", folder.display()))?;

    report_outcome(import::regions(&connection, &options(&files.regions), true).await?)?;
    create_agency(&connection).await?;
    report_outcome(import::units(&connection, &options(&files.units), true).await?)?;
    report_outcome(import::scores(&connection, &options(&files.ombudsman)).await?)?;
    for city in &cities {
        register_innovation(&connection, city).await?;
    }

    let client = connection.survey().await?;
    let [_, shown] = synthetic::QUARTERS;
    let mut surveys = vec![(
        format!("agencies/{REAL_AGENCY}/units/kantor"),
        REAL_TITLE.to_owned(),
        shown,
        files.real,
    )];
    for (quarter, of_quarter) in synthetic::QUARTERS.into_iter().zip(files.synthetic) {
        for (city, file) in cities.iter().zip(of_quarter) {
            surveys.push((
                city.unit(),
                format!("SKM {} {} (data sintetis)", city.unit_label(), quarter.period),
                quarter,
                file,
            ));
        }
    }
    let (connection, client) = (&connection, &client);
    let (stored, existing) = stream::iter(surveys)
        .map(|(unit, title, quarter, file)| async move {
            load_survey(connection, client, &unit, &title, quarter, &file).await
        })
        .buffer_unordered(CONCURRENCY)
        .try_fold((0, 0), |sum, outcome: (u64, u64)| async move {
            Ok((sum.0 + outcome.0, sum.1 + outcome.1))
        })
        .await?;
    print::note(&format!(
        "Jawaban contoh: {stored} diterima, {existing} sudah ada (29 dari rekap yang diterbitkan, selebihnya sintetis); \
         berkas: {}",
        folder.display()
    ));
    let loaded = complaints::load(connection, &cities).await?;
    print::note(&format!(
        "Pengaduan contoh: {} laporan di {} unit (data sintetis); peringkatnya: \
         prima league --metric complaint-resolution --period {} --cohort {COHORT}",
        loaded.complaints, loaded.units, loaded.year
    ));
    Ok(())
}

/// Waits until every city is in the league table, at most until `deadline`, then prints its first ten rows, how sure
/// their ranks are, and the result of the real survey.
pub async fn show(endpoint: &str, token: &str, deadline: Duration) -> anyhow::Result<()> {
    let connection = Connection::new(endpoint, token)?;
    let cities = synthetic::cities(REGIONS);
    let respondents: i64 = cities.iter().map(synthetic::City::respondents).sum();
    let complete = |message: &ranking::WatchLeagueTableResponse| {
        let ranked = message.table.as_ref().map_or(0, |table| table.ranked);
        let counted: i64 = message.rows.iter().map(|row| row.respondents).sum();
        ranked >= i64::try_from(cities.len()).unwrap_or(i64::MAX) && counted >= respondents
    };
    let client = connection.ranking().await?;
    let name = league_name("skm", PERIOD, COHORT);
    let waited = tokio::time::timeout(deadline, async {
        let message = ranking::WatchLeagueTableRequest {
            name: name.clone(),
            page_size: 1000,
            ..Default::default()
        };
        let mut stream = client.clone().watch_league_table(message).await?.into_inner();
        while let Some(message) = stream.message().await? {
            if complete(&message) {
                return Ok(Some(message));
            }
        }
        Ok::<_, Status>(None)
    });
    let league = match waited.await {
        Ok(Ok(Some(ranking::WatchLeagueTableResponse {
            table,
            mut rows,
            freshness,
            ..
        }))) => {
            rows.truncate(TOP);
            League {
                table: table.unwrap_or_default(),
                rows,
                freshness,
                names: Default::default(),
            }
        }
        Ok(Err(status)) => return Err(status.into()),
        Ok(Ok(None)) | Err(_) => {
            print::note("Belum semua kota masuk tabel; yang tampil adalah keadaan sekarang.");
            league_get(&client, &name, u32::try_from(TOP).ok()).await?
        }
    };
    let result = result_get(&connection.survey().await?, REAL_SURVEY).await?;
    let request = ranking::GetRankCertaintyRequest {
        name,
        ..Default::default()
    };
    let certainty = certainty_get(&client, request, u32::try_from(TOP).ok()).await?;
    let certainty = print::certainty::table(&certainty);
    let table = league.render(Format::Table, false)?;
    let result = print::result::render(&result, Format::Table, false)?;
    print::out(&format!("\n{table}\n{certainty}\n{result}\n"))?;
    Ok(())
}

/// The CSV files of the demo.
struct Files {
    regions: PathBuf,
    units: PathBuf,
    real: PathBuf,
    ombudsman: PathBuf,
    /// Of each quarter, those of each city.
    synthetic: Vec<Vec<PathBuf>>,
}

fn write(folder: &Path, cities: &[synthetic::City]) -> anyhow::Result<Files> {
    std::fs::create_dir_all(folder)?;
    let put = |name: &str, text: &str| -> anyhow::Result<PathBuf> {
        let path = folder.join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    };
    let mut units = "agency,unit,unit_type,name\n".to_owned();
    for city in cities {
        units += &format!(
            "{},dpmptsp,dpmptsp,{} (data sintetis)\n",
            city.code,
            city.unit_label()
        );
    }
    units += &format!("{REAL_AGENCY},kantor,lainnya,{REAL_UNIT_NAME}\n");
    Ok(Files {
        regions: put("regions.csv", REGIONS)?,
        units: put("units.csv", &units)?,
        real: put("skm-29.csv", REAL)?,
        ombudsman: put("ombudsman-2022.csv", OMBUDSMAN)?,
        synthetic: synthetic::QUARTERS
            .into_iter()
            .map(|quarter| {
                let files = cities.iter().map(|city| {
                    let name = format!("sintetis-{}-{}.csv", quarter.period, city.code);
                    put(&name, &city.responses(quarter))
                });
                files.collect::<anyhow::Result<_>>()
            })
            .collect::<anyhow::Result<_>>()?,
    })
}

fn options(file: &Path) -> Options {
    Options::plain(file)
}

fn report_outcome(outcome: import::Outcome) -> anyhow::Result<()> {
    if outcome.refused > 0 {
        bail!("data contoh ditolak layanan ({outcome})")
    }
    print::note(&outcome.to_string());
    Ok(())
}

async fn create_agency(connection: &Connection) -> anyhow::Result<()> {
    let client = connection.directory().await?;
    let message = directory::CreateAgencyRequest {
        request_id: Uuid::new_v5(
            &Uuid::NAMESPACE_URL,
            format!("demo {REAL_AGENCY_NAME}").as_bytes(),
        )
        .to_string(),
        agency_id: REAL_AGENCY.to_owned(),
        agency: Some(directory::Agency {
            display_name: REAL_AGENCY_NAME.to_owned(),
            kind: directory::AgencyKind::Kementerian.into(),
            ..Default::default()
        }),
    };
    match repeat!(client, create_agency, message) {
        Err(status) if status.code() != Code::AlreadyExists => Err(status.into()),
        _ => Ok(()),
    }
}

/// Registers a synthetic innovation of a city's unit unless it exists.
async fn register_innovation(connection: &Connection, city: &synthetic::City) -> anyhow::Result<()> {
    let client = connection.innovation().await?;
    let message = innovation::RegisterInnovationRequest {
        request_id: Uuid::new_v5(
            &Uuid::NAMESPACE_URL,
            format!("demo inovasi {}", city.code).as_bytes(),
        )
        .to_string(),
        parent: city.unit(),
        innovation_id: "antrean-daring".to_owned(),
        innovation: Some(innovation::Innovation {
            title: format!("Antrean daring {} (data sintetis)", city.unit_label()),
            description: "Contoh isian registri inovasi; bukan inovasi sungguhan.".to_owned(),
            status: innovation::InnovationStatus::Implemented.into(),
            start_date: "2024-01-02".to_owned(),
            sdgs: vec![16],
            ..Default::default()
        }),
        validate_only: false,
    };
    match repeat!(client, register_innovation, message) {
        Err(status) if status.code() != Code::AlreadyExists => Err(status.into()),
        _ => Ok(()),
    }
}

/// Creates a survey unless it exists, and loads its responses unless it has been closed. Returns how many responses
/// were new and how many existed.
async fn load_survey(
    connection: &Connection,
    client: &Survey,
    unit: &str,
    title: &str,
    quarter: synthetic::Quarter,
    file: &Path,
) -> anyhow::Result<(u64, u64)> {
    let name = format!("{unit}/surveys/{}", quarter.period);
    let message = survey::CreateSurveyRequest {
        request_id: String::new(),
        parent: unit.to_owned(),
        survey_id: quarter.period.to_owned(),
        survey: Some(survey::Survey {
            display_name: title.to_owned(),
            period: quarter.period.to_owned(),
            open_time: Some(clock::to_proto(
                DateTime::parse_from_rfc3339(quarter.open)?.to_utc(),
            )),
            ..Default::default()
        }),
    };
    let created = survey_create(client, message).await;
    let exists = |error: &anyhow::Error| {
        error
            .downcast_ref::<Status>()
            .is_some_and(|status| status.code() == Code::AlreadyExists)
    };
    if let Err(error) = created
        && !exists(&error)
    {
        return Err(error.context(format!("survei {name}")));
    }
    // A repeated creation returns the stored response of the first one, so the current state is read separately.
    let message = survey::GetSurveyRequest { name: name.clone() };
    let answer = repeat!(client, get_survey, message)?;
    if answer.survey.unwrap_or_default().state() != survey::SurveyState::Open {
        return Ok((0, 0));
    }
    let outcome = import::responses(connection, &ResponseOptions::plain(&name, options(file))).await?;
    if outcome.refused > 0 {
        bail!("data contoh ditolak layanan (survei {name}; {outcome})")
    }
    Ok((outcome.created, outcome.unchanged))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_29_respondents_have_the_published_counts_per_element() {
        let mut rows = csv::Reader::from_reader(REAL.as_bytes());
        let mut totals: BTreeMap<String, (usize, u32)> = BTreeMap::new();
        for row in rows.deserialize::<BTreeMap<String, String>>() {
            for (key, score) in row
                .unwrap()
                .into_iter()
                .filter(|(key, _)| key != "response_id" && key != "submitted_at")
            {
                let total = totals.entry(key).or_default();
                *total = (total.0 + 1, total.1 + score.parse::<u32>().unwrap());
            }
        }
        let expected = [
            ("requirements", 105),
            ("procedure", 101),
            ("time", 100),
            ("cost", 116),
            ("product", 102),
            ("competence", 105),
            ("conduct", 106),
            ("facilities", 105),
            ("complaint_handling", 115),
        ];
        assert_eq!(
            totals,
            expected.map(|(key, total)| (key.to_owned(), (29, total))).into()
        );
    }

    #[test]
    fn everything_synthetic_says_so() {
        let cities = synthetic::cities(REGIONS);
        let folder =
            std::env::temp_dir().join(format!("prima-demo-{}", prima_platform::id::Ids::random().next()));
        let files = write(&folder, &cities).unwrap();
        let units = std::fs::read_to_string(&files.units).unwrap();
        let synthetic: Vec<&PathBuf> = files.synthetic.iter().flatten().collect();
        assert_eq!(synthetic.len(), 2 * 98);
        assert!(
            synthetic
                .iter()
                .all(|file| file.display().to_string().contains("sintetis"))
        );
        std::fs::remove_dir_all(&folder).unwrap();
        let (real, synthetic): (Vec<&str>, Vec<&str>) = units
            .lines()
            .skip(1)
            .partition(|line| line.starts_with(REAL_AGENCY));
        assert_eq!((real.len(), synthetic.len()), (1, 98));
        assert!(synthetic.iter().all(|line| line.ends_with("(data sintetis)")));
    }

    #[test]
    fn texts_fit_their_fields() {
        assert!(REAL_TITLE.chars().count() <= 200 && REAL_UNIT_NAME.chars().count() <= 200);
        assert_eq!(
            REAL_SURVEY,
            format!("agencies/{REAL_AGENCY}/units/kantor/surveys/{PERIOD}")
        );
    }
}
