//! What is said of pins and is not so.

use super::*;

#[test]
fn claims_are_corrected_where_evidence_shows_them() {
    let hurt = set(PinSetKind::Hypothetical { level: Level::Intermediate, backup: false }, 2, None);
    let restricted = MeasuredFacts {
        caa: Fact::Measured(CaaPolicy::Restrictive {
            permitted: vec!["ca.example".to_owned()],
            current_issuer: CurrentIssuer::Permitted,
        }),
        ..facts(sound())
    };
    let shown = advice(&restricted, &favourable(), Some(replay(vec![hurt])));
    let claims: Vec<&str> = shown.corrections.iter().map(|correction| correction.claim).collect();
    assert_eq!(claims.len(), 3, "{claims:?}");
    assert!(shown.corrections.iter().all(|correction| !correction.evidence.is_empty()));
    assert!(advice(&facts(sound()), &favourable(), None).corrections.is_empty());
}
