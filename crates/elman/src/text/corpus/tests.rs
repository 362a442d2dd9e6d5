use super::*;
use crate::text::Normalization;

fn options(unit: TokenUnit) -> VocabularyOptions {
    VocabularyOptions { unit, ..VocabularyOptions::default() }
}

fn all(corpus: &Corpus) -> Vec<u32> {
    let mut ids = Vec::new();
    corpus.read(0..corpus.len(), &mut ids).unwrap();
    ids
}

/// More than one page, with characters of all lengths and no page that ends where a line does.
fn long_text() -> String {
    let line = "The quick – très vite – 狐 jumps over 13 lazy dogs e\u{301}\n";
    (0..16_000).map(|i| format!("{i} {line}")).collect()
}

#[test]
fn pages_are_the_text_cut_nowhere() {
    let text = long_text();
    for unit in [TokenUnit::Bytes, TokenUnit::Characters, TokenUnit::Words] {
        for normalization in [Normalization::None, Normalization::Nfc] {
            if unit == TokenUnit::Bytes && normalization != Normalization::None {
                continue;
            }
            let options = VocabularyOptions { normalization, ..options(unit) };
            let corpus = Corpus::from_text(&*text, CorpusOptions::Fresh(options)).unwrap();
            assert!(corpus.pages.len() > 2, "{} pages", corpus.pages.len());
            let whole = Tokenizer::of(&text, &options).unwrap();
            assert_eq!(*corpus.tokenizer(), whole);
            let expected = whole.encode(&text).unwrap();
            assert!(all(&corpus) == expected, "{unit:?}");
            let mut some = Vec::new();
            corpus.read(100_000..200_000, &mut some).unwrap();
            assert!(some == expected[100_000..200_000], "{unit:?}");
        }
    }
}

#[test]
fn a_file_is_the_same_as_its_text_and_two_files_are_one_text() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.txt"), folder.path().join("b.txt"));
    let text = long_text();
    let (first, second) = text.split_at(text.find("狐").unwrap());
    std::fs::write(&a, first).unwrap();
    std::fs::write(&b, second).unwrap();
    let fresh = || CorpusOptions::Fresh(options(TokenUnit::Characters));
    let files = Corpus::from_files(&[a, b], fresh()).unwrap();
    let memory = Corpus::from_text(&*text, fresh()).unwrap();
    assert_eq!(files.digest(), memory.digest());
    assert!(all(&files) == all(&memory));
}

#[test]
fn a_file_that_changes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    let open = || {
        std::fs::write(&path, "some text").unwrap();
        let fresh = CorpusOptions::Fresh(options(TokenUnit::Bytes));
        Corpus::from_files(std::slice::from_ref(&path), fresh).unwrap()
    };
    for (text, expected) in [
        ("some text more", "expected a file of 9 bytes, as when it was first read, got 14 bytes"),
        ("some", "expected a file of 9 bytes, as when it was first read, got 4 bytes"),
        ("same text", "got another text between bytes 0 and 8"),
    ] {
        let corpus = open();
        std::fs::write(&path, text).unwrap();
        let error = corpus.read(0..3, &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn bad_text_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    let read = |bytes: &[u8], options: CorpusOptions<'_>| {
        std::fs::write(&path, bytes).unwrap();
        let error = Corpus::from_files(std::slice::from_ref(&path), options).unwrap_err();
        error.to_string().replace(&path.display().to_string(), "a.txt")
    };
    let fresh = || CorpusOptions::Fresh(options(TokenUnit::Characters));
    assert_eq!(
        read(b"", fresh()),
        "a.txt: expected at least one character of text, got an empty file"
    );
    assert_eq!(
        read(b"abc\xffd", fresh()),
        "a.txt: expected text in UTF-8, got the byte 0xff at offset 3 (hint: bytes as tokens read any file)"
    );
    assert!(read(b"abc\xe7\x8b", fresh()).contains("the byte 0xe7 at offset 3"));
    let known = Tokenizer::of("abc", &options(TokenUnit::Characters)).unwrap();
    assert_eq!(
        read(b"abxc", CorpusOptions::Known(&known)),
        "a.txt: expected a character that the model knows as character 3, got 'x'"
    );
}

#[test]
fn parts_are_cut_off_at_the_end() {
    let fresh = CorpusOptions::Fresh(options(TokenUnit::Bytes));
    let corpus = Corpus::from_text("0123456789", fresh).unwrap();
    let (rest, test) = corpus.whole().split_end(0.1);
    let (training, validation) = rest.split_end(0.25);
    assert_eq!((training.range, validation.range, test.range), (0..7, 7..9, 9..10));
}
