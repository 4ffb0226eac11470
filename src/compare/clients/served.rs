//! Which kinds of clients a domain serves, and how that is known.

use super::enforced::Unlevelled;
use super::{ClientClass, Served};
use crate::compare::{Circumstances, MeasuredFacts, Service};

/// How many files are named as evidence of one kind of client, beside the first.
const MOST_FILES: usize = 3;

/// The kinds of clients with how each is known, the surest evidence of each: what the owner states, what files and ports
/// show, and for HTTPS browsers, unless the owner stated others.
pub(super) fn served(
    facts: &MeasuredFacts,
    circumstances: &Circumstances,
    unlevelled_are: Unlevelled,
) -> Vec<(ClientClass, Served, String)> {
    let mut all: Vec<(ClientClass, Served, String)> = Vec::new();
    let mut add = |class: ClientClass, served: Served, evidence: String| {
        match all.iter_mut().find(|(known, ..)| *known == class) {
            Some((_, Served::Stated, known)) if served != Served::Stated => {
                known.push(' ');
                known.push_str(&evidence);
            }
            // Beside a file with pins, it tells that another one was given.
            Some((.., known)) if served == Served::Found => {
                let file = evidence.rsplit_once(" is ").map_or(evidence.as_str(), |(file, _)| file);
                if !known.contains(&format!("{file} is ")) && known.matches(". ").count() < MOST_FILES {
                    known.push(' ');
                    known.push_str(&evidence);
                }
            }
            Some(_) => {}
            None => all.push((class, served, evidence)),
        }
    };
    for &class in &circumstances.clients {
        add(class, Served::Stated, "The owner states it.".to_owned());
    }
    for app in &facts.apps {
        add(app.class, Served::Found, format!("{} is an app's.", app.file));
    }
    for pins in facts.pins.measured().into_iter().flatten() {
        if let Some(class) = pins.class {
            add(class, Served::Found, format!("{} is of such a client.", pins.client));
        }
    }
    for pins in facts.dynamic_pins.measured().into_iter().flatten() {
        if let Some(class) = pins.class {
            add(class, Served::Found, format!("{} is of such a client.", pins.client));
        }
    }
    match facts.service {
        Service::MailTransfer { port } => {
            add(ClientClass::Mail, Served::Found, format!("Port {port} speaks SMTP."));
        }
        Service::Https { port } if circumstances.clients.is_empty() => {
            add(
                ClientClass::Browser,
                Served::Assumed,
                format!("Port {port} speaks HTTPS, as far as is known."),
            );
        }
        Service::Https { .. } | Service::Other { .. } | Service::Unknown => {}
    }
    let is_levelled = |class: &ClientClass| matches!(class, ClientClass::Android { target_level: Some(_) });
    let stated =
        all.iter().filter(|(class, served, _)| is_levelled(class) && *served == Served::Stated).count();
    let unlevelled = all.iter().position(|(class, ..)| *class == ClientClass::Android { target_level: None });
    let has_level = all.iter().any(|(class, ..)| is_levelled(class));
    if let Some(place) = unlevelled.filter(|_| has_level) {
        // A file that does not tell its level is of the apps whose level the owner states.
        let is_of_stated = unlevelled_are == Unlevelled::Stated;
        let is_found = all.get(place).is_some_and(|(_, served, _)| *served == Served::Found);
        if is_of_stated || !is_found {
            let (_, _, evidence) = all.remove(place);
            let of_stated = |(class, served, _): &&mut (ClientClass, Served, String)| {
                is_levelled(class) && *served == Served::Stated
            };
            for (.., known) in all.iter_mut().filter(of_stated).filter(|_| is_found) {
                known.push(' ');
                known.push_str(&evidence);
                if stated > 1 {
                    known.push_str(" It does not tell its level, and is taken to be of each that is stated.");
                }
            }
        }
    }
    all.sort_by_key(|(class, ..)| *class);
    all
}
