//! Code that looks at a server's certificates or keys itself, or says by itself which of them are trusted: what it compares
//! them with is followed nowhere here.
//!
//! It is known by what libraries call these things. Most code of the kind has no pins (a type that is passed on, a dialog that
//! shows a certificate); whoever says that pins are gone has to read it all the same.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::test_code;
use crate::evidence::file::InputFile;

/// What libraries of a language call it.
struct Calls {
    /// The endings of files in the language.
    endings: &'static [&'static str],
    /// The names.
    names: &'static [&'static str],
}

/// By language. Sources: the references of the JDK (`javax.net.ssl`), OkHttp, Apple's Security and Network frameworks, Go's
/// `crypto/tls`, Python's `ssl`, pyOpenSSL, urllib3 and aiohttp, Node's `tls`, Electron, Cordova, rustls and OpenSSL for Rust,
/// OpenSSL, GnuTLS, Mbed TLS, libcurl and Qt, .NET, Dart and dio, PHP's and Ruby's OpenSSL.
static LANGUAGES: [Calls; 10] = [
    Calls {
        endings: &["kt", "kts", "java", "groovy", "scala"],
        names: &[
            "peerCertificates",
            "getPeerCertificates",
            "peerCertificateChain",
            "getPeerCertificateChain",
            "serverCertificates",
            "getServerCertificates",
            "X509TrustManager",
            "X509ExtendedTrustManager",
            "trustManager",
            "sslSocketFactory",
            "setSSLSocketFactory",
            "checkServerTrusted",
            "TrustManagerFactory",
            "HandshakeCertificates",
            "SslCertificate",
        ],
    },
    Calls {
        endings: &["swift", "m", "mm", "h"],
        names: &[
            "serverTrust",
            "SecTrustCopyKey",
            "SecTrustCopyPublicKey",
            "SecTrustGetCertificateAtIndex",
            "SecTrustCopyCertificateChain",
            "SecTrustSetAnchorCertificates",
            "SecCertificateCopyKey",
            "SecCertificateCopyPublicKey",
            "SecCertificateCopyData",
            "SecKeyCopyExternalRepresentation",
            "sec_protocol_options_set_verify_block",
            "AFSSLPinningModeCertificate",
            "AFSSLPinningModePublicKey",
        ],
    },
    Calls {
        endings: &["go"],
        names: &[
            "PeerCertificates",
            "VerifyPeerCertificate",
            "VerifyConnection",
            "RawSubjectPublicKeyInfo",
            "RootCAs",
        ],
    },
    Calls {
        endings: &["py"],
        names: &[
            "getpeercert",
            "get_peer_certificate",
            "get_peer_cert_chain",
            "get_verified_chain",
            "get_unverified_chain",
            "get_server_certificate",
            "assert_fingerprint",
            "load_verify_locations",
            "aiohttp.Fingerprint",
        ],
    },
    Calls {
        endings: &["js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte"],
        names: &[
            "getPeerCertificate",
            "getPeerX509Certificate",
            "checkServerIdentity",
            "fingerprint256",
            "setServerTrustMode",
            "setSSLCertMode",
            "setCertificateVerifyProc",
        ],
    },
    Calls {
        endings: &["rs"],
        names: &[
            "ServerCertVerifier",
            "verify_server_cert",
            "peer_certificates",
            "peer_certificate",
            "peer_cert_chain",
            "set_verify_callback",
            "add_root_certificate",
        ],
    },
    Calls {
        endings: &["c", "cc", "cpp", "cxx", "h", "hh", "hpp", "hxx", "m", "mm"],
        names: &[
            "SSL_get_peer_certificate",
            "SSL_get0_peer_certificate",
            "SSL_get1_peer_certificate",
            "SSL_get_peer_cert_chain",
            "SSL_get0_verified_chain",
            "SSL_CTX_set_cert_verify_callback",
            "X509_get_X509_PUBKEY",
            "CURLOPT_PINNEDPUBLICKEY",
            "CURLINFO_CERTINFO",
            "gnutls_certificate_get_peers",
            "gnutls_certificate_set_verify_function",
            "mbedtls_ssl_get_peer_cert",
            "mbedtls_ssl_conf_verify",
            "peerCertificate",
            "peerCertificateChain",
            "ServerCertificateCustomValidationRequested",
            "WINHTTP_OPTION_SERVER_CERT_CONTEXT",
        ],
    },
    Calls {
        endings: &["cs", "vb", "fs"],
        names: &[
            "ServerCertificateCustomValidationCallback",
            "ServerCertificateValidationCallback",
            "RemoteCertificateValidationCallback",
            "ServerCertificateCustomValidationRequested",
            "RemoteCertificate",
        ],
    },
    Calls {
        endings: &["dart"],
        names: &[
            "badCertificateCallback",
            "onBadCertificate",
            "validateCertificate",
            "peerCertificate",
            "setTrustedCertificates",
            "setTrustedCertificatesBytes",
        ],
    },
    Calls {
        endings: &["php", "rb"],
        names: &[
            "peer_fingerprint",
            "capture_peer_cert",
            "capture_peer_cert_chain",
            "openssl_x509_fingerprint",
            "openssl_x509_parse",
            "CURLOPT_PINNEDPUBLICKEY",
            "peer_cert",
            "peer_cert_chain",
            "verify_callback",
        ],
    },
];

/// Languages whose files no name tells from others that are opened.
const SNIFFED: [&str; 13] =
    ["c", "cc", "cpp", "cxx", "hh", "hpp", "hxx", "php", "rb", "vb", "fs", "groovy", "scala"];

/// The line, from 1, and the name by which code is known to look at certificates itself. Comments and imports are passed over,
/// and so is what is in no release.
pub fn looks(file: &InputFile) -> Option<(usize, &'static str)> {
    if test_code::why(file.inside()).is_some() {
        return None;
    }
    let names: Vec<&'static str> = names_of(&file.path).collect();
    if names.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(file.octets().ok()?);
    if !names.iter().any(|name| text.contains(name)) {
        return None;
    }
    let code = text.lines().zip(1..).filter(|(line, _)| !is_aside(line));
    code.into_iter().find_map(|(line, number)| {
        names.iter().find(|name| is_called(line, name)).map(|name| (number, *name))
    })
}

/// Whether a file of this name is code that is opened by what is in it alone, and may be such code.
pub fn is_sniffed(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    SNIFFED.iter().any(|sniffed| ending.eq_ignore_ascii_case(sniffed))
}

/// Whether the text of one may be such code.
pub fn may_look(octets: &[u8]) -> bool {
    let text = String::from_utf8_lossy(octets);
    let is_sniffed = |calls: &&Calls| calls.endings.iter().any(|ending| SNIFFED.contains(ending));
    LANGUAGES.iter().filter(is_sniffed).flat_map(|calls| calls.names).any(|name| text.contains(name))
}

fn names_of(path: &str) -> impl Iterator<Item = &'static str> {
    let ending =
        path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, ending)| ending);
    let ending = ending.to_ascii_lowercase();
    let of_it = LANGUAGES.iter().filter(move |calls| calls.endings.contains(&ending.as_str()));
    of_it.flat_map(|calls| calls.names).copied()
}

/// Whether a line is a comment or an import as a whole.
fn is_aside(line: &str) -> bool {
    let line = line.trim_start();
    let is_block =
        line.starts_with("/*") && line.trim_end().strip_suffix("*/").unwrap_or(line).find("*/").is_none();
    is_block || ["//", "* ", "# ", "import ", "using "].iter().any(|begin| line.starts_with(begin))
}

/// Whether a name stands in a line as a whole word.
fn is_called(line: &str, name: &str) -> bool {
    let is_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(name).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        let behind = line.get(at.saturating_add(name.len())..).and_then(|behind| behind.chars().next());
        !before.is_some_and(is_of_word) && !behind.is_some_and(is_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::FileContent;

    fn seen(path: &str, text: &str) -> Option<(usize, &'static str)> {
        let content = FileContent::Read(Bytes(text.as_bytes().to_vec()));
        looks(&InputFile { path: path.to_owned(), content, folder: None })
    }

    /// Each name is known in each of the languages that it is of.
    #[test]
    fn every_name_is_known_where_it_is_called() {
        for calls in &LANGUAGES {
            for (ending, name) in
                calls.endings.iter().flat_map(|ending| calls.names.iter().map(move |name| (ending, name)))
            {
                let text = format!("a\n  b = c.{name}(d);\n");
                assert_eq!(seen(&format!("src/A.{ending}"), &text), Some((2, *name)), "{ending}");
                assert!(!is_sniffed(&format!("a.{ending}")) || may_look(text.as_bytes()), "{ending} {name}");
            }
        }
    }

    #[test]
    fn what_is_no_such_code_is_passed_over() {
        for (path, text) in [
            (
                "A.kt",
                "import javax.net.ssl.X509TrustManager\n// chain = handshake.peerCertificates\n * peerCertificates\n",
            ),
            (
                "A.kt",
                "/* handshake.peerCertificates */\nval peerCertificatesShown = 1\nval my_peerCertificates = 2",
            ),
            ("a.py", "# sock.getpeercert()\nprint(1)"),
            // Another language's.
            ("a.py", "handshake.peerCertificates"),
            ("A.md", "X509TrustManager"),
            ("app/src/test/java/A.java", "session.getPeerCertificates()"),
            ("a_test.go", "cs.PeerCertificates[0]"),
        ] {
            assert_eq!(seen(path, text), None, "{path} {text}");
        }
        assert_eq!(seen("A.kt", "/* a */ val a = handshake.peerCertificates"), Some((1, "peerCertificates")));
    }
}
