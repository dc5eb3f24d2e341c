//! Layers, errors, colors.

use super::*;

fn theme(name: &str) -> Settings {
    Settings {
        theme: Some(name.into()),
        ..Settings::default()
    }
}

#[test]
fn upper_layers_win() {
    let dir = tempfile::tempdir().unwrap();
    let user = dir.path().join("home/monologue");
    let project = dir.path().join("work");
    let here = project.join("deep/er");
    fs::create_dir_all(&user).unwrap();
    fs::create_dir_all(&here).unwrap();
    let config = "theme = \"paper\"\nmodel = \"user\"\nascii = true\n[record]\nmax_steps = 5\nmax_text = 7\n";
    fs::write(user.join("config.toml"), config).unwrap();
    fs::write(
        project.join(PROJECT_FILE),
        "model = \"project\"\nkeymap = \"keys.toml\"\n[record]\nmax_steps = 6\n",
    )
    .unwrap();
    let home = dir.path().join("home").display().to_string();
    let env = move |name: &str| match name {
        "XDG_CONFIG_HOME" => Some(home.clone()),
        "MONOLOGUE_DEVICE" => Some("cpu".into()),
        "MONOLOGUE_ASCII" => Some("0".into()),
        "MONOLOGUE_RECORD_TIMEOUT" => Some("9".into()),
        _ => None,
    };
    let settings = Settings::layered(theme("ink"), &env, &here).unwrap();
    assert_eq!(
        settings,
        Settings {
            model: Some("project".into()),
            device: Some("cpu".into()),
            ascii: Some(false),
            keymap: Some(project.join("keys.toml")),
            record: Record {
                max_steps: Some(6),
                max_text: Some(7),
                timeout: Some(9),
                ..Record::default()
            },
            ..theme("ink")
        }
    );
}

#[test]
fn errors_name_the_place_and_the_nearest_key() {
    let check = |text: &str, said: &str| {
        let err = Settings::parse(text, "config.toml")
            .unwrap_err()
            .to_string();
        assert!(err.contains(said), "{err}");
    };
    check(
        "theme = \"ink\"\nmodle = \"x\"\n",
        "config.toml, line 2: there is no key modle; the nearest is model",
    );
    check(
        "\n[record]\nmax_step = 1\n",
        "line 3: there is no key max_step; the nearest is max_steps",
    );
    check("ascii = \"yes\"\n", "line 1: invalid type");
    check("color = \"blue\"\n", "line 1: unknown variant");
    let env = |name: &str| (name == "MONOLOGUE_COLOR").then(|| "blue".into());
    let err = Settings::layered(Settings::default(), &env, Path::new("/")).unwrap_err();
    assert!(
        err.to_string().contains("MONOLOGUE_COLOR: unknown variant"),
        "{err}"
    );
}

#[test]
fn no_color_is_honored_unless_color_is_asked_for() {
    let set = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
    let unset = |_: &str| None;
    let with = |color| Settings {
        color,
        ..Settings::default()
    };
    assert!(with(None).colors(&unset, true));
    assert!(!with(None).colors(&unset, false));
    assert!(!with(None).colors(&set, true));
    assert!(with(Some(Color::Always)).colors(&set, false));
    assert!(!with(Some(Color::Never)).colors(&unset, true));
}

#[test]
fn what_is_printed_reads_back() {
    let text =
        "theme = \"ink\"\npreset = \"arrows\"\n[record]\ninclude = [\"a/*.py\"]\nmax_steps = 9\n";
    let settings = Settings::parse(text, "here").unwrap();
    let printed = settings.to_toml().unwrap();
    assert_eq!(
        Settings::parse(&printed, "there").unwrap(),
        settings,
        "{printed}"
    );
}

#[test]
fn presets_are_keymaps() {
    for preset in ["gdb", "vscode", "arrows"] {
        let settings = Settings::parse(&format!("preset = \"{preset}\""), "here").unwrap();
        let keymaps = settings.keymaps().unwrap();
        assert_eq!(keymaps.is_empty(), preset == "gdb");
        for (text, _) in keymaps {
            let sections: toml::Table = toml::from_str(&text).unwrap();
            assert!(sections.contains_key("any"), "{preset}");
        }
    }
}
