//! The settings in force: flags over environment over project over user.

use std::env;

use super::{
    Failure,
    args::{Common, When},
    usage,
};
use crate::{
    settings::{Color, Settings},
    tui::{Keymap, Look, Palette, Styles, THEMES},
};

/// What the flags, the environment and the settings files say together.
///
/// # Errors
/// When a file or a variable says what no setting can be; the sentence says where.
pub(super) fn settings(common: &Common) -> Result<Settings, Failure> {
    let flags = Settings {
        model: common.model.clone(),
        tokenizer: common.tokenizer.clone(),
        adapter: common.adapter.clone(),
        device: common.device.clone(),
        dtype: common.dtype.clone(),
        theme: common.theme.clone(),
        ascii: common.ascii.then_some(true),
        color: common.color.map(|it| match it {
            When::Auto => Color::Auto,
            When::Always => Color::Always,
            When::Never => Color::Never,
        }),
        ..Settings::default()
    };
    let here = env::current_dir().unwrap_or_default();
    Settings::layered(flags, &variable, &here).map_err(|it| usage(it.to_string()))
}

/// Colors, keys and marks.
///
/// # Errors
/// When the theme or the keymap named is none.
pub(super) fn look(settings: &Settings) -> Result<Look, Failure> {
    let styles = match settings.colors(&variable, true) {
        false => Styles::plain(),
        true => {
            let name = settings.theme.as_deref().unwrap_or(THEMES[0].0);
            Styles::of(&Palette::named(name).map_err(|it| usage(it.to_string()))?)
        }
    };
    Ok(Look {
        keymap: keymap(settings)?,
        styles,
        ascii: settings.ascii.unwrap_or(false),
        mouse: settings.mouse.unwrap_or(false),
    })
}

/// The built-in keys, and the person's own over them.
///
/// # Errors
/// When the keymap file is none.
pub(super) fn keymap(settings: &Settings) -> Result<Keymap, Failure> {
    let mut keymap = Keymap::default();
    for (text, path) in settings.keymaps().map_err(|it| usage(it.to_string()))? {
        keymap
            .overlay(&text, &path.display().to_string())
            .map_err(|it| usage(it.to_string()))?;
    }
    Ok(keymap)
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}
