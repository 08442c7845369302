//! Whether intake keeps its speed while the table of responses grows. The added rows belong to surveys that do not
//! exist, so that the counted responses still equal the acknowledged ones.

use prima_platform::{config, db::Database};
use prima_tests::bench::{Figures, Unit};
use sea_orm::ConnectionTrait;

use crate::{
    House, Running, Sizes,
    load::{Singles, bulk},
};

const SMALL: usize = 10_000;
const SINGLE: &str = "single answers at 10 thousand rows";
const BULK: &str = "bulk at 10 thousand rows";
/// Further sizes of the table, with the names of the figures that are measured at each.
const GROWN: [(usize, &str, &str); 2] = [
    (
        1_000_000,
        "single answers at 1 million rows",
        "bulk at 1 million rows",
    ),
    (
        10_000_000,
        "single answers at 10 million rows",
        "bulk at 10 million rows",
    ),
];
/// Rows that one statement inserts.
const AT_ONCE: usize = 250_000;

const COLUMNS: &str =
    "survey_id, response_id, digest, submitted_at, accepted_at, batch, answers, sex, age, education,
    occupation, service, source";
const CONSTANT: &str = "1, 1, 1, '333333333', 'P', 34, 'S1', 'SWASTA', 'ktp-elektronik', 'agent'";

/// Measures single responses and bulk over these surveys at each size.
pub async fn measure(house: &House, surveys: &[String], sizes: &Sizes, figures: &mut Figures) {
    let prima = house.connect(&house.survey_url, sizes.streams);
    // This run only warms up.
    bulk(&prima, surveys, sizes.bulk / 10).await;
    let (db, table) = match &house.running {
        Running::Cluster(suite) => (open(&suite.cluster.database).await, "survey.response"),
        Running::Up { dir, .. } => (
            open(&format!("sqlite:{}", dir.path().display())).await,
            "response",
        ),
    };
    let mut grown = 0;
    let further = GROWN.into_iter().filter(|(rows, ..)| *rows <= sizes.rows);
    for (rows, single, many) in std::iter::once((SMALL, SINGLE, BULK)).chain(further) {
        eprintln!("{}: {rows} rows", house.store);
        while grown < rows {
            let more = AT_ONCE.min(rows - grown);
            let stranger = match house.running {
                Running::Cluster(_) => format!(
                    "SELECT -1 - n % 1000, md5(n::text), decode(md5(n::text) || md5((-n)::text), 'hex'), {CONSTANT}
                     FROM generate_series({grown} + 1, {grown} + {more}) AS n"
                ),
                Running::Up { .. } => format!(
                    "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {more})
                     SELECT -1 - n % 1000, LOWER(HEX(randomblob(16))), randomblob(32), {CONSTANT} FROM g"
                ),
            };
            let text = format!("INSERT INTO {table} ({COLUMNS}) {stranger}");
            db.writer().execute_unprepared(&text).await.unwrap();
            grown += more;
        }
        for _ in 0..sizes.rounds {
            let answers = Singles::of_prima(&prima, surveys, 256, sizes.slice).await;
            let rate = bulk(&prima, surveys, sizes.bulk).await;
            let (against_single, against_bulk): (&[&str], &[&str]) = match rows {
                SMALL => (&[], &[]),
                _ => (&[SINGLE], &[BULK]),
            };
            figures.note(single, Unit::PerSecond, answers.rate, against_single);
            figures.note(many, Unit::PerSecond, rate, against_bulk);
        }
    }
    db.close().await;
}

async fn open(url: &str) -> Database {
    let config = config::Database {
        url: url.to_owned(),
        ..config::Database::default()
    };
    Database::connect(&config, "survey").await.unwrap()
}
