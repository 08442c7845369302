//! Rules of a new survey, as tests.
