//! Values that stand in a text column as JSON.

use prima_platform::db::broken;
use sea_orm::DbErr;
use serde::{Serialize, de::DeserializeOwned};

/// A value as its column holds it.
pub fn write(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|e| DbErr::Custom(e.to_string()))
}

/// The value of a column of `row`; an error when it can't be read.
pub fn read<T: DeserializeOwned>(row: impl std::fmt::Display, column: &str, text: &str) -> Result<T, DbErr> {
    serde_json::from_str(text).map_err(|_| broken(row, column))
}
