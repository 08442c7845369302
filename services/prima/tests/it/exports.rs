//! Exports of form tools in the forms that the tools write them: each is imported without an option, and what is not
//! taken from it is said, a line for each column.

use crate::field::{closed, import, survey};
use crate::files::{Cell, PLAIN, Table, at, number, text, texts, xlsx, zip};
use crate::process::Up;

/// Answers of five respondents, with an index of 83.33.
const ANSWERS: [[i32; 9]; 5] = [
    [4, 3, 3, 4, 4, 3, 3, 4, 3],
    [3, 3, 3, 3, 3, 3, 3, 3, 3],
    [4, 4, 4, 4, 4, 4, 4, 4, 4],
    [2, 3, 3, 4, 3, 3, 4, 2, 3],
    [3, 2, 3, 4, 3, 4, 3, 3, 4],
];
const QUESTIONS: [&str; 9] = [
    "Bagaimana pendapat Saudara tentang kesesuaian persyaratan pelayanan dengan jenis pelayanannya?",
    "Bagaimana pemahaman Saudara tentang kemudahan prosedur pelayanan di unit ini?",
    "Bagaimana pendapat Saudara tentang kecepatan waktu dalam memberikan pelayanan?",
    "Bagaimana pendapat Saudara tentang kewajaran biaya/tarif dalam pelayanan?",
    "Bagaimana pendapat Saudara tentang kesesuaian produk pelayanan dengan standarnya?",
    "Bagaimana pendapat Saudara tentang kompetensi petugas dalam pelayanan?",
    "Bagaimana pendapat Saudara tentang perilaku petugas terkait kesopanan dan keramahan?",
    "Bagaimana pendapat Saudara tentang penanganan pengaduan pengguna layanan?",
    "Bagaimana pendapat Saudara tentang kualitas sarana dan prasarana?",
];
/// Answers as the official questionnaire words them, lowest first.
const LABELS: [[&str; 4]; 9] = [
    ["Tidak sesuai", "Kurang sesuai", "Sesuai", "Sangat sesuai"],
    ["Tidak mudah", "Kurang mudah", "Mudah", "Sangat mudah"],
    ["Tidak cepat", "Kurang cepat", "Cepat", "Sangat cepat"],
    ["Sangat mahal", "Cukup mahal", "Murah", "Gratis"],
    ["Tidak sesuai", "Kurang sesuai", "Sesuai", "Sangat sesuai"],
    ["Tidak kompeten", "Kurang kompeten", "Kompeten", "Sangat kompeten"],
    [
        "Tidak sopan dan ramah",
        "Kurang sopan dan ramah",
        "Sopan dan ramah",
        "Sangat sopan dan ramah",
    ],
    [
        "Tidak ada",
        "Ada tetapi tidak berfungsi",
        "Berfungsi kurang maksimal",
        "Dikelola dengan baik",
    ],
    ["Buruk", "Cukup", "Baik", "Sangat baik"],
];

fn label(element: usize, score: i32) -> &'static str {
    LABELS[element][usize::try_from(score).unwrap() - 1]
}

/// The labels of a respondent's answers.
fn labels(answers: &[i32; 9]) -> Vec<String> {
    (0..)
        .zip(answers)
        .map(|(element, score)| label(element, *score).to_owned())
        .collect()
}

fn csv(rows: &[Vec<String>], delimiter: u8, quoted: bool) -> Vec<u8> {
    let style = match quoted {
        true => csv::QuoteStyle::Always,
        false => csv::QuoteStyle::Necessary,
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .quote_style(style)
        .flexible(true)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).unwrap();
    }
    writer.into_inner().unwrap()
}

fn owned(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// An export: its file, and texts that must be among the notes.
struct Export {
    tool: &'static str,
    file: Vec<u8>,
    ends: &'static str,
    notes: &'static [&'static str],
}

/// KoBoToolbox, labels as headers: groups before the questions, a question of several answers in one column and in one
/// for each option.
fn kobo_labels() -> Export {
    let mut header = owned(&["start", "end", "Identitas/Jenis Kelamin", "Identitas/Usia"]);
    header.extend(QUESTIONS.map(|question| format!("Penilaian layanan/{question}")));
    let most = "Apa yang paling perlu diperbaiki?";
    header.push(most.to_owned());
    header.extend(["Waktu", "Biaya", "Sarana dan prasarana"].map(|option| format!("{most}/{option}")));
    header.extend(owned(&[
        "Saran (opsional)",
        "_id",
        "_uuid",
        "_submission_time",
        "_validation_status",
        "_notes",
        "_status",
        "_submitted_by",
        "__version__",
        "_tags",
        "_index",
    ]));
    let mut rows = vec![header];
    for (n, answers) in ANSWERS.iter().enumerate() {
        let mut row = vec![
            format!("2024-10-05T08:0{n}:00.000+07:00"),
            format!("2024-10-05T08:0{n}:41.512+07:00"),
            ["Laki-laki", "Perempuan"][n % 2].to_owned(),
            (30 + n).to_string(),
        ];
        row.extend(labels(answers));
        row.extend(owned(&["Waktu Biaya", "1", "1", "0", "Loketnya; tambah"]));
        row.extend([
            (880_000 + n).to_string(),
            format!("6f1c-{n}"),
            format!("2024-10-05T01:0{n}:50"),
        ]);
        row.extend(owned(&["", "", "submitted_via_web", "", "vQ8t", ""]));
        row.push((n + 1).to_string());
        rows.push(row);
    }
    Export {
        tool: "kobo-label",
        file: csv(&rows, b';', true),
        ends: "csv",
        notes: &[
            "`Apa yang paling perlu diperbaiki?` tidak diimpor",
            "`Apa yang paling perlu diperbaiki?/Waktu` tidak diimpor",
            "`_uuid` tidak diimpor",
            "`start` tidak diimpor",
        ],
    }
}

/// KoBoToolbox, names of XML as headers, in a workbook; a question of several answers only in columns of its options.
fn kobo_xml() -> Export {
    let mut header = vec!["start", "end", "identitas/jenis_kelamin"];
    let codes: Vec<String> = (1..10).map(|n| format!("skm/u{n}")).collect();
    header.extend(codes.iter().map(String::as_str));
    header.extend([
        "perbaikan/waktu",
        "perbaikan/biaya",
        "perbaikan/sarana",
        "_id",
        "_uuid",
        "_submission_time",
        "_index",
    ]);
    let rows = ANSWERS.iter().enumerate().map(|(n, answers)| {
        let mut row = vec![
            text(&format!("2024-10-05T08:0{n}:00.000+07:00")),
            text(&format!("2024-10-05T08:0{n}:41.512+07:00")),
            text(["laki_laki", "perempuan"][n % 2]),
        ];
        row.extend(answers.map(|score| text(&score.to_string())));
        row.extend([number(1), number(0), number(0)]);
        row.extend([
            number(880_000 + u32::try_from(n).unwrap()),
            text(&format!("6f1c-{n}")),
            at(&format!("2024-10-05 01:0{n}:50")),
            number(u32::try_from(n + 1).unwrap()),
        ]);
        row
    });
    Export {
        tool: "kobo-xml",
        file: xlsx(&Table::new(&header, rows.collect())),
        ends: "xlsx",
        notes: &[
            "`perbaikan/waktu` tidak diimpor",
            "`perbaikan/biaya` tidak diimpor",
        ],
    }
}

/// LimeSurvey, codes of questions and answers, with a response that was not sent and a question that was not asked.
fn lime_codes() -> Export {
    let mut header = owned(&[
        "id",
        "submitdate",
        "lastpage",
        "startlanguage",
        "seed",
        "startdate",
        "datestamp",
        "JK",
    ]);
    header.extend((1..10).map(|n| format!("SKM[U{n}]")));
    header.extend(owned(&[
        "KELUHAN[SQ001]",
        "KELUHAN[other]",
        "SARAN",
        "interviewtime",
        "groupTime12",
        "SKMTime",
    ]));
    let mut rows = vec![header];
    for (n, answers) in ANSWERS.iter().enumerate() {
        let mut row = vec![
            (n + 7).to_string(),
            format!("2024-10-05 08:0{n}:41"),
            "3".into(),
            "id".into(),
            "1184920".into(),
            format!("2024-10-05 08:0{n}:00"),
            format!("2024-10-05 08:0{n}:41"),
            if n == 0 { "N/A" } else { "L" }.to_owned(),
        ];
        row.extend(answers.map(|score| format!("A{score}")));
        row.extend(owned(&["Y", "N/A", "", "41.5", "20.1", ""]));
        rows.push(row);
    }
    let mut unsent = owned(&[
        "99",
        "",
        "1",
        "id",
        "5",
        "2024-10-05 09:00:00",
        "2024-10-05 09:01:00",
        "P",
        "A3",
    ]);
    unsent.resize(rows[0].len(), "N/A".to_owned());
    rows.push(unsent);
    Export {
        tool: "lime-kode",
        file: csv(&rows, b',', true),
        ends: "csv",
        notes: &[
            "baris 7 tidak diimpor: jawaban belum dikirim",
            "kode jawaban A1, A2",
            "`lastpage` tidak diimpor",
            "`KELUHAN[SQ001]` tidak diimpor",
            "`SKMTime` tidak diimpor",
        ],
    }
}

/// LimeSurvey, full questions and answers with the marks of HTML.
fn lime_texts() -> Export {
    let mut header = owned(&[
        "Response ID",
        "Date submitted",
        "Last page",
        "Start language",
        "Seed",
        "Date started",
        "Date last action",
        "<p>Jenis&nbsp;Kelamin</p>",
    ]);
    header.extend(QUESTIONS.map(|question| format!("<p><strong>{question}</strong><br /></p>")));
    header.push("<p>Saran &amp; masukan</p>".into());
    let mut rows = vec![header];
    for (n, answers) in ANSWERS.iter().enumerate() {
        let mut row = vec![
            (n + 7).to_string(),
            format!("2024-10-05 08:0{n}:41"),
            "3".into(),
            "id".into(),
            "1184920".into(),
            format!("2024-10-05 08:0{n}:00"),
            format!("2024-10-05 08:0{n}:41"),
            "Laki-laki".to_owned(),
        ];
        row.extend(
            labels(answers)
                .iter()
                .map(|label| format!("<p>{}</p>", label.replace(' ', "&nbsp;"))),
        );
        row.push(String::new());
        rows.push(row);
    }
    Export {
        tool: "lime-teks",
        file: csv(&rows, b',', true),
        ends: "csv",
        notes: &["`Last page` tidak diimpor"],
    }
}

const MONKEY: [&str; 9] = [
    "Respondent ID",
    "Collector ID",
    "Start Date",
    "End Date",
    "IP Address",
    "Email Address",
    "First Name",
    "Last Name",
    "Custom Data 1",
];

fn monkey(n: usize) -> Vec<String> {
    vec![
        (118_456_789_012_u64 + n as u64).to_string(),
        "438820011".into(),
        // The days are in October only when the month comes first.
        format!("10/0{}/2024 08:0{n}:00 AM", n + 1),
        format!("10/0{}/2024 08:0{n}:41 AM", n + 1),
        "103.10.1.2".into(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
    ]
}

/// SurveyMonkey, condensed: a matrix of the elements, a question of several answers of which one is called as an element
/// is, and a free text.
fn monkey_condensed() -> Export {
    let (mut first, mut second) = (owned(&MONKEY), vec![String::new(); 9]);
    first.push("Jenis kelamin Anda".into());
    second.push("Response".into());
    for (n, row) in [
        "Persyaratan",
        "Prosedur",
        "Waktu",
        "Biaya",
        "Produk",
        "Kompetensi",
        "Perilaku",
        "Pengaduan",
        "Sarana",
    ]
    .iter()
    .enumerate()
    {
        first.push(if n == 0 {
            "Seberapa baik pelayanan kami?".into()
        } else {
            String::new()
        });
        second.push((*row).into());
    }
    for (n, option) in ["Waktu", "Biaya", "Other (please specify)"].iter().enumerate() {
        first.push(if n == 0 {
            "Apa yang perlu diperbaiki?".into()
        } else {
            String::new()
        });
        second.push((*option).into());
    }
    first.push("Saran".into());
    second.push("Open-Ended Response".into());
    let mut rows = vec![first, second];
    for (n, answers) in ANSWERS.iter().enumerate() {
        let mut row = monkey(n);
        row.push("Perempuan".into());
        row.extend(answers.map(|score| {
            ["Tidak baik", "Kurang baik", "Baik", "Sangat baik"][score as usize - 1].to_owned()
        }));
        row.extend(owned(&["Waktu", "", "parkir", "Cukup baik"]));
        rows.push(row);
    }
    Export {
        tool: "monkey-ringkas",
        file: csv(&rows, b',', false),
        ends: "csv",
        notes: &[
            "dibaca bulan/hari/tahun",
            "`Apa yang perlu diperbaiki? [Waktu]` tidak diimpor",
            "`IP Address` tidak diimpor",
            "`Email Address` tidak diimpor",
        ],
    }
}

/// SurveyMonkey, expanded: a column for each option of each question, in a workbook.
fn monkey_expanded() -> Export {
    let (mut first, mut second) = (owned(&MONKEY), vec![String::new(); 9]);
    for (question, options) in QUESTIONS.iter().zip(LABELS) {
        for (n, option) in options.iter().enumerate() {
            first.push(if n == 0 { (*question).into() } else { String::new() });
            second.push((*option).to_owned());
        }
    }
    let rows = ANSWERS.iter().enumerate().map(|(n, answers)| {
        let mut row = monkey(n);
        for (element, score) in answers.iter().enumerate() {
            row.extend((1..5).map(|option| match option == *score {
                true => label(element, option).to_owned(),
                false => String::new(),
            }));
        }
        row
    });
    let names: Vec<&str> = first.iter().map(String::as_str).collect();
    let below: Vec<&str> = second.iter().map(String::as_str).collect();
    let rows = rows.map(|row| row.iter().map(|cell| text(cell)).collect::<Vec<Cell>>());
    let all = std::iter::once(texts(&below)).chain(rows).collect();
    Export {
        tool: "monkey-lengkap",
        file: xlsx(&Table::new(&names, all)),
        ends: "xlsx",
        notes: &["`Collector ID` tidak diimpor"],
    }
}

/// Google Forms: a quiz with a grid, packed as it is downloaded.
fn google() -> Export {
    let mut header = owned(&["Stempel waktu", "Nama pengguna", "Total score", "Jenis Kelamin"]);
    let rows_of_grid = [
        "Persyaratan",
        "Prosedur",
        "Waktu",
        "Biaya/Tarif",
        "Produk",
        "Kompetensi",
        "Perilaku",
        "Pengaduan",
    ];
    header.extend(rows_of_grid.map(|row| format!("Beri nilai [{row}]")));
    header.extend(owned(&[
        "Sarana dan prasarana",
        "Sarana dan prasarana [Score]",
        "Sarana dan prasarana [Feedback]",
    ]));
    header.push("Kritik dan saran".into());
    let mut rows = vec![header];
    for (n, answers) in ANSWERS.iter().enumerate() {
        let mut row = owned(&["", "a@b.id", "9.00 / 12", "Laki-laki"]);
        row[0] = format!("2024/10/05 8:0{n}:41 AM GMT+7");
        row.extend(answers.map(|score| score.to_string()));
        row.extend(owned(&["1.00 / 1", "", "Cukup"]));
        rows.push(row);
    }
    Export {
        tool: "google",
        file: zip(&[("Survei kepuasan (Jawaban).csv", &csv(&rows, b',', true))]),
        ends: "csv.zip",
        notes: &[
            "di dalam arsip ZIP",
            "`Nama pengguna` tidak diimpor",
            "`Sarana dan prasarana [Score]` tidak diimpor",
        ],
    }
}

/// Microsoft Forms: a quiz in a workbook, with times as numbers.
fn microsoft(indonesian: bool) -> Export {
    let (start, end) = match indonesian {
        true => (
            ["ID", "Waktu mulai", "Waktu penyelesaian", "Email", "Nama"],
            ["Poin", "Umpan balik"],
        ),
        false => (
            ["ID", "Start time", "Completion time", "Email", "Name"],
            ["Points", "Feedback"],
        ),
    };
    let mut header = owned(&start);
    header.extend(match indonesian {
        true => owned(&["Total poin", "Umpan balik kuis"]),
        false => owned(&["Total points", "Quiz feedback", "Last modified time"]),
    });
    let first = header.len();
    for question in QUESTIONS {
        let question = question.replacen(' ', "\u{a0}", 1);
        header.push(format!("{question}\n"));
        header.extend(end.map(|word| format!("{word} - {question}")));
    }
    let rows = ANSWERS.iter().enumerate().map(|(n, answers)| {
        let mut row = vec![
            number(u32::try_from(n + 1).unwrap()),
            at(&format!("2024-10-05 08:0{n}:00")),
            at(&format!("2024-10-05 08:0{n}:41")),
            text("anonymous"),
            text(""),
        ];
        row.resize(first, text(""));
        row[5] = number(9);
        for label in labels(answers) {
            row.extend([text(&label), number(1), text("")]);
        }
        row
    });
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    Export {
        tool: if indonesian { "microsoft-id" } else { "microsoft" },
        file: xlsx(&Table::new(&names, rows.collect())),
        ends: "xlsx",
        notes: if indonesian {
            &[
                "`Email` tidak diimpor",
                "Umpan balik - Bagaimana",
                "bukan id jawaban",
            ]
        } else {
            &[
                "`Name` tidak diimpor",
                "Points - Bagaimana",
                "`Last modified time` tidak diimpor",
            ]
        },
    }
}

/// Qualtrics: three rows above the responses, a preview, and a response that was not finished.
fn qualtrics() -> Export {
    let codes = [
        "StartDate",
        "EndDate",
        "Status",
        "IPAddress",
        "Progress",
        "Duration (in seconds)",
        "Finished",
        "RecordedDate",
        "ResponseId",
        "RecipientLastName",
        "RecipientFirstName",
        "RecipientEmail",
        "ExternalReference",
        "LocationLatitude",
        "LocationLongitude",
        "DistributionChannel",
        "UserLanguage",
    ];
    let names = [
        "Start Date",
        "End Date",
        "Response Type",
        "IP Address",
        "Progress",
        "Duration (in seconds)",
        "Finished",
        "Recorded Date",
        "Response ID",
        "Recipient Last Name",
        "Recipient First Name",
        "Recipient Email",
        "External Data Reference",
        "Location Latitude",
        "Location Longitude",
        "Distribution Channel",
        "User Language",
    ];
    let (mut first, mut second) = (owned(&codes), owned(&names));
    let mut third: Vec<String> = codes
        .iter()
        .map(|code| match code.ends_with("Date") {
            true => format!("{{\"ImportId\":\"{code}\",\"timeZone\":\"Asia/Makassar\"}}"),
            false => format!("{{\"ImportId\":\"{code}\"}}"),
        })
        .collect();
    for (n, question) in QUESTIONS.iter().enumerate() {
        first.push(format!("Q{}", n + 2));
        second.push((*question).to_owned());
        third.push(format!("{{\"ImportId\":\"QID{}\"}}", n + 2));
    }
    let row = |n: usize, status: &str, finished: &str, answers: &[i32; 9]| {
        let mut row = vec![
            format!("2024-10-05 08:0{n}:00"),
            format!("2024-10-05 08:0{n}:41"),
            status.into(),
            "103.10.1.2".into(),
            "100".into(),
            "41".into(),
            finished.into(),
            format!("2024-10-05 08:0{n}:42"),
            format!("R_2aX{n}"),
        ];
        row.extend(owned(&["", "", "", "", "-6.5", "106.8", "anonymous", "ID"]));
        row.extend(labels(answers));
        row
    };
    let mut rows = vec![first, second, third];
    rows.push(row(8, "Survey Preview", "True", &ANSWERS[0]));
    rows.extend(
        ANSWERS
            .iter()
            .enumerate()
            .map(|(n, answers)| row(n, "IP Address", "True", answers)),
    );
    rows.push(row(9, "IP Address", "False", &ANSWERS[0]));
    Export {
        tool: "qualtrics",
        file: csv(&rows, b',', true),
        ends: "csv",
        notes: &[
            "baris 4 tidak diimpor: uji coba atau spam",
            "baris 10 tidak diimpor: jawaban belum selesai",
            "zona waktu di berkas, +08:00",
            "`IP Address` tidak diimpor",
        ],
    }
}

#[test]
fn exports_of_form_tools_need_no_option() {
    let up = Up::start();
    let folder = tempfile::tempdir().unwrap();
    for export in [
        kobo_labels(),
        kobo_xml(),
        lime_codes(),
        lime_texts(),
        monkey_condensed(),
        monkey_expanded(),
        google(),
        microsoft(false),
        microsoft(true),
        qualtrics(),
    ] {
        let name = survey(&up, export.tool);
        let path = folder.path().join(format!("{}.{}", export.tool, export.ends));
        std::fs::write(&path, &export.file).unwrap();
        let ran = import(&up, &path, &name, &[]);
        let output = format!("{}:\n{}{}", export.tool, ran.stdout, ran.stderr);
        assert_eq!(ran.code, Some(0), "{output}");
        for note in export.notes {
            assert!(ran.stderr.contains(note), "`{note}` in {output}");
        }
        let again = import(&up, &path, &name, &[]);
        assert!(
            again.stdout.contains("0 diterima, 5 sudah ada"),
            "{output}{}",
            again.stdout
        );
        assert_eq!(closed(&up, &name), (5, "83.33".to_owned()), "{output}");
    }
}

#[test]
fn a_time_zone_that_is_not_of_indonesia_is_asked_for() {
    let up = Up::start();
    let name = survey(&up, "zona");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.csv");
    let text = String::from_utf8(qualtrics().file)
        .unwrap()
        .replace("Asia/Makassar", "America/Denver");
    std::fs::write(&path, text).unwrap();
    let ran = import(&up, &path, &name, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("America/Denver") && ran.stderr.contains("--timezone"),
        "{}",
        ran.stderr
    );
    let ran = import(&up, &path, &name, &["--timezone", "-06:00"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn an_archive_of_several_files_is_refused() {
    let up = Up::start();
    let name = survey(&up, "arsip");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let table = PLAIN.save(&Table::new(&["Timestamp"], vec![]));
    std::fs::write(&path, zip(&[("a.csv", &table), ("b.csv", &table)])).unwrap();
    let ran = import(&up, &path, &name, &[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("a.csv, b.csv"), "{}", ran.stderr);
}
