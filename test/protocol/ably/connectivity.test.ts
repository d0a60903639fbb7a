/** The connectivity check of SDKs is answered by this server. */
import { expect, test } from 'bun:test'
import Ably from 'ably'
import { startTestServer } from '../../support/server.ts'

test('the connectivity check of an SDK succeeds', async () => {
  const server = await startTestServer()
  try {
    const connectivityCheckUrl = `${server.url}/is-the-internet-up.txt`
    const response = await fetch(connectivityCheckUrl)
    expect(await response.text()).toBe('yes\n')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    const client = new Ably.Rest({ key: 'a.b:c', connectivityCheckUrl } as Ably.ClientOptions)
    const { http } = client as unknown as {
      http: { checkConnectivity(): Promise<boolean> }
    }
    expect(await http.checkConnectivity()).toBe(true)
  } finally {
    await server.end()
  }
})
