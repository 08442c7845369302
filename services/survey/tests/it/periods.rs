//! Results of units and agencies in a period, and their changes.

use prima_proto::{name, survey::v1 as pb};
use prima_survey::store::unit::unit_save_in_txn;
use tonic::{Code, Status};

use crate::fixture::*;

const UNIT: &str = "agencies/3271/units/dpmptsp";
const AGENCY: &str = "agencies/3271";

async fn unit_result(
    t: &mut World,
    unit: &str,
    period: &str,
    compare: &str,
    across: bool,
) -> Result<pb::UnitResult, Status> {
    let request = pb::GetUnitResultRequest {
        unit: unit.into(),
        period: period.into(),
        compare_period: compare.into(),
        across_instruments: across,
    };
    let answer = t.client.get_unit_result(operator(request)).await?;
    Ok(answer.into_inner().result.unwrap())
}

async fn agency_result(t: &mut World, period: &str) -> Result<pb::AgencyResult, Status> {
    let request = pb::GetAgencyResultRequest {
        agency: AGENCY.into(),
        period: period.into(),
        ..Default::default()
    };
    let answer = t.client.get_agency_result(operator(request)).await?;
    Ok(answer.into_inner().result.unwrap())
}

async fn record(t: &mut World, subject: &str, period: &str, instrument: &str, index: &str, roll_up: &str) {
    let request = pb::RecordResultRequest {
        request_id: format!("{subject} {period}").replace(['/', ' '], "-"),
        result: Some(pb::RecordedResult {
            subject: subject.into(),
            period: period.into(),
            instrument: instrument.into(),
            index: index.into(),
            respondents: 150,
            source: "Laporan SKM tahunan".into(),
            roll_up: roll_up.into(),
            ..Default::default()
        }),
    };
    t.client.record_result(operator(request)).await.unwrap();
}

/// Creates a survey of a unit with this many responses, which all have the same score.
async fn surveyed(t: &mut World, unit: &str, id: &str, respondents: usize, score: i32) -> String {
    let mut request = survey(id);
    request.parent = unit.into();
    let name = t
        .client
        .create_survey(operator(request))
        .await
        .unwrap()
        .into_inner()
        .survey
        .unwrap()
        .name;
    for n in 0..respondents {
        t.respond(&name, &format!("r-{n}"), &SKM.map(|key| (key, score)))
            .await;
    }
    name
}

async fn announce(t: &World, units: &[&str]) {
    let txn = t.db.begin().await.unwrap();
    for unit in units {
        unit_save_in_txn(&txn, &name::Unit::parse(unit).unwrap(), "Unit", "")
            .await
            .unwrap();
    }
    txn.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_pools_its_surveys_of_a_period() {
    on_each_database(async |mut t| {
        let a = surveyed(&mut t, UNIT, "a", 6, 4).await;
        let b = surveyed(&mut t, UNIT, "b", 2, 2).await;
        let result = unit_result(&mut t, UNIT, "2024", "", false).await.unwrap();
        assert_eq!(result.surveys, [a.clone(), b.clone()]);
        assert_eq!(
            (
                result.respondents,
                result.index.as_str(),
                result.category.as_str()
            ),
            (8, "87.50", "B")
        );
        assert_eq!((result.r#final, result.recorded), (false, false));
        assert_eq!(
            (result.elements[0].answers, result.elements[0].mean.as_str()),
            (8, "3.5000")
        );
        assert_eq!(result.elements[0].display_name, "Persyaratan");
        assert_eq!(result.index_exact, "175/2");
        assert_eq!((result.counted, result.pending), (8, 0));
        assert_eq!(result.change, None);
        t.close(&a).await;
        t.close(&b).await;
        let result = unit_result(&mut t, UNIT, "2024", "", false).await.unwrap();
        assert_eq!((result.index_exact.as_str(), result.r#final), ("175/2", true));
        assert_eq!(
            (result.elements[0].answers, result.elements[0].mean.as_str()),
            (8, "3.5000")
        );
        // With six scores of 4 and two of 2, the variance is 6/7, times 25 squared, divided by 8.
        assert_eq!(result.standard_error, "8.1832");
        assert_eq!(result.interval_high, "100.00");
        assert!(result.interval_low.as_str() < "70.00", "{}", result.interval_low);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_returned_in_points_and_in_percent() {
    on_each_database(async |mut t| {
        record(&mut t, UNIT, "2019", "skm-2017", "80.98", "").await;
        record(&mut t, UNIT, "2020", "skm-2017", "81.96", "").await;
        let result = unit_result(&mut t, UNIT, "2020", "", false).await.unwrap();
        assert_eq!(
            (result.index.as_str(), result.category.as_str(), result.recorded),
            ("81.96", "B", true)
        );
        assert_eq!(
            (result.source.as_str(), result.index_exact.as_str()),
            ("Laporan SKM tahunan", "")
        );
        let change = result.change.unwrap();
        assert_eq!(
            (change.points.as_str(), change.relative_percent.as_str()),
            ("0.98", "1.21")
        );
        assert_eq!(
            (
                change.base_period.as_str(),
                change.base_index.as_str(),
                change.base_recorded
            ),
            ("2019", "80.98", true)
        );
        let result = unit_result(&mut t, UNIT, "2019", "2020", false).await.unwrap();
        assert_eq!(result.change.unwrap().points, "-0.98");
        let result = unit_result(&mut t, UNIT, "2019", "", false).await.unwrap();
        assert_eq!(result.change, None, "nothing in 2018");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instruments_are_compared_only_when_asked_for() {
    on_each_database(async |mut t| {
        record(&mut t, UNIT, "2023", "lokal-2014", "70.00", "").await;
        surveyed(&mut t, UNIT, "a", 5, 3).await;
        let result = unit_result(&mut t, UNIT, "2024", "", false).await.unwrap();
        assert_eq!(result.change, None);
        let named = unit_result(&mut t, UNIT, "2024", "2023", false).await;
        refused(named, Code::FailedPrecondition, "OTHER_INSTRUMENT");
        for compare in ["", "2023"] {
            let result = unit_result(&mut t, UNIT, "2024", compare, true).await.unwrap();
            let change = result.change.unwrap();
            assert_eq!(
                (change.points.as_str(), change.relative_percent.as_str()),
                ("5.00", "7.14")
            );
            assert_eq!(
                (change.across_instruments, change.base_instrument.as_str()),
                (true, "lokal-2014")
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn periods_of_different_kinds_are_never_compared() {
    on_each_database(async |mut t| {
        surveyed(&mut t, UNIT, "a", 1, 3).await;
        for compare in ["2023-s1", "2023-q4", "2023-m12", "23", "2024"] {
            assert_eq!(
                faults(unit_result(&mut t, UNIT, "2024", compare, true).await),
                ["compare_period"],
                "{compare}"
            );
        }
        assert_eq!(
            faults(unit_result(&mut t, "dpmptsp", "soon", "later", false).await),
            ["unit", "period", "compare_period"]
        );
        refused(
            unit_result(&mut t, UNIT, "2022", "", false).await,
            Code::NotFound,
            "NOT_FOUND",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_is_aggregated_by_both_rules() {
    on_each_database(async |mut t| {
        let units = ["dpmptsp", "disdukcapil", "rsud", "new"].map(|u| format!("{AGENCY}/units/{u}"));
        announce(&t, &units.each_ref().map(String::as_str)).await;
        surveyed(&mut t, &units[0], "a", 10, 4).await;
        surveyed(&mut t, &units[1], "b", 30, 3).await;
        record(&mut t, &units[2], "2024", "skm-2017", "60.00", "").await;
        let result = agency_result(&mut t, "2024").await.unwrap();
        assert_eq!(
            (result.units_counted, result.units_expected, result.respondents),
            (3, 4, 190)
        );
        let rules: Vec<(&str, &str, &str, &str)> = result
            .roll_ups
            .iter()
            .map(|r| {
                (
                    r.rule.as_str(),
                    r.display_name.as_str(),
                    r.index.as_str(),
                    r.index_exact.as_str(),
                )
            })
            .collect();
        // (1000 + 2250 + 9000) / 190.
        assert_eq!(
            rules,
            [
                (
                    "mean_of_units",
                    "Rata-rata nilai unit pelayanan",
                    "78.33",
                    "235/3"
                ),
                (
                    "respondent_weighted",
                    "Rata-rata tertimbang menurut jumlah responden",
                    "64.47",
                    "1225/19"
                ),
            ]
        );
        assert_eq!(
            (
                result.roll_ups[0].category.as_str(),
                result.roll_ups[1].category.as_str()
            ),
            ("B", "D")
        );
        let listed: Vec<(&str, &str, bool)> = result
            .units
            .iter()
            .map(|u| (u.unit.as_str(), u.index.as_str(), u.recorded))
            .collect();
        assert_eq!(
            listed,
            [
                ("agencies/3271/units/disdukcapil", "75.00", false),
                ("agencies/3271/units/dpmptsp", "100.00", false),
                ("agencies/3271/units/rsud", "60.00", true)
            ]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_agency_has_only_its_own_rule_and_changes_against_the_same_one() {
    on_each_database(async |mut t| {
        announce(&t, &[UNIT]).await;
        record(&mut t, AGENCY, "2023", "skm-2017", "80.00", "respondent_weighted").await;
        surveyed(&mut t, UNIT, "a", 5, 4).await;
        let base = agency_result(&mut t, "2023").await.unwrap();
        assert_eq!(
            (base.recorded, base.source.as_str(), base.roll_ups.len()),
            (true, "Laporan SKM tahunan", 1)
        );
        assert_eq!(
            (base.roll_ups[0].rule.as_str(), base.roll_ups[0].index.as_str()),
            ("respondent_weighted", "80.00")
        );
        assert_eq!((base.units_counted, base.units_expected), (0, 1));
        let result = agency_result(&mut t, "2024").await.unwrap();
        assert_eq!(result.roll_ups[0].change, None, "there was no mean of units");
        let change = result.roll_ups[1].change.as_ref().unwrap();
        assert_eq!(
            (change.points.as_str(), change.relative_percent.as_str()),
            ("20.00", "25.00")
        );
        assert!(change.base_recorded);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_without_units_and_results_is_not_found() {
    on_each_database(async |mut t| {
        refused(agency_result(&mut t, "2024").await, Code::NotFound, "NOT_FOUND");
        announce(&t, &[UNIT]).await;
        let result = agency_result(&mut t, "2024").await.unwrap();
        assert_eq!((result.roll_ups.len(), result.units_expected), (0, 1));
        let anonymous = tonic::Request::new(pb::GetAgencyResultRequest {
            agency: AGENCY.into(),
            period: "2024".into(),
            ..Default::default()
        });
        refused(
            t.client.get_agency_result(anonymous).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
    })
    .await;
}
