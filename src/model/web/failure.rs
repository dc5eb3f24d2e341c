//! Why an exchange failed, in words for people, and what that means for trying again.

use std::io::ErrorKind;

use ureq::{Error, Timeout};

/// Said of a server that has stopped talking.
pub(super) const SILENT: &str = "it said nothing for 5 minutes";

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model) enum Kind {
    /// Nothing can be sent to such an address.
    Address,
    /// There is no such host, or nothing listens there.
    Absent,
    /// No connection in time.
    Unreachable,
    /// Connected, then silence.
    Silent,
    /// The other side hung up.
    Closed,
    /// No trust, or no TLS at the other end.
    Tls,
    /// Nobody waits for it any more.
    Unwanted,
    /// Anything else.
    Other,
}

/// A failed exchange.
#[derive(Clone, Debug)]
pub(in crate::model) struct Failure {
    /// What kind it is.
    pub(in crate::model) kind: Kind,
    /// What is wrong and what to do, as the end of a sentence.
    pub(in crate::model) reason: String,
}

impl Failure {
    /// A failure of this kind.
    pub(in crate::model) fn new(kind: Kind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
        }
    }

    /// Whether the same request may do better in a moment.
    pub(in crate::model) fn passes(&self) -> bool {
        match self.kind {
            Kind::Absent | Kind::Unreachable | Kind::Closed => true,
            Kind::Address | Kind::Silent | Kind::Tls | Kind::Unwanted | Kind::Other => false,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (kind, reason) = match &error {
            Error::HostNotFound => (Kind::Address, "there is no host of that name".to_owned()),
            Error::Timeout(Timeout::Resolve | Timeout::Connect) => (
                Kind::Unreachable,
                "it did not answer within 10 seconds; is it running, and is a proxy needed?"
                    .to_owned(),
            ),
            Error::Timeout(_) => (Kind::Silent, SILENT.to_owned()),
            Error::Io(error) => io(error),
            Error::Tls(reason) => tls(reason),
            Error::Rustls(error) => tls(&error.to_string()),
            Error::Protocol(_) | Error::LargeResponseHeader(..) => (
                Kind::Other,
                "what answers there does not speak HTTP; check the address, and whether it is \
                 http or https"
                    .to_owned(),
            ),
            Error::ConnectProxyFailed(reason) => (
                Kind::Other,
                format!(
                    "the proxy did not connect ({reason}); NO_PROXY names hosts to reach directly"
                ),
            ),
            Error::Decompress(..) => (
                Kind::Closed,
                "its compressed answer is damaged or ends too early".to_owned(),
            ),
            other => (Kind::Other, other.to_string()),
        };
        Self { kind, reason }
    }
}

fn io(error: &std::io::Error) -> (Kind, String) {
    match error.kind() {
        // As the TLS library reports what it could not accept.
        ErrorKind::InvalidData => tls(&error.to_string()),
        ErrorKind::ConnectionRefused => (
            Kind::Absent,
            "nothing listens there; is the server running?".to_owned(),
        ),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => (Kind::Silent, SILENT.to_owned()),
        ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::AddrNotAvailable => (
            Kind::Unreachable,
            "it cannot be reached from here; is there a network?".to_owned(),
        ),
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected => (Kind::Closed, "it closed the connection".to_owned()),
        // A host that cannot be looked up comes as an error without a kind of its own.
        _ if error.to_string().contains("lookup") => (
            Kind::Address,
            "there is no host of that name; is there a network?".to_owned(),
        ),
        _ => (Kind::Other, error.to_string()),
    }
}

fn tls(reason: &str) -> (Kind, String) {
    let advice = match reason {
        it if it.contains("corrupt message") || it.contains("InvalidContentType") => {
            "does it speak http rather than https?"
        }
        it if it.contains("CaUsedAsEndEntity") => {
            "its certificate is an authority's own; make it one with basicConstraints=CA:FALSE"
        }
        it if it.contains("certificate") => {
            "name the file with its authority's certificate in SSL_CERT_FILE"
        }
        _ => "check the address, and whether it is http or https",
    };
    (
        Kind::Tls,
        format!("no secure connection ({reason}); {advice}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_say_what_to_do() {
        let refused = Failure::from(Error::Io(ErrorKind::ConnectionRefused.into()));
        assert!(refused.passes() && refused.reason.contains("is the server running"));
        let torn = Failure::from(Error::Io(ErrorKind::UnexpectedEof.into()));
        assert!(torn.passes() && torn.kind == Kind::Closed);
        let (kind, reason) = tls("received corrupt message of type InvalidContentType");
        assert_eq!(kind, Kind::Tls);
        assert!(reason.contains("http rather than https"), "{reason}");
        let (_, reason) = tls("invalid peer certificate: UnknownIssuer");
        assert!(reason.contains("SSL_CERT_FILE"), "{reason}");
        assert!(!Failure::from(Error::HostNotFound).passes());
    }
}
