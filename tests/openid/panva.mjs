// oidc-provider (npm), an OpenID provider certified by the OpenID Foundation, on 127.0.0.1. `tests.openid.providers` starts it:
//
//     node panva.mjs PORT ISSUER STATE.json [CERTIFICATE.pem KEY.pem]
//
// STATE.json holds what the tests change while it serves, read anew at each request: the private keys (JWKS), the users with
// their claims, how long tokens last. A change of the keys makes a provider anew, as a rotation does. Its own pages for signing in
// take any name; claims are those of STATE.json's user of that name.
import { readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';

const { default: Provider } = await import(createRequire(`${process.cwd()}/`).resolve('oidc-provider'));
const [port, issuer, file, certificate, key] = process.argv.slice(2);

const adapters = new Map();  // what sessions, grants and codes are kept in, over all rotations
class Memory {
  constructor(name) { this.kept = adapters.get(name) ?? adapters.set(name, new Map()).get(name); }
  async upsert(id, payload) { this.kept.set(id, payload); }
  async find(id) { return this.kept.get(id); }
  async findByUid(uid) { return [...this.kept.values()].find((one) => one.uid === uid); }
  async consume(id) { this.kept.get(id).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { this.kept.delete(id); }
  async revokeByGrantId(id) { for (const [name, one] of this.kept) if (one.grantId === id) this.kept.delete(name); }
}

const read = () => JSON.parse(readFileSync(file));
const claimsOf = (sub) => ({ sub, ...read().users[sub] });
const NAMES = ['email', 'email_verified', 'preferred_username', 'groups', 'realm_access', 'resource_access', '_claim_names',
  '_claim_sources', 'https://example.org/groups'];

function made(state) {
  const provider = new Provider(issuer, {
    adapter: Memory,
    jwks: { keys: state.keys },
    clients: state.clients,
    claims: { openid: ['sub', ...NAMES] },
    conformIdTokenClaims: false,
    findAccount: (ctx, sub) => ({ accountId: sub, claims: async () => claimsOf(sub) }),
    extraTokenClaims: async (ctx, token) => {
      const { sub, ...claims } = token.accountId ? claimsOf(token.accountId) : {};
      return claims;
    },
    ttl: { AccessToken: () => read().lasts, IdToken: () => read().lasts, Session: 3600, Grant: 3600, Interaction: 600 },
    cookies: { keys: ['of a test'] },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'] },
    features: {
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: async (ctx, form) => {
        ctx.body = form.replace('</form>', '<button name="logout" value="yes">Yes</button></form>');
      } },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => ({
          scope: 'read', audience: resource, accessTokenTTL: read().lasts, accessTokenFormat: 'jwt',
          jwt: { sign: { alg: read().signs ?? 'RS256' } },
        }),
      },
    },
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),  // loopback, too
  });
  provider.proxy = true;
  return provider.callback();
}

let told = '', callback;
const listener = (request, response) => {
  const state = read(), keys = JSON.stringify([state.keys, state.clients]);
  if (keys !== told) { told = keys; callback = made(state); }
  callback(request, response);
};
const server = certificate
  ? https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, listener)
  : http.createServer(listener);
server.listen(Number(port), '127.0.0.1');
