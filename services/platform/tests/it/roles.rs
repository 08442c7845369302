//! The roles of `deploy/postgres/roles.sh`: each service migrates and owns its schema, and reaches nothing else.

use std::path::Path;

use prima_platform::{
    config,
    db::{self, Database, sql},
    schema,
    testing::postgres::Postgres,
};
use sea_orm::ConnectionTrait;
use sea_orm_migration::{MigrationTrait, MigratorTrait};

const SERVICES: [&str; 6] = [
    "directory",
    "survey",
    "innovation",
    "complaint",
    "index",
    "ranking",
];

struct Schema;

#[async_trait::async_trait]
impl MigratorTrait for Schema {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        schema::platform_steps()
    }
}

/// Runs the shipped script on a database.
fn run(postgres: &Postgres, url: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/postgres/roles.sh");
    let path = std::env::var("PATH").unwrap();
    let mut command = postgres.program("psql");
    let settings: Vec<_> = command
        .get_envs()
        .map(|(k, v)| (k.to_owned(), v.unwrap().to_owned()))
        .collect();
    command = std::process::Command::new("sh");
    command
        .arg(script)
        .envs(settings)
        .env("PATH", format!("{}:{path}", postgres.programs().display()))
        .env("POSTGRES_USER", "prima")
        .env("POSTGRES_DB", url.rsplit('/').next().unwrap());
    for service in SERVICES {
        command.env(
            format!("PRIMA_{}_PASSWORD", service.to_uppercase()),
            format!("s3cret'-{service}"),
        );
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.is_empty(), "{text}");
}

/// The database as a service's role sees it, with its schema as the search path.
async fn as_role(url: &str, role: &str) -> Database {
    let config = config::Database {
        url: url.replace("prima@", &format!("{role}@")),
        max_connections: 3,
        ..config::Database::default()
    };
    Database::connect(&config, role).await.unwrap()
}

#[tokio::test]
async fn a_service_migrates_its_schema_and_reaches_no_other() {
    let postgres = Postgres::start();
    let url = postgres.fresh_database().await;
    run(&postgres, &url);
    for service in SERVICES {
        let db = as_role(&url, service).await;
        db::migrate::<Schema>(&db, service, true).await.unwrap();
        // Again, as at every start.
        db::migrate::<Schema>(&db, service, true).await.unwrap();
        let insert = "INSERT INTO lease (name, holder, expires_at) VALUES ('a', 'b', 1)";
        db.writer().execute_unprepared(insert).await.unwrap();
        db.close().await;
    }

    for service in SERVICES {
        let db = as_role(&url, service).await;
        let attempt = async |text: String, code: &str| {
            let error = db.writer().execute_unprepared(&text).await.expect_err(&text);
            let text = format!("{service}: {text}: {error}");
            assert!(text.contains(code), "{text}");
        };
        for other in SERVICES.iter().filter(|other| **other != service) {
            for text in [
                format!("SELECT * FROM {other}.lease"),
                format!("INSERT INTO {other}.lease (name, holder, expires_at) VALUES ('x', 'y', 1)"),
                format!("UPDATE {other}.outbox SET version = 0"),
                format!("DELETE FROM {other}.lease"),
                format!("CREATE TABLE {other}.planted (x INT)"),
                format!("GRANT ALL ON SCHEMA {other} TO {service}"),
            ] {
                attempt(text, "permission denied for schema").await;
            }
            attempt(format!("DROP SCHEMA {other} CASCADE"), "must be owner").await;
            attempt(
                format!("ALTER SCHEMA {other} OWNER TO {service}"),
                "must be owner",
            )
            .await;
            attempt(format!("SET ROLE {other}"), "permission denied").await;
            attempt(format!("ALTER ROLE {other} PASSWORD 'x'"), "permission denied").await;
        }
        // A schema that it could prepare for a service that is added later, and what all could read.
        attempt("CREATE SCHEMA later".to_owned(), "permission denied for database").await;
        attempt(
            "CREATE TABLE public.planted (x INT)".to_owned(),
            "permission denied",
        )
        .await;
        attempt(
            "CREATE TEMPORARY TABLE planted (x INT)".to_owned(),
            "permission denied",
        )
        .await;
        attempt("CREATE ROLE planted".to_owned(), "permission denied").await;
        attempt("COPY lease TO PROGRAM 'cat'".to_owned(), "must be superuser").await;
        attempt(
            "SELECT rolpassword FROM pg_authid".to_owned(),
            "permission denied",
        )
        .await;
        db.close().await;
    }

    let admin = sea_orm::Database::connect(&url).await.unwrap();
    let text = "SELECT CAST(count(*) AS BIGINT) AS n FROM pg_authid WHERE rolcanlogin AND NOT rolsuper
                AND NOT rolcreatedb AND NOT rolcreaterole AND NOT rolbypassrls AND rolpassword LIKE 'SCRAM-SHA-256$%'";
    let row = admin.query_one_raw(sql(&admin, text, [])).await.unwrap().unwrap();
    assert_eq!(row.try_get::<i64>("", "n").unwrap(), 6);
    admin.close().await.unwrap();
}
