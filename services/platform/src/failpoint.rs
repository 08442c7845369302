//! Named points between two steps at which a fault test delays or kills the process.
//!
//! They are off unless `PRIMA_FAILPOINTS` is set, such as `relay.published=exit;intake.committed=sleep(500)`.

use std::{collections::HashMap, sync::OnceLock, time::Duration};

#[derive(Debug, Clone, Copy)]
enum Action {
    Exit,
    Sleep(u64),
}

fn points() -> &'static HashMap<String, Action> {
    static POINTS: OnceLock<HashMap<String, Action>> = OnceLock::new();
    POINTS.get_or_init(|| {
        let text = std::env::var("PRIMA_FAILPOINTS").unwrap_or_default();
        text.split(';')
            .filter_map(|part| part.split_once('='))
            .filter_map(parse)
            .collect()
    })
}

fn parse((name, action): (&str, &str)) -> Option<(String, Action)> {
    let action = match action.strip_prefix("sleep(").and_then(|a| a.strip_suffix(')')) {
        Some(millis) => Action::Sleep(millis.parse().ok()?),
        None if action == "exit" => Action::Exit,
        None => return None,
    };
    Some((name.to_owned(), action))
}

/// Executes the action of the point `name`, if it has one. With the action `exit` the process ends as if it had been
/// killed.
pub async fn hit(name: &str) {
    match points().get(name) {
        None => {}
        Some(Action::Sleep(millis)) => tokio::time::sleep(Duration::from_millis(*millis)).await,
        Some(Action::Exit) => std::process::exit(137),
    }
}
