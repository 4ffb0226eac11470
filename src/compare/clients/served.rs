//! Which kinds of clients a domain serves, and how that is known.

use super::{ClientClass, Served};
use crate::compare::{Circumstances, MeasuredFacts, Service};

/// The kinds of clients with how each is known, the surest evidence of each: what the owner states, what files and ports
/// show, and for HTTPS browsers, unless the owner stated others.
pub(super) fn served(
    facts: &MeasuredFacts,
    circumstances: &Circumstances,
) -> Vec<(ClientClass, Served, String)> {
    let mut all: Vec<(ClientClass, Served, String)> = Vec::new();
    let mut add = |class: ClientClass, served: Served, evidence: String| {
        match all.iter_mut().find(|(known, ..)| *known == class) {
            Some((_, Served::Stated, known)) if served != Served::Stated => {
                known.push(' ');
                known.push_str(&evidence);
            }
            // Another file of the same kind adds nothing to what is known of the kind.
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
    // Of a kind whose level is stated or found, the kind without one says nothing more.
    let has_level =
        all.iter().any(|(class, ..)| matches!(class, ClientClass::Android { target_level: Some(_) }));
    if has_level {
        all.retain(|(class, served, _)| {
            *class != ClientClass::Android { target_level: None } || *served == Served::Found
        });
    }
    all.sort_by_key(|(class, ..)| *class);
    all
}
