//! Reads the parts of a date and a time as people, spreadsheets and form tools write them.

use chrono::{FixedOffset, NaiveDate, NaiveTime, TimeDelta};

const HOUR: i32 = 3600;
/// Serial numbers of spreadsheets, which count days since 30 December 1899; here those of the years 2000 to 2100.
const SERIALS: std::ops::Range<i64> = 36_526..73_051;
const WEEKDAYS: &[&str] = &[
    "senin",
    "selasa",
    "rabu",
    "kamis",
    "jumat",
    "jum'at",
    "jum’at",
    "sabtu",
    "minggu",
    "ahad",
    "sen",
    "sel",
    "rab",
    "kam",
    "jum",
    "sab",
    "min",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
];
/// Words beside a date that add no meaning.
const FILLERS: [&str; 8] = ["pukul", "pkl", "jam", "tanggal", "tgl", "at", "on", "hari"];
/// Names of the months, full and abbreviated, Indonesian and English.
const MONTHS: [&[&str]; 12] = [
    &["januari", "january", "jan"],
    &["februari", "pebruari", "february", "feb", "peb"],
    &["maret", "march", "mar"],
    &["april", "apr"],
    &["mei", "may"],
    &["juni", "june", "jun"],
    &["juli", "july", "jul"],
    &["agustus", "august", "agu", "ags", "agt", "agst", "agust", "aug"],
    &["september", "sept", "sep"],
    &["oktober", "october", "okt", "oct"],
    &["november", "nopember", "nov", "nop"],
    &["desember", "december", "des", "dec"],
];

/// The order of the three numbers of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
    /// Two-digit year, month, day.
    Ymd,
}

/// A date as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// A date whose form shows the order of its numbers.
    Known(NaiveDate),
    /// Three numbers of unknown order, and whether the first of them could be the year.
    Numbers([u32; 3], bool),
}

impl Day {
    /// The date when its numbers are in this order.
    pub(super) fn date(self, order: Order) -> Option<NaiveDate> {
        let ([a, b, c], short) = match self {
            Self::Known(date) => return Some(date),
            Self::Numbers(numbers, short) => (numbers, short),
        };
        match order {
            Order::Dmy => day(c, b, a),
            Order::Mdy => day(c, a, b),
            Order::Ymd if short => day(a, b, c),
            Order::Ymd => None,
        }
    }
}

/// The parts of a written time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub day: Day,
    /// Time of day.
    pub clock: Option<NaiveTime>,
    pub zone: Option<FixedOffset>,
}

/// Reads the parts of a text; `None` when it is no date or time in a known form.
pub(super) fn read(text: &str) -> Option<Moment> {
    let text = text.trim();
    if let Some((day, clock)) = digits_alone(text) {
        return Some(Moment {
            day: Day::Known(day),
            clock,
            zone: None,
        });
    }
    let (mut day, mut clock, mut zone, mut half) = (None, None, None, None);
    let (mut month, mut numbers) = (None, Vec::new());
    let text = plain(text);
    for token in text.split_whitespace() {
        let plain = token.trim_matches([',', ';', '.']);
        let dotless = plain.replace('.', "");
        if plain.is_empty() || WEEKDAYS.contains(&plain) || FILLERS.contains(&plain) {
            continue;
        }
        if matches!(dotless.as_str(), "am" | "pm") {
            half.replace(dotless == "pm").is_none().then_some(())?;
        } else if plain.contains(':') {
            let (read, ahead, afternoon) = clock_with_zone(plain)?;
            clock.replace(read).is_none().then_some(())?;
            zone = ahead.or(zone);
            half = afternoon.or(half);
        } else if let Some(named) = month_of(plain) {
            month.replace(named).is_none().then_some(())?;
        } else if let (None, true, Some(read)) = (day, numbers.is_empty(), triple(plain)) {
            day = Some(read);
        } else if let (true, Some(read)) = (day.is_some() || !numbers.is_empty(), zone_of(plain)) {
            zone.replace(read).is_none().then_some(())?;
        } else if let (true, Some(read)) = (day.is_some() || numbers.len() > 1, clock_of(plain)) {
            clock.replace(read).is_none().then_some(())?;
        } else {
            numbers.push(number(plain, 4)?);
        }
    }
    let day = match (day, month, numbers.as_slice()) {
        (Some(day), None, []) => day,
        (None, Some(month), [(a, digits_a), (b, digits_b)]) => {
            let (of, year) = match (digits_a, digits_b) {
                (4, 1 | 2) => (*b, *a),
                (1 | 2, 2 | 4) => (*a, *b),
                _ => return None,
            };
            Day::Known(self::day(year, month, of)?)
        }
        _ => return None,
    };
    let clock = match (clock, half) {
        (Some(clock), Some(afternoon)) => Some(twelve(clock, afternoon)?),
        (None, Some(_)) => return None,
        (clock, None) => clock,
    };
    Some(Moment { day, clock, zone })
}

/// The text in lower case, with a space in place of the `T` between date and time, and without the words in brackets
/// after the time zone.
fn plain(text: &str) -> String {
    // Word processors replace hyphens by dashes.
    let text = text
        .trim()
        .to_lowercase()
        .replace(['\u{2010}', '\u{2011}', '\u{2013}', '\u{2014}', '\u{2212}'], "-");
    let text = match text.split_once('(') {
        Some((front, behind)) if zone_of(behind.trim_end_matches(')')).is_none() => front.to_owned(),
        _ => text.replace(['(', ')'], " "),
    };
    let bytes = text.as_bytes();
    let digit = |place: Option<usize>| {
        place
            .and_then(|place| bytes.get(place))
            .is_some_and(u8::is_ascii_digit)
    };
    let between = |place: usize| digit(place.checked_sub(1)) && digit(Some(place + 1));
    text.char_indices()
        .map(|(place, c)| if c == 't' && between(place) { ' ' } else { c })
        .collect()
}

/// Reads a time of day: `9:15`, `09:15:00`, `09.15.00`, `09:15:00.123`, `9:15 PM`.
pub(super) fn clock_of(text: &str) -> Option<NaiveTime> {
    let text = text.trim().to_lowercase();
    let (text, half) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(rest), _) => (rest.trim().to_owned(), Some(false)),
        (_, Some(rest)) => (rest.trim().to_owned(), Some(true)),
        _ => (text, None),
    };
    let separator = if text.contains(':') { ':' } else { '.' };
    let mut parts = text.split(separator);
    let hour = number(parts.next()?, 2)?.0;
    let minute = parts.next()?;
    let second = parts.next();
    if parts.next().is_some() || minute.len() != 2 {
        return None;
    }
    let (second, fraction) = match second {
        None => ("0", ""),
        Some(second) => second.split_once(['.', ',']).unwrap_or((second, "")),
    };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let clock = NaiveTime::from_hms_micro_opt(hour, number(minute, 2)?.0, number(second, 2)?.0, micros)?;
    match half {
        Some(afternoon) => twelve(clock, afternoon),
        None => Some(clock),
    }
}

/// Converts a time of a twelve-hour clock.
fn twelve(clock: NaiveTime, afternoon: bool) -> Option<NaiveTime> {
    use chrono::Timelike;
    let hour = clock.hour();
    if !(1..=12).contains(&hour) {
        return None;
    }
    clock.with_hour(hour % 12 + if afternoon { 12 } else { 0 })
}

/// Reads a time with a suffix: `08:00:00+07`, `08:00:00Z`, `8:00PM`.
fn clock_with_zone(text: &str) -> Option<(NaiveTime, Option<FixedOffset>, Option<bool>)> {
    let (text, half) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(rest), _) => (rest, Some(false)),
        (_, Some(rest)) => (rest, Some(true)),
        _ => (text, None),
    };
    match text.find(['+', '-', 'z', 'g', 'u', 'w']) {
        Some(end) => {
            let (clock, zone) = text.split_at_checked(end)?;
            Some((clock_of(clock)?, Some(zone_of(zone)?), half))
        }
        None => Some((clock_of(text)?, None, half)),
    }
}

/// Reads a number of at most `most` digits; returns it with its number of digits.
fn number(text: &str, most: usize) -> Option<(u32, usize)> {
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok())
        .flatten()
        .map(|number| (number, text.len()))
}

fn month_of(text: &str) -> Option<u32> {
    let place = MONTHS.iter().position(|names| names.contains(&text))?;
    u32::try_from(place).ok().map(|place| place + 1)
}

/// A date; the year may have two digits.
fn day(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    let year = if year < 100 { year + 2000 } else { year };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// Reads the three parts of a date, separated by `/`, `-` or `.`.
fn triple(text: &str) -> Option<Day> {
    let parts: Vec<&str> = text.split(['/', '-', '.']).collect();
    let [first, second, third] = parts.as_slice() else {
        return None;
    };
    if let Some(month) = month_of(second) {
        let ((a, digits), (c, _)) = (number(first, 4)?, number(third, 4)?);
        let known = if digits == 4 {
            day(a, month, c)
        } else {
            day(c, month, a)
        };
        return known.map(Day::Known);
    }
    if let Some(month) = month_of(first) {
        return day(number(third, 4)?.0, month, number(second, 2)?.0).map(Day::Known);
    }
    let ((a, digits_a), (b, digits_b), (c, digits_c)) =
        (number(first, 4)?, number(second, 2)?, number(third, 4)?);
    match (digits_a, digits_b, digits_c) {
        (4, _, 1 | 2) => day(a, b, c).map(Day::Known),
        (1 | 2, _, 4) => Some(Day::Numbers([a, b, c], false)),
        (1 | 2, _, 2) => Some(Day::Numbers([a, b, c], digits_a == 2)),
        _ => None,
    }
}

/// Reads a serial number of a spreadsheet, `yyyymmdd`, or `yyyymmddhhmmss`.
fn digits_alone(text: &str) -> Option<(NaiveDate, Option<NaiveTime>)> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to).and_then(|text| text.parse::<u32>().ok());
    match whole.len() {
        5 => {
            let days: i64 = whole.parse().ok()?;
            SERIALS.contains(&days).then_some(())?;
            let date = NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_signed(TimeDelta::days(days))?;
            if fraction.is_empty() {
                return Some((date, None));
            }
            let of_day: f64 = format!("0.{fraction}").parse().ok()?;
            // The decimals of a serial number are often cut off, so the time is only exact to the second.
            let seconds = (of_day * 86_400.0).round().clamp(0.0, 86_399.0);
            NaiveTime::from_num_seconds_from_midnight_opt(seconds as u32, 0).map(|clock| (date, Some(clock)))
        }
        8 | 12 | 14 if fraction.is_empty() => {
            let date = day(part(0, 4)?, part(4, 6)?, part(6, 8)?)?;
            if whole.len() == 8 {
                return Some((date, None));
            }
            let second = if whole.len() == 14 { part(12, 14)? } else { 0 };
            NaiveTime::from_hms_opt(part(8, 10)?, part(10, 12)?, second).map(|clock| (date, Some(clock)))
        }
        _ => None,
    }
}

/// Reads a time zone: `WIB`, `WITA`, `WIT`, `Z`, `UTC`, `GMT+7`, `+07:00`, `+0700`.
pub(super) fn zone_of(text: &str) -> Option<FixedOffset> {
    let text = text.trim().to_ascii_uppercase();
    let text = text.trim_start_matches('(').trim_end_matches(')');
    let hours = match text {
        "WIB" => Some(7),
        "WITA" => Some(8),
        "WIT" => Some(9),
        "Z" | "UTC" | "GMT" => Some(0),
        _ => None,
    };
    if let Some(hours) = hours {
        return FixedOffset::east_opt(hours * HOUR);
    }
    let offset = text.trim_start_matches("UTC").trim_start_matches("GMT");
    let (sign, digits) = match offset.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-" | "−", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let number = |text: &str| {
        let short = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        short.then(|| text.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60)
        .then(|| FixedOffset::east_opt(sign * (hours * HOUR + minutes * 60)))
        .flatten()
}
