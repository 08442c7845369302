//! How long the texts of respondents are kept.

use chrono::{DateTime, TimeDelta, Utc};

/// Which texts have to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// Those of responses that were accepted before this time.
    pub before: DateTime<Utc>,
    /// A day, `YYYY-MM-DD`, before which all of them were written, in any time zone.
    pub last_day: String,
}

/// The texts whose retention period of `days` has ended at `now`. It is counted from the acceptance, since results of past
/// years are imported as well.
///
/// No regulation that we know sets a period for suggestions and criticism; UU 27/2022 requires one (article 42 (1) a). Two years
/// are inferred: the texts are needed until the follow-up plan of the next annual survey is done.
pub fn expired(now: DateTime<Utc>, days: u32) -> Expired {
    let before = now - TimeDelta::days(i64::from(days));
    // Clocks of devices may be some minutes ahead, and the easternmost zone is nine hours.
    let last_day = before + TimeDelta::days(2);
    Expired {
        before,
        last_day: last_day.format("%Y-%m-%d").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_for_the_whole_period() {
        let now = "2026-03-01T10:00:00Z".parse().unwrap();
        let expired = expired(now, 730);
        assert_eq!(expired.before.to_rfc3339(), "2024-03-01T10:00:00+00:00");
        assert_eq!(expired.last_day, "2024-03-03");
    }
}
