use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::*;

/// A root, its sub-CA under another organisation, and below that one more.
fn certificates() -> Vec<CaCertificate> {
    let authority = |organisation: &str, name: &str| {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, organisation);
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let root_key = KeyPair::generate().unwrap();
    let sub_key = KeyPair::generate().unwrap();
    let low_key = KeyPair::generate().unwrap();
    let root = authority("Root Trust, Inc.", "Root");
    let sub = authority("White Label Ltd", "Sub");
    let low = authority("White Label Ltd", "Low");
    let root_certificate = root.self_signed(&root_key).unwrap();
    let by_root = Issuer::new(root, &root_key);
    let sub_certificate = sub.signed_by(&sub_key, &by_root).unwrap();
    let by_sub = Issuer::new(sub, &sub_key);
    let low_certificate = low.signed_by(&low_key, &by_sub).unwrap();
    [root_certificate, sub_certificate, low_certificate]
        .iter()
        .map(|certificate| CaCertificate::parse(certificate.der()).unwrap())
        .collect()
}

fn inputs(certificates: Vec<CaCertificate>) -> CaInputs {
    let identifiers = br#"{"domains": {
        "root.example": {"one": "Root Trust", "two": "ROOT TRUST INC"},
        "label.example, n/a": {"one": "White Label"},
        "None": {"one": "Root Trust"}
    }}"#;
    let root = certificates[0].sha256;
    let owners = format!(
        "\"CA Owner\",\"SHA-256 Fingerprint\",\"Subordinate CA Owner\"\n\"Root Trust, Inc.\",\"{root}\",\"\"\n"
    );
    CaInputs {
        sources: vec!["a test, 2026-11-21".to_owned()],
        certificates,
        key_identifiers: vec![(vec![1, 2, 3], SpkiSha256([9; 32]))],
        owners: OwnerRecords::parse_csv(&owners).unwrap(),
        identifiers: vec![IdentifierInput::parse_json("list", identifiers).unwrap()],
        ..CaInputs::default()
    }
}

#[test]
fn owners_come_down_verified_signatures() {
    let certificates = certificates();
    let keys: Vec<SpkiSha256> = certificates.iter().map(|certificate| certificate.spki_sha256).collect();
    let mut tables = CaTables::default();
    tables.add(&inputs(certificates));
    let row = |key: SpkiSha256| tables.keys.iter().find(|(id, _)| id.spki == key).unwrap().1;
    assert_eq!(row(keys[0]).owner_source, OwnerSource::Certificate);
    for key in &keys[1..] {
        assert_eq!(row(*key).owner.as_deref(), Some("Root Trust"));
        assert_eq!(row(*key).owner_source, OwnerSource::Issuer);
        assert_eq!(row(*key).organisation, "White Label Ltd");
        assert_eq!(row(*key).root_organisations, BTreeSet::from(["Root Trust, Inc.".to_owned()]));
    }
    let known: Vec<&String> = tables.identifiers.keys().collect();
    assert_eq!(known, ["label.example", "root.example"]);
    assert_eq!(tables.organisations["White Label Ltd"], BTreeSet::from(["label.example".to_owned()]));
    assert_eq!(tables.organisations["Root Trust, Inc."], BTreeSet::from(["root.example".to_owned()]));
}

/// The same name and the same key identifier do not make an issuer: only its signature does.
#[test]
fn an_impostor_is_no_issuer() {
    let mut one = certificates();
    let other = certificates();
    let orphan = one.remove(1);
    let key = orphan.spki_sha256;
    let mut impostor = other[0].clone();
    impostor.ski.clone_from(&orphan.aki);
    let mut tables = CaTables::default();
    tables.add(&inputs(vec![impostor, orphan]));
    let (_, row) = tables.keys.iter().find(|(id, _)| id.spki == key).unwrap();
    assert_eq!((row.owner.as_deref(), row.owner_source), (None, OwnerSource::Unknown));
    assert!(row.root_organisations.is_empty());
}

#[test]
fn the_text_is_the_same_in_any_order_and_when_merged() {
    let certificates = certificates();
    let build = |certificates: Vec<CaCertificate>| {
        let mut inputs = inputs(certificates);
        inputs.certificates.rotate_left(1);
        let mut tables = CaTables::default();
        tables.add(&inputs);
        tables.render()
    };
    let texts = build(certificates.clone());
    let mut again = CaTables::parse(&texts).unwrap();
    assert_eq!(again.render(), texts);
    again.add(&inputs(certificates.clone()));
    assert_eq!(again.render(), texts);
    // An input that does not mention a key leaves it as it was.
    again.add(&CaInputs { certificates: certificates[1..].to_vec(), ..CaInputs::default() });
    assert_eq!(again.render().keys, texts.keys);
    assert!(texts.keys.starts_with("# The keys of CA certificates"));
    assert!(texts.keys.contains("# source: a test, 2026-11-21\n"));
}

/// Newer certificates alone do not say again what older inputs did: who signed them, who owns them, and which roots
/// were removed.
#[test]
fn what_newer_inputs_do_not_know_stays() {
    let (older, newer) = (certificates(), certificates());
    let root = older[0].sha256;
    let mut first = inputs(older.clone());
    let records = format!(
        "CA Owner,SHA-256 Fingerprint,Subordinate CA Owner,Mozilla Status,Microsoft Status\n\
         \"Root Trust, Inc.\",{root},,Removed,Disabled\n"
    );
    first.owners = OwnerRecords::parse_csv(&records).unwrap();
    let mut tables = CaTables::default();
    tables.add(&first);
    let before = tables.render();
    assert!(before.certificates.contains("\tremoved\t"));
    for part in [&older[..1], &older[1..2], &older[2..], &older[..]] {
        tables.add(&CaInputs { certificates: part.to_vec(), ..CaInputs::default() });
        let after = tables.render();
        assert_eq!(after, before);
    }
    tables.add(&CaInputs { certificates: newer.clone(), ..CaInputs::default() });
    let both = tables.render();
    for (earlier, later) in [
        (&before.keys, &both.keys),
        (&before.certificates, &both.certificates),
        (&before.near_misses, &both.near_misses),
    ] {
        let rows: BTreeSet<&str> = later.lines().collect();
        assert!(earlier.lines().all(|row| rows.contains(row)), "{earlier}\n{later}");
        assert_eq!(rows.len(), earlier.lines().count() + newer.len());
    }
    // Records that know the root say what it is now.
    let records = format!(
        "CA Owner,SHA-256 Fingerprint,Subordinate CA Owner,Mozilla Status,Microsoft Status\nOther,{root},,Included,Disabled\n"
    );
    let owners = OwnerRecords::parse_csv(&records).unwrap();
    tables.add(&CaInputs { certificates: older, owners, ..CaInputs::default() });
    let last = tables.render();
    assert!(!last.certificates.contains("\tremoved\t"));
    assert!(last.keys.contains("\tOther\tcertificate\t"), "{}", last.keys);
}

#[test]
fn dirty_fields_are_split_and_what_is_no_identifier_is_left_out() {
    let field =
        "a.example; B.Example,\nn/a, None, admin@domain,, c.example\r\nCAA domain names recognized in issue";
    let (identifiers, refused) = identifiers::split(field);
    assert_eq!(identifiers, ["a.example", "b.example", "c.example"]);
    assert_eq!(refused, ["n/a", "None", "admin@domain", "CAA domain names recognized in issue"]);
}

/// One that bought another's customers honours the other's identifier; the other does not honour its.
#[test]
fn groups_add_to_their_main_owner_only() {
    let domains = br#"{"domains": {
        "big.example": {"o": "Big Limited", "owner": "Big"},
        "brand.example": {"o": "Brand CA", "owner": "Big"},
        "sold.example": {"o": "Sold, Inc.", "owner": "Sold"}
    }}"#;
    let groups = br#"{"ca": {"big (also Brand)": ["big.example", "brand.example", "sold.example"]}}"#;
    let inputs = [
        IdentifierInput::parse_json("one", domains).unwrap(),
        IdentifierInput::parse_json("two", groups).unwrap(),
    ];
    let known = identifiers::by_organisation(&inputs);
    let all = BTreeSet::from(["big.example", "brand.example", "sold.example"].map(str::to_owned));
    assert_eq!(known["big"], all);
    assert_eq!(known["brandca"], all);
    assert_eq!(known["sold"], BTreeSet::from(["sold.example".to_owned()]));
}

/// A newer list alone does not unsay what others said: who it does not mention keeps what it had.
#[test]
fn one_list_is_folded_into_what_is_known() {
    let certificates = certificates();
    let mut tables = CaTables::default();
    tables.add(&inputs(certificates));
    let list = |name: &str, text: &str| CaInputs {
        identifiers: vec![IdentifierInput::parse_json(name, text.as_bytes()).unwrap()],
        ..CaInputs::default()
    };
    let before = tables.render();
    tables.add(&list("list", r#"{"domains": {"root.example": {"one": "Root Trust"}}}"#));
    assert_eq!(tables.render(), before, "nothing new");
    tables.add(&list("newer", r#"{"domains": {"new.example": {"one": "Root Trust Inc."}}}"#));
    let both = BTreeSet::from(["new.example", "root.example"].map(str::to_owned));
    assert_eq!(tables.organisations["Root Trust, Inc."], both);
    tables.add(&list("spelled", r#"{"domains": {"new.example": {"one": "ROOT TRUST"}}}"#));
    assert_eq!(tables.identifiers["new.example"].owners.len(), 1, "one owner, however it is written");
}

#[test]
fn pem_blocks_are_found_anywhere() {
    let text = "X,\"-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\"\n-----BEGIN CERTIFICATE-----\n!\n-----END";
    let blocks: Vec<_> = pem_certificates(text).collect();
    assert_eq!(blocks, [Ok(vec![0, 1, 2]), Err(CertificateFault::Pem(text.rfind("-----BEGIN").unwrap()))]);
    assert!(CaCertificate::parse(&[0, 1, 2]).is_err());
}
