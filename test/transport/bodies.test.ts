/** Bodies of requests: read together with what came along, and none of it at the cost of another. */
import { afterEach, expect, test } from 'bun:test'
import type { Endpoint } from '../../src/protocol/protocol.ts'
import type { Listeners } from '../../src/transport/listen.ts'
import { eventually } from '../support/client.ts'
import { startFront } from '../support/front.ts'
import { RawSocket } from '../support/raw-socket.ts'

let listeners: Listeners | undefined
afterEach(async () => {
  await listeners?.stop()
  listeners = undefined
})

/** Records when a request is served and when its body has arrived. */
function start(seen: string[]): number {
  const protocol: Endpoint = {
    name: 'echo',
    owns: () => true,
    serve: async (visit) => {
      const { method } = visit.request
      if (method === 'GET') return new Response(visit.path)
      seen.push(`asked ${visit.path}`)
      const read = await visit.body(100)
      if (!read.ok) {
        seen.push(read.failure.name === 'bad_request' ? 'hung up' : read.failure.name)
        return new Response(null, { status: read.failure.status })
      }
      const body = Buffer.from(read.value).toString()
      seen.push(`read ${body}`)
      return new Response(body)
    },
  }
  listeners = startFront(protocol)
  return listeners.port
}

const post = (body: string, path = `/${body}`) =>
  `POST ${path} HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n${body}`

test('all requests of a turn are seen before the first body is read', async () => {
  const seen: string[] = []
  const port = start(seen)
  const clients = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => {
      const client = RawSocket.send(port, post(name))
      await client.answer()
      return client
    }),
  )
  seen.length = 0
  // Client and server share a process, so all requests are there at the server's next turn.
  for (const [i, client] of clients.entries()) client.write(post(String(i)))
  await eventually(() => seen.length === 6, 'all bodies are read')
  expect(seen.slice(0, 3).toSorted()).toEqual(['asked /0', 'asked /1', 'asked /2'])
  expect(seen.slice(3)).toEqual(seen.slice(0, 3).map((line) => line.replace('asked /', 'read ')))
})

test('a slow body delays nobody else', async () => {
  const seen: string[] = []
  const port = start(seen)
  const late = RawSocket.send(port, post('late').slice(0, -2))
  await eventually(() => seen.includes('asked /late'), 'the head is looked at')
  expect(await RawSocket.send(port, post('early')).answer()).toBe(200)
  late.write('te')
  expect(await late.answer()).toBe(200)
  expect(seen).toEqual(['asked /late', 'asked /early', 'read early', 'read late'])
})

test('hanging up during a body is told from an empty body', async () => {
  const seen: string[] = []
  const port = start(seen)
  const client = RawSocket.send(port, post('gone').slice(0, -2))
  await eventually(() => seen.includes('asked /gone'), 'the head is looked at')
  client.destroy()
  await eventually(() => seen.includes('hung up'), 'reading the body fails')
  expect(await RawSocket.send(port, post('here')).answer()).toBe(200)
})

test('requests without a body can be pipelined', async () => {
  const port = start([])
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`
  const client = RawSocket.send(port, get('/first') + get('/second') + get('/third'))
  await client.answer()
  const bodies = () => client.body.match(/\/(?:first|second|third)/g) ?? []
  await eventually(() => client.isClosed || bodies().length === 3, 'all are answered')
  expect(bodies()).toEqual(['/first', '/second', '/third'])
})
