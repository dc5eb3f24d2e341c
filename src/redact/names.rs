//! Names that say that what they hold is secret: `password`, `apiKey`, `db.auth_token`.

/// Words that alone make a name secret.
const ALONE: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "secrets",
    "apikey",
    "apitoken",
    "credential",
    "credentials",
];

/// Words that do so before `key`.
const BEFORE_KEY: &[&str] = &[
    "api",
    "access",
    "private",
    "secret",
    "auth",
    "encryption",
    "signing",
    "master",
    "account",
];

/// Words that go on after a secret name and make it name something else.
const ABOUT: &[&str] = &[
    "length", "len", "count", "size", "type", "kind", "index", "min", "max", "field", "name",
    "pattern", "policy",
];

/// How sure a name makes us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// It names a secret.
    Yes,
    /// `token`: a secret, or a word of some text being parsed.
    Perhaps,
    No,
}

/// Whether `value`, held by something called `name`, is to be masked.
pub(super) fn holds_secret(name: &str, value: &str) -> bool {
    if value.chars().count() < 4
        || matches!(value, "None" | "True" | "False" | "null" | "true" | "false")
    {
        return false;
    }
    match sure(name) {
        Sure::Yes => true,
        // Words of a parsed text are short and plain; keys are long or hold digits.
        Sure::Perhaps => {
            let long = 12 <= value.chars().count();
            let digits = 6 <= value.chars().count() && value.contains(|it: char| it.is_numeric());
            (long || digits) && !value.contains(char::is_whitespace)
        }
        Sure::No => false,
    }
}

/// Whether a variable, key or field of this name may hold a secret.
pub(super) fn is_secret(name: &str) -> bool {
    sure(name) != Sure::No
}

fn sure(name: &str) -> Sure {
    let words = words(name);
    if words.last().is_some_and(|it| ABOUT.contains(&it.as_str())) {
        return Sure::No;
    }
    let alone = words.iter().any(|it| ALONE.contains(&it.as_str()));
    let key = words
        .windows(2)
        .any(|it| it[1].starts_with("key") && BEFORE_KEY.contains(&it[0].as_str()));
    match (alone || key, words.last().map(String::as_str)) {
        (true, _) => Sure::Yes,
        // `api_token`, `access_token`: no parser calls its words so.
        (false, Some("token")) => {
            let before = words.len().checked_sub(2).map(|it| words[it].as_str());
            match before {
                Some("api" | "auth" | "access" | "refresh" | "session" | "bearer" | "csrf") => {
                    Sure::Yes
                }
                _ => Sure::Perhaps,
            }
        }
        (false, _) => Sure::No,
    }
}

/// `dbAuth_token` as `db`, `auth`, `token`.
fn words(name: &str) -> Vec<String> {
    let mut res: Vec<String> = Vec::new();
    let mut before = '_';
    for c in name.chars() {
        if !c.is_alphanumeric() {
            before = '_';
            continue;
        }
        let begins = before == '_' || (before.is_lowercase() && c.is_uppercase());
        if begins {
            res.push(String::new());
        }
        if let Some(last) = res.last_mut() {
            last.extend(c.to_lowercase());
        }
        before = c;
    }
    res
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in [
            "password",
            "DB_PASSWORD",
            "userPassword",
            "api_key",
            "apiKey",
            "x-api-key",
            "aws_secret_access_key",
            "client_secret",
            "access_token",
            "credentials",
        ] {
            assert!(holds_secret(name, "abcd"), "{name}");
        }
        for name in [
            "max_tokens",
            "tokenizer",
            "key",
            "keys",
            "password_length",
            "secretary",
            "passing",
            "n",
            "",
        ] {
            assert!(!holds_secret(name, "abcdefgh12345678"), "{name}");
        }
    }

    #[test]
    fn a_token_may_be_a_word() {
        assert!(holds_secret("token", "t0k3n-abc"));
        assert!(holds_secret("token", "correcthorsebattery"));
        assert!(!holds_secret("token", "NUMBER"));
        assert!(!holds_secret("token", "+"));
        assert!(!holds_secret("password", "True"));
    }
}
