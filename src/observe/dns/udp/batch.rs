//! Many datagrams in one system call where the system can do that (Linux), one at a time elsewhere.

pub(super) use self::system::{receive, send, widen};

/// How many datagrams are handled at a time.
pub(super) const BATCH: usize = 32;

/// The largest datagram there is.
const LARGEST: usize = u16::MAX as usize;

/// Datagrams to be sent, one after the other in one buffer.
#[derive(Debug, Default)]
pub(super) struct Datagrams {
    octets: Vec<u8>,
    ends: Vec<usize>,
}

impl Datagrams {
    pub(super) fn push(&mut self, datagram: &[u8]) {
        self.octets.extend_from_slice(datagram);
        self.ends.push(self.octets.len());
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn clear(&mut self) {
        self.octets.clear();
        self.ends.clear();
    }

    /// The datagrams from the one with this number on.
    pub(super) fn from(&self, first: usize) -> impl Iterator<Item = &[u8]> {
        (first..self.ends.len()).map(|number| {
            let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
            let end = self.ends.get(number).copied().unwrap_or(start);
            self.octets.get(start..end).unwrap_or_default()
        })
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::cell::RefCell;
    use std::io::{self, IoSlice, IoSliceMut};
    use std::os::fd::AsRawFd as _;

    use nix::sys::socket::sockopt::RcvBuf;
    use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg, setsockopt};
    use tokio::io::Interest;
    use tokio::net::UdpSocket;

    use super::{BATCH, Datagrams, LARGEST};

    /// Room for the answers to everything that may be under way, as far as the system grants it.
    const RECEIVE_BUFFER: usize = 1 << 20;

    thread_local! {
        /// One a thread, for all its sockets.
        static ROOM: RefCell<Room> = RefCell::new(Room::new());
    }

    /// What the system fills. Of the buffers, only the pages that were written to take memory.
    struct Room {
        buffers: Vec<u8>,
        /// With room for addresses although the peer is known: the system writes their lengths in any case.
        received: MultiHeaders<SockaddrStorage>,
        sent: MultiHeaders<()>,
    }

    impl Room {
        fn new() -> Self {
            Self {
                buffers: vec![0; BATCH * LARGEST],
                received: MultiHeaders::preallocate(BATCH, None),
                sent: MultiHeaders::preallocate(BATCH, None),
            }
        }
    }

    /// Makes room for many answers.
    pub(in super::super) fn widen(socket: &UdpSocket) {
        // As much as the system allows; with less, more gets lost and is asked for again.
        let _ = setsockopt(socket, RcvBuf, &RECEIVE_BUFFER);
    }

    /// Hands `each` the datagrams that are there, a batch at most, and tells how many there were.
    pub(in super::super) fn receive(socket: &UdpSocket, mut each: impl FnMut(&[u8])) -> io::Result<usize> {
        ROOM.with_borrow_mut(|room| {
            let mut lengths = [0; BATCH];
            let count = socket.try_io(Interest::READABLE, || {
                let mut buffers = room.buffers.chunks_mut(LARGEST);
                let mut slices: [_; BATCH] =
                    std::array::from_fn(|_| [IoSliceMut::new(buffers.next().unwrap_or_default())]);
                let flags = MsgFlags::MSG_DONTWAIT;
                let received =
                    recvmmsg(socket.as_raw_fd(), &mut room.received, slices.iter_mut(), flags, None)?;
                let mut count = 0;
                for (length, datagram) in lengths.iter_mut().zip(received) {
                    *length = datagram.bytes;
                    count += 1;
                }
                Ok(count)
            })?;
            for (length, buffer) in lengths.iter().zip(room.buffers.chunks(LARGEST)).take(count) {
                each(buffer.get(..*length).unwrap_or_default());
            }
            Ok(count)
        })
    }

    /// Sends datagrams from the one with this number on, a batch at most, and tells how many went.
    pub(in super::super) fn send(
        socket: &UdpSocket,
        datagrams: &Datagrams,
        first: usize,
    ) -> io::Result<usize> {
        ROOM.with_borrow_mut(|room| {
            socket.try_io(Interest::WRITABLE, || {
                let mut rest = datagrams.from(first);
                let slices: [_; BATCH] =
                    std::array::from_fn(|_| [IoSlice::new(rest.next().unwrap_or_default())]);
                let count = (datagrams.len() - first).min(BATCH);
                let slices = slices.get(..count).unwrap_or_default();
                let flags = MsgFlags::MSG_DONTWAIT;
                let sent = sendmmsg(socket.as_raw_fd(), &mut room.sent, slices, [None; BATCH], [], flags)?;
                Ok(sent.count())
            })
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    use tokio::net::UdpSocket;

    use super::{BATCH, Datagrams, LARGEST};

    /// Leaves the socket as it is.
    pub(in super::super) fn widen(_: &UdpSocket) {}

    /// Hands `each` the datagrams that are there, a batch at most, and tells how many there were.
    pub(in super::super) fn receive(socket: &UdpSocket, mut each: impl FnMut(&[u8])) -> io::Result<usize> {
        let mut buffer = vec![0; LARGEST];
        for count in 0..BATCH {
            match socket.try_recv(&mut buffer) {
                Ok(length) => each(buffer.get(..length).unwrap_or_default()),
                Err(error) if count == 0 => return Err(error),
                Err(_) => return Ok(count),
            }
        }
        Ok(BATCH)
    }

    /// Sends datagrams from the one with this number on, a batch at most, and tells how many went.
    pub(in super::super) fn send(
        socket: &UdpSocket,
        datagrams: &Datagrams,
        first: usize,
    ) -> io::Result<usize> {
        for (count, datagram) in datagrams.from(first).take(BATCH).enumerate() {
            match socket.try_send(datagram) {
                Ok(_) => {}
                Err(error) if count == 0 => return Err(error),
                Err(_) => return Ok(count),
            }
        }
        Ok((datagrams.len() - first).min(BATCH))
    }
}
