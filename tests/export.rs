//! Traces and pages as JSON.

#[path = "golden/programs.rs"]
mod programs;

use monologue::{
    export,
    represent::{self, Profile},
    trace::StepId,
};

use crate::programs::{PROGRAMS, all, page, trace};

#[test]
fn exported_events_are_as_reviewed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("golden/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for program in ["bs", "generators", "uncaught"] {
            let mut out = Vec::new();
            export::events(&trace(program), &mut out, None).expect("memory takes all");
            let text = String::from_utf8(out).expect("JSON is text");
            insta::assert_snapshot!(format!("{program}.events"), text);
        }
    });
}

#[test]
fn every_line_of_the_events_knows_what_the_trace_knows() {
    for program in PROGRAMS {
        let trace = trace(program);
        let mut out = Vec::new();
        export::events(&trace, &mut out, None).expect("memory takes all");
        let mut step = 0;
        for line in String::from_utf8(out).expect("JSON is text").lines() {
            let it: serde_json::Value = serde_json::from_str(line).expect("JSON");
            if it["event"] != "line" {
                continue;
            }
            let at = StepId::new(step);
            step += 1;
            assert_eq!(it["step"], step);
            let event = trace.at(at);
            let locals: Vec<_> = trace
                .locals(event.frame, trace.steps()[at].event)
                .into_iter()
                .map(|it| (trace.name(it.name).to_string(), trace.repr(it.value)))
                .collect();
            let got: Vec<_> = it["locals"]
                .as_object()
                .expect("an object")
                .iter()
                .map(|(name, it)| (name.clone(), it.as_str().expect("a text").to_owned()))
                .collect();
            assert_eq!(got, locals, "{program} step {step}");
        }
        assert_eq!(step, trace.steps().len(), "{program}");
    }
}

#[test]
fn shown_json_has_an_entry_for_every_step() {
    let trace = trace("bs");
    let tokens = export::Tokens {
        tokenizer: "bytes".into(),
        count: 7,
    };
    for (it, mode) in all() {
        let page = page(it, mode, &trace);
        let json = export::Shown::new(it, Profile::Canonical, &page, &tokens);
        let json = serde_json::to_value(json).expect("an object");
        assert_eq!(json["representation"], it.name());
        assert_eq!(json["text"], page.text());
        assert_eq!(json["tokens"]["count"], 7);
        let spans = json["spans"].as_array().expect("spans");
        for step in 1..=21 {
            let of = |it: &&serde_json::Value| {
                it["steps"]
                    .as_array()
                    .is_some_and(|it| it.contains(&step.into()))
            };
            assert!(spans.iter().any(|it| of(&it)), "{} {step}", it.name());
        }
        let borrowed = spans.windows(2).filter(|it| it[1]["loss"] == "inherited");
        for pair in borrowed {
            assert_eq!(pair[0]["start"], pair[1]["start"]);
            assert_eq!(pair[0]["end"], pair[1]["end"]);
        }
    }
    let concise = represent::ALL.iter().find(|it| it.name() == "concise");
    let page = page(*concise.expect("one is called so"), None, &trace);
    let json = export::Shown::new(represent::ALL[4], Profile::Canonical, &page, &tokens);
    let json = serde_json::to_value(json).expect("an object");
    assert_eq!(
        json["spans"][0].to_string(),
        r#"{"start":0,"end":47,"kind":"input","steps":["C2"],"lines":[1],"frame":2,"names":["arr"],"loss":"exact"}"#
    );
}
