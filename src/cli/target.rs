//! The target words of a command line as something to launch.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::{Failure, args, sandbox::seconds_of, usage};
use crate::record::{self, Launch, Stdin};

impl args::Target {
    /// Whether anything was named.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.module.is_empty() && self.code.is_empty()
    }

    /// What to launch, with its trace going to `-o`, else to `trace`.
    ///
    /// # Errors
    /// When nothing was named, or a limit is none.
    pub(super) fn launch(&self, trace: &Path) -> Result<Launch, Failure> {
        let (target, args) = self.program()?;
        let mut launch = Launch::new(target, self.output.as_deref().unwrap_or(trace));
        launch.args = args;
        launch.python = self.python.clone();
        launch.include = self.include.clone();
        launch.exclude = self.exclude.clone();
        launch.max_steps = self.max_steps;
        launch.max_items = self.max_items.unwrap_or(launch.max_items);
        launch.max_depth = self.max_depth.unwrap_or(launch.max_depth);
        launch.max_text = self.max_text.unwrap_or(launch.max_text);
        launch.timeout = self.timeout.map(seconds_of).transpose()?;
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
        self.words.first().map(name).unwrap_or_default()
    }

    fn program(&self) -> Result<(record::Target, Vec<OsString>), Failure> {
        if let Some((name, args)) = self.module.split_first() {
            return Ok((record::Target::Module { name: name.clone() }, args.to_vec()));
        }
        if let Some((code, args)) = self.code.split_first() {
            return Ok((record::Target::Code { code: code.clone() }, args.to_vec()));
        }
        let Some((file, args)) = self.words.split_first() else {
            return Err(usage(match &self.call {
                Some(expr) => format!(
                    "could not record `{expr}`: name the FILE.py that its names come from, behind the expression"
                ),
                None => "could not record anything: name a FILE.py, -m MODULE, -c CODE, or --call 'EXPR' FILE.py"
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
