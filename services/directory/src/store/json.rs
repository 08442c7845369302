//! Values that are stored as JSON in a text column.

use prima_platform::db::broken;
use sea_orm::DbErr;
use serde::{Serialize, de::DeserializeOwned};

/// A value as the text to store.
pub fn write(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|e| DbErr::Custom(e.to_string()))
}

/// The value of a stored text.
///
/// # Errors
///
/// The text is not such a value; the error names `row` and `column`.
pub fn read<T: DeserializeOwned>(row: impl std::fmt::Display, column: &str, text: &str) -> Result<T, DbErr> {
    serde_json::from_str(text).map_err(|_| broken(row, column))
}
