//! Reads the time of an answer as spreadsheets and form tools write it.
//!
//! A date whose form shows the order of its numbers (a year of four digits that comes first, or the name of a month) is
//! read as it is. Dates of three numbers in another form are judged by the whole column, never row by row: a number
//! above 12 must be the day. When no number is above 12, the order is day-month-year, as is usual in Indonesia; if that
//! puts more dates outside the survey's period than another order, the user is asked. A time without a zone is in the
//! zone of the import, by default Western Indonesia Time. A date without a time is midnight of that day.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};

use super::moment::{self, Day, Order};
use crate::cli::DateOrder;

/// The first year in which a response may have been given.
pub(super) const FIRST_YEAR: i32 = 2000;
/// Orders of the three numbers of a date, the usual one first.
const ORDERS: [Order; 3] = [Order::Dmy, Order::Mdy, Order::Ymd];

/// How the times of a file are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// Time zone of times that are written without one.
    pub zone: FixedOffset,
    /// Order of dates that are three numbers.
    pub order: Order,
}

impl Reading {
    /// Reads a time, in whole microseconds, together with the time of day from its own column when there is one.
    ///
    /// # Errors
    ///
    /// A message in Indonesian that says what is wrong.
    pub(super) fn time(&self, text: &str, clock: Option<&str>) -> Result<DateTime<Utc>, String> {
        let faulty = || {
            format!(
                "waktu `{text}` tidak dipahami; contoh: 2024-07-01T08:00:00+07:00, 2024/07/01 8:00:00 AM GMT+7, \
                 01/07/2024 08:00:00, 1 Juli 2024 08.00"
            )
        };
        let moment = moment::read(text).ok_or_else(faulty)?;
        let date = moment.day.date(self.order).ok_or_else(|| {
            let other = ORDERS
                .into_iter()
                .any(|order| order != self.order && moment.day.date(order).is_some());
            let order = match self.order {
                Order::Dmy => "hari/bulan/tahun",
                Order::Mdy => "bulan/hari/tahun",
                Order::Ymd => "tahun/bulan/hari",
            };
            if other {
                format!("waktu `{text}` tidak ada bila dibaca {order} seperti tanggal lain di berkas ini; urutannya dipilih dengan --date-order")
            } else {
                faulty()
            }
        })?;
        let clock = match (moment.clock, clock.filter(|text| !text.is_empty())) {
            (Some(clock), _) => clock,
            (None, Some(text)) => {
                moment::clock_of(text).ok_or_else(|| format!("jam `{text}` tidak dipahami; contoh: 08:30"))?
            }
            (None, None) => NaiveTime::MIN,
        };
        let zone = moment.zone.unwrap_or(self.zone);
        let local = zone.from_local_datetime(&NaiveDateTime::new(date, clock));
        local.single().map(|time| time.to_utc()).ok_or_else(faulty)
    }
}

/// What the dates of a column show about their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    /// For each order, a cell that can be read in this order alone.
    only: [Option<String>; 3],
    /// For each order, the number of dates that are within the survey's period.
    inside: [u64; 3],
    /// Number of dates that are three numbers.
    numbers: u64,
    example: Option<String>,
}

impl Evidence {
    /// Adds one cell of the column; a date in the future or before 2000 fits no order.
    pub(super) fn add(&mut self, text: &str, period: Option<(NaiveDate, NaiveDate)>, today: NaiveDate) {
        let Some(moment) = moment::read(text) else { return };
        let day @ Day::Numbers(..) = moment.day else {
            return;
        };
        self.numbers += 1;
        let fits = |order: Order| {
            let date = day.date(order);
            date.filter(|date| *date <= today && date.year() >= FIRST_YEAR)
        };
        let dates = ORDERS.map(fits);
        for (place, date) in dates.iter().enumerate() {
            let Some(date) = date else { continue };
            let inside = period.is_some_and(|(first, last)| (first..=last).contains(date));
            if let Some(count) = self.inside.get_mut(place) {
                *count += u64::from(inside);
            }
            let sole = dates.iter().flatten().count() == 1;
            if let Some(only) = self.only.get_mut(place).filter(|_| sole) {
                only.get_or_insert_with(|| text.to_owned());
            }
        }
        self.example.get_or_insert_with(|| text.to_owned());
    }

    /// Returns the order of the column, and a remark to be printed; `usual` is the order of the tool that wrote the file.
    ///
    /// # Errors
    ///
    /// A question to the user, in Indonesian.
    pub(super) fn order(
        &self,
        given: Option<DateOrder>,
        usual: Order,
    ) -> Result<(Order, Option<String>), String> {
        match given {
            Some(DateOrder::Dmy) => return Ok((Order::Dmy, None)),
            Some(DateOrder::Mdy) => return Ok((Order::Mdy, None)),
            Some(DateOrder::Ymd) => return Ok((Order::Ymd, None)),
            None => {}
        }
        let found: Vec<(Order, &String)> = ORDERS
            .into_iter()
            .zip(&self.only)
            .filter_map(|(order, only)| Some((order, only.as_ref()?)))
            .collect();
        match found.as_slice() {
            [] => {}
            [(Order::Dmy, _)] => return Ok((Order::Dmy, None)),
            [(order, example)] => {
                let name = if *order == Order::Mdy {
                    "bulan/hari/tahun"
                } else {
                    "tahun/bulan/hari"
                };
                return Ok((*order, Some(format!("tanggal dibaca {name}, karena `{example}`"))));
            }
            [(_, one), (_, other), ..] => {
                return Err(format!(
                    "urutan tanggal bercampur: `{one}` dan `{other}` tidak dapat dibaca dengan satu urutan; samakan di \
                     berkas, atau tentukan dengan --date-order dmy atau --date-order mdy"
                ));
            }
        }
        let [dmy, mdy, ymd] = self.inside;
        if let (Order::Mdy, Some(example)) = (usual, &self.example)
            && mdy >= dmy.max(ymd)
        {
            let note = format!(
                "tanggal seperti `{example}` dibaca bulan/hari/tahun, seperti ditulis alat asal berkas ini"
            );
            return Ok((Order::Mdy, Some(note)));
        }
        if dmy < mdy.max(ymd) {
            let (other, flag) = if mdy >= ymd {
                ("bulan/hari/tahun", "mdy")
            } else {
                ("tahun/bulan/hari", "ymd")
            };
            return Err(format!(
                "tanggal seperti `{}` dapat berarti hari/bulan/tahun ({dmy} dari {} ada dalam periode survei) atau {other} ({} \
                 ada dalam periode); tentukan dengan --date-order dmy atau --date-order {flag}",
                self.example.as_deref().unwrap_or_default(),
                self.numbers,
                mdy.max(ymd)
            ));
        }
        Ok((Order::Dmy, None))
    }
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
