//! Certificates among an Android app's resources that its Network Security Config names as trust anchors
//! (`<certificates src="@raw/ca"/>`).
//!
//! Source: Android developer guide, “Network security configuration”, `<certificates>`: the resource is one file of
//! certificates, PEM or DER. Where several files could be it (variants, source sets), none is taken.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, BTreeSet};

use super::{LONGEST_FILE, android_nsc, certificate_files, is_configuration, test_code};
use crate::evidence::file::InputFile;
use crate::pins::model::{Enforcement, EnforcementMode, PinFile, ProblemKind, Reading};
use crate::x509::{SpkiSha256, read_certificates};

/// The type and the name of the resource that a reference (`@raw/ca`, `@app.example:raw/ca`) names.
fn reference(text: &str) -> Option<(&str, &str)> {
    let name = text.strip_prefix('@')?;
    name.rsplit_once(':').map_or(name, |(_, name)| name).split_once('/')
}

/// Gives configurations the keys of the anchors that they name; `file_of` knows the file of a resource.
pub(super) fn take(files: &mut [PinFile], mut file_of: impl FnMut(&str, &str) -> Option<(String, Vec<u8>)>) {
    for file in files {
        let Reading::Read(source) = &mut file.reading else { continue };
        if source.format != android_nsc::ID {
            continue;
        }
        for missing in source.missing_anchors() {
            let found = reference(&missing).and_then(|(kind, name)| file_of(kind, name));
            let Some((file, octets)) = found.filter(|(_, octets)| octets.len() <= LONGEST_FILE) else {
                continue;
            };
            let Ok(certificates) = read_certificates(&octets) else { continue };
            let keys: Vec<SpkiSha256> = certificates.iter().map(|one| one.spki_sha256).collect();
            source.take_anchor(&missing, &file, &keys);
        }
    }
}

/// Gives configurations in source the anchors that stand in the same folder.
pub(in crate::pins) fn find(inputs: &[InputFile], files: &mut [PinFile]) {
    let folders: BTreeMap<&str, Option<&str>> =
        inputs.iter().map(|input| (input.path.as_str(), input.folder.as_deref())).collect();
    for file in files.iter_mut().filter(|file| is_configuration(file)) {
        let Some(folder) = folders.get(file.file.as_str()) else { continue };
        take(std::slice::from_mut(file), |kind, name| {
            let is_it = |input: &&InputFile| {
                input.folder.as_deref() == *folder
                    && is_resource(&input.path, kind, name)
                    && test_code::why(input.inside()).is_none()
            };
            let mut found = inputs.iter().filter(is_it);
            let only = found.next().filter(|_| found.next().is_none())?;
            Some((only.path.clone(), only.octets().ok()?.to_vec()))
        });
    }
}

/// Whether this is the file of a resource, in some variant: `…/raw/ca.pem`, `…/raw-v24/ca.pem`.
fn is_resource(path: &str, kind: &str, name: &str) -> bool {
    let mut parts = path.rsplit(['/', '\\']);
    let (Some(file), Some(folder)) = (parts.next(), parts.next()) else { return false };
    let stem = file.split_once('.').map_or(file, |(stem, _)| stem);
    folder.split('-').next() == Some(kind) && stem == name
}

/// Says of the certificates in a package that its configuration names as anchors what they are for.
pub(super) fn weigh_named(files: &mut [PinFile]) {
    let named: BTreeSet<String> = files.iter().flat_map(PinFile::found_anchors).map(str::to_owned).collect();
    for file in files.iter_mut().filter(|file| named.contains(&file.file)) {
        let Reading::Read(source) = &mut file.reading else { continue };
        if source.format != certificate_files::ID {
            continue;
        }
        let why =
            "the app's Network Security Config names it as a trust anchor, and compares no pins with it";
        source.statement = Some(why.to_owned());
        source.problems.retain(|problem| problem.kind != ProblemKind::NotRead);
        for entry in &mut source.entries {
            entry.enforcement = Enforcement { mode: EnforcementMode::No, why: why.to_owned() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::FileContent;
    use crate::pins::model::OwnAnchors;

    const XML: &str = "app/src/main/res/xml/nsc.xml";

    fn file(path: &str, text: &str) -> InputFile {
        let content = FileContent::Read(Bytes(text.as_bytes().to_vec()));
        InputFile { path: path.to_owned(), content, folder: Some(String::new()) }
    }

    fn anchors(src: &str, others: &[InputFile]) -> Option<OwnAnchors> {
        let text = format!(
            "<network-security-config><domain-config><domain>shop.example</domain>\
             <trust-anchors>{src}</trust-anchors></domain-config></network-security-config>"
        );
        let inputs = [&[file(XML, &text)], others].concat();
        let files = PinFile::of_all(&inputs);
        let read = files.iter().find(|file| file.file == XML).unwrap();
        let Reading::Read(source) = &read.reading else { panic!("{read:?}") };
        source.entries[0].anchors.clone()
    }

    #[test]
    fn anchors_are_found_among_the_resources_of_the_folder_and_only_where_one_file_is_meant() {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["ca.example".to_owned()]).unwrap();
        let pem = parameters.self_signed(&key).unwrap().pem();
        let own = SpkiSha256::of(&rcgen::PublicKeyData::subject_public_key_info(&key));
        let ca = |path: &str| file(path, &pem);
        let src = "<certificates src='@raw/ca'/>";
        for path in ["app/src/main/res/raw/ca.pem", "app/src/prod/res/raw-v24/ca.crt"] {
            let found = anchors(src, &[ca(path)]).unwrap();
            assert_eq!((found.missing.len(), found.found), (0, vec![(path.to_owned(), vec![own])]));
        }
        for others in [
            vec![],
            vec![ca("app/src/main/res/raw/other.pem")],
            vec![ca("app/src/main/assets/ca.pem")],
            vec![ca("app/src/test/res/raw/ca.pem")],
            vec![file("app/src/main/res/raw/ca.pem", "no certificate")],
            vec![ca("app/src/main/res/raw/ca.pem"), ca("app/src/prod/res/raw/ca.pem")],
        ] {
            let found = anchors(src, &others).unwrap();
            assert_eq!((found.missing.len(), found.found.len(), found.beside_system), (1, 0, false));
        }
        assert_eq!(anchors("<certificates src='system'/>", &[]), None);
        assert_eq!(anchors("<certificates src='system'/><certificates src='user'/>", &[]), None);
        assert_eq!(anchors("<certificates src='user'/>", &[]), Some(OwnAnchors::default()));
        let beside = anchors(&format!("<certificates src='system'/>{src}"), &[]).unwrap();
        assert!(beside.beside_system && beside.doubt(&[]).is_none());
    }
}
