//! Converts a row of a file to a complaint.

use chrono::{DateTime, FixedOffset, Utc};
use prima_complaint::domain::{category::Categories, workflow::Workflow};
use prima_platform::clock::to_proto;
use prima_proto::complaint::v1 as pb;
use prima_proto::zone::{day_of_agency, zone_of_agency};

use crate::cli::DateOrder;
use crate::client::import::cells::{Register, is_yes};
use crate::client::import::loose::{Wanted, cell};
use crate::client::import::sheet::Row;
use crate::client::import::words::{same, squash};
use crate::client::import::{BadRows, request_id, when};

/// The columns that are read, in this order.
pub(super) const COLUMNS: [Wanted; 19] = [
    Wanted::of(
        "received",
        &[
            "tanggalditerima",
            "waktuditerima",
            "diterima",
            "tanggallaporanmasuk",
            "tanggallaporan",
            "tanggalpengaduan",
            "tanggalmasuk",
            "tanggal",
        ],
        true,
    ),
    Wanted::of(
        "title",
        &["judul", "judullaporan", "judulpengaduan", "perihal", "hal"],
        true,
    ),
    Wanted::of(
        "text",
        &[
            "isilaporan",
            "isilaporanawal",
            "isipengaduan",
            "isiaduan",
            "uraian",
            "deskripsi",
            "isi",
            "isilaporanakhir",
        ],
        true,
    ),
    Wanted::of(
        "sp4n_number",
        &[
            "trackingid",
            "nomorsp4n",
            "nosp4n",
            "nomorlaporan",
            "nolaporan",
            "idlaporan",
            "nomortiket",
            "notiket",
        ],
        false,
    ),
    Wanted::of(
        "class",
        &[
            "jenis",
            "jenislaporan",
            "klasifikasi",
            "klasifikasilaporan",
            "tipelaporan",
        ],
        false,
    ),
    Wanted::of("category", &["kategori", "kategorilaporan"], false),
    Wanted::of(
        "channel",
        &["kanal", "sumber", "sumberlaporan", "saluran", "media"],
        false,
    ),
    Wanted::of(
        "agency",
        &["instansi", "instansiterlapor", "instansitujuan"],
        false,
    ),
    Wanted::of(
        "unit",
        &["unitkerja", "unitterlapor", "instansiterdisposisi", "opd"],
        false,
    ),
    Wanted::of("location", &["lokasi", "lokasikejadian", "arealaporan"], false),
    Wanted::of("region", &["wilayah", "kodewilayah"], false),
    Wanted::of("incident_date", &["tanggalkejadian"], false),
    Wanted::of("anonymous", &["anonim", "isanonim", "laporananonim"], false),
    Wanted::of("confidential", &["rahasia", "israhasia", "laporanrahasia"], false),
    Wanted::of("name", &["nama", "namapelapor", "pelapor"], false),
    Wanted::of(
        "phone",
        &[
            "telepon",
            "telp",
            "notelepon",
            "notelp",
            "nohp",
            "nomortelepon",
            "hp",
            "nowa",
        ],
        false,
    ),
    Wanted::of("email", &["surel", "emailpelapor", "alamatemail"], false),
    Wanted::of("identity_number", &["nik", "noktp", "nomoridentitas"], false),
    Wanted::of("address", &["alamat", "alamatpelapor"], false),
];
pub(super) const RECEIVED: usize = 0;
pub(super) const INCIDENT: usize = 11;
pub(super) const CATEGORY: usize = 5;
pub(super) const NAME: usize = 14;
pub(super) const ADDRESS: usize = 18;

/// The names under which files refer to the channels.
const CHANNELS: [(pb::Channel, &[&str]); 9] = [
    (pb::Channel::Web, &["web", "website", "situs", "laman"]),
    (
        pb::Channel::MobileApp,
        &["aplikasi", "android", "ios", "mobile", "mobileapp"],
    ),
    (pb::Channel::Sms, &["sms", "sms1708", "1708"]),
    (
        pb::Channel::SocialMedia,
        &[
            "mediasosial",
            "medsos",
            "socialmedia",
            "twitter",
            "x",
            "facebook",
            "instagram",
            "tiktok",
        ],
    ),
    (
        pb::Channel::FaceToFace,
        &["tatapmuka", "langsung", "datanglangsung", "loket", "facetoface"],
    ),
    (
        pb::Channel::Letter,
        &["surat", "kotaksaran", "kotakpengaduan", "letter"],
    ),
    (
        pb::Channel::Integrated,
        &["sp4n", "sp4nlapor", "lapor", "terhubung", "integrated"],
    ),
    (pb::Channel::Email, &["surel", "email"]),
    (
        pb::Channel::Phone,
        &[
            "telepon",
            "telp",
            "hotline",
            "callcenter",
            "phone",
            "whatsapp",
            "wa",
        ],
    ),
];

/// Finds a channel by its name or value.
///
/// # Errors
///
/// When no channel has this name.
pub fn channel(text: &str) -> Result<pb::Channel, String> {
    let name = squash(text);
    let name = name.strip_prefix("channel").unwrap_or(&name);
    let found = CHANNELS.iter().find(|(_, names)| names.contains(&name));
    found.map(|(channel, _)| *channel).ok_or_else(|| {
        let names: Vec<&str> = CHANNELS
            .iter()
            .filter_map(|(_, names)| names.first().copied())
            .collect();
        format!("kanal `{text}` tidak dikenal; pilihannya: {}", names.join(", "))
    })
}

/// Values for rows in which the cell is empty.
pub(super) struct Defaults {
    pub(super) parent: String,
    pub(super) class: String,
    pub(super) channel: Option<pb::Channel>,
    pub(super) order: DateOrder,
    /// Whether the file has columns about the reporter.
    pub(super) reporters: bool,
}

pub(super) struct Cells<'a> {
    pub(super) row: &'a Row<'a>,
    pub(super) places: &'a [Option<usize>],
}

impl Cells<'_> {
    fn get(&self, name: &str) -> &str {
        let column = COLUMNS.iter().position(|column| column.name == name);
        column.map_or("", |column| cell(self.row, self.places, column))
    }
}

pub(super) fn report(
    cells: &Cells<'_>,
    line: u64,
    defaults: &Defaults,
    register: &Register,
    bad: &mut BadRows,
) -> Option<pb::SubmitComplaintRequest> {
    let parent = take(line, bad, parent(cells, defaults, register));
    let agency = parent
        .as_deref()
        .unwrap_or_default()
        .trim_start_matches("agencies/");
    let agency = agency.split('/').next().unwrap_or_default();
    let class = take(line, bad, class(cells.get("class"), &defaults.class));
    let channel = match (cells.get("channel"), defaults.channel) {
        ("", Some(channel)) => Some(channel),
        ("", None) => {
            bad.add(
                line,
                "channel wajib diisi, atau sebutkan --channel untuk seluruh berkas",
            );
            None
        }
        (text, _) => take(line, bad, channel(text)),
    };
    let received = take(line, bad, time(cells.get("received"), agency, defaults));
    let incident = match cells.get("incident_date") {
        "" => Some(String::new()),
        text => take(line, bad, time(text, agency, defaults)).map(|at| day(at, agency)),
    };
    let hidden = matches!(
        squash(cells.get("name")).as_str(),
        "anonim" | "rahasia" | "disembunyikan" | "dirahasiakan"
    );
    let anonymous = take(line, bad, is_yes("anonymous", cells.get("anonymous")));
    let confidential = take(line, bad, is_yes("confidential", cells.get("confidential")));
    let reporter = pb::Reporter {
        display_name: if hidden {
            String::new()
        } else {
            cells.get("name").to_owned()
        },
        identity_number: cells.get("identity_number").to_owned(),
        phone: cells.get("phone").to_owned(),
        email: cells.get("email").to_owned(),
        address: cells.get("address").to_owned(),
    };
    let (parent, class, channel, received, incident) = (parent?, class?, channel?, received?, incident?);
    let (anonymous, confidential) = (anonymous?, confidential?);
    let mut message = pb::SubmitComplaintRequest {
        request_id: String::new(),
        parent,
        class,
        category: category(cells.get("category")),
        title: cells.get("title").to_owned(),
        text: cells.get("text").to_owned(),
        location: cells.get("location").to_owned(),
        region: cells.get("region").to_owned(),
        incident_date: incident,
        channel: channel.into(),
        sp4n_number: cells.get("sp4n_number").to_owned(),
        anonymous: anonymous || hidden || !defaults.reporters,
        confidential,
        reporter: (reporter != pb::Reporter::default()).then_some(reporter),
        receive_time: Some(to_proto(received)),
        ..Default::default()
    };
    // The request id is derived from the content of the row, so that a file that is saved again, sorted or extended
    // does not store a complaint twice. Spreadsheets drop seconds, the zero before a telephone number, and marks of
    // punctuation. Class, category and channel are left out: a complaint that is classified differently later is still
    // the same complaint.
    let number = |name: &str| {
        cells
            .get(name)
            .chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    let phone = number("phone");
    let identity = (
        received.timestamp().div_euclid(60),
        [&message.title, &message.text, &message.sp4n_number].map(|text| squash(text)),
        [cells.get("name"), cells.get("email")].map(squash),
        phone.trim_start_matches("62").trim_start_matches('0'),
        number("identity_number"),
    );
    message.request_id = request_id("SubmitComplaint", &message.parent, &[&format!("{identity:?}")]);
    Some(message)
}

fn take<T>(line: u64, bad: &mut BadRows, read: Result<T, String>) -> Option<T> {
    read.map_err(|fault| bad.add(line, fault)).ok()
}

/// The agency or unit that a complaint is addressed to, given as codes or as names in the directory.
fn parent(cells: &Cells<'_>, defaults: &Defaults, register: &Register) -> Result<String, String> {
    let (agency, unit) = (cells.get("agency"), cells.get("unit"));
    let whole = match (agency, unit) {
        ("", "") if defaults.parent.is_empty() => {
            return Err("agency wajib diisi, atau sebutkan --parent untuk seluruh berkas".to_owned());
        }
        ("", "") => defaults.parent.clone(),
        (agency, unit) => {
            let of = match agency {
                "" => defaults
                    .parent
                    .split("/units/")
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                agency => register.find(agency, "")?,
            };
            match unit {
                "" => of,
                unit => register.find(unit, &of)?,
            }
        }
    };
    register.fault(&whole, "").map_or(Ok(whole), Err)
}

/// Finds a class by its key or its official name. `Pengaduan` alone does not say which of the three classes of
/// complaints is meant.
fn class(text: &str, default: &str) -> Result<String, String> {
    let classes = &Workflow::built_in().classes;
    let plain = matches!(squash(text).as_str(), "" | "pengaduan");
    if plain && !default.is_empty() {
        return Ok(default.to_owned());
    }
    let found = classes
        .iter()
        .find(|class| class.key == text || same(&class.label, text));
    if let Some(class) = found {
        return Ok(class.key.clone());
    }
    match squash(text).as_str() {
        "permintaaninformasi" | "informasi" => return Ok("information_request".to_owned()),
        _ if !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            && text.contains('_') =>
        {
            return Ok(text.to_owned());
        }
        _ => {}
    }
    let labels: Vec<&str> = classes.iter().map(|class| class.label.as_str()).collect();
    Err(if plain {
        format!(
            "class: jenis laporan tidak disebut; sebutkan --class, salah satu dari: {}",
            keys().join(", ")
        )
    } else {
        format!("class `{text}` tidak dikenal; pilihannya: {}", labels.join(", "))
    })
}

/// Keys of the classes that are built into the service.
fn keys() -> Vec<&'static str> {
    Workflow::built_in()
        .classes
        .iter()
        .map(|class| class.key.as_str())
        .collect()
}

/// Finds a category by its key or its name; of a path the last part that is known counts. The result is empty when no
/// category is known: the category is then set when the complaint is verified.
fn category(text: &str) -> String {
    let all = &Categories::built_in().all;
    let parts = text
        .rsplit(['>', '/', ';'])
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let mut known = parts.filter_map(|part| all.iter().find(|c| c.key == part || same(&c.label, part)));
    known
        .next()
        .map(|category| category.key.clone())
        .unwrap_or_default()
}

fn offset(agency: &str) -> Option<FixedOffset> {
    FixedOffset::east_opt(i32::try_from(zone_of_agency(agency).offset().num_seconds()).ok()?)
}

fn time(text: &str, agency: &str, defaults: &Defaults) -> Result<DateTime<Utc>, String> {
    if text.is_empty() {
        return Err("received (waktu diterima) wajib diisi".to_owned());
    }
    let zone = offset(agency).ok_or("zona waktu tidak dikenal")?;
    when::time(text, zone, defaults.order)
}

fn day(at: DateTime<Utc>, agency: &str) -> String {
    day_of_agency(agency, at).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_the_same_after_a_spreadsheet_saved_it() {
        let id = |text: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            let mut loose = crate::client::import::loose::Loose::open(&file.path().into(), &COLUMNS).unwrap();
            let places = loose.places();
            let row = loose.sheet.next().unwrap().unwrap();
            let cells = Cells {
                row: &row,
                places: &places,
            };
            let defaults = Defaults {
                parent: "agencies/3271".into(),
                class: "aspiration".into(),
                channel: Some(pb::Channel::Letter),
                order: DateOrder::Dmy,
                reporters: true,
            };
            let register = Register::of(&[("agencies/3271", "Kota Bogor")]);
            let mut bad = BadRows::default();
            let message = report(&cells, 2, &defaults, &register, &mut bad);
            message.unwrap_or_else(|| panic!("{bad:?}")).request_id
        };
        let header = "tanggal;judul;isi;nama;no hp\n";
        let first = id(&format!(
            "{header}2026-02-02 09:30:12;Lampu padam;\"Lampu jalan\npadam.\";Fulan;0812-3456\n"
        ));
        for again in [
            "02/02/2026 09:30;Lampu padam;Lampu jalan  padam;Fulan;8123456\n",
            "2 Februari 2026 09.30;LAMPU PADAM;Lampu jalan padam.;Fulan;+62 812 3456 (WA)\n",
        ] {
            assert_eq!(id(&format!("{header}{again}")), first, "{again}");
        }
        for other in [
            "02/02/2026 09:31;Lampu padam;Lampu jalan padam;Fulan;8123456\n",
            "02/02/2026 09:30;Lampu padam;Lampu jalan redup;Fulan;8123456\n",
            "02/02/2026 09:30;Lampu padam;Lampu jalan padam;Fulanah;8123456\n",
        ] {
            assert_ne!(id(&format!("{header}{other}")), first, "{other}");
        }
    }

    #[test]
    fn classes_and_channels_are_read_by_name() {
        assert_eq!(class("Aspirasi", ""), Ok("aspiration".to_owned()));
        assert_eq!(
            class("Permintaan Informasi", ""),
            Ok("information_request".to_owned())
        );
        assert_eq!(class("complaint_regular", ""), Ok("complaint_regular".to_owned()));
        assert_eq!(
            class("Pengaduan berkadar pengawasan", ""),
            Ok("complaint_oversight".to_owned())
        );
        assert_eq!(
            class("Pengaduan", "complaint_normative"),
            Ok("complaint_normative".to_owned())
        );
        assert_eq!(
            class("Aspirasi", "complaint_normative"),
            Ok("aspiration".to_owned())
        );
        assert!(class("Pengaduan", "").unwrap_err().contains("--class"));
        assert!(class("Pujian", "aspiration").unwrap_err().contains("Aspirasi"));
        assert_eq!(channel("Tatap Muka"), Ok(pb::Channel::FaceToFace));
        assert_eq!(channel("CHANNEL_LETTER"), Ok(pb::Channel::Letter));
        assert_eq!(channel("SP4N-LAPOR!"), Ok(pb::Channel::Integrated));
        assert!(channel("merpati").unwrap_err().contains("surat"));
    }

    #[test]
    fn a_known_category_is_taken_and_an_unknown_one_is_left_empty() {
        for (text, expected) in [
            ("Perizinan berusaha", "business_licence"),
            (
                "Pelayanan Publik > Kesehatan > Puskesmas",
                "community_health_centre",
            ),
            ("business_licence", "business_licence"),
            ("Lain-lain", ""),
            ("", ""),
        ] {
            assert_eq!(category(text), expected, "{text}");
        }
    }
}
