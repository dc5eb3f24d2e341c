//! Masks in texts, and what a masked trace no longer holds.

use super::{Kind, Mask, Masker, Source};

fn shown(text: &str) -> Vec<(&str, &str)> {
    let masks = Masker::plain().masks(text);
    let pair = |it: Mask| (&text[it.bytes], it.kind.word());
    masks.into_iter().map(pair).collect()
}

#[test]
fn secrets_are_known_by_their_shape() {
    for (text, wanted) in [
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----",
            "pem",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQ", "pem"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ", "jwt"),
        ("AKIAIOSFODNN7EXAMPLE", "aws"),
        ("AIzaSyA1234567890abcdefghijklmnopqrstuvw", "gcp"),
        ("xoxb-123456789012-abcdef", "slack"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "github"),
        ("sk-proj-abcdefghijklmnop1234", "key"),
        ("ann.lee+x@mail.example.org", "email"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("4111 1111 1111 1111", "card"),
        ("123-45-6789", "national-id"),
        ("AB123456C", "national-id"),
        ("+49 170 1234567", "phone"),
        ("(555) 123-4567", "phone"),
        ("10.20.30.40", "ip"),
        ("2001:db8::8a2e:370:7334", "ip"),
        ("/home/annlee", "home"),
        ("q7Zr9KpLx2VbN4mTw8Yd", "entropy"),
    ] {
        assert_eq!(shown(text), [(text, wanted)]);
        let within = format!("<{text}>");
        assert_eq!(shown(&within)[0].1, wanted, "{within}");
    }
}

#[test]
fn secrets_are_known_by_who_holds_them() {
    for (text, wanted) in [
        ("password = 'hunter2'", "hunter2"),
        ("{'api_key': 'abcd1234', 'n': 1}", "abcd1234"),
        (r#"{"password": "correct horse"}"#, "correct horse"),
        ("DB_PASSWORD=hunter2 run", "hunter2"),
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("Authorization: Basic dXNlcjpw", "dXNlcjpw"),
        ("postgres://me:hunter2@db/x", "hunter2"),
        (
            "AccountKey=abcdefghijklmnopqrst==;",
            "abcdefghijklmnopqrst==",
        ),
        ("secret: token=abcdef123456", "token=abcdef123456"),
    ] {
        let found = shown(text);
        assert!(found.iter().any(|it| it.0 == wanted), "{text}: {found:?}");
    }
    for text in [
        "max_tokens = 4096",
        "token = 'NUMBER'",
        "password: str",
        "[3, 4, 1, 2]",
        "x = a[1:2] + b[::2]",
        "127.0.0.1",
        "version 3.11.7",
        "12345678901234567890",
        "def calculate_monthly_average_temperature(values):",
        "",
    ] {
        assert_eq!(shown(text), [], "{text}");
    }
}

#[test]
fn equal_texts_get_equal_numbers_and_come_back() {
    let mut masker = Masker::plain();
    let text = "a@b.org, c@d.org, a@b.org";
    let masked = masker.masked(text);
    assert_eq!(
        masked,
        "⟦redacted:email:1⟧, ⟦redacted:email:2⟧, ⟦redacted:email:1⟧"
    );
    assert_eq!(masker.unmasked(&masked), text);
    assert_eq!(masker.unmasked("⟦redacted:email:9⟧"), "⟦redacted:email:9⟧");
    assert_eq!(masker.summary(), "3 values masked (3 email)");
    // What is masked stays as it is.
    assert_eq!(masker.masked(&masked), masked);
    assert_eq!(
        masker.masked("password=⟦redacted:email:1⟧ab"),
        "password=⟦redacted:email:1⟧ab"
    );
}

#[test]
fn the_torn_end_of_a_cut_text_is_masked() {
    let masker = Masker::plain();
    for (text, wanted) in [
        ("a text and ghp_ab", "ghp_ab"),
        ("my card is 4111 1111 11", "4111 1111 11"),
        ("one", "one"),
        ("ends in a blank ", ""),
        ("日本語 テキスト", "テキスト"),
    ] {
        let masks = masker.masks_cut(text);
        let last = masks.last().map_or("", |it| &text[it.bytes.clone()]);
        assert_eq!(last, wanted, "{text}");
    }
}

#[test]
fn in_code_only_strings_and_comments_are_masked() {
    let lines = [
        "def f(password='hunter2'):  # ask ann@mail.org",
        "    api_key = os.environ[\"KEY\"]",
        "    return password + \"\"\"a",
        "b@mail.org\"\"\"",
    ];
    let found: Vec<Vec<&str>> = Masker::plain()
        .source(&lines)
        .iter()
        .zip(lines)
        .map(|(masks, line)| masks.iter().map(|it| &line[it.bytes.clone()]).collect())
        .collect();
    assert_eq!(
        found,
        [
            vec!["hunter2", "ann@mail.org"],
            vec![],
            vec![],
            vec!["b@mail.org"]
        ]
    );
}

#[test]
fn kinds_have_words_of_their_own() {
    assert_eq!(Kind::Tainted(Source::Environment).word(), "env");
    assert_eq!(Kind::Tainted(Source::Network).word(), "socket");
    assert_eq!(Kind::Tainted(Source::File).word(), "file");
}
