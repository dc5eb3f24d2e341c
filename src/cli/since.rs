//! Whether the sources of a trace are still what they were when it was recorded.

use std::{fs, io, path::Path};

use crate::{
    trace::{File, Trace},
    tui::Since,
};

/// A sentence for each file of the program that has changed or is gone. Reads each file once.
pub(super) fn changes(trace: &Trace) -> Vec<String> {
    trace.files().iter().filter_map(told).collect()
}

/// What became of `file`; `None` where it is as it was, or where that cannot be known. Reads it once.
pub(super) fn change(file: &File) -> Option<Since> {
    let was = file.lines.as_ref()?;
    // Source that came from no file is named like `<string>`.
    if file.path.starts_with('<') {
        return None;
    }
    let path = Path::new(&*file.path);
    match fs::read(path) {
        Ok(bytes) => {
            // What is not UTF-8 was decoded by a codec of Python's, and cannot be compared here.
            let text = String::from_utf8(bytes).ok()?;
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            let same = text.lines().eq(was.iter().map(|it| &**it));
            (!same).then_some(Since::Changed)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Since::Gone),
        // Another machine's, or not ours to read: nothing is known of it.
        Err(_) => None,
    }
}

fn told(file: &File) -> Option<String> {
    let what = match change(file)? {
        Since::Changed => "has changed since it was recorded",
        Since::Gone => "is gone since it was recorded",
    };
    let path = Path::new(&*file.path);
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy();
    Some(format!("{name} {what}; it is shown as it was"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn said(recorded: &str, now: Option<&str>) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prog.py");
        if let Some(now) = now {
            fs::write(&path, now).unwrap();
        }
        told(&File {
            path: path.to_string_lossy().into(),
            lines: Some(recorded.lines().map(Arc::from).collect()),
        })
    }

    #[test]
    fn only_what_differs_is_told_of() {
        assert_eq!(said("a = 1\nb = 2", Some("a = 1\nb = 2\n")), None);
        assert_eq!(said("a = 1\nb = 2", Some("\u{feff}a = 1\r\nb = 2")), None);
        assert!(
            said("a = 1", Some("a = 2"))
                .unwrap()
                .starts_with("prog.py has changed")
        );
        assert!(said("a = 1", None).unwrap().starts_with("prog.py is gone"));
    }
}
