//! What must not leave this machine: found by its shape, by the name of what holds it, and by where it
//! came from, and masked in texts and in whole traces.
//!
//! Taint is by content. What a program reads from outside (its environment, files, the network, its
//! standard input, its arguments) is recognised in the trace, followed through the statements that
//! mention it, and from then on masked wherever the same characters stand, be it a value, a message or
//! a line of output. That masks too much rather than too little.
//!
//! A trace is masked before it is written in any format, since formats shorten: an ellipsis in the
//! middle of a secret would hide it from every pattern and show both its ends.

mod checks;
mod copy;
mod leaves;
mod masker;
mod names;
mod outside;
mod patterns;
pub(crate) mod python;
mod seeds;
mod taint;
#[cfg(test)]
mod tests;

pub use copy::redacted;
pub use masker::{Masker, Trust};

use std::ops::Range;

/// What something masked is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A private key in PEM.
    PrivateKey,
    /// A JSON Web Token.
    Jwt,
    /// What follows `Bearer`, or another scheme of authorization.
    Bearer,
    /// A key of Amazon Web Services.
    Aws,
    /// A key of Google Cloud.
    Gcp,
    /// A key of Azure.
    Azure,
    /// A token of Slack.
    Slack,
    /// A token of GitHub or GitLab.
    GitHub,
    /// A key of another service, known by its prefix.
    Key,
    /// What a name that says so holds: a password, a secret, a token.
    Password,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A bank account.
    Iban,
    /// A payment card.
    Card,
    /// A number that a state gave to a person.
    NationalId,
    /// A home directory.
    Home,
    /// A user's name.
    User,
    /// An Internet address.
    Ip,
    /// A string that looks drawn at random.
    Entropy,
    /// The torn end of a text that a limit cut: it may be the start of anything.
    Cut,
    /// It came from outside of the program.
    Tainted(Source),
}

/// From where a program got something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `os.environ`, `getenv`.
    Environment,
    /// `getpass`.
    Prompted,
    /// A keyring.
    Keyring,
    /// Sockets, TLS, HTTP.
    Network,
    /// Files and data bases.
    File,
    /// `input()`, `sys.stdin`.
    Stdin,
    /// `sys.argv`.
    Arguments,
}

/// A stretch of text that would be masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Where, in bytes, on character borders.
    pub bytes: Range<usize>,
    /// Why.
    pub kind: Kind,
}

impl Kind {
    /// The word in `⟦redacted:WORD:n⟧` and `⟦tainted:WORD:n…⟧`.
    pub fn word(self) -> &'static str {
        match self {
            Self::PrivateKey => "pem",
            Self::Jwt => "jwt",
            Self::Bearer => "bearer",
            Self::Aws => "aws",
            Self::Gcp => "gcp",
            Self::Azure => "azure",
            Self::Slack => "slack",
            Self::GitHub => "github",
            Self::Key => "key",
            Self::Password => "password",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Iban => "iban",
            Self::Card => "card",
            Self::NationalId => "national-id",
            Self::Home => "home",
            Self::User => "user",
            Self::Ip => "ip",
            Self::Entropy => "entropy",
            Self::Cut => "cut",
            Self::Tainted(source) => source.word(),
        }
    }
}

impl Source {
    /// As placeholders write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Environment => "env",
            Self::Prompted => "getpass",
            Self::Keyring => "keyring",
            Self::Network => "socket",
            Self::File => "file",
            Self::Stdin => "stdin",
            Self::Arguments => "argv",
        }
    }
}
