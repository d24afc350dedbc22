"""Real OpenID providers on loopback, and a real proxy that signs people in by one, against Waypost's gate.

- oidc-provider (npm; certified by the OpenID Foundation): keys, claims and tokens of any kind (`panva.mjs`).
- Canaille (PyPI): a small identity provider with users, groups, clients and a login of its own, as an organisation runs it.
- Apache with mod_auth_openidc (Debian's packages, unpacked): signs browsers in with PKCE, and names them in headers.

`make test-oidc` fetches them, in the versions of the Makefile, into `.openid/`, which no part of Waypost imports. What couldn't
be fetched is skipped, with a word on what it needs; so is all of it in `make check`.
"""
