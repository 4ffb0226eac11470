//! What is left to do about certificates that their CA has revoked, or that have expired.

use super::Together;
use crate::issuance::JudgedCertificate;

impl Together<'_> {
    /// What there is to say in the place of “have it revoked”; nothing where that is still to be done.
    pub(super) fn done_already(&self) -> Option<String> {
        if !self.can_be_used() {
            let have = if self.certificates.len() == 1 { "It has" } else { "All of them have" };
            return Some(format!(
                "{have} expired, so that there is nothing left to revoke; how that came about is still worth knowing."
            ));
        }
        let left = || self.certificates.iter().filter(|judged| judged.life.can_be_used());
        if left().all(|judged| judged.revocation.revocation().is_some()) {
            let since = left().filter_map(|judged| judged.revocation.revocation()).map(|it| it.date).max()?;
            return Some(format!(
                "Its CA has revoked what could still be used, the last on {}: ask it how that came to be issued, and \
                 restrict issuance with CAA.",
                since.strftime("%Y-%m-%d")
            ));
        }
        None
    }

    /// What sources claim of revocations that nothing verified, to follow an advice.
    pub(super) fn claimed(&self) -> String {
        let is_claimed = |judged: &&&JudgedCertificate| {
            judged.life.can_be_used()
                && judged.claimed_revoked() == Some(true)
                && judged.revocation.verdict().is_none()
        };
        match self.certificates.iter().filter(is_claimed).count() {
            0 => String::new(),
            1 => " A source says that one of them is revoked; --revocation verifies that.".to_owned(),
            many => format!(" A source says that {many} of them are revoked; --revocation verifies that."),
        }
    }
}
