//! Working time: working days of the national calendar, hours of an agency, its time zone, pauses.
