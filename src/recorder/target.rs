//! The program: a script, a module, a string or a call, run as Python itself would run it.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::{
    boot::set_item,
    json,
    object::{Obj, Owned, clear_error, import, new_text},
    source, state,
};
use pyo3::ffi::{self, PyObject};
use std::{
    env,
    ffi::{CString, OsString, c_char, c_int},
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf, absolute},
};

/// Grammars of `Py_CompileString`.
const FILE_INPUT: c_int = 257;
const EVAL_INPUT: c_int = 258;

#[repr(C)]
struct CompilerFlags {
    flags: c_int,
    feature_version: c_int,
}

unsafe extern "C" {
    fn PyRun_SimpleFileExFlags(
        file: *mut libc::FILE,
        name: *const c_char,
        close: c_int,
        flags: *mut CompilerFlags,
    ) -> c_int;
}

/// What is run, with the words that came with it.
pub(crate) struct Target {
    what: What,
    /// `sys.argv` as the program is to see it.
    argv: Vec<Owned>,
    /// The words that a plain Python would have been given behind its own name.
    original: Vec<Owned>,
    argv_texts: Vec<String>,
}

enum What {
    Script(PathBuf),
    Module(Owned),
    Code(OsString),
    Call { expression: OsString, file: PathBuf },
    Pytest,
}

impl Target {
    /// Reads the words from `at` on: the kind, then what belongs to it, then the program's own.
    pub(crate) fn parse(words: Obj, texts: &[OsString], at: usize) -> Result<Self, String> {
        let word = |index: usize| words.list_item(at + index).map(Obj::own);
        let text = |index: usize| texts.get(at + index).cloned();
        let missing = || "the target is incomplete".to_owned();
        let kind = text(0).ok_or_else(missing)?;
        let first = text(1).ok_or_else(missing)?;
        let flag = |it: &str| new_text(it).into_iter();
        let (what, argv, original, from): (_, _, Vec<_>, _) = match kind.to_str() {
            Some("script") => (
                What::Script(first.into()),
                word(1),
                word(1).into_iter().collect(),
                2,
            ),
            Some("module") => {
                let name = word(1).ok_or_else(missing)?;
                (
                    What::Module(name),
                    new_text("-m"),
                    flag("-m").chain(word(1)).collect(),
                    2,
                )
            }
            Some("code") => (
                What::Code(first),
                new_text("-c"),
                flag("-c").chain(word(1)).collect(),
                2,
            ),
            Some("pytest") => (
                What::Pytest,
                new_text("-m"),
                ["-m", "pytest"].into_iter().filter_map(new_text).collect(),
                1,
            ),
            Some("call") => {
                let file = text(2).ok_or_else(missing)?.into();
                let what = What::Call {
                    expression: first,
                    file,
                };
                (what, word(2), word(2).into_iter().collect(), 3)
            }
            _ => return Err(format!("`{}` is no kind of target", kind.display())),
        };
        let rest = || (at + from..texts.len()).filter_map(|it| words.list_item(it).map(Obj::own));
        let mut shown: Vec<_> = argv.iter().map(|it| it.text()).collect();
        shown.extend(
            texts
                .iter()
                .skip(at + from)
                .map(|it| it.to_string_lossy().into_owned()),
        );
        Ok(Self {
            what,
            argv: argv.into_iter().chain(rest()).collect(),
            original: original.into_iter().chain(rest()).collect(),
            argv_texts: shown,
        })
    }

    /// Its kind, as a word.
    pub(crate) fn kind(&self) -> &'static str {
        match self.what {
            What::Script(_) => "script",
            What::Module(_) => "module",
            What::Code(_) => "code",
            What::Call { .. } => "call",
            What::Pytest => "pytest",
        }
    }

    /// `sys.argv` as a JSON array.
    pub(crate) fn argv(&self) -> String {
        json::array(&self.argv_texts)
    }

    /// The expression of a call.
    pub(crate) fn call(&self) -> Option<String> {
        match &self.what {
            What::Call { expression, .. } => Some(expression.to_string_lossy().into_owned()),
            _ => None,
        }
    }

    /// The name that the code of its file will carry.
    pub(crate) fn file(&self) -> Option<String> {
        match &self.what {
            What::Script(file) | What::Call { file, .. } => absolute(file)
                .ok()
                .map(|it| it.to_string_lossy().into_owned()),
            What::Module(_) | What::Code(_) | What::Pytest => None,
        }
    }

    /// Sets `sys.argv`, `sys.orig_argv` and `sys.path[0]` as Python sets them.
    pub(crate) fn announce(&self, sys: Obj) -> Result<(), String> {
        let list = |items: &[Owned], before: Option<Owned>| {
            // SAFETY: a new list; appending takes references of its own.
            unsafe {
                let res = Owned::new(ffi::PyList_New(0))?;
                for item in before.iter().chain(items) {
                    ffi::PyList_Append(res.ptr(), item.ptr());
                }
                Some(res)
            }
        };
        let argv = list(&self.argv, None).ok_or("Python is out of memory")?;
        sys.set_attr(c"argv", *argv);
        if let Some(original) = sys.attr(c"orig_argv") {
            let python = original.list_item(0).map(Obj::own);
            if let Some(original) = list(&self.original, python) {
                sys.set_attr(c"orig_argv", *original);
            }
        }
        let safe = sys.attr(c"flags").and_then(|it| it.attr(c"safe_path"));
        if !safe.is_some_and(|it| it.is_true() || it.int() == Some(1)) {
            self.set_path(sys);
        }
        clear_error();
        Ok(())
    }

    fn set_path(&self, sys: Obj) {
        let folder = match &self.what {
            What::Script(file) | What::Call { file, .. } => {
                let file = fs::canonicalize(file).unwrap_or_else(|_| file.clone());
                file.parent().map(Path::to_owned).unwrap_or_default()
            }
            What::Module(_) | What::Pytest => env::current_dir().unwrap_or_default(),
            What::Code(_) => PathBuf::new(),
        };
        let bytes = folder.as_os_str().as_bytes();
        // SAFETY: bytes of that length; the list takes the reference.
        unsafe {
            let start = bytes.as_ptr().cast();
            let text = ffi::PyUnicode_DecodeFSDefaultAndSize(start, bytes.len() as isize);
            if let (Some(text), Some(path)) = (Owned::new(text), sys.attr(c"path"))
                && 0 < path.list_len()
            {
                ffi::PyList_SetItem(path.ptr(), 0, text.into_ptr());
            }
        }
    }

    /// Runs it in `main`, the dictionary of `__main__`; the exit status. An exit that the program asks
    /// for ends the process from within.
    pub(crate) fn run(&self, main: Obj) -> c_int {
        match &self.what {
            What::Script(file) => run_script(file),
            What::Module(name) => run_module(**name),
            What::Pytest => new_text("pytest").map_or(1, |it| run_module(*it)),
            What::Code(code) => run_code(code, main),
            What::Call { expression, file } => run_call(expression, file),
        }
    }
}

fn run_script(file: &Path) -> c_int {
    let path = absolute(file).unwrap_or_else(|_| file.to_owned());
    let Some(name) = c_string(path.as_os_str().as_bytes()) else {
        return 2;
    };
    let mut flags = CompilerFlags {
        flags: 0,
        // What Python sets it to: no older grammar is asked for.
        feature_version: 13,
    };
    // SAFETY: the file is closed by the callee. This is what Python itself does with a script, down to
    // how errors of syntax are shown and how an exit is carried out.
    unsafe {
        let stream = libc::fopen(name.as_ptr(), c"rb".as_ptr());
        if stream.is_null() {
            return 2;
        }
        match PyRun_SimpleFileExFlags(stream, name.as_ptr(), 1, &raw mut flags) {
            0 => 0,
            _ => {
                end_as_interrupted();
                1
            }
        }
    }
}

fn run_module(name: Obj) -> c_int {
    let run = import(c"runpy").and_then(|it| it.attr(c"_run_module_as_main"));
    // SAFETY: a static object.
    let yes = unsafe { Obj::new(ffi::Py_True()) };
    let res = run.zip(yes).and_then(|(run, yes)| run.call(&[name, yes]));
    status_of(res)
}

fn run_code(code: &OsString, main: Obj) -> c_int {
    let Some(compiled) = compile(code.as_bytes(), Path::new("<string>"), FILE_INPUT) else {
        return status_of(None);
    };
    let text = source::decode(code.as_bytes()).unwrap_or_default();
    adopt(*compiled, &text);
    show_in_tracebacks(&text);
    status_of(evaluate(*compiled, main))
}

/// From 3.13 on a traceback shows lines of the string.
fn show_in_tracebacks(text: &str) {
    let known = import(c"sys").is_some_and(|it| 0x030d_0000 <= it.attr_int(c"hexversion"));
    if !known {
        return;
    }
    let register = import(c"linecache").and_then(|it| it.attr(c"_register_code"));
    let (name, text) = (new_text("<string>"), new_text(text));
    if let Some((register, (name, text))) = register.zip(name.zip(text)) {
        register.call(&[*name, *text, *name]);
    }
    clear_error();
}

/// Takes the code of a string, and all code within it, as the program's. Other strings that the program
/// runs carry the same file name; they are not meant.
fn adopt(code: Obj, text: &str) {
    state::with(|recorder| recorder.adopt(code, "<string>", text));
    let constants = code.attr(c"co_consts");
    for constant in constants.iter().flat_map(|it| it.tuple()) {
        if constant.kind() == code.kind() {
            adopt(constant, text);
        }
    }
}

fn run_call(expression: &OsString, file: &Path) -> c_int {
    let path = absolute(file).unwrap_or_else(|_| file.to_owned());
    let Some(names) = load(&path) else {
        return status_of(None);
    };
    let place = Path::new("<call>");
    let Some(call) = compile(expression.as_bytes(), place, EVAL_INPUT) else {
        return status_of(None);
    };
    let res = evaluate(*call, *names);
    if let Some(value) = &res {
        state::with(|recorder| recorder.result(**value));
    }
    status_of(res)
}

/// Runs a file as a module of its own name; its names.
fn load(path: &Path) -> Option<Owned> {
    let bytes = fs::read(path).ok()?;
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    let (name, place) = (new_text(&stem)?, new_text(&path.to_string_lossy())?);
    let compiled = compile(&bytes, path, FILE_INPUT)?;
    let external = import(c"_frozen_importlib_external")?;
    let spec = external
        .attr(c"spec_from_file_location")?
        .call(&[*name, *place])?;
    let from_spec = import(c"_frozen_importlib")?.attr(c"module_from_spec")?;
    let module = from_spec.call(&[*spec])?;
    let modules = import(c"sys")?.attr(c"modules")?;
    if modules.at(*name).is_none() {
        // SAFETY: a dict, a str and a module.
        unsafe { ffi::PyDict_SetItem(modules.ptr(), name.ptr(), module.ptr()) };
    }
    let names = module.instance_dict()?;
    // SAFETY: borrowed from the thread for this call.
    if let Some(builtins) = unsafe { Obj::new(ffi::PyEval_GetBuiltins()) } {
        set_item(*names, c"__builtins__", builtins);
    }
    evaluate(*compiled, *names).map(|_| names)
}

/// Compiles source; an error of syntax stays set when this is `None`.
fn compile(source: &[u8], name: &Path, grammar: c_int) -> Option<Owned> {
    let (source, name) = (c_string(source), c_string(name.as_os_str().as_bytes())?);
    let Some(source) = source else {
        // SAFETY: sets an error of Python's own.
        unsafe {
            let text = c"source code string cannot contain null bytes";
            ffi::PyErr_SetString(ffi::PyExc_SyntaxError, text.as_ptr());
        }
        return None;
    };
    // SAFETY: both end in zero.
    keep_error(unsafe { ffi::Py_CompileString(source.as_ptr(), name.as_ptr(), grammar) })
}

/// Runs a code object; an exception stays set when this is `None`.
fn evaluate(code: Obj, names: Obj) -> Option<Owned> {
    // SAFETY: a code object and a dict.
    keep_error(unsafe { ffi::PyEval_EvalCode(code.ptr(), names.ptr(), names.ptr()) })
}

fn keep_error(res: *mut PyObject) -> Option<Owned> {
    // SAFETY: a new reference or null; `Owned::new` would clear the error that goes with null.
    unsafe { Obj::new(res).and_then(|it| Owned::new(it.ptr())) }
}

/// Shows an exception as Python does at the end of a program; the exit status.
fn status_of(res: Option<Owned>) -> c_int {
    if res.is_some() {
        return 0;
    }
    // SAFETY: the lock is held. `PyErr_Print` ends the process if the exception asks for that.
    unsafe {
        if ffi::PyErr_Occurred().is_null() {
            return 1;
        }
        ffi::PyErr_Print();
    }
    end_as_interrupted();
    1
}

/// Lets the process end by the signal if what was shown last is an interrupt.
fn end_as_interrupted() {
    let shown = import(c"sys").and_then(|it| it.attr(c"last_type"));
    // SAFETY: a static type; the function waits until the interpreter is gone.
    unsafe {
        if shown.is_some_and(|it| it.ptr() == ffi::PyExc_KeyboardInterrupt) {
            ffi::Py_AtExit(Some(end_by_interrupt));
        }
    }
}

/// A program that is interrupted ends by the signal, so that its parent sees that.
extern "C" fn end_by_interrupt() {
    // SAFETY: the interpreter is gone; this process ends itself.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_DFL);
        libc::kill(libc::getpid(), libc::SIGINT);
    }
}

fn c_string(bytes: &[u8]) -> Option<CString> {
    CString::new(bytes).ok()
}
