//! What is said of pins and clients, and is not so.

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

#[test]
fn pins_of_others_than_the_stated_clients_are_a_question() {
    let browsers = Circumstances { clients: vec![ClientClass::Browser], ..favourable() };
    let mut of_an_app = facts(sound());
    if let Fact::Measured(clients) = &mut of_an_app.pins {
        clients[0].class = Some(ClientClass::Ios);
    }
    let shown = advice(&of_an_app, &browsers, None);
    assert_eq!(shown.verdict, Verdict::Undetermined);
    assert!(shown.open_questions[0].contains("has pins of others (--client)"), "{:?}", shown.open_questions);
}
