use super::*;

fn words() -> VocabularyOptions {
    VocabularyOptions { unit: TokenUnit::Words, ..VocabularyOptions::default() }
}

fn text(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    let mut bytes = Vec::new();
    ids.iter().for_each(|&id| tokenizer.decode(id, &mut bytes));
    String::from_utf8(bytes).unwrap()
}

#[test]
fn tokens_put_together_are_the_text() {
    let text = " The cat's  hat,\n\tthe 2nd – é\u{301}!  ";
    for unit in [TokenUnit::Characters, TokenUnit::Words] {
        assert_eq!(pieces(unit, text).collect::<String>(), text);
    }
    let found: Vec<&str> = pieces(TokenUnit::Words, text).collect();
    let expected = [
        " The", " cat's", " ", " hat", ",", "\n", "\t", "the", " 2nd", " –", " é", "\u{301}", "!",
        " ", " ",
    ];
    assert_eq!(found, expected);
}

#[test]
fn words_are_cut_by_count_and_unknown_ones_by_shape() {
    let sample = "a b a b a c. C. a";
    let options = VocabularyOptions { most_words: 2, ..words() };
    let tokenizer = Tokenizer::of(sample, &options).unwrap();
    // 12 shapes, then " a" (3) before " b" and "." (2 each, by their characters).
    assert_eq!(tokenizer.len(), 14);
    let ids = tokenizer.encode(" a b.a IX Ivo 3rd McD ? zwo").unwrap();
    let unknown = ids.iter().map(|&id| tokenizer.is_unknown(id)).collect::<Vec<_>>();
    assert_eq!(unknown, [false, false, true, true, true, true, true, true, true, true]);
    let written = " a b<symbol><word> <WORD> <Word> <number> <wOrd> <symbol> <word>";
    assert_eq!(text(&tokenizer, &ids), written);
}

#[test]
fn unknown_characters_are_named_with_their_place() {
    let tokenizer = Tokenizer::of("abc", &VocabularyOptions::default()).unwrap();
    let error = tokenizer.encode("abéc").unwrap_err().to_string();
    assert_eq!(error, "character 3: expected a character that the model knows, got 'é'");
}

#[test]
fn nfc_makes_one_character_of_letter_and_accent() {
    let nfc = VocabularyOptions { normalization: Normalization::Nfc, ..Default::default() };
    let tokenizer = Tokenizer::of("e\u{301}é", &nfc).unwrap();
    assert_eq!(tokenizer.len(), 1);
    assert_eq!(tokenizer.encode("e\u{301}é").unwrap(), [0, 0]);
    let plain = Tokenizer::of("e\u{301}é", &VocabularyOptions::default()).unwrap();
    assert_eq!(plain.len(), 3);
    let bytes = VocabularyOptions { unit: TokenUnit::Bytes, ..nfc };
    assert_eq!(
        Tokenizer::of("a", &bytes).unwrap_err().to_string(),
        "normalization: expected none for bytes, got nfc"
    );
}

#[test]
fn a_tokenizer_is_read_as_it_was_written() {
    for unit in [TokenUnit::Bytes, TokenUnit::Characters, TokenUnit::Words] {
        let options = VocabularyOptions { unit, ..VocabularyOptions::default() };
        let tokenizer = Tokenizer::of("so so, said: \u{e9}", &options).unwrap();
        let json = serde_json::to_string(&tokenizer).unwrap();
        assert_eq!(serde_json::from_str::<Tokenizer>(&json).unwrap(), tokenizer);
    }
    for (json, expected) in [
        (r#"{"unit":"characters","vocabulary":["a","ab"]}"#, "got \"ab\""),
        (r#"{"unit":"words","vocabulary":["a","a"]}"#, "got \"a\" twice"),
        (r#"{"unit":"characters"}"#, "vocabulary: expected one, got none"),
        (r#"{"unit":"bytes","vocabulary":["a"]}"#, "vocabulary: expected none for bytes"),
        (r#"{"unit":"characters","vocabulary":[]}"#, "vocabulary: expected at least one token"),
    ] {
        let error = serde_json::from_str::<Tokenizer>(json).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
