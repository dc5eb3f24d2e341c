//! `show --budget` from outside: what fits, and what is said of the rest.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/sample.rs"]
mod sample;
#[path = "support/shown.rs"]
mod shown;

use crate::{
    sample::{PROGRAM, recorded, run},
    shown::shown,
};

#[test]
fn a_budget_cuts_between_records_and_says_what_it_left_out() {
    let folder = recorded(PROGRAM, "bubble_sort([5, 4, 3, 2, 1, 9, 8, 7, 6, 0])");
    let modes = [
        ("scratchpad", ""),
        ("next", ""),
        ("semcoder", "narrator"),
        ("semcoder", "bullets"),
        ("semcoder", "inline"),
        ("codeexecutor", ""),
        ("concise", ""),
    ];
    for (name, mode) in modes {
        let show = |budget: &str| shown(folder.path(), name, mode, &["--budget", budget]);
        let whole = show("1000000");
        assert!(whole.get("left_out").is_none(), "{name}");
        assert_eq!(whole["tokens"]["tokenizer"], "cl100k_base");
        let all = whole["tokens"]["count"].as_u64().unwrap();
        let budget = all * 3 / 5;
        let it = show(&budget.to_string());
        let count = it["tokens"]["count"].as_u64().unwrap();
        assert!(
            count <= budget && budget < count + budget / 2,
            "{name}: {count} of {budget}"
        );
        let text = it["text"].as_str().unwrap();
        let left_out = &it["left_out"];
        let line = format!(
            "… {} records (steps {}..{}) left out\n",
            left_out["records"], left_out["steps"][0], left_out["steps"][1]
        );
        assert!(text.ends_with(&line), "{name}: {text}");
        assert!(0 < left_out["records"].as_u64().unwrap(), "{name}");
        // The page of the steps that are left is this page.
        let last = left_out["steps"][0].as_u64().unwrap() - 1;
        let window = format!("1..{last}");
        let part = shown(folder.path(), name, mode, &["--steps", &window]);
        let kept = text.strip_suffix(&line).unwrap();
        assert_eq!(
            kept.trim_end(),
            part["text"].as_str().unwrap().trim_end(),
            "{name}"
        );
    }
    let ran = run(
        folder.path(),
        &["show", "run.trace", "--as", "next", "--budget", "10"],
    );
    assert_eq!(ran.status, 2);
    assert!(
        ran.err.contains("within 10 cl100k_base tokens"),
        "{}",
        ran.err
    );
}

#[test]
fn a_compatible_text_is_cut_at_the_token() {
    let folder = recorded(PROGRAM, "bubble_sort([3, 4, 1, 2])");
    let show = |budget: &str| {
        let more = ["--profile", "compat", "--budget", budget];
        shown(folder.path(), "concise", "", &more)
    };
    let (whole, cut) = (show("100000"), show("50"));
    let (whole_text, text) = (
        whole["text"].as_str().unwrap(),
        cut["text"].as_str().unwrap(),
    );
    assert!(whole_text.starts_with(text) && text.len() < whole_text.len());
    assert_eq!(cut["tokens"]["count"], 50);
    for span in cut["spans"].as_array().unwrap() {
        let (start, end) = (
            span["start"].as_u64().unwrap(),
            span["end"].as_u64().unwrap(),
        );
        assert!(start <= end && end as usize <= text.len());
    }
    assert_eq!(
        cut["spans"].as_array().unwrap().last().unwrap()["loss"],
        "elided"
    );
}
