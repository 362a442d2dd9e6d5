//! Files that are no tables of sequences, and what is said of each.

use super::Case;

pub const BAD_FILES: &[Case] = &[
    Case { fact: "empty", content: b"", message: "expected a header, got an empty file" },
    Case {
        fact: "byte order mark only",
        content: b"\xef\xbb\xbf",
        message: "expected a header, got empty lines only",
    },
    Case {
        fact: "empty lines only",
        content: b"\n\r\n\n",
        message: "expected a header, got empty lines only",
    },
    Case {
        fact: "header only",
        content: b"id,step,x,label\n",
        message: "expected rows after the header, got the header only",
    },
    Case {
        fact: "binary garbage",
        content: b"\x7fELF\x02\x01\x01\0\0\0\0\0\xff\xfe",
        message: "expected UTF-8 text, got binary data",
    },
    Case {
        fact: "not UTF-8",
        content: b"id,step,x,label\na,0,1,up\na,1,2,\xe9t\xe9\n",
        message: "row 3: expected UTF-8 text, got byte 0xe9 at offset 31 (hint: convert it: iconv -f WINDOWS-1252 -t UTF-8, if that is what it is)",
    },
    Case {
        fact: "UTF-16 with its mark",
        content: b"\xff\xfei\0d\0,\0x\0\n\0",
        message: "expected UTF-8 text, got UTF-16 (hint: convert it: iconv -f UTF-16 -t UTF-8)",
    },
    Case {
        fact: "UTF-16 with its mark, the other byte first",
        content: b"\xfe\xff\0i\0d\0,\0x\0\n",
        message: "expected UTF-8 text, got UTF-16 (hint: convert it: iconv -f UTF-16 -t UTF-8)",
    },
    Case {
        fact: "UTF-16 without its mark",
        content: b"i\0d\0,\0x\0\n\0",
        message: "expected UTF-8 text, got UTF-16 (hint: convert it: iconv -f UTF-16LE -t UTF-8)",
    },
    Case {
        fact: "UTF-16 without its mark, the other byte first",
        content: b"\0i\0d\0,\0x\0\n",
        message: "expected UTF-8 text, got UTF-16 (hint: convert it: iconv -f UTF-16BE -t UTF-8)",
    },
    Case {
        fact: "UTF-32",
        content: b"\xff\xfe\0\0i\0\0\0",
        message: "expected UTF-8 text, got UTF-32 (hint: convert it: iconv -f UTF-32 -t UTF-8)",
    },
    Case {
        fact: "a workbook",
        content: b"PK\x03\x04\x14\0\x06\0\x08\0\0\0",
        message: "expected UTF-8 text, got a ZIP archive (a workbook of a spreadsheet is one)",
    },
    Case {
        fact: "Parquet",
        content: b"PAR1\x15\0\x15\xff",
        message: "expected UTF-8 text, got a Parquet file",
    },
    Case {
        fact: "a zero byte far inside",
        content: b"id,step,x,label\na,0,1,up\nb,0,\0,up\n",
        message: "expected UTF-8 text, got binary data",
    },
    Case {
        fact: "row too short",
        content: b"id,step,x,label\na,0,1,up\n\na,1,up\n",
        message: "row 4: expected 4 fields as in the header, got 3 fields",
    },
    Case {
        fact: "row too long, after CRLF",
        content: b"id,step,x,label\r\na,0,1,up\r\na,1,2,up,\r\n",
        message: "row 3: expected 4 fields as in the header, got 5 fields",
    },
    Case {
        fact: "quote not closed",
        content: b"id,step,x,label\na,0,1,\"up\na,1,2,up\nb,0,1,down\n",
        message: "row 2, column \"label\": expected a class on one line, got \"up\\na,1,2,up\\nb,0,1,down\" (hint: a quoted field goes on in the next row: is its quote closed?)",
    },
    Case {
        fact: "quote not closed before the last column",
        content: b"id,step,x,label\na,0,\"1,up\na,1,2,up\nb,0,1,down\n",
        message: "row 2: expected 4 fields as in the header, got 3 fields (hint: a quoted field goes on in the next row: is its quote closed?)",
    },
    Case {
        fact: "other delimiter",
        content: b"id;step;x;label\na;0;1;up\n",
        message: "row 1: expected columns separated by comma, got \"id;step;x;label\" (hint: set the delimiter to semicolon)",
    },
    Case {
        fact: "tabs",
        content: b"id\tstep\tx\tlabel\na\t0\t1\tup\n",
        message: "row 1: expected columns separated by comma, got \"id\\tstep\\tx\\tlabel\" (hint: set the delimiter to tab)",
    },
    Case {
        fact: "header names a column twice",
        content: b"id,x,step,x,label\na,0,1,2,up\n",
        message: "row 1, column \"x\": expected each name once, got it for columns 2 and 4",
    },
    Case {
        fact: "unknown column, with a near one",
        content: b"id,step,x,labels\na,0,1,up\n",
        message: "column \"label\": expected a column of this name, got none (hint: did you mean \"labels\"?)",
    },
    Case {
        fact: "unknown column, with none near",
        content: b"id,step,x,zzz\na,0,1,up\n",
        message: "column \"label\": expected a column of this name, got none (hint: the columns are \"id\", \"step\", \"x\", \"zzz\")",
    },
    Case {
        fact: "no column of numbers",
        content: b"id,step,note,label\na,0,hello,up\n",
        message: "expected at least one further column of numbers for the features, got none (\"note\", which holds text (\"hello\" in row 2))",
    },
    Case {
        fact: "no further column",
        content: b"id,step,label\na,0,up\n",
        message: "expected at least one further column of numbers for the features, got none",
    },
    Case {
        fact: "text in a numeric column",
        content: b"id,step,x,label\na,0,1,up\na,1,abc,up\n",
        message: "row 3, column \"x\": expected a number, got \"abc\"",
    },
    Case {
        fact: "decimal comma",
        content: b"id,step,x,label\na,0,1,up\na,1,\"1,5\",up\n",
        message: "row 3, column \"x\": expected a number, got \"1,5\"",
    },
    Case {
        fact: "text too long for a message",
        content: b"id,step,x,label\na,0,1,up\na,1,0123456789012345678901234567890123456789abc,up\n",
        message: "row 3, column \"x\": expected a number, got \"0123456789012345678901234567890123456789\"\u{2026}",
    },
    Case {
        fact: "empty cell",
        content: b"id,step,x,label\na,0,1,up\na,1,,up\n",
        message: "row 3, column \"x\": expected a number, got an empty cell (hint: --missing mask and --missing last take missing values)",
    },
    Case {
        fact: "empty cell in the first row",
        content: b"id,step,x,label\na,0, ,up\na,1,2,up\n",
        message: "row 2, column \"x\": expected a number, got an empty cell (hint: --missing mask and --missing last take missing values)",
    },
    Case {
        fact: "word for a missing value in the first row",
        content: b"id,step,x,label\na,0,NA,up\na,1,2,up\n",
        message: "row 2, column \"x\": expected a number, got \"NA\" (hint: --missing mask and --missing last take missing values)",
    },
    Case {
        fact: "several values missing, in another column first",
        content: b"id,step,x,y,label\na,0,1,1,up\na,1,1,NaN,up\na,2,?,1,up\na,3,,-,up\n",
        message: "row 3, column \"y\": expected a number, got \"NaN\", the first of 4 missing values (hint: --missing mask and --missing last take missing values)",
    },
    Case {
        fact: "infinity",
        content: b"id,step,x,label\na,0,1,up\na,1,-inf,up\n",
        message: "row 3, column \"x\": expected a finite number, got \"-inf\"",
    },
    Case {
        fact: "beyond the range",
        content: b"id,step,x,label\na,0,1,up\na,1,1e999,up\n",
        message: "row 3, column \"x\": expected a finite number, got \"1e999\"",
    },
    Case {
        fact: "empty id",
        content: b"id,step,x,label\na,0,1,up\n,1,1,up\n",
        message: "row 3, column \"id\": expected the id of a sequence, got an empty cell",
    },
    Case {
        fact: "rows of a sequence apart",
        content: b"id,step,x,label\na,0,1,up\na,1,1,up\nb,0,1,up\na,2,1,up\n",
        message: "row 5, column \"id\": expected all rows of sequence \"a\" in one place, got a further one after rows 2 to 3 (hint: --sort puts the rows in the order of sequence and time)",
    },
    Case {
        fact: "time stands still",
        content: b"id,step,x,label\na,0,1,up\na,1,1,up\na,1.0,1,up\n",
        message: "row 4, column \"step\": expected a time after 1, that of the row before, got 1",
    },
    Case {
        fact: "time runs back",
        content: b"id,step,x,label\na,0,1,up\na,2,1,up\na,1,1,up\n",
        message: "row 4, column \"step\": expected a time after 2, that of the row before, got 1 (hint: --sort puts the rows in the order of sequence and time)",
    },
    Case {
        fact: "no time",
        content: b"id,step,x,label\na,,1,up\n",
        message: "row 2, column \"step\": expected a time, got an empty cell",
    },
    Case {
        fact: "time is text",
        content: b"id,step,x,label\na,noon,1,up\n",
        message: "row 2, column \"step\": expected a number or a date like 2024-05-31 or 2024-05-31T18:00:00, got \"noon\"",
    },
    Case {
        fact: "a date that no calendar has",
        content: b"id,step,x,label\na,2024-02-31,1,up\n",
        message: "row 2, column \"step\": expected a day from 1 to 29 in 2024-02, got \"2024-02-31\"",
    },
    Case {
        fact: "a time that no clock has",
        content: b"id,step,x,label\na,2024-02-01T23:00:00,1,up\na,2024-02-02T25:61:99,1,up\n",
        message: "row 3, column \"step\": expected an hour from 0 to 23, got \"2024-02-02T25:61:99\"",
    },
    Case {
        fact: "an earlier date written otherwise",
        content: b"id,step,x,label\na,2024-01-01 11:00:00,1,up\na,2024-01-01T10:00:00,1,up\n",
        message: "row 3, column \"step\": expected a time after 2024-01-01 11:00:00, that of the row before, got 2024-01-01T10:00:00 (hint: --sort puts the rows in the order of sequence and time)",
    },
    Case {
        fact: "the same moment at another offset",
        content:
            b"id,step,x,label\na,2024-01-01T11:00:00+01:00,1,up\na,2024-01-01T10:00:00Z,1,up\n",
        message: "row 3, column \"step\": expected a time after 2024-01-01T11:00:00+01:00, that of the row before, got 2024-01-01T10:00:00Z",
    },
    Case {
        fact: "an offset after dates without one",
        content: b"id,step,x,label\na,2024-01-01T10:00,1,up\na,2024-01-01T11:00Z,1,up\n",
        message: "row 3, column \"step\": expected a date without an offset from UTC, as 2024-01-01T10:00 before it, got \"2024-01-01T11:00Z\"",
    },
    Case {
        fact: "no offset after dates with one",
        content: b"id,step,x,label\na,2024-01-01T10:00Z,1,up\na,2024-01-01T11:00,1,up\n",
        message: "row 3, column \"step\": expected a date with an offset from UTC, as 2024-01-01T10:00Z before it, got \"2024-01-01T11:00\"",
    },
    Case {
        fact: "time is not a number",
        content: b"id,step,x,label\na,NaN,1,up\n",
        message: "row 2, column \"step\": expected a number or a date like 2024-05-31 or 2024-05-31T18:00:00, got \"NaN\"",
    },
    Case {
        fact: "date after numbers",
        content: b"id,step,x,label\na,1,1,up\na,2024-05-31,1,up\n",
        message: "row 3, column \"step\": expected a number, got \"2024-05-31\"",
    },
    Case {
        fact: "number after dates",
        content: b"id,step,x,label\na,2024-05-31,1,up\na,7,1,up\n",
        message: "row 3, column \"step\": expected a date, as 2024-05-31 before it, got \"7\"",
    },
    Case {
        fact: "target changes",
        content: b"id,step,x,label\na,0,1,up\nb,0,1,up\nb,1,1,down\n",
        message: "row 4, column \"label\": expected \"up\" as in row 3, the first of the sequence, got \"down\"",
    },
    Case {
        fact: "no target",
        content: b"id,step,x,label\na,0,1,\n",
        message: "row 2, column \"label\": expected a class, got an empty cell",
    },
];
