"""URLs that no source may be led to, for every client that Waypost has.

`MALFORMED` are refused whoever wrote them; `FOREIGN` are sound URLs of hosts that a source for https://wiki.example.org was not
configured for; `BAD_ADDRESSES` are what a configured name may not resolve to.
"""

METADATA = [
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/", "https://169.254.169.254/", "http://169.254.170.2/v2",
    "http://169.254.169.254:80/", "http://169.254.0.1/", "http://100.100.100.200/latest/meta-data/", "http://168.63.129.16/",
    "http://[fd00:ec2::254]/latest/", "http://[fd20:ce::254]/computeMetadata/v1/", "http://[fe80::1]/", "http://[fe80::a9fe:a9fe]/",
    "http://0.0.0.0/", "http://0.0.0.0:8080/", "http://0.1.2.3/", "http://[::]/", "http://[::]:80/", "http://[0:0:0:0:0:0:0:0]/",
    "http://224.0.0.1/", "http://239.255.255.250:1900/", "http://[ff02::1]/", "http://240.0.0.1/", "http://255.255.255.255/",
    "http://192.0.0.192/", "http://198.18.0.1/", "http://192.0.2.1/", "http://[2001:db8::1]/", "http://192.88.99.1/",
]  # fmt: skip
WRAPPED = [  # IPv4 inside IPv6: mapped, compatible, 6to4, NAT64, Teredo
    "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
    "http://[::FFFF:10.0.0.1]/", "http://[0:0:0:0:0:ffff:127.0.0.1]/", "http://[::127.0.0.1]/", "http://[::7f00:1]/",
    "http://[::a9fe:a9fe]/", "http://[::ffff:0:127.0.0.1]/", "http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::]/",
    "http://[64:ff9b::169.254.169.254]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::a00:1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "http://[2001::1]/", "http://[fec0::1]/", "http://[100::1]/",
    "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[::1%25lo]/",
]  # fmt: skip
SPELLINGS = [  # of IP addresses: decimal, octal, hexadecimal, short, mixed, overflowing
    "http://2130706433/", "http://2852039166/", "http://017700000001/", "http://0x7f000001/", "http://0x7f.0.0.1/",
    "http://0177.0.0.1/", "http://0177.0.0.01/", "http://00000177.0.0.1/", "http://127.1/", "http://127.0.1/", "http://10.1/",
    "http://0/", "http://0x0/", "http://0x/", "http://1/", "http://127.0.0.1.1/", "http://127.0.0.256/", "http://127.0.0.0x1/",
    "http://0xA9FEA9FE/", "http://0xa9.0xfe.0xa9.0xfe/", "http://0251.0376.0251.0376/", "http://169.254.43518/",
    "http://169.16689662/", "http://425.510.425.510/", "http://4294967297/", "http://127.0.0.1./", "http://2130706433./",
    "http://a.1/", "http://wiki.example.0x7f/", "http://127.000.000.001/", "http://+127.0.0.1/", "http://127.0.0.1:80:80/",
    "http://[127.0.0.1]/", "http://[::1/", "http://::1/", "http://[::1]x/", "http://[1::2::3]/", "http://[]/", "http://[v1.a]/",
]  # fmt: skip
UNICODE = [
    "http://１２７.０.０.１/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://wiki。example。org/", "http://wiki．example．org/",
    "http://wiki｡example｡org/", "http://ｗｉｋｉ.example.org/", "http://wiki.exam\u200bple.org/", "http://wiki.example.org\u202e/",
    "http://wiki.exa\u00admple.org/", "http://ⓦⓘⓚⓘ.example.org/", "http://wiki.example.oｒg/", "http://loc\u2060alhost/",
    "http://wiki.example.org\u2024evil.example/", "http://wiki.example.org\uff0fevil.example/", "http://wiki.example.org\u2044x/",
    "http://\u212aube.example/", "http://xn--a/", "http://xn--0/", "http://☃-.example/", "http://wiki.example.org\uff20evil.example/",
]  # fmt: skip
AUTHORITIES = [  # userinfo, ports, dots, backslashes, blanks, control characters
    "https://user@wiki.example.org/", "https://user:pw@wiki.example.org/", "https://wiki.example.org@169.254.169.254/",
    "https://wiki.example.org:443@evil.example/", "https://wiki.example.org%40evil.example/", "https://@wiki.example.org/",
    "https://:@wiki.example.org/", "https://a@b@wiki.example.org/", "https://wiki.example.org:80:443/",
    "https://wiki.example.org:/", "https://wiki.example.org:0/", "https://wiki.example.org:65536/", "https://wiki.example.org:-1/",
    "https://wiki.example.org:٤٤٣/", "https://wiki.example.org:4 43/", "https://wiki.example.org:443x/", "https://wiki.example.org:1e3/",
    "https://wiki.example.org./", "https://wiki..example.org/", "https://.wiki.example.org/", "https://wiki.example.org../",
    "https://-wiki.example.org/", "https://wiki-.example.org/", "https://wiki,example.org/", "https://wiki.example.org;evil/",
    "https://wiki.example.org\\@evil.example/", "https:\\\\wiki.example.org/", "https:/\\wiki.example.org/",
    "https://evil.example\\wiki.example.org/", "https://wiki.example.org/\\..\\x", "https://wiki.example.org /", " https://wiki.example.org/",
    "https://wiki.example.org\t/", "https://wiki.example.org\n/", "https://wiki.example.org/\r\nHost: evil.example", "https://wiki\r\n.example.org/",
    "https://wiki.example.org\x00/", "https://wiki.example.org/\x00", "https://wiki.example.org\x7f/", "https://wiki%2eexample%2eorg/",
    "https://wiki.example.org%00/", "https://wiki.example.org%2f@evil.example/", "https://wiki.example.org$evil/", "https://*.example.org/",
    "https://wiki.example.org'/", "https://{wiki}.example.org/", "https://" + "a" * 64 + ".example/", "https://" + "a." * 127 + "example/",
    "https://wiki.example.org/" + "a" * 9000,
]  # fmt: skip
SCHEMES = [
    "file:///etc/passwd", "file://localhost/etc/passwd", "FILE:///etc/passwd", "file:/etc/passwd", "gopher://127.0.0.1:6379/_INFO",
    "ftp://wiki.example.org/", "sftp://wiki.example.org/", "tftp://wiki.example.org/", "dict://127.0.0.1:11211/stats",
    "ldap://127.0.0.1/", "data:text/html,hello", "data:;base64,aGk=", "jar:https://wiki.example.org!/x", "jar:file:///x.jar!/y",
    "javascript:alert(1)", "ws://wiki.example.org/", "wss://wiki.example.org/", "unix:///var/run/docker.sock", "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "netdoc:///etc/passwd", "php://filter/resource=x", "view-source:https://wiki.example.org/", "mailto:a@example.org", "about:blank",
    "ext::sh -c touch% canary", "fd::17", "http::http://wiki.example.org/", "https:wiki.example.org/", "https:///wiki.example.org/",
    "http:/wiki.example.org/", "://wiki.example.org/", "https://", "https:///", "https://?x", "https://#x",
    "https://:443/", "h\u0442tps://wiki.example.org/", "https+http://wiki.example.org/",
]  # fmt: skip
MALFORMED = [*METADATA, *WRAPPED, *SPELLINGS, *UNICODE, *AUTHORITIES, *SCHEMES]

FOREIGN = [
    "https://evil.example/", "http://wiki.example.org/", "https://wiki.example.org:8443/", "https://wiki.example.org:80/",
    "http://wiki.example.org:443/", "https://www.wiki.example.org/", "https://example.org/", "https://wiki.example.org.evil.example/",
    "https://evilwiki.example.org/", "https://wiki.example.orgevil/", "https://wiki-example.org/", "https://wiki.example.com/",
    "https://w\u0456ki.example.org/", "https://xn--wki-1ld.example.org/", "https://wiki.example.\u043erg/", "HTTP://WIKI.EXAMPLE.ORG/",
    "http://localhost/", "http://localhost:9200/_search", "https://localhost/", "http://127.0.0.1/", "http://127.0.0.1:8765/v1/search",
    "http://127.127.127.127/", "http://[::1]/", "http://[::1]:6379/", "http://[0:0:0:0:0:0:0:1]/", "http://10.0.0.1/", "http://172.16.0.1/",
    "http://192.168.1.1/admin", "http://100.64.0.1/", "http://[fc00::1]/", "http://[fd12:3456::1]/", "http://8.8.8.8/", "http://[2606:4700::1111]/",
    "http://metadata.google.internal/computeMetadata/v1/", "http://metadata/", "http://instance-data/", "http://kubernetes.default.svc/api",
    "http://127.0.0.1.nip.example/", "http://localtest.example/", "http://spoofed.burp.example/", "https://wiki.example.org.localdomain/",
]  # fmt: skip

BAD_ADDRESSES = [
    "169.254.169.254", "169.254.170.2", "169.254.0.1", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254",
    "fe80::1", "fe80::1%eth0", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "239.1.2.3", "ff02::1", "240.0.0.1", "255.255.255.255",
    "192.0.0.192", "198.18.0.1", "192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1", "::ffff:169.254.169.254", "::ffff:10.0.0.1",
    "::ffff:8.8.8.8", "::127.0.0.1", "2002:a9fe:a9fe::", "2002:808:808::", "64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "fec0::1", "100::1", "5f00::1", "4000::1", "192.88.99.1", "not an address", "",
]  # fmt: skip
