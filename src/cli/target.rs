//! The target words of a command line as something to launch.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::{Failure, args, sandbox::seconds_of, threads, usage};
use crate::{
    record::{self, Launch, Stdin},
    settings::Settings,
};

impl args::Target {
    /// Whether anything was named.
    pub(super) fn is_empty(&self) -> bool {
        [&self.words, &self.module, &self.code, &self.pytest]
            .iter()
            .all(|it| it.is_empty())
    }

    /// What to launch, with its trace going to `-o`, else to `trace`.
    ///
    /// # Errors
    /// When nothing was named, or a limit is none.
    pub(super) fn launch(&self, settings: &Settings, trace: &Path) -> Result<Launch, Failure> {
        let (target, args) = self.program()?;
        let mut launch = Launch::new(target, self.output.as_deref().unwrap_or(trace));
        launch.args = args;
        let asked = &settings.record;
        let either = |flag: &[String], setting: &Option<Vec<String>>| match flag {
            [] => setting.clone().unwrap_or_default(),
            flag => flag.to_vec(),
        };
        let least = |flag: Option<u32>, setting: Option<u64>, default: u32| {
            flag.or(setting.map(|it| u32::try_from(it).unwrap_or(u32::MAX)))
                .unwrap_or(default)
        };
        launch.python = self.python.clone().or_else(|| settings.python.clone());
        launch.include = either(&self.include, &asked.include);
        launch.exclude = either(&self.exclude, &asked.exclude);
        launch.max_steps = self.max_steps.or(asked.max_steps);
        // However long the program runs, its newest steps are kept, and no more disk than that: whoever
        // launches it sees to that.
        launch.max_bytes = Some(i64::MAX.cast_unsigned());
        launch.max_items = least(self.max_items, asked.max_items, launch.max_items);
        launch.max_depth = least(self.max_depth, asked.max_depth, launch.max_depth);
        launch.max_text = least(self.max_text, asked.max_text, launch.max_text);
        launch.call_repr = self.call_repr;
        let timeout = self.timeout.or(asked.timeout.map(|it| it as f64));
        launch.timeout = timeout.map(seconds_of).transpose()?;
        launch.withheld = threads::set();
        if let Some(file) = &self.stdin {
            launch.stdin = Stdin::File(file.clone());
        }
        Ok(launch)
    }

    /// What is debugged, in a few words.
    pub(super) fn title(&self) -> String {
        let name = |it: &OsString| {
            let path = PathBuf::from(it);
            let name = path.file_name().unwrap_or(path.as_os_str());
            name.to_string_lossy().into_owned()
        };
        if let Some(expr) = &self.call {
            return expr.clone();
        }
        if let Some(module) = self.module.first() {
            return format!("-m {}", module.to_string_lossy());
        }
        if !self.code.is_empty() {
            return "-c".into();
        }
        if let Some(node) = self.pytest.first() {
            return node.to_string_lossy().into_owned();
        }
        self.words.first().map(name).unwrap_or_default()
    }

    fn program(&self) -> Result<(record::Target, Vec<OsString>), Failure> {
        if let Some((name, args)) = self.module.split_first() {
            return Ok((record::Target::Module { name: name.clone() }, args.to_vec()));
        }
        if let Some((code, args)) = self.code.split_first() {
            return Ok((record::Target::Code { code: code.clone() }, args.to_vec()));
        }
        if let Some((node, args)) = self.pytest.split_first() {
            return Ok((record::Target::Pytest { node: node.clone() }, args.to_vec()));
        }
        let Some((file, args)) = self.words.split_first() else {
            return Err(usage(match &self.call {
                Some(expr) => format!(
                    "could not record `{expr}`: name the FILE.py that its names come from, behind the expression"
                ),
                None => "could not record anything: name a FILE.py, -m MODULE, -c CODE, --pytest NODEID, or --call 'EXPR' FILE.py"
                    .into(),
            }));
        };
        let file = PathBuf::from(file);
        let target = match &self.call {
            Some(expr) => record::Target::Call {
                expr: expr.into(),
                file,
            },
            None => record::Target::Script { file },
        };
        Ok((target, args.to_vec()))
    }
}

/// Bytes of disk beyond which a program waits for the one that keeps about `kept` bytes of its trace: it may
/// write faster than they are read. Twice that, and what the recorder reserves.
pub(super) fn held(kept: u64) -> u64 {
    kept.saturating_mul(2).saturating_add(16 << 20)
}
