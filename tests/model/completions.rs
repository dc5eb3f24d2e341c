//! Its completions: where they end, and that nothing but the question decides them.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use monologue::model::{self, Backend, DeviceChoice, DtypeChoice, Error, Finish, Limits, Local};
use serde_json::{Value, json};

use super::{
    QUESTION, ask, edit, limits, load, long_question, prompt, reference_tokens, tiny, tiny_with,
};

#[test]
fn greedy_decoding_is_reading_the_text_again() {
    let dir = tiny();
    let mut model = load(dir.path());
    let mut tokens = model.tokens(QUESTION).unwrap();
    let asked = tokens.len();
    for _ in 0..24 {
        let logits = model.logits(&tokens).unwrap();
        // The tokenizer knows 278 tokens, of which 277 ends the text.
        let row = &logits[tokens.len() - 1][..278];
        let best = (0..row.len())
            .max_by(|a, b| row[*a].total_cmp(&row[*b]))
            .unwrap();
        tokens.push(best as u32);
    }
    assert!(
        !tokens.contains(&277),
        "the tiny model must not end here: change the question"
    );
    let (text, completion) = ask(&mut model, &prompt(QUESTION, &[]), &limits(24));
    assert_eq!(completion.finish, Finish::TokenLimit);
    assert_eq!(
        (completion.prompt_tokens, completion.output_tokens),
        (asked, 24)
    );
    let letters = decoded(dir.path(), &tokens[asked..]);
    assert_eq!(text, letters.trim_end_matches(char::REPLACEMENT_CHARACTER));
}

/// `tokens` as the tokenizer alone reads them, all at once.
fn decoded(dir: &Path, tokens: &[u32]) -> String {
    let tokenizer = tokenizers::Tokenizer::from_file(dir.join("tokenizer.json")).unwrap();
    tokenizer.decode(tokens, true).unwrap()
}

#[test]
fn what_was_asked_before_changes_nothing() {
    let dir = tiny();
    let warm = Limits {
        temperature: 0.8,
        top_p: 0.95,
        seed: 5,
        ..limits(40)
    };
    let text = long_question();
    let shared = prompt(&format!("{text}what else?"), &[]);
    let fresh = ask(&mut load(dir.path()), &shared, &warm);
    let mut model = load(dir.path());
    let first = ask(&mut model, &prompt(&text, &[]), &warm);
    let second = ask(&mut model, &shared, &warm);
    assert_eq!(second.0, fresh.0);
    assert_ne!(second.0, first.0);
    assert_eq!(ask(&mut model, &shared, &warm).0, fresh.0);
    let other = Limits { seed: 6, ..warm };
    assert_ne!(ask(&mut model, &shared, &other).0, fresh.0);
}

#[test]
fn a_shared_beginning_is_not_read_again() {
    let dir = tiny();
    let mut model = load(dir.path());
    let asked = prompt(&long_question(), &[]);
    let chunks = |model: &mut Local| {
        let mut calls = 0;
        let completion = model.stream(&asked, &limits(0), &mut |_| {
            calls += 1;
            ControlFlow::Continue(())
        });
        completion.unwrap();
        calls
    };
    let (first, second) = (chunks(&mut model), chunks(&mut model));
    assert!(second < first && second <= 3, "{first} and then {second}");
}

#[test]
fn a_stop_word_ends_the_text_and_is_no_part_of_it() {
    let dir = tiny();
    let mut model = load(dir.path());
    let (whole, _) = ask(&mut model, &prompt(QUESTION, &[]), &limits(40));
    let characters: Vec<char> = whole.chars().collect();
    assert!(20 < characters.len(), "{whole:?}");
    // A word that lies across several tokens.
    let word: String = characters[10..14].iter().collect();
    let at = whole.find(&word).unwrap();
    let (text, completion) = ask(&mut model, &prompt(QUESTION, &[&word]), &limits(40));
    assert_eq!(text, whole[..at]);
    assert_eq!(completion.finish, Finish::StopWord(word));
    assert!(completion.output_tokens < 40);
}

#[test]
fn every_token_is_a_chance_to_stop_even_inside_a_character() {
    let dir = tiny_with(|config| config["eos_token_id"] = Value::Null);
    fs::remove_file(dir.path().join("generation_config.json")).unwrap();
    let mut model = load(dir.path());
    // Hot enough to write bytes that are no text.
    let hot = Limits {
        temperature: 9.0,
        ..limits(300)
    };
    let mut pieces = Vec::new();
    let completion = model.stream(&prompt("é → 数\n", &[]), &hot, &mut |piece| {
        pieces.push(piece.to_owned());
        ControlFlow::Continue(())
    });
    assert_eq!(completion.unwrap().output_tokens, 300);
    // One a layer for the prompt, one a token, and what was left; more where a token takes long.
    assert!(303 <= pieces.len());
    assert!(pieces.iter().filter(|piece| piece.is_empty()).count() < 200);
    assert!(pieces.concat().contains(char::REPLACEMENT_CHARACTER));
}

#[test]
fn break_stops_within_one_token() {
    let dir = tiny();
    let stop_at = |wanted: usize| {
        let mut model = load(dir.path());
        let mut calls = 0;
        let completion = model.stream(&prompt(&long_question(), &[]), &limits(50), &mut |_| {
            calls += 1;
            match calls {
                n if n == wanted => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        let completion = completion.unwrap();
        assert_eq!(completion.finish, Finish::Stopped);
        assert_eq!(calls, wanted);
        completion.output_tokens
    };
    // During the prompt, which is several chunks of two layers long, nothing has been written yet.
    for calls in 1..7 {
        assert_eq!(stop_at(calls), 0);
    }
    assert!((1..40).contains(&stop_at(40)));
}

#[test]
fn an_interrupted_prompt_leaves_no_trace() {
    let dir = tiny();
    let asked = prompt(&long_question(), &[]);
    let fresh = ask(&mut load(dir.path()), &asked, &limits(20)).0;
    let mut model = load(dir.path());
    let mut calls = 0;
    let stopped = model.stream(&asked, &limits(20), &mut |_| {
        calls += 1;
        if calls == 4 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(stopped.unwrap().finish, Finish::Stopped);
    assert_eq!(ask(&mut model, &asked, &limits(20)).0, fresh);
}

#[test]
fn a_text_begins_with_its_token_once() {
    let dir = tiny();
    let model = load(dir.path());
    assert_eq!(model.tokens("a").unwrap(), [276, 97]);
    // Written in a program, the token is text like any other.
    let tokens = model
        .tokens("<｜begin▁of▁sentence｜>a<｜end▁of▁sentence｜>")
        .unwrap();
    assert_eq!(tokens.iter().filter(|token| 276 <= **token).count(), 1);
    edit(dir.path(), "tokenizer_config.json", |switches| {
        switches["add_bos_token"] = json!(false);
    });
    assert_eq!(load(dir.path()).tokens("a").unwrap(), [97]);
}

#[test]
fn the_end_of_text_token_ends_it() {
    let dir = tiny();
    let mut model = load(dir.path());
    let (_, completion) = ask(&mut model, &prompt(QUESTION, &[]), &limits(8));
    assert_eq!(completion.finish, Finish::TokenLimit);
    let row = model
        .logits(&model.tokens(QUESTION).unwrap())
        .unwrap()
        .pop()
        .unwrap();
    let first = (0..278).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
    // Either file may say which tokens end a text.
    edit(dir.path(), "generation_config.json", |generation| {
        generation["eos_token_id"] = json!([277, first]);
    });
    let (text, completion) = ask(&mut load(dir.path()), &prompt(QUESTION, &[]), &limits(8));
    assert_eq!((text.as_str(), completion.finish), ("", Finish::EndOfText));
    assert_eq!(completion.output_tokens, 1);
}

#[test]
fn positions_end_where_the_config_says() {
    let dir = tiny();
    let mut model = load(dir.path());
    let tokens: Vec<u32> = reference_tokens().into_iter().cycle().take(2049).collect();
    assert_eq!(model.logits(&tokens[..2048]).unwrap().len(), 2048);
    let error = model.logits(&tokens).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLong {
                tokens: 2049,
                context: 2048
            }
        ),
        "{error}"
    );

    let long = "x".repeat(2047);
    let error = model.stream(&prompt(&long, &[]), &limits(1), &mut |_| {
        ControlFlow::Continue(())
    });
    let sentence = error.unwrap_err().to_string();
    assert!(
        sentence.starts_with("the text is 2048 tokens long and the model takes at most 2048: "),
        "{sentence}"
    );
    // One that just fits is answered until the context is full.
    let asked = prompt(&long[..2040], &[]);
    let (_, completion) = ask(&mut model, &asked, &limits(100));
    assert_eq!(completion.finish, Finish::TokenLimit);
    assert_eq!(completion.prompt_tokens + completion.output_tokens, 2048);
}

#[test]
fn a_spec_leads_to_a_backend_that_says_what_it_is() {
    let dir = tiny();
    let spec: model::Spec = dir.path().to_str().unwrap().parse().unwrap();
    let mut backend = model::load(&spec, DeviceChoice::Cpu, DtypeChoice::Auto).unwrap();
    assert_eq!(backend.count("return a").unwrap(), 3);
    let info = backend.info();
    assert_eq!(info.name, dir.path().to_str().unwrap());
    assert_eq!(info.architecture, "LlamaForCausalLM");
    assert!(info.device.starts_with("cpu, "), "{}", info.device);
    assert_eq!((info.context, info.bytes), (2048, info.parameters * 4));
}
