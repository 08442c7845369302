//! The reasons of errors as `proto/README.md` documents them.

/// The documentation of the API. A test holds its tables of reasons equal to what the services send.
const README: &str = include_str!("../../../../proto/README.md");

/// Heading of the table of reasons that every service can send.
const EVERY: &str = "Every service";

/// A reason of an error.
pub(super) struct Reason {
    /// The reason, as in `ErrorInfo`.
    pub reason: &'static str,
    /// The codes that it comes with, such as `NOT_FOUND`; none when it may be any.
    pub codes: Vec<&'static str>,
    /// What it means.
    pub means: &'static str,
    /// What the caller can do about it.
    pub remedy: &'static str,
}

/// Every reason that a service can send, its own first.
pub(super) fn of_service(service: &str) -> Vec<Reason> {
    let (mut own, mut common) = (Vec::new(), Vec::new());
    let (mut inside, mut heading) = (false, "");
    for line in README.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            inside = title == "Errors";
        } else if let Some(title) = line.strip_prefix("### ") {
            heading = title;
        } else if inside && heading == service {
            own.extend(row(line));
        } else if inside && heading == EVERY {
            common.extend(row(line));
        }
    }
    own.extend(common);
    own
}

fn row(line: &'static str) -> Option<Reason> {
    let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
    let [reason, codes, means, remedy, ..] = cells.as_slice() else {
        return None;
    };
    Some(Reason {
        reason: reason.trim_end_matches('`'),
        codes: codes.split('`').skip(1).step_by(2).collect(),
        means,
        remedy,
    })
}
