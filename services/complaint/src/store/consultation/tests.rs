use prima_platform::{
    db::Database,
    testing::served::{Options, Place, Served},
};

use super::*;

const ROWS: i64 = 20_000;

/// Questions to 50 agencies with 5 desks each, one per second; every fifth question goes to a clinic.
async fn filled(place: std::sync::Arc<Place>) -> Served {
    let mut options = Options::default();
    let key = Keyring::generate_key().unwrap();
    options.config.complaint.keys = vec![format!("k1:{key}")];
    let served = Served::start(crate::SPEC, place, options).await;
    let text = format!(
        "INSERT INTO consultation (uid, kind, agency, unit, asking_agency, asking_unit, topic, channel, state, member,
            received_at, first_answer_at, completed_at, appointment_mode, sealed_key, version, updated_at)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
         SELECT 'u' || i, CASE WHEN i % 5 = 0 THEN 'clinic' ELSE 'service_desk' END, 'a' || (i % 50),
            CASE WHEN i % 5 = 0 THEN '' ELSE 'desk' || (i % 5) END,
            CASE WHEN i % 5 = 0 THEN 'a' || (i % 45) ELSE '' END, CASE WHEN i % 5 = 0 THEN 'desk' || (i % 3) ELSE '' END,
            'other', 'web', 'requested', '', CAST(i AS BIGINT) * 1000000,
            CASE WHEN i % 3 <> 0 THEN CAST(i AS BIGINT) * 1000000 + i END,
            CASE WHEN i % 4 = 1 THEN CAST(i AS BIGINT) * 1000000 + 100000 END,
            '', '', 1, 0
         FROM n"
    );
    served.db.writer().execute_unprepared(&text).await.unwrap();
    served
        .db
        .writer()
        .execute_unprepared("ANALYZE consultation")
        .await
        .unwrap();
    served
}

async fn plan(db: &Database, text: &str, values: Vec<Value>) -> String {
    let reader = db.reader();
    let (explain, column) = match db.backend() {
        sea_orm::DbBackend::Postgres => ("EXPLAIN", "QUERY PLAN"),
        _ => ("EXPLAIN QUERY PLAN", "detail"),
    };
    let rows = reader
        .query_all_raw(sql(reader, &format!("{explain} {text}"), values))
        .await;
    let lines = rows
        .unwrap()
        .into_iter()
        .map(|row| row.try_get::<String>("", column).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn figures_count_the_desk_of_one_unit_in_a_period() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let served = filled(place).await;
        let found = figures(served.db.reader(), "a1", "desk1", 1_000_000, 1_001_000_000)
            .await
            .unwrap();
        // The unit has the questions 1, 51, … 951: every third is not answered, and every second is completed.
        let expected = Figures {
            received: 20,
            completed: 7,
            slowest_first_answer_micros: Some(901),
        };
        assert_eq!(found, expected);
        let clinic = figures(served.db.reader(), "a0", "", 0, i64::MAX).await.unwrap();
        assert_eq!((clinic.received, clinic.slowest_first_answer_micros), (0, None));
        let values = vec![
            "a1".into(),
            "desk1".into(),
            0_i64.into(),
            1_000_000_000_i64.into(),
        ];
        let plan = plan(&served.db, FIGURES, values).await;
        assert!(plan.contains("consultation_unit"), "{plan}");
    }
}

#[tokio::test]
async fn a_page_of_a_list_goes_along_its_indexes() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let served = filled(place).await;
        let page = Page::parse(100, "", &[]).unwrap();
        for (agency, unit, indexes) in [
            ("", "", &["consultation_newest"][..]),
            ("a1", "", &["consultation_agency", "consultation_asking"]),
            ("a5", "desk1", &["consultation_unit", "consultation_asking_unit"]),
        ] {
            let filter = Filter {
                agency: agency.to_owned(),
                unit: unit.to_owned(),
                ..Filter::default()
            };
            let (text, values) = page_sql(&filter, &page);
            let plan = plan(&served.db, &text, values).await;
            let scans = plan.contains("Seq Scan") || plan.contains("SCAN consultation\n");
            let used = indexes.iter().all(|index| plan.contains(index));
            assert!(used && !scans, "{agency} {unit}: {plan}");
        }
    }
}
