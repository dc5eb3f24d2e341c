//! From `boot.py` to the program: makes the interpreter look as if it had been started plainly.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::{
    control::Control,
    filter::Filter,
    hooks,
    layout::{Hidden, Layout, PyFrame_GetCode},
    monitor,
    object::{Obj, Owned, clear_error, import, new_text},
    output, settrace,
    state::{self, Recorder},
    target::Target,
    values::{Encoder, Limits},
    wire::Record,
    writer::Writer,
};
use pyo3::ffi;
use std::{
    env,
    ffi::{CStr, OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
};

/// Words before the settings: the boot script and the extension.
const OWN_WORDS: usize = 2;

/// Runs the program; its exit status. An error is a sentence, and nothing has run then.
pub(crate) fn run(mut layout: Layout) -> Result<i32, String> {
    let sys = import(c"sys").ok_or("`sys` cannot be imported")?;
    let words = sys.attr(c"argv").ok_or("`sys.argv` is missing")?;
    let texts = texts(*words);
    let own = texts.get(OWN_WORDS..).unwrap_or_default();
    let (control, used) = Control::parse(own)?;
    let target = Target::parse(*words, &texts, OWN_WORDS + used)?;

    let main = import(c"__main__").and_then(|it| it.instance_dict());
    let main = main.ok_or("`__main__` is missing")?;
    let limit = recursion_limit(*sys);
    // SAFETY: the frame of `boot.py`, which runs for as long as this function.
    let frame = unsafe { Obj::new(ffi::PyEval_GetFrame().cast()) }.ok_or("no frame is running")?;
    layout.prove_module(frame, *main);

    let mut recorder = recorder(&control, layout, &target)?;
    // SAFETY: the frame holds its code object.
    unsafe {
        let code = PyFrame_GetCode(frame.ptr());
        ffi::Py_DECREF(code);
        Obj::new(code)
            .into_iter()
            .for_each(|it| recorder.disown(it));
    }
    let monitors = match control.backend.as_str() {
        "settrace" => false,
        _ => 12 <= layout.minor && monitor::prepare(*sys),
    };
    for (key, value) in facts(*sys, &control, &target, &layout, monitors) {
        recorder.put(&Record::Fact(key.into(), value));
    }
    state::begin(recorder);

    forget_boot(*sys, *main, &texts);
    target.announce(*sys)?;
    output::follow(*sys);
    hooks::follow(*sys);
    if !monitors {
        hooks::follow_tracing(*sys);
    }
    clear_error();

    let hidden = Hidden::current(&layout, limit);
    match monitors {
        true => monitor::arm(),
        false => settrace::arm(),
    }
    let status = target.run(*main);
    drop(hidden);
    Ok(status)
}

fn recorder(control: &Control, layout: Layout, target: &Target) -> Result<Recorder, String> {
    let limits = Limits {
        items: control.max_items,
        depth: control.max_depth,
        text: control.max_text,
        nodes: 1000.max(control.max_items as u32),
    };
    let cwd = env::current_dir().unwrap_or_default();
    let mut filter = Filter::new(cwd, library(), &control.include, &control.exclude)?;
    if let Some(file) = target.file() {
        filter.claim(&file);
    }
    let most = (control.max_bytes, control.max_held);
    let writer = Writer::create(&control.trace, most).map_err(|error| {
        let trace = control.trace.display();
        format!("cannot write the trace {trace}: {error}")
    })?;
    let mut encoder = Encoder::new(limits, layout);
    encoder.own_repr.is_on = control.call_repr;
    Ok(Recorder::new(writer, encoder, filter, control.max_steps))
}

/// The folder of the standard library, as it names itself and as it lies on disk.
fn library() -> Vec<PathBuf> {
    let file = import(c"os").map(|it| PathBuf::from(it.attr_text(c"__file__")));
    let folder = file.as_deref().and_then(|it| it.parent());
    let real = folder.and_then(|it| it.canonicalize().ok());
    folder.map(PathBuf::from).into_iter().chain(real).collect()
}

fn recursion_limit(sys: Obj) -> i32 {
    let limit = sys.attr(c"getrecursionlimit").and_then(|it| it.call(&[]));
    limit.and_then(|it| it.int()).unwrap_or(0) as i32
}

/// What is known of the run before it starts.
fn facts(
    sys: Obj,
    control: &Control,
    target: &Target,
    layout: &Layout,
    monitors: bool,
) -> Vec<(&'static str, String)> {
    let version = sys.attr_text(c"version");
    let version = version.split_whitespace().next().unwrap_or_default();
    let implementation = sys.attr(c"implementation");
    let implementation = implementation.map_or_else(String::new, |it| {
        let names = it.instance_dict();
        let name = names.as_ref().and_then(|it| it.item(c"name"));
        name.map_or_else(String::new, Obj::text)
    });
    let limits = format!(
        "items={} depth={} text={}",
        control.max_items, control.max_depth, control.max_text
    );
    let cwd = env::current_dir().unwrap_or_default();
    let backend = if monitors { "monitoring" } else { "settrace" };
    let mut res = vec![
        ("python", version.to_owned()),
        ("implementation", implementation),
        ("executable", sys.attr_text(c"executable")),
        ("target", target.kind().to_owned()),
        ("argv", target.argv()),
        ("cwd", cwd.to_string_lossy().into_owned()),
        ("limits", limits),
        ("backend", backend.to_owned()),
    ];
    if control.max_steps != u64::MAX {
        res.push(("max_steps", control.max_steps.to_string()));
    }
    if !layout.fast || !layout.namespace {
        res.push(("locals", "through f_locals".to_owned()));
    }
    res.extend(target.call().map(|it| ("call", it)));
    res
}

/// Takes what `boot.py` has left behind away.
fn forget_boot(sys: Obj, main: Obj, texts: &[OsString]) {
    const OWN: [&CStr; 6] = [
        c"load",
        c"prove",
        c"start",
        c"__file__",
        c"__cached__",
        c"_monologue",
    ];
    for name in OWN {
        drop_item(main, name);
    }
    if let Some(modules) = sys.attr(c"modules") {
        drop_item(*modules, c"_monologue");
    }
    let cache = sys.attr(c"path_importer_cache");
    let own = texts.first().and_then(|it| new_text(&it.to_string_lossy()));
    if let Some((cache, own)) = cache.zip(own) {
        // SAFETY: a dict with a str key; an absent one is an error, which is cleared.
        unsafe { ffi::PyDict_DelItem(cache.ptr(), own.ptr()) };
    }
    // As in every fresh `__main__`.
    let loader = import(c"_frozen_importlib").and_then(|it| it.attr(c"BuiltinImporter"));
    if let Some(loader) = loader {
        set_item(main, c"__loader__", *loader);
    }
    clear_error();
}

fn drop_item(dict: Obj, name: &CStr) {
    // SAFETY: a dict; an absent key is an error, which is cleared.
    unsafe { ffi::PyDict_DelItemString(dict.ptr(), name.as_ptr()) };
    clear_error();
}

/// Sets an item of a dict.
pub(crate) fn set_item(dict: Obj, name: &CStr, value: Obj) {
    // SAFETY: a dict and a living object.
    unsafe { ffi::PyDict_SetItemString(dict.ptr(), name.as_ptr(), value.ptr()) };
    clear_error();
}

/// The words of `sys.argv` as the system gave them.
fn texts(words: Obj) -> Vec<OsString> {
    let text = |at| {
        let word = words.list_item(at)?;
        // SAFETY: a str.
        let bytes = unsafe { Owned::new(ffi::PyUnicode_EncodeFSDefault(word.ptr())) }?;
        Some(OsStr::from_bytes(bytes.byte_slice()).to_owned())
    };
    (0..words.list_len())
        .map(|it| text(it).unwrap_or_default())
        .collect()
}
