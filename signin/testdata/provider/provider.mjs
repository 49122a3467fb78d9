// A real OpenID provider for tests. ACCOUNTS is JSON: the claims of each account by its
// name; REDIRECT the address that codes are sent to. It prints its issuer and ends with
// its standard input.
import http from "node:http";
import { Provider } from "oidc-provider";

const accounts = JSON.parse(process.env.ACCOUNTS);
const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: "custody", client_secret: "a secret of the test's", redirect_uris: [process.env.REDIRECT],
      grant_types: ["authorization_code"], response_types: ["code"],
    }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    scopes: ["openid", "email", "profile", "groups"],
    pkce: { required: () => true },
    cookies: { keys: ["of the test"] },
    findAccount: (_, id) => accounts[id] && { accountId: accounts[id].sub || id, claims: () => ({ sub: accounts[id].sub || id, ...accounts[id] }) },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
process.stdin.on("end", () => process.exit(0)).resume();
