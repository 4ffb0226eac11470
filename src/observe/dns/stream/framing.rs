//! DNS messages on a stream: each after its length in two octets (RFC 1035 section 4.2.2, RFC 7766 section 8).
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// Takes the octets of a stream as they come, and hands out the messages in them.
///
/// It never holds more than one message and what came in one piece after it.
#[derive(Debug, Default)]
pub struct Frames {
    octets: Vec<u8>,
    /// How far they were handed out.
    taken: usize,
}

impl Frames {
    /// Takes in what has come.
    pub fn push(&mut self, octets: &[u8]) {
        self.octets.drain(..self.taken);
        self.taken = 0;
        self.octets.extend_from_slice(octets);
    }

    /// The next message, once all of it is there.
    pub fn next_message(&mut self) -> Option<&[u8]> {
        let rest = self.octets.get(self.taken..)?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let message = rest.get(..length)?;
        self.taken = self.taken.saturating_add(length).saturating_add(2);
        Some(message)
    }
}

/// Writes a message after its length; `false` where it is too long for a stream.
pub(super) fn write(message: &[u8], to: &mut Vec<u8>) -> bool {
    let Ok(length) = u16::try_from(message.len()) else { return false };
    to.extend(length.to_be_bytes());
    to.extend_from_slice(message);
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn messages_come_out_however_they_were_cut(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8),
            piece in 1_usize..50,
        ) {
            let mut stream = Vec::new();
            for message in &messages {
                assert!(write(message, &mut stream));
            }
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for piece in stream.chunks(piece) {
                frames.push(piece);
                while let Some(message) = frames.next_message() {
                    found.push(message.to_vec());
                }
            }
            prop_assert_eq!(found, messages);
        }
    }

    #[test]
    fn half_a_message_is_none() {
        let mut frames = Frames::default();
        frames.push(b"\0");
        assert_eq!(frames.next_message(), None);
        frames.push(b"\x03ab");
        assert_eq!(frames.next_message(), None);
        frames.push(b"c\0\0\0");
        assert_eq!(frames.next_message(), Some(&b"abc"[..]));
        assert_eq!(frames.next_message(), Some(&b""[..]));
        assert_eq!(frames.next_message(), None);
        assert!(!write(&vec![0; 65_536], &mut Vec::new()));
    }
}
