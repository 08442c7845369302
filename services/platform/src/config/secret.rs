//! What is secret in the settings. It is redacted wherever settings are printed, also for debugging.

use std::fmt::{self, Debug, Formatter};

use serde::Serialize;

use super::{Bus, Complaint, Config, Database, Objects, Survey, Telemetry, keys};

/// Settings with secrets among them.
pub(super) trait Secret: Clone + Serialize {
    /// Replaces each secret by `***`.
    fn redact(&mut self);
}

impl Secret for Config {
    fn redact(&mut self) {
        self.database.redact();
        self.bus.redact();
        self.objects.redact();
        self.telemetry.redact();
        self.survey.redact();
        self.complaint.redact();
    }
}

impl Secret for Database {
    fn redact(&mut self) {
        self.url = mask(&self.url);
    }
}

impl Secret for Bus {
    fn redact(&mut self) {
        self.url = mask(&self.url);
    }
}

impl Secret for Objects {
    fn redact(&mut self) {
        self.endpoint = mask(&self.endpoint);
        if !self.secret_access_key.is_empty() {
            "***".clone_into(&mut self.secret_access_key);
        }
    }
}

impl Secret for Telemetry {
    fn redact(&mut self) {
        self.otlp_endpoint = mask(&self.otlp_endpoint);
    }
}

impl Secret for Survey {
    fn redact(&mut self) {
        keys::mask(&mut self.keys);
    }
}

impl Secret for Complaint {
    fn redact(&mut self) {
        keys::mask(&mut self.keys);
    }
}

/// Prints a value for debugging as JSON without its secrets.
macro_rules! debug_redacted {
    ($($kind:ty),*) => {$(
        impl Debug for $kind {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                let mut shown = self.clone();
                shown.redact();
                f.write_str(&serde_json::to_string(&shown).map_err(|_| fmt::Error)?)
            }
        }
    )*};
}

debug_redacted!(Config, Database, Bus, Objects, Telemetry, Survey, Complaint);

/// Redacts what is secret in a URL: the password before the `@` and in the query, and on NATS also a user without a password,
/// which is a token. A URL without a secret is returned as it is.
pub fn mask(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        // It is malformed, and may be one that lacks the slashes only.
        return match url.rsplit_once('@') {
            Some((before, host)) if !before.is_empty() => format!("***@{host}"),
            _ => url.to_owned(),
        };
    };
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(r, q)| (r, Some(q)));
    let shown = match rest.rsplit_once('@') {
        Some((credentials, host)) => match credentials.split_once(':') {
            Some((user, _)) => format!("{scheme}://{user}:***@{host}"),
            None if scheme.starts_with("postgres") => format!("{scheme}://{rest}"),
            None => format!("{scheme}://***@{host}"),
        },
        None => format!("{scheme}://{rest}"),
    };
    let Some(query) = query else { return shown };
    let hide = |pair: &str| match pair.split_once('=') {
        Some((key, _)) if key.to_lowercase().ends_with("password") => format!("{key}=***"),
        _ => pair.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(hide).collect();
    format!("{shown}?{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_settings_show_no_secret() {
        let mut config = Config::default();
        config.database.url = "postgres://prima:s3cret@db/prima".into();
        config.bus.url = "nats://survey:s3cret@nats:4222".into();
        config.telemetry.otlp_endpoint = "http://prima:s3cret@collector:4317".into();
        config.objects.endpoint = "https://u:s3cret@s3".into();
        config.objects.secret_access_key = "s3cret".into();
        config.survey.keys = vec!["k1:s3cret".into()];
        config.complaint.keys = vec!["s3cret".into()];
        for shown in [
            config.masked().to_string(),
            format!("{config:?}"),
            format!("{:?} {:?} {:?}", config.database, config.bus, config.objects),
            format!(
                "{:?} {:?} {:?}",
                config.survey, config.complaint, config.telemetry
            ),
        ] {
            assert!(!shown.contains("s3cret") && shown.contains("***"), "{shown}");
        }
        assert!(config.masked().to_string().contains("prima:***@db"));
    }

    #[test]
    fn a_url_keeps_what_is_not_secret() {
        for url in [
            "sqlite:./var",
            "memory:",
            "postgres://prima@db/prima?sslmode=require",
            "nats://a:4222,b:4222",
        ] {
            assert_eq!(mask(url), url);
        }
        for (url, shown) in [
            (
                "postgres://db/prima?user=prima&password=x&sslmode=require",
                "postgres://db/prima?user=prima&password=***&sslmode=require",
            ),
            (
                "postgres://db/prima?sslPassword=x",
                "postgres://db/prima?sslPassword=***",
            ),
            ("postgres://prima:p@ss@db", "postgres://prima:***@db"),
            ("nats://TOKEN@nats:4222", "nats://***@nats:4222"),
            ("nats://a:x@n1,nats://b:y@n2", "nats://a:***@n2"),
            ("postgres:prima:x@db", "***@db"),
        ] {
            assert_eq!(mask(url), shown);
        }
    }
}
