//! The life of a report as data: classes, states, transitions, deadlines, levels of escalation.
