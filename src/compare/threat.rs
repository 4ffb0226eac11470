//! What can go wrong: attacks (`T…`) and changes that can lock users out (`A…`).

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Threat {
    /// T1: a CA that the owner does not use is broken into or coerced; its certificate is logged.
    OtherCaLogged,
    /// T1b: a CA that the owner does not use is honest and is deceived about who owns the name.
    OtherCaDeceived,
    /// T2: as T1, and the certificate is in no log.
    OtherCaUnlogged,
    /// T3: as T1, and logs help: they sign promises that they never keep.
    ColludingLogs,
    /// T4: the owner's own CA issues to someone else.
    AuthorisedCa,
    /// T5: a root that a user or an employer has installed.
    UserRoot,
    /// T6: a root that was put among the system's own.
    SystemRoot,
    /// T8: an attacker on the network without a certificate that clients accept.
    NetworkAttacker,
    /// T9: the person who owns the device.
    DeviceOwner,
    /// T10: the server's private key is stolen.
    StolenKey,
    /// T11: the domain's DNS is taken over, and the owner's CA is asked for a certificate.
    DnsHijack,
    /// T12: a CDN or hosting service that holds the server's private key by agreement.
    KeyHolder,
    /// A1: the certificate is renewed with a new key.
    NewKey,
    /// A2: the CA issues from another intermediate.
    NewIntermediate,
    /// A3: the owner, or the CDN, changes to another CA.
    NewCa,
    /// A4: root programmes stop trusting the CA in use.
    CaDistrusted,
    /// A5: root programmes stop trusting a CT log in use.
    LogDistrusted,
    /// A6: an attacker sets pins, to lock the users out or to hold them to ransom.
    HostilePins,
}

impl Threat {
    /// Every threat, attacks first.
    pub const ALL: [Self; 18] = [
        Self::OtherCaLogged,
        Self::OtherCaDeceived,
        Self::OtherCaUnlogged,
        Self::ColludingLogs,
        Self::AuthorisedCa,
        Self::UserRoot,
        Self::SystemRoot,
        Self::NetworkAttacker,
        Self::DeviceOwner,
        Self::StolenKey,
        Self::DnsHijack,
        Self::KeyHolder,
        Self::NewKey,
        Self::NewIntermediate,
        Self::NewCa,
        Self::CaDistrusted,
        Self::LogDistrusted,
        Self::HostilePins,
    ];

    /// The short id used in tables.
    pub fn id(self) -> &'static str {
        match self {
            Self::OtherCaLogged => "T1",
            Self::OtherCaDeceived => "T1b",
            Self::OtherCaUnlogged => "T2",
            Self::ColludingLogs => "T3",
            Self::AuthorisedCa => "T4",
            Self::UserRoot => "T5",
            Self::SystemRoot => "T6",
            Self::NetworkAttacker => "T8",
            Self::DeviceOwner => "T9",
            Self::StolenKey => "T10",
            Self::DnsHijack => "T11",
            Self::KeyHolder => "T12",
            Self::NewKey => "A1",
            Self::NewIntermediate => "A2",
            Self::NewCa => "A3",
            Self::CaDistrusted => "A4",
            Self::LogDistrusted => "A5",
            Self::HostilePins => "A6",
        }
    }

    /// The threat in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::OtherCaLogged => "another CA is broken into",
            Self::OtherCaDeceived => "another CA is deceived",
            Self::OtherCaUnlogged => "another CA issues unlogged",
            Self::ColludingLogs => "another CA and logs collude",
            Self::AuthorisedCa => "your own CA misissues",
            Self::UserRoot => "a user or company root",
            Self::SystemRoot => "a root added to the system",
            Self::NetworkAttacker => "interception, no certificate",
            Self::DeviceOwner => "the device's own owner",
            Self::StolenKey => "your key is stolen",
            Self::DnsHijack => "your DNS is taken over",
            Self::KeyHolder => "your CDN holds your key",
            Self::NewKey => "renewal with a new key",
            Self::NewIntermediate => "your CA changes intermediate",
            Self::NewCa => "you or the CDN change CA",
            Self::CaDistrusted => "your CA is distrusted",
            Self::LogDistrusted => "a CT log is distrusted",
            Self::HostilePins => "an attacker sets pins",
        }
    }

    /// Whether it is a change with no attacker about, which can lock users out.
    pub fn is_change(self) -> bool {
        matches!(
            self,
            Self::NewKey | Self::NewIntermediate | Self::NewCa | Self::CaDistrusted | Self::LogDistrusted
        )
    }
}
