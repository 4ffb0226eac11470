//! What libraries call the look at a server's certificates, by language.
//!
//! Sources: the references of the JDK (`javax.net.ssl`), Android, OkHttp, Cronet, Apache HttpClient, Netty, Apple's Security and
//! Network frameworks, Alamofire, AFNetworking, TrustKit, SwiftNIO, Go's `crypto/tls` and gRPC, Python's `ssl`, requests, pyOpenSSL,
//! urllib3 and aiohttp, Node's `tls`, Deno, Electron, Cordova, React Native and NativeScript plugins, reqwest, rustls and OpenSSL for
//! Rust, OpenSSL, GnuTLS, Mbed TLS, wolfSSL, GLib, libcurl, Qt and Arduino, .NET and Unity, Dart and dio, PHP's, Ruby's, Perl's and
//! Erlang's OpenSSL, curl and wget.

use super::{Calls, Form, How, form};

/// What is called so pins, or did, in any language: case and underscores aside, part of a name.
pub(super) static LIBRARIES: [&str; 28] = [
    "sslpin",
    "tlspin",
    "certpin",
    "certificatepin",
    "publickeypin",
    "pubkeypin",
    "spkipin",
    "pkpinning",
    "pinnedcert",
    "pinnedpub",
    "pinnedspki",
    "pinneddomains",
    "pinningvalidator",
    "pinninginterceptor",
    "policywithpinningmode",
    "publickeyhashes",
    "trustkit",
    "ktskp",
    "tskp",
    "approov",
    "servertrustmanager",
    "servertrustpolicy",
    "servertrustevaluat",
    "keystrustevaluator",
    "certificatestrustevaluator",
    "sslcertificatechecker",
    "securehttpclient",
    "setservertrustmode",
];

/// Values of such names by which nothing is pinned.
pub(super) static NO_PINS: [&str; 3] =
    ["CertificatePinner.DEFAULT", "SSLPinningModeNone", "SSLPinningMode.none"];

/// Where roots come from that are no choice of an app's own.
const USUAL_ROOTS: &[&str] =
    &["webpki_roots", "webpki-roots", "load_native_certs", "rustls_native_certs", "rustls_platform_verifier"];

/// Python's list of the usual roots.
const CERTIFI: &[&str] = &["certifi."];

/// By language.
pub(super) static LANGUAGES: [Calls; 16] = [
    JVM,
    APPLE,
    GO,
    PYTHON,
    JAVASCRIPT,
    RUST,
    C,
    DOTNET,
    DART,
    PHP_RUBY,
    SHELL,
    PERL,
    ERLANG,
    CONFIGURATION,
    SERVERS,
    // Kotlin/Native calls what Apple's systems have, and so does .NET there.
    Calls {
        endings: &["kt", "cs"],
        names: &["SecTrust*", "SecCertificate*", "serverTrust", "handleChallenge"],
        forms: &[],
    },
];

const JVM: Calls = Calls {
    endings: &["kt", "kts", "java", "groovy", "scala"],
    names: &[
        "peerCertificates",
        "getPeerCertificates",
        "peerCertificateChain",
        "getPeerCertificateChain",
        "serverCertificates",
        "getServerCertificates",
        "*TrustManager",
        "trustManager",
        "trustManagers",
        "getTrustManagers",
        "setTrustManagers",
        "sslSocketFactory",
        "setSSLSocketFactory",
        "setSslSocketFactory",
        "setDefaultSSLSocketFactory",
        "getSSLSocketFactory",
        "sslContext",
        "setSSLContext",
        "setSslContext",
        "setDefaultHostnameVerifier",
        "setHostnameVerifier",
        "hostnameVerifier",
        "HostnameVerifier",
        "setSSLHostnameVerifier",
        "checkServerTrusted",
        "TrustManagerFactory",
        "FingerprintTrustManagerFactory",
        "loadTrustMaterial",
        "TrustStrategy",
        "trustStore",
        "setTrustStore",
        "setTrustStorePath",
        "setTrustOptions",
        "setTrustStoreOptions",
        "setPemTrustOptions",
        "HandshakeCertificates",
        "SslCertificate",
        "x509Certificate",
        "getX509Certificate",
        "X509Certificate",
    ],
    forms: &[],
};

const APPLE: Calls = Calls {
    endings: &["swift", "m", "mm", "h"],
    names: &[
        "serverTrust",
        "SecTrust*",
        "SecCertificate*",
        "SecKeyCopyExternalRepresentation",
        "sec_protocol_options_set_verify_block",
        "sec_protocol_metadata_access_peer_certificate_chain",
        "sec_protocol_metadata_copy_peer_public_key",
        "sec_trust_copy_ref",
        "kCFStreamPropertySSLPeerTrust",
        "SSLCopyPeerTrust",
        "customVerificationCallback",
        "NIOSSLCustomVerificationCallback",
        "trustRoots",
        "additionalTrustRoots",
    ],
    // Who asks for it to let the system decide is no such code.
    forms: &[Form {
        without: &["erformDefaultHandling"],
        ..form("NSURLAuthenticationMethodServerTrust", How::Word)
    }],
};

const GO: Calls = Calls {
    endings: &["go"],
    names: &[
        "PeerCertificates",
        "VerifiedChains",
        "VerifyPeerCertificate",
        "VerifyConnection",
        "RawSubjectPublicKeyInfo",
        "RootCAs",
        "NewClientTLSFromFile",
        "SetRootCertificate",
        "SetRootCertificates",
        "SetRootCertificateFromString",
    ],
    forms: &[
        Form { unless: &["NewClientTLSFromCert(nil"], ..form("NewClientTLSFromCert", How::Word) },
        Form { beside: &["crypto/tls"], ..form("VerifyOptions", How::Word) },
    ],
};

const PYTHON: Calls = Calls {
    endings: &["py"],
    names: &[
        "getpeercert",
        "get_peer_certificate",
        "get_peer_cert_chain",
        "get_verified_chain",
        "get_unverified_chain",
        "get_server_certificate",
        "getPeerCertificate",
        "assert_fingerprint",
        "FingerprintAdapter",
        "set_verify",
        "trustRootFromCertificates",
        "PINNEDPUBLICKEY",
    ],
    forms: &[
        Form { unless: CERTIFI, ..form("load_verify_locations", How::Word) },
        Form { beside: &["aiohttp"], ..form("Fingerprint", How::Word) },
        Form { unless: CERTIFI, ..form("cafile", How::Value) },
        Form { unless: CERTIFI, ..form("capath", How::Value) },
        Form { unless: CERTIFI, ..form("cadata", How::Value) },
        Form { unless: CERTIFI, ..form("ca_certs", How::Value) },
        Form { unless: CERTIFI, ..form("ca_cert", How::Value) },
        Form { unless: CERTIFI, ..form("ssl_ca_cert", How::Value) },
        Form { unless: CERTIFI, ..form("root_certificates", How::Value) },
        Form { unless: CERTIFI, ..form("CAINFO", How::Word) },
        Form { unless: CERTIFI, ..form("REQUESTS_CA_BUNDLE", How::Word) },
        Form { unless: CERTIFI, ..form("SSL_CERT_FILE", How::Word) },
        Form { unless: CERTIFI, beside: &["requests", "httpx", "niquests"], ..form("verify", How::Value) },
    ],
};

/// By which a file is known to open connections of Node by itself: `ca` is a language, too.
const NODE_TLS: &[&str] = &[
    "Agent(",
    "tls.connect",
    "createSecureContext",
    "https.request",
    "https.get",
    "rejectUnauthorized",
    "httpsAgent",
];

const JAVASCRIPT: Calls = Calls {
    endings: &["js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte", "ets"],
    names: &[
        "getPeerCertificate",
        "getPeerX509Certificate",
        "checkServerIdentity",
        "fingerprint256",
        "setSSLCertMode",
        "setCertificateVerifyProc",
        "setDefaultCACertificates",
        "certificateAuthority",
        "caCerts",
        "serverCertificateHashes",
    ],
    forms: &[
        Form { beside: NODE_TLS, ..form("ca", How::Key) },
        Form { beside: &["superagent"], ..form("ca", How::Arguments(1)) },
        form("createSsl", How::Arguments(1)),
    ],
};

const RUST: Calls = Calls {
    endings: &["rs"],
    names: &[
        "ServerCertVerifier",
        "verify_server_cert",
        "with_custom_certificate_verifier",
        "peer_certificates",
        "peer_certificate",
        "peer_cert_chain",
        "set_verify_callback",
        "set_cert_verify_callback",
        "add_root_certificate",
        "tls_certs_only",
        "disable_built_in_roots",
        "use_preconfigured_tls",
        "set_ca_file",
        "set_cert_store",
        "set_verify_cert_store",
        "X509StoreBuilder",
        "new_with_certs",
        "ssl_ca_certificate",
        "ssl_cainfo_blob",
        "cainfo",
        "pinned_public_key",
    ],
    forms: &[
        Form { unless: &["(true)"], ..form("tls_built_in_root_certs", How::Word) },
        Form { without: USUAL_ROOTS, ..form("RootCertStore", How::Word) },
        Form { without: USUAL_ROOTS, ..form("with_root_certificates", How::Word) },
        Form { beside: &["ClientTlsConfig"], ..form("ca_certificate", How::Word) },
    ],
};

const C: Calls = Calls {
    endings: &["c", "cc", "cpp", "cxx", "h", "hh", "hpp", "hxx", "m", "mm", "ino"],
    names: &[
        "SSL_get_peer_certificate",
        "SSL_get0_peer_certificate",
        "SSL_get1_peer_certificate",
        "SSL_get_peer_cert_chain",
        "SSL_get0_verified_chain",
        "SSL_CTX_set_cert_verify_callback",
        "SSL_CTX_set_custom_verify",
        "SSL_set_custom_verify",
        "SSL_CTX_load_verify_locations",
        "SSL_CTX_load_verify_file",
        "SSL_CTX_set_cert_store",
        "SSL_CTX_set1_cert_store",
        "SSL_CTX_set1_verify_cert_store",
        "SSL_dane_tlsa_add",
        "X509_STORE_add_cert",
        "X509_STORE_load_locations",
        "X509_STORE_set_verify",
        "X509_STORE_set_verify_cb",
        "X509_STORE_CTX_get_current_cert",
        "X509_STORE_CTX_get0_chain",
        "X509_get_X509_PUBKEY",
        "X509_pubkey_digest",
        "CURLOPT_PINNEDPUBLICKEY",
        "CURLINFO_CERTINFO",
        "CURLOPT_CAINFO",
        "CURLOPT_CAINFO_BLOB",
        "CURLOPT_CAPATH",
        "CURLOPT_ISSUERCERT",
        "CURLOPT_SSL_CTX_FUNCTION",
        "gnutls_certificate_get_peers",
        "gnutls_certificate_set_verify_function",
        "gnutls_certificate_set_x509_trust_file",
        "gnutls_certificate_set_x509_trust_dir",
        "gnutls_certificate_set_x509_trust_mem",
        "gnutls_certificate_set_x509_trust",
        "gnutls_verify_stored_pubkey",
        "mbedtls_ssl_get_peer_cert",
        "mbedtls_ssl_conf_verify",
        "mbedtls_ssl_set_verify",
        "mbedtls_ssl_conf_ca_chain",
        "mbedtls_ssl_set_hs_ca_chain",
        "mbedtls_ssl_conf_ca_cb",
        "wolfSSL_get_peer_certificate",
        "wolfSSL_CTX_load_verify_locations",
        "wolfSSL_CTX_load_verify_buffer",
        "g_tls_connection_get_peer_certificate",
        "soup_message_get_tls_peer_certificate",
        "g_tls_file_database_new",
        "SSL_AuthCertificateHook",
        "SSL_PeerCertificate",
        "peerCertificate",
        "peerCertificateChain",
        "setCaCertificates",
        "addCaCertificate",
        "addCaCertificates",
        "QSslCertificate",
        "load_verify_file",
        "add_certificate_authority",
        "set_ca_cert_path",
        "set_ca_cert_store",
        "set_server_certificate_verifier",
        "pem_root_certs",
        "ServerCertificateCustomValidationRequested",
        "WINHTTP_OPTION_SERVER_CERT_CONTEXT",
        "WINHTTP_OPTION_SERVER_CERT_CHAIN_CONTEXT",
        "SECPKG_ATTR_REMOTE_CERT_CONTEXT",
        "CertVerifyCertificateChainPolicy",
        "cert_pem",
        "setFingerprint",
        "setCACert",
        "setTrustAnchors",
        "setKnownKey",
    ],
    forms: &[
        Form { unless: NO_CALLBACK, ..form("SSL_CTX_set_verify", How::Word) },
        Form { unless: NO_CALLBACK, ..form("SSL_set_verify", How::Word) },
        Form { unless: NO_CALLBACK, ..form("wolfSSL_CTX_set_verify", How::Word) },
        Form {
            unless: &["rfc2818_verification", "host_name_verification"],
            ..form("set_verify_callback", How::Word)
        },
    ],
};

/// Arguments that stand for no callback.
const NO_CALLBACK: &[&str] = &["NULL", "nullptr", ", 0)"];

const DOTNET: Calls = Calls {
    endings: &["cs", "vb", "fs", "ps1"],
    names: &[
        "ServerCertificateCustomValidationCallback",
        "ServerCertificateValidationCallback",
        "RemoteCertificateValidationCallback",
        "ServerCertificateCustomValidationRequested",
        "RemoteCertificate",
        "SslPolicyErrors",
        "GetPublicKeyString",
        "GetCertHash",
        "GetCertHashString",
        "GetRawCertData",
        "GetRawCertDataString",
        "Thumbprint",
        "CertificateHandler",
        "certificateHandler",
        "ValidateCertificate",
        "ICertificateVerifyer",
        "CustomCertificateVerifyer",
        "CertificateChainPolicy",
        "CustomTrustStore",
        "X509ChainTrustMode",
        "ICertificatePolicy",
        "TrustOverrideForUrl",
        "TrustedCerts",
        "IX509TrustManager",
        "CheckServerTrusted",
        "HostnameVerifier",
        "GetSSLSocketFactory",
    ],
    forms: &[form("SslStream", How::Arguments(3)), form("SslCredentials", How::Arguments(1))],
};

const DART: Calls = Calls {
    endings: &["dart"],
    names: &[
        "badCertificateCallback",
        "onBadCertificate",
        "validateCertificate",
        "peerCertificate",
        "setTrustedCertificates",
        "setTrustedCertificatesBytes",
        "withTrustedRoots",
        "X509Certificate",
        "trustedRootCertificates",
        "allowedSHAFingerprints",
        "allowedFingerprints",
    ],
    forms: &[],
};

const PHP_RUBY: Calls = Calls {
    endings: &["php", "rb"],
    names: &[
        "peer_fingerprint",
        "capture_peer_cert",
        "capture_peer_cert_chain",
        "openssl_x509_fingerprint",
        "openssl_x509_parse",
        "CURLOPT_PINNEDPUBLICKEY",
        "CURLOPT_CAPATH",
        "peer_cert",
        "peer_cert_chain",
        "verify_callback",
        "cert_store",
    ],
    forms: &[
        Form { unless: &["CaBundle", "CABundle"], ..form("CURLOPT_CAINFO", How::Word) },
        Form { unless: &["CaBundle", "CABundle"], ..form("cafile", How::Value) },
        form("capath", How::Value),
        form("ca_file", How::Key),
        form("ca_path", How::Key),
        form("ssl_ca_file", How::Key),
        Form {
            unless: &["CaBundle", "CABundle"],
            beside: &["Guzzle", "RequestOptions", "Http::"],
            ..form("verify", How::Value)
        },
    ],
};

const SHELL: Calls = Calls {
    endings: &["sh", "bash", "zsh"],
    names: &["CURL_CA_BUNDLE"],
    forms: &[
        form("--cacert", How::Text),
        form("--capath", How::Text),
        form("--ca-certificate", How::Text),
        form("--ca-directory", How::Text),
    ],
};

const PERL: Calls = Calls {
    endings: &["pl", "pm"],
    names: &[
        "SSL_fingerprint",
        "get_fingerprint",
        "SSL_verify_callback",
        "SSL_ca",
        "SSL_ca_path",
        "peer_certificate",
    ],
    forms: &[Form { unless: &["Mozilla::CA"], ..form("SSL_ca_file", How::Word) }],
};

const ERLANG: Calls = Calls {
    endings: &["ex", "exs", "erl"],
    names: &["peercert", "partial_chain"],
    forms: &[
        Form { unless: &["CAStore", ":certifi"], ..form("cacertfile", How::Word) },
        Form { unless: &["cacerts_get", ":certifi"], ..form("cacerts", How::Key) },
        Form { unless: &["ssl_verify_hostname"], ..form("verify_fun", How::Word) },
    ],
};

/// Configuration that plugins read (Capacitor's): what pins is called so in it as well.
const CONFIGURATION: Calls = Calls { endings: &["json", "yaml", "yml", "toml"], names: &[], forms: &[] };

/// nginx as a client: which CAs an upstream's certificate may be of.
const SERVERS: Calls = Calls {
    endings: &["conf"],
    names: &[],
    forms: &[
        Form { unless: SYSTEM_ROOTS, ..form("proxy_ssl_trusted_certificate", How::Word) },
        Form { unless: SYSTEM_ROOTS, ..form("grpc_ssl_trusted_certificate", How::Word) },
        Form { unless: SYSTEM_ROOTS, ..form("uwsgi_ssl_trusted_certificate", How::Word) },
    ],
};

/// Where systems have the usual roots.
const SYSTEM_ROOTS: &[&str] = &["/etc/ssl/certs/ca-", "/etc/ssl/cert.pem", "ca-bundle", "/etc/pki/"];
