//! A CA that the command line asks about by name.

use super::known::{Known, Named, meant};
use crate::caa::CaIdentity;
use crate::judge::Inputs;

/// A CA that was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCa {
    /// Whom CAA would have to name, called as it was asked about.
    pub identity: CaIdentity,
    /// What is to be told about how it was taken.
    pub note: Option<String>,
    /// The identifier that was probably meant, where no table knows this one.
    pub meant: Option<&'static str>,
}

/// A text that is no CA.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{text}” is neither a CAA identifier, which is a domain name, nor a CA owner of whom identifiers are known{}",
    .meant.map(|meant| format!(": did you mean {meant}?")).unwrap_or_default()
)]
pub struct NoCa {
    text: String,
    meant: Option<&'static str>,
}

impl Inputs {
    /// The CA that an identifier or an owner's name stands for: one of the policy first, then of the public table.
    pub fn named_ca(&self, text: &str) -> Result<NamedCa, NoCa> {
        let text = text.trim();
        let known = |identifiers: Vec<String>| {
            let is_one = identifiers.iter().any(|identifier| identifier.eq_ignore_ascii_case(text));
            let identity = if is_one {
                CaIdentity::from_identifier(text)
            } else {
                CaIdentity { label: text.to_owned(), identifiers }
            };
            NamedCa { identity, note: None, meant: None }
        };
        match Known::by_name(self, text, "") {
            Named::Known(ca) => Ok(known(ca.identifiers)),
            Named::AsWritten(ca, meant) => {
                let did_you = meant.map_or_else(String::new, |meant| format!(". Did you mean {meant}?"));
                let note = format!(
                    "“{text}” is an identifier of no known CA; it is compared as it is written{did_you}"
                );
                Ok(NamedCa { note: Some(note), meant, ..known(ca.identifiers) })
            }
            Named::WithoutIdentifiers => {
                let note = format!("the policy names no caa_identifiers for “{text}”");
                Ok(NamedCa { note: Some(note), ..known(Vec::new()) })
            }
            Named::Nothing => Err(NoCa { text: text.to_owned(), meant: meant(self, text) }),
        }
    }

    /// The identifiers of the policy's own CAs: whoever wrote it knows them.
    pub fn own_identifiers(&self) -> impl Iterator<Item = &str> {
        self.policy.private_ca.iter().flat_map(|ca| ca.caa_identifiers.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::file::{FileContent, InputFile};
    use crate::evidence::{Bytes, Inputs as InputFiles, Request};
    use crate::x509::SpkiSha256;

    fn inputs(identifiers: &str) -> Inputs {
        let policy = format!(
            "[[private_ca]]\nowner = \"Corp CA\"\nspki_sha256 = \"{}\"\ncaa_identifiers = [{identifiers}]\n",
            SpkiSha256::of(b"1")
        );
        let content = FileContent::Read(Bytes(policy.into_bytes()));
        let policy = Some(InputFile { path: "p.toml".to_owned(), content, folder: None });
        Inputs::read(&Request::default(), &InputFiles { policy, ..InputFiles::default() }).unwrap()
    }

    #[test]
    fn a_ca_is_meant_by_identifier_or_by_owner() {
        let inputs = inputs("\"ca.corp.example\", \"old.corp.example\"");
        let of = |text: &str| inputs.named_ca(text).map(|ca| (ca.identity.label, ca.identity.identifiers));
        let one = |text: &str| Ok((text.to_owned(), vec![text.to_owned()]));
        for text in ["ca1.example", "pki.goog", "CA.corp.example"] {
            assert_eq!(of(text), one(text));
        }
        assert!(of("Google Trust Services").unwrap().1.contains(&"pki.goog".to_owned()));
        let own = ["ca.corp.example".to_owned(), "old.corp.example".to_owned()];
        assert_eq!(of("corp ca"), Ok(("corp ca".to_owned(), own.to_vec())));
        assert!(inputs.named_ca("pki.goog").unwrap().note.is_none());
        assert_eq!(inputs.own_identifiers().collect::<Vec<_>>(), own);
    }

    #[test]
    fn what_was_probably_meant_is_told() {
        let inputs = inputs("");
        let mistyped = inputs.named_ca("letsencypt.org").unwrap();
        assert_eq!(mistyped.meant, Some("letsencrypt.org"));
        assert!(mistyped.note.unwrap().ends_with("Did you mean letsencrypt.org?"));
        let without = inputs.named_ca("Corp CA").unwrap();
        assert!(without.identity.identifiers.is_empty() && without.note.is_some());
        for text in ["", " ", "*.foo", "nobody at all", "a..b", "ISRG", "Google"] {
            let error = inputs.named_ca(text).unwrap_err().to_string();
            assert!(error.contains("is neither") && !error.contains("did you mean"), "{error}");
        }
        for (text, meant) in
            [("https://letsencrypt.org", "letsencrypt.org"), ("letsencrypt.org.", "letsencrypt.org")]
        {
            let error = inputs.named_ca(text).unwrap_err().to_string();
            assert!(error.ends_with(&format!("did you mean {meant}?")), "{error}");
        }
    }
}
