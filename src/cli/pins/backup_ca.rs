//! The roots of the CA that `pins make --backup-ca` names.

use anyhow::bail;

use crate::ca::{CaTable, same_owner};
use crate::pins::make::KnownRoot;
use crate::x509::path::Anchors;

/// Some roots, and what is to be said of them.
#[derive(Debug, Default)]
pub(super) struct NamedRoots {
    pub(super) roots: Vec<KnownRoot>,
    pub(super) warning: Option<String>,
}

/// Every anchor, with its owner where that is known.
pub(super) fn known_roots(anchors: &Anchors) -> Vec<KnownRoot> {
    let root = |certificate: &crate::x509::Certificate| KnownRoot {
        key: certificate.spki_sha256,
        name: certificate.subject.clone(),
        owner: CaTable.key(&certificate.spki_sha256).and_then(|key| key.owner).map(str::to_owned),
    };
    anchors.certificates().iter().map(root).collect()
}

/// The roots of the CA that goes by this name: those that clients of the host trust, else those of Mozilla's programme.
pub(super) fn backup_roots(name: &str, anchors: &Anchors, roots: &[KnownRoot]) -> anyhow::Result<NamedRoots> {
    let found = of_ca(name, roots);
    if !found.is_empty() {
        return Ok(NamedRoots { roots: found, warning: None });
    }
    let embedded = Anchors::embedded();
    if embedded.source == anchors.source {
        bail!("--backup-ca: no root of {} belongs to a CA “{name}”", anchors.source);
    }
    let found = of_ca(name, &known_roots(&embedded));
    if found.is_empty() {
        bail!(
            "--backup-ca: no root of {}, and none of {}, belongs to a CA “{name}”",
            anchors.source,
            embedded.source
        );
    }
    let warning = format!(
        "No root of “{name}” is among {}: those of {} are taken. They are a backup only for clients that trust them.",
        anchors.source, embedded.source
    );
    Ok(NamedRoots { roots: found, warning: Some(warning) })
}

/// Those of a CA: by what the tables say of the key itself; else by who recognises the identifier, as the owner of a
/// root often goes by another name than its CA (“Let's Encrypt”).
fn of_ca(name: &str, roots: &[KnownRoot]) -> Vec<KnownRoot> {
    let is_of_key = |root: &&KnownRoot| {
        root.owner.as_deref().is_some_and(|owner| same_owner(owner, name))
            || CaTable.key(&root.key).is_some_and(|key| {
                key.identifiers.iter().any(|identifier| identifier.domain.eq_ignore_ascii_case(name))
            })
    };
    let found: Vec<KnownRoot> = roots.iter().filter(is_of_key).cloned().collect();
    if !found.is_empty() {
        return found;
    }
    let mut owners: Vec<&str> = CaTable.owner_of_identifier(name).collect();
    if owners.is_empty() {
        owners = CaTable.identifiers_of_owner(name).flat_map(|id| CaTable.owner_of_identifier(id)).collect();
    }
    let is_of_owner = |root: &&KnownRoot| {
        root.owner.as_deref().is_some_and(|own| owners.iter().any(|owner| same_owner(own, owner)))
    };
    roots.iter().filter(is_of_owner).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(name: &str, anchors: &Anchors) -> Vec<String> {
        let found = backup_roots(name, anchors, &known_roots(anchors)).unwrap();
        let mut owners: Vec<String> = found.roots.into_iter().filter_map(|root| root.owner).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    #[test]
    fn a_ca_is_found_by_its_identifier_by_its_name_and_by_that_of_its_owner() {
        let embedded = Anchors::embedded();
        for name in
            ["letsencrypt.org", "LetsEncrypt.org", "Let's Encrypt", "Internet Security Research Group"]
        {
            assert_eq!(owners(name, &embedded), ["Internet Security Research Group"], "{name}");
        }
        let refused = backup_roots("ca.example", &embedded, &known_roots(&embedded)).unwrap_err();
        assert!(refused.to_string().contains("belongs to a CA “ca.example”"), "{refused}");
    }

    #[test]
    fn a_public_ca_may_back_up_a_private_one() {
        let private = Anchors::given(Vec::new(), "company.pem");
        let found = backup_roots("letsencrypt.org", &private, &[]).unwrap();
        assert!(!found.roots.is_empty());
        assert!(found.warning.is_some_and(|said| said.contains("company.pem")));
        let refused = backup_roots("ca.example", &private, &[]).unwrap_err().to_string();
        assert!(refused.contains("company.pem") && refused.contains("Mozilla"), "{refused}");
    }
}
