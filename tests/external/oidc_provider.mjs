// A token endpoint by oidc-provider, for one client; prints its URL once it is up.
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'

const [folder, id, secret, seconds] = process.argv.slice(2)
const { Provider } = await import(pathToFileURL(`${folder}/lib/index.js`))
const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    clients: [{
      client_id: id,
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    }],
    scopes: ['ingest'],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    ttl: { ClientCredentials: Number(seconds) },
  })
  server.on('request', provider.callback())
  console.log(`${issuer}/token`)
})
