//! Which versions of nats-server are accepted.

/// Older versions have known vulnerabilities in their access control (CVE-2026-33216, 33217, 33249) or lack features
/// that we use.
pub(super) const OLDEST: [u64; 3] = [2, 12, 6];

/// Whether a version is at least the oldest accepted one.
pub(super) fn recent(version: &str) -> bool {
    let mut parts = version.split(['.', '-', '+']).map(|p| p.parse().unwrap_or(0));
    let found = [(); 3].map(|()| parts.next().unwrap_or(0));
    found >= OLDEST
}

#[cfg(test)]
mod tests {
    use super::recent;

    #[test]
    fn a_server_with_known_vulnerabilities_is_refused() {
        for (version, fit) in [
            ("2.9.10", false),
            ("2.11.15", false),
            ("2.12.0", false),
            ("2.12.5", false),
            ("2.12.6", true),
            ("2.12.7-RC.1", true),
            ("2.15.1", true),
            ("3.0.0", true),
            ("", false),
            ("main", false),
        ] {
            assert_eq!(recent(version), fit, "{version}");
        }
    }
}
