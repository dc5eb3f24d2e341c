//! How long to wait before asking again, and when to stop asking.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ureq::http::HeaderMap;

/// The first wait; each later one is twice as long.
const FIRST: Duration = Duration::from_millis(500);

/// The longest wait that a server may ask for.
pub(in crate::model) const LONGEST: Duration = Duration::from_secs(60);

/// Questions in all to a server that is busy: waits of half a minute together.
pub(in crate::model) const BUSY: u32 = 7;

/// Questions in all to a server that is not there, or hangs up: it may be starting.
pub(in crate::model) const ABSENT: u32 = 3;

/// The wait before question `number`, counted from 1 for the first repetition: doubled each time, and up to a
/// quarter more, so that many who were turned away together do not come back together.
pub(in crate::model) fn wait(number: u32) -> Duration {
    let doubled = FIRST * 2u32.saturating_pow(number.saturating_sub(1).min(10));
    let random = RandomState::new().build_hasher().finish() % 1024;
    let jitter = doubled.mul_f64(0.25 * random as f64 / 1024.0);
    (doubled + jitter).min(LONGEST)
}

/// The wait that an answer's headers ask for: in seconds, until a time, or by a name of its own in
/// milliseconds.
pub(in crate::model) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| -> Option<f64> {
        let text = headers.get(name)?.to_str().ok()?;
        text.trim()
            .parse()
            .ok()
            .filter(|it| (0.0..1e9).contains(it))
    };
    number("retry-after-ms")
        .map(|it| it / 1000.0)
        .or_else(|| number("retry-after"))
        .or_else(|| until(headers.get("retry-after")?.to_str().ok()?))
        .map(Duration::from_secs_f64)
}

/// Seconds until a time such as `Wed, 21 Oct 2026 07:28:00 GMT` (RFC 9110, section 5.6.7).
fn until(text: &str) -> Option<f64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let words: Vec<&str> = text.split([' ', ':']).collect();
    let [_, day, month, year, hour, minute, second, "GMT"] = words[..] else {
        return None;
    };
    let number = |text: &str| {
        text.parse::<i64>()
            .ok()
            .filter(|it| (0..10_000).contains(it))
    };
    let month = i64::try_from(MONTHS.find(month).filter(|it| it % 3 == 0)? / 3).ok()?;
    // Years that begin in March put the leap day last (Hinnant, "chrono-compatible low-level date
    // algorithms").
    let year = number(year)? - i64::from(month < 2);
    let day_of_year = (153 * ((month + 10) % 12) + 2) / 5 + number(day)? - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
    let seconds = ((days * 24 + number(hour)?) * 60 + number(minute)?) * 60 + number(second)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some((seconds as f64 - now.as_secs_f64()).max(0.0))
}

/// Waits, asking often whether that is still wanted.
pub(in crate::model) fn pause(
    time: Duration,
    wanted: &mut dyn FnMut() -> ControlFlow<()>,
) -> ControlFlow<()> {
    let until = Instant::now() + time;
    loop {
        wanted()?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return ControlFlow::Continue(());
        }
        thread::sleep(left.min(Duration::from_millis(25)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_differ() {
        for number in 1..=6 {
            let least = FIRST * 2u32.pow(number - 1);
            let waits: Vec<_> = (0..20).map(|_| wait(number)).collect();
            assert!(
                waits
                    .iter()
                    .all(|it| least <= *it && *it <= least.mul_f64(1.25))
            );
            assert!(
                1 < waits
                    .iter()
                    .collect::<std::collections::BTreeSet<_>>()
                    .len()
            );
        }
        assert_eq!(wait(99), LONGEST);
    }

    #[test]
    fn a_servers_wish_is_read() {
        let asked = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            asked_for(&headers)
        };
        assert_eq!(asked("retry-after", "3"), Some(Duration::from_secs(3)));
        assert_eq!(
            asked("retry-after-ms", "250"),
            Some(Duration::from_millis(250))
        );
        assert_eq!(asked("retry-after", "-1"), None);
        assert_eq!(asked("retry-after", "soon"), None);
        let past = asked("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(past, Some(Duration::ZERO));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let leap = asked("retry-after", "Wed, 29 Feb 2108 12:00:00 GMT").unwrap() + now;
        assert!(
            (leap.as_secs_f64() - 4_359_960_000.0).abs() < 1.0,
            "{leap:?}"
        );
    }

    #[test]
    fn a_pause_can_be_broken_off() {
        let started = Instant::now();
        let mut asked = 0;
        let broken = pause(Duration::from_secs(60), &mut || {
            asked += 1;
            match asked {
                3 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        assert!(broken.is_break() && started.elapsed() < Duration::from_secs(5));
    }
}
