//! The page that a browser steps through: whole by itself, closed against what programs say, and, where a
//! Chromium is at hand, stepped through.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "what is skipped is said")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use monologue::{
    export,
    record::{Launch, Output, Stdin, Target, record},
    represent,
    trace::{Id, StepId, Trace, file},
};

/// Everything that could end a script, begin one, or be taken for a mark of the page's own.
const HOSTILE: &str = r##"
def f(text, n):
    a = text + "</script><script>document.title = 'owned'</script>"
    b = "<!-- <script> -->]]><img src=x onerror=\"document.title='owned'\">"
    c = "@SCRIPT@ @DATA@ @STYLE@ \u2028 \u2029 \ud83d\ude00 é &amp; ${1} `x`"
    for i in range(n):
        print(a, i, "</pre><script>document.title = 'owned'</script>")
    return c


f("</title>", 3)
print("end of it")
"##;

fn recorded(source: &str, folder: &Path) -> Trace {
    let program = folder.join("prog.py");
    fs::write(&program, source).unwrap();
    let mut launch = Launch::new(Target::Script { file: program }, folder.join("run.trace"));
    launch.output = Output::Piped;
    launch.stdin = Stdin::Null;
    record(&launch).unwrap();
    file::open(&folder.join("run.trace")).unwrap()
}

fn page(trace: &Trace, title: &str) -> String {
    let mut out = Vec::new();
    let window = Id::new(0)..trace.steps().end();
    export::html(trace, window, title, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn browser() -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let found = env::split_paths(&folders)
        .flat_map(|folder| names.map(|it| folder.join(it)))
        .find(|it| it.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: no Chromium on PATH to open the page in");
    }
    found
}

/// What the page is once its script, and then `then`, have run.
fn opened(browser: &Path, page: &str, then: &str, folder: &Path) -> String {
    let path = folder.join("page.html");
    let driven = page.replace("</body>", &format!("<script>{then}</script></body>"));
    fs::write(&path, driven).unwrap();
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .args(["--virtual-time-budget=20000", "--dump-dom"])
        .arg(&path)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn press(keys: &str) -> String {
    keys.chars()
        .map(|it| format!("dispatchEvent(new KeyboardEvent('keydown', {{key: '{it}'}}));"))
        .collect()
}

/// The text of the element `id`.
fn text<'a>(dom: &'a str, id: &str) -> &'a str {
    let at = dom.find(&format!("id=\"{id}\"")).unwrap();
    let rest = &dom[at..];
    let start = rest.find('>').unwrap() + 1;
    &rest[start..start + rest[start..].find("</").unwrap()]
}

#[test]
fn the_page_is_whole_and_closed() {
    let folder = tempfile::tempdir().unwrap();
    let page = page(
        &recorded(HOSTILE, folder.path()),
        "</title><script>x</script>",
    );
    // The page's own two, data and script: none is ended or begun by what the program says.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
    assert_eq!(page.matches("<title>").count(), 1);
    assert!(!page.contains("onerror=\\\"document.title='owned'\\\"><"));
    for fetched in ["http://", "https://", "src=", "@import", "url("] {
        let outside: String = page
            .lines()
            .filter(|it| !it.contains("id=\"run\""))
            .collect();
        assert!(!outside.contains(fetched), "{fetched}");
    }
    let data = page
        .split("id=\"run\">")
        .nth(1)
        .unwrap()
        .split("</script>")
        .next()
        .unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(
        data["pages"].as_array().unwrap().len(),
        represent::ALL.len()
    );
    let values: Vec<&str> = data["values"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it.as_str())
        .collect();
    assert!(
        values
            .iter()
            .any(|it| it.contains("</script><script>document.title"))
    );
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn spans_are_where_a_browser_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let trace = recorded(HOSTILE, folder.path());
    let page = page(&trace, "x");
    let data = page
        .split("id=\"run\">")
        .nth(1)
        .unwrap()
        .split("</script>")
        .next()
        .unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    for (it, shown) in represent::ALL.iter().zip(data["pages"].as_array().unwrap()) {
        let own = represent::page(*it, &trace, &represent::Request::whole(&trace));
        let units: Vec<u16> = shown["text"].as_str().unwrap().encode_utf16().collect();
        for step in trace.steps().ids() {
            let (at, _) = own.resolved(step).unwrap();
            assert_eq!(shown["steps"][step.raw() as usize], at);
            let bytes = &own.spans()[at].bytes;
            let wanted = &own.text()[bytes.start as usize..bytes.end as usize];
            let unit = |n: usize| shown["spans"][at][n].as_u64().unwrap() as usize;
            let got = String::from_utf16(&units[unit(0)..unit(1)]).unwrap();
            assert_eq!(got, wanted, "{} step {}", it.name(), step.number());
        }
    }
}

#[test]
fn a_browser_steps_through_it() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let trace = recorded(HOSTILE, folder.path());
    let page = page(&trace, "a <title>");
    let now = |keys: &str| {
        let dom = opened(&browser, &page, &press(keys), folder.path());
        assert!(
            dom.contains("<title>a &lt;title&gt;</title>"),
            "{keys}: it was owned"
        );
        assert!(!dom.contains("<img"), "{keys}");
        dom
    };
    let total = trace.steps().len();
    let first = now("");
    assert_eq!(
        text(&first, "now"),
        format!("step 1 of {total} in &lt;module&gt;")
    );
    assert_eq!(text(&now("ss"), "now"), format!("step 3 of {total} in f"));
    assert_eq!(
        text(&now("ssS"), "now"),
        format!("step 2 of {total} in &lt;module&gt;")
    );
    // Over the call, and back over it.
    assert_eq!(
        text(&now("nn"), "now"),
        format!("step {total} of {total} in &lt;module&gt;")
    );
    assert_eq!(
        text(&now("nnN"), "now"),
        format!("step 2 of {total} in &lt;module&gt;")
    );
    assert_eq!(
        text(&now("sssf"), "now"),
        format!("step {total} of {total} in &lt;module&gt;")
    );
    assert_eq!(
        text(&now("sssF"), "now"),
        format!("step 2 of {total} in &lt;module&gt;")
    );
    let end = now("G");
    assert!(end.contains("end of it"), "its output is there");
    assert!(end.contains("class=\"now\""), "its line is marked");
    assert!(
        !first.contains("<span class=\"stdout\">"),
        "nothing was printed yet"
    );
    // In f: its state, its caller's below, and each format's words for the step.
    let inside = now("ssssss");
    assert!(inside.contains("<td>text</td>") && inside.contains("'&lt;/title&gt;'"));
    for (turn, it) in represent::ALL.iter().enumerate() {
        let dom = now(&format!("ssss{}", "v".repeat(turn)));
        let own = represent::page(*it, &trace, &represent::Request::whole(&trace));
        let (span, _) = own.resolve(StepId::new(4)).unwrap();
        let wanted = &own.text()[span.bytes.start as usize..span.bytes.end as usize];
        let wanted = wanted
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let marked = dom.split("<mark").nth(1).unwrap();
        let marked = &marked[marked.find('>').unwrap() + 1..marked.find("</mark>").unwrap()];
        let bare = |it: &str| it.replace('\u{a0}', "&nbsp;").replace('\r', "");
        assert_eq!(bare(marked), bare(&wanted), "{}", it.name());
    }
}

/// Twenty thousand steps are a page that opens; more are cut, and that is said.
#[test]
fn long_runs_stay_usable() {
    let folder = tempfile::tempdir().unwrap();
    let source = "total = 0\nfor i in range(12000):\n    total += i % 7\nprint(total)\n";
    let trace = recorded(source, folder.path());
    assert!(export::MAX_STEPS < trace.steps().len());
    let page = page(&trace, "long");
    assert!(page.len() < 40 << 20, "{} bytes", page.len());
    assert!(page.contains("steps are left out"));
    let Some(browser) = browser() else { return };
    let before = std::time::Instant::now();
    let dom = opened(&browser, &page, &press("GS"), folder.path());
    eprintln!("{} bytes, opened in {:?}", page.len(), before.elapsed());
    let last = export::MAX_STEPS - 1;
    assert_eq!(
        text(&dom, "now"),
        format!("step {last} of {} in &lt;module&gt;", trace.steps().len())
    );
}
