//! Which proxy a request goes through: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in small
//! letters too, which win.

use std::net::IpAddr;

use ureq::Proxy;
use ureq::http::Uri;

/// The proxy for `uri`, if the environment names one. Errs when it names one wrongly.
///
/// This machine itself is always reached directly: a proxy elsewhere could not.
pub(super) fn of(uri: &Uri, env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Proxy>, String> {
    let Some(host) = uri.host().map(|it| it.trim_matches(['[', ']'])) else {
        return Ok(None);
    };
    let port = uri.port_u16();
    if is_here(host) || excluded(host, port, &either("no_proxy", env).unwrap_or_default().1) {
        return Ok(None);
    }
    let own = match uri.scheme_str() {
        Some("https") => "https_proxy",
        _ => "http_proxy",
    };
    let Some((name, value)) = either(own, env).or_else(|| either("all_proxy", env)) else {
        return Ok(None);
    };
    // The value may hold a password, so it is not repeated.
    let proxy = Proxy::new(&value).map_err(|_| {
        format!("{name} names no proxy that can be used; write it http://HOST:PORT")
    })?;
    Ok(Some(proxy))
}

/// The variable as it is set, in small letters first; and its value.
fn either(name: &str, env: &dyn Fn(&str) -> Option<String>) -> Option<(String, String)> {
    [name.to_owned(), name.to_ascii_uppercase()]
        .into_iter()
        .find_map(|name| {
            let value = env(&name).filter(|it| !it.trim().is_empty())?;
            Some((name, value.trim().to_owned()))
        })
}

/// Whether `host` names this machine.
pub(super) fn is_here(host: &str) -> bool {
    let loopback = |it: IpAddr| it.is_loopback();
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(loopback)
}

/// Whether `list`, names with commas between, holds the host: itself, a domain that it is in, or `*`.
fn excluded(host: &str, port: Option<u16>, list: &str) -> bool {
    let host = host.to_ascii_lowercase();
    list.split(',').map(str::trim).any(|entry| {
        let (name, only) = match entry.rsplit_once(':') {
            // An address with colons of its own has no port here.
            Some((name, digits)) if !name.contains(':') => match digits.parse() {
                Ok(only) => (name, Some(only)),
                Err(_) => (entry, None),
            },
            _ => (entry, None),
        };
        let name = name.trim_start_matches("*.").trim_start_matches('.');
        let name = name.trim_matches(['[', ']']).to_ascii_lowercase();
        let inside = host
            .strip_suffix(&name)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let here = only.is_none() || only == port;
        entry == "*" || (!name.is_empty() && inside && here)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(url: &str, set: &[(&str, &str)]) -> Option<String> {
        let env = |name: &str| {
            let found = set.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let proxy = of(&url.parse().unwrap(), &env).unwrap();
        proxy.map(|it| format!("{}:{}", it.host(), it.port()))
    }

    #[test]
    fn each_scheme_has_its_own() {
        let set = [
            ("HTTPS_PROXY", "http://secure:1"),
            ("http_proxy", "http://plain:2"),
        ];
        assert_eq!(
            through("https://a.test/", &set).as_deref(),
            Some("secure:1")
        );
        assert_eq!(through("http://a.test/", &set).as_deref(), Some("plain:2"));
        assert_eq!(through("http://a.test/", &set[..1]), None);
        let all = [("ALL_PROXY", "http://any:3"), ("HTTP_PROXY", " ")];
        assert_eq!(through("http://a.test/", &all).as_deref(), Some("any:3"));
    }

    #[test]
    fn some_hosts_are_reached_directly() {
        let set = |list| [("http_proxy", "http://p:1"), ("NO_PROXY", list)];
        for url in [
            "http://localhost:8000/v1",
            "http://127.0.0.1/",
            "http://[::1]:80/",
        ] {
            assert_eq!(through(url, &set("")), None, "{url}");
        }
        for list in [
            "*",
            "a.test",
            ".test",
            "x, *.test",
            "A.TEST:80",
            "a.test:80",
        ] {
            assert_eq!(through("http://a.test:80/", &set(list)), None, "{list}");
        }
        for list in ["b.test", "est", "a.test:81", ",", "a.test.de"] {
            assert!(through("http://a.test:80/", &set(list)).is_some(), "{list}");
        }
    }

    #[test]
    fn a_wrong_one_is_named_and_its_password_is_not() {
        let env = |name: &str| (name == "http_proxy").then(|| "http://me:pass word@".to_owned());
        let reason = of(&"http://a.test/".parse().unwrap(), &env).unwrap_err();
        assert!(reason.starts_with("http_proxy names no proxy"), "{reason}");
        assert!(!reason.contains("pass"), "{reason}");
    }
}
