//! Guesses and rows: faster ways to the same text.

use std::ops::ControlFlow;

use monologue::model::{self, Backend, Completion, Finish, Limits, Local, Prompt};

use super::{QUESTION, ask, limits, load, long_question, prompt, tiny};

fn warm(seed: u64, new_tokens: usize) -> Limits {
    Limits {
        temperature: 0.9,
        top_p: 0.95,
        seed,
        ..limits(new_tokens)
    }
}

/// Text whose continuation the tiny model is likely to find in it: what it wrote before.
fn echoing(model: &mut Local) -> Prompt {
    let (text, _) = ask(model, &prompt(QUESTION, &[]), &limits(150));
    prompt(&format!("{QUESTION}{text}\n{QUESTION}"), &[])
}

#[test]
fn guesses_change_no_text_at_any_temperature() {
    let dir = tiny();
    let (mut guessing, mut plain) = (load(dir.path()), load(dir.path()));
    plain.without_guesses();
    guessing.guess_as_if(0.15);
    let asked = echoing(&mut plain);
    let mut accepted = 0;
    for limits in [limits(160), warm(1, 160), warm(2, 160), warm(3, 160)] {
        let with = ask(&mut guessing, &asked, &limits);
        let without = ask(&mut plain, &asked, &limits);
        assert_eq!(with.0, without.0);
        assert_eq!(with.1.finish, without.1.finish);
        assert_eq!(with.1.output_tokens, without.1.output_tokens);
        assert_eq!(plain.drafts().drafted, 0);
        accepted += guessing.drafts().accepted;
        assert!(guessing.drafts().accepted <= guessing.drafts().drafted);
    }
    assert!(20 < accepted, "{accepted}");
}

#[test]
fn guesses_do_not_outrun_limits_and_stop_words() {
    let dir = tiny();
    let (mut guessing, mut plain) = (load(dir.path()), load(dir.path()));
    plain.without_guesses();
    let asked = echoing(&mut plain);
    for most in 1..40 {
        let with = ask(&mut guessing, &asked, &limits(most));
        assert_eq!(with.1.output_tokens, most);
        assert_eq!(with.0, ask(&mut plain, &asked, &limits(most)).0);
    }
    let whole = ask(&mut plain, &asked, &limits(100)).0;
    let characters: Vec<char> = whole.chars().collect();
    for at in [12, 25, 33] {
        let word: String = characters[at..at + 3].iter().collect();
        let stopped = Prompt {
            stops: vec![word.clone()],
            ..asked.clone()
        };
        let with = ask(&mut guessing, &stopped, &limits(100));
        let without = ask(&mut plain, &stopped, &limits(100));
        assert_eq!(with.0, without.0);
        assert_eq!(with.1.finish, Finish::StopWord(word));
        assert_eq!(with.1.output_tokens, without.1.output_tokens);
    }
    // What was guessed and forgotten leaves no trace in the next answer.
    let fresh = ask(&mut load(dir.path()), &asked, &limits(60)).0;
    assert_eq!(ask(&mut guessing, &asked, &limits(60)).0, fresh);
}

/// All rows' texts, and what they were.
fn together(
    model: &mut Local,
    asked: &Prompt,
    limits: &Limits,
    seeds: &[u64],
) -> (Vec<String>, Vec<Completion>) {
    let mut texts = vec![String::new(); seeds.len()];
    let done = model.sample_many(asked, limits, seeds, &mut |row, piece| {
        texts[row].push_str(piece);
        ControlFlow::Continue(())
    });
    (texts, done.unwrap())
}

#[test]
fn each_row_is_what_it_would_be_alone() {
    let dir = tiny();
    let mut model = load(dir.path());
    let asked = prompt(&long_question(), &[]);
    let seeds = [3, 1, 4, 1, 5, 9, 2, 6];
    let (texts, done) = together(&mut model, &asked, &warm(0, 90), &seeds);
    let mut distinct = texts.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 7, "two rows have one seed");
    for ((seed, text), completion) in seeds.iter().zip(&texts).zip(&done) {
        let alone = ask(&mut load(dir.path()), &asked, &warm(*seed, 90));
        assert_eq!(*text, alone.0);
        assert_eq!(completion.finish, alone.1.finish);
        assert_eq!(completion.output_tokens, alone.1.output_tokens);
        assert_eq!(completion.prompt_tokens, alone.1.prompt_tokens);
    }
    // Afterwards it is asked as before.
    let (text, _) = ask(&mut model, &asked, &warm(4, 90));
    assert_eq!(text, texts[2]);
}

#[test]
fn rows_end_one_by_one() {
    let dir = tiny();
    let mut model = load(dir.path());
    let asked = prompt(QUESTION, &[]);
    let seeds: Vec<u64> = (0..6).collect();
    let (texts, _) = together(&mut model, &asked, &warm(0, 60), &seeds);
    // A word of one row alone ends that row, and the others go on.
    let characters: Vec<char> = texts[2].chars().collect();
    let word: String = characters[8..12].iter().collect();
    let stopped = Prompt {
        stops: vec![word.clone()],
        ..asked.clone()
    };
    let (cut, done) = together(&mut model, &stopped, &warm(0, 60), &seeds);
    assert_eq!(done[2].finish, Finish::StopWord(word.clone()));
    for row in 0..6 {
        let end = texts[row].find(&word).unwrap_or(texts[row].len());
        assert_eq!(cut[row], texts[row][..end], "row {row}");
    }
    assert!(done.iter().any(|it| it.finish == Finish::TokenLimit));

    // So does a receiver that wants no more of one.
    let mut pieces = [0; 3];
    let done = model.sample_many(&asked, &warm(0, 60), &[1, 2, 3], &mut |row, _| {
        pieces[row] += 1;
        match (row, pieces[row]) {
            (1, 10) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    let done = done.unwrap();
    assert_eq!(done[1].finish, Finish::Stopped);
    assert!(done[1].output_tokens <= 10);
    assert_ne!(done[0].finish, Finish::Stopped);
    assert_eq!(
        together(&mut model, &asked, &warm(0, 60), &[1, 3]).0.len(),
        2
    );
}

#[test]
fn rows_can_be_stopped_together_and_may_be_none() {
    let dir = tiny();
    let mut model = load(dir.path());
    let asked = prompt(&long_question(), &[]);
    let mut calls = 0;
    let done = model.sample_many(&asked, &warm(0, 60), &[1, 2], &mut |_, _| {
        calls += 1;
        match calls {
            3.. => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    let done = done.unwrap();
    assert!(
        done.iter()
            .all(|it| it.finish == Finish::Stopped && it.output_tokens == 0)
    );
    assert!(together(&mut model, &asked, &warm(0, 9), &[]).1.is_empty());
    let none = together(&mut model, &asked, &limits(0), &[1, 2]);
    assert!(none.1.iter().all(|it| it.finish == Finish::TokenLimit));
}

#[test]
fn rows_reach_the_end_of_the_context() {
    let dir = tiny();
    let mut model = load(dir.path());
    let asked = prompt(&"x".repeat(1900), &[]);
    let (texts, done) = together(&mut model, &asked, &warm(0, 999), &[1, 2, 3]);
    assert_eq!(texts.len(), 3);
    for completion in done {
        assert!(completion.prompt_tokens + completion.output_tokens <= 2048);
    }
}

#[test]
fn an_answer_that_copies_takes_fewer_steps() {
    let dir = tiny();
    let mut model = load(dir.path());
    model.guess_as_if(0.15);
    let program = "def f(a):\n    for x in a:\n        if x == 1:\n            return x\n";
    let asked = prompt(&format!("{program}\n# repaired\n"), &[]);
    let answer = program.replace("== 1", "== 2");
    let done = model.recite(&asked, &answer, true).unwrap().unwrap();
    let drafts = model.drafts();
    assert_eq!(done.output_tokens, model.count(&answer).unwrap());
    assert!(done.output_tokens * 6 / 10 < drafts.accepted, "{drafts:?}");
    assert!(model.recite(&asked, &answer, false).unwrap().is_some());
    assert_eq!(model.drafts().drafted, 0);
    // Nothing of it stays.
    let fresh = ask(&mut load(dir.path()), &asked, &limits(30)).0;
    assert_eq!(ask(&mut model, &asked, &limits(30)).0, fresh);
}

#[test]
fn speed_is_measured_in_every_respect() {
    let dir = tiny();
    let plan = model::speed::Plan {
        prompt: 100,
        output: 12,
        rows: 3,
        rounds: 2,
    };
    let mut model = load(dir.path());
    model.guess_as_if(0.15);
    let speed = model::speed::measure(&mut model, plan, &mut || ControlFlow::Continue(()));
    let speed = speed.unwrap();
    let json = speed.json();
    for (name, value) in json.as_object().unwrap() {
        assert!(value.as_f64().is_some_and(|it| 0.0 < it), "{name}: {json}");
    }
    assert!(100 <= speed.prompt_tokens);
}
