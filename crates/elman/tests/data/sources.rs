//! Where tables come from: gzip, several files, endings, decimal commas; and how fast they are read.

use std::io::Write as _;
use std::path::PathBuf;

use elman::data::{Columns, Decimal, Delimiter, ReadOptions, read, read_files};

use super::{Case, TestFile, check_messages, labelled};

const GOOD: &str = "id,step,x,y,label\na,0,1,-2.5,up\na,1,3e1,+4,up\nb,7,.5,6.,down\n";
/// `gzip.compress(GOOD, mtime=0)` of Python 3.11.
const GZIPPED: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x4c, 0xd1, 0x29, 0x2e, 0x49,
    0x2d, 0xd0, 0xa9, 0xd0, 0xa9, 0xd4, 0xc9, 0x49, 0x4c, 0x4a, 0xcd, 0xe1, 0x4a, 0xd4, 0x31, 0xd0,
    0x31, 0xd4, 0xd1, 0x35, 0xd2, 0x33, 0xd5, 0x29, 0x2d, 0x00, 0xf2, 0x0c, 0x75, 0x8c, 0x53, 0x0d,
    0x75, 0xb4, 0x4d, 0x40, 0xbc, 0x24, 0x1d, 0x73, 0x1d, 0xa0, 0xb8, 0x99, 0x9e, 0x4e, 0x4a, 0x7e,
    0x79, 0x1e, 0x17, 0x00, 0x7a, 0xbc, 0xc3, 0x84, 0x3d, 0x00, 0x00, 0x00,
];

#[test]
fn gzip_is_known_by_its_first_bytes_whatever_the_name() {
    let plain = TestFile::new("csv", GOOD.as_bytes()).read(&labelled()).unwrap();
    for ending in ["csv.gz", "csv", "txt.gz"] {
        let read = TestFile::new(ending, GZIPPED).read(&labelled()).unwrap();
        assert_eq!(read.values(), plain.values(), "{ending}");
        assert_eq!(read.ids(), plain.ids());
        // The digest is that of the file as it is.
        assert_ne!(read.source().unwrap().digest, plain.source().unwrap().digest);
    }
    let named = TestFile::new("csv.gz", GOOD.as_bytes()).read(&labelled()).unwrap();
    assert_eq!(named.values(), plain.values());
}

#[test]
fn damaged_gzip_is_refused() {
    let mut damaged = GZIPPED.to_vec();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let cases = [
        (&GZIPPED[..GZIPPED.len() - 9], "it ends early"),
        (&GZIPPED[..12], "it ends early"),
        (&damaged, "its checksum is another"),
    ];
    for (content, found) in cases {
        let file = TestFile::new("csv.gz", content);
        let error = file.without_path(&file.read(&labelled()).unwrap_err().to_string());
        assert_eq!(error, format!("expected a complete gzip file, got one with a fault: {found}"));
    }
}

#[test]
fn the_ending_or_the_header_tells_what_separates_the_fields() {
    let plain = TestFile::new("csv", GOOD.as_bytes()).read(&labelled()).unwrap();
    for (ending, separator) in
        [("tsv", "\t"), ("TAB", "\t"), ("txt", "\t"), ("txt", ";"), ("txt", ",")]
    {
        let text = GOOD.replace(',', separator);
        let read = TestFile::new(ending, text.as_bytes()).read(&labelled()).unwrap();
        assert_eq!(read.values(), plain.values(), "{ending} {separator:?}");
    }
    let mut options = labelled();
    options.columns.delimiter = Some(Delimiter::Comma);
    let read = TestFile::new("tsv", GOOD.as_bytes()).read(&options).unwrap();
    assert_eq!(read.values(), plain.values());
}

fn with_commas() -> ReadOptions {
    let options = labelled();
    let columns = Columns {
        delimiter: Some(Delimiter::Semicolon),
        decimal: Decimal::Comma,
        ..options.columns
    };
    ReadOptions { columns, ..options }
}

#[test]
fn decimal_commas_are_read_when_asked_for() {
    let text = "id;step;x;y;label\na;0,5;1;-2,5;up\na;1,25;3e1;+4;up\nb;7;,5;6,;down\n";
    let read = TestFile::new("csv", text.as_bytes()).read(&with_commas()).unwrap();
    assert_eq!(read.values(), [1.0, -2.5, 30.0, 4.0, 0.5, 6.0]);
    let cases = [
        Case {
            fact: "a point after a decimal comma was promised",
            content: b"id;step;x;label\na;0;1,5;up\na;1;1.5;up\n",
            message: "row 3, column \"x\": expected a number with a decimal comma, got \"1.5\"",
        },
        Case {
            fact: "two commas",
            content: b"id;step;x;label\na;0;1,5;up\na;1;1,5,5;up\n",
            message: "row 3, column \"x\": expected a number, got \"1,5,5\"",
        },
        Case {
            fact: "times with commas that stand still",
            content: b"id;step;x;label\na;1,5;1;up\na;1,5;2;up\n",
            message: "row 3, column \"step\": expected a time after 1.5, that of the row before, got 1.5",
        },
    ];
    check_messages("csv", &with_commas(), &cases);
}

/// Files `0.csv`, `1.csv`, … in one folder.
struct Files {
    _folder: tempfile::TempDir,
    paths: Vec<PathBuf>,
}

impl Files {
    fn new(texts: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |(index, text): (usize, &&str)| {
            let path = folder.path().join(format!("{index}.csv"));
            std::fs::write(&path, text).unwrap();
            path
        };
        let paths = texts.iter().enumerate().map(path).collect();
        Files { _folder: folder, paths }
    }

    fn message(&self, options: &ReadOptions) -> String {
        let error = read_files(&self.paths, options).unwrap_err().to_string();
        error.replace(&format!("{}/", self._folder.path().display()), "")
    }
}

#[test]
fn several_files_are_read_as_one() {
    let (first, second) = GOOD.split_at(GOOD.find("b,7").unwrap());
    let header = "id,step,x,y,label\n";
    let files = Files::new(&[first, &format!("{header}{second}"), header]);
    let read = read_files(&files.paths, &labelled()).unwrap();
    let whole = TestFile::new("csv", GOOD.as_bytes()).read(&labelled()).unwrap();
    assert_eq!(read.values(), whole.values());
    assert_eq!((read.ids(), read.targets()), (whole.ids(), whole.targets()));
    let path = read.source().unwrap().path.display().to_string();
    assert!(path.contains("0.csv, ") && path.ends_with("2.csv"), "{path}");
}

#[test]
fn faults_name_the_file_they_are_in() {
    let header = "id,step,x,y,label\n";
    let second = |row: &str| Files::new(&[GOOD, &format!("{header}{row}")]).message(&labelled());
    let cases = [
        (second("c,0,1,x,up\n"), "1.csv: row 2, column \"y\": expected a number, got \"x\""),
        (
            second("c,0,1,,up\n"),
            "1.csv: row 2, column \"y\": expected a number, got an empty cell (hint: --missing mask \
             and --missing last take missing values)",
        ),
        (
            second("a,0,1,1,up\n"),
            "1.csv: row 2, column \"id\": expected all rows of sequence \"a\" in one place, got a \
             further one after rows 2 to 3 (hint: --sort puts the rows in the order of sequence and \
             time)",
        ),
        (
            Files::new(&[GOOD, "id,step,y,x,label\nc,0,1,1,up\n"]).message(&labelled()),
            "1.csv: row 1: expected the header of the first file, \"id\", \"step\", \"x\", \"y\", \
             \"label\", got \"id\", \"step\", \"y\", \"x\", \"label\"",
        ),
        (
            Files::new(&[GOOD, ""]).message(&labelled()),
            "1.csv: expected a header, got an empty file",
        ),
        (Files::new(&[]).message(&labelled()), "data: expected at least one file, got none"),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
    let files = Files::new(&[GOOD, &format!("{header}\nc,0,1,1e300,up\n")]);
    let data = read_files(&files.paths, &labelled()).unwrap();
    let error = data.batch::<f32>(&[2], None).unwrap_err().to_string();
    assert!(error.contains("1.csv: row 3, column \"y\": "), "{error}");
}

#[test]
fn ts_files_are_read_alone() {
    let ts = TestFile::new("ts", b"@data\n1,2\n");
    let csv = TestFile::new("csv", GOOD.as_bytes());
    let error = read_files(&[csv.path.clone(), ts.path.clone()], &labelled()).unwrap_err();
    let message = ts.without_path(&error.to_string());
    assert_eq!(
        message,
        "expected tables only, where several files are read as one, got a .ts file"
    );
}

/// What other programs may hand over: one line without an end, and a quote that is never closed.
#[test]
fn endless_rows_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.csv");
    for (start, row) in [("id,step,x,label\n", 2), ("id,step,x,label\na,0,\"1,up\n", 2)] {
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        file.write_all(start.as_bytes()).unwrap();
        let end = if row == 2 && start.ends_with("label\n") { "" } else { "\n" };
        for _ in 0..10_000_000 / 10 {
            write!(file, "{}{end}", "0123456789".repeat(7)).unwrap();
        }
        drop(file);
        let error = read(&path, &labelled()).unwrap_err().to_string();
        let expected =
            "expected rows of at most 64 MiB, got a longer one (hint: is a quote not closed?)";
        assert!(error.ends_with(expected), "{error}");
    }
}

/// What stays in memory of a table are its numbers: not its text, and not twice the numbers while
/// they grow in number.
#[test]
fn reading_needs_a_fifth_more_memory_than_the_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.csv");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(file, "id,step,a,b,note,c,d,label").unwrap();
    for row in 0..300_000u32 {
        let [a, b] = [f64::from(row).sin(), f64::from(row).sqrt()];
        let (id, step) = (row / 1000, row % 1000);
        writeln!(file, "{id},{step},{a},{b},ok,{},{row},{}", a * b, id % 2).unwrap();
    }
    drop(file);
    let mut read_again = None;
    let read = || read_again = Some(read(&path, &labelled()).unwrap());
    let peak = allocation_counter::measure(read).bytes_max;
    let data = read_again.unwrap();
    let numbers = size_of_val(data.values());
    assert_eq!(numbers, 300_000 * 4 * 8);
    // Two buffers of 256 KiB, the ids and one row.
    let most = numbers as u64 * 12 / 10;
    assert!(peak <= most, "{peak} bytes, {most} at most");
}
