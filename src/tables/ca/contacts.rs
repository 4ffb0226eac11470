//! Where each CA takes problem reports: what is reported there, it has to answer within a day (Baseline Requirements
//! 4.9.3, 4.9.5).

use std::collections::{BTreeMap, BTreeSet};

use super::owners::{Names, OwnerError, csv_rows, one_line};

/// The most characters of a contact that are kept; an owner's may be a paragraph.
const LONGEST: usize = 500;

/// Contacts, by owner as the report writes it.
pub type Contacts = BTreeMap<String, BTreeSet<String>>;

/// Reads a CSV report of CCADB with the columns `CA Owner` and `Problem Reporting Mechanism`, whatever else it has: that of
/// all mechanisms, or one of certificates that has the column.
pub fn contacts_csv(text: &str) -> Result<Contacts, OwnerError> {
    let mut rows = csv_rows(text).into_iter();
    let header = rows.next().unwrap_or_default();
    let column = |name: &'static str| {
        let is_it = |candidate: &String| candidate.trim_start_matches('\u{feff}') == name;
        header.iter().position(is_it).ok_or(OwnerError::Column(name))
    };
    let (owner, mechanism) = (column("CA Owner")?, column("Problem Reporting Mechanism")?);
    let mut contacts = Contacts::new();
    for row in rows {
        let field = |place: usize| row.get(place).map(|text| one_line(text)).unwrap_or_default();
        let (owner, contact) = (field(owner), field(mechanism));
        // The separator of the tables is none of a contact's.
        let contact: String = contact.replace(" | ", ", ").chars().take(LONGEST).collect();
        if !owner.is_empty() && !contact.is_empty() {
            contacts.entry(owner).or_default().insert(contact);
        }
    }
    Ok(contacts)
}

/// The contacts by the spelling of each owner that the tables have.
pub(super) fn of_owners(contacts: &Contacts, names: &Names) -> Contacts {
    let mut of_owners = Contacts::new();
    for (owner, contacts) in contacts {
        of_owners.entry(names.canonical(owner)).or_default().extend(contacts.iter().cloned());
    }
    of_owners
}
