//! Pin sets: their pins and the date on which they end.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::rc::Rc;

use roxmltree::Node;

use super::super::values::{Expiration, expiration};
use super::{Inherited, Reader, elements, shortened};
use crate::pins::base64_text;
use crate::pins::formats::written;
use crate::pins::formats::xml::{comment_beside, only_text};
use crate::pins::model::{Expiry, Pin, PinFault, PositionRule, ProblemKind};

/// One `<pin-set>`.
pub(super) struct PinSet {
    pub(super) number: usize,
    pub(super) pins: Vec<Pin>,
    /// How many more it has that were not read.
    pub(super) unread: u32,
    pub(super) expiry: Option<Expiry>,
}

impl PinSet {
    /// How many pins it has, read or not.
    pub(super) fn len(&self) -> usize {
        self.pins.len().saturating_add(usize::try_from(self.unread).unwrap_or(usize::MAX))
    }
}

impl Reader {
    pub(super) fn pin_set_of(&mut self, node: Node<'_, '_>, own: &mut Inherited) {
        if own.pin_set.is_some() {
            self.refuse(node, "there is a second pin-set; only one is allowed".to_owned());
        }
        let set = self.pin_set(node);
        if set.len() == 0 {
            let what = "the pin-set is empty, which switches pinning off for its domains".to_owned();
            self.problem(ProblemKind::NoEffect, node, what);
        }
        match own.pin_set {
            None => own.pin_set = Some(Rc::new(set)),
            Some(_) => self.stray(&set, node),
        }
    }

    pub(super) fn pin_set(&mut self, node: Node<'_, '_>) -> PinSet {
        self.attributes(node, &["expiration"]);
        self.pin_sets = self.pin_sets.saturating_add(1);
        let number = self.pin_sets;
        let expiry = node.attribute("expiration").and_then(|text| self.expiry(node, text));
        let (mut pins, mut unread) = (Vec::new(), 0_u32);
        for child in elements(node) {
            match child.tag_name().name() {
                "pin" => match self.pin(child) {
                    Some(pin) => pins.push(pin),
                    None => unread = unread.saturating_add(1),
                },
                _ => self.skipped(child),
            }
        }
        PinSet { number, pins, unread, expiry }
    }

    fn expiry(&mut self, node: Node<'_, '_>, text: &str) -> Option<Expiry> {
        if written::has_build_variable(text) {
            let what = format!("the expiration “{}” is put in by the build", shortened(text));
            self.problem(ProblemKind::NotRead, node, what);
            return None;
        }
        match expiration(text) {
            Expiration::On { expiry, rest } => {
                if !rest.trim().is_empty() {
                    let what = format!("“{}” behind the expiration date is ignored", shortened(&rest));
                    self.problem(ProblemKind::NoEffect, node, what);
                }
                Some(expiry)
            }
            Expiration::Never => None,
            Expiration::NoDate => {
                self.refuse(
                    node,
                    format!("the expiration “{}” is no date of the form yyyy-MM-dd", shortened(text)),
                );
                None
            }
        }
    }

    /// A pin; none where the build puts its value in.
    fn pin(&mut self, node: Node<'_, '_>) -> Option<Pin> {
        self.attributes(node, &["digest"]);
        let digest = node.attribute("digest").unwrap_or_default();
        let written = only_text(node);
        if let Some(text) = written.as_deref().filter(|text| written::has_build_variable(text)) {
            let what = format!("the pin “{}” is put in by the build", shortened(text));
            self.problem(ProblemKind::NotRead, node, what);
            return None;
        }
        let value = match &written {
            _ if !digest.eq_ignore_ascii_case("SHA-256") => Err(PinFault::UnknownDigest(shortened(digest))),
            None => Err(PinFault::Elements),
            Some(text) => base64_text::android(text),
        };
        let written = written.unwrap_or_default();
        if let Err(fault) = &value {
            self.refuse(node, format!("the pin “{}” cannot be read: {fault}", shortened(&written)));
        }
        let pin = Pin::new(&written, value, PositionRule::Any, Some(self.lines.of_node(node)));
        Some(pin.labelled(comment_beside(node)))
    }
}
