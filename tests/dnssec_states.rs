//! DNSSEC against Unbound: for every shape of zone and name, the state that pinstead reports is the one that Unbound
//! comes to, whether pinstead validates or trusts the resolver to.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod world;

use std::collections::BTreeMap;

use world::signed_world::{ReportedStep, SignedWorld};
use world::signed_zones::{Denial, Ds, Valid, Zone};

/// The names of a zone that is signed as it should be; everything that CAA questions meet.
const SHAPES: &str = r#"
caa IN CAA 0 issue "ca1.example"
odd IN CAA 0 averylongtagofmorethan15 "x"
nodata IN A 192.0.2.1
below.ent IN A 192.0.2.1
a.b.c.d.e.f.deep IN CAA 0 issue "ca1.example"
*.wild IN CAA 0 issue "ca1.example"
*.wildnodata IN A 192.0.2.1
*.wildalias IN CNAME nodata
*.wildalias-caa IN CNAME caa
*.wildalias-out IN CNAME caa.unsigned.tld.
*.wildalias-in IN CNAME caa.nsec3.tld.
alias IN CNAME caa
alias-nodata IN CNAME nodata
alias-nx IN CNAME nowhere
alias-ent IN CNAME ent
alias-wild IN CNAME any.wild
alias-wildnodata IN CNAME any.wildnodata
chain1 IN CNAME chain2
chain2 IN CNAME chain3
chain3 IN CNAME nodata
out IN CNAME caa.unsigned.tld.
out-nodata IN CNAME nodata.unsigned.tld.
out-nx IN CNAME nowhere.unsigned.tld.
out-and-back IN CNAME to-signed.unsigned.tld.
across IN CNAME caa.nsec3.tld.
across-nodata IN CNAME nodata.nsec3.tld.
across-nx IN CNAME nowhere.nsec3.tld.
across-wild IN CNAME any.wild.nsec.tld.
across-optout-nx IN CNAME nowhere.optout.
to-bogus IN CNAME caa.forged.tld.
to-bogus-nodata IN CNAME nodata.forged.tld.
to-expired IN CNAME nodata.expired.tld.
caa.target IN CAA 0 issue "ca1.example"
nodata.target IN A 192.0.2.1
dname IN DNAME target
dname-out IN DNAME unsigned.tld.
dname-bogus IN DNAME forged.tld.
via-dname IN CNAME caa.dname
via-dname-nodata IN CNAME nodata.dname
"#;

/// The names asked for in such a zone.
const ASKED: &[&str] = &[
    "caa",
    "odd",
    "nodata",
    "nowhere",
    "a.b.nowhere",
    "ent",
    "below.ent",
    "a.b.c.d.e.f.deep",
    "d.e.f.deep",
    "1.2.3.4.5.deep",
    "any.wild",
    "a.b.wild",
    "wild",
    "any.wildnodata",
    "any.wildalias",
    "any.wildalias-caa",
    "any.wildalias-out",
    "any.wildalias-in",
    "alias",
    "alias-nodata",
    "alias-nx",
    "alias-ent",
    "alias-wild",
    "alias-wildnodata",
    "chain1",
    "out",
    "out-nodata",
    "out-nx",
    "out-and-back",
    "across",
    "across-nodata",
    "across-nx",
    "across-wild",
    "across-optout-nx",
    "to-bogus",
    "to-bogus-nodata",
    "to-expired",
    "dname",
    "caa.dname",
    "nodata.dname",
    "nowhere.dname",
    "dname-out",
    "caa.dname-out",
    "nodata.dname-out",
    "caa.dname-bogus",
    "via-dname",
    "via-dname-nodata",
];

/// The names asked for elsewhere.
const ASKED_ELSEWHERE: &[&str] = &[
    // Unsigned zones, with and without aliases into signed ones.
    "caa.unsigned.tld",
    "nodata.unsigned.tld",
    "nowhere.unsigned.tld",
    "unsigned.tld",
    "to-signed.unsigned.tld",
    "to-signed-nodata.unsigned.tld",
    "to-bogus.unsigned.tld",
    "caa.dname.unsigned.tld",
    "nodata.dname.unsigned.tld",
    "caa.plain",
    "nowhere.plain",
    // What is signed, but badly.
    "caa.expired.tld",
    "nodata.expired.tld",
    "nowhere.expired.tld",
    "caa.early.tld",
    "caa.forged.tld",
    "nodata.forged.tld",
    "nowhere.forged.tld",
    "caa.wrongds.tld",
    "nodata.wrongds.tld",
    "caa.nokeys.tld",
    "nodata.nokeys.tld",
    "caa.stripped.tld",
    "nodata.stripped.tld",
    "caa.nodenial.tld",
    "nodata.nodenial.tld",
    "nowhere.nodenial.tld",
    "deep.below.caa.wrongds.tld",
    // What nobody can verify counts as unsigned (RFC 4035 section 5.2, RFC 9276 section 3.2).
    "caa.algorithm.tld",
    "nodata.algorithm.tld",
    "caa.digest.tld",
    "nodata.digest.tld",
    "caa.iterations.tld",
    "nodata.iterations.tld",
    "nowhere.iterations.tld",
    // Zones below signed zones.
    "child.nsec.tld",
    "caa.child.nsec.tld",
    "nodata.child.nsec.tld",
    "caa.island.nsec.tld",
    "nodata.island.nsec.tld",
    "caa.child.nsec3.tld",
    "nowhere.child.nsec3.tld",
    // Opt-out.
    "caa.signed.optout",
    "nodata.signed.optout",
    "caa.unsigned.optout",
    "nodata.unsigned.optout",
    "unsigned.optout",
    "nowhere.optout",
    "optout",
    "alias.optout",
    "a.b.nowhere.optout",
    // The top.
    "tld",
    "nosuchtld",
];

fn forged(zone: &str) -> String {
    zone.replace("ca1.example", "ca2.example")
        .replace("192.0.2.1", "192.0.2.2")
        .replace("hostmaster", "other")
}

/// A tag of 24 octets, which the standard allows and NSD does not, as RFC 3597 writes it.
fn long_tag(zone: &str) -> String {
    let hex: Vec<String> = "averylongtagofmorethan15".bytes().map(|octet| format!("{octet:02x}")).collect();
    let hex = hex.concat();
    zone.replace("CAA\t0 averylongtagofmorethan15 \"x\"", &format!("TYPE257 \\# 27 0018{hex}78"))
}

fn without(zone: &str, dropped: &str) -> String {
    let kept: Vec<&str> = zone.lines().filter(|line| !line.contains(dropped)).collect();
    kept.join("\n") + "\n"
}

fn zones() -> Vec<Zone> {
    let plain = "caa IN CAA 0 issue \"ca1.example\"\nnodata IN A 192.0.2.1\n";
    let nsec3 = |opt_out| Some(Denial::Nsec3 { iterations: 1, opt_out });
    let unsigned = format!(
        "{plain}to-signed IN CNAME caa.nsec.tld.\nto-signed-nodata IN CNAME nodata.nsec.tld.\n\
         to-bogus IN CNAME caa.forged.tld.\ndname IN DNAME nsec.tld.\n"
    );
    let of = Zone::signed;
    vec![
        of("", ""),
        of("tld", ""),
        Zone { tamper: long_tag, ..of("nsec.tld", SHAPES) },
        Zone { tamper: long_tag, denial: nsec3(false), ..of("nsec3.tld", SHAPES) },
        of("child.nsec.tld", plain),
        Zone { ds: Ds::None, ..of("island.nsec.tld", plain) },
        Zone { denial: nsec3(false), ..of("child.nsec3.tld", plain) },
        Zone::unsigned("unsigned.tld", &unsigned),
        Zone::unsigned("plain", plain),
        Zone { valid: Valid::Past, ..of("expired.tld", plain) },
        Zone { valid: Valid::Future, ..of("early.tld", plain) },
        Zone { tamper: forged, ..of("forged.tld", plain) },
        Zone { ds: Ds::Wrong, ..of("wrongds.tld", plain) },
        Zone { ds: Ds::Right, ..Zone::unsigned("nokeys.tld", plain) },
        Zone { tamper: |zone| without(zone, "RRSIG\tCAA"), ..of("stripped.tld", plain) },
        Zone { tamper: |zone| without(zone, "NSEC"), ..of("nodenial.tld", plain) },
        Zone { ds: Ds::UnknownAlgorithm, ..of("algorithm.tld", plain) },
        Zone { ds: Ds::UnknownDigest, ..of("digest.tld", plain) },
        Zone {
            denial: Some(Denial::Nsec3 { iterations: 200, opt_out: false }),
            ..of("iterations.tld", plain)
        },
        Zone { denial: nsec3(true), ..of("optout", "alias IN CNAME nodata.signed.optout.\n") },
        of("signed.optout", plain),
        Zone::unsigned("unsigned.optout", plain),
    ]
}

fn names() -> Vec<String> {
    let below = |zone: &'static str| ASKED.iter().map(move |name| format!("{name}.{zone}"));
    below("nsec.tld")
        .chain(below("nsec3.tld"))
        .chain(ASKED_ELSEWHERE.iter().map(|name| (*name).to_owned()))
        .collect()
}

/// Every step of every climb must have Unbound's state.
fn assert_agreement(world: &SignedWorld, ours: &[ReportedStep], how: &str) {
    let mut asked: Vec<&str> = ours.iter().map(|step| step.name.as_str()).collect();
    asked.sort_unstable();
    asked.dedup();
    let theirs = world.opinions(&asked);
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let mut differences = Vec::new();
    for ReportedStep { name, state, detail } in ours {
        let opinion = &theirs[name];
        *states.entry(opinion.state).or_default() += 1;
        if opinion.state != state {
            differences.push(format!("{name}: we say {state} ({detail}), Unbound {opinion:?}"));
        }
    }
    assert!(
        differences.is_empty(),
        "{how}: {} of {}\n{}",
        differences.len(),
        ours.len(),
        differences.join("\n")
    );
    assert!(
        asked.len() >= 59 && states.values().all(|count| *count >= 10) && states.len() == 3,
        "{states:?}"
    );
}

#[test]
fn every_state_is_unbounds() {
    let world = SignedWorld::start(zones());
    let names = names();
    let anchor = world.anchor_file();
    let own = ["--trust-anchor", &anchor];
    assert_agreement(&world, &world.steps(&names, &own), "validated here");
    // What Unbound has in its cache by now must make no difference.
    assert_agreement(&world, &world.steps(&names, &own), "validated here, from a warm cache");
    assert_agreement(&world, &world.steps(&names, &["--dnssec", "resolver"]), "by the resolver");
}
