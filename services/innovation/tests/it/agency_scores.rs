//! Scores of agencies: an agency that cannot be computed does not block others, and flags set by the release before
//! are processed.

use std::time::Duration;

use prima_platform::{caller::Role, db::sql, testing::eventually};
use prima_proto::{
    event::v1::{ScoreState, ScoreStatus},
    innovation::v1,
};
use sea_orm::ConnectionTrait;

use crate::fixture::*;

const DEADLINE: Duration = Duration::from_secs(30);

async fn tamper(t: &World, text: &str) {
    t.db.writer().execute_unprepared(text).await.unwrap();
}

fn subject(agency: &str, year: i32) -> String {
    format!("prima.innovation.score.innovation.{year}.agency.{agency}")
}

async fn becomes(t: &World, agency: &str, year: i32, value: &str, status: ScoreStatus) {
    let subject = subject(agency, year);
    let met = eventually(DEADLINE, async || {
        let score = t.staged::<ScoreState>(&subject).await?;
        (score.value == value && score.status() == status).then_some(())
    });
    let met = met.await.is_some();
    let found = t.staged::<ScoreState>(&subject).await;
    assert!(met, "{subject}: {found:?}, not {value} and {status:?}");
}

#[tokio::test]
async fn an_agency_that_cannot_be_computed_does_not_block_others() {
    on_each_database(async |mut t| {
        let mut first = innovation("b");
        first.parent = "agencies/1100/units/dpmptsp".into();
        let request = by("unit", Role::Operator, "1100", first);
        t.client.register_innovation(request).await.unwrap();
        t.innovation("a").await;
        for agency in ["1100", "3271"] {
            becomes(&t, agency, 2022, "100.00", ScoreStatus::Provisional).await;
        }
        let reader = t.db.reader();
        let text = "SELECT body FROM innovation WHERE agency = '1100'";
        let row = reader.query_one_raw(sql(reader, text, [])).await.unwrap();
        let body: String = row.unwrap().try_get("", "body").unwrap();
        tamper(&t, "UPDATE innovation SET body = 'broken' WHERE agency = '1100'").await;
        // All scores of the old year are published again, and those of the new year for the first time.
        t.at("2023-01-01T03:00:00Z");
        becomes(&t, "3271", 2023, "100.00", ScoreStatus::Provisional).await;
        becomes(&t, "3271", 2022, "100.00", ScoreStatus::Final).await;
        assert_eq!(t.staged::<ScoreState>(&subject("1100", 2023)).await, None);
        let writer = t.db.writer();
        let text = "UPDATE innovation SET body = $1 WHERE agency = '1100'";
        writer
            .execute_raw(sql(writer, text, [body.into()]))
            .await
            .unwrap();
        becomes(&t, "1100", 2022, "100.00", ScoreStatus::Final).await;
        becomes(&t, "1100", 2023, "100.00", ScoreStatus::Provisional).await;
    })
    .await;
}

#[tokio::test]
async fn flags_of_the_release_before_are_processed() {
    on_each_database(async |mut t| {
        t.innovation("a").await;
        becomes(&t, "3271", 2022, "100.00", ScoreStatus::Provisional).await;
        for (unit, year, value) in [("b", 2022, "50.00"), ("c", 0, "33.33")] {
            let known = "INSERT INTO directory_unit (agency, unit, close_date) VALUES ('3271', ";
            tamper(&t, &format!("{known}'{unit}', '')")).await;
            let mark = "INSERT INTO agency_dirty (agency, year, mark) VALUES ('3271', ";
            tamper(&t, &format!("{mark}{year}, 1)")).await;
            becomes(&t, "3271", 2022, value, ScoreStatus::Provisional).await;
            assert_eq!(t.count("agency_dirty").await, 0);
        }
    })
    .await;
}

#[tokio::test]
async fn who_has_no_innovation_stands_with_zero_in_every_year_that_has_any() {
    on_each_database(async |mut t| {
        for (agency, unit, close_date) in [
            ("1100", "dinkes", ""),
            ("1100", "lama", "2019-12-31"),
            ("3271", "dpmptsp", ""),
            ("3271", "dinkes", ""),
        ] {
            let known = "INSERT INTO directory_unit (agency, unit, close_date) VALUES ";
            tamper(&t, &format!("{known}('{agency}', '{unit}', '{close_date}')")).await;
        }
        for agency in ["1100", "3271"] {
            let flag = format!("INSERT INTO derived_mark (kind, key) VALUES ('agency-score', '{agency}/0')");
            tamper(&t, &flag).await;
        }
        // In operation since 2020.
        t.innovation("a").await;
        for year in [2020, 2021, 2022] {
            let status = match year {
                2020 | 2021 => ScoreStatus::Final,
                _ => ScoreStatus::Provisional,
            };
            becomes(&t, "1100", year, "0.00", status).await;
            becomes(&t, "3271", year, "50.00", status).await;
            let unit = |agency: &str, unit: &str| {
                format!("prima.innovation.score.innovation.{year}.unit.{agency}.{unit}")
            };
            for (agency, id, value) in [
                ("1100", "dinkes", "0.00"),
                ("3271", "dinkes", "0.00"),
                ("3271", "dpmptsp", "100.00"),
            ] {
                let score = t.staged::<ScoreState>(&unit(agency, id)).await;
                assert_eq!(
                    score.map(|score| score.value),
                    Some(value.to_owned()),
                    "{year} {id}"
                );
            }
            // It had closed before.
            assert_eq!(t.staged::<ScoreState>(&unit("1100", "lama")).await, None);
        }
        // Nothing was in operation then, so nobody is compared.
        assert_eq!(t.staged::<ScoreState>(&subject("1100", 2019)).await, None);
        // What the tables show is what the obligation says.
        let request = v1::CheckObligationRequest {
            parent: "agencies/-".into(),
            year: 2021,
            ..Default::default()
        };
        let asked = t
            .client
            .check_obligation(ministry(request))
            .await
            .unwrap()
            .into_inner();
        let coverage: Vec<_> = asked
            .obligations
            .iter()
            .map(|o| (o.agency.as_str(), o.coverage.as_str(), o.units))
            .collect();
        assert_eq!(
            coverage,
            [("agencies/1100", "0.00", 1), ("agencies/3271", "50.00", 2)]
        );
        // A unit that closes before the year is no longer expected to innovate.
        tamper(
            &t,
            "UPDATE directory_unit SET close_date = '2020-06-30' WHERE unit = 'dinkes' AND agency = '3271'",
        )
        .await;
        tamper(
            &t,
            "INSERT INTO derived_mark (kind, key) VALUES ('agency-score', '3271/0')",
        )
        .await;
        becomes(&t, "3271", 2021, "100.00", ScoreStatus::Final).await;
        let gone = "prima.innovation.score.innovation.2021.unit.3271.dinkes";
        assert_eq!(t.staged::<ScoreState>(gone).await, None);
    })
    .await;
}
