//! Compiled code, known by how it begins: frameworks of Apple's systems, programs and libraries often have names without an ending.
//!
//! Sources: the ELF specification (`EI_MAG0`); `mach-o/loader.h` and `mach-o/fat.h` of Apple; `ar(5)`; the PE format; the Dalvik
//! executable format; the WebAssembly core specification; LLVM's bitcode format; Hermes (`BytecodeFileFormat.h`). A class of Java
//! begins as a fat Mach-O file does.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// How files of compiled code begin.
const BEGINNINGS: [&[u8]; 14] = [
    b"\x7fELF",
    // Mach-O: of 32 and 64 bits, in both orders, and fat ones.
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\xca\xfe\xba\xbf",
    // Archives of object files, as static frameworks are.
    b"!<arch>\n",
    b"!<thin>\n",
    b"dex\n",
    b"\0asm",
    b"BC\xc0\xde",
    b"\xde\xc0\x17\x0b",
    // Hermes, the bytecode of React Native.
    b"\xc6\x1f\xbc\x03\xc1\x03\x19\x1f",
];
/// Where a PE file says where its header is.
const PE_OFFSET: usize = 0x3c;

/// Whether these are the first octets of a file of compiled code.
pub fn begins_compiled(octets: &[u8]) -> bool {
    BEGINNINGS.iter().any(|beginning| octets.starts_with(beginning)) || is_pe(octets)
}

/// Whether a file is a program or library of Windows: behind its part for MS-DOS, `PE` stands.
fn is_pe(octets: &[u8]) -> bool {
    let offset = octets.get(PE_OFFSET..).and_then(|rest| rest.first_chunk::<4>());
    let offset = offset.and_then(|offset| usize::try_from(u32::from_le_bytes(*offset)).ok());
    octets.starts_with(b"MZ")
        && offset.and_then(|offset| octets.get(offset..)).is_some_and(|rest| rest.starts_with(b"PE\0\0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_code_is_known_by_its_beginning() {
        let mut pe = b"MZ".to_vec();
        pe.resize(PE_OFFSET, 0);
        pe.extend([0x40, 0, 0, 0]);
        for beginning in BEGINNINGS {
            assert!(begins_compiled(beginning) && !begins_compiled(&beginning[1..]), "{beginning:?}");
        }
        assert!(!begins_compiled(&pe));
        pe.extend(b"PE\0\0");
        assert!(begins_compiled(&pe));
        for other in [
            &b""[..],
            b"#!/bin/sh",
            b"MZ is a text",
            b"\x89PNG",
            b"PK\x03\x04",
            b"-----BEGIN CERTIFICATE-----",
        ] {
            assert!(!begins_compiled(other), "{other:?}");
        }
    }
}
