// A real OpenID Connect provider (oidc-provider) for one test: node provider.mjs PORT CALLBACK. Whoever signs in with a
// name N is told as the person with staff number N; any password is right.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [port, callback] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: "duxue", client_secret: "a secret of this test alone", redirect_uris: [callback],
    application_type: "native", token_endpoint_auth_method: "client_secret_basic",
  }],
  claims: { openid: ["sub"], profile: ["employee"], email: ["email", "email_verified"] },
  cookies: { keys: ["of this test alone"] },
  pkce: { required: () => true },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: `at-${id}`, employee: id }) }),
});
createServer(provider.callback()).listen(Number(port), "127.0.0.1", () => process.stdout.write("listening\n"));
