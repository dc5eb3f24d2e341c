//! How well programs can be confined on this machine, found by trying.

use std::fmt;
use std::sync::OnceLock;

use super::platform;

/// How much holds a program, strongest first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
pub enum Tier {
    /// User, process, mount, network, IPC and host-name namespaces with a root of their own, and all of
    /// [`Tier::Filtered`].
    #[default]
    Namespaces,
    /// Landlock, seccomp and resource limits in the host's own namespaces. Weaker: if the supervisor is
    /// killed, processes that the program left in the background outlive it.
    Filtered,
    /// Nothing that would hold: programs are not run.
    Nothing,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tier::Namespaces => "full: namespaces, Landlock, seccomp, limits",
            Tier::Filtered => "reduced: Landlock, seccomp, limits",
            Tier::Nothing => "none: programs are not run",
        })
    }
}

/// One thing that was tried from inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// What was tried, in words.
    pub name: String,
    /// Whether it was refused, as it must be.
    pub held: bool,
}

/// What [`strength`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strength {
    /// The tier that runs use.
    pub tier: Tier,
    /// What engaged in that tier, in words.
    pub confinement: Vec<String>,
    /// What was tried from inside in that tier.
    pub layers: Vec<Layer>,
    /// Why each stronger tier is not used, a sentence each.
    pub weaker_because: Vec<String>,
}

/// Engages each tier in turn and tries the forbidden things from inside, strongest tier first, until one
/// holds. About 10 ms the first time, then remembered for the life of the process.
pub fn strength() -> &'static Strength {
    static FOUND: OnceLock<Strength> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut weaker_because = Vec::new();
        for tier in [Tier::Namespaces, Tier::Filtered] {
            match platform::probe(tier) {
                Ok((confinement, layers)) => match layers.iter().find(|layer| !layer.held) {
                    None => {
                        return Strength {
                            tier,
                            confinement,
                            layers,
                            weaker_because,
                        };
                    }
                    Some(layer) => {
                        weaker_because.push(format!("{tier}: {} was not refused", layer.name));
                    }
                },
                Err(why) => weaker_because.push(format!("{tier}: {why}")),
            }
        }
        Strength {
            tier: Tier::Nothing,
            confinement: Vec::new(),
            layers: Vec::new(),
            weaker_because,
        }
    })
}
