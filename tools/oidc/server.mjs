// An authorization server written by others, oidc-provider, on a free port of loopback, for tests of our client.
//
// It reads its configuration from the first line of standard input and answers with a line of its own:
//
//   {"redirect": "http://127.0.0.1:4711/callback", "secret": "...", "keys": [JWK, ...], "life": 60}
//   {"issuer": "http://127.0.0.1:36001"}
//
// There are three clients: "confidential" with the secret, in the Authorization header; "native" without one; and
// "machine", which signs assertions with a key of keys. Logging in and consenting need nobody: whoever follows the
// redirects with cookies is ada and approves, or declines when the request has login_hint=nobody. Access tokens live
// for life seconds, refresh tokens rotate. The server ends when its standard input does, and with it its parent.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
lines.once('line', (line) => serve(JSON.parse(line)));

function serve(config) {
  const server = createServer();
  server.listen(0, '127.0.0.1', () => {
    const issuer = `http://127.0.0.1:${server.address().port}`;
    const provider = new Provider(issuer, configuration(config));
    const answer = provider.callback();
    server.on('request', (req, res) => {
      if (!req.url.startsWith('/interaction/')) return answer(req, res);
      return decide(provider, req, res).catch((err) => {
        res.statusCode = 500;
        res.end(String(err));
      });
    });
    process.stdout.write(`${JSON.stringify({ issuer })}\n`);
  });
}

function configuration({ redirect, secret, keys, life }) {
  const code = {
    redirect_uris: [redirect],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    application_type: 'native',
  };
  return {
    clients: [
      { client_id: 'confidential', client_secret: secret, token_endpoint_auth_method: 'client_secret_basic', ...code },
      { client_id: 'native', token_endpoint_auth_method: 'none', ...code },
      {
        client_id: 'machine',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys },
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
    },
    clientAuthMethods: ['client_secret_basic', 'none', 'private_key_jwt'],
    cookies: { keys: ['for tests only'] },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    ttl: { AccessToken: life, ClientCredentials: life, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600, IdToken: 600 },
  };
}

// decide answers a page on which a person would log in or consent.
async function decide(provider, req, res) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(req, res);
  const finish = (result) => provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });
  if (params.login_hint === 'nobody') return finish({ error: 'access_denied' });
  if (prompt.name === 'login') return finish({ login: { accountId: 'ada' } });
  const found = grantId && (await provider.Grant.find(grantId));
  const grant = found || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return finish({ consent: { grantId: await grant.save() } });
}
