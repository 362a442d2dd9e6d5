//! What is read of dated tables, and what is refused.

use super::*;

fn read(text: &str, options: &FrameOptions) -> Result<Frame> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, text).unwrap();
    Frame::read(&[path], options)
}

fn fault(text: &str) -> String {
    let error = read(text, &FrameOptions::default()).unwrap_err().to_string();
    error.split_once("t.csv: ").unwrap().1.to_owned()
}

#[test]
fn what_breaks_the_frequency_is_named_with_its_place() {
    let cases = [
        (
            "ds,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,2\n2024-01-05,2\n",
            "row 5: expected 2024-01-04, as the rows are daily, got 2024-01-05 (hint: 1 missing; --fill-gaps makes them rows)",
        ),
        (
            "ds,y\n2024-01-01,1\n2024-01-01,2\n",
            "row 3: expected a time after 2024-01-01, got 2024-01-01 again (hint: --repeats first, last or mean takes several rows of one time)",
        ),
        (
            "ds,y\n2024-01-02,1\n2024-01-01,2\n",
            "row 3: expected a time after 2024-01-02, got 2024-01-01",
        ),
        (
            "ds,y\n1,1\n2,2\n3.5,1\n",
            "row 4, column \"ds\": expected a whole number or second, got \"3.5\"",
        ),
        (
            "ds,y\n2024-01-01T00:00Z,1\n2024-01-01 01:00,2\n",
            "row 3, column \"ds\": expected a date with an offset from UTC, as 2024-01-01T00:00Z before it, got \"2024-01-01 01:00\"",
        ),
        (
            "ds,y\n2024/01/01,1\n",
            "row 2, column \"ds\": expected a number or a date like 2024-05-31 or 2024-05-31T18:00:00, got \"2024/01/01\"",
        ),
        (
            "unique_id,ds,y\na,2024-01-01,1\na,2024-01-02,1\nb,2024-01-01,2\nb,2024-01-08,1\n",
            "row 4: expected series \"b\" daily, as \"a\", got weekly",
        ),
        ("ds,y\n1,1\n", "expected a series of at least two rows, got one row each"),
        (
            "ds,y\n1,1\n2,\n",
            "row 3, column \"y\": expected a number, got a missing value (hint: --missing last takes missing values)",
        ),
        (
            "ds,z\n1,1\n2,3\n",
            "expected the name of its target column, or a column \"y\", got neither (hint: the columns are ds, z)",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(fault(text), expected);
    }
}

#[test]
fn gaps_are_filled_on_request() {
    let options = FrameOptions { gaps: Gaps::Fill, ..FrameOptions::default() };
    let text = "ds,y\n2024-01,1\n2024-02,2\n2024-05,5\n";
    let frame = read(text, &options).unwrap();
    let values = &frame.series[0].values;
    assert_eq!((values.len(), values[1], values[4]), (5, 2.0, 5.0));
    assert!(values[2].is_nan() && values[3].is_nan());
    assert_eq!(frame.style.write(frame.time(&frame.series[0], 6)), "2024-07");
}

#[test]
fn a_wide_table_has_a_series_in_each_column() {
    let columns = Columns { targets: vec!["a".into(), "b".into()], ..Columns::default() };
    let options = FrameOptions { columns, features: vec!["x".into()], ..FrameOptions::default() };
    let frame = read("ds,a,b,x\n1,10,20,5\n3,11,21,6\n5,12,22,7\n", &options).unwrap();
    assert_eq!(frame.frequency, Frequency::Steps(2));
    assert_eq!(frame.series[1].id, "b");
    assert_eq!(frame.series[1].values, [20.0, 21.0, 22.0]);
    assert_eq!(frame.series[0].features, [5.0, 6.0, 7.0]);
    assert_eq!(frame.before(1).series[0].values, [10.0, 11.0]);
}

#[test]
fn rows_of_one_time_are_taken_on_request() {
    let text = "ds,y\n1,1\n2,4\n2,\n2,7\n3,5\n";
    for (repeats, expected) in [(Repeats::First, 4.0), (Repeats::Last, 7.0), (Repeats::Mean, 5.5)] {
        let options = FrameOptions { repeats, missing: true, ..FrameOptions::default() };
        assert_eq!(read(text, &options).unwrap().series[0].values, [1.0, expected, 5.0]);
    }
}

#[test]
fn rows_are_sorted_on_request() {
    let columns = Columns { order: RowOrder::Sort, ..Columns::default() };
    let options = FrameOptions { columns, ..FrameOptions::default() };
    let frame = read("ds,y\n3,30\n1,10\n2,20\n", &options).unwrap();
    assert_eq!(frame.series[0].values, [10.0, 20.0, 30.0]);
}

#[test]
fn static_columns_are_one_number() {
    let options = FrameOptions { statics: vec!["size".into()], ..FrameOptions::default() };
    let text = "unique_id,ds,y,size\na,1,1,5\na,2,1,5\nb,1,1,9\nb,2,1,9\n";
    let frame = read(text, &options).unwrap();
    assert_eq!((frame.series[0].statics[0], frame.series[1].statics[0]), (5.0, 9.0));
    let error = read("ds,y,size\n1,1,5\n2,1,6\n", &options).unwrap_err().to_string();
    assert!(error.ends_with("row 3, column \"size\": expected 5, one number, got 6"), "{error}");
}

#[test]
fn what_is_known_ahead_is_read_from_a_second_table() {
    let options = FrameOptions { known: vec!["sale".into()], ..FrameOptions::default() };
    let text = "unique_id,ds,y,sale\na,1,1,0\na,2,1,1\nb,1,1,0\nb,2,1,0\n";
    let frame = read(text, &options).unwrap();
    let ahead = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.csv");
        std::fs::write(&path, text).unwrap();
        let mut frame = frame.clone();
        frame
            .read_future(&[path], &options)
            .map(|()| frame)
            .map_err(|error| error.to_string().split_once("f.csv: ").unwrap().1.to_owned())
    };
    let known = ahead("unique_id,ds,sale\na,3,1\na,4,0\nb,3,1\n").unwrap();
    assert_eq!(known.series[0].known, [0.0, 1.0, 1.0, 0.0]);
    assert_eq!(known.series[1].known, [0.0, 0.0, 1.0]);
    let cases = [
        (
            "unique_id,ds,sale\na,2,1\n",
            "row 2: expected a time after 2, the last one of series \"a\", got 2",
        ),
        ("unique_id,ds,sale\na,4,1\n", "row 2: expected 3, the next time of series \"a\", got 4"),
        ("unique_id,ds,sale\nc,3,1\n", "row 2: expected one of the series a, b, got \"c\""),
        (
            "unique_id,ds,sale\na,3,\n",
            "row 2, column \"sale\": expected a number, as it is known ahead, got a missing value",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(ahead(text).unwrap_err(), expected);
    }
}

#[test]
fn days_without_dashes_are_days_of_the_calendar() {
    let frame =
        read("ds,y\n20240226,1\n20240304,2\n20240311,4\n", &FrameOptions::default()).unwrap();
    assert_eq!(frame.frequency.name(), "weekly");
    let ahead = frame.frequency.advance(frame.series[0].start, 3);
    assert_eq!(frame.style.write(ahead), "20240318");
    // The 32nd of a month: these numbers count something else.
    let steps = read("ds,y\n20240130,1\n20240131,2\n20240132,4\n", &FrameOptions::default());
    assert_eq!(steps.unwrap().style, Style::Whole);
}
