//! The kinds of target, against what a plain interpreter does with the same words.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use monologue::{
    record::{Launch, Stdin, Target, record},
    trace::repr,
};
use recorder::value::Value;
use std::{
    ffi::OsString,
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use support::{
    launch, launch_script,
    pythons::{self, Interpreter},
    replay::{Replay, is_call, replay},
};

/// Runs words plainly and a target recorded; they must not differ. The trace.
fn same(python: &Interpreter, words: &[&str], target: Target, args: &[&str]) -> Replay {
    let work = tempfile::tempdir().unwrap();
    let trace = work.path().join("trace");
    let plain = Command::new(&python.path)
        .args(words)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let recorded = record(&Launch {
        args: args.iter().map(OsString::from).collect(),
        ..launch(python, target, &trace)
    })
    .unwrap();
    let status = plain
        .status
        .code()
        .or(plain.status.signal().map(|it| it + 128));
    let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
    let plain = (status, text(&plain.stdout), text(&plain.stderr));
    let recorded = (
        Some(recorded.status),
        text(&recorded.stdout),
        text(&recorded.stderr),
    );
    assert_eq!(plain, recorded, "3.{} {words:?}", python.minor);
    replay(&trace)
}

fn same_script(python: &Interpreter, text: &str) -> Replay {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.py");
    fs::write(&file, text).unwrap();
    let word = file.to_str().unwrap();
    same(
        python,
        &[word],
        Target::Script { file: file.clone() },
        &["x"],
    )
}

const LOOK: &str = "
import sys, os, traceback
print(sys.argv, sys.path[0] == os.getcwd(), repr(sys.path[0])[:2], __name__, sorted(globals()))
print(getattr(sys, 'orig_argv', [0])[1:], __spec__ is None, str(__loader__).split(' at ')[0], sys.getrecursionlimit())
print(sys.modules['__main__'].__dict__ is globals(), sys.flags, len(sys.path), sys._getframe().f_back)
print([it for it in sys.modules if 'mono' in it or 'recorder' in it], sys.gettrace(), sys.stdout)
print([it for it in sys.path_importer_cache if 'mono' in it])
traceback.print_stack()
";

#[test]
fn strings_run_as_with_dash_c() {
    for python in pythons::installed() {
        let codes = [
            LOOK,
            "def f(n):\n  return n + 1\nprint(f(1))\nraise ValueError(f(2))",
            "import sys; sys.exit('said')",
            "x = (",
            "from collections import namedtuple\nP = namedtuple('P', 'a b')\nprint(P(1, 2))",
        ];
        for code in codes {
            let target = Target::Code { code: code.into() };
            let recorded = same(&python, &["-c", code], target, &["one", "é"]);
            if code.contains("def f") {
                let calls = recorded.events.iter().filter(|it| it.function == "f");
                assert_eq!(calls.count(), 2 * 3);
                assert_eq!(recorded.sources, [("<string>".into(), Some(code.into()))]);
            }
            if code.contains("namedtuple") {
                assert!(recorded.events.iter().all(|it| it.function == "<module>"));
            }
        }
    }
}

#[test]
fn modules_run_as_with_dash_m() {
    for python in pythons::installed() {
        for (name, function) in [
            ("tests.programs.recursion", "fact"),
            ("tests.programs.uncaught", "fail"),
            ("tests.programs.exits", "run"),
        ] {
            let target = Target::Module { name: name.into() };
            let recorded = same(&python, &["-m", name], target, &["one"]);
            assert!(
                recorded.events.iter().any(|it| is_call(it, function)),
                "{name}"
            );
        }
        let target = Target::Module {
            name: "no.such.module".into(),
        };
        same(&python, &["-m", "no.such.module"], target, &[]);
    }
}

#[test]
fn scripts_look_and_end_as_they_would_alone() {
    let scripts = [
        LOOK,
        "import sys\nsys.exit()",
        "import sys\nsys.exit(258)",
        "raise SystemExit([1, 2])",
        "x = 1\ndef f(:\n    pass\n",
        "if 1:\nprint(1)\n",
        "print('before')\nx = '\\ud800'\nprint(x)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor i in range(10**7): pass",
        "raise KeyboardInterrupt",
        "import sys\nsys.excepthook = lambda *a: print('hooked', a[0].__name__)\n1/0",
        "import sys\nsys.stdout.close()\n",
        "import sys\ndel sys.stdout\nimport warnings\nwarnings.warn('careful')",
        "import threading\ndef f():\n    raise ValueError('in a thread')\n\
         threading.Thread(target=f, name='t').start()",
        "import sys, traceback\ndef t(f, e, a):\n    return t\nsys.settrace(t)\ndef g():\n    return 1\n\
         g()\nprint(sys.gettrace() is t)\nsys.settrace(None)\nprint(sys.gettrace())",
        "try:\n    raise ValueError\nexcept ValueError:\n    raise KeyError('k')\n",
        "def d(n):\n    try:\n        return d(n + 1)\n    except RecursionError:\n        return n\nprint(d(0))",
        "def d(n): d(n + 1)\nd(0)",
        "class A:\n    def __del__(self): print('gone')\na = A()\ndef f():\n    b = A()\nf()\nprint('last')",
        "def f():\n    d = locals()\n    x = 1\n    y = 2\n    return sorted(d)\nprint(f())",
        "import sys\ns = ''\nfor i in range(9): s += 'x'\nprint(sys.getrefcount(s), sys.getsizeof('é'))",
        "import os\nos.close(1)\nprint('lost')",
        "#!/usr/bin/env python\n# coding: latin-1\nprint('ok')",
    ];
    for python in pythons::installed() {
        for script in scripts {
            same_script(&python, script);
        }
    }
}

#[test]
fn a_call_is_its_module_and_its_value() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mod_under_test.py");
    let text = "import sys\nlimit = 3\n\ndef f(n):\n    return [n, limit, __name__]\n\ndef bad():\n    \
                raise LookupError('inside')\n\nif __name__ == '__main__':\n    print('not now')\n";
    fs::write(&file, text).unwrap();
    let trace = folder.path().join("trace");
    for python in pythons::installed() {
        let call = |expr: &str| {
            let target = Target::Call {
                expr: expr.into(),
                file: file.clone(),
            };
            let outcome = record(&launch(&python, target, &trace)).unwrap();
            (outcome, replay(&trace))
        };
        let (outcome, recorded) = call("f(limit + 4)");
        assert_eq!((outcome.status, &*outcome.stdout), (0, &b""[..]));
        let value = repr(&recorded.result.unwrap());
        assert_eq!(value, "[7, 3, 'mod_under_test']");
        assert_eq!(recorded.facts["call"], "f(limit + 4)");
        let first = &recorded.events[0];
        assert_eq!(
            (first.kind, &*first.function, first.frame),
            ("call", "<module>", 1)
        );
        let last = recorded.events.last().unwrap();
        assert_eq!((last.kind, &*last.function, last.frame), ("return", "f", 2));

        let (outcome, recorded) = call("bad()");
        let text = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert_eq!((outcome.status, recorded.result), (1, None));
        assert!(
            text.starts_with("Traceback") && text.ends_with("LookupError: inside\n"),
            "{text}"
        );
        assert!(!text.contains("boot"), "{text}");
        let (outcome, _) = call("f(");
        assert!(String::from_utf8_lossy(&outcome.stderr).contains("SyntaxError"));
        let (outcome, _) = call("sys.exit(4)");
        assert_eq!(outcome.status, 4);
        assert!(!folder.path().join("__pycache__").exists());
    }
}

#[test]
fn scope_is_the_programs_own_files_unless_told() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str| folder.path().join(name);
    fs::create_dir_all(of("site-packages")).unwrap();
    fs::write(of("site-packages/dep.py"), "def dep():\n    return 1\n").unwrap();
    fs::write(of("helper.py"), "def helper(f):\n    return f()\n").unwrap();
    let text = "import sys, os\nsys.path.insert(0, os.path.join(sys.path[0], 'site-packages'))\n\
                import dep, helper, textwrap\nprint(helper.helper(dep.dep), textwrap.dedent(' x'))\n";
    fs::write(of("main.py"), text).unwrap();
    for python in pythons::installed() {
        let functions = |include: &[&str], exclude: &[&str]| {
            let texts = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect();
            let trace = of("trace");
            let script = launch_script(&python, &of("main.py"), &trace);
            let outcome = record(&Launch {
                include: texts(include),
                exclude: texts(exclude),
                ..script
            });
            assert_eq!(outcome.unwrap().stdout, b"1 x\n");
            let recorded = replay(&trace);
            assert!(0 < recorded.facts["skipped"].parse::<u32>().unwrap());
            let mut res: Vec<_> = recorded.events.into_iter().map(|it| it.function).collect();
            res.sort();
            res.dedup();
            res
        };
        assert_eq!(functions(&[], &[]), ["<module>", "helper"]);
        assert_eq!(
            functions(&["**/dep.py"], &[]),
            ["<module>", "dep", "helper"]
        );
        assert_eq!(functions(&[], &["**/helper.py"]), ["<module>"]);
        assert_eq!(
            functions(&["**/textwrap.py"], &["**/m*"]).last().unwrap(),
            "helper"
        );
    }
}

#[test]
fn standard_input_is_the_programs_own() {
    let folder = tempfile::tempdir().unwrap();
    let (input, file) = (folder.path().join("in"), folder.path().join("read.py"));
    fs::write(&input, "one\ntwo\nthree").unwrap();
    fs::write(
        &file,
        "import sys\na = input()\nb = sys.stdin.read()\nprint(a, len(b))\n",
    )
    .unwrap();
    let trace = folder.path().join("trace");
    for python in pythons::installed() {
        let outcome = record(&Launch {
            stdin: Stdin::File(input.clone()),
            ..launch_script(&python, &file, &trace)
        });
        assert_eq!(outcome.unwrap().stdout, b"one 9\n");
    }
}

#[test]
fn what_cannot_be_recorded_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str| folder.path().join(name);
    fs::write(of("binary.py"), b"\x7fELF\0\0").unwrap();
    fs::write(of("fine.py"), "print(1)\n").unwrap();
    let python = pythons::installed().remove(0);
    let said = |file: PathBuf, trace: PathBuf, include: &str| {
        let res = record(&Launch {
            include: vec![include.into()],
            ..launch_script(&python, &file, &trace)
        });
        let text = res.unwrap_err().to_string();
        assert!(
            text.starts_with("cannot") || text.starts_with("the recorder"),
            "{text}"
        );
        text
    };
    assert!(said(of("gone.py"), of("t"), "x").ends_with("there is no such file"));
    assert!(said(of(""), of("t"), "x").contains("it is a directory"));
    assert!(said(of("binary.py"), of("t"), "x").contains("binary data"));
    assert!(said(of("fine.py"), of("no/t"), "x").contains("cannot write the trace"));
    assert!(said(of("fine.py"), of("t"), "[").contains("`[` is no pattern"));
    let res = record(&Launch {
        python: Some("/bin/true".into()),
        ..launch_script(&python, &of("fine.py"), &of("t"))
    });
    assert!(
        res.unwrap_err()
            .to_string()
            .contains("does not answer as a Python")
    );
}

#[test]
fn known_answers_are_reached() {
    let Some(data) = std::env::var_os("MONOLOGUE_DATA") else {
        eprintln!("SKIPPED: MONOLOGUE_DATA names no folder with cruxeval-dev.jsonl");
        return;
    };
    let text = fs::read_to_string(Path::new(&data).join("cruxeval-dev.jsonl")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let pythons = pythons::installed();
    for (at, line) in text.lines().enumerate() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let part = |key: &str| row[key].as_str().unwrap().to_owned();
        let (file, trace) = (
            folder.path().join("problem.py"),
            folder.path().join("trace"),
        );
        fs::write(&file, part("code")).unwrap();
        let target = Target::Call {
            expr: format!("f({})", part("input")).into(),
            file,
        };
        let python = &pythons[at % pythons.len()];
        record(&launch(python, target, &trace)).unwrap();
        let found = replay(&trace).result.as_ref().map(repr);
        if found.as_deref() != Some(&*part("output")) {
            wrong.push(format!(
                "{at} (3.{}): {found:?}, not {}",
                python.minor,
                part("output")
            ));
        }
    }
    eprintln!("{} problems, {} wrong", text.lines().count(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn values_are_those_of_the_moment() {
    let python = pythons::installed().pop().unwrap();
    let recorded = same_script(
        &python,
        "a = [[1], [2]]\nb = a[0]\nb.append(9)\nc = 10**40 // 3\nd = 1\n",
    );
    let at = |line: i64| {
        let event = recorded
            .events
            .iter()
            .find(|it| it.line == line && it.kind == "line");
        event.unwrap().locals.clone()
    };
    assert_eq!(repr(&at(3)["a"]), "[[1], [2]]");
    assert_eq!(repr(&at(4)["a"]), "[[1, 9], [2]]");
    assert_eq!(repr(&at(5)["c"]), "3".repeat(40));
    let id = |value: &Value| match value {
        Value::Sequence { id, .. } => *id,
        other => panic!("{other:?}"),
    };
    let Value::Sequence { items, .. } = &at(4)["a"] else {
        panic!("no list");
    };
    assert_eq!(id(&items[0]), id(&at(4)["b"]));
}
