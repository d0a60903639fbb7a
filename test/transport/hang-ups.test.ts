/** Clients that hang up, on every way in. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ServerProcess } from '../cli/process.ts'
import { AblyApp } from '../support/ably-app.ts'
import { eventually } from '../support/client.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { temporaryFolder } from '../support/server.ts'

const folder = temporaryFolder()
let server: ServerProcess
let app: AblyApp
beforeAll(async () => {
  server = await ServerProcess.start(['--data', folder.path, '--sandbox'])
  app = await AblyApp.make(server.url)
})
afterAll(async () => {
  await server.end()
  folder.remove()
})

const PATHS = [
  '/channels/a/messages',
  '/channels/a/messages?enveloped=false',
  '/messages',
  '/chat/v4/rooms/a/messages',
  '/push/deviceRegistrations',
  '/push/publish',
  '/stats',
  '/apps',
  '/keys/a.b/requestToken',
  '/dashboard/sign-in',
  '/dashboard/claim',
]

test('connections that hang up are closed, on every way in', async () => {
  const port = Number(new URL(server.url).port)
  for (const path of PATHS) {
    for (const length of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
      const head = `POST ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: Basic ${btoa(app.keys[0]!)}`
      const body = length.startsWith('C') ? '{"a"' : '4\r\n{"a"\r\n'
      const origin = `Origin: http://localhost:${port}\r\nContent-Type: application/json`
      const socket = RawSocket.send(port, `${head}\r\n${origin}\r\n${length}\r\n\r\n${body}`)
      await socket.flushed()
      // After two answers the server has read what its sockets held.
      for (let i = 0; i < 2; i++) expect((await fetch(`${server.url}/health`)).status).toBe(200)
      socket.destroy()
    }
  }
  const unread = () =>
    server.logs.filter((log) => String(log['message']).includes('the body could not be read'))
  // Those of the dashboard are no refusals of a protocol.
  await eventually(() => unread().length >= 2 * (PATHS.length - 2), 'all of them are noticed')
  expect(server.logs.filter((log) => log['level'] === 'ERROR')).toEqual([])
  expect(server.err).toBe('')
})
