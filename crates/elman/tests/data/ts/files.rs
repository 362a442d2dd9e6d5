//! Files that are no `.ts` files, and what is said of each.

use super::Case;

pub const BAD_FILES: &[Case] = &[
    Case { fact: "empty", content: b"", message: "expected a header, got an empty file" },
    Case {
        fact: "binary garbage",
        content: b"\0\x01\x02\xff",
        message: "expected UTF-8 text, got binary data",
    },
    Case {
        fact: "not UTF-8",
        content: b"# caf\xc3\xa9\n# caf\xe9\n@data\n",
        message: "row 2: expected UTF-8 text, got byte 0xe9 at offset 13 (hint: convert it: iconv -f WINDOWS-1252 -t UTF-8, if that is what it is)",
    },
    Case {
        fact: "no @data",
        content: b"# only\n@dimensions 2\n",
        message: "expected a line @data before the sequences, got none",
    },
    Case {
        fact: "sequences without @data",
        content: b"@classLabel true a b\n1,2:a\n",
        message: "row 2: expected a tag, or @data before the first sequence, got \"1,2:a\"",
    },
    Case {
        fact: "nothing after @data",
        content: b"@classLabel true a b\n@data\n\n# end\n",
        message: "expected sequences after @data, got none",
    },
    Case {
        fact: "text after @data",
        content: b"@data 1,2\n",
        message: "row 1: expected nothing after @data, got \"1,2\"",
    },
    Case {
        fact: "unknown tag with a near one",
        content: b"@problemName x\n@dimesion 2\n@data\n",
        message: "row 2: expected a tag of the .ts format, got \"@dimesion\" (hint: did you mean \"@dimension\"?)",
    },
    Case {
        fact: "unknown tag",
        content: b"@xyz 2\n@data\n",
        message: "row 1: expected a tag of the .ts format, got \"@xyz\"",
    },
    Case {
        fact: "tag that contradicts itself",
        content: b"@dimensions 2\n@DIMENSION 3\n@data\n",
        message: "row 2: expected @DIMENSION 2 again, as in row 1, got \"3\"",
    },
    Case {
        fact: "classes in another order",
        content: b"@classLabel true a b\n@classLabel true b a\n@data\n",
        message: "row 2: expected @classLabel true a b again, as in row 1, got \"true b a\"",
    },
    Case {
        fact: "labels, and then none",
        content: b"@classLabel true a b\n@classLabel false a b\n@data\n",
        message: "row 2: expected @classLabel true a b again, as in row 1, got \"false a b\"",
    },
    Case {
        fact: "time stamps",
        content: b"@timeStamps true\n@data\n(0,1):a\n",
        message: "row 1: expected @timeStamps false, got true (hint: time stamps inside .ts files are not supported)",
    },
    Case {
        fact: "neither true nor false",
        content: b"@missing maybe\n@data\n",
        message: "row 1: expected true or false after @missing, got \"maybe\"",
    },
    Case {
        fact: "no truth value",
        content: b"@univariate\n@data\n",
        message: "row 1: expected true or false after @univariate, got nothing",
    },
    Case {
        fact: "no dimensions",
        content: b"@dimensions 0\n@data\n",
        message: "row 1: expected a whole number above 0 after @dimensions, got \"0\"",
    },
    Case {
        fact: "more dimensions than numbers go",
        content: b"@dimensions 99999999999999999999\n@data\n",
        message: "row 1: expected a whole number above 0 after @dimensions, got \"99999999999999999999\"",
    },
    Case {
        fact: "univariate with two dimensions",
        content: b"@univariate true\n@dimensions 2\n@data\n",
        message: "row 2: expected 1 dimension beside @univariate true, got @dimensions 2",
    },
    Case {
        fact: "two dimensions, univariate",
        content: b"@dimensions 2\n@univariate true\n@data\n",
        message: "row 2: expected 1 dimension beside @univariate true, got @dimensions 2",
    },
    Case {
        fact: "no classes",
        content: b"@classLabel true\n@data\n",
        message: "row 1: expected the classes after @classLabel true, got none",
    },
    Case {
        fact: "class twice",
        content: b"@classLabel true a b a\n@data\n",
        message: "row 1: expected each class once, got \"a\" twice",
    },
    Case {
        fact: "classes after false",
        content: b"@classLabel false a b\n@data\n",
        message: "row 1: expected no classes after @classLabel false, got \"a\", \"b\"",
    },
    Case {
        fact: "two kinds of label",
        content: b"@classLabel true a b\n@targetLabel true\n@data\n",
        message: "row 2: expected one kind of label, that of @classLabel true, got @targetLabel true as well",
    },
    Case {
        fact: "numbers instead of classes",
        content: b"@targetLabel true\n@data\n1:2\n",
        message: "expected @classLabel true and the classes, got @targetLabel true",
    },
    Case {
        fact: "no label",
        content: b"@dimensions 1\n@data\n1\n",
        message: "expected @classLabel true and the classes, got neither @classLabel true nor @targetLabel true",
    },
    Case {
        fact: "too few dimensions",
        content: b"@dimensions 3\n@classLabel true a b\n@data\n1:2:3:a\n\n1:2:b\n",
        message: "row 6: expected 3 dimensions (as the tags say) and the label, separated by \":\", got 2 dimensions and the label",
    },
    Case {
        fact: "too many dimensions",
        content: b"@univariate true\n@classLabel true a b\n@data\n1:2:a\n",
        message: "row 4: expected 1 dimension (as the tags say) and the label, separated by \":\", got 2 dimensions and the label",
    },
    Case {
        fact: "dimensions differ where no tag counts them",
        content: b"@classLabel true a b\n@data\n1:2:a\n1:b\n",
        message: "row 4: expected 2 dimensions (as in row 3) and the label, separated by \":\", got 1 dimension and the label",
    },
    Case {
        fact: "label only",
        content: b"@classLabel true a b\n@data\na\n",
        message: "row 3: expected 1 dimension (at least one) and the label, separated by \":\", got 0 dimensions and the label",
    },
    Case {
        fact: "dimensions of different length",
        content: b"@classLabel true a b\n@data\n1,2,3:1,2,3:1,2:a\n",
        message: "row 3, column \"channel3\": expected 3 values as in channel1, got 2 values",
    },
    Case {
        fact: "lengths differ although @equalLength",
        content: b"@equalLength true\n@classLabel true a b\n@data\n1,2,3:a\n1:b\n",
        message: "row 5: expected 3 values as in row 4 (@equalLength true), got 1 value",
    },
    Case {
        fact: "length is not @seriesLength",
        content: b"@equalLength true\n@seriesLength 2\n@classLabel true a b\n@data\n1,2,3:a\n",
        message: "row 5: expected 2 values (@seriesLength), got 3 values",
    },
    Case {
        fact: "length beyond the largest",
        content:
            b"@equalLength false\n@seriesLength 2\n@classLabel true a b\n@data\n1:a\n1,2,3:a\n",
        message: "row 6: expected at most 2 values (@seriesLength), got 3 values",
    },
    Case {
        fact: "missing value",
        content: b"@missing true\n@classLabel true a b\n@data\n1,2:3,?:a\n",
        message: "row 4, column \"channel2\": expected a number, got \"?\" at step 1 (hint: --missing mask and --missing last take missing values)",
    },
    Case {
        fact: "not a number",
        content: b"@classLabel true a b\n@data\n1,NaN:3,?:a\n?,?:1,1:a\n",
        message: "row 3, column \"channel1\": expected a number, got \"NaN\" at step 1, the first of 4 missing values (hint: --missing mask and --missing last take missing values)",
    },
    Case {
        fact: "infinity",
        content: b"@classLabel true a b\n@data\n1,2:inf,4:a\n",
        message: "row 3, column \"channel2\": expected a finite number, got \"inf\" at step 0",
    },
    Case {
        fact: "text",
        content: b"@classLabel true a b\n@data\n1,two:3,4:a\n",
        message: "row 3, column \"channel1\": expected a number, got \"two\" at step 1",
    },
    Case {
        fact: "nothing between commas",
        content: b"@classLabel true a b\n@data\n1,,2:a\n",
        message: "row 3, column \"channel1\": expected a number, got nothing at step 1",
    },
    Case {
        fact: "empty dimension",
        content: b"@classLabel true a b\n@data\n:a\n",
        message: "row 3, column \"channel1\": expected a number, got nothing at step 0",
    },
    Case {
        fact: "empty label",
        content: b"@classLabel true a b\n@data\n1,2:\n",
        message: "row 3: expected a label after the last \":\", got nothing",
    },
    Case {
        fact: "label that is not listed",
        content: b"@classLabel true walk run\n@data\n1,2:walk\n1,2:walks\n",
        message: "row 4: expected one of the labels of @classLabel, \"walk\", \"run\", got \"walks\" (hint: did you mean \"walk\"?)",
    },
];
