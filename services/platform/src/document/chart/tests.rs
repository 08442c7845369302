use maud::Markup;

use super::draw::{tick_label, ticks, wrapped};
use super::*;

const ABOUT: About<'static> = About {
    id: "g",
    title: "Judul <b>",
    description: "Uraian & angka",
};

fn parsed(drawing: Markup) -> String {
    let text = drawing.into_string();
    let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    let by_id = |id: &str| {
        document
            .descendants()
            .find(|node| node.attribute("id") == Some(id))
    };
    for id in root.attribute("aria-labelledby").unwrap().split(' ') {
        assert!(by_id(id).unwrap().text().is_some(), "{id}");
    }
    for node in document.descendants() {
        for attribute in node.attributes() {
            assert!(
                !attribute.value().contains("NaN") && !attribute.value().contains("inf"),
                "{text}"
            );
        }
    }
    text
}

fn bars(value: Option<f64>) -> Bars<'static> {
    Bars {
        about: ABOUT,
        axis: "NRR",
        from: 1.0,
        to: 4.0,
        guides: vec![
            Guide {
                from: 3.0,
                label: "B".into(),
            },
            Guide {
                from: 1.0,
                label: "D".into(),
            },
        ],
        bars: vec![Bar {
            label: "U1 <script>alert(1)</script>".into(),
            value,
            shown: "2,5000".into(),
            hatched: true,
        }],
    }
}

#[test]
fn a_bar_is_as_long_as_its_share_of_the_scale() {
    let text = parsed(bars(Some(2.5)).render());
    let document = roxmltree::Document::parse(&text).unwrap();
    let bar = document
        .descendants()
        .rfind(|node| {
            node.tag_name().name() == "rect" && node.parent_element().unwrap().tag_name().name() == "svg"
        })
        .unwrap();
    assert_eq!(bar.attribute("width"), Some("181")); // half of 680 - 262 - 56
    assert!(text.contains("2,5000") && !text.contains("<script"));
    let empty = parsed(bars(None).render());
    assert_eq!(empty.matches("<rect").count() + 1, text.matches("<rect").count());
}

#[test]
fn the_parts_of_a_stack_fill_it() {
    let stack = |counts: Vec<i64>| Stack {
        about: ABOUT,
        parts: (1..=4).map(|score| score.to_string()).collect(),
        rows: vec![StackRow {
            label: "U1".into(),
            counts,
        }],
    };
    let text = parsed(stack(vec![1, 0, 1, 2]).render());
    for share in ["25,0", "50,0"] {
        assert!(text.contains(&format!(">{share}<")), "{share} in {text}");
    }
    let empty = parsed(stack(vec![0, 0, 0, 0]).render());
    assert!(!empty.contains("0,0"));
    parsed(stack(vec![]).render());
}

#[test]
fn a_scatter_chart_shows_all_its_points_also_one_or_none() {
    let scatter = |points: Vec<Point>, split| Scatter {
        about: ABOUT,
        x_axis: "NRR",
        y_axis: "Korelasi",
        split,
        quarters: ["a", "b", "c", "d"].map(str::to_owned),
        points,
    };
    let point = |x: f64| Point {
        label: "U1".into(),
        x,
        y: 0.5,
    };
    for points in [
        vec![],
        vec![point(3.0)],
        vec![point(3.0), point(3.0)],
        (0..30).map(|n| point(f64::from(n))).collect(),
    ] {
        let count = points.len();
        let text = parsed(scatter(points, Some((3.0, 0.4))).render());
        assert_eq!(text.matches("<circle").count(), count);
    }
    parsed(scatter(vec![], None).render());
}

#[test]
fn ticks_are_round_and_few() {
    assert_eq!(ticks(1.0, 4.0), (vec![1.0, 2.0, 3.0, 4.0], 0));
    let (values, places) = ticks(3.41, 3.98);
    assert!(
        (2..=7).contains(&values.len()) && places == 1,
        "{values:?} {places}"
    );
    assert_eq!(ticks(2.0, 2.0).0, [2.0]);
    assert_eq!(tick_label(-0.0001, 1), "0,0");
    assert_eq!(tick_label(-0.5, 1), "-0,5");
}

#[test]
fn long_labels_take_two_lines_and_are_cut() {
    assert_eq!(wrapped("U1 Persyaratan", 38), ["U1 Persyaratan"]);
    assert_eq!(
        wrapped("U8 Penanganan Pengaduan, Saran, dan Masukan", 38).len(),
        2
    );
    let long = wrapped(&"panjang ".repeat(30), 38);
    assert!(long.len() == 2 && long[1].ends_with('…'), "{long:?}");
    let word = wrapped(&"x".repeat(200), 38);
    assert_eq!(word[0].chars().count(), 38);
    assert_eq!(wrapped("", 38), [""]);
}
