use super::*;
use crate::evidence::Bytes;
use crate::evidence::file::FileContent;

fn seen(path: &str, text: &str) -> Option<(usize, String)> {
    let content = FileContent::Read(Bytes(text.as_bytes().to_vec()));
    looks(&InputFile { path: path.to_owned(), content, folder: None })
}

/// The look that code takes itself says more than the library that it calls.
#[test]
fn a_look_of_its_own_comes_before_calls_of_libraries() {
    let of = |text: &str| seen("Net.swift", text);
    let (call, own) = ("TrustKit.initSharedInstance(with: remote)", "let key = SecTrustCopyKey(trust)");
    assert_eq!(of(&format!("{call}\n{call}")), Some((1, "TrustKit".to_owned())));
    assert_eq!(of(&format!("{call}\n{own}")), Some((2, "SecTrustCopyKey".to_owned())));
    assert_eq!(of(&format!("{call}; {own}")), Some((1, "SecTrustCopyKey".to_owned())));
}

/// Each name is known in each of the languages that it is of.
#[test]
fn every_name_is_known_where_it_is_called() {
    for calls in &LANGUAGES {
        for (ending, name) in
            calls.endings.iter().flat_map(|ending| calls.names.iter().map(move |name| (ending, name)))
        {
            let name = name.replace('*', "X");
            let text = format!("a\n  b = c.{name}(d);\n");
            assert_eq!(seen(&format!("src/A.{ending}"), &text), Some((2, name.clone())), "{ending}");
            assert!(!is_sniffed(&format!("a.{ending}")) || may_look(text.as_bytes()), "{ending} {name}");
        }
        for ending in calls.endings {
            for stem in LIBRARIES {
                let text = format!("a\n  b = c.{stem}(d);\n");
                assert!(seen(&format!("A.{ending}"), &text).is_some(), "{ending} {stem}");
                assert!(!is_sniffed(&format!("a.{ending}")) || may_look(text.as_bytes()), "{ending} {stem}");
            }
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
        ("A.kt", "/*\n handshake.peerCertificates\n*/\nval a = 1 // certificatePinner(x)"),
        ("a.py", "# sock.getpeercert()\nprint(1)"),
        ("a.py", "from aiohttp import (\n  Fingerprint,\n)\nprint(1)  # Fingerprint"),
        ("a.ts", "import {\n  initializeSslPinning,\n} from 'react-native-ssl-public-key-pinning';\nrun();"),
        // Another language's.
        ("a.py", "handshake.peerCertificates"),
        ("A.md", "X509TrustManager"),
        ("app/src/test/java/A.java", "session.getPeerCertificates()"),
        ("app/src/debug/java/A.kt", "b.certificatePinner(pinner)"),
        ("a_test.go", "cs.PeerCertificates[0]"),
    ] {
        assert_eq!(seen(path, text), None, "{path} {text}");
    }
    assert_eq!(
        seen("A.kt", "/* a */ val a = handshake.peerCertificates"),
        Some((1, "peerCertificates".to_owned()))
    );
}

/// What pins, or may, in the forms that are usual.
#[test]
fn code_that_pins_is_known_in_each_language() {
    for (path, text) in [
        ("A.kt", "CronetEngine.Builder(c).addPublicKeyPins(host, setOf(pin), true, expiry).build()"),
        ("A.java", "b.enablePublicKeyPinningBypassForLocalTrustAnchors(false);"),
        (
            "A.kt",
            "class N(val p: CertificatePinner) { val c = OkHttpClient.Builder().certificatePinner(p).build() }",
        ),
        ("A.kt", "val c = OkHttpClient.Builder().certificatePinner(Pins.get()).build()"),
        ("A.kt", "httpClient.engine { config { certificatePinner(cfg) } }"),
        ("A.java", "TrustKit.getInstance().getSSLSocketFactory(\"shop.example\");"),
        ("A.kt", "OkHttp3Helper.getPinningInterceptor()"),
        ("A.kt", "val client = ApproovService.getOkHttpClient()"),
        (
            "A.java",
            "SSLContexts.custom().loadTrustMaterial(null, (chain, type) -> PIN.equals(sha(chain[0]))).build();",
        ),
        ("A.java", "conn.setHostnameVerifier((h, s) -> Pins.ok(s));"),
        (
            "A.kt",
            "fun check(chain: Array<X509Certificate>) { if (sha(chain[0].publicKey.encoded) !in pins) fail() }",
        ),
        ("A.kt", "ks.load(raw, null)\nval t = TrustManagerFactory.getInstance(\"X509\").apply { init(ks) }"),
        ("A.java", "System.setProperty(\"javax.net.ssl.trustStore\", path);"),
        ("A.kt", "val c = SecTrustGetCertificateAtIndex(t, 0); return SecCertificateCopyKey(c).sha() == PIN"),
        ("A.swift", "TrustKit.initSharedInstance(withConfiguration: remote.dictionary(\"pinning\"))"),
        ("A.m", "[TrustKit initSharedInstanceWithConfiguration:config];"),
        ("A.swift", "let v = TSKPinningValidator(); v.evaluateTrust(t, forHostname: h)"),
        ("A.swift", "kit.pinningValidator.handle(challenge, completionHandler: done)"),
        ("A.swift", "let s = Session(serverTrustManager: Pinning.manager)"),
        ("A.m", "manager.securityPolicy = [AFSecurityPolicy policyWithPinningMode:mode];"),
        (
            "A.swift",
            "try NIOSSLClientHandler(context: c, serverHostname: n, customVerificationCallback: { a, p in b })",
        ),
        ("A.kt", "val m = PinningTrustManager(pins)"),
        ("A.swift", "case NSURLAuthenticationMethodServerTrust: pinner.handle(challenge, done)"),
        ("A.swift", "tls.trustRoots = .file(path)"),
        ("a.go", "h := sha256.Sum256(resp.TLS.VerifiedChains[0][0].Raw)"),
        ("a.go", "creds, err := credentials.NewClientTLSFromFile(\"ca.pem\", \"\")"),
        ("a.go", "creds := credentials.NewClientTLSFromCert(pool, \"\")"),
        ("a.py", "ctx = ssl.create_default_context(cafile=\"shop.pem\")"),
        ("a.py", "import requests\ns = requests.Session(); s.verify = \"shop.pem\""),
        ("a.py", "import requests\nrequests.get(url, verify=\"shop.pem\")"),
        ("a.py", "import httpx\nhttpx.get(url, verify=\n  ctx)"),
        ("a.py", "s.mount(url, FingerprintAdapter(settings.PIN))"),
        ("a.py", "from aiohttp import Fingerprint\nawait s.get(url, ssl=Fingerprint(PIN))"),
        ("a.py", "ctx.set_verify(SSL.VERIFY_PEER, lambda c, x, e, d, ok: x.digest(\"sha256\") == PIN)"),
        ("a.py", "pool = urllib3.PoolManager(ca_certs=path)"),
        ("a.py", "os.environ[\"REQUESTS_CA_BUNDLE\"] = path"),
        ("a.py", "grpc.ssl_channel_credentials(root_certificates=pem)"),
        ("a.js", "window.plugins.sslCertificateChecker.check(ok, bad, server, fingerprint);"),
        ("a.js", "cordova.plugin.http.setServerTrustMode('pinned', ok, bad);"),
        ("a.js", "const agent = new https.Agent({ ca: fs.readFileSync('ca.pem') });"),
        ("a.js", "const agent = new https.Agent({ ca });"),
        ("a.js", "const o = {};\no.ca = pem;\ntls.connect(o)"),
        ("a.ts", "fetch(url, { sslPinning: options })"),
        ("a.ts", "Https.enableSSLPinning({ host, certificate });"),
        ("a.ts", "await initializeSslPinning(await remote());"),
        ("a.ts", "import a, { initializeSslPinning } from 'x'; initializeSslPinning(await remote());"),
        ("a.ts", "new WebTransport(url, { serverCertificateHashes: [h] })"),
        ("a.ts", "grpc.credentials.createSsl(pem)"),
        ("a.ts", "Deno.createHttpClient({ caCerts: [pem] })"),
        ("a.rs", "Client::builder().tls_built_in_root_certs(false).build()"),
        ("a.rs", "let mut roots = rustls::RootCertStore::empty(); roots.add(cert)?;"),
        ("a.rs", "config.dangerous().with_custom_certificate_verifier(v)"),
        ("a.c", "SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, check);"),
        ("a.c", "SSL_CTX_load_verify_locations(ctx, \"ca.pem\", NULL);"),
        ("a.c", "mbedtls_ssl_conf_ca_chain(&conf, &ca, NULL);"),
        ("a.cpp", "configuration.setCaCertificates(list);"),
        ("a.cpp", "curl_easy_setopt(h, CURLOPT_CAINFO, path);"),
        ("a.ino", "client.setFingerprint(fp);"),
        ("a.cs", "var s = new SslStream(tcp.GetStream(), false, (s, c, h, e) => Pins.Ok(c));"),
        ("a.cs", "var s = new SslStream(\n  tcp.GetStream(),\n  false,\n  Pins.Check);"),
        (
            "a.cs",
            "using (var s = new SslStream(t, false, new RemoteCertificateValidationCallback(F), null)) { }",
        ),
        (
            "a.cs",
            "class P : CertificateHandler { protected override bool ValidateCertificate(byte[] d) => F(d); }",
        ),
        ("a.cs", "return new X509Certificate2(d).GetPublicKeyString() == Key;"),
        ("a.dart", "HttpCertificatePinning.check(serverURL: u, allowedSHAFingerprints: fps);"),
        ("a.dart", "final c = SecureHttpClient.build(fps);"),
        ("a.dart", "final c = SecurityContext(withTrustedRoots: false);"),
        ("a.php", "curl_setopt($c, CURLOPT_CAINFO, $file);"),
        ("a.php", "$c = new \\GuzzleHttp\\Client(['verify' => '/etc/ca.pem']);"),
        ("a.php", "stream_context_create(['ssl' => ['cafile' => $file]]);"),
        ("a.rb", "http.ca_file = path"),
        ("a.rb", "Faraday.new(url, ssl: { ca_file: path })"),
        ("a.sh", "curl --cacert shop.pem \"$URL\""),
        ("a.pl", "IO::Socket::SSL->new(PeerHost => $h, SSL_fingerprint => $fp);"),
        ("a.ex", "ssl: [cacertfile: \"ca.pem\", verify: :verify_peer]"),
    ] {
        assert!(seen(path, text).is_some() || is_open(path, text), "{path} {text}");
    }
}

/// Whether a format reads a file, and tells that it does not know all of it.
fn is_open(path: &str, text: &str) -> bool {
    let content = FileContent::Read(Bytes(text.as_bytes().to_vec()));
    let read = PinFile::of(&InputFile { path: path.to_owned(), content, folder: None });
    read.iter().any(|read| matches!(&read.reading, Reading::Read(source) if !source.problems.is_empty()))
}

/// What goes by the defaults of its library, as ordinary apps do.
#[test]
fn defaults_are_no_such_code() {
    for (path, text) in [
        ("A.kt", "val c = OkHttpClient.Builder().addInterceptor(log).connectTimeout(10, SECONDS).build()"),
        ("A.kt", "val c = OkHttpClient.Builder().certificatePinner(CertificatePinner.DEFAULT).build()"),
        ("A.kt", "val c = HttpClient(CIO) { install(ContentNegotiation) { json() } }"),
        ("A.kt", "CronetEngine.Builder(c).enableHttp2(true).build()"),
        (
            "A.kt",
            "const val KEY_PIN = \"pin\"\nval pinned = messages.filter { it.isPinned }\nkeyPinned = true",
        ),
        ("A.kt", "val ks = KeyStore.getInstance(\"AndroidKeyStore\").apply { load(null) }"),
        ("A.java", "HttpsURLConnection c = (HttpsURLConnection) url.openConnection(); c.connect();"),
        ("A.java", "HttpClient c = HttpClient.newHttpClient();"),
        ("A.swift", "let (d, r) = try await URLSession.shared.data(from: url)"),
        ("A.swift", "URLSession(configuration: .default, delegate: self, delegateQueue: nil)"),
        (
            "A.swift",
            "if m == NSURLAuthenticationMethodServerTrust { completionHandler(.performDefaultHandling, nil) }",
        ),
        ("A.swift", "AF.request(url).responseDecodable(of: A.self) { a in }"),
        (
            "A.swift",
            "completionHandler(.performDefaultHandling, nil)\nmapView.pinTintColor = .red\ncell.isPinned = true",
        ),
        ("A.m", "manager.securityPolicy = [AFSecurityPolicy defaultPolicy];"),
        ("A.m", "[AFSecurityPolicy policyWithPinningMode:AFSSLPinningModeNone]"),
        ("a.go", "resp, err := http.Get(url)\nc := &http.Client{Timeout: t}"),
        ("a.go", "t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: h}"),
        ("a.go", "creds := credentials.NewClientTLSFromCert(nil, \"\")"),
        ("a.go", "ms := tlsPing(host)\nx := tls_ping_once(host)"),
        ("a.py", "import requests\nr = requests.get(url, timeout=5, verify=True)"),
        ("a.py", "import requests\ndef f(verify=True):\n  return requests.get(u)"),
        ("a.py", "ctx = ssl.create_default_context()"),
        ("a.py", "ctx = ssl.create_default_context(cafile=certifi.where())"),
        ("a.py", "def f(cafile=None): pass"),
        ("a.py", "class Fingerprint: pass\nf = Fingerprint(image)"),
        ("a.py", "token.verify = key"),
        ("a.js", "const r = await fetch(url);\nconst l = { ca: messages, de: d };"),
        ("a.js", "const agent = new https.Agent({ keepAlive: true });"),
        ("a.ts", "import axios from 'axios';\naxios.get('https://a.example/ca');"),
        ("a.ts", "gsap.to(x, { scrollTrigger: { pin: true, pinSpacing: false } })"),
        ("a.ts", "grpc.credentials.createSsl()"),
        ("a.rs", "let c = reqwest::Client::new();"),
        (
            "a.rs",
            "let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());\n\
             ClientConfig::builder().with_root_certificates(roots)",
        ),
        ("a.rs", "let p = Box::pin(f); std::pin::pin!(x);"),
        ("a.c", "SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);\nSSL_CTX_set_default_verify_paths(ctx);"),
        ("a.cpp", "s.set_verify_callback(ssl::host_name_verification(host));"),
        ("a.cpp", "curl_easy_setopt(h, CURLOPT_URL, u); auto* r = manager->get(QNetworkRequest(url));"),
        ("a.ino", "digitalWrite(PIN, HIGH); client.setInsecure();"),
        ("a.cs", "var c = new HttpClient(); var r = await c.GetAsync(url);"),
        ("a.cs", "using var s = new SslStream(stream, false);\nvar t = new SslStream(stream);"),
        ("a.cs", "UnityWebRequest r = UnityWebRequest.Get(url);"),
        ("a.cs", "var c = new Channel(host, new SslCredentials());"),
        ("a.dart", "final r = await http.get(Uri.parse(url)); final d = Dio();"),
        ("a.php", "curl_setopt($c, CURLOPT_SSL_VERIFYPEER, true);"),
        ("a.php", "$c = new GuzzleHttp\\Client(['verify' => true]);"),
        ("a.php", "curl_setopt($c, CURLOPT_CAINFO, CaBundle::getBundledCaBundlePath());"),
        ("a.rb", "Net::HTTP.start(h, 443, use_ssl: true, verify_mode: OpenSSL::SSL::VERIFY_PEER)"),
        ("a.sh", "curl -fsS \"$URL\""),
        ("a.pl", "HTTP::Tiny->new(verify_SSL => 1)->get($u);"),
        ("a.ex", "cacerts: :public_key.cacerts_get(), verify: :verify_peer"),
    ] {
        assert_eq!(seen(path, text), None, "{path} {text}");
    }
}

/// What a library that pins is called with is judged by the format that reads it.
#[test]
fn what_a_format_reads_is_told_by_it() {
    let pin = crate::x509::SpkiSha256::of(b"a");
    let text = format!(
        "val c = OkHttpClient.Builder().certificatePinner(CertificatePinner.Builder()\n\
         .add(\"other.example\", \"sha256/{pin}\").build()).build()\n"
    );
    assert_eq!(seen("A.kt", &text), None);
    let looks = format!("{text}val k = handshake.peerCertificates[0]\n");
    assert_eq!(seen("A.kt", &looks), Some((3, "peerCertificates".to_owned())));
}
