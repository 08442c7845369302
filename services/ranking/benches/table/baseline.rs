//! What others offer for the same question: Redis, PostgreSQL, and sorting again.

use std::cmp::Reverse;
use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use prima_platform::db::sql;
use rust_decimal::Decimal;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};

use crate::work::{BATCH, Numbers, Sizes, subject_name};

/// A Redis of our own, which keeps nothing on disk.
struct Redis {
    server: Child,
    stream: TcpStream,
    replies: BufReader<TcpStream>,
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ended = self.server.kill();
        let _reaped = self.server.wait();
    }
}

impl Redis {
    /// Starts one; `None` when this machine has none.
    fn start() -> Result<Option<Self>, Box<dyn Error>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let given = std::env::var("PRIMA_REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
        let mut command = Command::new(given);
        command.args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--port",
        ]);
        let started = command.arg(port.to_string()).stdout(Stdio::null()).spawn();
        let Ok(mut server) = started else {
            return Ok(None);
        };
        for _ in 0..100 {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
                stream.set_nodelay(true)?;
                let replies = BufReader::with_capacity(1 << 20, stream.try_clone()?);
                return Ok(Some(Self {
                    server,
                    stream,
                    replies,
                }));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        server.kill()?;
        server.wait()?;
        Err("redis-server does not answer".into())
    }

    /// Sends commands in one pipeline, and reads as many integers.
    fn pipeline(&mut self, commands: &str, replies: usize) -> Result<(), Box<dyn Error>> {
        self.stream.write_all(commands.as_bytes())?;
        let mut reply = String::new();
        for _ in 0..replies {
            reply.clear();
            self.replies.read_line(&mut reply)?;
            if !reply.starts_with(':') {
                return Err(format!("redis: {reply}").into());
            }
            black_box(&reply);
        }
        Ok(())
    }
}

/// Update of random members in the sorted sets that `sets` names for each, and the rank in the first one, in pipelines of as
/// many as the tables get at once. The time of each; `None` without a Redis.
pub fn redis(
    sizes: Sizes,
    numbers: &mut Numbers,
    sets: fn(usize) -> Vec<String>,
) -> Result<Option<Duration>, Box<dyn Error>> {
    let Some(mut redis) = Redis::start()? else {
        return Ok(None);
    };
    let count = sets(0).len();
    let add = |i: usize, value: usize| -> String {
        let (whole, part, name) = (value / 100, value % 100, subject_name(i));
        let sets = sets(i).into_iter();
        sets.map(|set| format!("ZADD {set} {whole}.{part:02} {name}\r\n"))
            .collect()
    };
    for first in (0..sizes.units).step_by(BATCH) {
        let batch = first..(first + BATCH).min(sizes.units);
        let replies = batch.len() * count;
        let commands: String = batch.map(|i| add(i, numbers.value())).collect();
        redis.pipeline(&commands, replies)?;
    }
    let mut took = Duration::ZERO;
    for _ in 0..sizes.batches {
        let update = |_| {
            let i = numbers.below(sizes.units);
            let first = sets(i).into_iter().next().unwrap_or_default();
            add(i, numbers.value()) + &format!("ZREVRANK {first} {}\r\n", subject_name(i))
        };
        let commands: String = (0..BATCH).map(update).collect();
        let start = Instant::now();
        redis.pipeline(&commands, (count + 1) * BATCH)?;
        took += start.elapsed();
    }
    Ok(Some(took / u32::try_from(sizes.updates())?))
}

const POSTGRES: &str = "PRIMA_TEST_POSTGRES_URL";

/// Update and rank of random rows of one table; `None` without a PostgreSQL.
pub fn postgres(sizes: Sizes, numbers: &mut Numbers) -> Result<Option<Duration>, Box<dyn Error>> {
    let Ok(url) = std::env::var(POSTGRES) else {
        return Ok(None);
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut options = sea_orm::ConnectOptions::new(url);
        // The table is temporary, and thus one of one connection.
        options.max_connections(1).sqlx_logging(false);
        let db = Database::connect(options).await?;
        let text = |text: &str| sql(&db, text, []);
        db.execute_raw(text(
            "CREATE TEMPORARY TABLE score (subject INT PRIMARY KEY, value NUMERIC NOT NULL)",
        ))
        .await?;
        let fill = format!(
            "INSERT INTO score SELECT n, 65 + (n::bigint * 7919 % 3500) / 100.0 FROM generate_series(0, {}) n",
            sizes.units - 1
        );
        db.execute_raw(text(&fill)).await?;
        db.execute_raw(text("CREATE INDEX ON score (value)")).await?;
        db.execute_raw(text("ANALYZE score")).await?;
        let start = Instant::now();
        for _ in 0..sizes.windows {
            update_and_rank(&db, numbers.below(sizes.units), numbers.value()).await?;
        }
        let took = start.elapsed() / u32::try_from(sizes.windows)?;
        db.close().await?;
        Ok(Some(took))
    })
}

async fn update_and_rank(
    db: &DatabaseConnection,
    subject: usize,
    value: usize,
) -> Result<(), sea_orm::DbErr> {
    let update = format!("UPDATE score SET value = {value} / 100.0 WHERE subject = {subject}");
    let rank = format!(
        "SELECT rank FROM (SELECT subject, rank() OVER (ORDER BY value DESC) AS rank FROM score) AS ranked
         WHERE subject = {subject}"
    );
    for text in [update, rank] {
        black_box(db.query_all_raw(sql(db, &text, [])).await?);
    }
    Ok(())
}

/// All members sorted again, and the rank. The stable sort is the faster one on nearly sorted members.
pub fn sorting(sizes: Sizes, numbers: &mut Numbers) -> Result<Duration, Box<dyn Error>> {
    let decimal = |value: usize| Reverse(Decimal::new(i64::try_from(value).unwrap_or(0), 2));
    let mut members: Vec<_> = (0..sizes.units).map(|i| (decimal(numbers.value()), i)).collect();
    members.sort();
    let start = Instant::now();
    for _ in 0..sizes.windows {
        let value = decimal(numbers.value());
        if let Some(member) = members.get_mut(numbers.below(sizes.units)) {
            member.0 = value;
        }
        members.sort();
        black_box(members.partition_point(|(other, _)| *other < value) + 1);
    }
    Ok(start.elapsed() / u32::try_from(sizes.windows)?)
}
