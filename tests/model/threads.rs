//! The model's threads, which are none of the debugged program's business.

use std::fs;
use std::process::{Command, Stdio};

const PROGRAM: &str = "
import os
names = sorted(name for name in os.environ if name.endswith('_NUM_THREADS'))
with open('seen', 'w') as out:
    out.write(' '.join(names))
";

/// The variables about threads that a debugged program finds when the person set `own`.
fn seen(own: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("program.py"), PROGRAM).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_monologue"));
    command.arg("program.py").current_dir(dir.path());
    for name in ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"] {
        command.env_remove(name);
    }
    command.envs(own.iter().copied()).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    fs::read_to_string(dir.path().join("seen")).unwrap_or_else(|_| panic!("it did not run: {said}"))
}

#[test]
fn the_debugged_program_sees_what_the_person_set_and_no_more() {
    assert_eq!(seen(&[]), "");
    let own = [("RAYON_NUM_THREADS", "3"), ("OMP_NUM_THREADS", "2")];
    assert_eq!(seen(&own), "OMP_NUM_THREADS RAYON_NUM_THREADS");
}
